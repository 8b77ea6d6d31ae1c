"""Open lots by each method, in memory as few as a fill may close.

A lot is (signed quantity, cost per unit of the multiplier); its time is known while it is in
memory. All open lots of an instrument are on
one side. Only the first and last lots of a long list are stored with the position; the others are
in packs that never change. So a fill writes a few lots however many are open. The state at an
earlier fill names its packs, so that the fold can continue from it.
"""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from heapq import heappop, heappush
from operator import itemgetter
from typing import Any, Protocol

from orderledger.domain.exact import EXACT, TRAPS, ZERO, plain

PACK = 16
"""Lots in a pack. At either end at most twice as many stay with the position."""

State = dict[str, Any]


class Lot:
    """Never changed, but replaced. `text` is written once, however often the lots are stored."""

    __slots__ = ("_text", "at", "cost", "quantity")

    def __init__(
        self,
        quantity: Decimal,
        cost: Decimal,
        text: list[str] | None = None,
        at: datetime | None = None,
    ) -> None:
        self.at = at
        self.quantity = quantity
        self.cost = cost
        self._text = text

    def replaced(self, quantity: Decimal, cost: Decimal) -> "Lot":
        """Another quantity and cost of the same lot: what is left of it, or all after a split."""
        return Lot(quantity, cost, at=self.at)

    def joined(self, other: "Lot") -> "Lot":
        """Both as one lot, without a date."""
        return Lot(EXACT.add(self.quantity, other.quantity), EXACT.add(self.cost, other.cost))

    @property
    def text(self) -> list[str]:
        """Quantity and cost as they are stored."""
        if self._text is None:
            self._text = [plain(self.quantity), plain(self.cost)]
        return self._text


class Packs(Protocol):
    """Where packs of lots are kept, by method and number."""

    def get(self, method: str, number: int) -> tuple[list[list[str]], int]:
        """The lots of a pack, and the number of the pack below it."""

    def put(self, method: str, number: int, lots: list[list[str]], below: int) -> None:
        """Keep a pack."""


class Lots(Protocol):
    """The open lots by one method."""

    def next(self) -> Lot | None:
        """The lot that is closed next."""

    def replace(self, lot: Lot) -> None:
        """Put what is left of the lot that is closed next in its place."""

    def drop(self) -> None:
        """Take away the lot that is closed next."""

    def add(self, lot: Lot) -> None:
        """Open a lot."""

    def clear(self) -> None:
        """Forget all lots."""

    def take_all(self) -> list[Lot]:
        """Take away all lots. Returns them, oldest first."""

    def at_hand(self) -> list[Lot]:
        """The lots in memory, oldest first: all of them where none is put away."""

    @property
    def packs_made(self) -> int:
        """How many packs were put away since the first fill: they are numbered from 1."""

    def state(self) -> State:
        """As it is stored."""


class Merged:
    """Average cost: one lot, to which others are added."""

    packs_made = 0

    def __init__(self, state: State) -> None:
        self._lot = next(iter(_lots(state.get("open", ()))), None)

    def next(self) -> Lot | None:
        return self._lot

    def replace(self, lot: Lot) -> None:
        self._lot = lot

    def drop(self) -> None:
        self._lot = None

    def add(self, lot: Lot) -> None:
        held = self._lot
        self._lot = lot if held is None else held.joined(lot)

    def clear(self) -> None:
        self._lot = None

    def take_all(self) -> list[Lot]:
        return _taken(self)

    def at_hand(self) -> list[Lot]:
        return [] if self._lot is None else [self._lot]

    def state(self) -> State:
        return {"open": [] if self._lot is None else [self._lot.text]}


class Stack:
    """Last in, first out. `top` is the number of the pack under the lots that are at hand, 0 for
    none."""

    def __init__(self, packs: Packs | None, state: State) -> None:
        self._packs = packs
        self._open = _lots(state.get("open", ()))
        self._top, self.packs_made = state.get("packs", (0, 0))

    def next(self) -> Lot | None:
        if not self._open and self._top and self._packs is not None:
            lots, self._top = self._packs.get("lifo", self._top)
            self._open = _lots(lots)
        return self._open[-1] if self._open else None

    def replace(self, lot: Lot) -> None:
        self._open[-1] = lot

    def drop(self) -> None:
        del self._open[-1]

    def add(self, lot: Lot) -> None:
        self._open.append(lot)
        if self._packs is not None and len(self._open) == 2 * PACK:
            self.packs_made += 1
            self._packs.put("lifo", self.packs_made, _texts(self._open[:PACK]), self._top)
            self._top = self.packs_made
            del self._open[:PACK]

    def clear(self) -> None:
        self._open.clear()
        self._top = 0

    def take_all(self) -> list[Lot]:
        return _taken(self)[::-1]

    def at_hand(self) -> list[Lot]:
        return list(self._open)

    def state(self) -> State:
        return {
            "open": _texts(self._open),
            **({"packs": [self._top, self.packs_made]} if self.packs_made else {}),
        }


class Queue:
    """First in, first out: the oldest lots, then packs by their numbers, from `first` on, then the
    newest lots."""

    def __init__(self, packs: Packs | None, state: State) -> None:
        self._packs = packs
        self._oldest = deque(_lots(state.get("open", ())))
        self._newest = _lots(state.get("newest", ()))
        self._first, self.packs_made = state.get("packs", (1, 0))

    def next(self) -> Lot | None:
        if not self._oldest:
            self._refill()
        return self._oldest[0] if self._oldest else None

    def _refill(self) -> None:
        if self._first <= self.packs_made and self._packs is not None:
            lots, _ = self._packs.get("fifo", self._first)
            self._first += 1
            self._oldest.extend(_lots(lots))
        else:
            self._oldest.extend(self._newest)
            self._newest.clear()

    def replace(self, lot: Lot) -> None:
        self._oldest[0] = lot

    def drop(self) -> None:
        self._oldest.popleft()

    def add(self, lot: Lot) -> None:
        is_one_row = not self._newest and self._first > self.packs_made
        if self._packs is None or (is_one_row and len(self._oldest) < 2 * PACK):
            self._oldest.append(lot)
            return
        self._newest.append(lot)
        if len(self._newest) == 2 * PACK:
            self.packs_made += 1
            self._packs.put("fifo", self.packs_made, _texts(self._newest[:PACK]), 0)
            del self._newest[:PACK]

    def at_hand(self) -> list[Lot]:
        return [*self._oldest, *self._newest]

    def take_all(self) -> list[Lot]:
        return _taken(self)

    def clear(self) -> None:
        self._oldest.clear()
        self._newest.clear()
        self._first = self.packs_made + 1

    def state(self) -> State:
        state: State = {"open": _texts(self._oldest)}
        if self._newest:
            state["newest"] = _texts(self._newest)
        if self.packs_made:
            state["packs"] = [self._first, self.packs_made]
        return state


COMPARED = Context(prec=20, rounding=ROUND_HALF_EVEN, traps=TRAPS)
"""Prices of lots are compared to fewer digits than quantities are rounded to by splits."""


class Ranked:
    """Highest in, first out: the least gain first, of equals the older. Only in memory. `sign`: 1
    where the highest cost of a unit has the least gain, else -1."""

    packs_made = 0

    def __init__(self) -> None:
        self.sign = 1
        self._heap: list[tuple[Decimal, int, Lot]] = []
        self._count = 0

    def next(self) -> Lot | None:
        return self._heap[0][2] if self._heap else None

    def replace(self, lot: Lot) -> None:
        self._heap[0] = (*self._heap[0][:2], lot)

    def drop(self) -> None:
        heappop(self._heap)

    def add(self, lot: Lot) -> None:
        unit = COMPARED.divide(lot.cost, lot.quantity)
        is_first = (lot.quantity > ZERO) is (self.sign > 0)
        self._count += 1
        heappush(self._heap, (unit.copy_negate() if is_first else unit, self._count, lot))

    def clear(self) -> None:
        self._heap.clear()

    def take_all(self) -> list[Lot]:
        lots = self.at_hand()
        self._heap.clear()
        return lots

    def at_hand(self) -> list[Lot]:
        return [lot for _, _, lot in sorted(self._heap, key=itemgetter(1))]

    def state(self) -> State:
        return {"open": _texts(self.at_hand())}


def _taken(lots: Lots) -> list[Lot]:
    """All lots, in the order in which they are closed."""
    found = []
    while (lot := lots.next()) is not None:
        found.append(lot)
        lots.drop()
    return found


def _lots(texts: Iterable[list[str]]) -> list[Lot]:
    return [Lot(Decimal(text[0]), Decimal(text[1]), text) for text in texts]


def _texts(lots: Iterable[Lot]) -> list[list[str]]:
    return [lot.text for lot in lots]
