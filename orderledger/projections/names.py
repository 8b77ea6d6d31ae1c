"""The index of names: which order an id refers to. The writer binds names as it commits; this fold
derives them from the log."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Annotated, Protocol, TypedDict

from orderledger.domain.orders.commands import OrderRequested
from orderledger.domain.orders.events import OrderEvent
from orderledger.domain.orders.identity import OUR_IDS, Name, NameKind, names_borne
from orderledger.domain.orders.judgements import OrderAttributed
from orderledger.domain.recorded import Recorded
from orderledger.domain.stream_names import account_of, client_order_id_of, order_stream
from orderledger.projections.view import Table


class OrderNameRow(TypedDict):
    """One row per id that an order has borne."""

    account: Annotated[str, "Trading account."]
    kind: Annotated[str, "client, request, venue or alias."]
    name: Annotated[str, "The id."]
    stream: Annotated[str, "Stream of the order that it refers to."]


ORDER_NAMES = Table(
    "order_names",
    "Every id an order has borne. Written with the events, in the same commit: recording looks "
    "orders up by it.",
    ("account", "kind", "name"),
    OrderNameRow,
    order_by=("account", "kind", "name"),
    version=11,
)


NameKey = tuple[str, str, str]
"""Account, kind and name."""


def key_of(account: str, name: Name) -> NameKey:
    return account, str(name[0]), name[1]


def names_in(recorded: Recorded) -> list[Name]:
    """The names that its order has from this event on, besides the id that names its stream."""
    event = recorded.event
    return (
        names_borne(client_order_id_of(recorded.stream), event)
        if isinstance(event, OrderEvent)
        else []
    )


class NameRows(Protocol):
    """Where the fold keeps its rows."""

    def get(self, key: NameKey) -> str | None:
        """The stream that the name refers to."""

    def put(self, key: NameKey, stream: str) -> None:
        """Bind the name to this stream."""

    def has_begun(self, stream: str, before: int | None) -> bool:
        """Whether the stream has an event before this log position."""

    def names_of(self, stream: str, before: int | None) -> Iterable[Name]:
        """The names in the events of the stream before this log position."""

    def note(self, recorded: Recorded) -> None:
        """The event was taken."""


class NamesFold:
    """A name refers to the first order that had it. If that order is attributed to another, its
    names move there. An id of ours under which an order has a stream of its own is bound only where
    that order turned out to be another."""

    def __init__(self, rows: NameRows) -> None:
        self._rows = rows

    def take(self, recorded: Recorded) -> None:
        """Take the next event of the log."""
        if isinstance(recorded.event, OrderAttributed):
            self.attribute(recorded.stream, recorded.event.to, recorded.position)
        else:
            self.bear(recorded.stream, names_in(recorded), recorded.position)
        self._rows.note(recorded)

    def bear(self, stream: str, names: Iterable[Name], position: int | None) -> None:
        """An event of the stream has these names."""
        account = account_of(stream)
        for name in names:
            if self._rows.get(key_of(account, name)) is None:
                self._bind(account, name, stream, stream, position)

    def attribute(self, stream: str, to: str, position: int | None) -> None:
        """The order of the stream turned out to be another."""
        account, own_id = account_of(stream), client_order_id_of(stream)
        for name in self._rows.names_of(stream, position):
            bound = self._rows.get(key_of(account, name))
            if bound == stream:
                self._rows.put(key_of(account, name), to)
            elif bound is None:
                self._bind(account, name, to, stream, position)
        if own_id is not None:
            self._rows.put(key_of(account, (NameKind.CLIENT, own_id)), to)

    def _bind(self, account: str, name: Name, to: str, stream: str, position: int | None) -> None:
        own = order_stream(account, name[1])
        if name[0] not in OUR_IDS or not (own == stream or self._rows.has_begun(own, position)):
            self._rows.put(key_of(account, name), to)


class MemoryNames:
    """Rows in memory. Does not keep the names of orders that were requested here: they are not
    read."""

    def __init__(self) -> None:
        self.bound: dict[NameKey, str] = {}
        self.attributed: dict[str, str] = {}
        self._begun: set[str] = set()
        self._names: defaultdict[str, list[Name]] = defaultdict(list)

    def get(self, key: NameKey) -> str | None:
        return self.bound.get(key)

    def put(self, key: NameKey, stream: str) -> None:
        self.bound[key] = stream

    def has_begun(self, stream: str, before: int | None) -> bool:
        return stream in self._begun

    def names_of(self, stream: str, before: int | None) -> Iterable[Name]:
        return self._names.pop(stream, ())

    def note(self, recorded: Recorded) -> None:
        event, stream = recorded.event, recorded.stream
        self._begun.add(stream)
        if isinstance(event, OrderAttributed):
            self.attributed[stream] = event.to
        elif isinstance(event, OrderRequested):
            self.attributed.pop(stream, None)
            self._names.pop(stream, None)
        elif isinstance(event, OrderEvent):
            self._names[stream] += names_in(recorded)

    def streams_where(self, is_meant: Callable[[NameKey], bool]) -> set[str]:
        """The streams of the orders that these names refer to now."""
        return {self._followed(stream) for key, stream in self.bound.items() if is_meant(key)}

    def _followed(self, stream: str) -> str:
        passed = {stream}
        while (to := self.attributed.get(stream)) is not None and to not in passed:
            stream = to
            passed.add(stream)
        return stream
