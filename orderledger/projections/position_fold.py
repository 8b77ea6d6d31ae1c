"""The fold of trades and account events into positions.

Sums (fees, funding, quantities traded) are added and subtracted in any order. Books of lots depend
on the order of entries. The newest entry is added to them; after a late or changed entry they are
folded from the checkpoint before it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from heapq import merge
from typing import Any

from orderledger.domain.exact import plain
from orderledger.projections.account_events import ACCOUNT_EVENTS, AccountEventRow
from orderledger.projections.cash_fold import KnownOpenings
from orderledger.projections.entries import (
    OF_INSTRUMENT,
    ORDERED,
    Entry,
    Ordered,
    Settlement,
    Split,
    carries_premium,
    concerns,
    fees_in,
    is_entry,
    is_funding,
    is_of_instrument,
    is_ordered,
    is_trade,
)
from orderledger.projections.instruments import INSTRUMENTS, modes_of
from orderledger.projections.position_tables import (
    CHECKPOINTS,
    LOTS,
    POSITIONS,
    CheckpointRow,
    LotsRow,
    OfPosition,
    PositionKey,
    StoredPositionRow,
)
from orderledger.projections.positions import (
    Position,
    Terms,
    books_of,
    paid_book,
    position_rows,
    restore,
    terms_of,
)
from orderledger.projections.renames import Renames
from orderledger.projections.renaming import rename_trades
from orderledger.projections.sealing import UnusableRow, is_intact, sealed
from orderledger.projections.sides import (
    NAMED,
    NET,
    Modes,
    Moment,
    Part,
    Sides,
    part_of,
    sides_from,
    when,
)
from orderledger.projections.store import Rows
from orderledger.projections.trades import TRADES, StoredTradeRow, TradeRow
from orderledger.projections.view import AnyRow, AnyTable

ENTERED = ("instrument", "position_side", "position_id", "side", "quantity", "price", "at", "rank")
"""Columns of an active trade that the books use."""

FEES = ("fee", "fee_currency", "fees")

SUMMED = (*ENTERED, *FEES)
"""Columns of an active trade that a position uses."""

SIDED = ("instrument", "position_side", "at", "rank")
"""Columns of a trade that the sides of its instrument depend on."""

CHECKPOINT_EVERY = 64
"""Fills and adjustments. A late fill reads half as many on average, in addition to later ones."""

Key = tuple[str, str]
"""Account and instrument."""

OF_POSITION = ("account", "instrument", "position_side", "position_id")
"""Columns that identify a position."""

OWN: tuple[AnyTable, ...] = (POSITIONS, LOTS, CHECKPOINTS)


@dataclass(slots=True)
class Held:
    """The positions of one instrument. `sides` is None while no entry has named one and no mode is
    known. `shown`: why none of them is known, as their rows say. `carried`: why none was known when
    results of settlements were carried elsewhere."""

    positions: dict[Part, Position]
    sides: Sides | None = None
    modes: Modes = ()
    shown: dict[str, Any] | None = None
    carried: str | None = None

    @property
    def reason(self) -> str | None:
        """Why none of them is known, or None."""
        if self.sides is None:
            return None
        claims = [one for position in self.positions.values() for one in position.books[0].claims]
        self.sides.is_torn = len(claims) > len(set(claims))
        return self.sides.reason

    def newest(self) -> Moment | None:
        return max(
            (one.last for one in self.positions.values() if one.last is not None), default=None
        )

    def is_net_open(self) -> bool:
        return any(one.quantity for one in self.positions.values() if one.side == NET)

    def state(self) -> dict[str, Any] | None:
        return None if self.sides is None else self.sides.state(self.modes)


class PositionFold:
    """Keeps the positions that have changed in mind until `settle` writes them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._held: dict[Key, Held] = {}
        self._changed: dict[PositionKey, None] = {}
        self._stale: dict[PositionKey, Moment | None] = {}
        """The moment from which books must be folded again. None: from the first entry."""
        self.damage: list[str] = []
        """Faults of the rows from which the fold could not continue."""
        self._openings = KnownOpenings(rows)
        self._carried: dict[tuple[int, str], dict[str, Decimal]] = {}
        """Results of settlements that go into the cost of what they deliver, by log position and
        position side."""
        self._refold: dict[Key, None] = {}
        """The instruments whose positions must all be folded again."""

    def take(self, entry: TradeRow | AccountEventRow) -> None:
        """Take in a new active trade, an adjustment or a funding."""
        if not is_entry(entry):
            return
        held = self._of(entry)
        if is_of_instrument(entry):
            self._take_event(held, entry)
            return
        position = self._position(held, entry)
        if "fill_id" not in entry and entry["kind"] == "funding":
            self._changed[position.key] = None
            position.fund(entry)
            return
        self._distrust_new(position)
        self._note(held, entry, 1)
        position.count(entry)
        self._add(position, entry)

    def _take_event(self, held: Held, entry: Split | Settlement) -> None:
        """Take in a split or a settlement. Its fees count in the position that it names, or in the
        net one."""
        if fees_in(entry):
            position = self._position(held, entry)
            self._distrust_new(position)
            position.count(entry)
        if held.sides is not None and held.sides.first and when(entry) < held.sides.first:
            self._refold[entry["account"], entry["instrument"]] = None
        for part, position in held.positions.items():
            if concerns(entry, part, held.modes):
                self._add(position, entry)

    def _add(self, position: Position, entry: Ordered) -> None:
        """Enter an entry in the books of a position, now or when they are folded again."""
        key = position.key
        if key[:2] in self._refold:  # what is there now must carry nothing
            return
        self._changed[key] = None
        if key not in self._stale and position.is_in_order(when(entry)):
            try:
                self._enter(position, entry)
                self._carry()
            except UnusableRow as damaged:
                self.damage.append(str(damaged))
                self._stale[key] = None
        else:
            self._distrust(position, entry)

    def reconsider(self, before: StoredTradeRow | None, trade: StoredTradeRow | None) -> None:
        """A trade's row has changed, or is new, or gone."""
        was = before if before is not None and is_trade(before) else None
        now = trade if trade is not None and is_trade(trade) else None
        if _shown(was, SUMMED) == _shown(now, SUMMED):
            return
        is_moved, is_repaid, is_resided = (
            _shown(was, names) != _shown(now, names) for names in (ENTERED, FEES, SIDED)
        )
        for row, one in ((was, -1), (now, 1)):
            if row is not None:
                held = self._of(row)
                position = self._position(held, row)
                if is_resided:
                    self._note(held, row, one)
                position.count(row, one)
                self._changed[position.key] = None
                if is_moved or (is_repaid and position.terms.coin is not None):
                    self._distrust(position, row)

    def redefine(self, account: str, instrument: str) -> None:
        """Apply a possible change of an instrument's terms. Its books are folded again only where
        the terms invert values, or where entries change positions."""
        key = (account, instrument)
        self._redefine_legs(key)
        if key not in self._held and not self._rows.select(
            POSITIONS, account=account, instrument=instrument
        ):
            return
        held, row = self._held_of(key), self._rows.get(INSTRUMENTS, key)
        terms = terms_of(row)
        if held.modes != modes_of(row):
            self._refold[key] = None
        for position in held.positions.values():
            before, position.terms = position.terms, terms
            if before != terms:
                self._changed[position.key] = None
            has_money = before.multiplier != terms.multiplier and self._has_events(key)
            if before.inverse != terms.inverse or has_money:
                self._stale[position.key] = None
            is_opened = self._openings.of(account).first is not None
            if not terms.moves_like(before) or (is_opened and before.currency != terms.currency):
                self._refold[key] = None

    def _redefine_legs(self, leg: Key) -> None:
        """Whether results are carried into an instrument depends on its terms."""
        of: dict[str, Any] = {"account": leg[0], "instrument": leg[1], "kind": "delivery"}
        for row in self._rows.select(ACCOUNT_EVENTS, **of):
            if row["terms"] and "premium" in row["terms"]:
                key = (leg[0], row["terms"]["of"])
                for position in self._held_of(key).positions.values():
                    self._stale[position.key] = None
                    self._changed[position.key] = None

    def reopen(self, account: str) -> None:
        """The opening balances of an account have changed: add again what its positions moved."""
        self._openings.forget(account)
        stored = self._rows.select(POSITIONS, account=account)
        keys = [(row["account"], row["instrument"]) for row in stored]
        for key in dict.fromkeys([*keys, *(key for key in self._held if key[0] == account)]):
            self._held_of(key)
            self._refold[key] = None

    def rename(self, account: str, renames: Renames, names: Iterable[str]) -> None:
        """Form the positions of these instruments again, from entries under their latest names."""
        rename_trades(self._rows, account, renames, names)
        self.form_again(account, names)

    def form_again(self, account: str, names: Iterable[str]) -> None:
        """Form the positions of these instruments again."""
        for name in names:
            self._held_of((account, name))
            self._refold[account, name] = None

    def settle(self) -> None:
        """Write the rows of all positions that have changed."""
        self._stale = {
            key: moment for key, moment in self._stale.items() if key[:2] not in self._refold
        }
        for key in self._refold:
            self._form_again(key)
            self._carry()
        while self._stale or self._has_turned():  # what a settlement carries makes others stale
            position_key, moment = self._stale.popitem()
            if position_key[2:] in self._held[position_key[:2]].positions:
                self._fold_again(position_key, moment)
                self._carry()
        for key in dict.fromkeys([*self._refold, *(changed[:2] for changed in self._changed)]):
            self._write_all(key, self._held[key])
        self._changed.clear()
        self._refold.clear()

    def _has_turned(self) -> bool:
        """Whether positions became known or unknown whose results are carried elsewhere. They are
        folded again: an unknown position carries nothing."""
        for key in dict.fromkeys([*self._refold, *(changed[:2] for changed in self._changed)]):
            held = self._held[key]
            if held.reason != held.carried:
                held.carried = held.reason
                if self._has_events(key):
                    self._stale |= {one.key: None for one in held.positions.values()}
        return bool(self._stale)

    def forget(self) -> None:
        """Read positions that were settled from their rows when they are next met."""
        self._held.clear()
        self._openings.forget()

    def _of(self, entry: Entry) -> Held:
        key = (entry["account"], entry["instrument"])
        return self._held.get(key) or self._held_of(key)

    def _held_of(self, key: Key) -> Held:
        if key not in self._held:
            rows: dict[Part, list[StoredPositionRow]] = {}
            for row in self._rows.select(POSITIONS, account=key[0], instrument=key[1]):
                rows.setdefault((row["position_side"], row["position_id"]), []).append(row)
            self._held[key] = self._restored(key, rows) if rows else self._new(key)
        return self._held[key]

    def _restored(self, key: Key, rows: dict[Part, list[StoredPositionRow]]) -> Held:
        positions = {
            part: restore(some, StoredPacks(self._rows, (*key, *part)), self._openings.of(key[0]))
            for part, some in rows.items()
        }
        for position in positions.values():
            position.terms_of = lambda name: self._terms((key[0], name))
        state = next(iter(rows.values()))[0]["book"].get("sides")
        held = Held(positions, *sides_from(state), state)
        held.carried = held.reason
        return held

    def _new(self, key: Key) -> Held:
        modes = modes_of(self._rows.get(INSTRUMENTS, key))
        return Held({}, Sides() if modes else None, modes)

    def _position(self, held: Held, entry: Entry) -> Position:
        part = part_of(entry, held.modes)
        position = held.positions.get(part)
        if position is None:
            key = (entry["account"], entry["instrument"])
            books = books_of(packs=StoredPacks(self._rows, (*key, *part)))
            position = Position(*key, self._terms(key), books, side=part[0], position_id=part[1])
            position.openings = self._openings.of(key[0])
            position.terms_of = lambda name: self._terms((key[0], name))
            held.positions[part] = position
        return position

    def _is_idle(self, position: Position, entry: Ordered) -> bool:
        """Whether an entry changes nothing in a position that has no entry yet."""
        modes = self._held[position.key[:2]].modes
        return is_of_instrument(entry) and not (
            fees_in(entry) and part_of(entry, modes) == position.key[2:]
        )

    def _has_events(self, key: Key) -> bool:
        """Whether an instrument has splits or settlements, which a new position may be older
        than."""
        where: dict[str, Any] = {"account": key[0], "instrument": key[1]}
        return any(self._rows.select(ACCOUNT_EVENTS, **where, kind=kind) for kind in OF_INSTRUMENT)

    def _terms(self, key: Key) -> Terms:
        return terms_of(self._rows.get(INSTRUMENTS, key))

    def _note(self, held: Held, entry: Ordered, one: int) -> None:
        """Count what an entry shows about sides, or take it away (-1), before it is entered."""
        if held.sides is None:
            if entry["position_side"] not in NAMED:
                return
            held.sides = Sides(before=sum(position.entries for position in held.positions.values()))
        key, is_newest = (entry["account"], entry["instrument"]), False
        if held.sides.first is None:
            newest = held.newest()
            is_newest = (newest is None or newest < when(entry)) and not any(
                stale[:2] == key for stale in self._stale
            )
        if not held.sides.note(
            entry, one, held.modes, is_newest=is_newest, is_open=is_newest and held.is_net_open()
        ):
            self._refold[key] = None

    def _distrust_new(self, position: Position) -> None:
        """Fold a position without entries from the beginning, if its instrument has splits or
        settlements, which may come before or after the first."""
        if position.last is None and self._has_events(position.key[:2]):
            self._stale[position.key] = None

    def _distrust(self, position: Position, entry: Entry) -> None:
        moment = self._stale.setdefault(position.key, when(entry))
        if moment is not None and when(entry) < moment:
            self._stale[position.key] = when(entry)

    def _carry(self) -> None:
        """Keep the results of settlements with what they deliver, whose positions then change."""
        for (number, side), premium in self._carried.items():
            row = self._rows.get(ACCOUNT_EVENTS, (number, "delivery"))
            if row is None or row["terms"] is None:
                continue
            settled = self._held[row["account"], row["terms"]["of"]]
            is_known = settled.reason is None
            known, shown = row["terms"]["premium"], {m: plain(one) for m, one in premium.items()}
            shown = shown if is_known and any(premium.values()) else {}
            if shown:
                shown["position_side"] = side
            others = {part[0] for part in settled.positions} - {side}
            is_of_other = is_known and not shown and known and known["position_side"] in others
            if known == shown or is_of_other:
                continue
            changed: AccountEventRow = {**row, "terms": {**row["terms"], "premium": shown}}
            self._rows.put(ACCOUNT_EVENTS, changed)
            if is_ordered(changed):
                position = self._position(self._of(changed), changed)
                self._distrust(position, changed)
                self._changed[position.key] = None
        self._carried.clear()

    def _enter(self, position: Position, entry: Ordered) -> None:
        if position.last is None and self._is_idle(position, entry):
            return
        position.enter(entry)
        if "fill_id" not in entry and entry["kind"] == "settle" and carries_premium(entry):
            self._carried[entry["position"], position.side] = position.carried
        if position.entries % CHECKPOINT_EVERY == 0:
            row: CheckpointRow = {
                **_named(position.key),
                "number": position.entries // CHECKPOINT_EVERY,
                "at": entry["at"],
                "rank": when(entry)[1],
                "books": [book.state() for book in position.books],
                "before": position.checkpoint,
                "digest": "",
            }
            checkpoint = sealed(row)
            self._rows.put(CHECKPOINTS, checkpoint)
            position.checkpoint = checkpoint["digest"]

    def _form_again(self, key: Key) -> None:
        """All positions of an instrument from all its entries."""
        where: dict[str, Any] = {"account": key[0], "instrument": key[1]}
        for table in OWN:
            for row in self._rows.select(table, **where):
                self._rows.delete(table, table.key_of(row))
        self._held[key] = held = self._new(key)
        for entry in self._entries(where, None):
            if is_of_instrument(entry):
                if fees_in(entry):
                    self._position(held, entry).count(entry)
                for part, position in held.positions.items():
                    if concerns(entry, part, held.modes):
                        self._enter(position, entry)
                continue
            position = self._position(held, entry)
            self._note(held, entry, 1)
            position.count(entry)
            self._enter(position, entry)
        for event in self._rows.each(ACCOUNT_EVENTS, kind="funding", **where):
            if is_funding(event):
                self._position(held, event).fund(event)

    def _fold_again(self, key: PositionKey, moment: Moment | None) -> None:
        """From the checkpoint before the moment on. From the first entry if that row, or one with
        open lots, cannot be used."""
        held = self._held[key[:2]]
        position = held.positions[key[2:]]
        made = _made(position)
        try:
            self._fold_from(
                held, position, None if moment is None else self._checkpoint(position, moment)
            )
        except UnusableRow as damaged:
            self.damage.append(str(damaged))
            self._fold_from(held, position, None)
        self._delete_beyond(key, made, _made(position))

    def _checkpoint(self, position: Position, moment: Moment) -> CheckpointRow | None:
        """The last checkpoint before the moment. Raises UnusableRow unless this position made it
        and all later ones.

        Each checkpoint has the digest of the one before it, and the position has that of the last.
        So an older or a missing row breaks the chain. All later checkpoints are folded again from
        here, so that reading them costs little in comparison.
        """
        key = position.key
        found = self._rows.last(CHECKPOINTS, before=moment, **_named(key))
        if found is None:
            return None
        digest = found["digest"] if is_intact(found) else None
        for number in (
            range(found["number"] + 1, position.entries // CHECKPOINT_EVERY + 1) if digest else ()
        ):
            row = self._rows.get(CHECKPOINTS, (*key, number))
            is_next = row is not None and row["before"] == digest and is_intact(row)
            digest = row["digest"] if row is not None and is_next else None
        if digest is None or digest != position.checkpoint:
            raise UnusableRow(
                f"a checkpoint of {'/'.join(key)}, from number {found['number']} on, is not as it "
                "was written"
            )
        return found

    def _fold_from(self, held: Held, position: Position, checkpoint: CheckpointRow | None) -> None:
        key = position.key
        states = ({}, {}, {}) if checkpoint is None else checkpoint["books"]
        position.books = books_of(states, StoredPacks(self._rows, key))
        position.entries = 0 if checkpoint is None else checkpoint["number"] * CHECKPOINT_EVERY
        position.last = None if checkpoint is None else when(checkpoint)
        position.checkpoint = "" if checkpoint is None else checkpoint["digest"]
        if position.last is None or not position.openings.has(
            position.terms.currency or "", position.last[0]
        ):
            position.realized_before = paid_book(position.books[0]).realized
        for entry in self._entries({"account": key[0], "instrument": key[1]}, position.last):
            if concerns(entry, key[2:], held.modes):
                self._enter(position, entry)

    def _entries(self, where: dict[str, Any], after: Moment | None) -> Iterator[Ordered]:
        """The entries whose order counts, as they happened."""
        trades = self._rows.each(TRADES, after=after, **where, state="active")
        events = [
            (
                row
                for row in self._rows.each(ACCOUNT_EVENTS, after=after, **where, kind=kind)
                if is_ordered(row)
            )
            for kind in ORDERED
        ]
        entries: Iterable[Iterable[Ordered]] = (
            (row for row in trades if is_trade(row)),
            *events,
        )
        return merge(*entries, key=when)

    def _delete_beyond(self, key: PositionKey, made: list[int], needed: list[int]) -> None:
        """Delete checkpoints and packs of lots beyond the present number."""
        tables: tuple[tuple[AnyTable, tuple[str, ...]], ...] = (
            (CHECKPOINTS, ()),
            (LOTS, ("fifo",)),
            (LOTS, ("lifo",)),
        )
        for had, has, (table, within) in zip(made, needed, tables, strict=True):
            for number in range(has + 1, had + 1):
                self._rows.delete(table, (*key, *within, number))

    def _write_all(self, key: Key, held: Held) -> None:
        """The rows of an instrument that have changed: all of them, if what is known of its sides
        has."""
        state = held.state()
        is_other = state != held.shown or key in self._refold
        for position in list(held.positions.values()):
            if is_other or position.key in self._changed:
                self._write(held, position)
        held.shown = state

    def _write(self, held: Held, position: Position) -> None:
        is_empty = position.last is None and not position.funding and not position.paid
        for row in position_rows(position, held.sides, held.modes):
            if is_empty:
                self._rows.delete(POSITIONS, POSITIONS.key_of(row))
            else:
                self._rows.put(POSITIONS, row)


class NoPositions(PositionFold):
    """Where others fold the positions."""

    def take(self, entry: TradeRow | AccountEventRow) -> None:
        return

    def reconsider(self, before: StoredTradeRow | None, trade: StoredTradeRow | None) -> None:
        return

    def redefine(self, account: str, instrument: str) -> None:
        return

    def _redefine_legs(self, leg: Key) -> None:
        """Whether results are carried into an instrument depends on its terms."""
        of: dict[str, Any] = {"account": leg[0], "instrument": leg[1], "kind": "delivery"}
        for row in self._rows.select(ACCOUNT_EVENTS, **of):
            if row["terms"] and "premium" in row["terms"]:
                key = (leg[0], row["terms"]["of"])
                for position in self._held_of(key).positions.values():
                    self._stale[position.key] = None
                    self._changed[position.key] = None

    def reopen(self, account: str) -> None:
        return

    def rename(self, account: str, renames: Renames, names: Iterable[str]) -> None:
        return

    def form_again(self, account: str, names: Iterable[str]) -> None:
        return


class StoredPacks:
    """The packs of lots of one position, in their table."""

    def __init__(self, rows: Rows, key: PositionKey) -> None:
        self._rows = rows
        self._key = key

    def get(self, method: str, number: int) -> tuple[list[list[str]], int]:
        row = self._rows.get(LOTS, (*self._key, method, number))
        if row is None or not is_intact(row):
            raise UnusableRow(
                f"row {number} of the open lots of {'/'.join(self._key)} by {method} is not as it "
                "was written"
            )
        return row["lots"], row["below"]

    def put(self, method: str, number: int, lots: list[list[str]], below: int) -> None:
        row: LotsRow = {
            **_named(self._key),
            "method": method,
            "number": number,
            "lots": lots,
            "below": below,
            "digest": "",
        }
        self._rows.put(LOTS, sealed(row))


def _named(key: PositionKey) -> OfPosition:
    account, instrument, position_side, position_id = key
    return {
        "account": account,
        "instrument": instrument,
        "position_side": position_side,
        "position_id": position_id,
    }


def _shown(trade: AnyRow | None, names: tuple[str, ...]) -> list[object] | None:
    return None if trade is None else [trade[name] for name in names]


def _made(position: Position) -> list[int]:
    """How many checkpoints there are, and packs of lots by fifo and lifo."""
    packs = {book.method: book.lots.packs_made for book in position.books}
    return [position.entries // CHECKPOINT_EVERY, packs["fifo"], packs["lifo"]]
