"""`orderledger fake --deposit`: a simulated account with a balance."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

import orderledger
from orderledger.simulation.serving import Serving, serve
from tests.command_line import run


def test_a_deposit_is_there_before_the_first_order(tmp_path: Path) -> None:
    async def story() -> list[tuple[str | None, Decimal | None]]:
        shown: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = Serving(venue="ccxt", fills_after=60.0, deposit=("10000", "USDT"))
        task = asyncio.create_task(serve(serving, shown.set_result))
        path = tmp_path / "orderledger.toml"
        path.write_text((await shown).replace("fake.db", str(tmp_path / "orders.db")))
        async with orderledger.connect(path) as desk:
            found = await desk.venues["ccxt:fake"].positions("ccxt:fake")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return [(one.currency, one.amount) for one in found if one.currency]

    assert asyncio.run(story()) == [("USDT", Decimal(10000))]


@pytest.mark.parametrize("amount", ["many", "NaN"])
def test_an_amount_that_is_none_is_named(amount: str) -> None:
    ended = run("fake", "ccxt", "--deposit", amount, "USDT")
    assert ended.status == 2 and f"{amount!r} is not an amount" in ended.err
