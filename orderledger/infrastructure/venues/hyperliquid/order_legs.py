"""The legs of an order: a modify at Hyperliquid cancels one venue order and opens another, under the same cloid.

Which leg is the latest, what the earlier ones filled, and whether a cancel is the order's end.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from orderledger.domain.exact import EXACT, ZERO, total
from orderledger.infrastructure.venues.base.venue import ManyRecords, NoRecords, Records
from orderledger.infrastructure.venues.hyperliquid.legs_memory import Chain, Chains, Leg
from orderledger.infrastructure.venues.hyperliquid.order_rows import OrderRow
from orderledger.infrastructure.venues.hyperliquid.vocabulary import CLOID, Meaning
from orderledger.projections.view import Row

UNASSIGNED = ""
"""Stands for the fills that the ledger cannot tell apart by leg."""
WORKED = frozenset({Meaning.WORKING, Meaning.TRIGGERED})
OVER = frozenset({"canceled", "expired", "rejected"})
"""Ends that no later leg takes back."""

Known = tuple[Chain, Leg]
"""An order, and the leg of it that a row is about."""


class Legs:
    """The orders of one account that bear a cloid. `chains` are shared with the other accounts."""

    def __init__(self, account: str, records: Records | None = None, chains: Chains | None = None) -> None:
        self.account = account
        self._records = records or NoRecords()
        self._answers_many = self._records if isinstance(self._records, ManyRecords) else None
        self._chains = Chains() if chains is None else chains
        self._newly_held: list[OrderRow] = []

    def note_all(self, rows: Sequence[OrderRow]) -> list[Known | None]:
        """Learn what the rows of a payload say of their legs, before anything is told of them. The order and the leg that each
        row is about: None for one without a cloid, or whose cloid was another order's."""
        chains = {cloid: self._chains.heard_of(self.account, cloid) for row in rows if (cloid := row.cloid) is not None}
        fresh = [cloid for cloid, chain in chains.items() if not chain.is_restored]
        recorded = self._recorded(fresh) if fresh else {}
        for cloid in fresh:
            self._restore(chains[cloid], cloid, recorded.get(cloid))
        return [self._note(chains[row.cloid], row, row.cloid) if row.cloid is not None else None for row in rows]

    def _note(self, chain: Chain, row: OrderRow, cloid: str) -> Known | None:
        leg = chain.leg(row.venue_order_id)
        if leg is None:
            leg = self._new_leg(row.venue_order_id, row)
            if chain.is_over and chain.legs and chain.legs[-1].is_older_than(leg):
                chain.apart |= {row.venue_order_id}
                return None
            self._chains.note_cloid(self.account, leg.venue_order_id, cloid)
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
        return chain, leg

    def note_fill(self, cloid: str | None, venue_order_id: str, fill_id: str, quantity: Decimal) -> None:
        """Learn of a fill: what a leg filled, and that there is such a leg."""
        cloid = cloid or self._chains.cloid_of(self.account, venue_order_id)
        if cloid is None:
            self._chains.note_loose(self.account, venue_order_id, fill_id, quantity)
            return
        chain = self._chains.heard_of(self.account, cloid)
        if venue_order_id in chain.apart:
            return
        leg = chain.leg(venue_order_id)
        if leg is None:
            leg = chain.add(self._new_leg(venue_order_id))
            self._chains.note_cloid(self.account, venue_order_id, cloid)
        leg.fills[fill_id] = quantity
        leg.has_worked, leg.is_void, leg.is_told = True, False, True
        self._drop_held(chain)

    def of(self, row: OrderRow) -> Known | None:
        """The order that the row's leg belongs to, and the leg, as far as they are remembered."""
        chain = self._chain_of(row.cloid)
        leg = chain.leg(row.venue_order_id) if chain is not None else None
        return (chain, leg) if chain is not None and leg is not None else None

    def of_fill(self, cloid: str | None, venue_order_id: str) -> Chain | None:
        return self._chain_of(cloid or self._chains.cloid_of(self.account, venue_order_id))

    def is_apart(self, cloid: str | None, venue_order_id: str) -> bool:
        """Whether this venue order came under the cloid of an order that was over: it is another order."""
        chain = self._chain_of(cloid)
        return chain is not None and venue_order_id in chain.apart

    @property
    def held(self) -> Sequence[OrderRow]:
        """Cancels that are not told yet, the oldest first."""
        return [chain.held for chain in self._chains.of_account(self.account) if chain.held is not None]

    def hold(self, chain: Chain, row: OrderRow) -> None:
        """Keep a cancel to ourselves: it may be the first half of a modify."""
        chain.held = row
        self._newly_held.append(row)

    def newly_held(self) -> Sequence[OrderRow]:
        """The cancels held since this was asked last: each has to be released, once."""
        rows, self._newly_held = self._newly_held, []
        return rows

    def is_held(self, row: OrderRow) -> bool:
        chain = self._chain_of(row.cloid)
        return chain is not None and chain.held is row

    def release(self, row: OrderRow) -> bool:
        """Take a cancel for the order's end after all. False where it no longer is one."""
        if row.cloid is None or not self.is_held(row):
            return False
        self._chains.heard_of(self.account, row.cloid).held = None
        return True

    def _new_leg(self, venue_order_id: str, row: OrderRow | None = None) -> Leg:
        fills = self._chains.take_loose(self.account, venue_order_id)
        return Leg(venue_order_id, row, fills=fills, has_worked=bool(fills))

    def _chain_of(self, cloid: str | None) -> Chain | None:
        return None if cloid is None else self._chains.get(self.account, cloid)

    @staticmethod
    def _drop_held(chain: Chain) -> None:
        """A cancel of a leg that is not the latest ended nothing."""
        if chain.held is not None and chain.latest.venue_order_id != chain.held.venue_order_id:
            chain.held, chain.dropped = None, chain.held

    def _recorded(self, cloids: Sequence[str]) -> Mapping[str, Row]:
        """The orders of the ledger that bear these."""
        if self._answers_many is not None:
            return self._answers_many.orders_named(self.account, cloids, alias=CLOID)
        rows = {cloid: self._records.order(self.account, cloid) for cloid in cloids}
        return {cloid: row for cloid, row in rows.items() if row is not None}

    def _restore(self, chain: Chain, cloid: str, order: Row | None) -> None:
        """What the ledger knows of the order. Fills that it cannot tell apart by leg are the first leg's."""
        chain.is_restored = True
        if order is None:
            return
        fills = self._fills_of(order) if order["cum_quantity"] else {}
        for name in order["venue_order_ids"]:
            leg = chain.leg(name) or chain.add(self._new_leg(name))
            leg.fills, leg.is_told = {**fills.get(name, {}), **leg.fills}, True
            self._chains.note_cloid(self.account, name, cloid)
        chain.is_over = order["status"] in OVER
        if order.get("origin") == "own" and order["acknowledged_at"] is None:
            chain.requested = order["quantity"], order["limit_price"]
        if chain.legs:
            missing = EXACT.subtract(order["cum_quantity"] or ZERO, total(leg.filled for leg in chain.legs))
            if missing > ZERO:
                chain.legs[0].fills[UNASSIGNED] = missing

    def _fills_of(self, order: Row) -> dict[str, dict[str, Decimal]]:
        """What stands as filled of an order, by leg. An order that is modified all day has thousands of legs."""
        if self._answers_many is not None:
            rows = self._answers_many.trades_of(order)
        else:
            rows = [row for name in order["venue_order_ids"] for row in self._records.trades(self.account, name)]
        fills: dict[str, dict[str, Decimal]] = {}
        for row in rows:
            fills.setdefault(row["venue_order_id"], {})[row["fill_id"]] = row["quantity"]
        return fills
