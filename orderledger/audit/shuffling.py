"""Legal orders of the same messages: any order that keeps what the rules make depend on the order
of arrival.

The commands come first, in their own order, because a command may be refused after a report. An
order of which a command would be refused there keeps its messages up to that command before the
others. Messages with equal times keep their order, since of two the later in the log counts. Orders
that share a name keep theirs, since there the order of arrival decides.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple

from orderledger.audit.as_messages import Document
from orderledger.audit.documents import document_of
from orderledger.extend.events import ProposalEvent, Recorded, judgements, order_events

REPEATED = 0.3
"""The part of the reports that are repeated."""


class Item(NamedTuple):
    """A message of the log. `number`: its place. `order`: the stream of its order; None if it is
    about an account."""

    number: int
    document: Document
    order: str | None
    is_command: bool


def items_of(events: Iterable[Recorded]) -> list[Item]:
    """The messages of one account, in log order."""
    each = list(events)
    attributed = {
        one.stream: one.event.to
        for one in each
        if isinstance(one.event, judgements.OrderAttributed)
    }
    found: list[Item] = []
    for recorded in each:
        document = document_of(recorded)
        if document is not None:
            order = (
                _root(recorded.stream, attributed)
                if isinstance(recorded.event, order_events.OrderEvent)
                else None
            )
            is_command = isinstance(recorded.event, order_events.OrderCommand | ProposalEvent)
            found.append(Item(len(found), document, order, is_command))
    return found


def orders_with_shared_names(items: Iterable[Item]) -> set[str]:
    """The orders that have a name which another order has too."""
    bearers: dict[tuple[str, str], set[str]] = {}
    for item in items:
        if item.order is not None:
            for name in _names(item.document):
                bearers.setdefault(name, set()).add(item.order)
    return {order for orders in bearers.values() if len(orders) > 1 for order in orders}


def kept_in_order(items: Sequence[Item], pins: dict[str, int], shared: set[str]) -> set[int]:
    """The numbers of the messages that come first, in log order.

    `pins`: of an order, the number of the message up to which its messages are kept.
    """
    pinned = {item.number for item in items if item.number <= pins.get(item.order or "", -1)}
    kept = pinned | {item.number for item in items if item.is_command or item.order in shared}
    times = {item.document["at"] for item in items if item.number in kept}
    return {item.number for item in items if item.number in kept or item.document["at"] in times}


def shuffled(items: Sequence[Item], kept: set[int], chance: Random) -> list[Item]:
    """The messages in another permitted sequence, with some reports repeated."""
    first = [item for item in items if item.number in kept]
    rest = [item for item in items if item.number not in kept]
    by_time: dict[str, list[float]] = {}
    for item in rest:
        by_time.setdefault(item.document["at"], []).append(chance.random())
    for places in by_time.values():
        places.sort(reverse=True)
    place_of = {
        item.number: by_time[item.document["at"]].pop() for item in rest
    }  # of equal times, the later in the log is later
    rest.sort(key=lambda item: place_of[item.number])
    return _repeated([*first, *rest], chance)


def _repeated(items: list[Item], chance: Random) -> list[Item]:
    """Repeat some reports at a later place."""
    places: dict[int, list[Item]] = {}
    for place, item in enumerate(items):
        if not item.is_command and chance.random() < REPEATED:
            places.setdefault(chance.randint(place, len(items) - 1), []).append(item)
    return [each for place, item in enumerate(items) for each in (item, *places.get(place, ()))]


def _root(stream: str, attributed: dict[str, str]) -> str:
    """The order that the stream's reports belong to."""
    seen = {stream}
    while stream in attributed and attributed[stream] not in seen:
        stream = attributed[stream]
        seen.add(stream)
    return stream


def _names(document: Document) -> Iterable[tuple[str, str]]:
    for field in ("client_order_id", "request_id", "replacement_client_order_id"):
        if field in document:
            yield "id", document[field]
    if "venue_order_id" in document:
        yield "venue", document["venue_order_id"]
    yield from document.get("aliases", {}).items()
