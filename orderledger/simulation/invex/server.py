"""A simulated Invex on loopback with the real protocol: for tests, the demo and dry runs. Needs the
extra `fake`."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiohttp import web

from orderledger import Side
from orderledger.extend.values import ZERO, Clock
from orderledger.simulation.market import (
    OrderStatus,
    Reason,
    SimulatedFill,
    SimulatedOrder,
)
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.keyed import SPOT_HAPPENINGS, keyed
from orderledger.simulation.servers.polled import RIAL_MARKET, USDT_MARKET, PolledServer
from orderledger.simulation.servers.simulated import SimulatedVenue
from orderledger.venues.invex.adapter import INVEX

WORDS = {
    OrderStatus.RECEIVED: "INACTIVE",
    OrderStatus.WAITING: "INACTIVE",
    OrderStatus.OPEN: "NOT_FILLED",
    OrderStatus.FILLED: "FULL_FILLED",
    OrderStatus.CANCELED: "CANCELED_BY_USER",
    OrderStatus.EXPIRED: "CANCELED_BY_SYSTEM",
    OrderStatus.REJECTED: "CANCELED_BY_SYSTEM",
}
UNKNOWN_HERE = ("place_stop", "trigger", "reject")
"""Happenings that the venue has no words for."""
DEPTHS = ("5", "20", "50")
CANCELS = UUID("00000000-0000-4000-8000-0000000c0000").int


def uuid_of(order: SimulatedOrder | SimulatedFill) -> str:
    """The venue's id of an order."""
    return str(UUID(int=order.order_id))


class InvexServer(PolledServer):
    """`is_signed` checks the fields of a request that has any; by default none is needed.
    `canceling`: orders of which a cancel was requested, and is not done."""

    table = INVEX
    happenings = {  # noqa: RUF012
        name: often for name, often in SPOT_HAPPENINGS.items() if name not in UNKNOWN_HERE
    }
    actions = {  # noqa: RUF012  (declared by PolledServer)
        "GET /trading/v1/markets": "instrument_list",
        "GET /trading/v1/market-depth": "order_book",
        "GET /trading/v1/orders": "orders",
        "POST /trading/v1/orders": "place",
        "DELETE /trading/v1/orders": "cancel",
        "GET /trading/v1/order": "one_order",
        "GET /trading/v1/accounts": "balances",
    }
    key_header = ("X-API-Key-Invex", "{key}")
    size_field = "page_size"
    terms = {  # noqa: RUF012
        "symbol": "symbol",
        "side": "side",
        "order_type": "type",
        "quantity": "quantity",
        "limit_price": "price",
        "client_id": "client_order_id",
    }
    id_fields = ("order_id",)
    client_id_field = "client_order_id"
    reasons = {  # noqa: RUF012
        Reason.DUPLICATE_ORDER: "client_order_id",
        Reason.UNKNOWN_INSTRUMENT: "symbol",
        Reason.INCORRECT_PRICE: "price",
    }
    other_reason = "quantity"
    wrong_key = ("Invalid API key or signature", 401)
    too_many = ("Too many requests", 429)
    not_known = ("Order not found", 404)
    too_late = ("Order cannot be canceled", 400)
    venue_id = staticmethod(uuid_of)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.is_signed: Callable[[Mapping[str, Any]], bool] = lambda fields: True
        self.canceling: set[int] = set()
        self.cancel_seconds = 0.01

    def is_known(self, request: web.Request) -> bool:
        is_signed = not request.query or self.is_signed(request.query)
        return super().is_known(request) and is_signed

    async def place(self, request: web.Request) -> web.Response:
        if not self.is_signed(await request.json()):
            return self.refuse_key()
        return await super().place(request)

    def refused(self, word: Any, status: int) -> web.Response:
        return self.answer({"detail": word}, status=status)

    def not_placed(self, reason: str, asked: Mapping[str, Any]) -> web.Response:
        fault = {"loc": ["body", reason], "msg": f"{reason} is not valid", "type": "value_error"}
        return self.refused([fault], 422)

    def shown(self, order: SimulatedOrder) -> web.Response:
        return self.answer(self.row(order))

    def placed(self, order: SimulatedOrder) -> web.Response:
        return self.answer({"order_id": uuid_of(order)})

    def canceled(self, order: SimulatedOrder) -> web.Response:
        """Received is not done: the status changes later."""
        self.canceling.add(order.order_id)
        asyncio.get_running_loop().call_later(self.cancel_seconds, self.end, order)
        return self.answer({"cancel_order_id": str(UUID(int=CANCELS + order.order_id))})

    async def orders(self, request: web.Request) -> web.Response:
        """A list leaves out the trades."""
        asked = request.query
        since = datetime.fromisoformat(asked.get("start_at", "2000-01-01")).replace(tzinfo=UTC)
        status = asked.get("status")
        chosen = [
            one
            for one in self.own_orders()
            if one.created_at >= since and (status is None or WORDS[one.status] == status)
        ]
        page, _ = self.page_of(request, chosen)
        rows = [
            {name: value for name, value in self.row(order).items() if name != "trades"}
            for order in page
        ]
        return self.answer({"orders": rows, "total_count": len(chosen)})

    async def balances(self, request: web.Request) -> web.Response:
        rows = [
            {"currency": code, "available": held, "blocked": ZERO, "total": held}
            for code, held in self.held_by_code().items()
        ]
        return self.answer({"accounts": rows})

    async def instrument_list(self, request: web.Request) -> web.Response:
        symbol = self.table.markets.symbol
        rows = [
            {"symbol": symbol(one.name), "tick_size": one.tick, "amount_step_size": one.lot}
            for one in self.instruments
        ]
        return self.answer({"rules": rows})

    async def order_book(self, request: web.Request) -> web.Response:
        """Source: swagger.yaml, "Get Order Book": both fields are required, `depth` is one of three
        numbers."""
        name, depth = self.listed_as(request.query.get("symbol")), request.query.get("depth")
        if name is None or depth not in DEPTHS:
            fault = "symbol" if name is None else "depth"
            return self.refused([{"loc": ["query", fault], "msg": "", "type": "enum"}], 422)
        sides = {
            word: [
                {"depth": number, "price": price, "quantity": quantity}
                for number, (price, quantity) in enumerate(
                    self.levels(name, side)[: int(depth)], start=1
                )
            ]
            for word, side in (("ask_orders", Side.SELL), ("bid_orders", Side.BUY))
        }
        return self.answer(sides)

    def row(self, order: SimulatedOrder) -> dict[str, Any]:
        """An order with its trades. The symbol is an object, as in some answers of the real
        venue."""
        fills = self.exchange.fills(self.account, order_id=order.order_id)
        base, quote = self.codes_of(order.instrument)
        symbol = {
            "code": f"{base}_{quote}",
            "base_currency_type": base,
            "quote_currency_type": quote,
        }
        row = {
            "order_id": uuid_of(order),
            "symbol": symbol,
            "status": WORDS[order.status],
            "type": self.table.order_types.get(order.order_type, "LIMIT"),
            "side": self.table.sides[order.side],
            "price": order.limit_price,
            "quantity": order.quantity,
            "deal_quantity": order.filled,
            "time_in_force": "GTC",
            "created_at": _naive(order.created_at),
            "updated_at": _naive(order.updated_at),
            "trades": [_trade(fill) for fill in fills] or None,
        }
        if order.client_id:
            row["client_order_id"] = order.client_id
        if order.order_id in self.canceling:
            row["cancel_order_id"] = str(UUID(int=CANCELS + order.order_id))
        return row


def _trade(fill: SimulatedFill) -> dict[str, Any]:
    return {
        "type": fill.liquidity.name,
        "quantity": fill.quantity,
        "fee": fill.fee,
        "price": fill.price,
        "created_at": _naive(fill.at),
    }


def _naive(at: datetime) -> str:
    """In UTC, without saying so."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    """One account that trades against the rial and against USDT."""
    return keyed(InvexServer, "invex:fake", [RIAL_MARKET, USDT_MARKET], faults, clock)
