"""The names that an order has borne: ids of ours, ids of the venue, aliases."""

from bisect import bisect_left, insort
from datetime import MINYEAR, UTC, datetime
from typing import NamedTuple

from orderledger.domain.orders.claims import Latest, note
from orderledger.domain.orders.events import Fact
from orderledger.domain.values import alias_text

EARLIEST = datetime(MINYEAR, 1, 1, tzinfo=UTC)


class VenueId(NamedTuple):
    """A venue's id, when it first appeared, and its place among all ids in the log."""

    at: datetime
    turn: int
    name: str


class Names:
    """`own_id` is the client order id that the stream of the order is named by, None where that is a venue's id or an alias.

    `changed_from` is set by each fact: the venue's id at that time, or later, may be another than before.
    """

    __slots__ = ("_given_id", "_in_order", "_venue_ids", "aliases", "aliases_borne", "changed_from", "client_ids_borne", "own_id")

    def __init__(self, own_id: str | None) -> None:
        self.own_id = own_id
        self.aliases: dict[str, Latest[str]] = {}
        self.aliases_borne: set[str] | frozenset[str] = NONE
        self.client_ids_borne: set[str] | frozenset[str] = NONE
        self.changed_from: datetime | None = None
        self._given_id: tuple[datetime, str] | None = None
        self._venue_ids: dict[str, VenueId] = {}
        self._in_order: list[VenueId] = []

    @property
    def client_order_id(self) -> str | None:
        """Ours; of an order known from the venue, the id that its reports gave first, if they gave one."""
        return self.own_id or (self._given_id[1] if self._given_id else None)

    @property
    def venue_order_id(self) -> str | None:
        """The id under which the venue works it now: of all it has borne, the one that appeared last."""
        return self._in_order[-1].name if self._in_order else None

    @property
    def venue_order_ids(self) -> list[str]:
        """As they appeared, by the venue's time; of one time, by the log."""
        return [known.name for known in self._in_order]

    def venue_order_id_at(self, moment: datetime) -> str | None:
        """The id under which the venue worked it then: the last that had appeared, else the first."""
        if not self._in_order:
            return None
        place = bisect_left(self._in_order, moment, key=lambda known: known.at)
        while place < len(self._in_order) and self._in_order[place].at == moment:
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

    def brings_name(self, fact: Fact) -> bool:
        """Whether the message ties the order to an id it was not known by: that must not be lost with a repetition."""
        if fact.venue_order_id is not None and fact.venue_order_id not in self._venue_ids:
            return True
        if self.own_id is None and fact.client_order_id is not None and fact.client_order_id not in self.client_ids_borne:
            return True
        return any(alias_text(name, value) not in self.aliases_borne for name, value in fact.aliases.items())

    def learn(self, fact: Fact, at: datetime) -> None:
        """The names that a message gives."""
        self.changed_from = None
        if fact.venue_order_id is not None:
            self._learn_venue_id(fact.venue_order_id, at)
        for name, value in fact.aliases.items():
            note(self.aliases, name, value, at)
            self.aliases_borne = _with(self.aliases_borne, alias_text(name, value))
        if self.own_id is None and fact.client_order_id is not None:
            self._given_id = min(self._given_id or (at, fact.client_order_id), (at, fact.client_order_id))
            self.client_ids_borne = _with(self.client_ids_borne, fact.client_order_id)

    def _learn_venue_id(self, name: str, at: datetime) -> None:
        known = self._venue_ids.get(name)
        if known is not None:
            if at >= known.at:
                return
            del self._in_order[bisect_left(self._in_order, known)]
        new = self._venue_ids[name] = VenueId(at, len(self._venue_ids) if known is None else known.turn, name)
        insort(self._in_order, new)
        self.changed_from = EARLIEST if self._in_order[0] is new else at


def _with(names: set[str] | frozenset[str], name: str) -> set[str] | frozenset[str]:
    if not names:
        return {name}
    if isinstance(names, set):
        names.add(name)
    return names


NONE: frozenset[str] = frozenset()
"""What most orders bear: shared, so that it takes no room in each."""
