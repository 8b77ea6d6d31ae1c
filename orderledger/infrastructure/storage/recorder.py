"""What both recorders offer beyond the library's: names bound in the same commit, and raw rows for fast reading."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from orderledger.domain.orders.identity import NameKind
from orderledger.domain.values import order_stream

EVENTS_TABLE = "orderledger_events"
NAMES_TABLE = "order_names"
FACTS_TABLE = "account_facts"
BOARD_TABLE = "collectors"
ATTRIBUTIONS = "order_attributed.%"
"""Stored names of the event after which the names of an order stand for another."""

NAMES_KEPT = "names of orders are kept"
"""What the database says to whoever would delete one, or change what it stands for."""

LAST_POSITION = 2**63 - 1
"""No position is beyond this."""

NAME_TAKEN = "a client order id is a name of another order"

ROWS_PER_STATEMENT = (500, 100)
"""SQLite takes 32,766 parameters a statement at the most, and as long to parse a new one as to carry it out: those of many rows
are of two sizes. executemany would give up the interpreter lock at every row."""

Item = TypeVar("Item")


class Binding(NamedTuple):
    """From now on `name` stands for the order in `stream`. It must not have stood for another, unless `is_claim`."""

    account: str
    kind: str
    name: str
    stream: str
    is_claim: bool = False


class Row(NamedTuple):
    """A stored event as the database gives it."""

    stream: str
    version: int
    name: str
    state: bytes
    position: int


FactKey = tuple[str, str]
"""The stream of a fact about an account, and a key of it. A key is in its stream once."""

NewEvent = tuple[str, int, str, bytes]
"""Stream, version, name and bytes of an event that is to be stored."""


class LedgerRecorder(Protocol):
    """An application recorder of the library, extended."""

    def append(
        self,
        events: Sequence[NewEvent],
        bindings: Sequence[Binding],
        free: Sequence[tuple[str, str]],
        facts: Sequence[FactKey],
    ) -> Sequence[int]:
        """Store events, names and keys of facts in one commit. Raises IntegrityError when a stream has grown meanwhile, a name
        was bound or is that of an order of its own, one that is to be free, (account, client order id), was not, or a fact is
        known."""

    def check_place(self) -> None:
        """Raises PersistenceError where what is written would be lost, since others would look for it in another file."""

    def settle(self, error: Exception) -> bool:
        """After a commit that failed: give up its connection, and wait until what it left behind is either in the log for good or
        gone for good. Whether what is read from now on is final. Raises PersistenceError where the store cannot be used."""

    def rows_after(self, position: int, limit: int) -> list[Row]:
        """Events in the order of the log."""

    def rows_of(self, streams: Sequence[str]) -> list[Row]:
        """All events of some streams, each in its order."""

    def rows_at(self, keys: Sequence[tuple[str, int]]) -> list[Row]:
        """The events at these streams and versions, as far as they exist."""

    def versions_of(self, streams: Sequence[str]) -> dict[str, int]:
        """How many events these streams have, those that have any."""

    def facts_known(self, facts: Sequence[FactKey]) -> set[FactKey]:
        """Which of these are stored."""

    def last_position(self) -> int:
        """The position of the newest event, 0 in an empty log."""

    def streams_named(self, account: str, names: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], str]:
        """What these names, given by kind, stand for: streams by (kind, name), as far as they are bound."""


def own_streams(bindings: Sequence[Binding]) -> list[str]:
    """The streams that orders of their own have under client order ids which are to be other names of an order from now on."""
    return [order_stream(one.account, one.name) for one in bindings if one.kind == NameKind.CLIENT and not one.is_claim]


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """The items in statements' worth."""
    start = 0
    for size in ROWS_PER_STATEMENT:
        while len(items) - start >= size:
            yield items[start : start + size]
            start += size
    if start < len(items):
        yield items[start:]
