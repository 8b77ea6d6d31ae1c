"""Order rows of Tradier: an order (`/accounts/{id}/orders`), a leg of one, or an event of the
account stream.

Quantities are shares, or contracts of an option. Prices are dollars per share, also for options and
spreads. Times are UTC. See documentation.tradier.com, "Get orders" and "Account events".
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from orderledger import OrderType, Side, TimeInForce
from orderledger.extend.values import ZERO, plain, total
from orderledger.venues.base.fields import (
    Document,
    Unreadable,
    identity,
    is_nothing,
    moment,
    word,
)
from orderledger.venues.tradier.reading import (
    amount,
    label,
    net_price,
    number,
    price,
    rows_of,
)
from orderledger.venues.tradier.vocabulary import (
    DURATIONS,
    ENDS,
    GROUPS,
    NET_PRICED,
    ORDER_TYPES,
    SIDES,
    SPREADS,
    UNFILLED_ENDS,
)

Value = TypeVar("Value")

NESTING = 3
"""Maximal nesting of legs: a payload of this venue has no more."""


@dataclass(slots=True, kw_only=True)
class TradierOrder:
    """The fields of one row. An optional field that the row lacks, or that cannot be read, is None.

    `faults` names unreadable fields and legs; the rest of the row counts. `legs` are the innermost
    legs: those that trade. `has_all_legs` is False if a leg is missing or unreadable. `at`: time of
    the last change. `kind`: the venue's order class. `exec_quantity` is the filled quantity,
    `average_price` its average price; `last_fill_*` describe the latest fill. `aliases`: the names
    of a leg that is one of our orders in a group that we sent.
    """

    raw: Document
    venue_order_id: str
    status: str
    at: datetime
    created_at: datetime | None
    exec_quantity: Decimal | None
    faults: list[str] = field(default_factory=list)
    kind: str | None = None
    tag: str | None = None
    instrument: str | None = None
    side: Side | None = None
    order_type: OrderType | None = None
    time_in_force: TimeInForce | None = None
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    average_price: Decimal | None = None
    last_fill_price: Decimal | None = None
    last_fill_quantity: Decimal | None = None
    remaining_quantity: Decimal | None = None
    description: str | None = None
    legs: list["TradierOrder"] = field(default_factory=list)
    has_all_legs: bool = True
    aliases: dict[str, str] = field(default_factory=dict)

    @property
    def is_compound(self) -> bool:
        """True if the legs trade, and not the order itself: spreads, combos, OTO, OCO and OTOCO
        orders."""
        return bool(self.legs) or self.kind in SPREADS or self.kind in GROUPS

    @property
    def has_ended(self) -> bool:
        """True for a known final status. `filled` is not one: the numbers of a filled row may still
        be missing."""
        return self.status in ENDS

    @property
    def latest_at(self) -> datetime:
        """Time of the last change of the order or a leg."""
        return max([self.at, *(leg.at for leg in self.legs)])

    @property
    def age(self) -> tuple[datetime, Decimal]:
        """Time of the last change and the filled quantity: of two rows of one order, the larger is
        newer."""
        return self.latest_at, total(line.exec_quantity or ZERO for line in (self.legs or [self]))

    @property
    def has_fills(self) -> bool:
        """True if the row has all that a fill needs: price, instrument and side. Otherwise a later
        row has to report the fill."""
        return not self.exec_quantity or None not in (
            self.average_price,
            self.instrument,
            self.side,
        )

    @property
    def has_filled(self) -> bool:
        """True if the order, or one of its legs, is at least partly filled."""
        return any(line.exec_quantity for line in (self.legs or [self]))


def read_row(raw: Any, *, within: TradierOrder | None = None, depth: int = 0) -> TradierOrder:
    """Read one row. A leg inherits status and times from its parent (`within`) if it lacks them.

    Raises Unreadable if id, status or time is missing, or the filled quantity is not a number.
    """
    if not isinstance(raw, dict):
        raise Unreadable("is not a row")
    venue_order_id = identity(raw, "id")
    status = word(raw, "status") or (within.status if within else None)
    created_at = _created_at(raw)
    # The time of creation replaces a missing time of change, but not an unreadable one.
    at = moment(raw, "transaction_date") or created_at or (within.at if within else None)
    if venue_order_id is None or status is None or at is None:
        missing = (
            "id" if venue_order_id is None else "status" if status is None else "transaction_date"
        )
        raise Unreadable(f"{missing} is missing or not valid")
    row = TradierOrder(
        raw=raw,
        venue_order_id=venue_order_id,
        status=status,
        at=at,
        created_at=created_at or (within.created_at if within else None),
        exec_quantity=_filled(raw),
    )
    _read_terms(row)
    _read_fill(row)
    _read_legs(row, depth)
    return row


def _filled(raw: Document) -> Decimal | None:
    """The filled quantity: `exec_quantity`, or `executed_quantity` in some events of the stream."""
    found = amount(raw, "exec_quantity")
    return amount(raw, "executed_quantity") if found is None else found


def _read_terms(row: TradierOrder) -> None:
    row.kind = _optional(row, "class", word)
    row.tag = _optional(row, "tag", label)
    # An option's `symbol` is its underlying: it never replaces a missing or unreadable
    # `option_symbol`.
    is_option = row.kind == "option" or not is_nothing(row.raw.get("option_symbol"))
    row.instrument = _optional(row, "option_symbol" if is_option else "symbol", word)
    side = _optional(row, "side", word)
    if side is not None:
        row.side = SIDES.get(side)
        row.faults += [] if row.side else [f"side {side[:50]!r} is not a known side"]
    order_type = _optional(row, "type", word)
    row.order_type = ORDER_TYPES.get(order_type, OrderType.OTHER) if order_type else None
    row.time_in_force = DURATIONS.get(_optional(row, "duration", word) or "")
    row.quantity = _optional(row, "quantity", amount) or None
    row.limit_price = _optional(row, "price", net_price if order_type in NET_PRICED else price)
    row.stop_price = _optional(row, "stop_price", price)


def _read_fill(row: TradierOrder) -> None:
    row.average_price = _optional(
        row, "avg_fill_price", net_price if row.kind in SPREADS else price
    )
    row.last_fill_price = _optional(row, "last_fill_price", price)
    row.last_fill_quantity = _optional(row, "last_fill_quantity", amount)
    row.remaining_quantity = _optional(row, "remaining_quantity", amount)
    row.description = _optional(row, "reason_description", word)


def _read_legs(row: TradierOrder, depth: int) -> None:
    try:
        raw_legs = rows_of(row.raw.get("leg"), "leg") if depth < NESTING else []
    except Unreadable as fault:
        raw_legs = []
        row.faults.append(str(fault))
        row.has_all_legs = False
    for raw in raw_legs:
        try:
            leg = read_row(raw, within=row, depth=depth + 1)
        except Unreadable as fault:
            row.faults.append(f"leg: {fault}")
            row.has_all_legs = False
        else:
            row.faults += [f"leg {leg.venue_order_id}: {fault}" for fault in leg.faults]
            row.has_all_legs = row.has_all_legs and leg.has_all_legs
            row.legs += leg.legs or [leg]
    count = number_of_legs(row)
    if row.is_compound and count is not None and count > len(row.legs):
        row.has_all_legs = False


def key_of(raw: Any) -> str:
    """A key for the row: its id, or its whole text if it has none."""
    named = raw.get("id") if isinstance(raw, dict) else None
    return str(named) if isinstance(named, (int, str)) else repr(raw)


def gaps_of(row: TradierOrder) -> list[str]:
    """The facts that the row lacks to derive its fills: legs, and the symbol or side of a filled
    line.
    """
    return [
        *_missing_legs(row),
        *_missing_terms(row),
    ]


def _missing_legs(row: TradierOrder) -> list[str]:
    """A fault if an order with legs lists fewer legs than it has. An order that ended unfilled
    needs none."""
    listed, count = len(listed_legs(row)), number_of_legs(row)
    if not row.is_compound or (row.status in UNFILLED_ENDS and not row.has_filled):
        return []
    if listed and (count is None or count <= listed):
        return []
    of_all = f" of {plain(count)}" if count else ""
    return [
        (
            f"leg is missing on {row.kind or 'compound'} order {row.venue_order_id}: "
            f"{listed or 'none'}{of_all} reported"
        )
    ]


def listed_legs(row: TradierOrder) -> list[Any]:
    """The raw rows of its direct legs, readable or not."""
    try:
        return rows_of(row.raw.get("leg"), "leg")
    except Unreadable:
        return []


def _missing_terms(row: TradierOrder) -> list[str]:
    return [
        f"{name} is missing on filled order {line.venue_order_id}"
        for line in (row.legs or ([] if row.is_compound else [row]))
        for name, value in (("symbol", line.instrument), ("side", line.raw.get("side")))
        if line.exec_quantity and is_nothing(value)
    ]


def number_of_legs(row: TradierOrder) -> Decimal | None:
    """The number of legs by the venue's count (`num_legs`)."""
    return _optional(row, "num_legs", number)


def _created_at(raw: Document) -> datetime | None:
    """The time of creation. None if it cannot be read: no rule depends on it."""
    try:
        return moment(raw, "create_date")
    except Unreadable:
        return None


def _optional(
    row: TradierOrder, name: str, reader: Callable[[Document, str], Value | None]
) -> Value | None:
    try:
        return reader(row.raw, name)
    except Unreadable as fault:
        row.faults.append(str(fault))
        return None
