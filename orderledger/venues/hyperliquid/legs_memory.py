"""`LegsMemory`: the legs of orders with a cloid, of all accounts, up to a limit."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from orderledger.extend.values import ZERO, total
from orderledger.venues.hyperliquid.order_rows import HyperliquidOrder
from orderledger.venues.hyperliquid.vocabulary import Meaning

MOST_RECENT = 4_000
"""More orders than can be waiting to be recorded: older ones can be read from the ledger."""
MOST_OPEN = 8_000
MOST_LOOSE = 4_000

Key = tuple[str, str]
"""An account, and a cloid or the id of a venue order in it."""


@dataclass(slots=True, eq=False)
class Leg:
    """One venue order. `claimed` is the filled quantity that the venue claims, `fills` the reported
    fills.

    `has_worked`: it was on the book. `is_void`: it was refused without ever working. `is_reported`:
    a message has named it, so that its fills find the order.
    """

    venue_order_id: str
    row: HyperliquidOrder | None = None
    claimed: Decimal = ZERO
    fills: dict[str, Decimal] = field(default_factory=dict)
    has_worked: bool = False
    is_void: bool = False
    is_reported: bool = False
    reported_quantity: Decimal | None = None

    @property
    def filled(self) -> Decimal:
        return max(self.claimed, total(self.fills.values()))

    def is_older_than(self, other: "Leg") -> bool:
        """Compares by the venue's times if both are known and differ, else by the ids, which the
        venue assigns in order.
        """
        if (
            self.row is not None
            and other.row is not None
            and self.row.created_at != other.row.created_at
        ):
            return self.row.created_at < other.row.created_at
        return _number(self.venue_order_id) < _number(other.venue_order_id)

    def can_go_on_as(self, other: "Leg") -> bool:
        """Whether a modify can have replaced this leg by that one: it changes neither the coin
        nor the side.
        """
        if self.row is None or other.row is None:
            return True
        return (self.row.coin, self.row.side) == (other.row.coin, other.row.side)


def _number(venue_order_id: str) -> tuple[int, str]:
    return len(venue_order_id), venue_order_id


@dataclass(slots=True, eq=False)
class OrderLegs:
    """All legs of one order, oldest first.

    `requested` are the quantity and the limit of our request, for one of our orders of which no leg
    is known except by fills. `held` is a cancel that may be the first half of a modify, `dropped` a
    cancel that was. `apart` are venue orders that used the same cloid after the order was over:
    they are other orders.
    """

    legs: list[Leg] = field(default_factory=list)
    held: HyperliquidOrder | None = None
    dropped: HyperliquidOrder | None = None
    is_over: bool = False
    is_restored: bool = False
    requested: tuple[Decimal | None, Decimal | None] | None = None
    apart: frozenset[str] = frozenset()

    def leg(self, venue_order_id: str) -> Leg | None:
        for leg in self.legs:
            if leg.venue_order_id == venue_order_id:
                return leg
        return None

    def add(self, leg: Leg) -> Leg:
        """Insert a new leg by age."""
        for place, other in enumerate(self.legs):
            if leg.is_older_than(other):
                self.legs.insert(place, leg)
                return leg
        self.legs.append(leg)
        return leg

    @property
    def latest(self) -> Leg:
        """The newest leg that was not rejected."""
        for leg in reversed(self.legs):
            if not leg.is_void:
                return leg
        return self.legs[-1]

    @property
    def is_ended(self) -> bool:
        """Whether the order can have no further leg."""
        row = self.legs[-1].row if self.legs else None
        return self.held is None and (
            self.is_over or (row is not None and row.meaning is Meaning.FILLED)
        )

    def is_superseded(self, leg: Leg) -> bool:
        return leg is not self.latest and leg.is_older_than(self.latest)

    def has_earlier(self, leg: Leg) -> bool:
        return len(self.legs) > 1 and any(not other.is_void for other in self._before(leg))

    def _before(self, leg: Leg) -> Iterator[Leg]:
        """The legs that this leg continues. Another program's order may have the same cloid."""
        return (
            other
            for other in self.legs
            if other is not leg and other.is_older_than(leg) and other.can_go_on_as(leg)
        )

    def is_later(self, leg: Leg) -> bool:
        """Whether the leg's terms differ from those of the first leg, which may have come and
        gone unseen.
        """
        has_earlier = self.has_earlier(leg)
        if has_earlier or self.requested is None or leg.row is None:
            return has_earlier
        pairs = zip((leg.row.original_size, leg.row.limit_price), self.requested, strict=True)
        return any(
            here is not None and there is not None and here != there for here, there in pairs
        )

    def filled_before(self, leg: Leg) -> Decimal:
        """The filled quantity of the earlier legs: a part of the order's quantity, not of the
        leg's.
        """
        if len(self.legs) == 1:
            return ZERO
        return total(other.filled for other in self._before(leg))


class LegsMemory:
    """The orders of the latest rows, and older ones that are not over.

    Forgotten orders can be read from the ledger, except a held cancel: an order with one stays.
    """

    def __init__(
        self,
        *,
        most_recent: int = MOST_RECENT,
        most_open: int = MOST_OPEN,
        most_loose: int = MOST_LOOSE,
    ) -> None:
        self._most_recent = most_recent
        self._most_open = most_open
        self._most_loose = most_loose
        self._recent: OrderedDict[Key, OrderLegs] = OrderedDict()
        self._open: OrderedDict[Key, OrderLegs] = OrderedDict()
        self._cloids: dict[Key, str] = {}
        self._loose: OrderedDict[Key, dict[str, Decimal]] = OrderedDict()
        """Fills without a cloid, of legs that are not known yet: they may not be recorded when
        the leg becomes known.
        """

    def __len__(self) -> int:
        return len(self._recent) + len(self._open)

    def of_account(self, account: str) -> Iterator[OrderLegs]:
        """The orders of an account, the least recent first."""
        for remembered in (self._open, self._recent):
            yield from (
                order_legs for (name, _), order_legs in remembered.items() if name == account
            )

    def get(self, account: str, cloid: str) -> OrderLegs | None:
        key = account, cloid
        return self._recent.get(key) or self._open.get(key)

    def legs_of(self, account: str, cloid: str) -> OrderLegs:
        """The remembered legs of an order, which becomes the most recent one."""
        key = account, cloid
        order_legs = self._recent.get(key)
        if order_legs is not None:
            self._recent.move_to_end(key)
            return order_legs
        order_legs = self._recent[key] = self._open.pop(key) if key in self._open else OrderLegs()
        if len(self._recent) > self._most_recent:
            self._retire(*self._recent.popitem(last=False))
        return order_legs

    def cloid_of(self, account: str, venue_order_id: str) -> str | None:
        """The cloid of this leg."""
        return self._cloids.get((account, venue_order_id))

    def note_cloid(self, account: str, venue_order_id: str, cloid: str) -> None:
        self._cloids[account, venue_order_id] = cloid

    def note_loose(
        self, account: str, venue_order_id: str, fill_id: str, quantity: Decimal
    ) -> None:
        """Keep a fill of a leg that is not known yet."""
        self._loose.setdefault((account, venue_order_id), {})[fill_id] = quantity
        if len(self._loose) > self._most_loose:
            self._loose.popitem(last=False)

    def take_loose(self, account: str, venue_order_id: str) -> dict[str, Decimal]:
        """Remove and return the fills that came before their leg was known."""
        return self._loose.pop((account, venue_order_id), {}) if self._loose else {}

    def _retire(self, key: Key, order_legs: OrderLegs) -> None:
        if order_legs.is_ended:
            self._forget(key, order_legs)
            return
        self._open[key] = order_legs
        for _ in range(len(self._open) - self._most_open):
            oldest = self._open.popitem(last=False)
            if oldest[1].held is None:
                self._forget(*oldest)
            else:
                self._open[oldest[0]] = oldest[1]

    def _forget(self, key: Key, order_legs: OrderLegs) -> None:
        for leg in order_legs.legs:
            self._cloids.pop((key[0], leg.venue_order_id), None)
