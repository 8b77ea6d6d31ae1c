"""Compares the figures for a moment as two log positions state them, and lists the events that
explain the difference."""

from collections.abc import Callable, Iterable

from orderledger.audit.differing import KEYS, AnyRow, Differing
from orderledger.audit.explanation import step_of
from orderledger.audit.rows import CauseRow, RestatedRow
from orderledger.extend.events import Recorded, accounts, commands, judgements, reports
from orderledger.extend.values import stream_names
from orderledger.extend.views import Renames

OF_ORDERS = frozenset({"orders", "trades", "anomalies"})
NAMES = ("account", "client_order_id", "fill_id", "instrument", "stream")
CAUSE = ("position", "name", "at", "recorded_at", "source", "actor", "sentence")
Touches = Callable[[Recorded], bool]


class Causes:
    """Finds the events that touch a row, among those recorded between the two times."""

    def __init__(
        self,
        events: Iterable[Recorded],
        instruments: dict[str, set[str]],
        groups: dict[str, set[str]],
        renames: dict[str, Renames],
    ) -> None:
        """`instruments`: of each stream of an order, the instruments that it and its fills have
        had. `groups`: of each order in a group, the streams of the group's orders. `renames`: those
        of each account."""
        self._renames = renames
        self._groups = groups
        self._events = list(events)
        self._instruments = instruments

    def of(self, view: str, row: AnyRow, other: AnyRow | None) -> list[CauseRow]:
        """The events that touch this row of a view. `other`: the row at the other time."""
        if view in OF_ORDERS:
            found = self._touching(_of_order(row))
            if not found:
                members = self._groups.get(row["stream"], ())
                found = self._touching(lambda one: one.stream in members)
            if not found:
                found = self._touching(lambda one: self._renames_row(one, row))
            exactly = (
                [one for one in found if _is_of_fill(one, row["fill_id"])]
                if view == "trades"
                else found
            )
            return [_cause(one) for one in exactly or found]
        if view == "account_events":
            is_of_row = _of_account(row)
            found = self._touching(lambda one: is_of_row(one) or self._renames_row(one, row))
            return [_cause(one) for one in found]
        is_of_orders = view in ("positions", "pnl")
        found = self._touching(
            lambda one: self._is_of_instrument(one, row, is_of_orders=is_of_orders)
        )
        if view == "pnl":
            found = [one for one in found if _changes_pnl(one)]
        rates = [] if view == "instruments" else self._touching(_of_rates([row, other or row]))
        return [
            _cause(one)
            for one in sorted({id(one): one for one in [*found, *rates]}.values(), key=_position)
        ]

    def _touching(self, touches: Touches) -> list[Recorded]:
        return [one for one in self._events if touches(one)]

    def _is_of_instrument(self, one: Recorded, row: AnyRow, *, is_of_orders: bool) -> bool:
        if stream_names.account_of(one.stream) != row["account"]:
            return False
        if isinstance(one.event, accounts.AccountEvent):
            leg = getattr(one.event, "into", None)
            named = (getattr(one.event, "instrument", None), leg and leg.instrument)
            return not self._names_of(row).isdisjoint(named)
        return is_of_orders and str(row["instrument"]) in self._instruments.get(one.stream, ())

    def _names_of(self, row: AnyRow) -> set[str]:
        """All names that renames connect with the instrument of a row."""
        renames = self._renames.get(row["account"])
        return renames.related(row["instrument"]) if renames else {row["instrument"]}

    def _renames_row(self, one: Recorded, row: AnyRow) -> bool:
        """Check for a rename of the instrument of a row."""
        return (
            isinstance(one.event, accounts.InstrumentRenamed)
            and stream_names.account_of(one.stream) == row["account"]
            and one.event.to in self._names_of(row)
        )


def restated_row(view: str, found: Differing, causes: Causes) -> RestatedRow:
    """The row of one difference."""
    row = found.either
    before, after = found.fields()
    names = {name: row.get(name) for name in NAMES}
    events = causes.of(view, row, found.after)
    key = {name: row[name] for name in KEYS[view]}
    return {
        "view": view,
        "key": key,
        "change": found.change,
        **names,  # type: ignore[typeddict-item]
        "before": before,
        "after": after,
        "events": events,
    }


def _of_order(row: AnyRow) -> Touches:
    return lambda one: one.stream == row["stream"]


def _of_account(row: AnyRow) -> Touches:
    account, position = row["account"], row["position"]
    return lambda one: (
        one.position == position
        or (stream_names.account_of(one.stream) == account and row["kind"] == "gap")
    )


def _of_rates(rows: list[AnyRow]) -> Touches:
    """Marks that convert amounts of the row into its settlement currency."""
    account, currencies = rows[0]["account"], {row["currency"] for row in rows if row["currency"]}
    paid = {name for row in rows for field in ("fees", "funding") for name in row[field]}
    pairs = {
        f"{name}{separator}{currency}"
        for name in paid
        for currency in currencies
        for separator in ("-", "/", "_", "")
    }
    return lambda one: (
        isinstance(one.event, accounts.MarkRecorded)
        and stream_names.account_of(one.stream) == account
        and one.event.instrument in pairs
    )


def _is_of_fill(one: Recorded, fill_id: str) -> bool:
    event = one.event
    is_named = (
        isinstance(event, reports.FillRecorded | reports.FillBusted) and event.fill_id == fill_id
    )
    is_corrected = isinstance(event, reports.FillCorrected) and event.corrects == fill_id
    return (
        is_named
        or is_corrected
        or isinstance(event, commands.OrderRequested | judgements.OrderAttributed)
    )


def _changes_pnl(one: Recorded) -> bool:
    event = one.event
    is_of_order = isinstance(
        event,
        reports.FillRecorded
        | reports.FillBusted
        | commands.OrderRequested
        | judgements.OrderAttributed,
    )
    return is_of_order or isinstance(event, accounts.AccountEvent | accounts.InstrumentDefined)


def _cause(one: Recorded) -> CauseRow:
    step = step_of(one)
    return {name: step[name] for name in CAUSE}  # type: ignore[literal-required, return-value]


def _position(one: Recorded) -> int:
    return one.position or 0
