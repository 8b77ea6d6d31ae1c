"""The instruments of the accounts, as the log defines them: terms, last marks, position modes and
former names."""

from datetime import datetime
from decimal import Decimal

from orderledger import PositionSide
from orderledger.extend.events import Order, Recorded, accounts
from orderledger.extend.values import sides
from orderledger.extend.views import Renames, Terms, instruments, terms_of
from orderledger.gateway.working import Instrument


class Instruments:
    """The instruments of some accounts. `rows`: their definitions with the last marks. `renames`:
    by account, the former names."""

    def __init__(self) -> None:
        self.rows: dict[Instrument, instruments.StoredInstrumentRow] = {}
        self.renames: dict[str, Renames] = {}

    def define(self, account: str, recorded: Recorded, event: accounts.InstrumentDefined) -> bool:
        """Take a definition. Returns whether it changes how earlier fills count."""
        scope = self.scope(account, event.instrument, recorded.at)
        coin, mode = self.terms(scope).coin, self.mode(scope)
        self.rows[scope] = instruments.defined(
            self._row(scope),
            instruments.definition_of(event, recorded.at, recorded.position or 0),
            recorded.at,
        )
        return coin != self.terms(scope).coin or event.position_mode not in (None, mode)

    def mark(self, account: str, event: accounts.MarkRecorded, at: datetime) -> None:
        """Take a mark."""
        scope = self.scope(account, event.instrument, at)
        self.rows[scope] = instruments.marked(self._row(scope), event.price, at)

    def mark_of(self, account: str, instrument: str) -> tuple[Decimal, datetime] | None:
        """The last mark, and its time."""
        row = self.rows.get((account, instrument))
        if row is None or row["mark_price"] is None or row["marked_at"] is None:
            return None
        return row["mark_price"], row["marked_at"]

    def terms(self, scope: Instrument) -> Terms:
        """The terms in force now."""
        return terms_of(self.rows.get(scope))

    def mode(self, scope: Instrument) -> str:
        """The position mode in force now."""
        modes = instruments.modes_of(self.rows.get(scope))
        return modes[-1][2] if modes else sides.UNKNOWN

    def part(
        self, scope: Instrument, side: PositionSide | None, position_id: str | None
    ) -> sides.Part:
        """The position side and id that an order counts in, by the position mode in force now."""
        named = None if side is None else str(side)
        modes = instruments.modes_of(self.rows.get(scope))
        return sides.part_now({"position_side": named, "position_id": position_id}, modes)

    def of_order(self, order: Order, name: str | None = None) -> Instrument:
        """The instrument of an order, or one of its legs by name, by the latest name."""
        name = name or order.terms.instrument or ""
        named_at = order.terms.requested_at or order.fills.sums.first_fill_at
        renames = self.renames.get(order.account)
        return order.account, renames.latest(name, named_at) if renames and named_at else name

    def scope(self, account: str, name: str, at: datetime) -> Instrument:
        """The instrument that had this name at a time, by its latest."""
        renames = self.renames.get(account)
        return account, renames.latest(name, at) if renames else name

    def _row(self, scope: Instrument) -> instruments.StoredInstrumentRow:
        return self.rows.get(scope) or instruments.blank(*scope)
