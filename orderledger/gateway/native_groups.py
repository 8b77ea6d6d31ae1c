"""Order groups that the venue holds itself: one request sends all orders of a group, or none.

`abilities.groups` of an order entry names the kinds. The orders get the tag `gateway.native`. From
it every later process knows that the venue releases and cancels them, and that the emulator must
not.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import cast

from orderledger import OrderStatus, Request
from orderledger.extend.events import Order, Recorded
from orderledger.gateway.book import Book
from orderledger.gateway.flights import Flight
from orderledger.gateway.group_denials import deny_with
from orderledger.gateway.groups import GROUP_DENIED, group_of
from orderledger.gateway.limits import Denial
from orderledger.gateway.proposed import row_of
from orderledger.gateway.unsettled import Key
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.order_groups import NATIVE, SendsGroups
from orderledger.venues.errors import NotSent

NOT_RESENT = (
    "the venue holds the group of this order, and a group is never sent again: submit the group "
    "with new client order ids"
)


def is_native(tags: Mapping[str, object] | None) -> bool:
    """Whether the venue holds the group of an order with these tags."""
    return NATIVE in (tags or {})


def is_native_child(request: Request) -> bool:
    """Whether the venue releases this order when its parent is filled."""
    return is_native(request.tags) and request.links is not None and bool(request.links.parent)


def prepared(
    requests: Sequence[Request], entry: OrderEntry
) -> tuple[list[Request], dict[str, Denial]]:
    """The requests, with the tags and aliases of the groups that the venue holds. By group, why the
    entry does not send it.

    The venue takes a group only as a whole. So an order without the others of its group stays as
    it is.
    """
    found, faults = list(requests), dict[str, Denial]()
    for group, places in _places(requests, entry.abilities.groups).items():
        try:
            aliases = cast(SendsGroups, entry).prepare_group([row_of(found[one]) for one in places])
        except NotSent as error:
            faults[group] = Denial(error.reason, error.text or str(error))
            aliases = [{}] * len(places)
        for place, names in zip(places, aliases, strict=True):
            request = found[place]
            tags = {**request.tags, NATIVE: str(request.links.kind) if request.links else ""}
            found[place] = request.model_copy(
                update={"tags": tags, "aliases": {**request.aliases, **names}}
            )
    return found, faults


def fault_of_late(request: Request, parent: Order | None) -> Denial | None:
    """Why an exit cannot be added to an entry that the venue holds with its exits. Together they
    would work more than the entry has filled."""
    asked = None if parent is None else parent.terms.request
    if asked is None or not is_native(asked.tags) or is_native(request.tags):
        return None
    return Denial("native_group", "the venue holds its parent, and takes no further exits")


def left_behind(recorded: Recorded, book: Book) -> list[Key]:
    """The open exits of an entry that has ended unfilled, if the venue holds its group. The venue
    ends them too, and may not report that (Hyperliquid): they are to be queried."""
    entry = book.orders.get(recorded.stream)
    if entry is None or not entry.is_ended or entry.status is OrderStatus.FILLED:
        return []
    asked = entry.terms.request
    if asked is None or not is_native(asked.tags) or _parent_of(entry) is not None:
        return []
    exits = (one for _, one in book.open_orders() if one.account == entry.account)
    names = [one.client_order_id for one in exits if _parent_of(one) == entry.client_order_id]
    return [(entry.account, name) for name in names if name is not None]


def _parent_of(order: Order) -> str | None:
    asked = order.terms.request
    return None if asked is None or asked.links is None else asked.links.parent


def _places(requests: Sequence[Request], kinds: Container[str]) -> dict[str, list[int]]:
    """By group of one of these kinds, the places of its orders. Groups of one are left out."""
    found: dict[str, list[int]] = {}
    for place, request in enumerate(requests):
        links = request.links
        if links is not None and links.group is not None and str(links.kind) in kinds:
            found.setdefault(links.group, []).append(place)
    return {group: places for group, places in found.items() if len(places) > 1}


def batches(requests: Sequence[Request], most: int) -> Iterator[list[int]]:
    """The places of the requests of each commit. A group that the venue holds is in one commit."""
    units: dict[object, list[int]] = {}
    for place, request in enumerate(requests):
        key = group_of(request) if is_native(request.tags) else place
        units.setdefault(key, []).append(place)
    places: list[int] = []
    for unit in units.values():
        if places and len(places) + len(unit) > most:
            yield places
            places = []
        places = [*places, *unit]
    if places:
        yield places


def join(requests: Sequence[Request], flights: Sequence[Flight]) -> None:
    """Join the flights of each group that the venue holds. If one of them is not sent, none is."""
    groups: dict[str | None, list[Flight]] = {}
    for request, flight in zip(requests, flights, strict=True):
        if is_native(request.tags):
            groups.setdefault(group_of(request), []).append(flight)
    for group, members in groups.items():
        first = next((one for one in members if one.denial or one.is_known), None)
        for flight in members:
            flight.members = members
            if first is not None and flight.denial is None and not flight.is_known:
                flight.denial = deny_with(group, first)


def whole(flights: Iterable[Flight]) -> list[Sequence[Flight]]:
    """The groups among these flights that can be sent. The orders of the others are answered:
    nothing of them was sent."""
    found: list[Sequence[Flight]] = []
    for flight in flights:
        missing = next((one for one in flight.members if not one.is_sent), None)
        if missing is not None:
            text = f"order {missing.key[1]} of its group is not sent"
            flight.answer.set_result(NotSent(GROUP_DENIED, text))
        elif flight.members and flight is flight.members[0]:
            found.append(flight.members)
    return found
