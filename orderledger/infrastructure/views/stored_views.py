"""The live views, and the events of one order found through them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from heapq import merge
from operator import itemgetter
from typing import Any, cast

from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.numbers_and_times import parse_time
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.table_names import NAMES_TABLE
from orderledger.infrastructure.views import lookups
from orderledger.infrastructure.views.agreement_sql import agreement_sql
from orderledger.infrastructure.views.arguments import asked_of
from orderledger.infrastructure.views.paging import Place
from orderledger.infrastructure.views.views import NEWEST_BY, matching, newest_of
from orderledger.projections.account_counts import AccountCountsRow
from orderledger.projections.agreement import AGREEMENTS
from orderledger.projections.anomalies import ANOMALIES
from orderledger.projections.certificates import CERTIFICATES, CertificateRow
from orderledger.projections.derived_anomalies import derived_anomalies
from orderledger.projections.groups import GROUP_LINKS, SHOWN_OF_GROUPS, with_group
from orderledger.projections.marks import MARKS, MarkRow
from orderledger.projections.orders import ORDERS, OrderRow, StoredOrderRow
from orderledger.projections.rates import USUAL, RateRules
from orderledger.projections.store import sort_key
from orderledger.projections.view import AnyTable, RowType, Table


class StoredViews:
    """The live views, in one reading transaction: `session`."""

    rate_rules = USUAL

    def __init__(self, session: Session, rate_rules: RateRules = USUAL) -> None:
        self.rate_rules = rate_rules
        self.session = session

    def rows(
        self,
        table: Table[RowType],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        newest: int | None = None,
        **where: Any,
    ) -> list[RowType]:
        found = self._by_key(table, since, until, where)
        if found is not None:
            found = found if newest is None else newest_of(found, newest)
            return list(self._whole(table, sorted(found, key=lambda row: sort_key(table, row))))
        condition, values = self.condition(table, since, until, where)
        with uncollected():
            if newest is None:
                rows = self.session.select(table, condition, values, tail=self._order(table))
                return list(self._whole(table, self._with_more(table, rows, since, until, where)))
            rows = self.session.select(table, *self._newest(table, newest, condition, values))
        return list(self._whole(table, sorted(rows, key=lambda row: sort_key(table, row))))

    def _whole(self, table: Table[RowType], rows: Iterable[RowType]) -> Iterator[RowType]:
        """The rows; those of orders with what follows from their groups."""
        if table.name != ORDERS.name or not set(table.names) >= SHOWN_OF_GROUPS:
            return iter(rows)
        links = ((row, cast(OrderRow, row)["links"]) for row in rows)
        return (
            with_group(self, row) if of and of.keys() >= GROUP_LINKS else row for row, of in links
        )

    def each(
        self,
        table: Table[RowType],
        *,
        columns: tuple[str, ...] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        **where: Any,
    ) -> Iterator[RowType]:
        found = self._by_key(table, since, until, where)
        if found is not None:
            return self._whole(table, sorted(found, key=lambda row: sort_key(table, row)))
        condition, values = self.condition(table, since, until, where)
        read = table if columns is None else table.narrowed(columns)
        rows = self.session.each(read, condition, values, tail=self._order(table))
        if table.name != ANOMALIES.name:
            return self._whole(read, rows)
        return merge(
            rows,
            derived_anomalies(self, read, since=since, until=until, **where),
            key=itemgetter("position"),
        )

    def page(
        self,
        place: Place[RowType],
        *,
        columns: tuple[str, ...],
        missing: tuple[str, ...] = (),
        search: str | None = None,
        agreement: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        **where: Any,
    ) -> list[RowType]:
        """The rows of a page and one more. Each segment of the order is one range of an index."""
        table = place.table
        named = None if search is not None else self._by_key(table, since, until, where, missing)
        if named is not None:
            return list(self._whole(table, place.rows_of(named)))
        read = table.narrowed(
            tuple(name for name in table.names if name in {*columns, *place.order_by})
        )
        base, values = self._matching(table, since, until, where, missing, search, agreement)
        again, more_values = self._in_order_of_pages(table, where)
        base, values = " AND ".join(part for part in (base, again) if part), [*values, *more_values]
        found: list[RowType] = []
        with uncollected():
            for segment in place.segments():
                condition, more = self._of_segment(table, segment)
                tail = f"{self._order_of(place)} LIMIT {place.limit + 1 - len(found)}"
                both = " AND ".join(part for part in (base, condition) if part)
                found += self.session.select(read, both, [*values, *more], tail=tail)
                if len(found) > place.limit:
                    break
        if table.name == ANOMALIES.name:
            found = place.rows_of(
                [*found, *derived_anomalies(self, read, since=since, until=until, **where)]
            )
        return list(self._whole(read, found))

    def count(
        self,
        table: AnyTable,
        *,
        missing: tuple[str, ...] = (),
        search: str | None = None,
        agreement: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        **where: Any,
    ) -> int:
        """The number of rows that match."""
        named = None if search is not None else self._by_key(table, since, until, where, missing)
        if named is not None:
            return len(named)
        condition, values = self._matching(table, since, until, where, missing, search, agreement)
        tail = f" WHERE {condition}" if condition else ""
        more = self._with_more(table, [], since, until, where)
        return int(
            self.session.execute(f"SELECT COUNT(*) FROM {table.name}{tail}", values)[0][0]
        ) + len(more)

    def _with_more(
        self,
        table: Table[RowType],
        rows: list[RowType],
        since: datetime | None,
        until: datetime | None,
        where: dict[str, Any],
    ) -> list[RowType]:
        """With the anomalies that no event records."""
        if table.name != ANOMALIES.name:
            return rows
        more = derived_anomalies(self, table, since=since, until=until, **where)
        return sorted([*rows, *more], key=itemgetter("position")) if more else rows

    def orders_in(self, streams: Sequence[str]) -> list[OrderRow]:
        """The orders of these streams, in no order."""
        rows = lookups.in_streams(self.session, ORDERS.public, streams)
        return list(self._whole(ORDERS.public, rows))

    def counts_by_account(self, since: datetime) -> list[AccountCountsRow]:
        """A row of counts of orders for each account: see `count_by_account`."""
        moment = self.session.to_sql("time", since)
        counted = (
            "1 = 1",
            "is_open",
            "is_open AND certainty = 'unresolved'",
            "requested_at >= ?",
            "updated_at >= ?",
            "ended_at >= ?",
        )
        sums = ", ".join(f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)" for condition in counted)
        by_account = self.session.exact("account")
        statement = (
            f"SELECT account, {sums}, MAX(updated_at) FROM {ORDERS.name} GROUP BY account ORDER BY "
            f"{by_account}"
        )
        return [
            {
                "account": account,
                "orders": orders,
                "open_orders": open_orders,
                "unresolved_orders": unresolved,
                "new_orders": new,
                "changed_orders": changed,
                "ended_orders": ended,
                "last_update_at": _time_of(last),
            }
            for account, orders, open_orders, unresolved, new, changed, ended, last in (
                self.session.execute(statement, [moment] * 3)
            )
        ]

    def agreement_counts(self, account: str | None) -> dict[str, dict[str, int]]:
        """By account, the number of orders of each agreement."""
        where, values = ("", []) if account is None else (" WHERE account = ?", [account])
        found: dict[str, dict[str, int]] = {}
        expression = agreement_sql(self.session.place_in_text)
        statement = (
            f"SELECT account, {expression}, COUNT(*) FROM {ORDERS.name}{where} GROUP BY 1, 2"
        )
        for name, agreement, count in self.session.execute(statement, values):
            found.setdefault(name, dict.fromkeys(AGREEMENTS, 0))[agreement] = int(count)
        return found

    def last_certificates(self) -> list[CertificateRow]:
        """The last certificate of each account."""
        last = f"SELECT MAX(position) FROM {CERTIFICATES.name} GROUP BY account"
        return self.session.select(
            CERTIFICATES, f"position IN ({last})", tail=f"ORDER BY {self.session.exact('account')}"
        )

    def _matching(
        self,
        table: AnyTable,
        since: datetime | None,
        until: datetime | None,
        where: dict[str, Any],
        missing: tuple[str, ...],
        search: str | None,
        agreement: str | None,
    ) -> tuple[str, list[Any]]:
        condition, values = self.condition(table, since, until, where)
        parts = [condition, *(f"{name} IS NULL" for name in missing)]
        if agreement is not None:
            parts.append(f"{agreement_sql(self.session.place_in_text)} = ?")
            values = [*values, agreement]
        if search is not None:
            found, more = self._called(search, where.get("account"))
            parts, values = [*parts, found], [*values, *more]
        return " AND ".join(part for part in parts if part), values

    def _called(self, search: str, account: str | None) -> tuple[str, list[Any]]:
        """The condition for orders with an id that begins with the text: one of ours, the venue's,
        or the value of an alias."""
        name, own = self.session.exact("name"), self.session.exact("client_order_id")
        ends = search + "\U0010ffff"
        alias = f"substr(name, {self.session.place_in_text}(name, '=') + 1, {len(search)}) = ?"
        of_account, given = ("account = ? AND ", [account]) if account is not None else ("", [])
        return (
            f"stream IN (SELECT stream FROM {NAMES_TABLE} WHERE {of_account}{name} >= ? AND {name} "
            f"< ? UNION SELECT stream FROM {NAMES_TABLE} WHERE {of_account}kind = 'alias' AND "
            f"{alias} UNION SELECT stream FROM {ORDERS.name} WHERE {of_account}{own} >= ? AND "
            f"{own} < ?)"
        ), [*given, search, ends, *given, search, *given, search, ends]

    def _in_order_of_pages(self, table: AnyTable, where: dict[str, Any]) -> tuple[str, list[Any]]:
        """The same conditions once more, for columns that the indexes of pages compare in another
        way than others do."""
        asked = [
            (self._sorted(table, name), name, where[name])
            for index in table.paged_by
            for name in index
            if where.get(name)
        ]
        conditions = {compared: value for compared, name, value in asked if compared != name}
        return " AND ".join(f"{compared} = ?" for compared in conditions), list(conditions.values())

    def _of_segment(
        self, table: AnyTable, segment: list[tuple[str, str, Any]]
    ) -> tuple[str, list[Any]]:
        parts = [
            f"{self._sorted(table, name)} {sign} {'NULL' if value is None else '?'}"
            for name, sign, value in segment
        ]
        values = [
            self.session.to_sql(table.kinds[name], value)
            for name, _, value in segment
            if value is not None
        ]
        return " AND ".join(parts), values

    def _sorted(self, table: AnyTable, name: str) -> str:
        return self.session.exact(name) if table.kinds[name] == "text" else name

    def _order_of(self, place: Place[Any]) -> str:
        by = self.session.latest_first if place.is_descending else self.session.first_missing
        return f"ORDER BY {', '.join(map(by, place.order_by))}"

    def _newest(
        self, table: AnyTable, count: int, condition: str, values: list[Any]
    ) -> tuple[str, list[Any]]:
        """The condition for the last updated rows. It sorts only their keys: building whole rows
        takes ten times as long."""
        latest = ", ".join(map(self.session.latest_first, NEWEST_BY))
        where = f"WHERE {condition}" if condition else ""
        return f"stream IN (SELECT stream FROM {table.name} {where} ORDER BY {latest} LIMIT ?)", [
            *values,
            count,
        ]

    def _order(self, table: AnyTable) -> str:
        return f"ORDER BY {', '.join(self.session.first_missing(name) for name in table.order_by)}"

    def condition(
        self, table: AnyTable, since: datetime | None, until: datetime | None, where: dict[str, Any]
    ) -> tuple[str, list[Any]]:
        """The condition for these rows in SQL, and its parameters."""
        asked = [
            (name, "=", table.kinds[name], value) for name, value in asked_of(table, where).items()
        ]
        time = table.time[0] if len(table.time) == 1 else f"COALESCE({', '.join(table.time)})"
        asked += [
            (time, sign, "time", moment)
            for sign, moment in ((">=", since), ("<", until))
            if moment is not None
        ]
        values = [self.session.to_sql(kind, value) for _, _, kind, value in asked]
        return " AND ".join(f"{name} {sign} ?" for name, sign, _, _ in asked), values

    def last_marks(self, moment: datetime, account: str | None) -> list[MarkRow]:
        condition, values = self.condition(MARKS, None, None, {"account": account})
        condition = " AND ".join(filter(None, (condition, "at <= ?")))
        last = (
            f"SELECT account, instrument, MAX(at) FROM {MARKS.name} WHERE {condition} GROUP BY "
            "account, instrument"
        )
        values.append(self.session.to_sql("time", moment))
        return self.session.select(MARKS, f"(account, instrument, at) IN ({last})", values)

    def orders_named(self, name: str, account: str | None) -> list[StoredOrderRow]:
        rows = lookups.orders_named(self.session, name, account)
        return list(self._whole(ORDERS, rows))

    def events_of_order(self, name: str, account: str | None) -> list[Recorded]:
        """All events of the orders with this name, in log order: of their own streams, and of
        streams attributed to them."""
        return lookups.events_of_order(self.session, name, account)

    def events_of_groups(self, name: str, account: str | None) -> list[Recorded]:
        """All events of the orders with this name, and of the other orders of their groups, in
        log order."""
        events = {
            one.position: one
            for order in self.orders_named(name, account)
            for other in order["group_orders"] or ()
            for one in self.events_of_order(other["client_order_id"], order["account"])
        }
        events |= {one.position: one for one in self.events_of_order(name, account)}
        return [events[position] for position in sorted(events, key=lambda place: place or 0)]

    def _by_key(
        self,
        table: Table[RowType],
        since: datetime | None,
        until: datetime | None,
        where: dict[str, Any],
        missing: Sequence[str] = (),
    ) -> list[RowType] | None:
        """The rows that match a filter which names orders by a key, in no order. None if it names
        none."""
        asked = asked_of(table, where)
        found = lookups.rows_by_key(self.session, table, asked)
        return None if found is None else matching(table, found, asked, since, until, missing)


def _time_of(value: Any) -> datetime | None:
    """A time as the driver returns it: SQLite has text."""
    return parse_time(value) if value is not None else None
