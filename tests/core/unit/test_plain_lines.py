"""Most lines are read by msgspec. It reads them as `json` does, or leaves them to it."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderledger.infrastructure.errors import InvalidMessage
from orderledger.infrastructure.messages import parsing


class Pairs:
    """A JSON object that may give a key twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


TEXTS = st.text(alphabet='ab:",{}[] \\\n\u00e9\u20ac', max_size=6)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | TEXTS
    | st.integers(-(10**40), 10**40)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(st.tuples(TEXTS, inner), max_size=3).map(Pairs)
    ),
    max_leaves=8,
)


def written(value: Any, gap: str, *, is_ascii: bool) -> str:
    if isinstance(value, Pairs):
        inner = (
            (written(key, gap, is_ascii=is_ascii), written(each, gap, is_ascii=is_ascii))
            for key, each in value.pairs
        )
        return "{" + ",".join(f"{key}{gap}:{gap}{each}" for key, each in inner) + "}"
    if isinstance(value, list):
        return "[" + gap + ",".join(written(each, gap, is_ascii=is_ascii) for each in value) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=is_ascii)


def typed(value: Any) -> Any:
    """With the type of everything in it: 1 is not 1.0."""
    if isinstance(value, dict):
        return {name: typed(each) for name, each in value.items()}
    return [typed(each) for each in value] if isinstance(value, list) else (type(value), str(value))


@pytest.mark.slow
@given(
    st.lists(st.tuples(TEXTS, VALUES), max_size=4).map(Pairs),
    st.sampled_from(["", " ", "\t"]),
    st.booleans(),
)
def test_a_line_is_read_by_msgspec_as_by_json_or_not_at_all(
    document: Pairs, gap: str, is_ascii: bool
) -> None:
    line = written(document, gap, is_ascii=is_ascii)
    for text in (line, line.encode()):
        plain = parsing._plain_document(text)
        if plain is not None:
            assert typed(plain) == typed(parsing._any_document(text))


BESIDE_LONG_NUMBERS = b'{"a":1,"a":18446744073709551615,"b":18446744073709551615}'


@pytest.mark.parametrize(
    "line",
    [b'{"a":1,"a":2}', b'{"a" : 1, "a": 2, "b":3}', b'{"t":{"x":1,"x":2}}', BESIDE_LONG_NUMBERS],
)
def test_a_key_given_twice_is_not_lost(line: bytes) -> None:
    assert parsing._plain_document(line) is None
    with pytest.raises(InvalidMessage, match="is given twice"):
        parsing._any_document(line)


def test_plain_lines_are_read_by_msgspec() -> None:
    line = b'{"type":"fill","account":"sim:main","at":"2025-01-01T00:00:00Z","quantity":0.10,"reported":{"status":"new"}}'  # noqa: E501 (lines of a file)
    assert parsing._plain_document(line) == json.loads(line, parse_float=Decimal)
