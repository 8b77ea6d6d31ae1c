"""A simulated Corner."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from orderledger.infrastructure.clock import Clock
from orderledger.simulation.market import HAPPENINGS, ExchangeSimulator, OrderStatus, SimulatedOrder
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.server import VenueServer
from orderledger.simulation.servers.simulated import TOKEN_VARIABLE, SimulatedVenue

ACCOUNT, KEY = "corner:fake", "key-of-the-fake"
STATES = {
    OrderStatus.OPEN: "WORKING",
    OrderStatus.FILLED: "DONE",
    OrderStatus.CANCELED: "GONE",
    OrderStatus.EXPIRED: "LATE",
    OrderStatus.REJECTED: "REFUSED",
}


class CornerServer(VenueServer):
    """Lists all orders with their fills, and all positions."""

    def routes(self) -> Iterable[web.RouteDef]:
        return (web.get("/orders", self._orders), web.get("/positions", self._positions))

    async def _orders(self, request: web.Request) -> web.Response:
        if request.headers.get("Api-Key") != KEY:
            return self.answer({"error": "wrong key"}, status=401)
        return self.answer(
            {"orders": [self._row(order) for order in self.exchange.orders(ACCOUNT)]}
        )

    def _row(self, order: SimulatedOrder) -> dict[str, Any]:
        fills = self.exchange.fills(ACCOUNT, order_id=order.order_id)
        return {
            "id": order.order_id,
            "client_id": order.client_id,
            "symbol": order.instrument,
            "side": order.side.name,
            "quantity": order.quantity,
            "price": order.limit_price,
            "state": STATES[order.status],
            "filled": order.filled,
            "updated": order.updated_at.isoformat(),
            "fills": [
                {"quantity": one.quantity, "price": one.price, "at": one.at.isoformat()}
                for one in fills
            ],
        }

    async def _positions(self, request: web.Request) -> web.Response:
        now = self.exchange.clock.now().isoformat()
        rows = [
            {
                "symbol": one.instrument,
                "quantity": one.quantity,
                "price": one.average_price,
                "at": now,
            }
            for one in self.exchange.positions(ACCOUNT)
        ]
        return self.answer({"positions": rows})


def simulated(faults: Faults, clock: Clock) -> SimulatedVenue:
    return SimulatedVenue(
        server=CornerServer(
            ExchangeSimulator(clock=clock, accounts=[ACCOUNT], currency="USD"), faults=faults
        ),
        account=ACCOUNT,
        section=f'account = "{ACCOUNT}"\ntoken = {{ env = "{TOKEN_VARIABLE}" }}',
        token=KEY,
        happenings={name: HAPPENINGS[name] for name in ("place", "partial_fill", "fill", "cancel")},
    )
