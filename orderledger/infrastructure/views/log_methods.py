"""`ledger.log`: events in pages and as they are recorded, by log position."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Annotated, Any

from orderledger.domain.recorded import Recorded
from orderledger.domain.stream_names import account_of, quoted
from orderledger.infrastructure.storage.codec import decode
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.recorder import LogRow
from orderledger.infrastructure.storage.store import reaching
from orderledger.infrastructure.views.arguments import check_argument
from orderledger.infrastructure.views.histories import EVENT_NAMES, event_filter, event_row_of
from orderledger.infrastructure.views.paging import (
    LONGEST_PAGE,
    ORDERS_OF_PAGES,
    Order,
    Page,
)
from orderledger.infrastructure.views.parameters import AsOf, EffectiveAt, Since, Until
from orderledger.infrastructure.views.reading import Namespace
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.rows import AccountEventRow, EventRow
from orderledger.projections.view import AnyRow, RowList

ROWS_AT_ONCE = 1_000
"""Events in memory at a time: each may have a large payload of the venue."""

READ_AT_MOST = 50_000
"""Log positions that one search for events covers. The next page continues from there."""


class LogMethods(Namespace):
    """The events of the log in pages and as they are recorded, and those of accounts:
    `ledger.log`."""

    def position(self) -> int:
        """Return the last position of the log, 0 if it is empty."""
        return self._ledger._last_position()

    def page(
        self,
        *,
        limit: int = 200,
        after: int | None = None,
        order: Order = "asc",
        columns: Sequence[str] | None = None,
        stream: str | None = None,
        account: str | None = None,
        actor: str | None = None,
        source: str | None = None,
        name: str | None = None,
        correlation_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        recorded_since: datetime | None = None,
        recorded_until: datetime | None = None,
    ) -> Page:
        """Return a page of the log. The cursor `after` is the log position of an event: the page
        has later ones, with `order` desc or newest earlier ones.

        The filters are those of `ledger.events`. A search covers a part of the log: a page may have
        few rows, or none, and a cursor that continues the search.
        """
        check_argument("stream", "text", stream)
        check_argument("account", "text", account)
        if order not in ORDERS_OF_PAGES or not 1 <= limit <= LONGEST_PAGE:
            raise ValueError(f"order takes {', '.join(ORDERS_OF_PAGES)}, limit 1 to {LONGEST_PAGE}")
        is_asked_for = event_filter(
            actor=actor,
            source=source,
            name=name,
            since=since,
            until=until,
            correlation_id=correlation_id,
            recorded_since=recorded_since,
            recorded_until=recorded_until,
        )

        with reaching(self._url), self._store.database.reading() as session:
            last = session.last_position()
            where = _Where(session, stream, account, EVENT_NAMES[name] if name else None)
            search = _Search(session, where, last, is_descending=order != "asc", after=after)
            found = [one for one in search.events(limit + 1) if is_asked_for(event_row_of(*one))]
            while len(found) <= limit and not search.is_over:
                found += [
                    one for one in search.events(limit + 1) if is_asked_for(event_row_of(*one))
                ]
        stored = [row for row, _ in found[:limit]]
        with reaching(self._url):
            whole = self._store.with_evidence([recorded for _, recorded in found[:limit]])
        rows = [event_row_of(row, recorded) for row, recorded in zip(stored, whole, strict=True)]
        following = rows[-1]["position"] if len(found) > limit else search.goes_on_from
        shown: Sequence[AnyRow] = (
            rows if columns is None else [_with_columns(columns, row) for row in rows]
        )
        return Page(RowList(shown), None if following is None else str(following), None, last)

    def account_events(
        self,
        *,
        since: Since = None,
        until: Until = None,
        as_of: AsOf = None,
        effective_at: EffectiveAt = None,
        **where: Annotated[Any, ACCOUNT_EVENTS],
    ) -> RowList[AccountEventRow]:
        """List funding, adjustments and feed gaps.

        `since` and `until` compare the time when they happened.
        """
        return self._ledger._shown(ACCOUNT_EVENTS, as_of, effective_at, where, since, until)

    async def aevents(
        self, *, account: str | None = None, after: int = 0
    ) -> AsyncGenerator[EventRow, None]:
        """Iterate over the events after a log position, and wait for new ones, without blocking the
        event loop. As `ledger.events` with `follow`; ends when the ledger is closed."""
        check_argument("account", "text", account)
        check_argument("after", "count", after, is_needed=True)
        async with aclosing(self._ledger._following.abatches(after)) as batches:
            async for stored in batches:
                for row in self._ledger._rows_of(
                    [row for row in stored if account in (None, account_of(row.stream))]
                ):
                    yield row


def _with_columns(columns: Sequence[str], row: AnyRow) -> AnyRow:
    return {name: row[name] for name in row if name in columns}


class _Where:
    """The part of a search for events that the database does."""

    def __init__(
        self, session: Session, stream: str | None, account: str | None, name: str | None
    ) -> None:
        parts: list[tuple[str, list[Any]]] = []
        text = session.exact("originator_id")
        if stream is not None:
            parts.append(("originator_id = ?", [stream]))
        if account is not None:
            head = quoted(account)
            parts.append(
                (
                    f"({text} = ? OR ({text} >= ? AND {text} < ?) OR ({text} >= ? AND {text} < ?))",
                    [head, f"{head}/", f"{head}0", f"{head}#", f"{head}$"],
                )
            )
        if name is not None:
            parts.append(("topic = ?", [name]))
        self.condition = "".join(f"{condition} AND " for condition, _ in parts)
        # of one stream, no planner may read the log by positions: an expression has no index
        self.position, self.order_by = (
            ("notification_id + 0", "originator_version") if stream else ("notification_id",) * 2
        )
        self.values = [value for _, values in parts for value in values]


class _Search:
    """A search through the log, forwards or backwards, over a bounded number of positions."""

    def __init__(
        self, session: Session, where: _Where, last: int, *, is_descending: bool, after: int | None
    ) -> None:
        self._session = session
        self._where = where
        self._is_descending = is_descending
        begin = (last + 1 if is_descending else 0) if after is None else after
        self._at = min(begin, last + 1)
        self._end = (
            max(0, self._at - READ_AT_MOST - 1)
            if is_descending
            else min(last, self._at + READ_AT_MOST)
        )
        self._is_last = self._end <= 0 if is_descending else self._end >= last
        self.is_over = False

    @property
    def goes_on_from(self) -> int | None:
        """Where the next search begins. None if this one met the end of the log."""
        if self._is_last:
            return None
        return self._end + 1 if self._is_descending else self._end

    def events(self, limit: int) -> Iterator[tuple[LogRow, Recorded]]:
        """The next events, some at a time, without their evidence."""
        count = min(max(limit, 100), ROWS_AT_ONCE)
        found = self._stored(count)
        self.is_over = len(found) < count
        if found:
            self._at = found[-1].position
        return ((row, decode(*row)) for row in found)

    def _stored(self, count: int) -> list[LogRow]:
        before, after = ("<", ">") if self._is_descending else (">", "<=")
        position, order = (
            self._where.position,
            f"{self._where.order_by}{' DESC' if self._is_descending else ''}",
        )
        span = f"{position} {before} ? AND {position} {after} ? ORDER BY {order} LIMIT ?"
        return self._session.stored_where(
            f"{self._where.condition}{span}", [*self._where.values, self._at, self._end, count]
        )
