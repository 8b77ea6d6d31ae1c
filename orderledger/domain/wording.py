"""Words of sentences about events: terms, amounts, times and periods."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from orderledger.domain.exact import short
from orderledger.domain.values import (
    Leg,
    OrderType,
    Side,
    TimeInForce,
    TrailOffsetType,
    TriggerSource,
)

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
    OrderType.TAKE_PROFIT: "take-profit order",
    OrderType.TAKE_PROFIT_LIMIT: "take-profit-limit order",
    OrderType.OTHER: "order of another type",
}


class Described(Protocol):
    """The terms of an order: of a request or a proposal."""

    @property
    def instrument(self) -> str: ...
    @property
    def side(self) -> Side: ...
    @property
    def quantity(self) -> Decimal | None: ...
    @property
    def order_type(self) -> OrderType: ...
    @property
    def limit_price(self) -> Decimal | None: ...
    @property
    def stop_price(self) -> Decimal | None: ...
    @property
    def quote_quantity(self) -> Decimal | None: ...
    @property
    def display_quantity(self) -> Decimal | None: ...
    @property
    def trail_offset(self) -> Decimal | None: ...
    @property
    def trail_offset_type(self) -> TrailOffsetType | None: ...
    @property
    def trigger_source(self) -> TriggerSource | None: ...
    @property
    def legs(self) -> tuple[Leg, ...]: ...
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
    what = f"{terms.side} {amount_of(terms)}"
    return (
        f"{ORDER_TYPES[terms.order_type]} to {what}{price}{stop}{_beside(terms)}{in_force}{until}"
        f"{flags}"
    )


def amount_of(terms: Described) -> str:
    """Quantity and instrument: "10 BTC-USD", or "BTC-USD worth 100 in quote currency"."""
    if terms.quantity is not None:
        return f"{short(terms.quantity)} {terms.instrument}"
    worth = "" if terms.quote_quantity is None else short(terms.quote_quantity)
    return f"{terms.instrument} worth {worth} in quote currency"


def _beside(terms: Described) -> str:
    """The terms that few orders have."""
    offset, percent = terms.trail_offset, terms.trail_offset_type is TrailOffsetType.PERCENT
    legs = listed(f"{leg.side} {leg.ratio} {leg.instrument}" for leg in terms.legs)
    parts = [
        f", which bought is to {legs}" if legs else "",
        "" if offset is None else f", trailing by {short(offset)}{' %' if percent else ''}",
        "" if terms.trigger_source is None else f", triggered by the {terms.trigger_source} price",
        "" if terms.display_quantity is None else f", showing {short(terms.display_quantity)}",
    ]
    return "".join(parts)


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
    @property
    def quote_quantity(self) -> Decimal | None: ...
    @property
    def display_quantity(self) -> Decimal | None: ...
    @property
    def trail_offset(self) -> Decimal | None: ...
    @property
    def trail_offset_type(self) -> TrailOffsetType | None: ...
    @property
    def trigger_source(self) -> TriggerSource | None: ...


CHANGEABLE = (
    *("quantity", "limit_price", "stop_price", "quote_quantity", "display_quantity"),
    *("trail_offset", "trail_offset_type", "trigger_source"),
)
"""Terms that a replace or a restatement may change, in the order of a sentence."""


def changes(before: Changed, after: Changed) -> str:
    """Old and new terms."""
    old_and_new = ((word(name), getattr(before, name), getattr(after, name)) for name in CHANGEABLE)
    return (
        listed(_change(name, old, new) for name, old, new in old_and_new if new is not None)
        or "no new terms are given"
    )


def _change(name: str, old: object, new: object) -> str:
    if old is None:
        return f"{name} set to {shown(new)}"
    return (
        f"{name} stays {shown(new)}" if old == new else f"{name} from {shown(old)} to {shown(new)}"
    )


def as_id(venue_order_id: str | None) -> str:
    """The venue's id, as the end of a sentence."""
    return f" under its id {venue_order_id}" if venue_order_id else ""


def shown(value: object) -> str:
    """The value of a term."""
    if isinstance(value, Decimal):
        return short(value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
