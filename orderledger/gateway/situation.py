"""The state of the accounts that the limits check: implements `Situation` on a `Book`."""

from datetime import datetime, timedelta
from decimal import Decimal

from orderledger import Side
from orderledger.extend.values import EXACT, ZERO, exposure
from orderledger.gateway.book import Book
from orderledger.gateway.limits import Limits, Proposed
from orderledger.gateway.working import Instrument

SECOND = timedelta(seconds=1)


class BookSituation:
    """See `orderledger.gateway.limits.Situation`."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def at(self) -> datetime:
        return self._book.clock.now()

    def mark(self, order: Proposed) -> tuple[Decimal, datetime] | None:
        return self._book.instruments.mark_of(order.account, order.instrument)

    def notional(self, order: Proposed, quantity: Decimal, price: Decimal) -> Decimal:
        return self._value((order.account, order.instrument), quantity, price)

    def position(self, order: Proposed, rule: Limits) -> exposure.Interval:
        scope = (order.account, order.instrument)
        part = self._book.instruments.part(scope, order.position_side, order.position_id)
        return self._book.exposures.interval(*scope, rule.strategy, part)

    def open_orders(self, rule: Limits) -> int:
        def is_covered(scope: Instrument, working: exposure.Working) -> bool:
            return rule.covers(*scope, working.strategy)

        exposures = self._book.exposures
        return len(exposures.working.streams(is_covered) | exposures.reserved.streams(is_covered))

    def gross_notional(self, rule: Limits) -> Decimal | None:
        values = [self._held_value(scope, quantity) for scope, quantity in self._held(rule)]
        values += [
            self._working_value(*one)
            for one in self._book.exposures.all_at_stake()
            if rule.covers(*one[0], one[1].strategy)
        ]
        gross = ZERO
        for value in values:
            if value is None:
                return None
            gross = EXACT.add(gross, value)
        return gross

    def sent_in_last_second(self, rule: Limits) -> int:
        since = self._book.clock.now() - SECOND
        recent = self._book.submissions.since(since, rule)
        return recent + self._reserved(rule)

    def sent_today(self, rule: Limits) -> int:
        return self._book.submissions.today(rule) + self._reserved(rule)

    def crossed(self, order: Proposed) -> str | None:
        for working in self._book.exposures.working_in(order.account, order.instrument):
            if working.side is not order.side and _crosses(order, working):
                return working.name
        return None

    def losses(self, rule: Limits) -> dict[str, Decimal]:
        return {currency: -gain for currency, gain in self._book.positions.gains(rule).items()}

    def drawdowns(self, rule: Limits) -> dict[str, Decimal]:
        gains, highs = self._book.positions.gains(rule), self._book.positions.highs.get(rule, {})
        return {
            currency: EXACT.subtract(max(highs.get(currency, ZERO), gain), gain)
            for currency, gain in gains.items()
        }

    def _held(self, rule: Limits) -> list[tuple[Instrument, Decimal]]:
        return [
            ((account, instrument), quantity)
            for (account, instrument, strategy, *_), quantity in self._book.positions.held.items()
            if quantity and rule.covers(account, instrument, strategy)
        ]

    def _held_value(self, scope: Instrument, quantity: Decimal) -> Decimal | None:
        mark = self._book.instruments.mark_of(*scope)
        return None if mark is None else self._value(scope, quantity, mark[0])

    def _working_value(self, scope: Instrument, working: exposure.Working) -> Decimal | None:
        mark = self._book.instruments.mark_of(*scope)
        price = working.price if working.price is not None else mark and mark[0]
        return (
            None
            if price is None or working.leaves is None
            else self._value(scope, working.leaves, price)
        )

    def _value(self, scope: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
        terms = self._book.instruments.terms(scope)
        return abs(terms.amount(terms.value(quantity, price)))

    def _reserved(self, rule: Limits) -> int:
        reserved = self._book.exposures.reserved
        return sum(rule.covers(*scope, working.strategy) for scope, working in reserved.items())


def _crosses(order: Proposed, resting: exposure.Working) -> bool:
    if order.limit_price is None or resting.price is None:
        return True
    return (
        order.limit_price >= resting.price
        if order.side is Side.BUY
        else order.limit_price <= resting.price
    )
