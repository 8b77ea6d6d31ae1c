"""Parquet files of an archive. Each is built in memory, so that its name and digest are known at
once.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from orderledger.analytics.archive.manifest import File
from orderledger.analytics.archive.place import Place
from orderledger.analytics.errors import ArchiveError

if TYPE_CHECKING:
    import pyarrow

COMPRESSION = "zstd"
ROWS_PER_GROUP = 16_384
LEAST_ROWS_PER_GROUP = 256
"""A bucket gets its own row group in a file with at least this many rows per bucket. A smaller
file is sorted too.
"""


def write_events(place: Place, name: str, events: "pyarrow.Table", buckets: int) -> File:
    """Write a part of the log, sorted by bucket, stream and version."""
    import pyarrow.compute as pc

    events = events.sort_by(
        [("bucket", "ascending"), ("stream", "ascending"), ("version", "ascending")]
    )
    ends = pc.min_max(events["position"]).as_py()
    groups = _by_bucket(events) if len(events) >= buckets * LEAST_ROWS_PER_GROUP else [events]
    return _write(place, name, events.schema, groups, first=ends["min"], last=ends["max"])


def _by_bucket(events: "pyarrow.Table") -> Iterator["pyarrow.Table"]:
    counts = events["bucket"].value_counts()  # in the order of the column, which is sorted
    start = 0
    for count in counts.field("counts").to_pylist():
        yield events.slice(start, count)
        start += count


def write_rows(
    place: Place, name: str, schema: "pyarrow.Schema", batches: Iterable["pyarrow.RecordBatch"]
) -> File:
    """Write the rows of a view."""
    return _write(place, name, schema, _grouped(schema, batches))


def _grouped(
    schema: "pyarrow.Schema", batches: Iterable["pyarrow.RecordBatch"]
) -> Iterator["pyarrow.Table"]:
    import pyarrow as pa

    waiting: list[Any] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= ROWS_PER_GROUP:
            yield pa.Table.from_batches(waiting, schema)
            waiting.clear()
    if waiting:
        yield pa.Table.from_batches(waiting, schema)


def _write(
    place: Place,
    name: str,
    schema: "pyarrow.Schema",
    groups: Iterable["pyarrow.Table"],
    **positions: int,
) -> File:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink, rows = pa.BufferOutputStream(), 0
    with pq.ParquetWriter(sink, schema, compression=COMPRESSION) as writer:
        for group in groups:
            writer.write_table(group, row_group_size=max(1, len(group)))
            rows += len(group)
    content = sink.getvalue()
    place.write(name, content)
    return File(name, rows, content.size, sha256(content).hexdigest(), **positions)


def read_bucket(
    place: Place, files: Sequence[File], bucket: int, columns: Sequence[str] | None = None
) -> "pyarrow.Table":
    """The events of one bucket, from all files. Reads only the row groups that may contain some."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from orderledger.analytics.archive.rows import events_schema

    wanted = None if columns is None else list(dict.fromkeys([*columns, "bucket"]))
    schema = events_schema()
    found = []
    for file in files:
        with opened(place, file.path) as parquet:
            groups = [
                number
                for number in range(parquet.num_row_groups)
                if _may_have(parquet, number, bucket)
            ]
            if groups:
                part = parquet.read_row_groups(groups, columns=wanted, use_threads=False)
                found.append(part.filter(pc.equal(part["bucket"], bucket)))
    if not found:
        return (
            schema if wanted is None else pa.schema([schema.field(name) for name in wanted])
        ).empty_table()
    return pa.concat_tables(found)


def _may_have(parquet: Any, group: int, bucket: int) -> bool:
    row_group = parquet.metadata.row_group(group)
    column = parquet.schema_arrow.get_field_index("bucket")
    statistics = row_group.column(column).statistics
    return (
        statistics is None
        or not statistics.has_min_max
        or statistics.min <= bucket <= statistics.max
    )


def read_positions(place: Place, file: File) -> "pyarrow.Table":
    """The events of one file in log order."""
    with opened(place, file.path) as parquet:
        return parquet.read(use_threads=False).sort_by("position")


@contextmanager
def opened(place: Place, name: str) -> Iterator[Any]:
    """A Parquet file. Raises ArchiveError if it is missing or cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with place.open(name) as file, pq.ParquetFile(file) as parquet:
            yield parquet
    except FileNotFoundError as error:
        raise ArchiveError(name, "is missing") from error
    except (OSError, pa.ArrowException) as error:
        raise ArchiveError(name, f"cannot be read: {str(error).splitlines()[0]}") from error
