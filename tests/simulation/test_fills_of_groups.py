"""A simulated venue that fills what is open: the orders of a group end each other."""

import asyncio
from pathlib import Path

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


def test_an_order_that_a_fill_has_ended_is_not_filled(tmp_path: Path) -> None:
    async def story() -> list[str]:
        shown: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(
            serve(Serving(venue="tradier", fills_after=0.1), shown.set_result)
        )
        text = (await shown).replace("fake.db", str(tmp_path / "orders.db"))
        path = tmp_path / "orderledger.toml"
        path.write_text(text.replace("[[venues]]\n", "[[venues]]\nnative_groups = true\n"))
        async with orderledger.connect(path) as desk:
            for number in range(4):
                await desk.gateway.submit_bracket(
                    bracket(number), take_profit="525", stop_loss="475"
                )
            async with asyncio.timeout(20):
                while not serving.done() and await desk.ledger.open_orders():
                    await asyncio.sleep(0.05)
            assert not serving.done()
            found = [row["status"] for row in await desk.ledger.orders()]
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return found

    assert sorted(asyncio.run(story())) == ["canceled"] * 4 + ["filled"] * 8
