"""`BrakedServer`: the smallest simulated exchange with brakes: orders come, rest, and are canceled
one by one, all at once, or by a dead man's switch.

The servers of OKX, Bybit and Kraken's futures are of this kind. They check the key, not the
signature, and answer each further query with an empty list.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aiohttp import web

from orderledger.simulation.ccxt.failings import free_ids_of_ended_orders
from orderledger.simulation.ccxt.kraken_switch import EVERYTHING, cancel_everything
from orderledger.simulation.market import (
    ExchangeSimulator,
    Refusal,
    SimulatedInstrument,
    SimulatedOrder,
)
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.countdowns import Countdowns
from orderledger.simulation.servers.server import Handler, VenueServer

KEY = "key-of-the-fake"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Asked = dict[str, Any]
Answering = Callable[[Asked], Awaitable[Any]]


class Denied(Exception):
    """A refusal: the document of the answer."""

    def __init__(self, document: Any) -> None:
        super().__init__(document)
        self.document = document


class BrakedServer(VenueServer):
    """One account of an exchange. `instruments`: by the venue's ids. `key_header`: the header with
    the key. `countdowns`: the switch, by the name of what it covers."""

    websocket_path = None
    key_header = ""

    def __init__(
        self,
        exchange: ExchangeSimulator,
        account: str,
        instruments: Iterable[SimulatedInstrument],
        *,
        faults: Faults | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(exchange, faults=faults, port=port)
        self.account = account
        self.instruments = {self.symbol_of(one.name): one for one in instruments}
        self.countdowns = Countdowns(lambda name: self.cancel(name or None))
        free_ids_of_ended_orders(exchange)

    # For venues to override.

    @staticmethod
    def symbol_of(instrument: str) -> str:
        """The venue's id of an instrument of ccxt."""
        raise NotImplementedError

    def refused(self, reason: str) -> Denied:
        """The refusal of a request."""
        raise NotImplementedError

    def refuse_key(self) -> web.Response:
        """The answer to a wrong key."""
        raise NotImplementedError

    # For venues to use.

    def cancel(self, instrument: str | None = None) -> int:
        """Cancel all open orders, or those of one instrument."""
        return cancel_everything(self.exchange, self.account, instrument)

    def restart_switch(self, seconds: float) -> datetime | None:
        """Restart the switch of the account. Returns when it fires; 0 switches it off."""
        self.countdowns.start(EVERYTHING, seconds)
        now = self.exchange.clock.now()
        return now + timedelta(seconds=seconds) if seconds else None

    def submitted(self, symbol: str, **terms: Any) -> SimulatedOrder:
        """Take an order. Raises Denied."""
        if symbol not in self.instruments:
            raise self.refused("unknown_instrument")
        terms = {"instrument": self.instruments[symbol].name, **terms}
        return self.done(self.exchange.submit(self.account, **terms))

    def done(self, result: SimulatedOrder | Refusal) -> SimulatedOrder:
        """The order. Raises Denied for a refusal."""
        if isinstance(result, Refusal):
            raise self.refused(result.reason)
        return result

    def named(self, order_id: str | None, client_id: str | None = None) -> SimulatedOrder | None:
        """The order with this id, else with this client id."""
        number = int(order_id) if order_id and order_id.isdigit() else None
        if order_id and number is None:
            return None
        return self.exchange.named(self.account, order_id=number, client_id=client_id)

    def now(self) -> int:
        """The time in milliseconds."""
        return milliseconds(self.exchange.clock.now())

    def public(self, handler: Answering) -> Handler:
        """A handler without a key."""

        async def handle(request: web.Request) -> web.Response:
            return self.answer(await handler(dict(request.query)))

        return handle

    def keyed(self, handler: Answering) -> Handler:
        """A handler that needs the key."""

        async def handle(request: web.Request) -> web.Response:
            if request.headers.get(self.key_header) != KEY:
                return self.refuse_key()
            is_json = request.content_type == "application/json" and request.can_read_body
            body: Any = await request.json() if is_json else dict(await request.post())
            fields = {"orders": body} if isinstance(body, list) else body
            try:
                return self.answer(await handler({**request.query, **fields}))
            except Denied as denied:
                return self.answer(denied.document)

        return handle


def milliseconds(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


def rounded(price: Decimal | None) -> str:
    """An average price as text, empty without one."""
    return "" if price is None else f"{round(price, 8):f}"
