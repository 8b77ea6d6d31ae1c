"""The positions of the accounts and the P&L of the day, from the fills of orders."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from orderledger import Side
from orderledger.extend.events import Order, accounts
from orderledger.extend.values import EXACT, QUOTIENT, ZERO, sides
from orderledger.gateway.day import DayPnl, Key
from orderledger.gateway.instruments import Instruments
from orderledger.gateway.limits import Denial, Limits, Proposed
from orderledger.gateway.working import Instrument

NET_PART: sides.Part = (sides.NET, "")


class Part(NamedTuple):
    """The active fills of an order; of a combination, those of one leg."""

    instrument: Instrument
    side: Side
    quantity: Decimal
    notional: Decimal
    leg: int | None = None


class Contribution(NamedTuple):
    """The change of a position by an order, and what its fills paid (negative) or received
    (positive).
    """

    key: Key
    quantity: Decimal
    cash: Decimal
    fees: Mapping[str, Decimal]


class Positions:
    """The positions of some accounts. `unknown`: the instruments whose positions cannot be counted,
    because the position side of a fill is not known. `sided`: those of which a fill names its
    position side. `highs`: by rule and currency, the highest gain of the day.
    """

    def __init__(self, instruments: Instruments) -> None:
        self.instruments = instruments
        self.held: dict[Key, Decimal] = {}
        self.unknown: dict[Instrument, None] = {}
        self.sided: dict[Instrument, None] = {}
        self.set_at: dict[Instrument, datetime] = {}
        """When the position of an instrument was last set otherwise than by trades. Fills from
        before are inside it."""
        self.day = DayPnl({}, {})
        self.highs: dict[Limits, dict[str, Decimal]] = {}

    # Queries

    def of(
        self, account: str, instrument: str, strategy: str | None, part: sides.Part = NET_PART
    ) -> Decimal:
        """One position of an instrument: of a strategy, or of the whole account."""
        if strategy is not None:
            return self.held.get((account, instrument, strategy, *part), ZERO)
        held = ZERO
        for key, quantity in self.held.items():
            if (*key[:2], *key[3:]) == (account, instrument, *part):
                held = EXACT.add(held, quantity)
        return held

    def denial(self, order: Proposed) -> Denial | None:
        """Why the positions of the instrument forbid the order. If a position is unknown, only
        orders that reduce it are allowed.
        """
        scope, side = (order.account, order.instrument), order.position_side
        mode = self.instruments.mode(scope)
        if side in sides.NAMED and mode == sides.NET:
            return Denial(
                "position_side_conflict",
                f"{order.instrument} has one net position in this account, so an order cannot "
                f"name {side}",
            )
        if scope in self.unknown and not order.reduces:
            return Denial(
                "position_unknown",
                f"the position side of a fill in {order.instrument} is not known",
            )
        if side not in sides.NAMED and mode == sides.HEDGE and not order.reduces:
            return Denial(
                "position_unknown",
                f"{order.instrument} has a long and a short position, and the order does not say "
                "which",
            )
        return None

    def gains(self, rule: Limits) -> dict[str, Decimal]:
        """The gain in the scope of the rule since midnight, by settlement currency."""
        gains: dict[str, Decimal] = {}
        for key in self.day.touched():
            account, instrument, strategy = key[:3]
            if rule.covers(account, instrument, strategy):
                mark = self.instruments.mark_of(account, instrument)
                held, terms = self.held.get(key, ZERO), self.instruments.terms(key[:2])
                for currency, amount in self.day.gains(key, held, mark and mark[0], terms):
                    gains[currency] = EXACT.add(gains.get(currency, ZERO), amount)
        return gains

    # Changes

    def begin_day(self) -> None:
        """Begin a new day with the current positions and marks."""
        marks = {
            scope: row["mark_price"]
            for scope, row in self.instruments.rows.items()
            if row["mark_price"] is not None
        }
        self.day = DayPnl({key: held for key, held in self.held.items() if held}, marks)
        self.highs = {rule: {} for rule in self.highs}

    def raise_highs(self) -> None:
        """Keep the highest gain of the day of each rule that needs it."""
        for rule, highs in self.highs.items():
            for currency, gain in self.gains(rule).items():
                highs[currency] = max(highs.get(currency, ZERO), gain)

    def fund(self, account: str, event: accounts.FundingRecorded, at: datetime) -> None:
        """Take a funding payment."""
        scope = self.instruments.scope(account, event.instrument, at)
        part = self.instruments.part(scope, event.position_side, event.position_id)
        self.day.fee((*scope, None, *part), event.currency, -event.amount)

    def take(self, order: Order, before: list[Contribution], after: list[Contribution]) -> bool:
        """Take the changed fills of an order. Returns whether the positions that result have to be
        read from the views.
        """
        for one, is_added in (*((one, False) for one in before), *((one, True) for one in after)):
            held = self.held.get(one.key, ZERO)
            self.held[one.key] = EXACT.add(held, one.quantity if is_added else -one.quantity)
            self.day.trade(one.key, one.cash if is_added else -one.cash)
            for currency, amount in one.fees.items():
                self.day.fee(one.key, currency, amount if is_added else -amount)
        is_sided = [self._note_sides(one.key) for one in after]
        return any(is_sided) or self._is_older_than_set(order)

    def contributions(self, order: Order) -> list[Contribution]:
        """The changes by the fills of an order, for each leg of a combination. Fees count with
        the first leg."""
        if not order.fills.by_id or order.attributed_to is not None:
            return []
        sums, latest = order.fills.sums, self.instruments.of_order
        name, side = order.terms.instrument, order.terms.side
        if name is None or side is None:
            return []
        if not order.legs:
            whole = Part(latest(order, name), side, sums.cum_quantity, sums.notional)
            return [self._contribution(order, whole)]
        return [
            self._contribution(
                order,
                Part(latest(order, one.leg.instrument), one.side, one.quantity, one.notional, leg),
            )
            for leg, one in enumerate(order.filled_legs)
        ]

    def _contribution(self, order: Order, part: Part) -> Contribution:
        scope, request, is_buy = part.instrument, order.terms.request, part.side is Side.BUY
        terms, paid = self.instruments.terms(scope), part.notional
        fees = {} if part.leg else order.fills.sums.fees
        if terms.inverse:
            active = order.fills_of_leg(part.leg)
            paid = -sum((terms.value(fill.quantity, fill.price) for fill in active), ZERO)
        in_coin = fees.get(terms.coin, ZERO) if terms.coin else ZERO
        filled = part.quantity if is_buy else -part.quantity
        if part.quantity:
            self.day.last_prices[scope] = QUOTIENT.divide(part.notional, part.quantity)
        strategy = request.strategy if request is not None else None
        side_and_id = (order.terms.position_side, order.terms.position_id)
        return Contribution(
            (*scope, strategy, *self.instruments.part(scope, *side_and_id)),
            EXACT.subtract(filled, in_coin),
            -paid if is_buy else paid,
            {name: fee for name, fee in fees.items() if name != terms.coin},
        )

    def _note_sides(self, key: Key) -> bool:
        """Mark positions of an instrument as unknown from the first fill without a position side,
        if others have one. Returns whether the fill has a side that may be the missing one: check
        the views.
        """
        scope, is_named = key[:2], key[3] in sides.NAMED
        if scope in self.unknown:
            return is_named
        if is_named:
            self.sided[scope] = None
        mode = self.instruments.mode(scope)
        is_hedge = mode == sides.HEDGE or (scope in self.sided and mode != sides.NET)
        if is_hedge and any(
            held
            for other, held in self.held.items()
            if other[:2] == scope and other[3] == sides.NET
        ):
            self.unknown[scope] = None
        return False

    def _is_older_than_set(self, order: Order) -> bool:
        """Whether the order has a fill from before its position was last set."""
        first, name = order.fills.sums.first_fill_at, order.terms.instrument
        if not self.set_at or first is None or name is None:
            return False
        set_at = self.set_at.get(self.instruments.of_order(order, name))
        return set_at is not None and first < set_at
