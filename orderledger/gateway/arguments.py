"""Checks what a strategy hands to the gateway, before anything is recorded or sent."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from orderledger import InvalidMessage, InvalidSetting, OrderType, Request, Side
from orderledger.extend.messages import numbers_and_times

OTHER_SIDE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


def request_in(found: object, name: str = "request") -> Request:
    """The request. Raises InvalidMessage for anything else. `name`: of the argument."""
    if isinstance(found, Request):
        return found
    hint = ": write Request(**fields)" if isinstance(found, dict) else ""
    raise InvalidMessage(name, f"must be a Request, not {_kind(found)}{hint}")


def requests_in(found: object, name: str = "requests") -> list[Request]:
    """The requests. Raises InvalidMessage unless all are requests."""
    if isinstance(found, (str, bytes, Request)) or not isinstance(found, Iterable):
        raise InvalidMessage(name, f"must be a sequence of Request, not {_kind(found)}")
    return [request_in(one, f"{name}[{number}]") for number, one in enumerate(found)]


def order_id_in(found: object) -> str:
    """The client order id. Raises InvalidMessage for anything else than text."""
    if isinstance(found, str):
        return found
    raise InvalidMessage("client_order_id", f"must be text, not {_kind(found)}")


def number_in(found: Decimal | str | int, name: str) -> Decimal:
    """The exact number. Raises InvalidMessage for anything else. `name`: of the argument."""
    try:
        return numbers_and_times.parse_number(found)
    except ValueError as error:
        raise InvalidMessage(name, f"{found!r} {error}") from None


def check_exits(entry: Request, exits: Mapping[str, Request]) -> None:
    """Check the exits of a bracket. `exits`: by the name of the argument, `take_profit` and
    `stop_loss`. Raises InvalidSetting for one that does not fit its entry, or that is on the wrong
    side of the other one."""
    for name, one in exits.items():
        _check_exit(entry, name, one)
    is_long, limit = entry.side is Side.BUY, entry.limit_price
    stop = _price_of(exits.get("stop_loss"))
    profit = _price_of(exits.get("take_profit"))
    if stop is not None and limit is not None and _is_beyond(stop, limit, is_long=is_long):
        raise InvalidSetting(
            "stop_loss",
            f"its price, {stop:f}, is {_beyond(is_long)} the limit price of the entry, {limit:f}: "
            "it would be triggered by the entry's own fill",
        )
    if stop is not None and profit is not None and not _is_beyond(profit, stop, is_long=is_long):
        raise InvalidSetting(
            "take_profit",
            f"its price, {profit:f}, is not {_beyond(is_long)} that of stop_loss, {stop:f}: the "
            f"entry is a {entry.side}",
        )


def _check_exit(entry: Request, name: str, found: Request) -> None:
    for term in ("account", "instrument"):
        if getattr(found, term) != getattr(entry, term):
            raise InvalidSetting(name, f"its {term} is not that of the entry")
    if found.side is entry.side:
        raise InvalidSetting(name, f"an exit of a {entry.side} order is a {OTHER_SIDE[entry.side]}")
    if entry.quantity is None or found.quantity is None or found.quantity > entry.quantity:
        raise InvalidSetting(name, "its quantity is not one of the entry's, or less")


def _price_of(found: Request | None) -> Decimal | None:
    """The price at which an exit begins to trade: its stop price, or else its limit price. None
    for a trailing stop, whose price is not known yet."""
    if found is None or found.order_type is OrderType.TRAILING_STOP:
        return None
    return found.limit_price if found.stop_price is None else found.stop_price


def _is_beyond(price: Decimal, other: Decimal, *, is_long: bool) -> bool:
    return price > other if is_long else price < other


def _beyond(is_long: bool) -> str:
    return "above" if is_long else "below"


def _kind(found: object) -> str:
    return "None" if found is None else f"an object of the type {type(found).__name__}"
