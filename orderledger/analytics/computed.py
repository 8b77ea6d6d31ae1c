"""Tables that are computed when asked, from the views of a ledger or of an archive."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orderledger.analytics.relations import BALANCES, DISPOSALS, LOTS, PNL_OF_FILLS
from orderledger.extend.views import LOT_CHOICES, queries

Rows = Iterable[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class State:
    """The views in one state. `at`: the time for which marks have to serve. `events_of`: the known
    events of some orders."""

    source: Any
    at: datetime
    events_of: Any


def computed(
    name: str, state: State, asked: Mapping[str, Any], *, by_strategy: bool = False
) -> Rows:
    """The rows of a computed table with these values. `by_strategy`: with P&L of each fill in the
    position of its strategy."""
    rows = COMPUTED[name](state, asked, by_strategy)
    return (row for row in rows if all(row[one] == value for one, value in asked.items()))


def _fills(state: State, asked: Mapping[str, Any], by_strategy: bool) -> Rows:
    """Account and instrument select positions; other filters select among their rows."""
    return queries.pnl_of_fills(
        state.source,
        by_strategy=by_strategy,
        account=asked.get("account"),
        instrument=asked.get("instrument"),
    )


def _balances(state: State, asked: Mapping[str, Any], _: bool) -> Rows:
    of = {one: asked.get(one) for one in ("account", "currency")}
    return queries.balances(state.source, state.at, events_of=state.events_of, **of)


def _lots(state: State, asked: Mapping[str, Any], _: bool) -> Rows:
    """By each method that has lots."""
    of = {one: asked.get(one) for one in ("account", "instrument")}
    for method in sorted(LOT_CHOICES):
        if method != "average" and asked.get("method") in (None, method):
            yield from queries.lots(state.source, method=method, **of)


def _disposals(state: State, asked: Mapping[str, Any], _: bool) -> Rows:
    of = {one: asked.get(one) for one in ("account", "instrument")}
    for method in sorted(LOT_CHOICES):
        if asked.get("method") in (None, method):
            yield from queries.disposals(state.source, method=method, **of)


COMPUTED: Mapping[str, Callable[[State, Mapping[str, Any], bool], Rows]] = {
    PNL_OF_FILLS.name: _fills,
    BALANCES.name: _balances,
    LOTS.name: _lots,
    DISPOSALS.name: _disposals,
}
