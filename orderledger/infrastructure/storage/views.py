"""Questions to the views: as they are, or as of another time by folding the log up to then."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol

from orderledger.domain.events import AnomalyCleared, AnomalyDetected, OrderAttributed
from orderledger.domain.identity import NameKind
from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.arguments import asked_of
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.recording import NAMES_TABLE
from orderledger.infrastructure.storage.store import Store
from orderledger.projections.fold import Fold
from orderledger.projections.store import MemoryRows
from orderledger.projections.tables import ORDERS, Row, Table


class Views(Protocol):
    """Rows of the views' tables, and orders by any of their names."""

    def rows(self, table: Table, *, since: datetime | None = None, until: datetime | None = None, **where: Any) -> list[Row]:
        """The rows with these values, in the table's order. None as a value does not ask for anything. `since` and `until`
        are about the time `at`: from the one on, before the other."""

    def orders_named(self, name: str, account: str | None) -> list[Row]:
        """The orders that bear the name: a client order id, a replacement's, a request's, a venue's id, an alias."""


class StoredViews:
    """The live views, in one reading transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def rows(self, table: Table, *, since: datetime | None = None, until: datetime | None = None, **where: Any) -> list[Row]:
        asked = [(name, "=", value) for name, value in asked_of(table, where).items()]
        asked += [("at", sign, moment) for sign, moment in ((">=", since), ("<", until)) if moment is not None]
        values = [self._session.to_sql(table.kinds[name], value) for name, _, value in asked]
        order = f"ORDER BY {', '.join(self._session.first_missing(name) for name in table.order_by)}"
        with uncollected():
            return self._session.select(table, " AND ".join(f"{name} {sign} ?" for name, sign, _ in asked), values, tail=order)

    def orders_named(self, name: str, account: str | None) -> list[Row]:
        found = self.rows(ORDERS, client_order_id=name, account=account)
        if found:
            return found
        return [row for stream in self.streams_named(name, account) for row in self.rows(ORDERS, stream=stream, account=account)]

    def streams_named(self, name: str, account: str | None = None) -> list[str]:
        """The streams of orders that bear the name, other than as their client order id. Of an account its names alone are read,
        of which the key of the table tells where they stand. LIKE takes more than is meant: other cases, on SQLite, and ends of
        longer values."""
        statement = f"SELECT name, stream FROM {NAMES_TABLE} WHERE (name = ? OR (kind = ? AND name LIKE ? ESCAPE '!'))"
        escaped = name.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        values = [name, NameKind.ALIAS.value, f"%={escaped}"]
        if account is not None:
            statement, values = f"{statement} AND account = ?", [*values, account]
        found = self._session.execute(statement, values)
        return list(dict.fromkeys(stream for known, stream in found if name in (known, known.partition("=")[2])))


class FoldedViews:
    """The views as of another time: what was known at `as_of`, or what had happened by `effective_at`, or both."""

    def __init__(
        self,
        events: Iterable[Recorded],
        as_of: datetime | None,
        effective_at: datetime | None,
        named: Callable[[str], set[str]],
    ) -> None:
        self._named = named
        self._rows = MemoryRows()
        fold = Fold(self._rows)
        for recorded in _until(events, as_of, effective_at):
            fold.take(recorded)
        fold.settle()

    def rows(self, table: Table, *, since: datetime | None = None, until: datetime | None = None, **where: Any) -> list[Row]:
        rows = self._rows.select(table, **asked_of(table, where))
        if since is None and until is None:
            return rows
        return [row for row in rows if (since is None or since <= row["at"]) and (until is None or row["at"] < until)]

    def orders_named(self, name: str, account: str | None) -> list[Row]:
        rows = self.rows(ORDERS, account=account)
        exact = [row for row in rows if row["client_order_id"] == name]
        return exact or [row for row in rows if row["stream"] in self._named(name)]


def folded(store: Store, as_of: datetime | None, effective_at: datetime | None) -> FoldedViews:
    """The views as of another time."""

    def named(name: str) -> set[str]:
        with store.database.reading() as session:
            return set(StoredViews(session).streams_named(name))

    return FoldedViews(store.all_events(), as_of, effective_at, named)


def _until(events: Iterable[Recorded], as_of: datetime | None, effective_at: datetime | None) -> Iterator[Recorded]:
    """What was known, and had happened. Which order a report belongs to is known today, and holds for whatever time is asked
    about; what is odd about an order is not, before the order has any facts."""
    begun: set[str] = set()
    for recorded in events:
        if (as_of is not None and recorded.recorded_at > as_of) or (
            effective_at is not None and not _had_happened(recorded, effective_at)
        ):
            continue
        if not isinstance(recorded.event, (AnomalyDetected, AnomalyCleared)):
            begun.add(recorded.stream)
            yield recorded
        elif recorded.stream in begun:
            yield recorded


def _had_happened(recorded: Recorded, moment: datetime) -> bool:
    return recorded.at <= moment or isinstance(recorded.event, OrderAttributed)
