"""Finds open orders in the log when the views are far behind. Folds only orders that may be
open."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, cast

import msgspec

from orderledger.domain.exact import plain
from orderledger.domain.orders.commands import OrderRequested
from orderledger.domain.orders.ends import CONCLUDED_ABSENT, DUPLICATE_ORDER
from orderledger.domain.orders.events import OrderLogEvent
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.record import evolve
from orderledger.domain.orders.reports import (
    FillRecorded,
    OrderCanceled,
    OrderExpired,
    OrderReinstated,
    OrderRejected,
)
from orderledger.domain.recorded import KINDS, Recorded
from orderledger.domain.stream_names import is_order_stream, order_stream
from orderledger.infrastructure.garbage import uncollected
from orderledger.infrastructure.storage.codec import decode
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.storage.view_versions import stored_position
from orderledger.projections.groups import with_group
from orderledger.projections.orders import ORDERS, StoredOrderRow, order_row
from orderledger.projections.store import sort_key
from orderledger.projections.survey import Survey
from orderledger.projections.view import RowType, Table

BATCH = 10_000
IN_GROUPS = ORDERS.narrowed(("stream", "is_grouped", "linked_group"))
STREAMS_PER_READING = 1_000

REQUESTED, FILLED, REJECTED = (
    OrderRequested.stored_name,
    FillRecorded.stored_name,
    OrderRejected.stored_name,
)
REINSTATED = OrderReinstated.stored_name
CONCLUSION = f'"{CONCLUDED_ABSENT}"'.encode()
"""A part of the bytes of a cancel that may end nothing: the order may have been requested here
since."""
ENDING = frozenset({OrderCanceled.stored_name, OrderExpired.stored_name})
HARMLESS = frozenset(
    name for name, kind in KINDS.items() if issubclass(kind, OrderLogEvent) and not kind.may_reopen
)
"""Events that cannot reopen an order that has clearly ended."""


class GlancedLinks(msgspec.Struct, gc=False):
    """The links that make a group."""

    group: str | None = None
    kind: str | None = None


class Glance(msgspec.Struct, gc=False):
    """The fields of a payload that a survey reads."""

    fill_id: str = ""
    quantity: Decimal | None = None
    reason: str | None = None
    legs: list[msgspec.Raw] = []
    links: GlancedLinks | None = None


class Glanced(msgspec.Struct, gc=False):
    payload: Glance


_decode = msgspec.json.Decoder(Glanced).decode


def open_orders_in_log(store: Store) -> tuple[list[StoredOrderRow], int]:
    """The rows of all open orders, as an up-to-date view would list them, and the number of events
    read."""
    with uncollected():
        known, position = _known(store)
        survey, grouped = Survey(is_from_beginning=position == 0), dict[str, str]()
        count = 0
        while rows := store.recorder.rows_after(position, BATCH):
            for stream, version, name, state, place in rows:
                if known:
                    known.pop(stream, None)
                try:
                    _take(survey, grouped, stream, version, name, state)
                except (ValueError, TypeError):
                    decode(stream, version, name, state, place)  # raises the precise error
                    raise
            position = rows[-1].position
            count += len(rows)
        found = list(known.values())
        for stream, events in _events_of(store, survey.candidates):
            count += len(events)
            row = _row_of(stream, events)
            if row is not None and row["is_open"]:
                found.append(row)
        count += _judge_groups(store, found, grouped)
        return sorted(found, key=lambda row: sort_key(ORDERS, row)), count


def _judge_groups(store: Store, found: list[StoredOrderRow], grouped: dict[str, str]) -> int:
    """Add to the rows what follows from the other orders of their groups, which may have ended.
    `grouped`: streams that the log shows in a group. Returns the number of events read."""
    groups = {row["linked_group"] for row in found if row["is_grouped"]}
    if not groups:
        return 0
    with store.database.reading() as session:
        stored = session.select(IN_GROUPS, "is_grouped = ?", (session.to_sql("flag", True),))
    known = grouped | {row["stream"]: row["linked_group"] or "" for row in stored}
    mine = {row["stream"] for row in found}
    others = [stream for stream, group in known.items() if group in groups and stream not in mine]
    rows, count = [row for row in found if row["is_grouped"]], 0
    for stream, events in _events_of(store, others):
        count += len(events)
        row = _row_of(stream, events)
        rows += [row] if row is not None else []
    members = GroupRows(store, sorted(rows, key=lambda row: sort_key(ORDERS, row)))
    found[:] = [with_group(members, row) if row["is_grouped"] else row for row in found]
    return count


class GroupRows:
    """The orders of some groups."""

    def __init__(self, store: Store, members: list[StoredOrderRow]) -> None:
        self._store = store
        self._members = members

    def rows(self, table: Table[RowType], **where: Any) -> list[RowType]:
        """Those of one group, or the order of a client order id, of whatever group."""
        if "linked_group" not in where:
            stream = order_stream(where["account"], where["client_order_id"])
            named = (_row_of(*one) for one in _events_of(self._store, [stream]) if one[1])
            return cast(list[RowType], [row for row in named if row is not None])
        group = where["linked_group"]
        return cast(list[RowType], [row for row in self._members if row["linked_group"] == group])


def _known(store: Store) -> tuple[dict[str, StoredOrderRow], int]:
    """The orders that are open in the views, and the position of the views."""
    with store.database.reading() as session:
        rows = session.select(ORDERS, "is_open = ?", (session.to_sql("flag", True),))
        return {row["stream"]: row for row in rows}, stored_position(session)


def _take(
    survey: Survey, grouped: dict[str, str], stream: str, version: int, name: str, state: bytes
) -> None:
    if name == FILLED:
        fill = _decode(state).payload
        survey.fill(stream, fill.fill_id, fill.quantity or Decimal(0))
    elif name == REQUESTED:
        request = _decode(state).payload
        is_by_fills = request.quantity is not None and not request.legs
        survey.request(stream, version, request.quantity or Decimal(0))
        links = request.links
        if links is not None and links.group is not None and links.kind is not None:
            grouped.setdefault(stream, links.group)
        if not is_by_fills:
            survey.doubt(stream)
    elif name in ENDING and CONCLUSION in state:
        survey.doubt(stream)
    elif name in ENDING or (name == REJECTED and _decode(state).payload.reason != DUPLICATE_ORDER):
        survey.end(stream)
    elif name == REINSTATED:
        survey.reinstate(stream)
    elif name in HARMLESS:
        survey.touch(stream, version)
    elif is_order_stream(stream):
        survey.doubt(stream)


def _events_of(store: Store, streams: list[str]) -> Iterator[tuple[str, list[Recorded]]]:
    for start in range(0, len(streams), STREAMS_PER_READING):
        yield from store.events_of(streams[start : start + STREAMS_PER_READING]).items()


def _row_of(stream: str, events: list[Recorded]) -> StoredOrderRow | None:
    """The row of an order, with numbers as the views store them. None if the order proved to be
    another."""
    order = Order.of(stream)
    for recorded in events:
        evolve(order, recorded.event, recorded.when)  # type: ignore[arg-type]
    if order.attributed_to is not None:
        return None
    row = order_row(stream, order, events[-1].version)
    numbers = {
        name: Decimal(plain(value)) for name, value in row.items() if isinstance(value, Decimal)
    }
    return cast(StoredOrderRow, {**row, **numbers})
