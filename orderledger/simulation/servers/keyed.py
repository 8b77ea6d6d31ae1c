"""`KeyedServer`: a simulated spot venue whose key names the account, and what such venues have in
common."""

import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from aiohttp import web

from orderledger import Side
from orderledger.extend.values import EXACT, ZERO, Clock
from orderledger.simulation.market import (
    HAPPENINGS,
    ExchangeSimulator,
    FeeSchedule,
    Reason,
    Refusal,
    SimulatedInstrument,
    SimulatedOrder,
)
from orderledger.simulation.market.checks import ClientIds
from orderledger.simulation.market.wallet import wallet_of
from orderledger.simulation.servers.faults import Faults
from orderledger.simulation.servers.server import Handler, VenueServer
from orderledger.simulation.servers.simulated import TOKEN_VARIABLE, SimulatedVenue
from orderledger.venues.base.symbols import SymbolTable

Answered = Callable[[web.Request], Awaitable[web.Response]]
Row = TypeVar("Row")

SPOT_HAPPENINGS = {
    name: often
    for name, often in HAPPENINGS.items()
    if name not in ("modify", "liquidate", "fund", "expire")
}
"""Events of a spot venue that cannot change an order."""
FEES = FeeSchedule(maker=Decimal("0.002"), taker=Decimal("0.0025"), is_of_received=True)
DEPOSIT = Decimal(10) ** 15
"""The account's balance of every currency before it trades."""


class KeyedServer(VenueServer):
    """One account, `account`, of the exchange; its instruments are `BASE/QUOTE`. `limits`: requests
    a minute, by path.

    A subclass checks the key in `is_known`, and says in `refuse_key` and `refuse_more` how the
    venue refuses.
    """

    websocket_path = None
    first_order_id = 1
    first_fill_id = 1
    happenings = SPOT_HAPPENINGS
    client_ids: ClientIds = "any"
    """Whether a client id may come again."""
    most_on_page = 25
    """Rows of a page, whatever was asked for."""

    def __init__(
        self,
        exchange: ExchangeSimulator,
        *,
        account: str,
        key: str = "key-of-the-fake",
        instruments: Sequence[SimulatedInstrument] = (),
        faults: Faults | None = None,
        port: int = 0,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(exchange, faults=faults, port=port)
        self.account = account
        self.key = key
        exchange.rules.client_ids = self.client_ids
        self.instruments = tuple(instruments)
        self._limits = dict(limits or {})
        self._came: dict[str, deque[float]] = {}

    def entered(
        self, base: str, quote: str, markets: SymbolTable, **terms: Any
    ) -> SimulatedOrder | Refusal:
        """Take an order, of the venue's codes of its instrument."""
        try:
            return self.exchange.submit(
                self.account, instrument=markets.instrument(markets.symbol_of(base, quote)), **terms
            )
        except (ValueError, TypeError):
            return Refusal(reason=Reason.INCORRECT_QUANTITY)

    def is_known(self, request: web.Request) -> bool:
        """Whether the request has the key."""
        raise NotImplementedError

    def refuse_key(self) -> web.Response:
        """The answer to a wrong key."""
        raise NotImplementedError

    def refuse_more(self, seconds: int) -> web.Response:
        """The answer to a request too many."""
        raise NotImplementedError

    def keyed(self, handler: Answered) -> Handler:
        """Behind the key and the limits."""
        limited = self.limited(handler)

        async def behind(request: web.Request) -> web.StreamResponse:
            return await limited(request) if self.is_known(request) else self.refuse_key()

        return behind

    def limited(self, handler: Answered) -> Handler:
        """Behind the limits alone: for what is public."""

        async def behind(request: web.Request) -> web.StreamResponse:
            if self._is_too_many(request.path):
                return self.refuse_more(60)
            return await handler(request)

        return behind

    def page(self, rows: Sequence[Row], number: object, size: object) -> tuple[list[Row], bool]:
        """The rows of one page, and whether there is another."""
        first = (max(_count(number, 1), 1) - 1) * (
            most := min(max(_count(size, 30), 1), self.most_on_page)
        )
        return list(rows[first : first + most]), first + most < len(rows)

    def levels(self, instrument: str, side: Side) -> list[tuple[Decimal, Decimal]]:
        """The prices of one side of an order book with their quantities, the best first."""
        found: dict[Decimal, Decimal] = {}
        for order in self.exchange.book(instrument).resting(side):
            price = order.limit_price or ZERO
            found[price] = EXACT.add(found.get(price, ZERO), order.unfilled)
        return list(found.items())

    def own_orders(self, *, is_open: bool = False) -> list[SimulatedOrder]:
        """The account's orders, newest first."""
        return self.listed(
            (self.exchange.open_orders if is_open else self.exchange.orders)(self.account)
        )[::-1]

    def held(self) -> dict[str, Decimal]:
        """The account's balance of each currency."""
        held = {
            currency: DEPOSIT for traded in self.instruments for currency in traded.name.split("/")
        }
        wallet = wallet_of(self.exchange, self.account, self.exchange.currency)
        for currency, amount in wallet.items():
            held[currency] = EXACT.add(DEPOSIT, amount)
        return held

    def _is_too_many(self, path: str) -> bool:
        """Whether the limit of a path was reached within the last minute. A request that is refused
        does not count."""
        limit = next((most for begin, most in self._limits.items() if path.startswith(begin)), None)
        now, came = time.monotonic(), self._came.setdefault(path, deque())
        while came and came[0] <= now - 60:
            came.popleft()
        if limit is not None and len(came) >= limit:
            return True
        came.append(now)
        return False


def keyed(
    make: type[KeyedServer],
    account: str,
    instruments: Sequence[SimulatedInstrument],
    faults: Faults,
    clock: Clock,
) -> SimulatedVenue:
    """A simulated venue for dry runs, with one account."""
    exchange = ExchangeSimulator(
        clock=clock,
        accounts=[account],
        first_order_id=make.first_order_id,
        first_fill_id=make.first_fill_id,
        fees=FEES,
        instruments=instruments,
    )
    server = make(exchange, account=account, instruments=instruments, faults=faults)
    return SimulatedVenue(
        server=server,
        account=account,
        section=f'account = "{account}"\npoll_seconds = 5\ntoken = {{ env = "{TOKEN_VARIABLE}" }}',
        token=server.key,
        instruments=instruments,
        happenings=make.happenings,
        client_id=lambda number: f"app_{number}",
    )


def _count(value: Any, default: int) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else default
