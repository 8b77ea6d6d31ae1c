"""`AccountLegs`: the legs of an account's orders. A modify cancels one venue order and opens
another, under the same cloid.

It decides which leg is the latest, how much the earlier ones filled, and whether a cancel ends the
order.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from orderledger.extend.values import EXACT, ZERO, total
from orderledger.extend.views import Row
from orderledger.venues.base.venue import ManyRecords, NoRecords, Records
from orderledger.venues.hyperliquid.legs_memory import Leg, LegsMemory, OrderLegs
from orderledger.venues.hyperliquid.order_rows import HyperliquidOrder
from orderledger.venues.hyperliquid.vocabulary import CLOID, Meaning

UNASSIGNED = ""
"""Key for the leg of fills that the ledger cannot assign."""
WORKED = frozenset({Meaning.WORKING, Meaning.TRIGGERED})
OVER = frozenset({"canceled", "expired", "rejected"})
"""Ends that no later leg reverts."""

Known = tuple[OrderLegs, Leg]
"""The order and the leg of a row."""


class AccountLegs:
    """The orders of one account that have a cloid. `memory` is shared with the other accounts."""

    def __init__(
        self, account: str, records: Records | None = None, memory: LegsMemory | None = None
    ) -> None:
        self.account = account
        self._records = records or NoRecords()
        self._answers_many = self._records if isinstance(self._records, ManyRecords) else None
        self._memory = LegsMemory() if memory is None else memory
        self._newly_held: list[HyperliquidOrder] = []

    def note_all(self, rows: Sequence[HyperliquidOrder]) -> list[Known | None]:
        """Learn the legs from the rows of a payload, before messages about them are made.
        Returns each row's order and leg: None for a row without a cloid, or whose cloid belongs
        to another order.
        """
        by_cloid = {
            cloid: self._memory.legs_of(self.account, cloid)
            for row in rows
            if (cloid := row.cloid) is not None
        }
        fresh = [cloid for cloid, order_legs in by_cloid.items() if not order_legs.is_restored]
        recorded = self._recorded(fresh) if fresh else {}
        for cloid in fresh:
            self._restore(by_cloid[cloid], cloid, recorded.get(cloid))
        return [
            self._note(by_cloid[row.cloid], row, row.cloid) if row.cloid is not None else None
            for row in rows
        ]

    def _note(self, order_legs: OrderLegs, row: HyperliquidOrder, cloid: str) -> Known | None:
        leg = order_legs.leg(row.venue_order_id)
        if leg is None:
            leg = self._new_leg(row.venue_order_id, row)
            if order_legs.is_over and order_legs.legs and order_legs.legs[-1].is_older_than(leg):
                order_legs.apart |= {row.venue_order_id}
                return None
            self._memory.note_cloid(self.account, leg.venue_order_id, cloid)
            order_legs.add(leg)
        elif row.is_newer_than(leg.row):
            order_legs.legs.remove(leg)
            leg.row = row
            order_legs.add(leg)
        leg.claimed = max(leg.claimed, row.filled or ZERO)
        leg.has_worked = leg.has_worked or row.meaning in WORKED or bool(leg.filled)
        if leg.row is not None:
            leg.is_void = leg.row.meaning is Meaning.REJECTED and not leg.has_worked
        self._drop_held(order_legs)
        return order_legs, leg

    def note_fill(
        self, cloid: str | None, venue_order_id: str, fill_id: str, quantity: Decimal
    ) -> None:
        """Learn from a fill: the filled quantity of a leg, and that the leg exists."""
        cloid = cloid or self._memory.cloid_of(self.account, venue_order_id)
        if cloid is None:
            self._memory.note_loose(self.account, venue_order_id, fill_id, quantity)
            return
        order_legs = self._memory.legs_of(self.account, cloid)
        if venue_order_id in order_legs.apart:
            return
        leg = order_legs.leg(venue_order_id)
        if leg is None:
            leg = order_legs.add(self._new_leg(venue_order_id))
            self._memory.note_cloid(self.account, venue_order_id, cloid)
        leg.fills[fill_id] = quantity
        leg.has_worked, leg.is_void, leg.is_reported = True, False, True
        self._drop_held(order_legs)

    def of(self, row: HyperliquidOrder) -> Known | None:
        """The order and the leg of a row, as far as they are remembered."""
        order_legs = self._legs_of(row.cloid)
        leg = order_legs.leg(row.venue_order_id) if order_legs is not None else None
        return (order_legs, leg) if order_legs is not None and leg is not None else None

    def of_fill(self, cloid: str | None, venue_order_id: str) -> OrderLegs | None:
        return self._legs_of(cloid or self._memory.cloid_of(self.account, venue_order_id))

    def is_apart(self, cloid: str | None, venue_order_id: str) -> bool:
        """Whether this venue order used the cloid of an order that was over: it is another
        order.
        """
        order_legs = self._legs_of(cloid)
        return order_legs is not None and venue_order_id in order_legs.apart

    @property
    def held(self) -> Sequence[HyperliquidOrder]:
        """Held cancels that are not reported yet, the oldest first."""
        return [
            order_legs.held
            for order_legs in self._memory.of_account(self.account)
            if order_legs.held is not None
        ]

    def hold(self, order_legs: OrderLegs, row: HyperliquidOrder) -> None:
        """Hold a cancel back: it may be the first half of a modify."""
        order_legs.held = row
        self._newly_held.append(row)

    def newly_held(self) -> Sequence[HyperliquidOrder]:
        """The cancels held since the last call: each has to be released once."""
        rows, self._newly_held = self._newly_held, []
        return rows

    def is_held(self, row: HyperliquidOrder) -> bool:
        order_legs = self._legs_of(row.cloid)
        return order_legs is not None and order_legs.held is row

    def release(self, row: HyperliquidOrder) -> bool:
        """Treat a held cancel as the order's end after all. False if it no longer is one."""
        if row.cloid is None or not self.is_held(row):
            return False
        self._memory.legs_of(self.account, row.cloid).held = None
        return True

    def _new_leg(self, venue_order_id: str, row: HyperliquidOrder | None = None) -> Leg:
        fills = self._memory.take_loose(self.account, venue_order_id)
        return Leg(venue_order_id, row, fills=fills, has_worked=bool(fills))

    def _legs_of(self, cloid: str | None) -> OrderLegs | None:
        return None if cloid is None else self._memory.get(self.account, cloid)

    @staticmethod
    def _drop_held(order_legs: OrderLegs) -> None:
        """A cancel of a leg other than the latest ended nothing."""
        if (
            order_legs.held is not None
            and order_legs.latest.venue_order_id != order_legs.held.venue_order_id
        ):
            order_legs.held, order_legs.dropped = None, order_legs.held

    def _recorded(self, cloids: Sequence[str]) -> Mapping[str, Row]:
        """The orders of the ledger that have these cloids."""
        if self._answers_many is not None:
            return self._answers_many.orders_named(self.account, cloids, alias=CLOID)
        rows = {cloid: self._records.order(self.account, cloid) for cloid in cloids}
        return {cloid: row for cloid, row in rows.items() if row is not None}

    def _restore(self, order_legs: OrderLegs, cloid: str, order: Row | None) -> None:
        """The ledger's data on the order. Fills that it cannot assign to a leg count for the
        first leg.
        """
        order_legs.is_restored = True
        if order is None:
            return
        fills = self._fills_of(order) if order["cum_quantity"] else {}
        for name in order["venue_order_ids"]:
            leg = order_legs.leg(name) or order_legs.add(self._new_leg(name))
            leg.fills, leg.is_reported = {**fills.get(name, {}), **leg.fills}, True
            self._memory.note_cloid(self.account, name, cloid)
        order_legs.is_over = order["status"] in OVER
        if order.get("origin") == "own" and order["acknowledged_at"] is None:
            order_legs.requested = order["quantity"], order["limit_price"]
        if order_legs.legs:
            missing = EXACT.subtract(
                order["cum_quantity"] or ZERO, total(leg.filled for leg in order_legs.legs)
            )
            if missing > ZERO:
                order_legs.legs[0].fills[UNASSIGNED] = missing

    def _fills_of(self, order: Row) -> dict[str, dict[str, Decimal]]:
        """The filled quantity of an order in the ledger, by leg. An order that is modified all
        day has thousands of legs.
        """
        if self._answers_many is not None:
            rows = self._answers_many.trades_of(order)
        else:
            rows = [
                row
                for name in order["venue_order_ids"]
                for row in self._records.trades(self.account, name)
            ]
        fills: dict[str, dict[str, Decimal]] = {}
        for row in rows:
            fills.setdefault(row["venue_order_id"], {})[row["fill_id"]] = row["quantity"]
        return fills
