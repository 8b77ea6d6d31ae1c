"""An importer: a reader of one kind of file, and the facts that such files contain and lack."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from orderledger import InvalidMessage, Message, Source
from orderledger.extend.messages import facts
from orderledger.venues.base.row_meanings import RowMeaning
from orderledger.venues.interop.context import ObjectContext
from orderledger.venues.interop.objects import as_evidence


class Readable(NamedTuple):
    """A row of the file, and its messages. `place`: the line, or the table and the id of the
    row."""

    place: str
    messages: list[Message]


class Unreadable(NamedTuple):
    """A row without a message: its place, the field and its fault, and the original row."""

    place: str
    field: str
    fault: str
    row: Any


class LeftOut(NamedTuple):
    """A row without anything to record, and why. Rows are counted by reason, so the reason
    contains nothing of a single row.
    """

    place: str
    reason: str


Row = Readable | Unreadable | LeftOut


class NothingToRecord(Exception):
    """Raised by a translation of a row that is left out. Its text is the reason."""


class Known(Protocol):
    """The ledger's data, for rows that an earlier version recorded in another way."""

    def has_fill(self, venue_order_id: str, fill_id: str) -> bool:
        """Whether this fill of the account counts."""

    def is_held(self, instrument: str, at: datetime) -> bool:
        """Whether the account had a position just before this time."""


class NothingKnown:
    """An empty ledger."""

    def has_fill(self, venue_order_id: str, fill_id: str) -> bool:
        return False

    def is_held(self, instrument: str, at: datetime) -> bool:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The user's options for the file.

    `account`: the account in the ledger. `instruments`: the ledger's names of instruments, by those
    of the file, where they differ. `zone`: of times without an offset; None for the default zone of
    such files. `exchange`: ccxt's id of the exchange. `mapping`: the columns of a CSV file.
    `date_format`: of its times, as `datetime.strptime` has it. `unchecked`: accept a mapping that
    does not name the export it was checked with.
    """

    account: str
    instruments: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo | None = None
    exchange: str = ""
    mapping: Path | None = None
    date_format: str = ""
    unchecked: bool = False
    known: Known = field(default_factory=NothingKnown)

    def context(self, row: Any) -> ObjectContext:
        """Makes the messages of one row."""
        return ObjectContext(
            account=self.account, at=None, instruments=self.instruments, evidence=as_evidence(row)
        )


@dataclass(frozen=True, slots=True)
class Importer:
    """One kind of file. `meaning`, `gives` and `lacks` are sentences for the help and the
    reference. `checked_with`: the files that it was compared with; empty if it is unchecked,
    None if each mapping names its own. `rows`: the kinds of rows besides executions.
    """

    name: str
    meaning: str
    gives: str
    lacks: str
    read: Callable[[Path, Options], Iterator[Row]]
    checked_with: str | None = ""
    rows: tuple[RowMeaning, ...] = ()


def row_of(place: str, row: Any, translate: Callable[[], list[Message]]) -> Row:
    """The messages of a row, as imported; or why it is left out; or the fault if it cannot be
    translated.
    """
    try:
        messages = [imported(message) for message in translate()]
        for message in messages:
            facts.to_fact(message)  # raises for fields that require one another
        return (
            Readable(place, messages)
            if messages
            else LeftOut(place, "contains nothing that the ledger records")
        )
    except NothingToRecord as reason:
        return LeftOut(place, str(reason))
    except InvalidMessage as error:
        return Unreadable(place, error.field, error.fault, as_evidence(row))


def imported(message: Message) -> Message:
    """The message with the source `import`."""
    return message.model_copy(update={"source": Source.IMPORT})


def moment_of(text: Any, zone: tzinfo, name: str, formats: tuple[str, ...] = ()) -> datetime | None:
    """A time in a file: in one of these formats, or ISO 8601; without an offset it is of this zone.
    None for an empty one.

    Raises InvalidMessage with the name of the field.
    """
    if text is None or text == "":
        return None
    found = next(
        (
            moment
            for moment in (parsed_time(str(text), pattern) for pattern in formats)
            if moment is not None
        ),
        None,
    )
    if found is None:
        try:
            found = datetime.fromisoformat(str(text))
        except ValueError:
            raise InvalidMessage(name, f"{str(text)[:50]!r} is not a time") from None
    return in_zone(found, zone, name)


def in_zone(moment: datetime, zone: tzinfo, name: str) -> datetime:
    """A time without an offset in its zone. Raises InvalidMessage if clocks showed it twice, or
    never.
    """
    if moment.tzinfo is not None:
        return moment
    found = moment.replace(tzinfo=zone)
    if found.utcoffset() != found.replace(fold=1).utcoffset():
        raise InvalidMessage(
            name, f"{moment} is not a single time in {zone}: clocks were changed then"
        )
    return found


def parsed_time(text: str, pattern: str) -> datetime | None:
    """The time in this format of `datetime.strptime`. None if it is in another format."""
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007  (the caller adds the zone)
    except ValueError:
        return None
