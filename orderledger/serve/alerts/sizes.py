"""The size of orders, and what is usual in an account."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from orderledger.extend.store import Session
from orderledger.extend.values import EXACT, QUOTIENT
from orderledger.extend.views import ORDERS, Row, terms_of

NEWEST = "ORDER BY COALESCE(requested_at, acknowledged_at, updated_at) DESC, stream DESC LIMIT ?"
SPARE = 500
"""Orders that are kept beside those of a median, for orders that come late."""
BEGINNING = datetime.min.replace(tzinfo=UTC)
TWO = Decimal(2)

Place = tuple[datetime, str]
"""Where an order stands among those of its account: its time, and its stream."""


def notional_of(order: Row, instrument: Row | None) -> Decimal | None:
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


def place_of(order: Row) -> Place:
    """By the time of request, else of acknowledgement, else of the last change."""
    return order["requested_at"] or order["acknowledged_at"] or order[
        "updated_at"
    ] or BEGINNING, order["stream"]


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
    follow what changes."""

    def __init__(self, kept: int) -> None:
        self._kept = kept + SPARE
        self._sizes: dict[str, dict[str, tuple[Place, Decimal]]] = {}

    def load(
        self, session: Session, account: str, instruments: Mapping[tuple[str, str], Row]
    ) -> None:
        """Read the last orders of an account, unless they are known."""
        if account not in self._sizes:
            self._sizes[account] = {}
            for row in session.select(
                ORDERS.public, "account = ?", (account, self._kept), tail=NEWEST
            ):
                self.note(row, instruments)

    def note(self, order: Row, instruments: Mapping[tuple[str, str], Row]) -> Decimal | None:
        """Take an order, or take it anew, and return its notional."""
        notional = notional_of(order, instruments.get((order["account"], order["instrument"])))
        sizes = self._sizes.setdefault(order["account"], {})
        if notional is not None:
            sizes[order["stream"]] = (place_of(order), notional)
            if len(sizes) > 2 * self._kept:
                self._sizes[order["account"]] = dict(
                    sorted(sizes.items(), key=lambda item: item[1][0])[-self._kept :]
                )
        return notional

    def usual(
        self, account: str, orders: int, at_least: int, before: Place | None = None
    ) -> Decimal | None:
        """The median of the last orders, of those before a place if one is given. None of fewer
        than `at_least`."""
        found = sorted(
            size
            for size in self._sizes.get(account, {}).values()
            if before is None or size[0] < before
        )[-orders:]
        return median(notional for _, notional in found) if len(found) >= at_least else None
