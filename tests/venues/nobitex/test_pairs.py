"""OCO pairs that Nobitex holds: two orders of the ledger, though the venue has one client id for
both."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Gateway, Request
from orderledger.gateway import GatewaySettings
from orderledger.simulation.servers.faults import AnswerFault
from orderledger.testing import VenueHarness
from orderledger.testing.rules_of_sending import until
from orderledger.venues import NotSent
from orderledger.venues.nobitex.adapter import NOBITEX
from orderledger.venues.polled.keyed_entry import KeyedOrderEntry
from orderledger.venues.polled.pairs import pair_fields
from tests.venues.harness import venue_named

NAMES = ("T-1", "S-1")


class Desk:
    """A gateway that sends pairs to a simulated Nobitex. `hear` records what the venue lists."""

    def __init__(self, harness: VenueHarness, gateway: Gateway) -> None:
        self.harness, self.gateway, self.ledger = harness, gateway, harness.ledger
        self.exchange, self.account = harness.exchange, harness.account
        self.instrument = harness.under_test.instruments[0]

    def request(self, name: str, price: int, **terms: Any) -> Request:
        """An order that sells. `price`: in thousandths of the usual price."""
        one = self.instrument
        usual = {"side": "sell", "quantity": 10 * one.lot, "order_type": "limit"}
        usual |= {"limit_price": self.priced(price), "instrument": one.name}
        return Request(account=self.account, client_order_id=name, **{**usual, **terms})

    def priced(self, thousandths: int) -> Decimal:
        price = Decimal(self.instrument.price) * thousandths / 1000
        return price // self.instrument.tick * self.instrument.tick

    def pair(self) -> tuple[Request, Request]:
        stop = {"order_type": "stop_limit", "stop_price": self.priced(910)}
        return self.request("T-1", 1100), self.request("S-1", 900, **stop)

    async def send(self) -> list[str]:
        return [one.state for one in await self.gateway.submit_oco(*self.pair())]

    async def hear(self) -> None:
        since = self.harness.clock.now() - timedelta(hours=1)
        fills = await self.harness.venue.fills_since(self.account, since)
        listing = await self.harness.venue.open_orders(self.account)
        self.ledger.record_many([*fills.messages, *listing.messages])

    def there(self) -> list[Any]:
        return list(self.exchange.orders(self.harness.there))

    def state(self) -> list[str]:
        return [self.ledger.order(name)["status"] for name in NAMES]

    def ids(self) -> list[str | None]:
        return [self.ledger.order(name)["venue_order_id"] for name in NAMES]

    def is_bound(self) -> bool:
        return self.ids() == [str(one.order_id) for one in self.there()]


@asynccontextmanager
async def desk_with(**options: Any) -> AsyncIterator[Desk]:
    async with VenueHarness(venue_named("nobitex")).served() as harness:
        entry = KeyedOrderEntry(
            NOBITEX,
            harness.account,
            token=harness.server.key,  # type: ignore[attr-defined]
            url=harness.server.http_url,
            now=harness.clock.now,
            timeout=5,
            **{"native_groups": True, **options},
        )
        settings = GatewaySettings.model_validate({"lease_seconds": 2.0})
        entries, venues = {harness.account: entry}, {harness.account: harness.venue}
        try:
            async with Gateway(
                harness.ledger, entries, limits=settings, venues=venues, clock=harness.clock
            ) as gateway:
                yield Desk(harness, gateway)
        finally:
            await entry.aclose()


def played(story: Callable[[Desk], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with desk_with() as desk:
            await story(desk)

    asyncio.run(whole())


def test_a_pair_is_one_request_and_the_answer_names_both_orders() -> None:
    async def story(desk: Desk) -> None:
        assert await desk.send() == ["acknowledged"] * 2
        first, second = desk.there()
        assert desk.is_bound()
        assert (first.client_id, second.client_id) == ("T-1", None)
        assert [desk.ledger.order(name)["aliases"] for name in NAMES] == [
            {"nobitex.clientOrderId": "T-1"},
            {"nobitex.clientOrderId": "T-1#1"},
        ]
        stop = desk.pair()[1]
        assert (second.limit_price, second.stop_price) == (stop.limit_price, stop.stop_price)
        assert desk.harness.server.requests["/market/orders/add"] == 1

    played(story)


def test_a_fill_of_one_order_ends_the_other_there_and_here() -> None:
    async def story(desk: Desk) -> None:
        await desk.send()
        first, _ = desk.there()
        desk.exchange.fill(first, price=first.limit_price)
        await desk.hear()
        assert desk.state() == ["filled", "canceled"]
        assert desk.ledger.anomalies() == []

    played(story)


@pytest.mark.parametrize("name", NAMES)
def test_a_cancel_of_either_order_ends_both(name: str) -> None:
    async def story(desk: Desk) -> None:
        await desk.send()
        await desk.gateway.cancel(name)
        await desk.hear()
        assert desk.state() == ["canceled", "canceled"]

    played(story)


@pytest.mark.parametrize("fault", ["lose_answer", "malformed"])
@pytest.mark.parametrize("is_over", [True, False])
def test_a_pair_without_an_answer_is_found_by_its_first_order(
    fault: AnswerFault, is_over: bool
) -> None:
    async def story(desk: Desk) -> None:
        desk.harness.faults.plan_answers(fault)
        assert await desk.send() == ["unresolved"] * 2
        if is_over:
            first, _ = desk.there()
            desk.exchange.fill(first, price=first.limit_price)
        await until(desk.is_bound)
        await until(lambda: {row["certainty"] for row in desk.ledger.orders()} == {"confirmed"})
        assert len(desk.there()) == len(desk.ledger.orders()) == 2

    played(story)


def test_a_listing_names_the_second_order_by_the_first() -> None:
    async def story(desk: Desk) -> None:
        await desk.send()
        rows = [desk.harness.server.row(one) for one in desk.there()]  # type: ignore[attr-defined]
        messages = desk.harness.venue.translate_orders(desk.account, rows).messages  # type: ignore[attr-defined]
        assert [one.aliases for one in messages] == [
            {"nobitex.clientOrderId": "T-1"},
            {"nobitex.clientOrderId": "T-1#1"},
        ]
        assert messages[1].evidence["clientOrderId"] is None

    played(story)


def test_a_refused_pair_rejects_both() -> None:
    async def story(desk: Desk) -> None:
        take_profit, stop = desk.pair()
        wrong = stop.model_copy(update={"stop_price": desk.priced(1200)})
        sent = await desk.gateway.submit_oco(take_profit, wrong)
        assert [(one.state, one.reason) for one in sent] == [("rejected", "incorrect_price")] * 2
        assert [one for one in desk.there() if not one.status.is_ended] == []

    played(story)


def test_another_group_is_denied_and_not_emulated() -> None:
    async def story(desk: Desk) -> None:
        both = desk.request("T-1", 1100), desk.request("S-1", 1200)
        sent = await desk.gateway.submit_oco(*both)
        assert [one.reason for one in sent] == ["unsupported_group"] * 2
        assert (desk.there(), desk.gateway.held()) == ([], [])

    played(story)


def test_a_request_that_would_not_state_the_second_order_is_not_sent() -> None:
    assert NOBITEX.oco is not None
    terms: dict[str, str] = {term: name for name, term in NOBITEX.place.terms.items()}
    first = {"amount": "1", "price": "5", "clientOrderId": "T-1", "execution": "limit"}
    second = {"amount": "2", "price": "3", "stopPrice": "4", "execution": "stop_limit"}
    with pytest.raises(NotSent, match="amount"):
        pair_fields(NOBITEX.oco, first, second, terms)
