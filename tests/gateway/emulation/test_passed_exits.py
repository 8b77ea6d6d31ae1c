"""Exits that the venue refuses because the market has passed their trigger price: the price counts
as reached.

So do Binance (USD-M, error code -2021), Bybit (110092, 110093) and OKX (51277 to 51280)."""

import asyncio
import dataclasses
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from orderledger import Ledger, OrderType, Rejected, parse_document
from orderledger.extend.views import Row
from orderledger.simulation.local import LocalVenue
from orderledger.simulation.local.order_entry import LocalOrderEntry
from orderledger.venues.base.order_entry import Sent
from tests.gateway.desk import ACCOUNT, buy, hear, in_a_loop, sell, trading, venue_of
from tests.gateway.emulation.test_brackets import held, listen, trade, works
from tests.gateway.emulation.test_brakes import halt, position, rests, resume

pytestmark = pytest.mark.slow

STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)


class PassedEntry(LocalOrderEntry):
    """A venue with stop orders of its own, in a market that has passed each of them."""

    def __init__(self, venue: LocalVenue) -> None:
        super().__init__(venue)
        types = self.abilities.order_types | {*STOPS}
        self.abilities = dataclasses.replace(self.abilities, order_types=types)

    async def submit(self, order: Row) -> Sent:
        if order["order_type"] not in STOPS:
            return await super().submit(order)
        await asyncio.sleep(0)
        name = str(order["client_order_id"])
        return [
            Rejected(
                account=ACCOUNT, client_order_id=name, at=self.venue.now, reason="would_trigger"
            )
        ]


class HaltingEntry(PassedEntry):
    """The same, where a halt comes with the refusal."""

    def __init__(self, ledger: Ledger, mode: str, venue: LocalVenue) -> None:
        super().__init__(venue)
        self._ledger, self._mode = ledger, mode

    async def submit(self, order: Row) -> Sent:
        answer = await super().submit(order)
        if order["order_type"] in STOPS:
            halt(self._ledger, self.venue, self._mode)
        return answer


def bracket(**more: Any) -> dict[str, Any]:
    return {
        "entry": buy("E", quantity="5", price="64000"),
        "take_profit": "66000",
        "stop_loss": "62000",
        **more,
    }


async def submit(gateway: Any, **terms: Any) -> None:
    asked = bracket(**terms)
    await gateway.submit_bracket(asked.pop("entry"), **asked)


async def passes(ledger: Ledger, venue: LocalVenue, seconds: float = 3.0) -> None:
    for _ in range(int(seconds / 0.05)):
        listen(ledger, venue)
        await asyncio.sleep(0.05)


async def sold(ledger: Ledger, venue: LocalVenue, seconds: float = 0.02) -> None:
    """Until the position is closed and nothing works; and some time more. `seconds`: of the venue
    in each step."""
    async with asyncio.timeout(60):
        while not filled(ledger) or position(ledger) or works(venue):
            venue_time = venue.now + timedelta(seconds=seconds)
            ledger.record_many(map(parse_document, venue.advance(venue_time)))
            await asyncio.sleep(0.02)
    await passes(ledger, venue, 0.5)


def filled(ledger: Ledger) -> dict[str, str]:
    ledger.views.catch_up()
    return {
        str(row["client_order_id"]): format(row["cum_quantity"].normalize(), "f")
        for row in ledger.orders()
        if row["cum_quantity"]
    }


@in_a_loop
async def test_the_position_is_sold_at_once(ledger: Ledger) -> None:
    venue = venue_of()
    rests(venue, "buy", "9", "61000")
    async with trading(ledger, venue, entry_of=PassedEntry) as gateway:
        await submit(gateway)
        trade(venue, "sell", "5", "64000")
        await sold(ledger, venue)
        assert filled(ledger) == {"E": "5", "E-sl.1": "5"}
        assert ledger.order("E-sl")["reason"] == "would_trigger"
        assert held(gateway) == {}


@in_a_loop
async def test_never_more_is_sold_than_the_entry_fills(ledger: Ledger) -> None:
    """The entry fills in parts. What is sold meets its rest: the venue ends that."""
    venue = venue_of()
    rests(venue, "buy", "9", "61000")
    async with trading(ledger, venue, entry_of=PassedEntry) as gateway:
        await submit(gateway)
        for quantity in ("2", "1", "2"):
            trade(venue, "sell", quantity, "64000")
            await passes(ledger, venue, 0.3)
        await sold(ledger, venue)
        found = {name: Decimal(quantity) for name, quantity in filled(ledger).items()}
        assert found.pop("E") == sum(found.values()) >= 2


@in_a_loop
async def test_what_the_take_profit_has_sold_is_not_sold_again(ledger: Ledger) -> None:
    """Somebody buys the take-profit while it is being canceled."""
    venue = venue_of()
    rests(venue, "buy", "9", "61000")

    class BoughtEntry(PassedEntry):
        async def cancel(self, order: Row, request_id: str) -> Sent:
            trade(self.venue, "buy", "2", "66000")
            return await super().cancel(order, request_id)

    async with trading(ledger, venue, entry_of=BoughtEntry) as gateway:
        await submit(gateway)
        trade(venue, "sell", "5", "64000")
        await sold(ledger, venue)
        found = filled(ledger)
        assert found.pop("E") == "5" and found.pop("E-tp") == "2"
        assert sum(map(Decimal, found.values())) == 3, found


@pytest.mark.parametrize("mode", ["stop", "reduce"])
@in_a_loop
async def test_a_halt_holds_the_order_back_and_leaves_the_take_profit(
    ledger: Ledger, mode: str
) -> None:
    """The halt comes with the refusal."""
    venue = venue_of()
    rests(venue, "buy", "9", "61000")

    async with trading(ledger, venue, entry_of=partial(HaltingEntry, ledger, mode)) as gateway:
        await submit(gateway, reduce_only=False)
        trade(venue, "sell", "5", "64000")
        await passes(ledger, venue, 2.5)
        ledger.views.catch_up()
        if mode == "stop":
            assert works(venue) == {"E-tp": "5"}
            assert len(ledger.orders()) == 3
        resume(ledger, venue)
        await sold(ledger, venue)
        assert filled(ledger) == {"E": "5", "E-sl.1": "5"}


@in_a_loop
async def test_the_next_gateway_sells_what_the_last_one_left(ledger: Ledger) -> None:
    """The first gateway ends before its order leaves."""
    venue = venue_of()
    rests(venue, "buy", "9", "61000")

    class DyingEntry(PassedEntry):
        async def submit(self, order: Row) -> Sent:
            if order["order_type"] == OrderType.MARKET:
                await asyncio.sleep(60)
            return await super().submit(order)

    async with trading(ledger, venue, entry_of=DyingEntry, name="first") as gateway:
        await submit(gateway)
        trade(venue, "sell", "5", "64000")
        await passes(ledger, venue, 2.0)
        assert ledger.order("E-sl")["status"] == "rejected"
    async with trading(ledger, venue, entry_of=PassedEntry, name="second"):
        await sold(ledger, venue, 0.5)
        assert filled(ledger)["E"] == "5"


@in_a_loop
async def test_a_stop_that_was_refused_in_a_halt_is_sold_by_the_next_gateway(
    ledger: Ledger,
) -> None:
    """Nothing of the bracket is open when the next gateway begins: it has no take-profit."""
    venue = venue_of()
    rests(venue, "buy", "9", "61000")

    halting = partial(HaltingEntry, ledger, "stop")
    async with trading(ledger, venue, entry_of=halting, name="first") as gateway:
        await submit(gateway, take_profit=None)
        trade(venue, "sell", "5", "64000")
        await passes(ledger, venue, 1.0)
    assert not ledger.open_orders() and position(ledger) == 5
    resume(ledger, venue)
    async with trading(ledger, venue, entry_of=PassedEntry, name="second"):
        await sold(ledger, venue)
    assert filled(ledger) == {"E": "5", "E-sl.1": "5"}


@in_a_loop
async def test_what_a_passed_stop_sends_has_three_attempts(ledger: Ledger) -> None:
    """The refusal of the stop is none of them."""
    venue = venue_of()
    sent: list[str] = []

    class PoorEntry(PassedEntry):
        async def submit(self, order: Row) -> Sent:
            name = str(order["client_order_id"])
            if order["order_type"] != OrderType.MARKET:
                return await super().submit(order)
            sent.append(name)
            return [
                Rejected(account=ACCOUNT, client_order_id=name, at=self.venue.now, reason="poor")
            ]

    async with trading(ledger, venue, entry_of=PoorEntry) as gateway:
        await submit(gateway, take_profit=None)
        trade(venue, "sell", "5", "64000")
        async with asyncio.timeout(60):
            while len(sent) < 3:
                hear(ledger, venue)
                await asyncio.sleep(0.05)
        for _ in range(20):
            hear(ledger, venue)
            await asyncio.sleep(0.05)
        assert sent == ["E-sl.1", "E-sl.2", "E-sl.3"]


@in_a_loop
async def test_a_short_position_is_bought_back(ledger: Ledger) -> None:
    venue = venue_of()
    rests(venue, "sell", "9", "67000")
    async with trading(ledger, venue, entry_of=PassedEntry) as gateway:
        await submit(
            gateway,
            entry=sell("E", quantity="5", price="64000"),
            take_profit="62000",
            stop_loss="66000",
        )
        trade(venue, "buy", "5", "64000")
        await sold(ledger, venue)
        assert filled(ledger) == {"E": "5", "E-sl.1": "5"}
