"""Lookups of one order by a key or a name. Each reads a few entries of one index, however many
orders there are.

A statement has the columns of its index as conditions and nothing else. With another condition or
an ORDER BY, the planner may choose another index and read every order of an account
(bench_one_order.py). This holds for SQLite, and for PostgreSQL before ANALYZE. Python does the
rest, on the few rows that are found.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orderledger.domain.orders.identity import NameKind
from orderledger.domain.orders.judgements import OrderAttributed
from orderledger.domain.recorded import Recorded
from orderledger.domain.stream_names import (
    account_of,
    alias_stream,
    order_stream,
    venue_order_stream,
)
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.recorder import chunks
from orderledger.infrastructure.storage.schema import value_of_alias
from orderledger.infrastructure.storage.table_names import NAMES_TABLE
from orderledger.projections.names import names_in
from orderledger.projections.orders import ORDERS, StoredOrderRow
from orderledger.projections.trades import TRADES
from orderledger.projections.view import RowType, Table

EVERY_ACCOUNT = (
    f"WITH RECURSIVE known(account) AS (SELECT MIN(account) FROM {ORDERS.name} UNION ALL SELECT "
    f"(SELECT MIN(account) FROM {ORDERS.name} WHERE account > known.account) FROM known WHERE "
    "known.account IS NOT NULL) SELECT account FROM known WHERE account IS NOT NULL"
)
"""The accounts that have orders: one step in an index for each, where DISTINCT would read all
orders."""


def rows_by_key(
    session: Session, table: Table[RowType], asked: Mapping[str, Any]
) -> list[RowType] | None:
    """The rows of the order or orders that a filter names by a stream or a client order id, before
    any other condition. None if it names none."""
    if "stream" in asked and "stream" in table.by_name:
        return in_streams(session, table, [asked["stream"]])
    if "client_order_id" not in asked or table.name not in (ORDERS.name, TRADES.name):
        return None
    if table.name == ORDERS.name:
        return orders_with_id(session, table, asked["client_order_id"], asked.get("account"))
    streams = orders_with_id(
        session, ORDERS.narrowed(("stream",)), asked["client_order_id"], asked.get("account")
    )
    return in_streams(session, table, [row["stream"] for row in streams])


def in_streams(session: Session, table: Table[RowType], streams: Sequence[str]) -> list[RowType]:
    """The rows of the orders in these streams, in no order."""
    return [
        row
        for chunk in chunks(list(streams))
        for row in session.select(table, f"stream IN ({', '.join('?' * len(chunk))})", chunk)
    ]


def orders_with_id(
    session: Session, table: Table[RowType], client_order_id: str, account: str | None
) -> list[RowType]:
    """The orders with this client order id, in no order."""
    return [
        row
        for chunk in chunks(_accounts(session, account))
        for row in session.select(
            table,
            f"account IN ({', '.join('?' * len(chunk))}) AND client_order_id = ?",
            [*chunk, client_order_id],
        )
    ]


def streams_named(session: Session, name: str, account: str | None) -> list[str]:
    """The streams of orders with this name, other than as their client order id: as it is, or as
    the value of an alias."""
    found: list[tuple[str, str]] = []
    kinds = ", ".join(f"'{kind}'" for kind in NameKind)
    for chunk in chunks(_accounts(session, account)):
        marks = ", ".join("?" * len(chunk))
        where = f"account IN ({marks}) AND kind IN ({kinds}) AND name = ?"
        found += session.execute(
            f"SELECT account, stream FROM {NAMES_TABLE} WHERE {where}", (*chunk, name)
        )
    of_alias = f"kind = 'alias' AND {value_of_alias(session)} = ?"
    found += session.execute(f"SELECT account, stream FROM {NAMES_TABLE} WHERE {of_alias}", (name,))
    return list(dict.fromkeys(stream for owner, stream in found if account in (None, owner)))


def orders_named(session: Session, name: str, account: str | None) -> list[StoredOrderRow]:
    """The orders with this client order id, else those with this name."""
    found = orders_with_id(session, ORDERS, name, account)
    if found:
        return found
    rows = [
        row
        for stream in streams_named(session, name, account)
        for row in _order_in(session, stream)
    ]
    return list({row["stream"]: row for row in rows}.values())


def events_of_order(session: Session, name: str, account: str | None) -> list[Recorded]:
    """All events of the orders with this name, in log order: of their own streams, and of streams
    attributed to them."""
    streams = [
        row["stream"]
        for row in orders_with_id(session, ORDERS.narrowed(("stream",)), name, account)
    ]
    for bound in streams_named(session, name, account):
        streams += _followed(session, bound)
    read = {stream: session.events_of(stream) for stream in streams}
    waiting = [first for stream in read for first in _first_streams(stream, name, read[stream])]
    while waiting:
        stream = waiting.pop()
        if stream not in read:
            read[stream] = session.events_of(stream)
            if any(isinstance(one.event, OrderAttributed) for one in read[stream]):
                waiting += _first_streams(stream, name, read[stream])
    events = [recorded for found in read.values() for recorded in found]
    return sorted(events, key=lambda recorded: recorded.position or 0)


def _accounts(session: Session, account: str | None) -> list[str]:
    return (
        [account] if account is not None else [found for (found,) in session.execute(EVERY_ACCOUNT)]
    )


def _first_streams(stream: str, name: str, events: Sequence[Recorded]) -> Iterator[str]:
    """The streams of reports that may have been attributed to the order with these events, and with
    this name.

    Such a stream has the name of its first report. An attribution repeats the reports, so that the
    order has this name too.
    """
    account = account_of(stream)
    names = {known for recorded in events for known in names_in(recorded)} | {
        (kind, name) for kind in NameKind
    }
    for kind, known in sorted(names):
        if kind != NameKind.ALIAS or "=" in known:
            yield _stream_called(account, kind, known)
    yield from (
        recorded.attributed_from[0] for recorded in events if recorded.attributed_from is not None
    )


def _followed(session: Session, stream: str) -> list[str]:
    """The stream, followed by the streams that it was attributed to, in order."""
    followed = [stream]
    while attributions := _attributions(session, followed[-1]):
        if attributions[-1] in followed:
            break
        followed.append(attributions[-1])
    return followed


def _order_in(session: Session, stream: str) -> list[StoredOrderRow]:
    """The order in the stream. If it was attributed to another order, the other."""
    while not (rows := in_streams(session, ORDERS, [stream])):
        attributions = _attributions(session, stream)
        if not attributions:
            return []
        stream = attributions[-1]
    return rows


def _attributions(session: Session, stream: str) -> list[str]:
    return [
        one.event.to for one in session.events_of(stream) if isinstance(one.event, OrderAttributed)
    ]


def _stream_called(account: str, kind: str, name: str) -> str:
    """The stream of an order that has only this name."""
    if kind == NameKind.VENUE:
        return venue_order_stream(account, name)
    if kind == NameKind.ALIAS:
        alias, _, value = name.partition("=")
        return alias_stream(account, alias.replace("%3D", "=").replace("%25", "%"), value)
    return order_stream(account, name)
