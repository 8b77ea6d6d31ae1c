"""The ledger as the rules see it: rows of the views, and the orders of the events since the last
look. Rows are read again when the views have advanced."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

from orderledger import StoreUnreachable
from orderledger.extend.events import accounts
from orderledger.extend.store import reaching, stored
from orderledger.extend.values import Clock, stream_names
from orderledger.extend.views import StoredViews, tables
from orderledger.rows import OrderRow
from orderledger.serve.alerts.stored import Key

if TYPE_CHECKING:
    from orderledger import Ledger

EVENTS_AT_ONCE = 1_000
EVENTS_PER_LOOK = 20_000
"""After a long absence the watcher catches up in several looks."""
STREAMS_AT_ONCE = 100
NEWEST = "ORDER BY COALESCE(requested_at, acknowledged_at, updated_at) DESC, stream DESC LIMIT ?"

Found = TypeVar("Found")


class State:
    """The ledger at the time of a look. Not thread-safe: it belongs to the thread of the watcher.

    `followed`: the log position up to which orders were looked at, None before the first look.
    `changed`: streams of the orders that were recorded or changed since the last look. `raised`:
    rules and subjects of the open alerts. `status`: that of the ledger.
    """

    def __init__(self, ledger: "Ledger", clock: Clock, followed: int | None) -> None:
        self._ledger = ledger
        self.store = ledger.internals.store
        self.clock = clock
        self.followed = followed
        self.changed: set[str] = set()
        self.raised: Collection[Key] = ()
        self.now = clock.now()
        self.status: Mapping[str, Any] = {}
        self._accounts: frozenset[str] | None = None
        self._read_at: int | None = None
        self._rows: dict[Callable[[StoredViews], Any], Any] = {}
        self._kept: dict[Hashable, Any] = {}

    def begin(self, raised: Collection[Key]) -> None:
        """Begin a look. `raised`: the open alerts. Raises StoreError."""
        self.now, self.status, self.raised = self.clock.now(), self._ledger.status(), raised
        if self.status["views_behind"]:
            self._ledger.views.catch_up()
        position = self.position()
        if self._read_at != position:
            self._rows.clear()
            self._read_at = position
        self.changed = self._follow(position)

    def position(self) -> int:
        """The log position of the views. All rows that were read are of it or of earlier ones."""
        with reaching("the views"), self.store.database.reading() as session:
            position, outdated = stored(session)
        if outdated:
            raise StoreUnreachable(
                f"the views are of another version: {', '.join(sorted(outdated))}"
            )
        return position

    def rows(self, read: Callable[[StoredViews], Found]) -> Found:
        """The result of a function that reads the views, cached until the views advance."""
        if read not in self._rows:
            with reaching("the views"), self.store.database.reading() as session:
                self._rows[read] = read(StoredViews(session, self.store.rate_rules))
        return cast(Found, self._rows[read])

    def age(self, since: datetime) -> float:
        """Seconds since then."""
        return round((self.now - since).total_seconds(), 3)

    def orders(self, streams: Iterable[str]) -> list[OrderRow]:
        """The orders with these streams, as they are now."""
        wanted, rows = sorted(streams), list[OrderRow]()
        if not wanted:
            return rows
        with reaching("the views"), self.store.database.reading() as session:
            for start in range(0, len(wanted), STREAMS_AT_ONCE):
                some = wanted[start : start + STREAMS_AT_ONCE]
                where = f"stream IN ({', '.join('?' * len(some))})"
                rows += session.select(tables.ORDERS.public, where, some)
        return rows

    def last_orders(self, account: str, count: int) -> list[OrderRow]:
        """The last orders of an account, by their times."""
        with reaching("the views"), self.store.database.reading() as session:
            return session.select(
                tables.ORDERS.public, "account = ?", (account, count), tail=NEWEST
            )

    def cause(self, stream: str, name: str) -> int | None:
        """The log position of the last event of an order whose name begins so, or else of its last
        event."""
        rows = self.store.recorder.rows_of([stream])
        causes = [row for row in rows if row.name.startswith(name)] or rows
        return causes[-1].position if causes else None

    def kept(self, key: Hashable, make: Callable[[], Found]) -> Found:
        """The state that a rule keeps between looks."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast(Found, self._kept[key])

    def accounts(self) -> frozenset[str]:
        """Every account of the ledger."""
        if self._accounts is None:
            self._accounts = self.rows(_accounts)
        return self._accounts

    def _follow(self, position: int) -> set[str]:
        """The orders of the events since the last look. Notices new accounts."""
        changed: set[str] = set()
        if self.followed is None:
            self.followed = position
        last = min(position, self.followed + EVENTS_PER_LOOK)
        while self.followed < last:
            rows = self.store.recorder.rows_after(
                self.followed, min(EVENTS_AT_ONCE, last - self.followed)
            )
            streams = {row.stream for row in rows if row.position <= last}
            changed.update(filter(stream_names.is_order_stream, streams))
            if self._accounts is not None:
                self._accounts |= {stream_names.account_of(stream) for stream in streams} - {
                    accounts.EVERY_ACCOUNT
                }
            self.followed = min(last, rows[-1].position) if rows else last
        return changed


def _accounts(views: StoredViews) -> frozenset[str]:
    statement = " UNION ".join(
        f"SELECT DISTINCT account FROM {table.name}"
        for table in (tables.ORDERS, tables.INSTRUMENTS, tables.ACCOUNT_EVENTS)
    )
    return frozenset(account for (account,) in views.session.execute(statement))
