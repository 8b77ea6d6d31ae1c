"""The made-up Tradier speaks as the real one does: tokens, forms, shapes, filters, limits,
sessions."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.market import ExchangeSimulator
from orderledger.simulation.tradier.server import TradierServer
from tests.venues.tradier.payloads import BUY_PUT, NUMBER, SELL_PUT

ORDERS = f"/accounts/{NUMBER}/orders"
LIMIT = {
    "class": "equity",
    "symbol": "SPY",
    "side": "buy",
    "quantity": "10",
    "type": "limit",
    "duration": "day",
    "price": "500",
}


@asynccontextmanager
async def a_client(
    token: str | None = None, **options: Any
) -> AsyncIterator[tuple[TradierServer, httpx.AsyncClient]]:
    exchange = ExchangeSimulator(clock=SystemClock(), accounts=[NUMBER], first_order_id=900101)
    async with TradierServer(exchange, **options) as fake:
        headers = {"Authorization": f"Bearer {token or fake.token}", "Accept": "application/json"}
        async with httpx.AsyncClient(base_url=fake.url, headers=headers, trust_env=False) as client:
            yield fake, client


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


async def listed(client: httpx.AsyncClient, **asked: Any) -> Any:
    return (await client.get(ORDERS, params={"includeTags": "true", **asked})).json()["orders"]


async def settled() -> None:
    """What was received has been decided about."""
    await asyncio.sleep(0.02)


def test_without_the_token_nothing_is_told_and_without_asking_for_json_it_is_xml() -> None:
    async def story() -> None:
        async with a_client(token="wrong") as (_, client):
            answer = await client.get(ORDERS)
            assert (answer.status_code, answer.json()["fault"]["faultstring"]) == (
                401,
                "Invalid Access Token",
            )
        async with a_client() as (_, client):
            assert (await client.get(ORDERS, headers={"Accept": "*/*"})).text.startswith("<")
            assert (await client.get("/accounts/VA999999/orders")).status_code == 404

    run(story())


def test_none_one_and_several_orders_have_three_shapes() -> None:
    async def story() -> None:
        async with a_client() as (_, client):
            assert await listed(client) == "null"
            await client.post(ORDERS, data={**LIMIT, "tag": "C-1"})
            assert (await listed(client))["order"]["tag"] == "C-1"
            await client.post(ORDERS, data=LIMIT)
            assert [row["id"] for row in (await listed(client))["order"]] == [900101, 900102]
            assert "tag" not in (await client.get(ORDERS)).json()["orders"]["order"][0]

    run(story())


def test_numbers_are_floats_and_times_end_in_z() -> None:
    async def story() -> None:
        async with a_client() as (fake, client):
            order = fake.exchange.place(
                NUMBER, instrument="SPY", side="buy", quantity="10", limit_price="500.25"
            )
            fake.exchange.fill(order, "4", price="500.2")
            text = (await client.get(f"{ORDERS}/900101")).text
            for written in (
                '"quantity":10.0',
                '"exec_quantity":4.0',
                '"avg_fill_price":500.2',
                '"remaining_quantity":6.0',
            ):
                assert written in text
            assert json.loads(text)["order"]["create_date"].endswith("Z")
            assert json.loads(text)["order"]["status"] == "partially_filled"

    run(story())


def test_an_order_is_received_first_and_works_moments_later() -> None:
    async def story() -> None:
        async with a_client(decide_seconds=0.2) as (_, client):
            answer = await client.post(ORDERS, data=LIMIT)
            assert answer.json()["order"] == {"id": 900101, "status": "ok", "partner_id": "fake"}
            status = (await listed(client))["order"]["status"]
            assert status == "pending"
            while status == "pending":
                status = (await listed(client))["order"]["status"]
            assert status == "open"

    run(story())


def test_a_form_with_faults_is_answered_by_a_text_or_a_list() -> None:
    async def story() -> None:
        async with a_client() as (fake, client):
            one = await client.post(ORDERS, data={**LIMIT, "tag": "under_score"})
            assert (one.status_code, one.json()) == (
                400,
                {"errors": {"error": "tag may contain letters, numbers and '-' only"}},
            )
            several = await client.post(ORDERS, data={"class": "multileg"})
            assert several.json() == {
                "errors": {"error": ["side[0] is required", "quantity[0] is required"]}
            }
            for broken in (
                {"class": "bond"},
                {"side": "long"},
                {"quantity": "0"},
                {"type": "iceberg"},
                {"symbol": ""},
            ):
                assert (await client.post(ORDERS, data={**LIMIT, **broken})).status_code == 400
            assert fake.exchange.orders(NUMBER) == []

    run(story())


def test_a_trial_has_no_id_and_is_no_order() -> None:
    async def story() -> None:
        async with a_client() as (fake, client):
            answer = (await client.post(ORDERS, data={**LIMIT, "preview": "true"})).json()["order"]
            assert "id" not in answer and answer["status"] == "ok"
            assert fake.exchange.orders(NUMBER) == []

    run(story())


def test_an_order_is_changed_and_canceled_and_then_neither() -> None:
    async def story() -> None:
        async with a_client() as (_, client):
            await client.post(ORDERS, data=LIMIT)
            await settled()
            assert (await client.put(f"{ORDERS}/900101", data={"price": "501"})).json() == {
                "order": {"id": 900101, "status": "ok"}
            }
            assert (await client.put(f"{ORDERS}/900101", data={"quantity": "5"})).status_code == 400
            assert (await listed(client))["order"]["price"] == 501
            assert (await client.delete(f"{ORDERS}/900101")).json()["order"]["status"] == "ok"
            await settled()
            assert (await listed(client))["order"]["status"] == "canceled"
            for answer in (
                await client.delete(f"{ORDERS}/900101"),
                await client.put(f"{ORDERS}/900101", data={"price": "1"}),
            ):
                assert (answer.status_code, answer.text) == (
                    400,
                    "order already in finalized state",
                )

    run(story())


def test_what_crosses_the_price_of_its_instrument_is_filled() -> None:
    async def story() -> None:
        async with a_client() as (fake, client):
            fake.trade_at("SPY", "500.10")
            await client.post(ORDERS, data={**LIMIT, "type": "market", "price": ""})
            await client.post(ORDERS, data=LIMIT)
            await settled()
            assert [row["status"] for row in (await listed(client))["order"]] == ["filled", "open"]
            fake.trade_at("SPY", "499.9")
            assert [row["avg_fill_price"] for row in (await listed(client))["order"]] == [
                500.1,
                499.9,
            ]

    run(story())


def test_orders_of_earlier_days_are_in_the_filtered_list_alone() -> None:
    async def story() -> None:
        async with a_client() as (fake, client):
            await client.post(ORDERS, data=LIMIT)
            fake.end_session()
            assert await listed(client) == "null"
            today = fake.exchange.clock.now().date()
            days = {"filter": "all", "start": str(today - timedelta(days=1)), "end": str(today)}
            assert (await listed(client, **days))["order"]["id"] == 900101
            assert (await listed(client, filter="intraday", date=str(today)))["order"][
                "id"
            ] == 900101
            assert (
                await listed(client, filter="intraday", date=str(today - timedelta(days=1)))
                == "null"
            )

    run(story())


def test_limits_are_told_with_every_answer_and_kept_apart_for_orders() -> None:
    async def story() -> None:
        async with a_client(limit=2, epoch=lambda: 1000.0) as (_, client):
            first, second, third = [await client.get(ORDERS) for _ in range(3)]
            assert [answer.status_code for answer in (first, second, third)] == [200, 200, 429]
            told = {
                name: second.headers[f"X-Ratelimit-{name}"]
                for name in ("Allowed", "Used", "Available", "Expiry")
            }
            assert told == {"Allowed": "2", "Used": "2", "Available": "0", "Expiry": "1060000"}
            assert (await client.post(ORDERS, data=LIMIT)).status_code == 200

    run(story())


def test_a_spread_shows_its_legs_and_stands_as_they_do() -> None:
    form = {
        "class": "multileg",
        "symbol": "SPY",
        "type": "credit",
        "duration": "day",
        "price": "1.05",
    }
    legs = {"side[0]": "sell_to_open", "quantity[0]": "1", "option_symbol[0]": SELL_PUT}
    legs |= {"side[1]": "buy_to_open", "quantity[1]": "1", "option_symbol[1]": BUY_PUT}

    async def story() -> None:
        async with a_client() as (fake, client):
            await client.post(ORDERS, data={**form, **legs})
            await settled()
            sold, bought = fake.exchange.children(900101)
            assert [
                (await listed(client))["order"]["status"],
                sold.instrument,
                bought.instrument,
            ] == ["open", SELL_PUT, BUY_PUT]
            fake.exchange.fill(sold, price="2.6")
            assert (await listed(client))["order"]["status"] == "partially_filled"
            fake.exchange.fill(bought, price="1.5")
            row = (await listed(client))["order"]
            assert (row["status"], row["exec_quantity"], row["num_legs"]) == ("filled", 1.0, 2)
            shown = [(leg["side"], leg["option_symbol"]) for leg in row["leg"]]
            assert shown == [("sell_to_open", SELL_PUT), ("buy_to_open", BUY_PUT)]

    run(story())


def group_form(kind: str, *orders: tuple[str, str, str]) -> dict[str, str]:
    """A form of orders: side, type, and limit or stop price."""
    form = {"class": kind, "duration": "day", "tag": "G-1"}
    for index, (side, order_type, price) in enumerate(orders):
        form |= {
            f"symbol[{index}]": "SPY",
            f"side[{index}]": side,
            f"quantity[{index}]": "10",
            f"type[{index}]": order_type,
            f"{'stop' if order_type == 'stop' else 'price'}[{index}]": price,
        }
    return form


ENTRY = ("buy", "limit", "500")
EXITS = (("sell", "limit", "510"), ("sell", "stop", "490"))


async def words(client: httpx.AsyncClient) -> list[str]:
    row = (await listed(client))["order"]
    return [row["status"], *(leg["status"] for leg in row["leg"])]


def test_the_exits_of_an_entry_wait_until_it_is_filled_and_one_cancels_the_other() -> None:
    async def story() -> None:
        async with a_client() as (fake, client):
            await client.post(ORDERS, data=group_form("otoco", ENTRY, *EXITS))
            await settled()
            assert await words(client) == ["open", "open", "pending", "pending"]
            legs = fake.exchange.children(900101)
            fake.exchange.fill(legs[0], "4")
            assert await words(client) == ["open", "partially_filled", "pending", "pending"]
            fake.exchange.fill(legs[0])
            assert await words(client) == ["open", "filled", "open", "held"]
            fake.trade_at("SPY", "489.5")
            assert await words(client) == ["filled", "filled", "canceled", "filled"]

    run(story())


def test_the_second_order_of_an_oto_is_placed_when_the_first_is_filled() -> None:
    async def story() -> None:
        async with a_client() as (fake, client):
            await client.post(ORDERS, data=group_form("oto", ENTRY, ("sell", "stop", "490")))
            await settled()
            assert await words(client) == ["open", "open", "pending"]
            fake.trade_at("SPY", "499")
            assert await words(client) == ["open", "filled", "held"]
            await client.delete(f"{ORDERS}/900101")
            await settled()
            assert (await words(client))[1:] == ["filled", "canceled"]

    run(story())


def test_an_order_of_an_oco_that_is_filled_cancels_the_other() -> None:
    async def story() -> None:
        async with a_client() as (fake, client):
            await client.post(ORDERS, data=group_form("oco", *EXITS))
            await settled()
            assert await words(client) == ["open", "open", "held"]
            fake.trade_at("SPY", "511")
            assert await words(client) == ["filled", "filled", "canceled"]

    run(story())


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (group_form("oco", EXITS[0], EXITS[0]), "type must be different"),
        (group_form("oco", *EXITS) | {"symbol[1]": "QQQ"}, "symbol must be the same"),
        (group_form("otoco", ("buy", "market", "1"), *EXITS), "type[0] 'market' is not valid"),
        (group_form("otoco", ENTRY, EXITS[0]), "class 'otoco' needs 3 orders"),
        (
            group_form("oco", *EXITS) | {"duration[0]": "day", "duration[1]": "gtc"},
            "duration must be the same",
        ),
    ],
)
def test_a_group_that_breaks_a_rule_of_its_class_is_refused(
    form: dict[str, str], error: str
) -> None:
    async def story() -> None:
        async with a_client() as (_, client):
            answer = await client.post(ORDERS, data=form)
            assert answer.json() == {"errors": {"error": error}}
            assert await listed(client) == "null"

    run(story())


async def session_of(client: httpx.AsyncClient) -> str:
    return str((await client.post("/accounts/events/session")).json()["stream"]["sessionid"])


async def drained(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


def test_events_have_no_symbol_and_need_a_session_of_which_there_is_one() -> None:
    async def story() -> None:
        async with a_client() as (fake, client), connect(fake.websocket_url, proxy=None) as first:
            await first.send(
                json.dumps({"events": ["order"], "sessionid": await session_of(client)})
            )
            assert json.loads(await first.recv())["event"] == "heartbeat"
            await client.post(ORDERS, data={**LIMIT, "tag": "C-1"})
            told = json.loads(await first.recv())
            assert (told["event"], told["status"], told["account"], told["tag"]) == (
                "order",
                "pending",
                NUMBER,
                "C-1",
            )
            assert not {"symbol", "side", "last_fill_price", "quantity"} & told.keys()
            await session_of(client)
            with pytest.raises(ConnectionClosed) as caught:
                await drained(first)
            assert caught.value.rcvd is None  # cut

    run(story())


def test_a_session_that_was_never_given_is_refused() -> None:
    async def story() -> None:
        async with a_client() as (fake, _), connect(fake.websocket_url, proxy=None) as socket:
            await socket.send(json.dumps({"events": ["order"], "sessionid": "invented"}))
            with pytest.raises(ConnectionClosed) as caught:
                await socket.recv()
            assert caught.value.rcvd is not None and caught.value.rcvd.code == 1008

    run(story())
