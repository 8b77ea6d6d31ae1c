"""An import: rows become messages, messages are recorded in order, and unreadable rows are
listed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from orderledger import Message, Outcome
from orderledger.venues.importers.source import LeftOut, Readable, Row, Unreadable

if TYPE_CHECKING:
    from orderledger import Ledger

AT_ONCE = 1_000
"""Messages in one commit."""
JUST_BEFORE = timedelta(microseconds=1)


class ImportRecorder(Protocol):
    """The methods of a ledger that an import uses."""

    def record_many(self, messages: Iterable[Message]) -> list[Outcome]: ...


@dataclass(frozen=True)
class KnownTo:
    """`Known`: the data of a ledger about one account."""

    ledger: "Ledger"
    account: str

    def has_fill(self, venue_order_id: str, fill_id: str) -> bool:
        """Whether this fill of the account counts."""
        fills = self.ledger.trades(
            account=self.account, venue_order_id=venue_order_id, fill_id=fill_id
        )
        return bool(fills)

    def is_held(self, instrument: str, at: datetime) -> bool:
        """Whether the account had a position just before this time."""
        rows = self.ledger.positions(
            account=self.account, instrument=instrument, effective_at=at - JUST_BEFORE
        )
        return any(row["position_quantity"] for row in rows)


@dataclass
class Imported:
    """The result for the rows. `refused`: places of refused commands with the outcome.
    `left_out`: rows without anything to record, by reason. `left_out`: rows that hold nothing to
    record, by reason.
    """

    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    anomalies: Counter[str] = field(default_factory=Counter)
    unreadable: list[Unreadable] = field(default_factory=list)
    refused: list[tuple[str, str, Outcome]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def is_whole(self) -> bool:
        """Whether every row with something to record is in the log."""
        return not self.unreadable and not self.refused

    def count(self, row: Row) -> list[Message]:
        """Count a row. Returns its messages."""
        self.rows += 1
        if isinstance(row, Readable):
            return row.messages
        if isinstance(row, LeftOut):
            self.left_out[row.reason] += 1
        else:
            self.unreadable.append(row)
        return []


def import_rows(
    recorder: ImportRecorder,
    rows: Iterable[Row],
    *,
    show: Callable[[Imported], Any] = lambda imported: None,
) -> Imported:
    """Record the messages of the rows, in order. `show` is called after each commit, to show
    progress."""
    imported = Imported()
    for group in _groups(rows, imported):
        outcomes = recorder.record_many([message for _, message in group])
        for (place, message), outcome in zip(group, outcomes, strict=True):
            imported.outcomes[outcome.outcome] += 1
            imported.anomalies.update(outcome.anomalies)
            if outcome.outcome == "refused":
                imported.refused.append((place, str(getattr(message, "type", "")), outcome))
        show(imported)
    return imported


def _groups(rows: Iterable[Row], imported: Imported) -> Iterator[list[tuple[str, Message]]]:
    group: list[tuple[str, Message]] = []
    for row in rows:
        group += [(row.place, message) for message in imported.count(row)]
        if len(group) >= AT_ONCE:
            yield group
            group = []
    yield group
