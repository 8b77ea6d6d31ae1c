"""Orders of ours from the request to the end, two accounts on one connection, and whole days of
chance."""

import asyncio
import json
from decimal import Decimal
from random import Random
from typing import Any

import aiohttp
import httpx
import pytest

from orderledger.infrastructure.messages.registry import RequestCancel, RequestReplace, Submit
from orderledger.simulation.market import SimulatedInstrument, step
from orderledger.simulation.servers import Faults
from orderledger.venues.base.venue import Messages, Up
from orderledger.venues.lighter.ids import mint_client_order_index
from orderledger.venues.lighter.translate import from_recorded
from orderledger.venues.lighter.venue import LighterAccount, LighterVenue
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.lighter.rows import ACCOUNT, INDEX, request
from tests.venues.lighter.world import ROOMY, World

OTHER, OTHER_INDEX = "lighter:other", 77


def test_an_order_of_ours_is_requested_sent_changed_and_canceled() -> None:
    async def story() -> None:
        world = World()
        async with world.open():
            await world.up()
            index = mint_client_order_index(BookRecords(world.ledger), ACCOUNT, "C-1")
            world.ledger.record(request("C-1", index, at=world.clock.now()))
            world.ledger.record(
                Submit(account=ACCOUNT, client_order_id="C-1", at=world.clock.now())
            )
            create = {
                "AccountIndex": INDEX,
                "MarketIndex": 0,
                "ClientOrderIndex": index,
                "BaseAmount": 5000,
                "Price": 250000,
            }
            assert (await send(world, 14, create))["code"] == 200
            await world.until(lambda: world.ledger.order("C-1")["status"] == "new")
            assert (await send(world, 14, create))["code"] == 21728

            order = world.ledger.order("C-1")
            replace = RequestReplace(
                account=ACCOUNT,
                client_order_id="C-1",
                quantity=Decimal("0.7"),
                at=world.clock.now(),
            )
            world.ledger.record(replace)
            terms = {
                "AccountIndex": INDEX,
                "Index": int(order["venue_order_id"]),  # type: ignore[arg-type]
                "BaseAmount": 7000,
                "Price": 250000,
            }
            await send(world, 17, terms)
            await world.until(lambda: world.ledger.order("C-1")["pending"] is None)
            assert world.ledger.order("C-1")["quantity"] == Decimal("0.7")

            world.ledger.record(
                RequestCancel(account=ACCOUNT, client_order_id="C-1", at=world.clock.now())
            )
            await send(world, 15, terms)
            await world.until(lambda: world.ledger.order("C-1")["status"] == "canceled")
            assert world.ledger.order("C-1")["anomalies"] == []
            assert world.kinds.count("replaced") == 1

    asyncio.run(story())


def test_an_order_sent_over_the_websocket_is_acknowledged_by_its_row_and_not_by_the_answer() -> (
    None
):
    async def story() -> None:
        world = World()
        async with world.open():
            await world.up()
            order = {
                "AccountIndex": INDEX,
                "MarketIndex": 0,
                "ClientOrderIndex": 5,
                "BaseAmount": 5000,
                "Price": 250000,
            }
            async with (
                aiohttp.ClientSession() as client,
                client.ws_connect(world.fake.websocket_url) as trader,
            ):
                assert (await trader.receive_json())["type"] == "connected"
                await trader.send_json(
                    {
                        "type": "jsonapi/sendtx",
                        "data": {"id": "C-1", "tx_type": 14, "tx_info": order},
                    }
                )
                answer = await trader.receive_json()
            assert (answer["type"], answer["code"], answer["id"]) == ("jsonapi/sendtx", 200, "C-1")
            assert from_recorded(answer, ACCOUNT, INDEX) == []
            await world.until(lambda: world.ledger.orders())
            assert world.kinds.count("acknowledged") == 1

    asyncio.run(story())


async def send(world: World, kind: int, transaction: dict[str, Any]) -> Any:
    async with httpx.AsyncClient(base_url=world.fake.http_url, trust_env=False) as client:
        form = {"tx_type": str(kind), "tx_info": json.dumps(transaction)}
        return (await client.post("/api/v1/sendTx", data=form)).json()


def test_two_accounts_share_a_connection_and_nothing_else() -> None:
    async def story() -> None:
        world = World()
        world.fake.add_account(OTHER, OTHER_INDEX)

        def token() -> str:
            return world.token().replace(f":{INDEX}:", f":{OTHER_INDEX}:")

        async with world.open(listens=False):
            accounts = {
                ACCOUNT: LighterAccount(account_index=INDEX, token=world.token),
                OTHER: LighterAccount(account_index=OTHER_INDEX, token=token),
            }
            venue = LighterVenue(accounts, url=world.fake.http_url, clock=world.clock)
            heard: list[tuple[str, int]] = []
            async for told in venue.listen():
                heard += [(told.account, len(told.messages))] if isinstance(told, Messages) else []
                if isinstance(told, Up) and told.accounts == [OTHER]:
                    world.place("1")
                    world.exchange.place(
                        OTHER,
                        client_id="1",
                        instrument="ETH",
                        side="sell",
                        quantity="1",
                        limit_price="2600",
                    )
                if len(heard) == 2:
                    break
            assert heard == [(ACCOUNT, 1), (OTHER, 1)]
            assert world.fake.connections == 1
            listings = [await venue.open_orders(account) for account in venue.accounts]
            assert [len(listing.messages) for listing in listings] == [1, 1]
            await venue.aclose()

    asyncio.run(story())


INSTRUMENTS = [
    SimulatedInstrument(name="ETH", price=Decimal(2500), tick=Decimal("0.01"), lot=Decimal("0.01")),
    SimulatedInstrument(
        name="BTC", price=Decimal(60000), tick=Decimal("0.1"), lot=Decimal("0.001")
    ),
]


def live(seed: int, steps: int, **fake: Any) -> None:
    """So many things happen, the line is cut now and then, and the ledger holds the simulated
    exchange in the end."""

    async def story() -> None:
        faults = Faults(
            seed,
            drop=0.01,
            repeat=0.05,
            reorder=0.05,
            malformed=0.01,
            server_error=0.1,
            too_many_requests=0.05,
        )
        world = World(faults=faults, allowance=ROOMY, attempts=30, **fake)
        chance = Random(seed)
        async with world.open():
            await world.up()
            for number in range(steps):
                step(
                    world.exchange, chance, [ACCOUNT], INSTRUMENTS, client_id=str, with_new_id=False
                )
                if number % 10 == 0:
                    await asyncio.sleep(0.001)
            faults.heal()
            world.fake.cut_all()
            downs = world.kinds.count("Down")
            await world.until(lambda: world.kinds.count("Up") > downs)
            await world.reconcile()
            assert set(await world.reconcile()) <= {"duplicate"}
            world.assert_true()
            assert world.ledger.views.check().differences == ()

    asyncio.run(story())


@pytest.mark.slow
@pytest.mark.parametrize("is_coarse", [False, True])
def test_a_day_of_chance_ends_in_the_truth(is_coarse: bool) -> None:
    """Also where REST tells the time in whole seconds, in each of which hundreds of things
    happen."""
    live(seed=7, steps=150, is_coarse=is_coarse)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_many_days_of_chance_end_in_the_truth(seed: int) -> None:
    live(seed=seed, steps=600)
