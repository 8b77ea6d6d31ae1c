"""The size of orders, and the usual size in an account."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from orderledger.extend.values import EXACT, QUOTIENT
from orderledger.extend.views import StoredViews, tables, terms_of
from orderledger.rows import InstrumentRow, OrderRow
from orderledger.serve.alerts.reading import State

SPARE = 500
"""Orders that are kept beside those of a median, for orders that come late."""
BEGINNING = datetime.min.replace(tzinfo=UTC)
END = (datetime.max.replace(tzinfo=UTC), "")
TWO = Decimal(2)

Place = tuple[datetime, str]
"""Sort key of an order in its account: its time, and its stream."""

Instruments = Mapping[tuple[str, str | None], InstrumentRow]
"""By account and instrument."""


def instruments(views: StoredViews) -> Instruments:
    return {(row["account"], row["instrument"]): row for row in views.rows(tables.INSTRUMENTS)}


def notional_of(order: OrderRow, instrument: InstrumentRow | None) -> Decimal | None:
    """Quantity at the limit price, else at the average price, the stop price or the mark; without a
    sign. None if unknown."""
    prices = (
        order["limit_price"],
        order["average_price"],
        order["stop_price"],
        instrument and instrument["mark_price"],
    )
    price = next((price for price in prices if price is not None), None)
    if price is None or order["quantity"] is None:
        return None
    terms = terms_of(instrument)
    return abs(terms.amount(terms.value(order["quantity"], price)))


def place_of(order: OrderRow) -> Place:
    """By the time of request, else of acknowledgement, else of the last change."""
    at = order["requested_at"] or order["acknowledged_at"] or order["updated_at"] or BEGINNING
    return at, order["stream"]


def median(sizes: Iterable[Decimal]) -> Decimal | None:
    """The middle one, or the mean of the two in the middle. None of none."""
    ordered = sorted(sizes)
    if not ordered:
        return None
    half = len(ordered) // 2
    return (
        ordered[half]
        if len(ordered) % 2
        else QUOTIENT.divide(EXACT.add(ordered[half - 1], ordered[half]), TWO)
    )


class UsualSizes:
    """The notionals of the last orders of each account. They are read once for an account, and then
    follow what changes. The usual size is the median of the last `orders`, None of fewer than
    `at_least`."""

    def __init__(self, orders: int, at_least: int) -> None:
        self._orders = orders
        self._at_least = at_least
        self._kept = orders + SPARE
        self._sizes: dict[str, dict[str, tuple[Place, Decimal]]] = {}
        self._usual: dict[str, Decimal | None] = {}

    def load(self, state: State, accounts: Iterable[str]) -> None:
        """Read the last orders of these accounts, unless they are known."""
        for account in sorted(set(accounts) - self._sizes.keys()):
            self._sizes[account] = {}
            for order in state.last_orders(account, self._kept):
                self.note(order, state.rows(instruments))

    def note(self, order: OrderRow, instruments: Instruments) -> Decimal | None:
        """Add an order, or replace it, and return its notional."""
        account = order["account"]
        notional = notional_of(order, instruments.get((account, order["instrument"])))
        self._usual.pop(account, None)
        sizes = self._sizes.setdefault(account, {})
        if notional is not None:
            sizes[order["stream"]] = (place_of(order), notional)
            if len(sizes) > 2 * self._kept:
                self._sizes[account] = dict(
                    sorted(sizes.items(), key=lambda item: item[1][0])[-self._kept :]
                )
        return notional

    def usual(self, account: str) -> Decimal | None:
        """The usual size now."""
        if account not in self._usual:
            self._usual[account] = self.usual_before(account, END)
        return self._usual[account]

    def usual_before(self, account: str, place: Place) -> Decimal | None:
        """The usual size by the orders before a place."""
        sizes = self._sizes.get(account, {}).values()
        last = sorted(size for size in sizes if size[0] < place)[-self._orders :]
        return median(notional for _, notional in last) if len(last) >= self._at_least else None
