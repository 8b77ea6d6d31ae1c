"""Losses of the day and used limits, by the gateway's own book of the log, so that an alert and a
denial agree."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from orderledger.extend.store import Store
from orderledger.extend.values import ZERO, Clock, sides
from orderledger.gateway.book import Book
from orderledger.gateway.limits import Limits
from orderledger.gateway.loading import load
from orderledger.gateway.settings import GatewaySettings
from orderledger.gateway.situation import BookSituation
from orderledger.serve.alerts.reading import State

WHOLE = ("open_orders", "gross_notional", "orders_per_day")
"""Limits that are about the whole scope of their rule."""


class Used(NamedTuple):
    """How much of a limit is used. `subject`: the limit and its scope."""

    subject: str
    account: str | None
    value: Decimal
    limit: Decimal


class AccountsBook:
    """A book of all accounts that follows the log. It is loaded again when an account appears."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, highs: tuple[Limits, ...]
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._highs = highs
        self._book: Book | None = None

    def follow(self, accounts: frozenset[str]) -> Book:
        """Bring the book to the end of the log."""
        if self._book is None or self._book.accounts != accounts:
            book = Book(self._store, accounts, self._clock, self._zone, load)
            book.positions.highs = {rule: {} for rule in self._highs}
            load(book)
            self._book = book
        self._book.catch_up()
        return self._book


def book_of(state: State, zone: ZoneInfo, highs: tuple[Limits, ...] = ()) -> Book:
    """A book of every account, at the end of the log."""
    book = state.kept(
        ("book", zone, highs), lambda: AccountsBook(state.store, state.clock, zone, highs)
    )
    return book.follow(state.accounts())


def used_limits(book: Book, settings: GatewaySettings) -> list[Used]:
    """How much is used of each limit that fills up."""
    situation = BookSituation(book)
    return [
        used
        for number, rule in enumerate(settings.rules, 1)
        for used in _used(book, situation, rule, number)
    ]


def _used(book: Book, situation: BookSituation, rule: Limits, number: int) -> Iterator[Used]:
    scope = " ".join(
        filter(
            None, (rule.name or f"limits {number}", rule.account, rule.instrument, rule.strategy)
        )
    )
    values = {
        "open_orders": situation.open_orders(rule) if rule.open_orders is not None else 0,
        "gross_notional": situation.gross_notional(rule)
        if rule.gross_notional is not None
        else None,
        "orders_per_day": situation.sent_today(rule) if rule.orders_per_day is not None else 0,
    }
    for name in WHOLE:
        limit, value = getattr(rule, name), values[name]
        if limit is not None and value is not None:
            yield Used(f"{name} of {scope}", rule.account, Decimal(value), Decimal(limit))
    for name, limit, found in (
        ("daily_loss", rule.daily_loss, situation.losses),
        ("drawdown", rule.drawdown, situation.drawdowns),
    ):
        for currency, amount in sorted(found(rule).items()) if limit is not None else ():
            if limit is not None:
                yield Used(f"{name} of {scope} in {currency}", rule.account, amount, limit)
    if rule.position_quantity is not None:
        for (account, instrument, part), quantity in sorted(_positions(book, rule).items()):
            named = " ".join((account, instrument, *sides.part_words(part)))
            yield Used(
                f"position_quantity of {scope}: {named}", account, quantity, rule.position_quantity
            )


def _positions(book: Book, rule: Limits) -> dict[tuple[str, str, sides.Part], Decimal]:
    """The largest position that may result, by account, instrument, position side and id. One
    without a bound is left out."""
    held = {(*key[:2], key[3:]) for key in book.positions.held}
    part_of = book.instruments.part
    scopes = held | {
        (*scope, part_of(scope, working.position_side, working.position_id))
        for scope, working in book.exposures.all_working()
    }
    found: dict[tuple[str, str, sides.Part], Decimal] = {}
    for account, instrument, part in scopes:
        if rule.account in (None, account) and rule.instrument in (None, instrument):
            least, most = book.exposures.interval(account, instrument, rule.strategy, part)
            if least is not None and most is not None:
                found[account, instrument, part] = max(ZERO, abs(least), abs(most))
    return found
