"""FIX logs: one message a line, after whatever the engine prints before it. SOH may be shown as
`|`, `^A` or `;`."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from orderledger import InvalidMessage, InvalidSetting, Message
from orderledger.venues.importers.fix_checks import check
from orderledger.venues.importers.fix_messages import translated
from orderledger.venues.importers.fix_tags import Tags
from orderledger.venues.importers.source import (
    Importer,
    LeftOut,
    NothingToRecord,
    Options,
    Row,
    Unreadable,
    row_of,
)

SOH = "\x01"
SHOWN_AS = (SOH, "|", "^A", "\\x01", ";")
"""How logs show the separator of fields."""

BEGIN = re.compile(r"8=FIX[T0-9.]*")
LINE_LIMIT = 1 << 20


def read(path: Path, options: Options) -> Iterator[Row]:
    """The rows of a FIX log. Lines without a FIX message, and messages that are not about an
    order, are left out.
    """
    has_message, number = False, 0
    with path.open(encoding="latin-1", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            place = f"line {number}"
            begin = BEGIN.search(line)
            if begin is None:
                yield LeftOut(place, "has no FIX message")
                continue
            has_message = True
            if len(line) > LINE_LIMIT:
                yield Unreadable(place, "", f"is longer than {LINE_LIMIT} bytes", line[:200])
                continue
            text = line[begin.start() :].rstrip("\r\n")
            yield row_of(place, text, partial(_translated, text, options))
    if number and not has_message:
        raise InvalidSetting("FILE", f"{path} is not a log of FIX messages: no line has 8=FIX")


def _translated(text: str, options: Options) -> list[Message]:
    tags = tags_of(text)
    messages = translated(tags, options.context(text))
    if not messages:
        raise NothingToRecord(
            f"is a message of type {tags.needed(35)[:20]}, which is not about an order"
        )
    check(tags)
    return messages


def tags_of(text: str) -> Tags:
    """The fields of a FIX message. Raises InvalidMessage for a field without a tag, a missing end
    or a wrong checksum."""
    separator = next((shown for shown in SHOWN_AS if f"{shown}9=" in text), None)
    if separator is None:
        raise InvalidMessage("9", "is missing")
    raw = text.replace(separator, SOH) if separator != SOH else text
    end = re.search(f"{SOH}10=([0-9]{{3}}){SOH}?", raw)
    if end is None:
        raise InvalidMessage("10", "is missing: the message is incomplete")
    body = raw[: end.start() + 1]
    if sum(body.encode("latin-1")) % 256 != int(end.group(1)):
        raise InvalidMessage("10", f"{end.group(1)} is not the checksum of the message")
    return Tags([_pair(field) for field in body.split(SOH) if field])


def _pair(field: str) -> tuple[int, str]:
    tag, found, value = field.partition("=")
    if not found or not tag.isdecimal():
        raise InvalidMessage("", f"{field[:50]!r} is not a field: a tag, = and a value")
    return int(tag), value


FIX = Importer(
    "fix",
    "A log of FIX 4.2 or 4.4 messages, one a line, of an order session or a drop copy.",
    "Requests, cancels and replaces, acknowledgements, fills with fees, corrections and busts, "
    "ends, refusals. Of a combination (NewOrderMultileg), its legs, and the fills of each. The "
    "evidence is the message. A message that is repeated (PossDupFlag) is a duplicate.",
    "Drop copies have no requests: their orders are external. Commission per unit or in percent, "
    "and fees in several currencies, stay in the evidence. Of a combination, fills are those of "
    "reports about a leg (MultiLegReportingType 2). A report about all of it is a state, because "
    "the same trade is in both. A spread that is ordered by its symbol (35=D) has no legs in the "
    "ledger. Options by root, day, strike and put or call have the name that OCC gives them. Times "
    "are UTC.",
    read,
)
