"""Folds the views as of two times, and finds what differs."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any

from orderledger.audit.differing import differing, rows_of
from orderledger.audit.restatement import Causes, restated_row
from orderledger.audit.rows import RestatedRow
from orderledger.extend.events import Recorded, codec
from orderledger.extend.store import Store
from orderledger.extend.views import AsOf, Method, Renames, Views, folded, tables, was_known
from orderledger.rows import OrderRow, TradeRow


def restated(
    store: Store,
    view: str,
    *,
    from_as_of: AsOf,
    as_of: AsOf | None,
    effective_at: datetime | None,
    method: Method,
    **where: Any,
) -> Iterator[RestatedRow]:
    """The rows of a view that were stated differently of one moment at the two times."""
    moment = moment_of(store, from_as_of) if effective_at is None else effective_at
    before, after = folded(store, from_as_of, moment), folded(store, as_of, moment)
    stated = [rows_of(views, view, method, **where) for views in (before, after)]
    causes = Causes(
        _recorded_between(store, from_as_of, as_of, moment),
        _instruments([before, after]),
        _groups([before, after]),
        _renames([before, after]),
    )
    for found in differing(view, *stated):
        yield restated_row(view, found, causes)


def moment_of(store: Store, as_of: AsOf) -> datetime:
    """The time when the event at this log position was recorded."""
    if not isinstance(as_of, int):
        return as_of
    found = store.recorder.rows_after(as_of - 1, 1)
    if not found or found[0].position != as_of:
        raise ValueError(f"the log has no position {as_of}")
    return codec.decode(*found[0]).recorded_at


def _recorded_between(
    store: Store, start: AsOf, end: AsOf | None, moment: datetime
) -> Iterator[Recorded]:
    """The events that became known between the two times, and had happened by the moment."""
    for recorded in store.all_events():
        was, is_now = (
            was_known(recorded.recorded_at, recorded.position, as_of) for as_of in (start, end)
        )
        if is_now and not was and recorded.at <= moment:
            yield recorded


def _groups(states: Iterable[Views]) -> dict[str, set[str]]:
    """Of each order in a group the streams of its orders."""
    streams: dict[tuple[str, str], set[str]] = {}
    for order in (row for views in states for row in views.each(tables.ORDERS)):
        if (group := (order["links"] or {}).get("group")) is not None:
            streams.setdefault((order["account"], group), set()).add(order["stream"])
    return {stream: members for members in streams.values() for stream in members}


def _renames(states: Iterable[Views]) -> dict[str, Renames]:
    found = {row["position"]: row for views in states for row in views.each(tables.RENAMES)}
    accounts = {row["account"] for row in found.values()}
    return {
        name: Renames(row for row in found.values() if row["account"] == name) for name in accounts
    }


def _instruments(states: Iterable[Views]) -> dict[str, set[str]]:
    """The instruments of each order and its fills."""
    found: dict[str, set[str]] = {}
    for views in states:
        orders, trades = views.each(tables.ORDERS), views.each(tables.TRADES)
        for row in chain[OrderRow | TradeRow](orders, trades):
            if row["instrument"] is not None:
                found.setdefault(row["stream"], set()).add(row["instrument"])
        for order in views.each(tables.ORDERS):
            for leg in order["legs"] or ():
                found.setdefault(order["stream"], set()).add(leg["instrument"])
    return found
