"""`connect`: one settings file to a ledger, a gateway and a collector, opened and closed once."""

import asyncio
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ccxt.async_support
import pytest
from eth_account import Account
from lighter.signer_client import SignerClient

import orderledger
from orderledger import InvalidSetting, Ledger, StoreUnreachable
from orderledger.gateway.leasing import Leasing
from orderledger.gateway.running import Running
from orderledger.simulation.lighter.simulated import INDEX, KEY_INDEX
from orderledger.venues import installed, order_entry, venue
from orderledger.venues.base.base_venue import BaseVenue
from orderledger.venues.ccxt.exchange import _moved
from orderledger.venues.polled.keyed_entry import KeyedOrderEntry
from tests.gateway.connecting.harness import buy, served

ACCOUNT = "nobitex:fake"


@pytest.mark.parametrize("name", installed())
def test_five_lines_send_an_order_that_is_recorded(name: str, tmp_path: Path) -> None:
    account = f"{name}:fake"

    async def trade() -> tuple[str, list[str | None]]:
        async with (
            served(name, tmp_path) as (made, path),
            orderledger.connect(path) as desk,
        ):
            sent = await desk.gateway.submit(buy(made, account, "C-1"))
            async with asyncio.timeout(30):
                while (await desk.ledger.order("C-1"))["status"] != "new":
                    await asyncio.sleep(0.05)
            rows = await desk.ledger.open_orders()
            return sent.state, [row["client_order_id"] for row in rows]

    state, working = asyncio.run(trade())
    assert (state, working) == ("received" if name == "lighter" else "acknowledged", ["C-1"])
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
    noted(Running, "end", "gateway")
    accounts = '["nobitex:fake"]'
    if fails == "entry":
        monkeypatch.setattr(KeyedOrderEntry, "__init__", _broken)
    if fails == "collector":
        monkeypatch.setattr("orderledger.gateway.connecting.claimed", _broken_later)
    if fails == "gateway":
        monkeypatch.setattr(Leasing, "record_senders", _broken_later)

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

    with pytest.raises(InvalidSetting, match=r"toml:15: gateway.accounts.1: 'nobitx:fake' is not"):
        asyncio.run(read())


def test_the_callers_own_clients_serve_a_desk_and_stay_open(tmp_path: Path) -> None:
    """A file without venues, and an exchange object of ccxt that the bot has made."""

    async def trade() -> tuple[str, str]:
        async with served("ccxt", tmp_path) as (made, path):
            settings = tomllib.loads(path.read_text())["venues"][0]
            path.write_text(f'db = "{tmp_path / "orders.db"}"\n')
            own = ccxt.async_support.binanceusdm({"apiKey": made.token, "secret": made.token})
            own.urls["api"] = _moved(own.urls["api"], settings["url"], settings["websocket_url"])
            own.aiohttp_trust_env = False
            names = [one.name for one in made.instruments]
            entry = order_entry("ccxt", exchange=own, account="mine:main")
            listed = venue(
                "ccxt", exchange=own, account="mine:main", symbols=names, poll_seconds=0.2
            )
            async with orderledger.connect(
                path, entries={"mine:main": entry}, venues=[listed]
            ) as desk:
                assert desk.keys["mine:main"].can_withdraw is False
                sent = await desk.gateway.submit(buy(made, "mine:main", "C-1"))
                (order,) = made.server.exchange.open_orders(made.account)
                made.server.exchange.fill(order.order_id)
                async with asyncio.timeout(30):
                    while (await desk.ledger.order("C-1"))["status"] != "filled":
                        await asyncio.sleep(0.05)
            await own.fetch_balance()  # it is still open
            await entry.aclose()
            await listed.aclose()
            await own.close()
            with Ledger.open(tmp_path / "orders.db") as ledger:
                return sent.state, ledger.order("C-1")["status"]

    assert asyncio.run(trade()) == ("acknowledged", "filled")


def test_the_object_of_hyperliquids_sdk_signs(tmp_path: Path) -> None:
    async def trade() -> str:
        async with served("hyperliquid", tmp_path, "collects = false") as (made, path):
            client = SimpleNamespace(
                wallet=Account.from_key(made.key),
                base_url=made.server.http_url,
                vault_address=None,
            )  # the three fields of `hyperliquid.exchange.Exchange`, whose constructor asks mainnet
            entry = order_entry("hyperliquid", account="hyperliquid:fake", client=client)
            entries = {"hyperliquid:fake": entry}
            async with orderledger.connect(path, entries=entries) as desk:
                sent = await desk.gateway.submit(buy(made, "hyperliquid:fake", "C-1"))
            await entry.aclose()
            return sent.state

    assert asyncio.run(trade()) == "acknowledged"


def test_a_venue_without_an_sdk_takes_no_object_of_one() -> None:
    with pytest.raises(InvalidSetting, match="'tradier' takes no object of an SDK"):
        order_entry("tradier", account="tradier:main", client=object())


def test_the_object_of_lighters_sdk_signs_and_stays_open(tmp_path: Path) -> None:
    async def trade() -> str:
        async with served("lighter", tmp_path, "collects = false") as (made, path):
            client = SignerClient(made.server.http_url, INDEX, {KEY_INDEX: str(made.key)})
            entry = order_entry("lighter", account="lighter:fake", client=client)
            async with orderledger.connect(path, entries={"lighter:fake": entry}) as desk:
                sent = await desk.gateway.submit(buy(made, "lighter:fake", "C-1"))
            await entry.aclose()
            signed = client.sign_cancel_order(0, 1, nonce=2, api_key_index=KEY_INDEX)
            await client.close()  # type: ignore[no-untyped-call]
            assert signed[3] is None
            return sent.state

    assert asyncio.run(trade()) == "received"


def test_a_collector_that_fails_is_reported_when_the_desk_closes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other parts are closed all the same."""

    async def fail(self: Any, stop: asyncio.Event) -> None:
        raise StoreUnreachable("the disk is full")

    async def trade() -> None:
        async with served("nobitex", tmp_path) as (_, path), orderledger.connect(path):
            await asyncio.sleep(0.05)

    monkeypatch.setattr("orderledger.venues.collecting.collector.Collector.run", fail)
    with pytest.raises(StoreUnreachable, match="the disk is full"):
        asyncio.run(trade())
    assert "collecting_ended" in caplog.text
    with Ledger.open(tmp_path / "orders.db") as ledger:  # the lease is released, the store closed
        assert ledger.orders() == []
