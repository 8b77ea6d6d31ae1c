"""The legs of an order: a modify at Hyperliquid cancels one venue order and opens another, under the same cloid.

What is remembered of them, and what follows: which leg is the latest, what the earlier ones filled, and whether a cancel
is the order's end. All of it can be had again from the ledger.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from orderledger.domain.exact import EXACT, ZERO, total
from orderledger.infrastructure.venues.hyperliquid.order_rows import OrderRow
from orderledger.infrastructure.venues.hyperliquid.words import Meaning
from orderledger.infrastructure.venues.venue import ManyRecords, NoRecords, Records
from orderledger.projections.tables import Row

MOST_CHAINS = 10_000
UNASSIGNED = ""
"""Stands for the fills that the ledger cannot tell apart by leg."""
WORKED = frozenset({Meaning.WORKING, Meaning.TRIGGERED})
OVER = frozenset({"canceled", "expired", "rejected"})
"""Ends that no later leg takes back."""


@dataclass(slots=True)
class Leg:
    """One venue order. `claimed` is what the venue said that it filled, `fills` what was told of it fill by fill.

    `has_worked`: it was on the book. `is_void`: it was refused without that. `is_told`: some message has named it, so that
    its fills find the order.
    """

    venue_order_id: str
    row: OrderRow | None = None
    claimed: Decimal = ZERO
    fills: dict[str, Decimal] = field(default_factory=dict)
    has_worked: bool = False
    is_void: bool = False
    is_told: bool = False
    told_quantity: Decimal | None = None

    @property
    def filled(self) -> Decimal:
        return max(self.claimed, total(self.fills.values()))

    def is_older_than(self, other: "Leg") -> bool:
        """By the venue's times where both are known and differ, else by the ids, which the venue gives in order."""
        if self.row is not None and other.row is not None and self.row.created_at != other.row.created_at:
            return self.row.created_at < other.row.created_at
        return _number(self.venue_order_id) < _number(other.venue_order_id)


def _number(venue_order_id: str) -> tuple[int, str]:
    return len(venue_order_id), venue_order_id


@dataclass(slots=True)
class Chain:
    """All legs of one order, oldest first.

    `requested` are the quantity and the limit that we asked for, of an order of ours of which no leg was heard before, but for
    its fills.
    `held` is a cancel that may be the first half of a modify, `dropped` one that was. `apart` are venue orders that came
    under the same cloid after the order was over: they are other orders.
    """

    legs: list[Leg] = field(default_factory=list)
    held: OrderRow | None = None
    dropped: OrderRow | None = None
    is_over: bool = False
    is_restored: bool = False
    requested: tuple[Decimal | None, Decimal | None] | None = None
    apart: set[str] = field(default_factory=set)

    def leg(self, venue_order_id: str) -> Leg | None:
        return next((leg for leg in self.legs if leg.venue_order_id == venue_order_id), None)

    def add(self, leg: Leg) -> Leg:
        """Put a new leg into its place."""
        place = next((index for index, other in enumerate(self.legs) if leg.is_older_than(other)), len(self.legs))
        self.legs.insert(place, leg)
        return leg

    @property
    def latest(self) -> Leg:
        """The newest leg that was not refused."""
        return next((leg for leg in reversed(self.legs) if not leg.is_void), self.legs[-1])

    def is_superseded(self, leg: Leg) -> bool:
        return leg is not self.latest and leg.is_older_than(self.latest)

    def has_earlier(self, leg: Leg) -> bool:
        return any(other is not leg and not other.is_void and other.is_older_than(leg) for other in self.legs)

    def is_later(self, leg: Leg) -> bool:
        """Whether the leg works on other terms than the first one: that one may have come and gone unheard of."""
        if self.has_earlier(leg) or self.requested is None or leg.row is None:
            return self.has_earlier(leg)
        told = zip((leg.row.original_size, leg.row.limit_price), self.requested, strict=True)
        return any(here is not None and there is not None and here != there for here, there in told)

    def filled_before(self, leg: Leg) -> Decimal:
        """What the earlier legs filled: of the order's quantity, but not of the leg's."""
        return total(other.filled for other in self.legs if other is not leg and other.is_older_than(leg))


class Legs:
    """The orders of one account that bear a cloid, the last `most` of them that were heard of."""

    def __init__(self, account: str, records: Records | None = None, *, most: int = MOST_CHAINS) -> None:
        self.account = account
        self._records = records or NoRecords()
        self._most = most
        self._chains: OrderedDict[str, Chain] = OrderedDict()
        self._cloids: dict[str, str] = {}
        self._loose: OrderedDict[str, dict[str, Decimal]] = OrderedDict()
        """Fills that bear no cloid, of legs that are not known yet: they may not be recorded when the leg is."""
        self._newly_held: list[OrderRow] = []

    def note_all(self, rows: Sequence[OrderRow]) -> None:
        """Learn what the rows of a payload say of their legs, before anything is told of them."""
        cloids = dict.fromkeys(row.cloid for row in rows if row.cloid is not None)
        known = self._recorded([cloid for cloid in cloids if not self._is_restored(cloid)])
        for row in rows:
            if row.cloid is not None:
                chain = self._chain(row.cloid)
                self._restore(chain, row.cloid, known.get(row.cloid))
                self._note(chain, row, row.cloid)

    def _note(self, chain: Chain, row: OrderRow, cloid: str) -> None:
        leg = chain.leg(row.venue_order_id)
        if leg is None:
            leg = self._new_leg(row.venue_order_id, row)
            if chain.is_over and chain.legs and chain.legs[-1].is_older_than(leg):
                chain.apart.add(row.venue_order_id)
                return
            self._cloids[leg.venue_order_id] = cloid
            chain.add(leg)
        elif row.is_newer_than(leg.row):
            chain.legs.remove(leg)
            leg.row = row
            chain.add(leg)
        leg.claimed = max(leg.claimed, row.filled or ZERO)
        leg.has_worked = leg.has_worked or row.meaning in WORKED or bool(leg.filled)
        if leg.row is not None:
            leg.is_void = leg.row.meaning is Meaning.REJECTED and not leg.has_worked
        self._drop_held(chain)

    def note_fill(self, cloid: str | None, venue_order_id: str, fill_id: str, quantity: Decimal) -> None:
        """Learn of a fill: what a leg filled, and that there is such a leg."""
        cloid = cloid or self._cloids.get(venue_order_id)
        if cloid is None:
            self._loose.setdefault(venue_order_id, {})[fill_id] = quantity
            while len(self._loose) > self._most:
                self._loose.popitem(last=False)
            return
        chain = self._chain(cloid)
        if venue_order_id in chain.apart:
            return
        leg = chain.leg(venue_order_id)
        if leg is None:
            leg = chain.add(self._new_leg(venue_order_id))
            self._cloids[venue_order_id] = cloid
        leg.fills[fill_id] = quantity
        leg.has_worked, leg.is_void, leg.is_told = True, False, True
        self._drop_held(chain)

    def of(self, row: OrderRow) -> tuple[Chain, Leg] | None:
        """The order that the row's leg belongs to. None for one without a cloid, or whose cloid was another order's."""
        chain = self._chains.get(row.cloid) if row.cloid is not None else None
        leg = chain.leg(row.venue_order_id) if chain is not None else None
        return (chain, leg) if chain is not None and leg is not None else None

    def of_fill(self, cloid: str | None, venue_order_id: str) -> Chain | None:
        return self._chains.get(cloid or self._cloids.get(venue_order_id, ""))

    def is_apart(self, cloid: str | None, venue_order_id: str) -> bool:
        """Whether this venue order came under the cloid of an order that was over: it is another order."""
        chain = self._chains.get(cloid) if cloid is not None else None
        return chain is not None and venue_order_id in chain.apart

    @property
    def held(self) -> Sequence[OrderRow]:
        """Cancels that are not told yet, the oldest first."""
        return [chain.held for chain in self._chains.values() if chain.held is not None]

    def hold(self, chain: Chain, row: OrderRow) -> None:
        """Keep a cancel to ourselves: it may be the first half of a modify."""
        chain.held = row
        self._newly_held.append(row)

    def newly_held(self) -> Sequence[OrderRow]:
        """The cancels held since this was asked last: each has to be released, once."""
        rows, self._newly_held = self._newly_held, []
        return rows

    def is_held(self, row: OrderRow) -> bool:
        chain = self._chains.get(row.cloid or "")
        return chain is not None and chain.held is row

    def release(self, row: OrderRow) -> bool:
        """Take a cancel for the order's end after all. False where it no longer is one."""
        if not self.is_held(row):
            return False
        self._chains[row.cloid or ""].held = None
        return True

    def _new_leg(self, venue_order_id: str, row: OrderRow | None = None) -> Leg:
        fills = self._loose.pop(venue_order_id, {})
        return Leg(venue_order_id, row, fills=fills, has_worked=bool(fills))

    def _chain(self, cloid: str) -> Chain:
        chain = self._chains.pop(cloid, None) or Chain()
        self._chains[cloid] = chain
        while len(self._chains) > self._most:
            _, old = self._chains.popitem(last=False)
            for leg in old.legs:
                self._cloids.pop(leg.venue_order_id, None)
        return chain

    @staticmethod
    def _drop_held(chain: Chain) -> None:
        """A cancel of a leg that is not the latest ended nothing."""
        if chain.held is not None and chain.latest.venue_order_id != chain.held.venue_order_id:
            chain.held, chain.dropped = None, chain.held

    def _is_restored(self, cloid: str) -> bool:
        chain = self._chains.get(cloid)
        return chain is not None and chain.is_restored

    def _recorded(self, cloids: Sequence[str]) -> Mapping[str, Row]:
        """The orders of the ledger that bear these."""
        if not cloids:
            return {}
        if isinstance(self._records, ManyRecords):
            return self._records.orders_named(self.account, cloids)
        rows = {cloid: self._records.order(self.account, cloid) for cloid in cloids}
        return {cloid: row for cloid, row in rows.items() if row is not None}

    def _restore(self, chain: Chain, cloid: str, order: Row | None) -> None:
        """What the ledger knows of the order, once. Fills that it cannot tell apart by leg are the first leg's."""
        if chain.is_restored:
            return
        chain.is_restored = True
        if order is None:
            return
        for name in order["venue_order_ids"]:
            leg = chain.leg(name) or chain.add(self._new_leg(name))
            leg.fills, leg.is_told = {**self._fills_of(name), **leg.fills}, True
            self._cloids[name] = cloid
        chain.is_over = order["status"] in OVER
        if order.get("origin") == "own" and order["acknowledged_at"] is None:
            chain.requested = order["quantity"], order["limit_price"]
        if chain.legs:
            missing = EXACT.subtract(order["cum_quantity"] or ZERO, total(leg.filled for leg in chain.legs))
            if missing > ZERO:
                chain.legs[0].fills[UNASSIGNED] = missing

    def _fills_of(self, venue_order_id: str) -> dict[str, Decimal]:
        rows = self._records.trades(self.account, venue_order_id)
        return {row["fill_id"]: row["quantity"] for row in rows if row["venue_order_id"] == venue_order_id}
