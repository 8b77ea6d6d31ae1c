"""Translate a venue's recorded payloads to messages of the contract."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from orderledger.extend.messages import message_line
from orderledger.venues.base.definitions import Definitions
from orderledger.venues.base.recorded import Recording
from orderledger.venues.base.translation import Translation
from orderledger.venues.base.transport import parsed_first

CLOSING = (b"}", b"]")


@dataclass(frozen=True, slots=True)
class TranslatedPayload:
    """The messages of one payload as lines of JSON, and its errors. `line_number`: the line in
    which the payload begins.

    An error does not quote the payload, which may hold a token.
    """

    line_number: int
    lines: list[str]
    faults: list[str]


def translated(recording: Recording, lines: Iterable[bytes]) -> Iterator[TranslatedPayload]:
    """Translate each payload, and at the end the messages that were held back. Instruments are
    defined before their first fill or position.
    """
    definitions = Definitions()
    line_number = 0
    for line_number, payload in documents(lines):
        if isinstance(payload, ValueError):
            yield TranslatedPayload(line_number, [], [f"is not JSON: {payload}"])
        else:
            yield _translated_payload(
                line_number, definitions.added(recording.read(payload), recording.terms_of)
            )
    yield _translated_payload(line_number, definitions.added(recording.rest(), recording.terms_of))


def documents(lines: Iterable[bytes]) -> Iterator[tuple[int, Any]]:
    """Each JSON document with the number of its first line, or the error of that line.

    A document may have a line of its own, several lines, or share one. A truncated document does
    not affect the others.
    """
    kept: list[tuple[int, str]] = []
    for number, line in enumerate(lines, start=1):
        kept.append((number, line.decode(errors="backslashreplace")))
        # documents end only at these characters
        if len(kept) == 1 or line.rstrip().endswith(CLOSING):
            yield from _taken(kept, is_last=False)
    yield from _taken(kept, is_last=True)


def _taken(kept: list[tuple[int, str]], *, is_last: bool) -> Iterator[tuple[int, Any]]:
    """Remove and return the documents that the lines hold completely."""
    while kept:
        number, line = kept[0]
        if not line.strip():
            kept.pop(0)
            continue
        text = "".join(line for _, line in kept)
        try:
            document, end = parsed_first(text)
        except ValueError as fault:
            if not is_last and getattr(fault, "pos", 0) >= len(text.rstrip()):
                return  # it may continue in the next line
            kept.pop(0)
            yield number, fault
        else:
            last = text.count("\n", 0, end)
            rest = "".join(text[end:].partition("\n")[:2])
            kept[: last + 1] = [(kept[last][0], rest)] if rest.strip() else []
            yield number, document


def _translated_payload(line_number: int, translation: Translation) -> TranslatedPayload:
    return TranslatedPayload(
        line_number,
        [message_line(message) for message in translation.messages],
        [one.fault for one in translation.faults],
    )
