"""Reads what a figure is made of, and the events of its parts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from orderledger.audit.figure_parts import (
    pnl_parts,
    position_parts,
    unrealized_parts,
)
from orderledger.audit.rows import PartRow
from orderledger.extend.events import Recorded, accounts
from orderledger.extend.store import Store
from orderledger.extend.values import sides
from orderledger.extend.views import (
    Method,
    Position,
    Terms,
    Views,
    histories,
    instruments,
    queries,
    tables,
    terms_of,
)
from orderledger.rows import PnlRow, PositionRow

OF_EVENT = ("name", "recorded_at", "source", "actor")


Chosen = TypeVar("Chosen", PnlRow, PositionRow)


class PositionWithCost(PositionRow):
    """A row of `positions`, with what it cost."""

    cost: Decimal


class Asked(NamedTuple):
    """The requested position. A side or id that is None means the only one."""

    account: str
    instrument: str
    position_side: str | None = None
    position_id: str | None = None

    @property
    def where(self) -> dict[str, Any]:
        return {"account": self.account, "instrument": self.instrument}

    def chosen(self, rows: Sequence[Chosen]) -> Chosen | None:
        """The row of the position. Raises ValueError if there are several."""
        found = [
            row
            for row in rows
            if self.position_side in (None, row["position_side"])
            and self.position_id in (None, row["position_id"])
        ]
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
) -> tuple[PnlRow | None, list[PartRow]]:
    """The row of `pnl`, and its parts. None if there is none. `marks`: the marks of the
    instrument."""
    account, instrument, where = asked.account, asked.instrument, asked.where
    row = asked.chosen(queries.pnl(views, method=method, **where))
    if row is None:
        return None, []
    part = row["position_side"], row["position_id"]
    (position,) = views.rows(
        tables.POSITIONS, method=method, **where, position_side=part[0], position_id=part[1]
    )
    definitions = views.rows(tables.INSTRUMENTS, **where)
    conversion = queries.conversion(views, account, instrument)
    modes = instruments.modes_of(_row(definitions, instrument))
    events = (
        one
        for one in views.rows(tables.ACCOUNT_EVENTS, **where)
        if sides.part_of(one, modes) == part
    )
    fills = (
        one
        for one in queries.pnl_of_fills(views, **where)
        if (one["position_side"], one["position_id"]) == part
    )
    others = (
        one
        for one in queries.other_results(views, conversion, **where)
        if (one.position.side, one.position.position_id) == part
    )
    parts = pnl_parts(row, fills, events, others, conversion, method)
    terms, cost = _terms(definitions, instrument), Decimal(position["book"]["cost"])
    return row, [*parts, *unrealized_parts(row, terms, cost, _last_mark(marks))]


def why_position(
    views: Views, asked: Asked, method: Method
) -> tuple[PositionWithCost | None, list[PartRow]]:
    """The row of `positions`, with what it cost, and the parts of both."""
    account, instrument, where = asked.account, asked.instrument, asked.where
    row = asked.chosen(queries.positions(views, method=method, **where))
    if row is None:
        return None, []
    part = row["position_side"], row["position_id"]
    stored = views.rows(
        tables.POSITIONS, method=method, **where, position_side=part[0], position_id=part[1]
    )
    cost = Decimal(stored[0]["book"]["cost"]) if stored else Decimal(0)
    definitions = views.rows(tables.INSTRUMENTS, account=account)
    entries = queries.entries_of(views, account, instrument, part)
    terms = _terms(definitions, instrument)
    start = Position(account, instrument, terms, side=part[0], position_id=part[1])
    return {**row, "cost": cost}, list(position_parts(entries, start, method))


def with_events(store: Store, parts: list[PartRow], *, has_evidence: bool) -> list[PartRow]:
    """The parts with the events that they come from."""
    known: dict[int, dict[str, Any]] = {}
    for position in dict.fromkeys(one["position"] for one in parts if one["position"] is not None):
        found = store.recorder.rows_after(position - 1, 1)
        rows, error = histories.stored_event_rows(store, found)
        if error is not None:
            raise error
        event: Mapping[str, object] = rows[0]
        names = (*OF_EVENT, "evidence") if has_evidence else OF_EVENT
        known[position] = {name: event[name] for name in names}
    return [one if one["position"] is None else {**one, **known[one["position"]]} for one in parts]  # type: ignore[typeddict-item]


def _terms(definitions: list[instruments.StoredInstrumentRow], instrument: str) -> Terms:
    return terms_of(_row(definitions, instrument))


def _row(
    definitions: list[instruments.StoredInstrumentRow], instrument: str
) -> instruments.StoredInstrumentRow | None:
    return next((row for row in definitions if row["instrument"] == instrument), None)


def _last_mark(events: list[Recorded]) -> Recorded | None:
    marks: list[tuple[tuple[datetime, int], Recorded]] = [
        ((one.at, one.position or 0), one)
        for one in events
        if isinstance(one.event, accounts.MarkRecorded)
    ]
    if not marks:
        return None
    _, last = max(marks, key=lambda pair: pair[0])
    return last
