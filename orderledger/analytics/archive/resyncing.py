"""Compares a log that went back with a copy of it, and records the lost events again.

A copy is an archive, or the events that a relay published, as lines of JSON.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from orderledger import InvalidSetting, Ledger, Outcome, UnreadableEvent
from orderledger.analytics.archive.manifest import Manifest
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.restoring import archived_rows
from orderledger.analytics.errors import ArchiveError
from orderledger.extend.events import Recorded, accounts, codec
from orderledger.extend.store import LogRow, Store, kept_evidence, reaching
from orderledger.extend.values import stream_names

EVENTS_PER_COMMIT = 1_000
LINES_AT_ONCE = 5_000

ENVELOPE = (
    "recorded_at", "source", "payload", "at", "actor", "on_behalf_of", "correlation_id",
    "causation_id", "text", "evidence", "attributed_from",
)  # fmt: skip
"""The fields of a published event that are stored around its payload, and the payload."""


class Part(NamedTuple):
    """A part of a copy. `places`: log position and stream of each event. `recorded_at`: of the
    last one. `lost`: the events that the log lacks."""

    places: list[tuple[int, str]]
    recorded_at: datetime | None
    lost: list[Recorded]


class Resynced(NamedTuple):
    """An event of the copy that the log lacks, and the outcome of recording it again. None for an
    event that the ledger adds by itself."""

    event: Recorded
    outcome: Outcome | None


class Resync:
    """Records the events of a copy that the log lacks, when it is iterated.

    `accounts` counts the lost events of each account of the copy. `kept_to` is the last log
    position before the first lost event. The log lost events from `lost_from` to `lost_to`, by
    their times of recording. The copy ends at the position `copied_to`, recorded at `copied_at`:
    only the venues have later facts.
    """

    def __init__(self, ledger: Ledger, parts: Iterable[Part], *, is_dry_run: bool = False) -> None:
        self._ledger = ledger
        self._parts = parts
        self._is_dry_run = is_dry_run
        self._first: int | None = None
        self.accounts: Counter[str] = Counter()
        self.kept_to: int | None = None
        self.lost_from: datetime | None = None
        self.lost_to: datetime | None = None
        self.copied_to = 0
        self.copied_at: datetime | None = None

    def __iter__(self) -> Iterator[Resynced]:
        """Raises InvalidSetting if the log lacks the first event of the copy."""
        store = self._ledger.internals.store
        with reaching(store.url or "the store"):
            for part in self._parts:
                self._note(part)
                if part.lost and self.kept_to is None:
                    self._note_begin(store, part.lost[0].position or 0)
                for begin in range(0, len(part.lost), EVENTS_PER_COMMIT):
                    events = part.lost[begin : begin + EVENTS_PER_COMMIT]
                    outcomes = self._ledger.recording.record_again(
                        events, is_dry_run=self._is_dry_run
                    )
                    for event, outcome in zip(events, outcomes, strict=True):
                        account = stream_names.account_of(event.stream)
                        if outcome is not None and account in self.accounts:
                            self.accounts[account] += 1
                        yield Resynced(event, outcome)

    def _note(self, part: Part) -> None:
        found = {stream_names.account_of(stream) for _, stream in part.places}
        self.accounts.update(dict.fromkeys(found - {accounts.EVERY_ACCOUNT}, 0))
        if part.places:
            first, last = min(part.places)[0], max(part.places)[0]
            self._first = first if self._first is None else min(self._first, first)
            if last > self.copied_to:
                self.copied_to, self.copied_at = last, part.recorded_at

    def _note_begin(self, store: Store, lost: int) -> None:
        """Note where the log went back to. `lost`: the position of the first lost event."""
        with store.database.reading() as session:
            before = "notification_id < ? ORDER BY notification_id DESC LIMIT 1"
            kept = session.stored_where(before, (lost,))
        if lost == self._first or not kept:
            raise InvalidSetting(
                "db",
                "the copy is of another ledger, or the log is empty, or the copy begins after the "
                "events that the log has: its first event is not in the log. `restore` makes a "
                "ledger out of an archive",
            )
        self.kept_to, self.lost_from = kept[0].position, _recorded_at(kept[0])
        after = store.recorder.rows_after(self.kept_to, 1)
        self.lost_to = _recorded_at(after[0]) if after else self._ledger.internals.clock.now()


def parts_of_archive(
    store: Store,
    place: Place,
    manifest: Manifest,
    progress: Callable[[int], object] = lambda done: None,
) -> Iterator[Part]:
    """The parts of a verified archive, in log order. An event counts as there if its stream has the
    same bytes at the same version. `progress` is called with the number of events compared."""
    for rows in archived_rows(place, manifest, progress):
        stored = store.recorder.rows_at([(row.stream, row.version) for row, _ in rows])
        there = {(one.stream, one.version): bytes(one.state) for one in stored}
        lost = [
            _shown(row, kept)
            for row, kept in rows
            if there.get((row.stream, row.version)) != row.state
        ]
        places = [(row.position, row.stream) for row, _ in rows]
        yield Part(places, _recorded_at(rows[-1][0]), lost)


def parts_of_lines(
    store: Store,
    name: str,
    lines: Iterable[bytes],
    progress: Callable[[int], object] = lambda done: None,
) -> Iterator[Part]:
    """The parts of a file of events as a relay publishes them, in any order, each any number of
    times. An event counts as there if its stream has the same fact, time and sender at the same
    version. The last part has the lost events, in log order. `name`: of the file, for errors."""
    lost: dict[tuple[int, str, int], Recorded] = {}
    numbered = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    while some := list(islice(numbered, LINES_AT_ONCE)):
        events = [_published(name, number, line) for number, line in some]
        stored = store.recorder.rows_at([(one.stream, one.version) for one in events])
        there = {(one.stream, one.version): codec.decode(*one) for one in stored}
        for one in events:
            found = there.get((one.stream, one.version))
            if found is None or _fact(found) != _fact(one):
                lost[one.position or 0, one.stream, one.version] = one
        last = max(events, key=lambda one: one.position or 0)
        yield Part([(one.position or 0, one.stream) for one in events], last.recorded_at, [])
        progress(some[-1][0])
    yield Part([], None, [lost[place] for place in sorted(lost)])


class _Place(msgspec.Struct):
    position: int
    stream: str
    version: int
    name: str


def _published(name: str, number: int, line: bytes) -> Recorded:
    try:
        place = msgspec.json.decode(line, type=_Place)
        given = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        null = msgspec.Raw(b"null")
        stated = {word: given[word] for word in ENVELOPE if given.get(word, null) != null}
        state = msgspec.json.encode(stated)
        return codec.decode(place.stream, place.version, place.name, state, place.position)
    except (ValueError, KeyError, UnreadableEvent) as error:
        raise ArchiveError(name, f"line {number} is not an event: {error}") from error


def _fact(recorded: Recorded) -> Recorded:
    """The event without what is stored beside it, and without its place in the log."""
    return replace(
        recorded,
        position=None,
        text=None,
        evidence=None,
        text_hash=None,
        evidence_hash=None,
        first_position=None,
    )


def _recorded_at(row: LogRow) -> datetime | None:
    with suppress(UnreadableEvent):
        return codec.decode(*row).recorded_at
    return None


def _shown(row: LogRow, kept: kept_evidence.KeptEvidence | None) -> Recorded:
    """The event with the evidence and the text that are archived beside it."""
    recorded = codec.decode(*row)
    if kept is None:
        return recorded
    evidence = recorded.evidence if kept.evidence is None else kept.evidence
    return replace(recorded, evidence=evidence, text=recorded.text or kept.text)
