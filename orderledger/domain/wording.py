"""Words of sentences about events: terms, amounts, times and periods."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from orderledger.domain.exact import short
from orderledger.domain.values import OrderType, Side, TimeInForce

TIMES_IN_FORCE = {
    TimeInForce.DAY: "good for the day",
    TimeInForce.GTC: "good till canceled",
    TimeInForce.IOC: "immediate or cancel",
    TimeInForce.FOK: "fill or kill",
    TimeInForce.GTD: "good till a date",
}
ORDER_TYPES = {
    OrderType.MARKET: "market order",
    OrderType.LIMIT: "limit order",
    OrderType.STOP: "stop order",
    OrderType.STOP_LIMIT: "stop-limit order",
    OrderType.TRAILING_STOP: "trailing-stop order",
    OrderType.OTHER: "order of another type",
}


class Described(Protocol):
    """The terms of an order: of a request or a proposal."""

    @property
    def instrument(self) -> str: ...
    @property
    def side(self) -> Side: ...
    @property
    def quantity(self) -> Decimal: ...
    @property
    def order_type(self) -> OrderType: ...
    @property
    def limit_price(self) -> Decimal | None: ...
    @property
    def stop_price(self) -> Decimal | None: ...
    @property
    def time_in_force(self) -> TimeInForce | None: ...
    @property
    def expire_at(self) -> datetime | None: ...
    @property
    def post_only(self) -> bool: ...
    @property
    def reduce_only(self) -> bool: ...


def described(terms: Described) -> str:
    """The terms in words: "limit order to buy 10 BTC-USD at 100, good till canceled, post only"."""
    price = "" if terms.limit_price is None else f" at {short(terms.limit_price)}"
    stop = "" if terms.stop_price is None else f", stop price {short(terms.stop_price)}"
    until = "" if terms.expire_at is None else f", expiring at {moment(terms.expire_at)}"
    in_force = "" if terms.time_in_force is None else f", {TIMES_IN_FORCE[terms.time_in_force]}"
    flags = (", post only" if terms.post_only else "") + (
        ", reduce only" if terms.reduce_only else ""
    )
    what = f"{terms.side} {short(terms.quantity)} {terms.instrument}"
    return f"{ORDER_TYPES[terms.order_type]} to {what}{price}{stop}{in_force}{until}{flags}"


def moment(time: datetime) -> str:
    """A time in UTC to the millisecond, or to the microsecond where it has one."""
    text = time.astimezone(UTC).isoformat(sep=" ", timespec="microseconds").removesuffix("+00:00")
    return f"{text.removesuffix('000')} UTC"


def word(name: str) -> str:
    """A value of an enumeration as words."""
    return name.replace("_", " ")


def listed(parts: Iterable[str]) -> str:
    """Parts of a sentence: "one, two and three"."""
    each = list(parts)
    return each[0] if len(each) == 1 else f"{', '.join(each[:-1])} and {each[-1]}" if each else ""


def because(reason: str | None, request_id: str | None = None) -> str:
    """The reason code, and the id of the request, in brackets."""
    parts = [f"request {request_id}"] if request_id else []
    parts += [f"reason: {reason}"] if reason else []
    return f" ({'; '.join(parts)})" if parts else ""


def order_name(stream: str) -> str:
    """The order of a stream in words: "order C-1", "the order that the venue calls V-1"."""
    head, _, name = stream.partition("/")
    kind = head.partition("#")[2]
    return {
        "venue": f"the order that the venue calls {name}",
        "alias": f"the order with the alias {name}",
    }.get(kind, f"order {name}")


def with_readable_times(detail: str) -> str:
    """The detail of an anomaly with its times as people read them."""
    return " ".join(_readable_time(part) for part in detail.split(" "))


def _readable_time(part: str) -> str:
    text = part.rstrip(",;")
    if len(text) < len("2026-03-02T09:30:00+00:00") or "T" not in text:
        return part
    try:
        return f"{moment(datetime.fromisoformat(text))}{part[len(text) :]}"
    except ValueError:
        return part


class Changed(Protocol):
    """Terms that a replace or a restatement changes."""

    @property
    def quantity(self) -> Decimal | None: ...
    @property
    def limit_price(self) -> Decimal | None: ...
    @property
    def stop_price(self) -> Decimal | None: ...


def changes(before: Changed, after: Changed) -> str:
    """Old and new terms."""
    old_and_new = (
        ("quantity", before.quantity, after.quantity),
        ("limit price", before.limit_price, after.limit_price),
        ("stop price", before.stop_price, after.stop_price),
    )
    return (
        listed(_change(name, old, new) for name, old, new in old_and_new if new is not None)
        or "no new terms are given"
    )


def _change(name: str, old: Decimal | None, new: Decimal) -> str:
    if old is None:
        return f"{name} set to {short(new)}"
    return (
        f"{name} stays {short(new)}" if old == new else f"{name} from {short(old)} to {short(new)}"
    )


def as_id(venue_order_id: str | None) -> str:
    """The venue's id, as the end of a sentence."""
    return f" under its id {venue_order_id}" if venue_order_id else ""


def shown(value: object) -> str:
    """The value of a term."""
    if isinstance(value, Decimal):
        return short(value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
