"""A simulated Invex on loopback, speaking the real protocol: for tests, the demo and dry runs.
Needs the extra `fake`."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from aiohttp import web

from orderledger import OrderType
from orderledger.extend.values import ZERO, Clock
from orderledger.simulation.market import (
    OrderStatus,
    Reason,
    Refusal,
    SimulatedFill,
    SimulatedInstrument,
    SimulatedOrder,
)
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.keyed import SPOT_HAPPENINGS, KeyedServer, keyed
from orderledger.simulation.servers.simulated import SimulatedVenue
from orderledger.venues.invex.vocabulary import MARKETS, ORDER_TYPES, SIDES

WORDS = {
    OrderStatus.RECEIVED: "INACTIVE",
    OrderStatus.WAITING: "INACTIVE",
    OrderStatus.OPEN: "NOT_FILLED",
    OrderStatus.FILLED: "FULL_FILLED",
    OrderStatus.CANCELED: "CANCELED_BY_USER",
    OrderStatus.EXPIRED: "CANCELED_BY_SYSTEM",
    OrderStatus.REJECTED: "CANCELED_BY_SYSTEM",
}
FIELDS: dict[str, str] = {
    Reason.DUPLICATE_ORDER: "client_order_id",
    Reason.UNKNOWN_INSTRUMENT: "symbol",
    Reason.INCORRECT_PRICE: "price",
}
UNKNOWN_HERE = ("place_stop", "trigger", "reject")
"""Happenings that the venue has no words for."""
CANCELS = UUID("00000000-0000-4000-8000-0000000c0000").int
TRADED = (
    SimulatedInstrument(
        name="BTC/IRR", price=Decimal(52_000_000_000), tick=Decimal(10), lot=Decimal("0.000001")
    ),
    SimulatedInstrument(
        name="ETH/USDT", price=Decimal(2500), tick=Decimal("0.01"), lot=Decimal("0.0001")
    ),
)


def uuid_of(order: SimulatedOrder | SimulatedFill) -> str:
    """The venue's id of an order."""
    return str(UUID(int=order.order_id))


class InvexServer(KeyedServer):
    """`is_signed` checks the fields of a request that has any; by default none is needed.
    `canceling`: orders of which a cancel was requested, and is not done."""

    happenings = {  # noqa: RUF012
        name: often for name, often in SPOT_HAPPENINGS.items() if name not in UNKNOWN_HERE
    }

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.is_signed: Callable[[Mapping[str, Any]], bool] = lambda fields: True
        self.canceling: set[int] = set()
        self.cancel_seconds = 0.01

    def routes(self) -> Iterable[web.RouteDef]:
        return (
            web.get("/trading/v1/markets", self._markets),
            web.get("/trading/v1/orders", self.keyed(self._orders)),
            web.post("/trading/v1/orders", self.keyed(self._place)),
            web.delete("/trading/v1/orders", self.keyed(self._cancel)),
            web.get("/trading/v1/order", self.keyed(self._order)),
            web.get("/trading/v1/accounts", self.keyed(self._accounts)),
        )

    def is_known(self, request: web.Request) -> bool:
        is_signed = not request.query or self.is_signed(request.query)
        return request.headers.get("X-API-Key-Invex") == self.key and is_signed

    def refuse_key(self) -> web.Response:
        return self.refused("Invalid API key or signature", 401)

    def refuse_more(self, seconds: int) -> web.Response:
        return self.refused("Too many requests", 429)

    def refused(self, detail: Any, status: int) -> web.Response:
        return self.answer({"detail": detail}, status=status)

    async def _orders(self, request: web.Request) -> web.Response:
        """A list leaves out the trades."""
        asked = request.query
        since = datetime.fromisoformat(asked.get("start_at", "2000-01-01")).replace(tzinfo=UTC)
        status = asked.get("status")
        chosen = [
            one
            for one in self.own_orders()
            if one.created_at >= since and (status is None or WORDS[one.status] == status)
        ]
        page, _ = self.page(chosen, asked.get("page"), asked.get("page_size"))
        rows = [
            {name: value for name, value in self.row(order).items() if name != "trades"}
            for order in page
        ]
        return self.answer({"orders": rows, "total_count": len(chosen)})

    async def _order(self, request: web.Request) -> web.Response:
        order = self.called(request.query)
        return (
            self.refused("Order not found", 404) if order is None else self.answer(self.row(order))
        )

    async def _place(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if not self.is_signed(asked):
            return self.refuse_key()
        order = self.entered(
            *(MARKETS.codes(str(asked.get("symbol"))) or ("", "")),
            MARKETS,
            side=SIDES.get(str(asked.get("side")).lower(), ""),
            order_type=ORDER_TYPES.get(str(asked.get("type")).lower(), OrderType.OTHER),
            quantity=asked.get("quantity", ""),
            limit_price=asked.get("price"),
            client_id=asked.get("client_order_id"),
        )
        if isinstance(order, Refusal):
            field = FIELDS.get(order.reason, "quantity")
            return self.refused(
                [{"loc": ["body", field], "msg": f"{field} is not valid", "type": "value_error"}],
                422,
            )
        return self.answer({"order_id": uuid_of(order)})

    async def _cancel(self, request: web.Request) -> web.Response:
        """Received is not done: the status changes later."""
        order = self.called(request.query)
        if order is None:
            return self.refused("Order not found", 404)
        if order.status.is_ended:
            return self.refused("Order cannot be canceled", 400)
        self.canceling.add(order.order_id)
        asyncio.get_running_loop().call_later(self.cancel_seconds, self._end, order.order_id)
        return self.answer({"cancel_order_id": str(UUID(int=CANCELS + order.order_id))})

    def _end(self, order_id: int) -> None:
        self.exchange.request_cancel(self.account, order_id=order_id)

    def called(self, asked: Mapping[str, str]) -> SimulatedOrder | None:
        """By id, else by client id: the newest that bears it."""
        name, client_id = asked.get("order_id"), asked.get("client_order_id")
        is_called = (
            (lambda order: uuid_of(order) == name)
            if name
            else (lambda order: order.client_id == client_id)
        )
        return next(
            (order for order in self.own_orders() if (name or client_id) and is_called(order)), None
        )

    async def _accounts(self, request: web.Request) -> web.Response:
        rows = [
            {"currency": name, "available": held, "blocked": ZERO, "total": held}
            for name, held in self.held().items()
        ]
        return self.answer({"accounts": rows})

    async def _markets(self, request: web.Request) -> web.Response:
        rows = [
            {"symbol": MARKETS.symbol(one.name), "tick_size": one.tick, "amount_step_size": one.lot}
            for one in self.instruments
        ]
        return self.answer({"rules": rows})

    def row(self, order: SimulatedOrder) -> dict[str, Any]:
        """An order with its trades. The symbol is an object, as in some answers of the real
        venue."""
        symbol = MARKETS.symbol(order.instrument) or ""
        base, quote = symbol.split("_")
        return {
            "order_id": uuid_of(order),
            "symbol": {"code": symbol, "base_currency_type": base, "quote_currency_type": quote},
            "status": WORDS[order.status],
            "type": "MARKET" if order.order_type is OrderType.MARKET else "LIMIT",
            "side": next(word.upper() for word, side in SIDES.items() if side is order.side),
            "price": order.limit_price,
            "quantity": order.quantity,
            "deal_quantity": order.filled,
            "time_in_force": "GTC",
            **({"client_order_id": order.client_id} if order.client_id else {}),
            **(
                {"cancel_order_id": str(UUID(int=CANCELS + order.order_id))}
                if order.order_id in self.canceling
                else {}
            ),
            "created_at": _naive(order.created_at),
            "updated_at": _naive(order.updated_at),
            "trades": [
                _trade(fill) for fill in self.exchange.fills(self.account, order_id=order.order_id)
            ]
            or None,
        }


def _trade(fill: SimulatedFill) -> dict[str, Any]:
    told = {
        "type": fill.liquidity.name,
        "quantity": fill.quantity,
        "fee": fill.fee,
        "price": fill.price,
    }
    return {**told, "created_at": _naive(fill.at)}


def _naive(at: datetime) -> str:
    """In UTC, without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    """One account that trades against the rial and against USDT."""
    return keyed(InvexServer, "invex:fake", TRADED, faults, clock)
