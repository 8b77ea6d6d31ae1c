"""The live views, and the events of one order found through them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from orderledger.domain.orders.identity import NameKind
from orderledger.domain.orders.judgements import OrderAttributed
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import account_of, alias_stream, order_stream, venue_order_stream
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.recorder import NAMES_TABLE
from orderledger.infrastructure.views.arguments import asked_of
from orderledger.infrastructure.views.views import NEWEST_BY
from orderledger.projections.marks import MARKS
from orderledger.projections.orders import ORDERS
from orderledger.projections.store import sort_key
from orderledger.projections.view import Row, Table


class StoredViews:
    """The live views, in one reading transaction: `session`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def rows(
        self,
        table: Table,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        newest: int | None = None,
        **where: Any,
    ) -> list[Row]:
        condition, values = self.condition(table, since, until, where)
        with uncollected():
            if newest is None:
                return self.session.select(table, condition, values, tail=self._order(table))
            rows = self.session.select(table, *self._newest(table, newest, condition, values))
        return sorted(rows, key=lambda row: sort_key(table, row))

    def each(
        self,
        table: Table,
        *,
        columns: tuple[str, ...] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        **where: Any,
    ) -> Iterator[Row]:
        condition, values = self.condition(table, since, until, where)
        read = table if columns is None else table.narrowed(columns)
        return self.session.each(read, condition, values, tail=self._order(table))

    def _newest(self, table: Table, count: int, condition: str, values: list[Any]) -> tuple[str, list[Any]]:
        """The condition for the last updated rows. It sorts only their keys: building whole rows takes ten times as long."""
        latest = ", ".join(map(self.session.latest_first, NEWEST_BY))
        where = f"WHERE {condition}" if condition else ""
        return f"stream IN (SELECT stream FROM {table.name} {where} ORDER BY {latest} LIMIT ?)", [*values, count]

    def _order(self, table: Table) -> str:
        return f"ORDER BY {', '.join(self.session.first_missing(name) for name in table.order_by)}"

    def condition(
        self, table: Table, since: datetime | None, until: datetime | None, where: dict[str, Any]
    ) -> tuple[str, list[Any]]:
        """The condition for these rows in SQL, and its parameters."""
        asked = [(name, "=", table.kinds[name], value) for name, value in asked_of(table, where).items()]
        time = table.time[0] if len(table.time) == 1 else f"COALESCE({', '.join(table.time)})"
        asked += [(time, sign, "time", moment) for sign, moment in ((">=", since), ("<", until)) if moment is not None]
        values = [self.session.to_sql(kind, value) for _, _, kind, value in asked]
        return " AND ".join(f"{name} {sign} ?" for name, sign, _, _ in asked), values

    def last_marks(self, moment: datetime, account: str | None) -> list[Row]:
        condition, values = self.condition(MARKS, None, None, {"account": account})
        condition = " AND ".join(filter(None, (condition, "at <= ?")))
        last = f"SELECT account, instrument, MAX(at) FROM {MARKS.name} WHERE {condition} GROUP BY account, instrument"
        values.append(self.session.to_sql("time", moment))
        return self.session.select(MARKS, f"(account, instrument, at) IN ({last})", values)

    def orders_named(self, name: str, account: str | None) -> list[Row]:
        found = self.rows(ORDERS, client_order_id=name, account=account)
        if found:
            return found
        rows = [row for stream in self.streams_named(name, account) for row in self._order_in(stream)]
        return list({row["stream"]: row for row in rows}.values())

    def events_of_order(self, name: str, account: str | None) -> list[Recorded]:
        """All events of the orders with this name, in log order: of their own streams, and of streams attributed to them."""
        found = {row["stream"] for row in self.rows(ORDERS, client_order_id=name, account=account)}
        for bound in self.streams_named(name, account):
            found.update(self._followed(bound))
        streams = found.union(*map(self._first_streams, found))
        events = [recorded for stream in sorted(streams) for recorded in self.session.events_of(stream)]
        return sorted(events, key=lambda recorded: recorded.position or 0)

    def _followed(self, stream: str) -> list[str]:
        """The stream, followed by the streams that it was attributed to, in order."""
        followed = [stream]
        while told := [one.event.to for one in self.session.events_of(followed[-1]) if isinstance(one.event, OrderAttributed)]:
            if told[-1] in followed:
                break
            followed.append(told[-1])
        return followed

    def _first_streams(self, stream: str) -> Iterator[str]:
        """The streams of reports that were attributed to the order.

        The first report's id named such a stream. By now all names of the stream are bound to the order.
        """
        account = account_of(stream)
        statement = f"SELECT kind, name FROM {NAMES_TABLE} WHERE account = ? AND stream = ?"
        for kind, name in self.session.execute(statement, (account, stream)):
            yield _stream_called(account, kind, name)

    def _order_in(self, stream: str) -> list[Row]:
        """The order in the stream. If it was attributed to another order, the other."""
        while not (rows := self.rows(ORDERS, stream=stream)):
            told = [one.event.to for one in self.session.events_of(stream) if isinstance(one.event, OrderAttributed)]
            if not told:
                return []
            stream = told[-1]
        return rows

    def streams_named(self, name: str, account: str | None = None) -> list[str]:
        """The streams of orders with this name, other than as their client order id. With an account, the table's key finds them.

        LIKE matches too much (other cases on SQLite, ends of longer values), so the result is filtered.
        """
        statement = f"SELECT name, stream FROM {NAMES_TABLE} WHERE (name = ? OR (kind = ? AND name LIKE ? ESCAPE '!'))"
        escaped = name.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        values = [name, NameKind.ALIAS.value, f"%={escaped}"]
        if account is not None:
            statement, values = f"{statement} AND account = ?", [*values, account]
        found = self.session.execute(statement, values)
        return list(dict.fromkeys(stream for known, stream in found if name in (known, known.partition("=")[2])))


def _stream_called(account: str, kind: str, name: str) -> str:
    """The stream of an order that has only this name."""
    if kind == NameKind.VENUE:
        return venue_order_stream(account, name)
    if kind == NameKind.ALIAS:
        alias, _, value = name.partition("=")
        return alias_stream(account, alias.replace("%3D", "=").replace("%25", "%"), value)
    return order_stream(account, name)
