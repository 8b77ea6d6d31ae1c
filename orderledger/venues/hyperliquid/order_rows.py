"""An order in Hyperliquid's payloads: the basic row of `orderUpdates`, and the full one of the
lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderledger import OrderType, Side
from orderledger.extend.values import EXACT, ZERO
from orderledger.venues.hyperliquid.rows import Row, Unreadable
from orderledger.venues.hyperliquid.vocabulary import (
    ADD_LIQUIDITY_ONLY,
    ORDER_TYPES,
    PRICED,
    TIMES_IN_FORCE,
    Meaning,
    meaning_of,
)

OPEN = "open"
DEEPEST_CHILDREN = 3
IN_FULL = frozenset({"orderType", "tif", "triggerPx", "isTrigger", "reduceOnly"})
"""Fields of the full row that the basic one lacks."""


@dataclass(
    slots=True, kw_only=True, eq=False
)  # not frozen: thousands are made per second, and freezing doubles the time
class HyperliquidOrder:
    """One leg of an order, at one moment. `status_at` is None if a list shows the status without
    its time.

    `original_size` is the leg's own, not the order's: what earlier legs filled is not in it. `size`
    is the remaining quantity. `filled` is the leg's filled quantity according to the venue, if it
    states both numbers. `terms` are the other reported terms, named as in messages. No row is ever
    changed.
    """

    coin: str
    side: Side
    venue_order_id: str
    cloid: str | None
    created_at: datetime
    status: str
    status_at: datetime | None
    size: Decimal | None
    original_size: Decimal | None
    terms: Mapping[str, Any]
    raw: Any = field(repr=False)
    meaning: Meaning = field(init=False)
    filled: Decimal | None = field(init=False)

    def __post_init__(self) -> None:
        self.meaning = meaning_of(self.status)
        has_size_left = (
            self.size is not None and self.original_size and ZERO <= self.size <= self.original_size
        )
        self.filled = EXACT.subtract(self.original_size, self.size) if has_size_left else None  # type: ignore[arg-type]

    @property
    def limit_price(self) -> Decimal | None:
        return self.terms.get("limit_price")

    @property
    def stop_price(self) -> Decimal | None:
        return self.terms.get("stop_price")

    @property
    def is_dated(self) -> bool:
        """Whether the filled quantity is of the row's time: not if that is still the time of
        creation.
        """
        return self.status_at is not None and not (
            self.is_partly_filled and self.status_at == self.created_at
        )

    def is_newer_than(self, other: "HyperliquidOrder | None") -> bool:
        """Whether this row takes precedence for the same leg. A list without its own time never
        does.
        """
        if other is None or other.status_at is None:
            return True
        return self.status_at is not None and self.status_at >= other.status_at

    @property
    def is_partly_filled(self) -> bool:
        return bool(self.filled) and bool(self.size)


def read_listed(raw: Any) -> HyperliquidOrder:
    """A row of a list of open orders."""
    row = Row(raw)
    return _read(
        row,
        status=OPEN,
        created_at=row.need("timestamp", row.moment("timestamp")),
        status_at=None,
        raw=raw,
    )


def read_reported(raw: Any) -> HyperliquidOrder:
    """A row with its status: `{"order": …, "status": …, "statusTimestamp": …}`."""
    outer = Row(raw)
    order = Row(outer.get("order"))
    status = outer.need("status", outer.word("status"))
    status_at = outer.moment("statusTimestamp") or order.moment("timestamp")
    created_at = order.moment("timestamp") or status_at
    if status_at is None or created_at is None:
        raise Unreadable("statusTimestamp is missing, and so is timestamp", raw)
    return _read(order, status=status, created_at=created_at, status_at=status_at, raw=raw)


def children_of(raw: Any, depth: int = DEEPEST_CHILDREN) -> list[Any]:
    """The rows of the orders that wait for this one to be filled, and of those that wait for
    them.
    """
    children = raw.get("children") if isinstance(raw, dict) and depth else None
    if not isinstance(children, list):
        return []
    return [row for child in children for row in (child, *children_of(child, depth - 1))]


def _read(
    row: Row, *, status: str, created_at: datetime, status_at: datetime | None, raw: Any
) -> HyperliquidOrder:
    return HyperliquidOrder(
        coin=row.need("coin", row.word("coin")),
        side=row.side(),
        venue_order_id=str(row.need("oid", row.count("oid"))),
        cloid=row.cloid(),
        created_at=created_at,
        status=status,
        status_at=status_at,
        size=row.size("sz"),
        original_size=row.size("origSz"),
        terms=_terms_of(row),
        raw=raw,
    )


def _terms_of(row: Row) -> dict[str, Any]:
    """A basic row has no term besides the price."""
    if IN_FULL.isdisjoint(row.raw):
        limit_price = row.price("limitPx")
        return {"limit_price": limit_price} if limit_price else {}
    kind, force = row.get("orderType"), row.get("tif")
    order_type = _word(kind, ORDER_TYPES, OrderType.OTHER)
    stop_price = row.price("triggerPx")
    is_trigger = row.flag("isTrigger") or order_type not in (
        None,
        OrderType.MARKET,
        OrderType.LIMIT,
    )
    terms = {
        "limit_price": row.price("limitPx")
        if not isinstance(kind, str) or kind in PRICED
        else None,
        "stop_price": stop_price if is_trigger and stop_price else None,
        "order_type": order_type,
        "time_in_force": _word(force, TIMES_IN_FORCE, None),
        "post_only": force == ADD_LIQUIDITY_ONLY if isinstance(force, str) else None,
        "reduce_only": row.flag("reduceOnly"),
    }
    return {name: value for name, value in terms.items() if value is not None}


def _word(word: Any, known: Any, otherwise: Any) -> Any:
    return known.get(word, otherwise) if isinstance(word, str) and word else None
