"""The fold of trades and account events into positions.

What is only summed (fees, funding, quantities traded) is added and taken away, in any order. The books of lots need the order
in which things happened: what comes last is entered, and for what comes late, or changes, they are folded from the checkpoint
before it.
"""

from datetime import datetime
from heapq import merge

from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.position_tables import CHECKPOINTS, LOTS, POSITIONS
from orderledger.projections.positions import Position, Terms, books_of, position_rows, restore, terms_of, when
from orderledger.projections.store import Rows
from orderledger.projections.trades import TRADES
from orderledger.projections.view import Row

ENTERED = ("instrument", "side", "quantity", "price", "at", "position")
"""What of a trade that stands counts in the books."""

SUMMED = (*ENTERED, "fee", "fee_currency")
"""What of it counts in a position."""

CHECKPOINT_EVERY = 64
"""Fills and adjustments. A late fill reads half as many on average, besides those that came after it."""

Key = tuple[str, str]
"""Account and instrument."""

Moment = tuple[datetime, int]


class PositionFold:
    """Keeps the positions that have changed in mind until `settle` writes them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._positions: dict[Key, Position] = {}
        self._changed: dict[Key, None] = {}
        self._stale: dict[Key, Moment | None] = {}
        """From which moment on books are to be folded anew, None: from the first."""

    def take(self, entry: Row) -> None:
        """Take in a new trade that stands, an adjustment or a funding."""
        if not _counts(entry):
            return
        key = (entry["account"], entry["instrument"])
        position = self._positions.get(key) or self._position(key)
        self._changed[key] = None
        if "fill_id" in entry:
            position.count(entry)
        elif entry["kind"] == "funding":
            position.fund(entry)
            return
        if key not in self._stale and position.is_in_order(entry["at"], entry["position"]):
            self._enter(position, entry)
        else:
            self._distrust(entry)

    def reconsider(self, before: Row | None, trade: Row | None) -> None:
        """A trade's row has changed, or is new, or gone."""
        was = before if before is not None and _counts(before) else None
        now = trade if trade is not None and _counts(trade) else None
        if _shown(was, SUMMED) == _shown(now, SUMMED):
            return
        for row, one in ((was, -1), (now, 1)):
            if row is not None:
                key = (row["account"], row["instrument"])
                self._position(key).count(row, one)
                self._changed[key] = None
        if _shown(was, ENTERED) != _shown(now, ENTERED):
            for row in (was, now):
                if row is not None:
                    self._distrust(row)

    def redefine(self, account: str, instrument: str) -> None:
        """The terms of an instrument may have changed. Only where they turn values round are its books folded anew."""
        key = (account, instrument)
        if key in self._positions or self._rows.select(POSITIONS, account=account, instrument=instrument):
            position = self._position(key)
            before, position.terms = position.terms, self._terms(key)
            if before != position.terms:
                self._changed[key] = None
            if before.inverse != position.terms.inverse:
                self._stale[key] = None

    def settle(self) -> None:
        """Write the rows of all positions that have changed."""
        for key, moment in self._stale.items():
            self._fold_anew(key, moment)
        for key in self._changed:
            self._write(self._positions[key])
        self._stale.clear()
        self._changed.clear()

    def forget(self) -> None:
        """Read positions that were settled from their rows when they are next met."""
        self._positions.clear()

    def _distrust(self, entry: Row) -> None:
        key = (entry["account"], entry["instrument"])
        moment = self._stale.setdefault(key, when(entry))
        if moment is not None and when(entry) < moment:
            self._stale[key] = when(entry)
        self._changed[key] = None

    def _position(self, key: Key) -> Position:
        if key not in self._positions:
            packs = StoredPacks(self._rows, key)
            rows = self._rows.select(POSITIONS, account=key[0], instrument=key[1])
            self._positions[key] = restore(rows, packs) if rows else Position(*key, self._terms(key), books_of(packs=packs))
        return self._positions[key]

    def _terms(self, key: Key) -> Terms:
        return terms_of(self._rows.get(INSTRUMENTS, key))

    def _enter(self, position: Position, entry: Row) -> None:
        position.enter(entry)
        if position.entries % CHECKPOINT_EVERY == 0:
            self._rows.put(
                CHECKPOINTS,
                {
                    "account": position.account,
                    "instrument": position.instrument,
                    "number": position.entries // CHECKPOINT_EVERY,
                    "at": entry["at"],
                    "position": entry["position"],
                    "books": [book.state() for book in position.books],
                },
            )

    def _fold_anew(self, key: Key, moment: Moment | None) -> None:
        """From the checkpoint before the moment on."""
        position = self._positions[key]
        made = _made(position)
        where = {"account": key[0], "instrument": key[1]}
        checkpoint = None if moment is None else self._rows.last(CHECKPOINTS, before=moment, **where)
        states = ({}, {}, {}) if checkpoint is None else checkpoint["books"]
        position.books = books_of(states, StoredPacks(self._rows, key))
        position.entries = 0 if checkpoint is None else checkpoint["number"] * CHECKPOINT_EVERY
        position.last = None if checkpoint is None else when(checkpoint)
        trades = self._rows.each(TRADES, after=position.last, **where, state="active")
        adjustments = self._rows.each(ACCOUNT_EVENTS, after=position.last, **where, kind="adjust")
        for entry in merge((trade for trade in trades if trade["side"]), adjustments, key=when):
            self._enter(position, entry)
        self._delete_beyond(key, made, _made(position))

    def _delete_beyond(self, key: Key, made: list[int], needed: list[int]) -> None:
        """Checkpoints and packs of lots of which there are fewer now."""
        for had, has, table, within in zip(made, needed, (CHECKPOINTS, LOTS, LOTS), ((), ("fifo",), ("lifo",)), strict=True):
            for number in range(has + 1, had + 1):
                self._rows.delete(table, (*key, *within, number))

    def _write(self, position: Position) -> None:
        is_empty = position.last is None and not position.funding
        for row in position_rows(position):
            if is_empty:
                self._rows.delete(POSITIONS, POSITIONS.key_of(row))
            else:
                self._rows.put(POSITIONS, row)


class NoPositions(PositionFold):
    """Where others fold the positions."""

    def take(self, entry: Row) -> None:
        return

    def reconsider(self, before: Row | None, trade: Row | None) -> None:
        return

    def redefine(self, account: str, instrument: str) -> None:
        return


class StoredPacks:
    """The packs of lots of one position, in their table."""

    def __init__(self, rows: Rows, key: Key) -> None:
        self._rows = rows
        self._key = key

    def get(self, method: str, number: int) -> tuple[list[list[str]], int]:
        row = self._rows.get(LOTS, (*self._key, method, number))
        if row is None:
            raise LookupError(f"the open lots of {self._key} by {method} have no row {number}: rebuild the views")
        return row["lots"], row["below"]

    def put(self, method: str, number: int, lots: list[list[str]], below: int) -> None:
        account, instrument = self._key
        names = {"account": account, "instrument": instrument, "method": method, "number": number}
        self._rows.put(LOTS, {**names, "lots": lots, "below": below})


def _counts(entry: Row) -> bool:
    """Whether an entry is part of a position: of trades those that stand, of which instrument and side are known."""
    is_part = entry["instrument"] is not None
    return is_part and (entry["side"] is not None and entry["state"] == "active" if "fill_id" in entry else True)


def _shown(trade: Row | None, names: tuple[str, ...]) -> list[object] | None:
    return None if trade is None else [trade[name] for name in names]


def _made(position: Position) -> list[int]:
    """How many checkpoints there are, and packs of lots by fifo and lifo."""
    packs = {book.method: book.lots.packs_made for book in position.books}
    return [position.entries // CHECKPOINT_EVERY, packs["fifo"], packs["lifo"]]
