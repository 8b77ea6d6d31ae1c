"""The names that an order has had: our ids, the venue's ids, aliases."""

from bisect import bisect_left, insort
from datetime import MINYEAR, UTC, datetime
from typing import NamedTuple

import msgspec

from orderledger.domain.orders.claims import Latest, note
from orderledger.domain.orders.message import OrderMessage
from orderledger.domain.orders.when import When
from orderledger.domain.stream_names import alias_text

EARLIEST = datetime(MINYEAR, 1, 1, tzinfo=UTC)


class VenueId(NamedTuple):
    """An id of the venue, and its first appearance."""

    when: When
    name: str


NONE: frozenset[str] = frozenset()
"""The empty set of most orders, shared to save memory."""


class Names(msgspec.Struct, gc=False, eq=False):
    """The names of an order. `own_id`: client order id in the name of its stream, None for a stream
    named after another id.

    `changed_from`: set by each fact to the time from which the venue's id may have changed.
    """

    own_id: str | None
    aliases: dict[str, Latest[str]] = {}
    aliases_borne: set[str] | frozenset[str] = NONE
    client_ids_borne: set[str] | frozenset[str] = NONE
    changed_from: datetime | None = None
    _given_id: tuple[When, str] | None = None
    _venue_ids: dict[str, VenueId] = {}
    _in_order: list[VenueId] = []

    @property
    def client_order_id(self) -> str | None:
        """Our id. For an order known from the venue, the first id in its reports, if any."""
        return self.own_id or (self._given_id[1] if self._given_id else None)

    @property
    def venue_order_id(self) -> str | None:
        """The venue's present id of the order: the one that appeared last."""
        return self._in_order[-1].name if self._in_order else None

    @property
    def venue_order_ids(self) -> list[str]:
        """The venue's ids in the order of their first appearance, by the venue's time; at equal
        times, by the log."""
        return [known.name for known in self._in_order]

    def venue_order_id_at(self, moment: datetime) -> str | None:
        """The venue's id at that time: the last that had appeared by then, otherwise the first."""
        if not self._in_order:
            return None
        place = bisect_left(self._in_order, moment, key=lambda known: known.when.at)
        while place < len(self._in_order) and self._in_order[place].when.at == moment:
            place += 1
        return self._in_order[max(0, place - 1)].name

    @property
    def count_of_venue_ids(self) -> int:
        return len(self._in_order)

    @property
    def has_several_venue_ids(self) -> bool:
        return len(self._in_order) > 1

    def bears_venue_id(self, name: str) -> bool:
        return name in self._venue_ids

    def brings_name(self, fact: OrderMessage) -> bool:
        """Check for a new id in the message. Such a message must not be dropped as a duplicate."""
        if fact.venue_order_id is not None and fact.venue_order_id not in self._venue_ids:
            return True
        if (
            self.own_id is None
            and fact.client_order_id is not None
            and fact.client_order_id not in self.client_ids_borne
        ):
            return True
        return any(
            alias_text(name, value) not in self.aliases_borne
            for name, value in fact.aliases.items()
        )

    def learn(self, fact: OrderMessage, when: When) -> None:
        """Add the names of a message."""
        self.changed_from = None
        if fact.venue_order_id is not None:
            self._learn_venue_id(fact.venue_order_id, when)
        for name, value in fact.aliases.items():
            note(self.aliases, name, value, when)
            self.aliases_borne = _with(self.aliases_borne, alias_text(name, value))
        if self.own_id is None and fact.client_order_id is not None:
            self._given_id = min(
                self._given_id or (when, fact.client_order_id), (when, fact.client_order_id)
            )
            self.client_ids_borne = _with(self.client_ids_borne, fact.client_order_id)

    def _learn_venue_id(self, name: str, when: When) -> None:
        known = self._venue_ids.get(name)
        if known is not None:
            if when >= known.when:
                return
            del self._in_order[bisect_left(self._in_order, known)]
        new = self._venue_ids[name] = VenueId(when, name)
        insort(self._in_order, new)
        self.changed_from = EARLIEST if self._in_order[0] is new else when.at


def _with(names: set[str] | frozenset[str], name: str) -> set[str] | frozenset[str]:
    if not names:
        return {name}
    if isinstance(names, set):
        names.add(name)
    return names
