"""A simulated venue that fills what is open: the orders of a group end each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orderledger
from orderledger import Request
from orderledger.simulation.serving import Serving, serve


def bracket(number: int) -> Request:
    return Request(
        account="tradier:fake",
        client_order_id=f"B-{number}",
        instrument="SPY",
        side="buy",
        quantity="2",
        order_type="limit",
        limit_price="500",
        time_in_force="day",
    )


@asynccontextmanager
async def served(tmp_path: Path, **options: Any) -> AsyncIterator[tuple[Any, "asyncio.Task[None]"]]:
    """A desk at a simulated Tradier, and the task that serves."""
    shown: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(Serving(venue="tradier", **options), shown.set_result))
    text = (await shown).replace("fake.db", str(tmp_path / "orders.db"))
    path = tmp_path / "orderledger.toml"
    path.write_text(text.replace("[[venues]]\n", "[[venues]]\nnative_groups = true\n"))
    try:
        async with asyncio.timeout(20), orderledger.connect(path) as desk:
            yield desk, serving
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def test_an_order_that_a_fill_has_ended_is_not_filled(tmp_path: Path) -> None:
    async def story() -> list[str]:
        async with served(tmp_path, fills_after=0.1) as (desk, serving):
            for number in range(4):
                await desk.gateway.submit_bracket(
                    bracket(number), take_profit="525", stop_loss="475"
                )
            while not serving.done() and await desk.ledger.open_orders():
                await asyncio.sleep(0.05)
            assert not serving.done()
            return [row["status"] for row in await desk.ledger.orders()]

    assert sorted(asyncio.run(story())) == ["canceled"] * 4 + ["filled"] * 8


def test_a_stop_that_a_fill_has_placed_waits_for_its_price(tmp_path: Path) -> None:
    async def story() -> list[str]:
        async with served(tmp_path, fills_after=0.1) as (desk, serving):
            await desk.gateway.submit_bracket(bracket(1), stop_loss="475")
            while not serving.done() and await statuses(desk) != ["filled", "pending_new"]:
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.3)
            assert not serving.done()
            return await statuses(desk)

    assert asyncio.run(story()) == ["filled", "pending_new"]


def test_an_order_without_a_limit_lives_like_others(tmp_path: Path) -> None:
    async def story() -> list[str]:
        async with served(tmp_path, every=0.05) as (desk, serving):
            order = bracket(1).model_copy(update={"order_type": "market", "limit_price": None})
            await desk.gateway.submit(order)
            while not serving.done() and await desk.ledger.open_orders(instrument="SPY"):
                await asyncio.sleep(0.05)
            assert not serving.done()
            return await statuses(desk)

    (status,) = asyncio.run(story())
    assert status in ("filled", "canceled", "expired", "rejected")


async def statuses(desk: Any) -> list[str]:
    rows = await desk.ledger.orders()
    return [row["status"] for row in rows if row["origin"] == "own"]
