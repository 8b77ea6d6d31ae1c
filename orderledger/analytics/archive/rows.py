"""Events as they are archived, and the rows of views as Arrow tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast
from zlib import crc32

import msgspec

from orderledger.extend.events import codec
from orderledger.extend.store import LogRow as StoredRow
from orderledger.extend.store import Store, columns, kept_evidence
from orderledger.extend.values import stream_names
from orderledger.extend.views import Column, Kind, Table

if TYPE_CHECKING:
    import pyarrow

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROWS_AT_ONCE = 2_000
RowType = TypeVar("RowType", bound=Mapping[str, object])

EVIDENCE = b',"evidence":'
"""The evidence is the last field of a stored event."""


class ArchivedRow(NamedTuple):
    """An event in its archived form. `state` is without the evidence.

    `salt`: of evidence and text that are stored beside the event until they are deleted. Without
    it, an older version stored the evidence in the event. `first_position` and `first_recorded_at`:
    where and when a fill was first recorded, if attribution copied it to this order.
    """

    position: int
    bucket: int
    stream: str
    version: int
    name: str
    recorded_at: datetime | None
    state: bytes
    has_evidence: bool
    evidence: str | None
    text: str | None
    salt: bytes | None
    first_position: int | None
    first_recorded_at: datetime | None


class _Envelope(msgspec.Struct, gc=False):
    recorded_at: datetime | None = None
    attributed_from: tuple[str, int] | None = None
    evidence: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    evidence_hash: bytes | None = None


_envelope = msgspec.json.Decoder(_Envelope)
_NO_ENVELOPE = _Envelope()


@lru_cache(1 << 16)
def bucket_of(stream: str, buckets: int) -> int:
    """The bucket of a stream: the CRC-32 of its name, modulo the number of buckets. All streams
    about an account itself, such as marks and gaps, share the bucket of the account's name. Some
    rows of views need several of them.
    """
    is_alone = stream_names.is_order_stream(stream) or stream_names.is_proposal_stream(stream)
    return crc32((stream if is_alone else stream_names.account_of(stream)).encode()) % buckets


def archived_rows(store: Store, after: int, limit: int, buckets: int) -> list[ArchivedRow]:
    """The next events of the log, in the form of the archive."""
    rows = store.recorder.rows_after(after, limit)
    beside = store.recorder.evidence_at([row.position for row in rows])
    kept = {position: kept_evidence.kept_row(*found) for position, found in beside.items()}
    return [_archived(store, row, kept.get(row.position), buckets) for row in rows]


def _archived(
    store: Store, row: StoredRow, kept: kept_evidence.KeptEvidence | None, buckets: int
) -> ArchivedRow:
    state, evidence, envelope = row.state, None, _NO_ENVELOPE
    try:
        envelope = _envelope.decode(state)
    except (msgspec.MsgspecError, UnicodeError):
        pass  # a damaged event is archived as it is; `check` reports it
    else:
        if envelope.evidence is not msgspec.UNSET:
            raw = bytes(envelope.evidence)
            if state.endswith(EVIDENCE + raw + b"}"):
                state, evidence = state[: -len(raw) - len(EVIDENCE) - 1] + b"}", raw.decode()
    if kept is not None:
        evidence = None if kept.evidence is None else kept.evidence.decode()
    has_evidence = envelope.evidence is not msgspec.UNSET or envelope.evidence_hash is not None
    first = _first_record(store, *envelope.attributed_from) if envelope.attributed_from else None
    position, recorded_at = first or (None, None)
    bucket = bucket_of(row.stream, buckets)
    return ArchivedRow(
        *(row.position, bucket, row.stream, row.version, row.name, envelope.recorded_at, state),
        *(
            has_evidence,
            evidence,
            kept.text if kept else None,
            kept.salt if kept else None,
            position,
            recorded_at,
        ),
    )


def _first_record(store: Store, stream: str, version: int) -> tuple[int, datetime] | None:
    """Where and when the event was recorded that an attribution repeats."""
    found = store.recorder.rows_at([(stream, version)])
    if not found:
        return None
    recorded = codec.decode(*found[0])
    earlier = _first_record(store, *recorded.attributed_from) if recorded.attributed_from else None
    return earlier or (recorded.position or 0, recorded.recorded_at)


def stored_state(state: bytes, evidence: str | None, salt: bytes | None) -> bytes:
    """The bytes of an event as they were stored."""
    return (
        state
        if evidence is None or salt is not None
        else state[:-1] + EVIDENCE + evidence.encode() + b"}"
    )


def events_schema() -> "pyarrow.Schema":
    """The columns of `events`."""
    import pyarrow as pa

    moment = pa.timestamp("us", tz="UTC")
    columns = (
        ("position", pa.int64(), False),
        ("bucket", pa.int32(), False),
        ("stream", pa.string(), False),
        ("version", pa.int64(), False),
        ("name", pa.string(), False),
        ("recorded_at", moment, True),
        ("state", pa.binary(), False),
        ("has_evidence", pa.bool_(), False),
        ("evidence", pa.string(), True),
        ("text", pa.string(), True),
        ("salt", pa.binary(), True),
        ("first_position", pa.int64(), True),
        ("first_recorded_at", moment, True),
    )
    return pa.schema([pa.field(name, kind, nullable=nullable) for name, kind, nullable in columns])


def events_batch(rows: Sequence[ArchivedRow]) -> "pyarrow.RecordBatch":
    import pyarrow as pa

    schema = events_schema()
    columns = zip(*rows, strict=True)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)


def schema_of(table: Table[Any]) -> "pyarrow.Schema":
    """The columns of a view: numbers are exact decimal text, JSON is text, times are UTC."""
    import pyarrow as pa

    types: dict[Kind, Any] = {
        "text": pa.string(),
        "number": pa.string(),
        "time": pa.timestamp("us", tz="UTC"),
        "json": pa.string(),
        "flag": pa.bool_(),
        "count": pa.int64(),
    }
    return pa.schema(
        [pa.field(c.name, types[c.kind], metadata={"meaning": c.meaning}) for c in table.columns]
    )


def batch_of(table: Table[Any], rows: Sequence[Mapping[str, object]]) -> "pyarrow.RecordBatch":
    """Rows of a view in Arrow."""
    import pyarrow as pa

    schema = schema_of(table)
    arrays = [
        pa.array(_column(column, [row[column.name] for row in rows]), field.type)
        for column, field in zip(table.columns, schema, strict=True)
    ]
    return pa.record_batch(arrays, schema=schema)


def _column(column: Column, values: list[Any]) -> Sequence[Any]:
    if column.kind == "number":
        return columns.numbers(values)
    if column.kind == "json":
        return columns.json_texts(values)
    if column.kind == "flag":
        return [None if value is None else bool(value) for value in values]
    return values


def batches_of(
    table: Table[Any], rows: Iterable[Mapping[str, object]]
) -> Iterator["pyarrow.RecordBatch"]:
    """Any number of rows, in batches."""
    remaining = iter(rows)
    while some := list(islice(remaining, ROWS_AT_ONCE)):
        yield batch_of(table, some)


def rows_of(table: Table[RowType], found: "pyarrow.Table") -> Iterator[RowType]:
    """The rows of an Arrow table, which may lack columns of the view."""
    for batch in found.to_batches(max_chunksize=ROWS_AT_ONCE):
        columns = [_values(table.by_name[name], batch.column(name)) for name in batch.schema.names]
        for values in zip(*columns, strict=True):
            yield cast(RowType, dict(zip(batch.schema.names, values, strict=True)))


def _values(column: Column, array: Any) -> list[Any]:
    import pyarrow as pa

    if column.kind == "time":
        return [
            None if us is None else EPOCH + timedelta(microseconds=us)
            for us in array.cast(pa.int64()).to_pylist()
        ]
    values: list[Any] = array.to_pylist()
    if column.kind == "number":
        return [None if text is None else _decimal(text) for text in values]
    return (
        [None if text is None else columns.parse_json(text) for text in values]
        if column.kind == "json"
        else values
    )


def _decimal(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)
