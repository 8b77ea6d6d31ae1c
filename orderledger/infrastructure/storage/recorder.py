"""Extensions of the library's recorders: names bound in the same commit as events, and raw rows for
fast reading."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from orderledger.domain.orders.identity import NameKind
from orderledger.domain.stream_names import order_stream
from orderledger.infrastructure.errors import Fenced
from orderledger.infrastructure.storage.epoch import Epoch
from orderledger.infrastructure.storage.kept_evidence import NewEvidence

ATTRIBUTIONS = "order_attributed.%"
"""Stored names of the attribution event, after which the names of an order may be bound to
another."""

NAMES_KEPT = "names of orders are kept"
"""Error text of the database for deleting or rebinding a name."""

LAST_POSITION = 2**63 - 1
"""The largest position."""

NAME_TAKEN = "a client order id is a name of another order"

ROWS_PER_STATEMENT = (500, 100)
"""Row counts of long statements. SQLite takes at most 32,766 parameters a statement.

Parsing a new statement takes SQLite as long as running it, so there are only two sizes. executemany
would release the interpreter lock at every row.
"""

Item = TypeVar("Item")


class Binding(NamedTuple):
    """Binds `name` to the order in `stream`. The name must be unbound, unless `is_claim`."""

    account: str
    kind: str
    name: str
    stream: str
    is_claim: bool = False


class LogRow(NamedTuple):
    """A stored event, as the database returns it."""

    stream: str
    version: int
    name: str
    state: bytes
    position: int


FactKey = tuple[str, str]
"""The stream of an account fact, and a key of the fact. A key occurs once in its stream."""

Fence = tuple[str, int]
"""An account, and the fence of the lease under which its orders are sent."""

NewEvent = tuple[str, int, str, bytes]
"""Stream, version, name and bytes of an event to store."""


class LedgerRecorder(Protocol):
    """The library's application recorder with our additions."""

    def append(
        self,
        events: Sequence[NewEvent],
        bindings: Sequence[Binding],
        free: Sequence[tuple[str, str]],
        facts: Sequence[FactKey],
        fences: Sequence[Fence] = (),
        evidence: Sequence[NewEvidence] = (),
        forgetting: Sequence[str] = (),
        epoch: int | None = None,
    ) -> Sequence[int]:
        """Store events, their evidence, bindings and keys of facts in one commit. Delete the
        evidence of the streams in `forgetting`, each of which has an event for that.

        Raises Fenced if an account in `fences` has another sender now. Raises IntegrityError if a
        stream has grown meanwhile, or lacks the version before; if a name is already bound, or is
        the client order id of another order; if an (account, client order id) in `free` is a name
        of another order; or if a fact is already stored. Raises LogWentBack if the log went back
        since the number `epoch` was read.
        """

    def check_place(self) -> None:
        """Raise PersistenceError if the file was deleted, moved or replaced: other programs
        would not find new events.
        """

    @property
    def epoch(self) -> Epoch:
        """The knowledge that this process has of the log."""

    def confirm(self, epoch: int) -> None:
        """Raise LogWentBack if the log went back since the number `epoch` was read. For answers
        that come from memory alone."""

    def settle(self, error: Exception) -> bool:
        """After a failed commit: drop its connection, and wait until its events are in the log for
        good or gone for good.

        Returns True if a read from now on is final. Raises PersistenceError if the store cannot be
        used.
        """

    def rows_after(self, position: int, limit: int) -> list[LogRow]:
        """Events in log order."""

    def rows_of(self, streams: Sequence[str]) -> list[LogRow]:
        """All events of some streams, each stream in order."""

    def rows_at(self, keys: Sequence[tuple[str, int]]) -> list[LogRow]:
        """The events at these streams and versions, if they exist."""

    def evidence_at(self, positions: Sequence[int]) -> dict[int, Sequence[Any]]:
        """Salt, evidence and text of the events at these positions that have any."""

    def versions_of(self, streams: Sequence[str]) -> dict[str, int]:
        """The number of events of each stream that has any."""

    def facts_known(self, facts: Sequence[FactKey]) -> set[FactKey]:
        """The given facts that are already stored."""

    def last_position(self) -> int:
        """The position of the last event, 0 in an empty log."""

    def streams_named(
        self, account: str, names: Mapping[str, Sequence[str]]
    ) -> dict[tuple[str, str], str]:
        """The streams of these names, given by kind. Keys are (kind, name); unbound names are left
        out."""


def check_fence(account: str, fence: int, found: Sequence[Sequence[int]]) -> None:
    """Raise Fenced unless the stored lease of the account, if any, still has this fence."""
    if not found or found[0][0] != fence:
        raise Fenced(account)


def own_streams(bindings: Sequence[Binding]) -> list[str]:
    """The streams that would have these client order ids. The ids are about to become other
    names of an order, so these streams must be empty.
    """
    return [
        order_stream(one.account, one.name)
        for one in bindings
        if one.kind == NameKind.CLIENT and not one.is_claim
    ]


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """The items in groups of the size of one statement."""
    start = 0
    for size in ROWS_PER_STATEMENT:
        while len(items) - start >= size:
            yield items[start : start + size]
            start += size
    if start < len(items):
        yield items[start:]
