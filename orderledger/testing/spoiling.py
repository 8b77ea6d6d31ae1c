"""Payloads spoiled by a seed, as a venue, a proxy or a half-written log could spoil them."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Place = tuple[Any, ...]
RAW = "\N{SECTION SIGN}"
"""Encloses a number that is written as it is, which no object of Python would be written as."""

NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 254, 255, 2**48, 2**53 + 1, 10**19, 10**27, 10**40, "0", "-0.5", "0.0", "1e3", "1E-9",
    "1e400", "1e-400", "NaN",
    "Infinity", "1,5", "0x10", "٣", " 1", "1_000", "9" * 29, "0." + "1" * 29, True,
)  # fmt: skip
RAW_NUMBERS = (
    "NaN", "Infinity", "-Infinity", "1e400", "1e-400", "1E+30", "-0.0", "0.1",
    "0.10000000000000000000000000001", "10.0",
    "1e99999999999999999999", "7" * 5000, "-" + "7" * 400,
)  # fmt: skip
TIMES: tuple[Any, ...] = (
    1_790_000_000, 1_790_000_000_000, 1_790_000_000_000_000, 1_790_000_000_000_000_000,
    253_402_300_800, 10**20, -1, 0,
    "1790000000000", "2026-05-04T13:30:00Z", "2026-05-04T13:30:00", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-05-04T13:30:00.123456789Z", "2026-13-04T13:30:00Z",
)  # fmt: skip
WORDS: tuple[Any, ...] = (
    "", "null", "N/A", "open", "filled", "canceled", "cancelled", "rejected", "Filled", "open ",
    "новый", "\u202eopen", "\x00",
    "\ud800", "\n", "a" * 201, "a" * 11_000, "🦀", "e\u0301", "B", "A", "buy", "sell", "limit",
    "market", "0x" + "F" * 32, "100%",
    "a_b:c d", "__class__", "equity", "multileg", "otoco", "combo",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None,
    True,
    False,
    [],
    {},
    [[]],
    [None],
    {"": None},
    [{}],
    {"0": {}},
    {"a": {"b": {"c": [1]}}},
)


class Mutator:
    """One run of chance: the same seed spoils the same payload in the same way."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def text(self, document: Any, *, times: int = 1, within: Place = ()) -> str:
        """The document spoiled so many times, `within` this place of it, as a venue would send
        it."""
        for _ in range(times):
            document = self._spoiled(document, within)
        return written(document)

    def _spoiled(self, document: Any, within: Place) -> Any:
        places = paths(at(document, within))
        path = (*within, *self.chance.choice(places))
        return put(document, path, self._other(at(document, path)))

    def _other(self, value: Any) -> Any:
        chance = self.chance
        makers: list[Callable[[], Any]] = [
            lambda: chance.choice(OTHERS),
            lambda: chance.choice(NUMBERS),
            lambda: f"{RAW}{chance.choice(RAW_NUMBERS)}{RAW}",
            lambda: chance.choice(TIMES),
            lambda: chance.choice(WORDS),
            lambda: [value],
            lambda: [value, value],
            lambda: {"0": value},
            lambda: {str(chance.randrange(300)): [value]},
            lambda: _other_type(value),
        ]
        if isinstance(value, dict) and value:
            makers += [
                lambda: self._without(value),
                lambda: self._swapped(value),
                lambda: self._more(value),
            ] * 4
        if isinstance(value, list) and value:
            makers += [
                lambda: value[::-1],
                lambda: value * 2,
                lambda: value[0],
                lambda: {"0": value},
            ] * 2
        return chance.choice(makers)()

    def _without(self, value: dict[str, Any]) -> dict[str, Any]:
        gone = self.chance.choice(list(value))
        return {name: inner for name, inner in value.items() if name != gone}

    def _swapped(self, value: dict[str, Any]) -> dict[str, Any]:
        """Two fields that hold each other's value."""
        first, second = self.chance.choice(list(value)), self.chance.choice(list(value))
        return {**value, first: value[second], second: value[first]}

    def _more(self, value: dict[str, Any]) -> dict[str, Any]:
        """With a field that the venue does not document."""
        return {
            **value,
            self.chance.choice(
                ["newField", "é", "", "orders", "status_observed", "leg", "children", "type"]
            ): self._any(),
        }

    def _any(self) -> Any:
        return self.chance.choice([*OTHERS, *NUMBERS, *WORDS, *TIMES])


def everywhere(document: Any, values: Sequence[Any], step: int = 1) -> Iterator[str]:
    """The document with a value in one of its places: in each place every `step`-th value, in the
    next place others."""
    for number, place in enumerate(paths(document)):
        for value in values[number % step :: step]:
            yield written(put(document, place, value))


def paths(document: Any, path: Place = ()) -> list[Place]:
    """Every place of a document, itself among them."""
    inner = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    return [path, *(found for key, value in inner for found in paths(value, (*path, key)))]


def at(document: Any, path: Place) -> Any:
    for step in path:
        document = document[step]
    return document


def put(document: Any, path: Place, value: Any) -> Any:
    """The same document with something else in one place."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = put(copy[path[0]], path[1:], value)
    return copy


def _other_type(value: Any) -> Any:
    """The same as text, or the text as a number."""
    if isinstance(value, str):
        return (
            f"{RAW}{value}{RAW}"
            if value.replace(".", "", 1).isdigit() and value.isascii()
            else [value]
        )
    return json.dumps(value)


def written(document: Any) -> str:
    """As JSON: what stands between two marks as it is."""
    text = json.dumps(document)
    mark = json.dumps(RAW)[1:-1]
    return text.replace(f'"{mark}', "").replace(f'{mark}"', "")
