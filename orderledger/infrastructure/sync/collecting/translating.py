"""Recorded payloads of a venue, as messages of the contract."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.messages.facts import evidence_of
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.sync.reconciliation.breaks import document
from orderledger.infrastructure.venues.base.recorded import Recording
from orderledger.infrastructure.venues.base.translation import Translation
from orderledger.infrastructure.venues.base.transport import parsed_first
from orderledger.infrastructure.venues.base.venue import Records

CLOSING = (b"}", b"]")


@dataclass(frozen=True, slots=True)
class Told:
    """What a payload comes to: lines of JSON, and what of it could not be read. `line_number`: where it begins.

    What could not be read is not shown: nobody knows what it holds, and a frame of ours may hold a token.
    """

    line_number: int
    lines: list[str]
    faults: list[str]


def translated(recording: Recording, lines: Iterable[bytes]) -> Iterator[Told]:
    """Of each payload, and at the end, what there is to tell."""
    line_number = 0
    for line_number, payload in documents(lines):
        if isinstance(payload, ValueError):
            yield Told(line_number, [], [f"is not JSON: {payload}"])
        else:
            yield _told(line_number, recording.read(payload))
    yield _told(line_number, recording.rest())


def documents(lines: Iterable[bytes]) -> Iterator[tuple[int, Any]]:
    """Each JSON document with the number of the line that it begins in, or why there is none in that line.

    It does not matter whether a document has a line of its own, several, or shares one. One that was cut costs only itself.
    """
    kept: list[tuple[int, str]] = []
    for number, line in enumerate(lines, start=1):
        kept.append((number, line.decode(errors="backslashreplace")))
        if len(kept) == 1 or line.rstrip().endswith(CLOSING):  # elsewhere no document ends
            yield from _taken(kept, is_last=False)
    yield from _taken(kept, is_last=True)


def _taken(kept: list[tuple[int, str]], *, is_last: bool) -> Iterator[tuple[int, Any]]:
    """The documents that the lines hold in full, which are taken out of them."""
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
                return  # it may go on in the next line
            kept.pop(0)
            yield number, fault
        else:
            last = text.count("\n", 0, end)
            rest = "".join(text[end:].partition("\n")[:2])
            kept[: last + 1] = [(kept[last][0], rest)] if rest.strip() else []
            yield number, document


def recording_of(venue: str, account: str, number: str, records: Records | None) -> Recording:
    """Raises InvalidSetting where the venue's payloads cannot be read without the account's number."""
    return _RECORDINGS[venue](account, number, records)


def _told(line_number: int, translation: Translation) -> Told:
    return Told(line_number, [_line(message) for message in translation.messages], [one.fault for one in translation.faults])


def _line(message: Message) -> str:
    """With its evidence, whose numbers stay as they were written."""
    told = document(message)
    if message.evidence is not None:
        told["evidence"] = msgspec.Raw(evidence_of(message.evidence))
    return msgspec.json.encode(told).decode()


def _hyperliquid(account: str, number: str, records: Records | None) -> Recording:
    from orderledger.infrastructure.venues.hyperliquid.translate import HyperliquidRecording

    return HyperliquidRecording(account, records, address=number or None)


def _lighter(account: str, number: str, records: Records | None) -> Recording:
    from orderledger.infrastructure.venues.lighter.translate import LighterRecording

    if not (number.isascii() and number.isdigit()):
        raise InvalidSetting("number", "needs the account index: a trade does not say which side is ours")
    return LighterRecording(account, int(number), records)


def _tradier(account: str, number: str, records: Records | None) -> Recording:
    from orderledger.infrastructure.venues.tradier.translate import TradierRecording

    return TradierRecording(account, records, number=number or None)


_RECORDINGS: dict[str, Callable[[str, str, Records | None], Recording]] = {
    "hyperliquid": _hyperliquid,
    "lighter": _lighter,
    "tradier": _tradier,
}
