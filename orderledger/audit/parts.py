"""Reads what a figure is made of, and the events of its parts."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from orderledger.audit.figure_parts import (
    entries_in_order,
    pnl_parts,
    position_parts,
    unrealized_parts,
)
from orderledger.audit.rows import PartRow
from orderledger.extend.events import MarkRecorded, Recorded
from orderledger.extend.store import Store
from orderledger.extend.values import modes_of, part_of
from orderledger.extend.views import (
    ACCOUNT_EVENTS,
    INSTRUMENTS,
    OF_PART,
    POSITIONS,
    TRADES,
    Method,
    Position,
    Row,
    Terms,
    Views,
    queries,
    stored_event_rows,
    terms_of,
)

OF_EVENT = ("name", "recorded_at", "source", "actor")


class Asked(NamedTuple):
    """The position that is asked about. A side or id that is None: the only one there is."""

    account: str
    instrument: str
    position_side: str | None = None
    position_id: str | None = None

    @property
    def where(self) -> dict[str, Any]:
        return {"account": self.account, "instrument": self.instrument}

    def chosen(self, rows: list[Row]) -> Row | None:
        """The row of the position. Raises ValueError if there are several."""
        asked = {name: value for name in OF_PART if (value := getattr(self, name)) is not None}
        found = [row for row in rows if all(row[name] == value for name, value in asked.items())]
        if len(found) > 1:
            sides = ", ".join(
                " ".join(filter(None, (row["position_side"], row["position_id"]))) for row in found
            )
            raise ValueError(
                f"{self.instrument} has several positions: name a position_side and position_id of "
                f"{sides}"
            )
        return found[0] if found else None


def why_pnl(
    views: Views, asked: Asked, method: Method, marks: list[Recorded]
) -> tuple[Row, list[PartRow]]:
    """The row of `pnl`, and its parts. An empty row if there is none. `marks`: the marks of the
    instrument."""
    account, instrument, where = asked.account, asked.instrument, asked.where
    row = asked.chosen(queries.pnl(views, method=method, **where))
    if row is None:
        return {}, []
    part = {name: row[name] for name in OF_PART}
    (position,) = views.rows(POSITIONS, method=method, **where, **part)
    instruments = views.rows(INSTRUMENTS, account=account)
    prices = {
        (one["account"], one["instrument"]): one["mark_price"]
        for one in instruments
        if one["mark_price"] is not None
    }
    modes = modes_of(_row(instruments, instrument))
    events = (
        one
        for one in views.rows(ACCOUNT_EVENTS, **where)
        if part_of(one, modes) == tuple(part.values())
    )
    fills = (
        one
        for one in queries.pnl_of_fills(views, **where)
        if all(one[name] == row[name] for name in OF_PART)
    )
    parts = pnl_parts(row, fills, events, prices, method)
    terms, cost = _terms(instruments, instrument), Decimal(position["book"]["cost"])
    return row, [*parts, *unrealized_parts(row, terms, cost, _last_mark(marks))]


def why_position(views: Views, asked: Asked, method: Method) -> tuple[Row, list[PartRow]]:
    """The row of `positions`, with what it cost, and the parts of both."""
    account, instrument, where = asked.account, asked.instrument, asked.where
    row = asked.chosen(queries.positions(views, method=method, **where))
    if row is None:
        return {}, []
    part = row["position_side"], row["position_id"]
    stored = views.rows(
        POSITIONS, method=method, **where, position_side=part[0], position_id=part[1]
    )
    cost = Decimal(stored[0]["book"]["cost"]) if stored else Decimal(0)
    instruments = views.rows(INSTRUMENTS, account=account)
    modes = modes_of(_row(instruments, instrument))
    entries = entries_in_order(
        views.rows(TRADES, state="active", **where),
        views.rows(ACCOUNT_EVENTS, **where),
        part,
        modes,
    )
    start = Position(account, instrument, _terms(instruments, instrument))
    return {**row, "cost": cost}, list(position_parts(entries, start, method))


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
    return terms_of(_row(instruments, instrument))


def _row(instruments: list[Row], instrument: str) -> Row | None:
    return next((row for row in instruments if row["instrument"] == instrument), None)


def _last_mark(events: list[Recorded]) -> Row | None:
    marks: list[tuple[tuple[datetime, int], Recorded]] = [
        ((one.at, one.position or 0), one) for one in events if isinstance(one.event, MarkRecorded)
    ]
    if not marks:
        return None
    _, last = max(marks, key=lambda pair: pair[0])
    return {"position": last.position, "at": last.at}
