"""`connect`: one settings file to a ledger, a gateway and a collector, opened and closed once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import orderledger
from orderledger import InvalidSetting, Ledger
from orderledger.venues import installed, order_entry
from orderledger.venues.base.base_venue import BaseVenue
from orderledger.venues.polled.keyed_entry import KeyedOrderEntry
from tests.gateway.connecting.harness import buy, served

ACCOUNT = "nobitex:fake"


@pytest.mark.parametrize("venue", installed())
def test_five_lines_send_an_order_that_is_recorded(venue: str, tmp_path: Path) -> None:
    account = f"{venue}:fake"

    async def trade() -> tuple[str, list[str]]:
        async with (
            served(venue, tmp_path) as (made, path),
            orderledger.connect(path) as desk,
        ):
            sent = await desk.gateway.submit(buy(made, account, "C-1"))
            async with asyncio.timeout(30):
                while (await desk.ledger.order("C-1"))["status"] != "new":
                    await asyncio.sleep(0.05)
            rows = await desk.ledger.open_orders()
            return sent.state, [row["client_order_id"] for row in rows]

    state, working = asyncio.run(trade())
    assert (state, working) == ("received" if venue == "lighter" else "acknowledged", ["C-1"])
    with Ledger.open(tmp_path / "orders.db") as ledger:
        assert ledger.order("C-1")["status"] == "new"
        collectors = ledger.status()["collectors"]
        assert [one["is_running"] for one in collectors.values()] == [False]


def test_the_collector_of_the_desk_records_fills(tmp_path: Path) -> None:
    async def trade() -> str:
        async with (
            served("ccxt", tmp_path) as (made, path),
            orderledger.connect(path) as desk,
        ):
            await desk.gateway.submit(buy(made, "ccxt:fake", "C-1"))
            exchange = made.server.exchange
            (order,) = exchange.open_orders(made.account)
            exchange.fill(order.order_id)
            async with asyncio.timeout(30):
                while (row := await desk.ledger.order("C-1"))["status"] != "filled":
                    await asyncio.sleep(0.05)
            return str(row["status"])

    assert asyncio.run(trade()) == "filled"


@pytest.mark.parametrize("fails", ["entry", "collector", "gateway", "nothing"])
def test_what_was_opened_is_closed_once_in_reverse_even_if_opening_fails_half_way(
    fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    def noted(kind: type[Any], name: str, what: str) -> None:
        before = getattr(kind, name)

        async def close(self: Any, *arguments: Any) -> Any:
            closed.append(what)
            return await before(self, *arguments)

        monkeypatch.setattr(kind, name, close)

    noted(BaseVenue, "aclose", "venue")
    noted(KeyedOrderEntry, "aclose", "entry")
    noted(orderledger.AsyncLedger, "close", "ledger")
    noted(orderledger.Gateway, "_end", "gateway")
    accounts = '["nobitex:fake"]'
    if fails == "entry":
        monkeypatch.setattr(KeyedOrderEntry, "__init__", _broken)
    if fails == "collector":
        monkeypatch.setattr("orderledger.gateway.connecting.claimed", _broken_later)
    if fails == "gateway":
        monkeypatch.setattr(orderledger.Gateway, "_record_senders", _broken_later)

    async def trade() -> None:
        async with (
            served("nobitex", tmp_path, f"accounts = {accounts}") as (_, path),
            orderledger.connect(path),
        ):
            pass

    if fails == "nothing":
        asyncio.run(trade())
    else:
        with pytest.raises(RuntimeError, match="broken"):
            asyncio.run(trade())
    expected = {
        "entry": ["venue", "ledger"],
        "collector": ["entry", "venue", "ledger"],
        "gateway": ["gateway", "entry", "venue", "ledger"],
        "nothing": ["gateway", "entry", "venue", "ledger"],
    }
    assert closed == expected[fails]


def _broken(*arguments: Any, **named: Any) -> None:
    raise RuntimeError("broken")


async def _broken_later(*arguments: Any, **named: Any) -> None:
    raise RuntimeError("broken")


def test_a_second_collector_of_the_accounts_is_refused(tmp_path: Path) -> None:
    async def trade() -> None:
        async with (
            served("nobitex", tmp_path) as (_, path),
            orderledger.connect(path),
            orderledger.connect(path),
        ):
            pass

    with pytest.raises(InvalidSetting, match="'collector' is already running"):
        asyncio.run(trade())


def test_an_entry_of_the_caller_is_not_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []

    async def trade() -> str:
        async with served("nobitex", tmp_path, "collects = false") as (made, path):
            monkeypatch.setenv("NOBITEX_TOKEN", str(made.token))
            entry = order_entry(
                "nobitex",
                account=ACCOUNT,
                token={"env": "NOBITEX_TOKEN"},
                url=made.server.http_url,
            )
            close = entry.aclose

            async def noted() -> None:
                closed.append("entry")
                await close()

            monkeypatch.setattr(entry, "aclose", noted)
            async with orderledger.connect(path, entries={ACCOUNT: entry}) as desk:
                sent = await desk.gateway.submit(buy(made, ACCOUNT, "C-1"))
            was_closed = list(closed)
            await close()
            assert was_closed == []
            return sent.state

    assert asyncio.run(trade()) == "acknowledged"


def test_an_account_that_no_venue_has_is_refused_with_its_line(tmp_path: Path) -> None:
    async def read() -> None:
        async with served("nobitex", tmp_path, 'accounts = ["nobitx:fake"]') as made:
            orderledger.connect(made[1])

    with pytest.raises(InvalidSetting, match=r"toml:11: gateway.accounts.1: 'nobitx:fake' is not"):
        asyncio.run(read())
