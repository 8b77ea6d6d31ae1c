"""The fold of trades and account events into positions: one by one while they come in the order they happened, anew where not."""

from heapq import merge

from orderledger.projections.positions import Position, Terms, position_of, position_rows, restore, terms_of, when
from orderledger.projections.store import Rows
from orderledger.projections.tables import ACCOUNT_EVENTS, INSTRUMENTS, POSITIONS, TRADES, Row

COUNTED = ("instrument", "side", "quantity", "price", "fee", "fee_currency", "at", "position", "state")
"""What of a trade counts in a position."""

Key = tuple[str, str]
"""Account and instrument."""


class PositionFold:
    """Keeps the positions that have changed in mind until `settle` writes them."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._positions: dict[Key, Position] = {}
        self._changed: dict[Key, None] = {}
        self._stale: dict[Key, None] = {}

    def add(self, trade: Row) -> None:
        """Take in a new trade that stands."""
        key = (trade["account"], trade["instrument"])
        if trade["instrument"] is None or trade["side"] is None or key in self._stale:
            return
        position = self._position(key)
        if position.is_in_order(trade["at"], trade["position"]):
            position.fill(trade)
            self._changed[key] = None
        else:
            self._stale[key] = None

    def reconsider(self, before: Row | None, trade: Row) -> None:
        """A trade's row has changed: fold its position anew, if what counts in it has."""
        if before is None or any(before[name] != trade[name] for name in COUNTED):
            self.distrust(trade)
            if before is not None:
                self.distrust(before)

    def distrust(self, entry: Row) -> None:
        """Fold anew what this trade or account event is part of."""
        if entry["instrument"] is not None:
            self._stale[entry["account"], entry["instrument"]] = None

    def redefine(self, account: str, instrument: str) -> None:
        """The terms of an instrument have changed: fold its position anew, if there is one."""
        key = (account, instrument)
        if key in self._positions or self._rows.select(POSITIONS, account=account, instrument=instrument):
            self._stale[key] = None

    def settle(self) -> None:
        """Write the rows of all positions that have changed."""
        for key in self._stale:
            self._positions[key] = self._fold_anew(key)
        for key in {**self._changed, **self._stale}:
            self._write(self._positions[key])
        self._stale.clear()
        self._changed.clear()

    def forget(self) -> None:
        """Read positions that were settled from their rows when they are next met."""
        self._positions.clear()

    def _position(self, key: Key) -> Position:
        if key not in self._positions:
            rows = self._rows.select(POSITIONS, account=key[0], instrument=key[1])
            self._positions[key] = restore(rows) if rows else Position(*key, self._terms(key))
        return self._positions[key]

    def _terms(self, key: Key) -> Terms:
        return terms_of(self._rows.get(INSTRUMENTS, key))

    def _fold_anew(self, key: Key) -> Position:
        account, instrument = key
        trades = self._rows.each(TRADES, account=account, instrument=instrument, state="active")
        entries = self._rows.each(ACCOUNT_EVENTS, account=account, instrument=instrument)
        in_order = merge((trade for trade in trades if trade["side"]), entries, key=when)
        return position_of(account, instrument, self._terms(key), in_order)

    def _write(self, position: Position) -> None:
        is_empty = position.last is None and not position.funding
        for row in position_rows(position):
            if is_empty:
                self._rows.delete(POSITIONS, POSITIONS.key_of(row))
            else:
                self._rows.put(POSITIONS, row)
