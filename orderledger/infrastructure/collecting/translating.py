"""Recorded payloads of a venue, line by line, as messages of the contract."""

import json
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, BinaryIO

import msgspec

from orderledger.infrastructure.reconciliation.breaks import document
from orderledger.infrastructure.venues.venue import NoRecords
from orderledger.infrastructure.wire.facts import evidence_of
from orderledger.infrastructure.wire.messages import Message

Translate = Callable[[Any], Sequence[Message]]


def translated(venue: str, lines: BinaryIO, *, account: str, number: str) -> Iterator[tuple[int, list[str], str | None]]:
    """Of each line its number, its messages as lines of JSON, and its fault where it is no JSON document."""
    translate = _TRANSLATORS[venue](account, number)
    for line_number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            payload = json.loads(line, parse_float=Decimal)
        except (ValueError, RecursionError) as fault:
            yield line_number, [], f"is not JSON: {fault}"
            continue
        yield line_number, [_line(message) for message in translate(payload)], None


def _line(message: Message) -> str:
    """With its evidence, whose numbers stay as they were written."""
    told = document(message)
    if message.evidence is not None:
        told["evidence"] = msgspec.Raw(evidence_of(message.evidence))
    return msgspec.json.encode(told).decode()


def _hyperliquid(account: str, number: str) -> Translate:
    from orderledger.infrastructure.venues.hyperliquid.translate import from_recorded

    return lambda payload: from_recorded(payload, account)


def _lighter(account: str, number: str) -> Translate:
    from orderledger.infrastructure.errors import InvalidSetting
    from orderledger.infrastructure.venues.lighter.translate import from_recorded

    if not number.isdigit():
        raise InvalidSetting("number", "needs the account index: a trade does not say which side is ours")
    return lambda payload: from_recorded(payload, account, int(number))


def _tradier(account: str, number: str) -> Translate:
    from orderledger.infrastructure.venues.tradier.translate import from_recorded

    return lambda payload: from_recorded(payload, account, NoRecords())


_TRANSLATORS: dict[str, Callable[[str, str], Translate]] = {
    "hyperliquid": _hyperliquid,
    "lighter": _lighter,
    "tradier": _tradier,
}
