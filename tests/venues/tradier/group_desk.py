"""A gateway that sends groups to a simulated Tradier, and a collector that records its reports."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from orderledger import Gateway, Request
from orderledger.gateway import GatewaySettings
from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.market import SimulatedOrder
from orderledger.simulation.tradier.server import TradierServer
from orderledger.venues.tradier.order_entry import TradierOrderEntry
from tests.venues.tradier.harness import Harness, a_harness, adapter
from tests.venues.tradier.payloads import ACCOUNT, NUMBER

PLACED = f"POST /v1/accounts/{NUMBER}/orders"


class GroupDesk:
    """`harness` records what the venue reports. `gateway` sends."""

    def __init__(self, harness: Harness, gateway: Gateway) -> None:
        self.harness = harness
        self.gateway = gateway
        self.fake = harness.fake
        self.ledger = harness.ledger

    @property
    def posted(self) -> int:
        """The number of requests that placed an order or a group."""
        return self.fake.requests[PLACED]

    def legs(self) -> list[SimulatedOrder]:
        """The orders of the only group at the venue."""
        (parent,) = [one for one in self.fake.exchange.orders(NUMBER) if one.parent_id is None]
        return self.fake.exchange.children(parent.order_id)

    def state(self, *names: str) -> list[tuple[str, str]]:
        """Status and filled quantity of each order."""
        return [
            (row["status"], str(row["cum_quantity"]))
            for row in (self.ledger.order(name) for name in names)
        ]

    def ids(self, *names: str) -> list[str | None]:
        return [self.ledger.order(name)["venue_order_id"] for name in names]

    async def until_bound(self, *names: str) -> None:
        """Wait until the ledger has the venue's id of each order, and check them."""
        await self.harness.until(lambda: None not in self.ids(*names))
        assert self.ids(*names) == [str(leg.order_id) for leg in self.legs()]

    def odd(self) -> list[str]:
        return [row["code"] for row in self.ledger.anomalies()]


def entry_of(fake: TradierServer, **options: Any) -> TradierOrderEntry:
    return TradierOrderEntry(
        account=ACCOUNT,
        number=NUMBER,
        token=fake.token,
        url=fake.url,
        now=SystemClock().now,
        timeout=5,
        **{"native_groups": True, **options},
    )


@asynccontextmanager
async def group_desk(
    limits: Mapping[str, Any] | None = None,
    *,
    is_collecting: bool = True,
    is_streaming: bool = False,
    **options: Any,
) -> AsyncIterator[GroupDesk]:
    """`is_streaming`: by the stream, with slow polls. `options`: of the order entry."""
    feeds: dict[str, Any] = {"stream_url": None}
    if is_streaming:
        feeds = {"poll_seconds": 1000.0, "idle_seconds": 1000.0}
    async with a_harness(**feeds) as harness:
        settings = GatewaySettings.model_validate({"lease_seconds": 2.0, **(limits or {})})
        entry, venue = entry_of(harness.fake, **options), adapter(harness.fake, harness.book)
        gateway = Gateway(
            harness.ledger, {ACCOUNT: entry}, limits=settings, venues={ACCOUNT: venue}
        )
        try:
            async with gateway:
                desk = GroupDesk(harness, gateway)
                if not is_collecting:
                    yield desk
                    return
                async with harness.listening():
                    yield desk
        finally:
            await entry.aclose()
            await venue.aclose()


def request(name: str, **terms: Any) -> Request:
    usual = {
        "instrument": "SPY",
        "side": "buy",
        "quantity": "10",
        "order_type": "limit",
        "limit_price": "500",
    }
    return Request(account=ACCOUNT, client_order_id=name, **{**usual, **terms})


def exits() -> tuple[Request, Request]:
    """Two orders of which one cancels the other."""
    stop = {"order_type": "stop", "limit_price": None, "stop_price": "490"}
    return request("T-1", side="sell", limit_price="510"), request("S-1", side="sell", **stop)
