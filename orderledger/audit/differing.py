"""Rows of a view that differ between two states of the ledger."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from orderledger.extend.views import Method, Views, queries, tables

AnyRow: TypeAlias = Mapping[str, Any]
"""A row of any of these views."""
BY_METHOD = ("positions", "pnl")

KEYS: dict[str, tuple[str, ...]] = {
    "orders": ("stream",),
    "trades": ("stream", "fill_id"),
    "positions": ("account", "instrument", "position_side", "position_id"),
    "pnl": ("account", "instrument", "position_side", "position_id"),
    "anomalies": ("position",),
    "instruments": ("account", "instrument"),
    "account_events": ("position",),
}
"""For each view, the columns that identify a row."""

ASKED: dict[str, Callable[..., Sequence[AnyRow]]] = {
    "orders": queries.orders,
    "trades": queries.trades,
    "positions": queries.positions,
    "pnl": queries.pnl,
    "anomalies": lambda source, **where: source.rows(tables.ANOMALIES.public, **where),
    "instruments": lambda source, **where: source.rows(tables.INSTRUMENTS.public, **where),
    "account_events": lambda source, **where: source.rows(tables.ACCOUNT_EVENTS.public, **where),
}


class Differing(NamedTuple):
    """A row that is not the same in both states; None where a state does not have it."""

    before: AnyRow | None
    after: AnyRow | None

    @property
    def change(self) -> str:
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def either(self) -> AnyRow:
        found = self.after if self.before is None else self.before
        assert found is not None
        return found

    def fields(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The columns that differ, before and after."""
        if self.before is None or self.after is None:
            return dict(self.before or {}), dict(self.after or {})
        names = [name for name in self.before if self.before[name] != self.after[name]]
        return {name: self.before[name] for name in names}, {
            name: self.after[name] for name in names
        }


def rows_of(source: Views, view: str, method: Method, **where: Any) -> Sequence[AnyRow]:
    """The rows of a view. Raises ValueError for an unknown view."""
    if view not in ASKED:
        raise ValueError(f"{view!r} is not a view that can be compared: {', '.join(ASKED)}")
    asked = {"method": method, **where} if view in BY_METHOD else where
    return ASKED[view](source, **asked)


def differing(view: str, before: Iterable[AnyRow], after: Iterable[AnyRow]) -> Iterator[Differing]:
    """The rows that differ, in the order of the second state; then those that are no longer
    there."""
    key = KEYS[view]
    earlier = {tuple(row[name] for name in key): row for row in before}
    for row in after:
        known = earlier.pop(tuple(row[name] for name in key), None)
        if known is None or known != row:
            yield Differing(known, row)
    yield from (Differing(row, None) for row in earlier.values())
