"""Reads the state that the rules look at: rows of the views when they have moved on, and the log
since the last look."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from orderledger import StoreUnreachable
from orderledger.extend.events import EVERY_ACCOUNT
from orderledger.extend.store import Key, Session, Store, reaching, stored
from orderledger.extend.values import Clock, account_of, is_order_stream
from orderledger.extend.views import (
    ACCOUNT_EVENTS,
    ANOMALIES,
    CERTIFICATES,
    HALTS,
    INSTRUMENTS,
    ORDERS,
    Row,
    StoredViews,
    position_anomalies,
    queries,
)
from orderledger.gateway.breakers import feed_age
from orderledger.serve.alerts.books import AccountsBook, losses, used_limits
from orderledger.serve.alerts.feeds import last_message_age
from orderledger.serve.alerts.settings import (
    AlertSettings,
    DailyLossRule,
    LargeChangeRule,
    LimitRule,
    Rule,
)
from orderledger.serve.alerts.sizes import UsualSizes, place_of
from orderledger.serve.alerts.state import Feed, OpenBreak, Sized, State

EVENTS_AT_ONCE = 1_000
EVENTS_PER_LOOK = 20_000
"""After a long absence the watcher catches up in several looks."""
STREAMS_AT_ONCE = 100
LAST_CERTIFICATES = f"position IN (SELECT MAX(position) FROM {CERTIFICATES.name} GROUP BY account)"

RuleType = TypeVar("RuleType", bound=Rule)


class WatchedLedger(Protocol):
    """What the watcher needs of a ledger."""

    @property
    def store(self) -> Store: ...
    def status(self) -> dict[str, Any]: ...
    def catch_up(self) -> int: ...


class StateReader:
    """Reads one state after another. Not thread-safe: it belongs to the thread of the watcher.

    `followed`: the log position up to which orders were looked at.
    """

    def __init__(self, ledger: WatchedLedger, settings: AlertSettings, clock: Clock) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._clock = clock
        self._rules = settings.rules
        self._kinds = {rule.kind for rule in settings.rules}
        self._large = self._of(LargeChangeRule)
        self._sizes = UsualSizes(max((rule.orders for rule in self._large), default=0))
        zones = {rule.time_zone for rule in self._of(DailyLossRule)}
        self._days = {zone: AccountsBook(self._store, clock, ZoneInfo(zone)) for zone in zones}
        self._limits = {rule.title: settings.limits_of(rule) for rule in self._of(LimitRule)}
        self._limited = {
            name: AccountsBook(
                self._store,
                clock,
                limits.zone,
                [rule for rule in limits.rules if rule.drawdown is not None],
            )
            for name, limits in self._limits.items()
        }
        self._accounts: frozenset[str] | None = None
        self._read_at: tuple[int, object] | None = None
        self._rows: dict[str, Any] = {}
        self.followed: int | None = None

    def read(self, raised: Collection[Key]) -> State:
        """The state now. `raised`: the alerts that are open. Raises StoreError."""
        now, status = self._clock.now(), self._ledger.status()
        if status["views_behind"]:
            self._ledger.catch_up()
        touched = self._follow(self._views_position())
        with reaching("the views"), self._store.database.reading() as session:
            position, _ = stored(session)
            if self._read_at != (place := (position, now.date())):
                self._rows = self._views(session)
                self._read_at = place
            orders = self._orders(session, touched, raised)
        rows = {
            **self._rows,
            "feeds": self._feeds(status, now),
            "orders": orders,
            "raised": frozenset(raised),
        }
        return State(now=now, position=position, **rows, **self._of_books(position))

    def _of(self, kind: type[RuleType]) -> list[RuleType]:
        return [rule for rule in self._rules if isinstance(rule, kind)]

    def _views_position(self) -> int:
        with reaching("the views"), self._store.database.reading() as session:
            position, outdated = stored(session)
        if outdated:
            raise StoreUnreachable(
                f"the views are of another version: {', '.join(sorted(outdated))}"
            )
        return position

    def _follow(self, position: int) -> set[str]:
        """The orders of the events since the last look. Notices new accounts."""
        touched: set[str] = set()
        if self.followed is None:
            self.followed = position
        last = min(position, self.followed + EVENTS_PER_LOOK)
        while self.followed < last:
            rows = self._store.recorder.rows_after(
                self.followed, min(EVENTS_AT_ONCE, last - self.followed)
            )
            streams = {row.stream for row in rows if row.position <= last}
            touched.update(filter(is_order_stream, streams))
            if self._accounts is not None:
                self._accounts |= {account_of(stream) for stream in streams} - {EVERY_ACCOUNT}
            self.followed = min(last, rows[-1].position) if rows else last
        return touched

    def _views(self, session: Session) -> dict[str, Any]:
        """The rows that the rules need."""
        views = StoredViews(session)
        rows: dict[str, Any] = {}
        readers: dict[str, tuple[str, Callable[[], Sequence[Any]]]] = {
            "unresolved": (
                "unresolved",
                lambda: views.rows(ORDERS.public, is_open=True, certainty="unresolved"),
            ),
            "gap": (
                "gaps",
                lambda: session.select(ACCOUNT_EVENTS, "kind = 'gap' AND to_at IS NULL"),
            ),
            "anomaly": (
                "anomalies",
                lambda: [
                    *session.select(ANOMALIES, "cleared_at IS NULL"),
                    *position_anomalies(views, ANOMALIES),
                ],
            ),
            "open_break": (
                "breaks",
                lambda: _breaks(session.select(CERTIFICATES, LAST_CERTIFICATES)),
            ),
            "halt": ("halts", lambda: session.select(HALTS, "resumed_at IS NULL")),
            "exposure": ("exposure", lambda: queries.exposure(views)),
        }
        for kind in self._kinds & readers.keys():
            name, reader = readers[kind]
            rows[name] = reader()
        if self._large:
            held = rows.get("exposure") or queries.exposure(views)
            if any(rule.times_usual is not None for rule in self._large):
                instruments = self._instruments(session)
                for row in held:
                    self._sizes.load(session, row["account"], instruments)
            rows["positions"] = {
                rule.title: [self._sized_position(row, rule) for row in held]
                for rule in self._large
            }
        return rows

    def _instruments(self, session: Session) -> Mapping[tuple[str, str], Row]:
        return {
            (row["account"], row["instrument"]): row
            for row in StoredViews(session).rows(INSTRUMENTS)
        }

    def _orders(
        self, session: Session, touched: set[str], raised: Iterable[Key]
    ) -> dict[str, list[Sized]]:
        """The sizes of the orders that have changed, and of those about which an alert is open."""
        names = {rule.title for rule in self._large}
        streams = touched | {
            subject for rule, subject in raised if rule in names and is_order_stream(subject)
        }
        if not self._large or not streams:
            return {}
        instruments, rows = self._instruments(session), _rows_of(session, sorted(streams))
        for row in rows:
            self._sizes.load(session, row["account"], instruments)
        notionals = {row["stream"]: self._sizes.note(row, instruments) for row in rows}
        return {
            rule.title: [
                Sized(row, notionals[row["stream"]], self._usual(row, rule)) for row in rows
            ]
            for rule in self._large
        }

    def _usual(self, row: Row, rule: LargeChangeRule) -> Any:
        return self._sizes.usual(row["account"], rule.orders, rule.at_least, place_of(row))

    def _sized_position(self, row: Row, rule: LargeChangeRule) -> Sized:
        return Sized(
            row, row["notional"], self._sizes.usual(row["account"], rule.orders, rule.at_least)
        )

    def _of_books(self, position: int) -> dict[str, Any]:
        """Losses and used limits. The books follow the log themselves, and may be ahead of the
        views."""
        if not self._days and not self._limited:
            return {}
        if self._accounts is None:
            self._accounts = self._known_accounts()
        accounts = self._accounts
        days = {zone: book.follow(accounts) for zone, book in self._days.items()}
        limited = {name: book.follow(accounts) for name, book in self._limited.items()}
        return {
            "losses": {
                rule.title: losses(days[rule.time_zone], rule.account)
                for rule in self._of(DailyLossRule)
            },
            "used": {name: used_limits(book, self._limits[name]) for name, book in limited.items()},
        }

    def _known_accounts(self) -> frozenset[str]:
        tables = (ORDERS, INSTRUMENTS, ACCOUNT_EVENTS)
        statement = " UNION ".join(f"SELECT DISTINCT account FROM {table.name}" for table in tables)
        with reaching("the views"), self._store.database.reading() as session:
            return frozenset(account for (account,) in session.execute(statement))

    @staticmethod
    def _feeds(status: Mapping[str, Any], now: datetime) -> list[Feed]:
        """Every account that a collector lists which has not ended."""
        running = [told for told in status["collectors"].values() if told.get("is_running")]
        accounts = sorted({account for told in running for account in told.get("accounts", {})})
        return [
            Feed(name, feed_age(status, name, now), last_message_age(status, name, now))
            for name in accounts
        ]


def _breaks(certificates: Iterable[Row]) -> list[OpenBreak]:
    return [
        OpenBreak(
            row["account"], left["id"], datetime.fromisoformat(left["since"]), row["position"]
        )
        for row in certificates
        for left in row["open_breaks"]
    ]


def _rows_of(session: Session, streams: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    for start in range(0, len(streams), STREAMS_AT_ONCE):
        some = streams[start : start + STREAMS_AT_ONCE]
        rows += session.select(ORDERS.public, f"stream IN ({', '.join('?' * len(some))})", some)
    return sorted(rows, key=place_of)
