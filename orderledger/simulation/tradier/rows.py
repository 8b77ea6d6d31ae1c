"""Rows of the market in Tradier's format: orders with their legs, events of the stream, positions.

Numbers are JSON numbers with a decimal point, times text to the millisecond in UTC. Money is in
dollars, an option's quantity in contracts.
"""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from orderledger.extend.values import EXACT, ZERO
from orderledger.simulation.market import (
    ExchangeSimulator,
    OrderStatus,
    SimulatedOrder,
    SimulatedPosition,
)
from orderledger.venues.tradier.vocabulary import (
    GROUPS,
    OPTION_MULTIPLIER,
    SPREADS,
    STANDARD_OPTION,
)

WORDS = {
    OrderStatus.RECEIVED: "pending",
    OrderStatus.WAITING: "held",
    OrderStatus.OPEN: "open",
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELED: "canceled",
    OrderStatus.REJECTED: "rejected",
    OrderStatus.EXPIRED: "expired",
}
CENT = Decimal("0.01")
STEP = Decimal("0.00000001")
OPTION_SUFFIX = 15
"""Expiry, call or put, strike: the text after the root of an option's symbol."""


class TradierRowWriter:
    """Rows of one venue's exchange. `terms`: the words of an order at its placing: class, type,
    side, duration, strategy.

    `unpriced`: orders whose filled quantity and average price are still missing, whatever their
    status.
    """

    def __init__(self, exchange: ExchangeSimulator) -> None:
        self.exchange = exchange
        self.terms: dict[int, dict[str, str]] = {}
        self.unpriced: set[int] = set()

    def row(self, order: SimulatedOrder, *, has_tags: bool) -> dict[str, Any]:
        """A row of the list of orders, with its legs."""
        legs = self.exchange.children(order.order_id)
        terms = self.terms.get(order.order_id, {})
        row: dict[str, Any] = {
            "id": order.order_id,
            "type": terms.get("type", str(order.order_type)),
            "symbol": _underlying(order.instrument),
            "side": terms.get("side", str(order.side)),
            "quantity": order.quantity,
            "status": self.status(order),
            "duration": terms.get("duration", "gtc" if order.time_in_force == "gtc" else "day"),
            **({"price": order.limit_price} if order.limit_price is not None else {}),
            **({"stop_price": order.stop_price} if order.stop_price is not None else {}),
            **self._numbers(order, legs),
            "create_date": written_at(order.created_at),
            "transaction_date": written_at(
                max([order.updated_at, *(leg.updated_at for leg in legs)])
            ),
            "class": self.kind(order),
        }
        texts = {
            "option_symbol": order.instrument if _is_option(order.instrument) else None,
            "reason_description": order.reason,
            "tag": order.client_id if has_tags else None,
        }
        return {
            **row,
            **{name: text for name, text in texts.items() if text is not None},
            **self._with_legs(legs, terms),
        }

    def _with_legs(self, legs: list[SimulatedOrder], terms: dict[str, str]) -> dict[str, Any]:
        rows = [self.row(leg, has_tags=False) for leg in legs]
        strategy = terms.get("strategy", "spread")
        return (
            {
                "num_legs": len(rows),
                "strategy": strategy,
                "leg": rows[0] if len(rows) == 1 else rows,
            }
            if rows
            else {}
        )

    def event(self, order: SimulatedOrder) -> dict[str, Any]:
        """An event of the stream: no symbol, no side, no price of the last execution."""
        row = self.row(order, has_tags=True)
        names = (
            "id",
            "status",
            "type",
            "avg_fill_price",
            "exec_quantity",
            "last_fill_quantity",
            "remaining_quantity",
        )
        return {
            "event": "order",
            **{name: row[name] for name in names},
            **({"parent_id": order.parent_id} if order.parent_id is not None else {}),
            "price": row.get("price", ZERO),
            "stop_price": row.get("stop_price", ZERO),
            "transaction_date": row["transaction_date"],
            "create_date": row["create_date"],
            "account": order.account,
            **({"tag": row["tag"]} if "tag" in row else {}),
        }

    def positions(self, account: str) -> list[dict[str, Any]]:
        """The positions that are not flat; `cost_basis` is negative for a short one."""
        return [
            {"symbol": held.instrument, "quantity": held.quantity, "cost_basis": _cost(held)}
            for held in self.exchange.positions(account)
        ]

    def kind(self, order: SimulatedOrder) -> str:
        """The order's class."""
        return self.terms.get(order.order_id, {}).get(
            "class", "option" if _is_option(order.instrument) else "equity"
        )

    def status(self, order: SimulatedOrder) -> str:
        """The status word. The status of an order with legs follows from theirs."""
        legs = self.exchange.children(order.order_id)
        if legs and not order.status.is_ended:
            if all(leg.status is OrderStatus.FILLED for leg in legs):
                return "filled"
            if self.kind(order) in GROUPS and all(leg.status.is_ended for leg in legs):
                return "filled" if any(leg.filled for leg in legs) else "canceled"
            if self.kind(order) in SPREADS and any(leg.filled for leg in legs):
                return "partially_filled"
        if order.status is OrderStatus.WAITING and order.parent_id is None:
            return "open"
        return (
            "partially_filled"
            if order.status is OrderStatus.OPEN and order.filled
            else WORDS[order.status]
        )

    def _numbers(self, order: SimulatedOrder, legs: list[SimulatedOrder]) -> dict[str, Decimal]:
        if order.order_id in self.unpriced:
            return _numbers(ZERO, ZERO, ZERO, ZERO, ZERO)
        if legs:
            if self.kind(order) in GROUPS:
                return _numbers(ZERO, ZERO, ZERO, ZERO, ZERO)
            spreads = min(
                EXACT.divide(EXACT.multiply(leg.filled, order.quantity), leg.quantity)
                for leg in legs
            )
            return _numbers(ZERO, spreads, ZERO, ZERO, EXACT.subtract(order.quantity, spreads))
        fills = self.exchange.fills(order.account, order_id=order.order_id)
        last_price, last_quantity = (fills[-1].price, fills[-1].quantity) if fills else (ZERO, ZERO)
        average = (
            (order.average_price or ZERO).quantize(STEP, rounding=ROUND_HALF_EVEN).normalize(EXACT)
        )
        return _numbers(average, order.filled, last_price, last_quantity, order.left)


def _numbers(
    average: Decimal, filled: Decimal, last_price: Decimal, last_quantity: Decimal, left: Decimal
) -> dict[str, Decimal]:
    return {
        "avg_fill_price": average,
        "exec_quantity": filled,
        "last_fill_price": last_price,
        "last_fill_quantity": last_quantity,
        "remaining_quantity": left,
    }


def written_at(at: datetime) -> str:
    """To the millisecond, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cost(held: SimulatedPosition) -> Decimal:
    """The cost in money, to the cent: negative for a short sale."""
    worth = EXACT.multiply(held.quantity, held.average_price or ZERO)
    if _is_option(held.instrument):
        worth = EXACT.multiply(worth, OPTION_MULTIPLIER)
    return worth.quantize(CENT, rounding=ROUND_HALF_EVEN, context=EXACT)


def _is_option(instrument: str) -> bool:
    return STANDARD_OPTION.fullmatch(instrument) is not None


def _underlying(instrument: str) -> str:
    return instrument[:-OPTION_SUFFIX] if _is_option(instrument) else instrument
