"""Reads what a figure is made of, and the events of its parts."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from orderledger.domain.accounts import MarkRecorded
from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.views.histories import stored_event_rows
from orderledger.infrastructure.views.views import Views
from orderledger.projections import queries
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.audit_rows import PartRow
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.parts import entries_in_order, pnl_parts, position_parts, unrealized_parts
from orderledger.projections.position_tables import POSITIONS
from orderledger.projections.positions import Method, Position, Terms, terms_of
from orderledger.projections.trades import TRADES
from orderledger.projections.view import Row

OF_EVENT = ("name", "recorded_at", "source", "actor")


def why_pnl(views: Views, account: str, instrument: str, method: Method, marks: list[Recorded]) -> tuple[Row, list[PartRow]]:
    """The row of `pnl`, and its parts. An empty row if there is none. `marks`: the marks of the instrument."""
    where: dict[str, Any] = {"account": account, "instrument": instrument}
    rows = queries.pnl(views, method=method, **where)
    if not rows:
        return {}, []
    (row,) = rows
    (position,) = views.rows(POSITIONS, method=method, **where)
    instruments = views.rows(INSTRUMENTS, account=account)
    prices = {(one["account"], one["instrument"]): one["mark_price"] for one in instruments if one["mark_price"] is not None}
    events = views.rows(ACCOUNT_EVENTS, **where)
    parts = pnl_parts(row, queries.pnl_of_fills(views, **where), events, prices, method)
    terms, cost = _terms(instruments, instrument), Decimal(position["book"]["cost"])
    return row, [*parts, *unrealized_parts(row, terms, cost, _last_mark(marks))]


def why_position(views: Views, account: str, instrument: str, method: Method) -> tuple[Row, list[PartRow]]:
    """The row of `positions`, with what it cost, and the parts of both."""
    where: dict[str, Any] = {"account": account, "instrument": instrument}
    rows = queries.positions(views, method=method, **where)
    if not rows:
        return {}, []
    stored = views.rows(POSITIONS, method=method, **where)
    cost = Decimal(stored[0]["book"]["cost"]) if stored else Decimal(0)
    entries = entries_in_order(views.rows(TRADES, state="active", **where), views.rows(ACCOUNT_EVENTS, **where))
    start = Position(account, instrument, _terms(views.rows(INSTRUMENTS, account=account), instrument))
    return {**rows[0], "cost": cost}, list(position_parts(entries, start, method))


def with_events(store: Store, parts: list[PartRow], *, has_evidence: bool) -> list[PartRow]:
    """The parts with the events that they come from."""
    known: dict[int, dict[str, Any]] = {}
    for position in dict.fromkeys(one["position"] for one in parts if one["position"] is not None):
        found = store.recorder.rows_after(position - 1, 1)
        rows, error = stored_event_rows(store, found)
        if error is not None:
            raise error
        event = rows[0]
        names = (*OF_EVENT, "evidence") if has_evidence else OF_EVENT
        known[position] = {name: event[name] for name in names}
    return [one if one["position"] is None else {**one, **known[one["position"]]} for one in parts]  # type: ignore[typeddict-item]


def _terms(instruments: list[Row], instrument: str) -> Terms:
    return terms_of(next((row for row in instruments if row["instrument"] == instrument), None))


def _last_mark(events: list[Recorded]) -> Row | None:
    marks: list[tuple[tuple[datetime, int], Recorded]] = [
        ((one.at, one.position or 0), one) for one in events if isinstance(one.event, MarkRecorded)
    ]
    if not marks:
        return None
    _, last = max(marks, key=lambda pair: pair[0])
    return {"position": last.position, "at": last.at}
