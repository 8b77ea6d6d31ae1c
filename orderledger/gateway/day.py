"""Profit and loss since the start of the day, from the log.

A position's change in value since midnight is its cash flow from trades since then, plus its value
now, less its value at midnight. The result does not depend on how lots are matched.
"""

from collections.abc import Iterator
from decimal import Decimal

from orderledger.extend.values import EXACT, ZERO
from orderledger.extend.views import Terms

Key = tuple[str, str, str | None, str, str]
"""Account, instrument, strategy, position side and position id."""

UNKNOWN_CURRENCY = "unknown currency"


class DayPnl:
    """Sums of one day. `opened`: positions at midnight. `cash`: received minus paid, in units of
    the multiplier.

    `fees`: by key and currency; an empty name means the settlement currency. Funding counts as a
    negative fee.
    """

    def __init__(self, opened: dict[Key, Decimal], marks: dict[tuple[str, str], Decimal]) -> None:
        self.opened = opened
        self.marks_at_open = marks
        self.cash: dict[Key, Decimal] = {}
        self.fees: dict[Key, dict[str, Decimal]] = {}
        self.last_prices: dict[tuple[str, str], Decimal] = {}

    def trade(self, key: Key, cash: Decimal) -> None:
        """Add what trades received (positive) or paid (negative)."""
        self.cash[key] = EXACT.add(self.cash.get(key, ZERO), cash)

    def fee(self, key: Key, currency: str, amount: Decimal) -> None:
        """Add a fee that was paid (positive) or a payment that was received (negative)."""
        paid = self.fees.setdefault(key, {})
        paid[currency] = EXACT.add(paid.get(currency, ZERO), amount)

    def touched(self) -> set[Key]:
        """Every key that may have gained or lost today."""
        return {*self.opened, *self.cash, *self.fees}

    def gains(
        self, key: Key, position: Decimal, mark: Decimal | None, terms: Terms
    ) -> Iterator[tuple[str, Decimal]]:
        """The gain of the key since midnight, by currency.

        Without a mark, the last price of the day values it, else the mark at midnight. A position
        with neither is left out.
        """
        account, instrument = key[:2]
        settled = terms.currency or UNKNOWN_CURRENCY
        opening_mark = self.marks_at_open.get((account, instrument))
        price = mark or self.last_prices.get((account, instrument)) or opening_mark
        cash = self.cash.get(key, ZERO)
        if price is not None:
            worth, before = (
                _worth(terms, position, price),
                _worth(terms, self.opened.get(key, ZERO), opening_mark or price),
            )
            yield settled, terms.amount(EXACT.add(cash, EXACT.subtract(worth, before)))
        elif cash:
            yield settled, terms.amount(cash)
        for currency, amount in self.fees.get(key, {}).items():
            yield currency or settled, -amount


def _worth(terms: Terms, quantity: Decimal, price: Decimal) -> Decimal:
    value = terms.value(quantity, price)
    return -value if terms.inverse else value
