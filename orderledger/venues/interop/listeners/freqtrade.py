"""freqtrade: a listener on the callbacks of a strategy."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import wraps
from importlib import import_module
from typing import Any

from orderledger import Ledger, Message, UnknownOrder
from orderledger.rows import OrderRow
from orderledger.venues.interop.context import ObjectContext
from orderledger.venues.interop.freqtrade import intent_messages, is_intent_of, order_messages
from orderledger.venues.interop.listeners.recording import Listening
from orderledger.venues.interop.objects import ForeignObject

CONFIRMATIONS = ("confirm_trade_entry", "confirm_trade_exit")
TRADING = ("live", "dry_run")


class FreqtradeListener(Listening):
    """Records the orders of a freqtrade strategy, from its callbacks. See `listen_to_freqtrade`."""

    def __init__(
        self,
        ledger: Ledger,
        account: str,
        strategy: Any,
        *,
        instruments: Mapping[str, str] | None,
        records_fills: bool,
    ) -> None:
        super().__init__(ledger, account)
        self._strategy, self._name = strategy, str(strategy.get_strategy_name())
        self._instruments, self._records_fills = instruments, records_fills
        self._working: dict[int, str] = {}
        self._last = 0

    def attach(self) -> None:
        """Wrap the callbacks, and record what freqtrade's database has by now. The strategy's own
        callbacks are still called."""
        for name in CONFIRMATIONS:
            self._wrap_confirmation(name)
        filled, loop = self._strategy.order_filled, self._strategy.bot_loop_start

        @wraps(filled)
        def order_filled(*, trade: Any, order: Any, **others: Any) -> Any:
            self._follow(order, trade)
            return filled(trade=trade, order=order, **others)

        @wraps(loop)
        def bot_loop_start(*arguments: Any, **others: Any) -> Any:
            self.catch_up()
            return loop(*arguments, **others)

        self._strategy.order_filled, self._strategy.bot_loop_start = order_filled, bot_loop_start
        self.catch_up()

    def _wrap_confirmation(self, name: str) -> None:
        """Record the intent after the strategy's own confirmation: freqtrade sends right then."""
        confirm = getattr(self._strategy, name)

        @wraps(confirm)
        def confirmed(**given: Any) -> Any:
            is_confirmed = confirm(**given)
            if is_confirmed:
                self.record(lambda: intent_messages(given, self._context(given), self._name))
            return is_confirmed

        setattr(self._strategy, name, confirmed)

    def catch_up(self) -> None:
        """Record the orders of freqtrade's database that are new, or were open at the last call.
        Then record the ends of orders that it has removed."""
        for order in self.read(self._changed_orders) or ():
            if not self._follow(order, order.trade):
                break
            self._last = max(self._last, order.id)
            if order.ft_is_open:
                self._working[order.id] = order.order_id
        self.record(self._missing)

    def _changed_orders(self) -> list[Any]:
        model = import_module("freqtrade.persistence").Order
        return self._stored((model.id > self._last) | model.id.in_(self._working))

    def _stored(self, chosen: Any) -> list[Any]:
        model = import_module("freqtrade.persistence").Order
        query = import_module("sqlalchemy").select(model).where(chosen).order_by(model.id)
        return list(model.session.scalars(query).all())

    def _missing(self) -> list[Message]:
        """Open orders of the ledger that freqtrade's database does not have.

        freqtrade removes an entry that was canceled without a fill. An order that this process has
        never seen there may be at the venue: freqtrade was about to send it, or was killed.
        """
        model = import_module("freqtrade.persistence").Order
        rows = self.ledger.open_orders(account=self.account, strategy=self._name)
        stored = self._stored(model.order_id.in_([row["venue_order_id"] for row in rows]))
        kept, working = (
            {order.order_id for order in stored},
            {row["venue_order_id"] for row in rows},
        )
        self._working = {key: one for key, one in self._working.items() if one in working}
        seen = set(self._working.values())
        return [
            self._left(row, was_removed=row["venue_order_id"] in seen)
            for row in rows
            if row["venue_order_id"] not in kept
            and (row["venue_order_id"] in seen or row["certainty"] != "unresolved")
        ]

    def _left(self, row: OrderRow, *, was_removed: bool) -> Message:
        names = {name: row[name] for name in ("client_order_id", "venue_order_id")}
        context, now = self._context(names), datetime.now(UTC)
        if not was_removed:
            names = {"client_order_id": row["client_order_id"]}
            return context.message("unresolved", at=now, **names, reason="not_in_freqtrade")
        end = {"status": "canceled", "reason": "removed_by_freqtrade"}
        return context.message("status_observed", at=now, **names, **end)

    def _follow(self, order: Any, trade: Any) -> bool:
        """Record an order as freqtrade has it now. Returns whether that is durable."""
        return self.record(lambda: self._messages(order, trade))

    def _messages(self, order: Any, trade: Any) -> list[Message]:
        given = _columns(order) | {"is_first_of_its_side": _is_first_of_its_side(order, trade)}
        context = self._context(given)
        row = self._known(given["order_id"]) or self._intent_of(given, context)
        if row is not None and not row["is_open"]:
            return []
        return order_messages(
            given, _columns(trade), context, self._name, row, with_fill=self._records_fills
        )

    def _known(self, venue_order_id: str) -> OrderRow | None:
        try:
            return self.ledger.order(venue_order_id, account=self.account)
        except UnknownOrder:
            return None

    def _intents(self) -> list[OrderRow]:
        """Confirmed orders that no order of freqtrade's database belongs to yet."""
        rows = self.ledger.open_orders(account=self.account, strategy=self._name)
        return [row for row in rows if row["venue_order_id"] is None]

    def _intent_of(self, given: dict[str, Any], context: ObjectContext) -> OrderRow | None:
        """The confirmed order that became this one: the newest with the same terms."""
        found = [row for row in self._intents() if is_intent_of(row, given, context)]
        return found[-1] if found else None

    def _context(self, given: Mapping[str, Any]) -> ObjectContext:
        return ObjectContext.of(ForeignObject(given), self.account, None, self._instruments)


def listen_to_freqtrade(
    strategy: Any,
    ledger: Ledger | str,
    *,
    account: str,
    instruments: Mapping[str, str] | None = None,
    records_fills: bool = True,
) -> FreqtradeListener | None:
    """Record the orders of a freqtrade strategy. Call it in the strategy's `bot_start`.

    - `ledger`: a ledger, or the path or URL of one.
    - `instruments`: the ledger's names of instruments, by pair (`BTC/USDT:USDT`), if they differ.
    - `records_fills`: False if a collector records the fills of the same account.

    The request and its submission are recorded when the strategy has confirmed an entry or exit,
    before freqtrade sends it. In each loop the listener reads freqtrade's database and records what
    changed. freqtrade keeps totals, so an order has one fill, at its end. Returns None in a
    backtest: nothing is recorded there.
    """
    if strategy.dp.runmode.value not in TRADING:
        return None
    opened = Ledger.open(ledger) if isinstance(ledger, str) else ledger
    listener = FreqtradeListener(
        opened, account, strategy, instruments=instruments, records_fills=records_fills
    )
    listener.attach()
    return listener


def _columns(row: Any) -> dict[str, Any]:
    """The columns of a row of freqtrade's database. A time without an offset is UTC."""
    values = {column.key: getattr(row, column.key) for column in row.__table__.columns}
    return {
        name: value.replace(tzinfo=value.tzinfo or UTC) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _is_first_of_its_side(order: Any, trade: Any) -> bool:
    """Whether no other order of the trade, of the same side, has been filled."""
    return not any(
        other.filled
        and other.ft_order_side == order.ft_order_side
        and other.order_id != order.order_id
        for other in trade.orders
    )
