"""What is stored has a number: a new name of an event, a new field or a new word of one raises the
schema, so that writers before it are fenced and readers before it can be named what they cannot
read.

`schemas/N.txt` has all that is stored since schema N and not before; 8 is the first. After a
change, raise SCHEMA_VERSION, add the new names to `NEW_EVENTS`, and write the file of the new
number:

    ORDERLEDGER_WRITE_GOLDEN=1 python -m tests.core.test_shapes

It writes the file if it is not there yet. The file of a released version never changes.
"""

import os
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

FOLDER = Path(__file__).with_name("schemas")
FIRST = 8


def written() -> dict[int, set[str]]:
    """The lines of each file, by its number."""
    return {int(path.stem): set(path.read_text().split()) for path in FOLDER.iterdir()}


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


def is_named(line: str, names: tuple[str, ...]) -> bool:
    """Whether the line is one of these, or a part of one: a field of a new event, or of a new
    field."""
    inside = {f"{name.rpartition('.')[2]}." for name in names}
    parts = tuple(f"{name}{sign}" for name in names for sign in ".=")
    return line in names or line.startswith((*parts, *inside))


def test_all_that_is_stored_stands_in_the_file_of_the_schema_that_it_came_with() -> None:
    files = written()
    assert set.union(*files.values()) == shapes(), "raise SCHEMA_VERSION: see above"
    assert set(range(FIRST, max(files) + 1)) == set(files)
    assert max(files) <= SCHEMA_VERSION


def test_the_package_names_what_is_new_in_each_schema() -> None:
    new = {number: lines for number, lines in written().items() if number > FIRST}
    assert set(NEW_EVENTS) == set(new)
    for number, lines in new.items():
        names = NEW_EVENTS[number]
        assert [line for line in sorted(lines) if not is_named(line, names)] == []
        assert [name for name in names if name not in lines] == []
    assert new_events(FIRST) == [
        name for number in sorted(NEW_EVENTS) for name in NEW_EVENTS[number]
    ]
    assert new_events(SCHEMA_VERSION) == []


def test_a_new_field_and_a_new_word_are_found() -> None:
    known = shapes()
    assert {"fill_recorded.v1", "fill_recorded.v1.fee", "envelope.actor"} <= known
    assert {"fill_recorded.v1.side=buy", "links.role=entry"} <= known
    assert "breaks_open.since" in known


def write_missing() -> None:
    """Write the file of this schema, if it is not there yet."""
    before = set.union(*written().values())
    with (FOLDER / f"{SCHEMA_VERSION}.txt").open("x") as file:
        file.writelines(f"{line}\n" for line in sorted(shapes() - before))


if __name__ == "__main__":
    if os.environ.get("ORDERLEDGER_WRITE_GOLDEN") != "1":
        raise SystemExit("set ORDERLEDGER_WRITE_GOLDEN=1 to write the file of a new schema")
    write_missing()
