"""Compares a log that went back with its archive, and records the lost events again."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from orderledger import InvalidSetting, Ledger, Outcome
from orderledger.analytics.archive.manifest import Manifest
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.restoring import RestoredRow, archived_rows
from orderledger.extend.events import Recorded, codec
from orderledger.extend.store import LogRow, Store, kept_evidence, reaching

EVENTS_PER_COMMIT = 1_000


class Resynced(NamedTuple):
    """An event of the archive that the log lacks, and the outcome of recording it again. None for
    an event that the ledger adds by itself."""

    event: Recorded
    outcome: Outcome | None


def resync(
    place: Place,
    manifest: Manifest,
    ledger: Ledger,
    *,
    is_dry_run: bool = False,
    progress: Callable[[int], object] = lambda done: None,
) -> Iterator[Resynced]:
    """Record the events of a verified archive that the log lacks, in the order of the archive. An
    event counts as there if its stream has the same bytes at the same version.

    `is_dry_run`: only compare. `progress` is called with the number of events compared. Raises
    InvalidSetting if the log lacks the first event of the archive.
    """
    store = ledger.internals.store
    is_first = True
    with reaching(store.url or "the store"):
        for rows in archived_rows(place, manifest, progress):
            if is_first and _missing(store, rows[:1]):
                raise InvalidSetting(
                    "db",
                    "the archive is of another ledger, or the log is empty: its first event is not "
                    "in the log. `restore` makes a ledger out of an archive",
                )
            is_first = False
            lost = [_shown(row, kept) for row, kept in _missing(store, rows)]
            for begin in range(0, len(lost), EVENTS_PER_COMMIT):
                events = lost[begin : begin + EVENTS_PER_COMMIT]
                outcomes = ledger.recording.record_again(events, is_dry_run=is_dry_run)
                yield from map(Resynced, events, outcomes)


def _missing(store: Store, rows: list[RestoredRow]) -> list[RestoredRow]:
    stored = store.recorder.rows_at([(row.stream, row.version) for row, _ in rows])
    there = {(one.stream, one.version): bytes(one.state) for one in stored}
    return [one for one in rows if there.get((one[0].stream, one[0].version)) != one[0].state]


def _shown(row: LogRow, kept: kept_evidence.KeptEvidence | None) -> Recorded:
    """The event with the evidence and the text that are archived beside it."""
    recorded = codec.decode(*row)
    if kept is None:
        return recorded
    evidence = recorded.evidence if kept.evidence is None else kept.evidence
    return replace(recorded, evidence=evidence, text=recorded.text or kept.text)
