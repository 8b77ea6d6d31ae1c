"""What is stored has a number: a new name of an event, a new field or a new word of one raises the
schema, so that writers and readers before it are refused and can be named what they cannot read.

`schema_8.txt` is all that was stored before `NEW_EVENTS` began, and does not change.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec.inspect as types

from orderledger.domain.recorded import KINDS
from orderledger.infrastructure.storage.codec import Envelope
from orderledger.infrastructure.storage.schema_version import (
    NEW_EVENTS,
    SCHEMA_VERSION,
    new_events,
)

SCHEMA_8 = Path(__file__).with_name("schema_8.txt")


def shapes() -> set[str]:
    """All names, fields and words that are stored today."""
    found = {*_fields(types.type_info(Envelope), "envelope")}
    for name, kind in KINDS.items():
        found |= {name, *_fields(types.type_info(kind), name)}
    return found


def _fields(kind: types.Type, path: str) -> Iterator[str]:
    assert isinstance(kind, types.StructType)
    for field in kind.fields:
        yield f"{path}.{field.encode_name}"
        yield from _parts(field.type, path, field.encode_name)


def _parts(kind: types.Type, path: str, field: str) -> Iterator[str]:
    """The words of a field, and the fields inside it, which are the same in every event."""
    match kind:
        case types.StructType():
            yield from _fields(kind, field)
        case types.EnumType():
            yield from (f"{path}.{field}={member.value}" for member in kind.cls)
        case types.UnionType():
            for one in kind.types:
                yield from _parts(one, path, field)
        case types.VarTupleType() | types.ListType():
            yield from _parts(kind.item_type, path, field)
        case types.Metadata():
            yield from _parts(kind.type, path, field)


def test_all_that_is_new_stands_under_the_schema_that_it_came_with() -> None:
    """Add what is missing here to `NEW_EVENTS`, under the number of the next release, and raise
    SCHEMA_VERSION to it."""
    known = set(SCHEMA_8.read_text().split("\n")[:-1])
    assert shapes() - known == set(new_events(since=8))
    assert known - shapes() == set()
    assert all(8 < number <= SCHEMA_VERSION for number in NEW_EVENTS)


def test_a_new_field_and_a_new_word_are_found() -> None:
    known = shapes()
    assert {"fill_recorded.v1", "fill_recorded.v1.fee", "envelope.actor"} <= known
    assert {"fill_recorded.v1.side=buy", "links.role=entry"} <= known
    assert "breaks_open.since" in known
