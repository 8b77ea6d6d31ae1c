"""Puts the rows of an account under the latest names of its instruments, when a rename arrives."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from operator import itemgetter
from typing import Any

from orderledger.projections.account_events import ACCOUNT_EVENTS, AccountEventRow
from orderledger.projections.instruments import (
    INSTRUMENTS,
    StoredInstrumentRow,
    blank,
    defined,
    marked,
    was_split,
    with_report,
)
from orderledger.projections.marks import MARKS, MarkRow
from orderledger.projections.renames import NO_RENAMES, RENAMES, Renames, of_settlement
from orderledger.projections.sides import when
from orderledger.projections.store import Rows
from orderledger.projections.trades import TRADES


class KnownRenames:
    """The renames of accounts, each read once."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._known: dict[str, Renames] = {}

    def of(self, account: str) -> Renames:
        known = self._known.get(account)
        if known is None:
            found = self._rows.select(RENAMES, account=account)
            known = self._known[account] = Renames(found) if found else NO_RENAMES
        return known

    def latest(self, account: str, name: str, at: datetime) -> str:
        return self.of(account).latest(name, at)

    def forget(self) -> None:
        self._known.clear()


class KnownPayments:
    """The message ids of fundings by instrument, each read once: a search for each funding would
    take quadratic time."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._ids: dict[tuple[str, str | None], set[str | None]] = {}

    def add(self, row: AccountEventRow) -> bool:
        """Add a new funding. Returns whether its id may be known."""
        name, of = row["venue_id"], (row["account"], row["instrument"])
        if name is None:
            return False
        known = self._ids.get(of)
        if known is None:
            where: dict[str, Any] = {"account": of[0], "instrument": of[1], "kind": "funding"}
            paid = self._rows.each(ACCOUNT_EVENTS, **where)
            known = self._ids[of] = {one["venue_id"] for one in paid}
        if name in known:
            return True
        known.add(name)
        return False

    def forget(self) -> None:
        self._ids.clear()


SETTLEMENT = ("settle", "delivery")
"""The kinds of the rows of one settlement."""


def rename_trades(rows: Rows, account: str, renames: Renames, names: Iterable[str]) -> None:
    """Put the trades with these names under the latest."""
    for name in names:
        for row in rows.select(TRADES, account=account, instrument=name):
            if (latest := renames.of_trade(row)) is not row:
                rows.put(TRADES, latest)


def rename_events(
    rows: Rows, account: str, renames: Renames, names: Iterable[str]
) -> Iterator[str]:
    """Put the account events with these names under the latest. Yields the instruments of
    settlements: a bust may be of another one now."""
    for row in rows.select(ACCOUNT_EVENTS, account=account, instrument=None):
        if row["cause"] is not None and (latest := renames.of_event(row)) is not row:
            rows.put(ACCOUNT_EVENTS, latest)
    found = [
        row
        for name in names
        for row in rows.select(ACCOUNT_EVENTS, account=account, instrument=name)
    ]
    for row in found:
        if row["kind"] not in SETTLEMENT and (latest := renames.of_event(row)) is not row:
            rows.put(ACCOUNT_EVENTS, latest)
    settled = dict.fromkeys(row["position"] for row in found if row["kind"] in SETTLEMENT)
    for position in (*settled, *settled):  # twice: by then, all reports have the latest names
        restated = restate_settlement(rows, renames, position)
        yield from (one["instrument"] or "" for one in restated)
    paid = Counter(row["venue_id"] for row in found if row["kind"] == "funding")
    for row in found:
        is_only_one = row["kind"] == "funding" and paid[row["venue_id"]] == 1
        if (
            row["kind"] in ("split", "funding")
            and not is_only_one
            and (renamed := rows.get(ACCOUNT_EVENTS, (row["position"], row["kind"])))
        ):
            rows.put(ACCOUNT_EVENTS, with_state(rows, [renamed])[0])


def restate_settlement(rows: Rows, renames: Renames, position: int) -> list[AccountEventRow]:
    """Put the rows of a settlement under the latest names, with their state."""
    settled, delivered = (rows.get(ACCOUNT_EVENTS, (position, kind)) for kind in SETTLEMENT)
    assert settled is not None
    found = with_state(rows, of_settlement(renames, settled, delivered))
    for row in found:
        rows.put(ACCOUNT_EVENTS, row)
    return found


def restate_reports(rows: Rows, renames: Renames, row: AccountEventRow) -> list[str]:
    """Put the other reports of a funding, a split or a settlement with their state. Returns the
    instruments of those whose state has changed."""
    found: list[str] = []
    for other in other_reports(rows, row):
        if other["kind"] == "settle":
            restated = restate_settlement(rows, renames, other["position"])
        else:
            restated = with_state(rows, [other])
            rows.put(ACCOUNT_EVENTS, restated[0])
        if restated[0]["state"] != other["state"]:
            found += [one["instrument"] or "" for one in restated]
    return found


def other_reports(
    rows: Rows, row: AccountEventRow, delivered: AccountEventRow | None = None
) -> list[AccountEventRow]:
    """Other rows of the same funding, split or settlement: with the same id, or of the same time
    with the same content. `delivered`: the row of what it delivers, if that is not stored."""
    of: dict[str, Any] = {name: row[name] for name in ("account", "instrument", "kind")}
    if row["kind"] == "funding":  # two of one time may be equal, with other ids
        of["venue_id"] = row["venue_id"]
        if row["venue_id"] is None:
            return []
    content = _content(rows, row, delivered)
    others = (
        one for one in rows.select(ACCOUNT_EVENTS, **of) if one["position"] != row["position"]
    )
    return [
        one
        for one in others
        if _has_same_id(row, one) or (_may_be_same(row, one) and content == _content(rows, one))
    ]


def _has_same_id(row: AccountEventRow, other: AccountEventRow) -> bool:
    return row["venue_id"] is not None and row["venue_id"] == other["venue_id"]


def _may_be_same(row: AccountEventRow, other: AccountEventRow) -> bool:
    """Whether equal content makes them the same. An id distinguishes settlements."""
    is_anyones = row["kind"] == "split" or (row["venue_id"], other["venue_id"]) == (None, None)
    return row["at"] == other["at"] and is_anyones


def _content(
    rows: Rows, row: AccountEventRow, delivered: AccountEventRow | None = None
) -> list[object]:
    """The content of a report, without the side."""
    delivered = delivered or rows.get(ACCOUNT_EVENTS, (row["position"], "delivery"))
    found: list[object] = [row["quantity"], row["price"], row["terms"], row["reason"]]
    found.append(row["currency"])
    if delivered is not None:
        fees = (delivered["terms"] or {}).get("fees")
        found += [delivered["instrument"], delivered["quantity"], delivered["price"], fees]
    return found


def _stands_for(other: AccountEventRow, row: AccountEventRow) -> bool:
    """Whether another report counts instead of this one: it names the side, or it is earlier."""
    side, of_other = ((one["position_side"], one["position_id"]) for one in (row, other))
    if other["state"] == "busted":
        return False
    return when(other) < when(row) if of_other == side else side == (None, None)


def _state(rows: Rows, row: AccountEventRow, delivered: AccountEventRow | None) -> str | None:
    """Repeated or reused where another report counts instead of this one."""
    others = [one for one in other_reports(rows, row, delivered) if _stands_for(one, row)]
    if not others:
        return None
    content = _content(rows, row, delivered)
    is_repeated = any(_content(rows, one) == content for one in others)
    return "repeated" if is_repeated else "reused"


def with_state(rows: Rows, settlement: list[AccountEventRow]) -> list[AccountEventRow]:
    """The rows of a funding, a split or a settlement: busted where a bust names its id, repeated or
    reused where another report counts instead. The premium of a settlement is computed again."""
    settled, state = settlement[0], None
    if settled["venue_id"] is not None and settled["kind"] == "settle":
        of: dict[str, Any] = {name: settled[name] for name in ("account", "instrument", "venue_id")}
        if rows.select(ACCOUNT_EVENTS, **of, kind="settlement_busted"):
            state = "busted"
    state = state or _state(rows, settled, settlement[1] if len(settlement) > 1 else None)
    found: list[AccountEventRow] = []
    for row in settlement:
        terms = row["terms"]
        if terms is not None and "premium" in terms and row["kind"] == "delivery":
            terms = {**terms, "premium": {}}
        found.append({**row, "terms": terms, "state": state})
    return found


def rename_marks(rows: Rows, account: str, renames: Renames, names: Iterable[str]) -> None:
    """Put the marks with these names under the latest. If two have the same time, the later in the
    log stays."""
    moved: list[MarkRow] = []
    for name in names:
        for row in rows.select(MARKS, account=account, instrument=name):
            if (latest := renames.of_mark(row)) is not row:
                rows.delete(MARKS, MARKS.key_of(row))
                moved.append(latest)
    for row in moved:
        known = rows.get(MARKS, MARKS.key_of(row))
        if known is None or known["position"] < row["position"]:
            rows.put(MARKS, row)


def rename_instruments(rows: Rows, account: str, renames: Renames, names: Iterable[str]) -> None:
    """Form the rows of these instruments again, from their definitions, marks, splits and what the
    venue reported. Marks and account events have their latest names already."""
    known = [row for name in names if (row := rows.get(INSTRUMENTS, (account, name))) is not None]
    formed: dict[str, StoredInstrumentRow] = {}
    for row in known:
        rows.delete(INSTRUMENTS, INSTRUMENTS.key_of(row))
    definitions = [one for row in known for one in row["definitions"] or ()]
    for one in sorted(definitions, key=itemgetter("position")):
        at = datetime.fromisoformat(one["at"])
        name = renames.latest(one["instrument"], at)
        formed[name] = defined(formed.get(name) or blank(account, name), one, at)
    reports = [
        {"former_name": row["instrument"], **one}
        for row in known
        for one in row["reported_positions"] or ()
    ]
    for one in sorted(reports, key=itemgetter("position")):
        at = datetime.fromisoformat(one["at"])
        name = renames.latest(one["former_name"], at)
        formed[name] = with_report(formed.get(name) or blank(account, name), one, at)
    for name in names:
        of: dict[str, Any] = {"account": account, "instrument": name}
        row = formed.get(name) or blank(account, name)
        for split in rows.select(ACCOUNT_EVENTS, **of, kind="split"):
            row = formed[name] = was_split(row, split["at"])
        for mark in rows.each(MARKS, **of):
            row = formed[name] = marked(row, mark["price"], mark["at"])
    for row in formed.values():
        rows.put(INSTRUMENTS, row)
