"""Instruments under their latest names.

A rename holds from its time on. Facts that are dated before it and have the old name belong to the
instrument with the new one, even if they are recorded later. From that time on, the old name is
another instrument. Rows of the views have the latest name, and `former_name` where they were
recorded under another.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, TypedDict, cast

from orderledger.domain.accounts import InstrumentRenamed
from orderledger.domain.recorded import Recorded
from orderledger.projections.account_events import AccountEventRow
from orderledger.projections.marks import MarkRow
from orderledger.projections.orders import StoredOrderRow
from orderledger.projections.sides import when
from orderledger.projections.trades import StoredTradeRow
from orderledger.projections.view import RowType, Table


class RenameRow(TypedDict):
    """One row per rename."""

    account: Annotated[str, "Trading account."]
    instrument: Annotated[str, "The name until then."]
    renamed_to: Annotated[str, "The name from then on."]
    at: Annotated[datetime, "When the new name began."]
    position: Annotated[int, "Log position."]


RENAMES = Table(
    "renames",
    "One row per rename of an instrument.",
    ("position",),
    RenameRow,
    ("at", "position"),
    (("account",),),
)


def rename_row(account: str, recorded: Recorded, event: InstrumentRenamed) -> RenameRow:
    """The columns of `RENAMES`."""
    return {
        "account": account,
        "instrument": event.instrument,
        "renamed_to": event.to,
        "at": recorded.at,
        "position": recorded.position or 0,
    }


class Renames:
    """The renames of one account."""

    def __init__(self, rows: Iterable[RenameRow] = ()) -> None:
        self._of: dict[str, list[RenameRow]] = {}
        for row in sorted(rows, key=when):
            self._of.setdefault(row["instrument"], []).append(row)

    def __bool__(self) -> bool:
        return bool(self._of)

    def latest(self, name: str, at: datetime) -> str:
        """The latest name of the instrument that had this name at a time."""
        while found := next((row for row in self._of.get(name, ()) if at < row["at"]), None):
            name, at = found["renamed_to"], found["at"]
        return name

    def related(self, name: str) -> set[str]:
        """All names that renames connect with this one, and itself."""
        pairs = {(one, row["renamed_to"]) for one, rows in self._of.items() for row in rows}
        found, before = {name}, 0
        while len(found) > before:
            before = len(found)
            found |= {name for pair in pairs if found & {*pair} for name in pair}
        return found

    def of_trade(self, row: StoredTradeRow) -> StoredTradeRow:
        """The trade under the latest name of its instrument."""
        return self._under_latest(row, row["named_at"] or row["at"])

    def of_event(self, row: AccountEventRow) -> AccountEventRow:
        """The account event likewise, with the instruments that it refers to."""
        if row["kind"] == "rename" and row["terms"] is not None:
            to = self.latest(row["terms"]["to"], row["at"])
            return {**row, "instrument": to, "former_name": row["former_name"] or row["instrument"]}
        renamed = self._under_latest(row, row["at"])
        cause = row["cause"]
        if cause is None or cause["instrument"] is None:
            return renamed
        latest: AccountEventRow = {**renamed, "cause": self._under_latest(cause, row["at"])}
        return latest

    def of_mark(self, row: MarkRow) -> MarkRow:
        """The mark likewise."""
        return self._under_latest(row, row["at"])

    def _under_latest(self, row: RowType, at: datetime) -> RowType:
        """`row` has an `instrument`, and perhaps a `former_name`."""
        values: Mapping[str, Any] = row
        shown = values["instrument"]
        if shown is None or not self:
            return row
        name = values.get("former_name") or shown
        latest = self.latest(name, at)
        if latest == shown:
            return row
        renamed = {**values, "instrument": latest, "former_name": None if latest == name else name}
        return cast(RowType, renamed)


NO_RENAMES = Renames()


def of_settlement(
    renames: Renames, settled: AccountEventRow, delivered: AccountEventRow | None
) -> list[AccountEventRow]:
    """The rows of a settlement under the latest names. Each names the instrument of the other."""
    settled = renames.of_event(settled)
    if delivered is None:
        return [settled]
    delivered = renames.of_event(delivered)
    into = {**(settled["terms"] or {}), "into": delivered["instrument"]}
    of = {**(delivered["terms"] or {}), "of": settled["instrument"]}
    return [{**settled, "terms": into}, {**delivered, "terms": of}]


def under_latest(
    orders: Iterable[StoredOrderRow], renames: Iterable[RenameRow]
) -> Iterator[StoredOrderRow]:
    """The orders under the names that the instruments of their requests have now, without one those
    of their first fills."""
    of: dict[str, list[RenameRow]] = {}
    for row in renames:
        of.setdefault(row["account"], []).append(row)
    by_account = {account: Renames(rows) for account, rows in of.items()}
    for order in orders:
        known = by_account.get(order["account"])
        at = order["requested_at"] or order["first_fill_at"]
        name = order["instrument"]
        if known is None or name is None or at is None:
            yield order
        else:
            yield {**order, "instrument": known.latest(name, at)}
