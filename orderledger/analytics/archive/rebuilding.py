"""Builds the views from an archive, by any engine that runs tasks: processes of this machine, or
Spark.

Stage 1 folds buckets of events. Stage 2 folds positions from the trades of stage 1, in ranges of
accounts and instruments. A task derives the names of its files from itself, so it can run again
after its worker was killed. The manifest comes last.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from orderledger import InvalidSetting
from orderledger.analytics.archive.folding import FOLDED, fold_bucket, fold_positions
from orderledger.analytics.archive.manifest import (
    File,
    Manifest,
    note_pending,
    pending,
    read_manifest,
    settle,
    write_manifest,
)
from orderledger.analytics.archive.parquet import opened, read_bucket, write_rows
from orderledger.analytics.archive.place import PART, Place
from orderledger.analytics.archive.rows import rows_of, schema_of
from orderledger.analytics.archive.verifying import verified
from orderledger.analytics.errors import ArchiveError
from orderledger.extend.views import tables

Key = tuple[str, str]
"""Account and instrument."""

TRADES_PER_TASK = 200_000
"""A task of stage 2 holds about this many trades in memory, or those of one instrument."""

BUCKETS_PER_TASK = 4
EVENTS_PER_TASK = 50_000

Run = Callable[
    ["Sequence[FoldBuckets] | Sequence[FoldRange]", Callable[[int], object]], "list[Folded]"
]
"""An engine: runs tasks on its workers, and returns their results in the order of the tasks.
Reports how many are done.
"""


class Folded(msgspec.Struct):
    """The result of a task: its files by view, and the number of active trades and account events
    by position."""

    files: dict[str, File]
    entries: list[tuple[str, str, int]] = []


class FoldBuckets(msgspec.Struct, tag=True):
    """Task of stage 1: fold these buckets."""

    archive: str
    to: str
    events: tuple[File, ...]
    buckets: tuple[int, ...]

    def run(self) -> Folded:
        import pyarrow as pa

        place, to = Place(self.archive), Place(self.to)
        folded = fold_bucket(
            pa.concat_tables(
                read_bucket(place, self.events, bucket, FOLDED) for bucket in self.buckets
            )
        )
        _check_renames(folded[tables.RENAMES.name])
        _check_deliveries(folded[tables.ACCOUNT_EVENTS.name])
        files = _write(to, folded, f"buckets-{self.buckets[0]:04}")
        counts: Counter[Key] = Counter()
        for name in (tables.TRADES.name, tables.ACCOUNT_EVENTS.name):
            found = folded[name].group_by(["account", "instrument"]).aggregate([([], "count_all")])
            for account, instrument, count in zip(
                *(found[column].to_pylist() for column in ("account", "instrument", "count_all")),
                strict=True,
            ):
                if instrument is not None:
                    counts[account, instrument] += count
        return Folded(files, [(*key, count) for key, count in sorted(counts.items())])


def _check_renames(renames: Any) -> None:
    """Raise ArchiveError for a rename: trades of other buckets have the old name."""
    for row in rows_of(tables.RENAMES, renames):
        raise ArchiveError(
            f"position {row['position']}",
            f"renames {row['instrument']} to {row['renamed_to']}, which a rebuild from an archive "
            "cannot fold; restore the ledger instead, which can",
        )


def _check_deliveries(events: Any) -> None:
    """Raise ArchiveError for a result that one instrument carries into the cost of another: each is
    folded by itself here."""
    import pyarrow.compute as pc

    delivered = events.filter(pc.equal(events["kind"], "delivery"))
    for row in rows_of(tables.ACCOUNT_EVENTS, delivered):
        if "premium" in (row["terms"] or {}):
            raise ArchiveError(
                f"position {row['position']}",
                f"carries the result of {row['terms'] and row['terms']['of']} into "
                f"{row['instrument']}, which a rebuild from an archive cannot fold; restore the "
                "ledger instead, which can",
            )


class FoldRange(msgspec.Struct, tag=True):
    """Task of stage 2: fold the positions from one (account, instrument) to another, both
    included."""

    to: str
    sources: dict[str, tuple[File, ...]]
    first: Key
    last: Key
    number: int

    def run(self) -> Folded:
        import pyarrow as pa

        to = Place(self.to)
        trades, facts, instruments = (
            _between(to, name, self.sources.get(name, ()), self.first, self.last, columns)
            for name, columns in (
                (tables.TRADES.name, tables.ENTRIES.names),
                (tables.ACCOUNT_EVENTS.name, None),
                (tables.INSTRUMENTS.name, None),
            )
        )
        facts = pa.concat_tables([facts, _openings(to, self.sources)])
        return Folded(
            _write(to, fold_positions(trades, facts, instruments), f"range-{self.number:04}")
        )


Task = FoldBuckets | FoldRange
TASKS = msgspec.json.Decoder(Task)
RESULTS = msgspec.json.Decoder(Folded)


def run_encoded(task: bytes | str) -> bytes:
    """Run a task on a worker: JSON in, JSON out."""
    return msgspec.json.encode(TASKS.decode(task).run())


@dataclass(frozen=True, slots=True)
class Built:
    """Result of a rebuild: the number of events, their last log position, and the number of rows of
    each view."""

    events: int
    position: int
    rows: dict[str, int]


def rebuild(
    place: Place,
    to: Place,
    run: Run,
    *,
    buckets_per_task: int | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> Built:
    """Build the views of an archive into another place. `progress` gets the number of events
    folded.

    Raises ArchiveError if a file of the archive is missing, truncated, altered or foreign, and
    InvalidSetting if the target is not empty.
    """
    manifest = verified(place)
    with to.locked():
        _begin(to)
        tasks = _first_tasks(place, to, manifest, buckets_per_task)
        folded = run(tasks, lambda done: progress(manifest.rows * done // max(1, len(tasks))))
        views = _by_view(folded)
        places = run(_second_tasks(to, views, folded), lambda done: None)
        views |= {name: files for name, files in _by_view(places).items() if files}
        made = Manifest(
            buckets=manifest.buckets, position=0, views={table.name: views.get(table.name,
            ()) for table in tables.TABLES},
            views_position=manifest.position,
        )  # fmt: skip
        write_manifest(to, made)
        settle(to, made)
    rows = {name: sum(file.rows for file in files) for name, files in made.views.items()}
    return Built(manifest.rows, manifest.position, rows)


def _begin(to: Place) -> None:
    """Raise InvalidSetting if there are files other than those of an unfinished rebuild. Those
    are written again.
    """
    if read_manifest(to) is not None:
        raise InvalidSetting("to", f"{to.url} holds a finished result: name another folder")
    names = [name for name in to.names() if not PART.fullmatch(name)]
    unfinished = pending(to)
    if names and not unfinished:
        raise InvalidSetting("to", f"{to.url} is not empty: {names[0]}")
    for name in names:
        if name.startswith(tuple(unfinished)):
            to.delete(name)
        else:
            raise ArchiveError(name, "is foreign: it was not written by a rebuild")
    note_pending(to, [f"views/{table.name}/" for table in tables.TABLES])


def _first_tasks(
    place: Place, to: Place, manifest: Manifest, per_task: int | None
) -> list[FoldBuckets]:
    size = per_task or max(
        1, min(BUCKETS_PER_TASK, EVENTS_PER_TASK * manifest.buckets // max(1, manifest.rows))
    )
    parts = [
        range(start, min(start + size, manifest.buckets))
        for start in range(0, manifest.buckets, size)
    ]
    return [FoldBuckets(place.address, to.address, manifest.events, tuple(part)) for part in parts]


def _second_tasks(
    to: Place, views: dict[str, tuple[File, ...]], folded: Sequence[Folded]
) -> list[FoldRange]:
    """Ranges of positions with about the same number of trades."""
    counts: Counter[Key] = Counter()
    for one in folded:
        for account, instrument, count in one.entries:
            counts[account, instrument] += count
    ranges: list[list[Key]] = [[]]
    size = 0
    for key in sorted(counts):
        if ranges[-1] and size + counts[key] > TRADES_PER_TASK:
            ranges.append([])
            size = 0
        ranges[-1].append(key)
        size += counts[key]
    sources = {
        name: views.get(name, ())
        for name in (tables.TRADES.name, tables.ACCOUNT_EVENTS.name, tables.INSTRUMENTS.name)
    }
    return [
        FoldRange(to.address, sources, keys[0], keys[-1], number)
        for number, keys in enumerate(ranges)
        if keys
    ]


def _write(to: Place, folded: dict[str, Any], part: str) -> dict[str, File]:
    """Write the tables that have rows. Sorted by account and instrument for stage 2, if the
    table has both.
    """
    files = {}
    for name, found in folded.items():
        if len(found):
            table = tables.BY_NAME[name]
            sorting = (
                ("account", "instrument", "at", "rank") if table is tables.TRADES else table.key
            )
            rows = found.sort_by([(column, "ascending") for column in sorting])
            files[name] = write_rows(
                to, f"views/{name}/{part}.parquet", rows.schema, rows.to_batches()
            )
    return files


def _by_view(results: Sequence[Folded]) -> dict[str, tuple[File, ...]]:
    found: dict[str, list[File]] = {}
    for one in results:
        for name, file in one.files.items():
            found.setdefault(name, []).append(file)
    return {name: tuple(files) for name, files in found.items()}


def _between(
    to: Place,
    name: str,
    files: Sequence[File],
    first: Key,
    last: Key,
    columns: Sequence[str] | None = None,
) -> Any:
    """The rows of a view with an account and instrument in a range. Reads only row groups that
    may contain some.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    schema, found = schema_of(tables.BY_NAME[name]), []
    for file in files:
        with opened(to, file.path) as parquet:
            groups = [
                number
                for number in range(parquet.num_row_groups)
                if _overlaps(parquet, number, first, last)
            ]
            if groups:
                part = parquet.read_row_groups(groups, columns=columns, use_threads=False)
                found.append(
                    part.filter(
                        pc.and_(
                            _reaches(part, first, pc.greater_equal, pc.greater),
                            _reaches(part, last, pc.less_equal, pc.less),
                        )
                    )
                )
    return pa.concat_tables(found) if found else schema.empty_table()


def _openings(to: Place, sources: dict[str, tuple[File, ...]]) -> Any:
    """The opening balances of all accounts: adjustments of no instrument."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table, found = tables.ACCOUNT_EVENTS, []
    for file in sources.get(table.name, ()):
        with opened(to, file.path) as parquet:
            rows = parquet.read(use_threads=False)
            is_adjustment = pc.equal(rows["kind"], "adjust")
            found.append(rows.filter(pc.and_(is_adjustment, pc.is_null(rows["instrument"]))))
    return pa.concat_tables(found) if found else schema_of(table).empty_table()


def _reaches(rows: Any, key: Key, inside: Any, beyond: Any) -> Any:
    """Whether the account and instrument of each row are within a bound, or equal to it."""
    import pyarrow.compute as pc

    same = pc.and_(pc.equal(rows["account"], key[0]), inside(rows["instrument"], key[1]))
    return pc.or_(beyond(rows["account"], key[0]), same)


def _overlaps(parquet: Any, group: int, first: Key, last: Key) -> bool:
    """Whether a row group may have rows of the range, by its accounts and, if it has only one,
    by its instruments.
    """
    accounts, instruments = (_ends(parquet, group, name) for name in ("account", "instrument"))
    if accounts is None or instruments is None:
        return True
    if accounts[0] == accounts[1]:
        return (accounts[0], instruments[0]) <= last and (accounts[0], instruments[1]) >= first
    return bool(accounts[0] <= last[0] and accounts[1] >= first[0])


def _ends(parquet: Any, group: int, name: str) -> Key | None:
    statistics = (
        parquet.metadata.row_group(group)
        .column(parquet.schema_arrow.get_field_index(name))
        .statistics
    )
    return (
        (statistics.min, statistics.max)
        if statistics is not None and statistics.has_min_max
        else None
    )
