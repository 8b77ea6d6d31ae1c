"""Rows of the market in Lighter's format: orders, trades, fundings and positions as in its REST and
its websocket.

Amounts, prices and money are text with a fixed number of decimals. A trade has both sides: the
other side is account `OTHERS`. Instruments are market indexes, accounts are account indexes. A
trade has both sides: who is not ours is account `OTHERS`.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from orderledger import Liquidity, OrderType, Side, TimeInForce
from orderledger.extend.values import EXACT, ZERO
from orderledger.simulation.market import (
    OrderStatus,
    SimulatedFill,
    SimulatedFunding,
    SimulatedOrder,
    SimulatedPosition,
)
from orderledger.venues.base.fields import Document
from orderledger.venues.lighter.markets import Markets

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LIFETIME = timedelta(days=28)
OTHERS = 4321
"""The other side of every trade that is not a self-trade."""

STATUSES = {
    OrderStatus.RECEIVED: "in-progress",
    OrderStatus.WAITING: "pending",
    OrderStatus.OPEN: "open",
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELED: "canceled",
    OrderStatus.REJECTED: "canceled-margin-not-allowed",
    OrderStatus.EXPIRED: "canceled-expired",
}
TYPES = {
    OrderType.LIMIT: "limit",
    OrderType.MARKET: "market",
    OrderType.STOP: "stop-loss",
    OrderType.STOP_LIMIT: "stop-loss-limit",
    OrderType.TAKE_PROFIT: "take-profit",
    OrderType.TAKE_PROFIT_LIMIT: "take-profit-limit",
}

SIZE_DECIMALS, PRICE_DECIMALS = 4, 2


class Rows:
    """Rows of one venue. Amounts have four decimals, prices two, money six. `children(order_id)`
    are an order's children. `worst_price(order)`: that of an order which executes at once when its
    time comes, None for any other."""

    def __init__(
        self,
        markets: Markets,
        accounts: dict[str, int],
        children: Callable[[int], Sequence[SimulatedOrder]],
        worst_price: Callable[[SimulatedOrder], Decimal | None],
    ) -> None:
        self._markets = markets
        self._accounts = accounts
        self._children = children
        self._worst_price = worst_price

    def market(self, instrument: str) -> int:
        """The market index of an instrument. LookupError if it is not listed."""
        index = self._markets.index(instrument)
        if index is None:
            raise LookupError(f"{instrument} has no market")
        return index

    def order(
        self, order: SimulatedOrder, *, status: str | None = None, is_coarse: bool = False
    ) -> Document:
        """A row in milliseconds and microseconds, or, if `is_coarse`, in seconds, as in older
        deployments.
        """
        left = ZERO if order.status.is_ended else order.left
        time = microseconds(order.updated_at)
        unit = 1_000_000 if is_coarse else 1000
        row: Document = {
            "order_index": order.order_id,
            "client_order_index": int(order.client_id or 0),
            "order_id": str(order.order_id),
            "client_order_id": order.client_id or "0",
            "market_index": self.market(order.instrument),
            "owner_account_index": self._accounts[order.account],
            "initial_base_amount": amount(order.quantity),
            "price": price(self._worst_price(order) or order.limit_price),
            "remaining_base_amount": amount(left),
            "is_ask": order.side is Side.SELL,
            "base_size": int(left * 10_000),
            "filled_base_amount": amount(order.filled),
            "filled_quote_amount": money(order.notional),
            "side": "",
            "type": "liquidation"
            if order.reason == "liquidation"
            else TYPES.get(order.order_type, "take-profit"),
            "time_in_force": _time_in_force(order),
            "reduce_only": order.reduce_only,
            "trigger_price": price(order.stop_price),
            "order_expiry": 0
            if order.time_in_force is TimeInForce.IOC
            else microseconds(order.created_at + LIFETIME) // 1000,
            "status": status or self._status(order),
            "trigger_status": self._trigger_status(order),
            "parent_order_index": order.parent_id or 0,
            "parent_order_id": str(order.parent_id or 0),
            **self._to_trigger(order),
            "block_height": order.sequence,
            "timestamp": time // unit,
            "created_at": microseconds(order.created_at) // unit,
            "updated_at": time // unit,
        }
        # An action of the venue is not a transaction: the order keeps the time of the transaction
        # that made it.
        is_by_itself = order.status is OrderStatus.EXPIRED or (
            order.status is OrderStatus.CANCELED and order.reason is not None
        )
        exact = microseconds(order.created_at if is_by_itself else order.updated_at)
        return row if is_coarse else {**row, "transaction_time": exact}

    def trade(self, fill: SimulatedFill, others: Sequence[SimulatedFill] = ()) -> Document:
        """A row of the trade. `others`: the other fill of a self-trade."""
        ends = {"ask" if one.side is Side.SELL else "bid": one for one in (*others, fill)}
        is_ask = fill.side is Side.SELL
        row: Document = {
            "trade_id": fill.fill_id,
            "trade_id_str": str(fill.fill_id),
            "tx_hash": f"{fill.fill_id:080x}",
            "type": fill.reason or "trade",
            "market_id": self.market(fill.instrument),
            "size": amount(fill.quantity),
            "price": price(fill.price),
            "usd_amount": money(EXACT.multiply(fill.quantity, fill.price)),
            "is_maker_ask": is_ask == (fill.liquidity is Liquidity.MAKER),
            "block_height": fill.sequence,
            "timestamp": microseconds(fill.at) // 1000,
            "transaction_time": microseconds(fill.at),
        }
        for end in ("ask", "bid"):
            row |= self._end(end, ends.get(end))
        for one in (*others, fill):
            rate = _rate(one)
            row |= {f"{one.liquidity}_fee": rate} if rate else {}
        return row

    def _end(self, end: str, fill: SimulatedFill | None) -> Document:
        order_id = 2**49 + 777 if fill is None else fill.order_id
        client_id = 77 if fill is None else int(fill.client_id or 0)
        return {
            f"{end}_id": order_id,
            f"{end}_id_str": str(order_id),
            f"{end}_client_id": client_id,
            f"{end}_client_id_str": str(client_id),
            f"{end}_account_id": OTHERS if fill is None else self._accounts[fill.account],
        }

    def funding(self, funding: SimulatedFunding) -> Document:
        """A payment, in seconds; `change` is positive if received."""
        return {
            "timestamp": microseconds(funding.at) // 1_000_000,
            "market_id": self.market(funding.instrument),
            "funding_id": funding.sequence,
            "change": money(funding.amount),
            "rate": "0.0001",
            "position_size": amount(abs(funding.position)),
            "position_side": "long" if funding.position >= 0 else "short",
        }

    def position(self, position: SimulatedPosition) -> Document:
        """A position: its size without a sign, and `sign` 1 or -1."""
        return {
            "market_id": self.market(position.instrument),
            "symbol": position.instrument,
            "sign": 1 if position.quantity >= 0 else -1,
            "position": amount(abs(position.quantity)),
            "avg_entry_price": money(position.average_price or ZERO),
        }

    @staticmethod
    def _status(order: SimulatedOrder) -> str:
        reason = order.reason or ""
        return (
            reason
            if order.status.is_ended and reason.startswith("canceled")
            else STATUSES[order.status]
        )

    @staticmethod
    def _trigger_status(order: SimulatedOrder) -> str:
        if order.status is not OrderStatus.WAITING:
            return "na" if order.stop_price is None else "ready"
        return "mark-price" if order.parent_id is None else "parent-order"

    def _to_trigger(self, order: SimulatedOrder) -> Document:
        children = [str(child.order_id) for child in self._children(order.order_id)][:2]
        first, second, *_ = (*children, "0", "0")
        return {
            "to_trigger_order_id_0": first,
            "to_trigger_order_id_1": second,
            "to_cancel_order_id_0": "0",
        }


def microseconds(at: datetime) -> int:
    """Since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


def amount(number: Decimal) -> str:
    """A quantity as text."""
    return f"{number:.{SIZE_DECIMALS}f}"


def price(number: Decimal | None) -> str:
    """A price as text; 0 for none."""
    return f"{number or ZERO:.{PRICE_DECIMALS}f}"


def money(number: Decimal) -> str:
    """An amount of the quote currency as text."""
    return f"{number:.6f}"


def _rate(fill: SimulatedFill) -> int:
    """The fee in millionths of the trade."""
    notional = EXACT.multiply(fill.quantity, fill.price)
    return int(fill.fee * 1_000_000 / notional) if notional else 0


def _time_in_force(order: SimulatedOrder) -> str:
    if order.post_only:
        return "post-only"
    return "immediate-or-cancel" if order.time_in_force is TimeInForce.IOC else "good-till-time"
