"""Tables that are computed when asked, from the views of a ledger or of an archive."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orderledger.analytics.relations import BALANCES, DISPOSALS, EQUITY, LOTS, PNL_OF_FILLS
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
    name: str, state: State, asked: Mapping[str, Any], *, of_each: Collection[str] = ()
) -> Rows:
    """The rows of a computed table with these values. `of_each`: strategy, for the P&L of each fill
    in the position of its strategy; instrument, for an equity curve of each instrument."""
    rows = COMPUTED[name](state, asked, of_each)
    return (row for row in rows if all(row[one] == value for one, value in asked.items()))


def _fills(state: State, asked: Mapping[str, Any], of_each: Collection[str]) -> Rows:
    """Account and instrument select positions; other filters select among their rows."""
    return queries.pnl_of_fills(
        state.source,
        by_strategy="strategy" in of_each,
        account=asked.get("account"),
        instrument=asked.get("instrument"),
    )


def _balances(state: State, asked: Mapping[str, Any], _: Collection[str]) -> Rows:
    of = {one: asked.get(one) for one in ("account", "currency")}
    return queries.balances(state.source, state.at, events_of=state.events_of, **of)


def _lots(state: State, asked: Mapping[str, Any], _: Collection[str]) -> Rows:
    """By each method that has lots."""
    of = {one: asked.get(one) for one in ("account", "instrument")}
    for method in sorted(LOT_CHOICES):
        if method != "average" and asked.get("method") in (None, method):
            yield from queries.lots(state.source, method=method, **of)


def _disposals(state: State, asked: Mapping[str, Any], _: Collection[str]) -> Rows:
    of = {one: asked.get(one) for one in ("account", "instrument")}
    for method in sorted(LOT_CHOICES):
        if asked.get("method") in (None, method):
            yield from queries.disposals(state.source, method=method, **of)


def _equity(state: State, asked: Mapping[str, Any], of_each: Collection[str]) -> Rows:
    names = ("account", "instrument") if "instrument" in of_each else ("account",)
    curves: Any = {"of_each": names, "account": asked.get("account")}
    for method in sorted(LOT_CHOICES):
        if asked.get("method") in (None, method):
            moments = queries.equity_moments(
                state.source, method=method, events_of=state.events_of, **curves
            )
            yield from ({**row, "method": method, "rank": n} for n, row in enumerate(moments))


COMPUTED: Mapping[str, Callable[[State, Mapping[str, Any], Collection[str]], Rows]] = {
    PNL_OF_FILLS.name: _fills,
    BALANCES.name: _balances,
    LOTS.name: _lots,
    DISPOSALS.name: _disposals,
    EQUITY.name: _equity,
}
