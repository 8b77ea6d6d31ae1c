"""An account at a venue that takes orders: its simulated server, its order entry, and a ledger that
records before it sends."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from orderledger import Ledger, Message, Request, RequestCancel, RequestReplace, Submit
from orderledger.extend.values import SystemClock
from orderledger.rows import OrderRow
from orderledger.simulation.market import ExchangeSimulator, SimulatedOrder
from orderledger.simulation.servers import Faults
from orderledger.simulation.servers.server import VenueServer
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.venue import Records, Venue

SECRET = "0x" + "5e" * 32
"""A key or a token that may be seen nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryUnderTest:
    """A venue. `there`: the account's name in the simulated exchange. `refuse` makes the venue
    refuse the next order, with our word `refusal`. `query` makes the adapter that queries the
    venue. `accepts_with`: the order's status after the answer."""

    name: str
    there: str
    instrument: str
    quantity: str
    price: str
    better_price: str
    serve: Callable[[ExchangeSimulator, Faults], VenueServer]
    connect: Callable[[VenueServer, str], OrderEntry]
    refuse: Callable[["EntryHarness"], None]
    refusal: str
    query: Callable[[VenueServer, str, Records], Venue]
    first_order_id: int = 1
    accepts_with: str = "new"
    cancel_of_filled: tuple[str, ...] = ("cancel_rejected",)
    answers_replace: bool = False
    secret: str = SECRET


class EntryHarness:
    """`account` is the ledger's name of the account."""

    def __init__(self, under_test: EntryUnderTest) -> None:
        self.under_test, self.account, self.faults = under_test, f"{under_test.name}:main", Faults()
        self.exchange = ExchangeSimulator(
            clock=SystemClock(),
            accounts=[under_test.there],
            first_order_id=under_test.first_order_id,
            currency="USD",
        )
        self.server = under_test.serve(self.exchange, self.faults)
        self.ledger = Ledger.open("memory://", update_views=False)
        self._before: set[int] = set()
        self.entry: OrderEntry

    @asynccontextmanager
    async def served(self) -> AsyncIterator["EntryHarness"]:
        async with self.server:
            self.entry = self.under_test.connect(self.server, self.account)
            try:
                yield self
            finally:
                await self.entry.aclose()
                self.ledger.close()

    def order(self, name: str = "C-1", **terms: Any) -> OrderRow:
        """An order that was recorded with its aliases, and is about to be sent."""
        usual = {
            "side": "buy",
            "quantity": self.under_test.quantity,
            "order_type": "limit",
            "limit_price": self.under_test.price,
        }
        request = Request(
            account=self.account,
            client_order_id=name,
            instrument=self.under_test.instrument,
            **{**usual, **terms},
        )
        row = {"tags": {}, "venue_order_id": None, "aliases": {}, **request.model_dump()}
        aliases = dict(self.entry.prepare(row))
        self.record(
            [
                request.model_copy(update={"aliases": aliases}),
                Submit(account=self.account, client_order_id=name),
            ]
        )
        return self.ledger.order(name)

    def record(self, messages: Iterable[Message]) -> list[str]:
        """The outcomes of messages."""
        return [self.ledger.record(message).outcome for message in messages]

    async def submit(self, name: str = "C-1", **terms: Any) -> OrderRow:
        """Send an order, record the answer, and return the order's row."""
        self.record(await self.entry.submit(self.order(name, **terms)))
        return self.ledger.order(name)

    async def cancel(self, name: str = "C-1") -> list[str]:
        """Request a cancel, record the answer, and return the types of its messages."""
        request = RequestCancel(
            account=self.account, client_order_id=name, request_id=f"{name}-cancel"
        )
        self.record([request])
        answer = await self.entry.cancel(dict(self.ledger.order(name)), f"{name}-cancel")
        self.record(answer)
        return [message.__dict__["type"] for message in answer]

    async def replace(self, name: str = "C-1", **changes: Any) -> list[str]:
        """Request a change, record the answer, and return the types of its messages."""
        request = RequestReplace(
            account=self.account, client_order_id=name, request_id=f"{name}-replace", **changes
        )
        self.record([request])
        given = {
            **dict.fromkeys(("quantity", "limit_price", "stop_price")),
            **request.model_dump(exclude_none=True),
        }
        answer = await self.entry.replace(dict(self.ledger.order(name)), given)
        self.record(answer)
        return [message.__dict__["type"] for message in answer]

    async def warm_up(self, name: str = "C-0") -> None:
        """Send an order and forget it, so that an entry has asked what it asks once: the next
        request is the next order."""
        self.server.answers_instead = None
        await self.submit(name)
        for order in self.working():
            self.exchange.cancel(order)
        self._before = {order.order_id for order in self.exchange.orders(self.under_test.there)}

    def at_venue(self) -> list[SimulatedOrder]:
        """All orders that the venue has taken since the warm-up: the judge of what was sent."""
        return [
            order
            for order in self.exchange.orders(self.under_test.there)
            if order.order_id not in self._before
        ]

    def working(self) -> list[SimulatedOrder]:
        return self.exchange.open_orders(self.under_test.there)

    def the_order(self) -> SimulatedOrder:
        (only,) = [order for order in self.at_venue() if order.replaced_by is None]
        return only
