"""What a venue's protocol asks of a sender: nonces, batches, expiry, and answers that never
come."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import InvalidSetting
from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.hyperliquid.server import HyperliquidServer
from orderledger.simulation.lighter.server import LighterServer
from orderledger.simulation.market import EntryRules
from orderledger.testing.order_entry import SECRET, EntryHarness
from orderledger.venues import NotSent, Unanswered
from orderledger.venues.base.registry import adapter
from orderledger.venues.base.transport.sender import Sender
from orderledger.venues.hyperliquid.order_entry import HyperliquidOrderEntry
from orderledger.venues.hyperliquid.signing import signer_of
from tests.venues.order_entry.kinds import HYPERLIQUID, LIGHTER, LIGHTER_KEY, TRADIER


@pytest.mark.slow
def test_nonces_of_lighter_have_no_gaps_whatever_goes_wrong() -> None:
    async def story() -> None:
        async with EntryHarness(LIGHTER).served() as world:
            assert isinstance(world.server, LighterServer)
            await asyncio.gather(
                *(world.entry.submit(world.order(f"C-{number}")) for number in range(5))
            )
            world.faults.plan_answers("lose_answer")
            with pytest.raises(Unanswered):
                await world.entry.submit(world.order("C-5"))
            world.faults.plan_answers(None, "server_error")
            with pytest.raises(Unanswered):
                await world.entry.submit(world.order("C-6"))
            await world.submit("C-7")
            assert len(world.at_venue()) == 7
            assert world.server.transactions.nonces == {(1234, 3): 7}
            assert world.server.requests["nextNonce"] == 3, (
                "asked at first, and after each request without an answer"
            )

    asyncio.run(story())


@pytest.mark.slow
def test_another_process_with_the_same_key_of_lighter_costs_a_reject_and_no_order() -> None:
    async def story() -> None:
        async with EntryHarness(LIGHTER).served() as world:
            assert isinstance(world.server, LighterServer)
            await world.warm_up()
            world.server.transactions.nonces[1234, 3] += 1
            assert (await world.submit("C-1"))["reason"] == "invalid_nonce"
            assert (await world.submit("C-2"))["status"] == "pending_new"
            assert [order.client_id for order in world.at_venue()] == [
                world.ledger.order("C-2")["aliases"]["lighter.client_order_index"]
            ]

    asyncio.run(story())


@pytest.mark.slow
def test_an_index_that_works_already_at_lighter_proves_that_the_order_exists() -> None:
    async def story() -> None:
        async with EntryHarness(LIGHTER).served() as world:
            await world.submit("C-1")
            row = dict(world.ledger.order("C-1"))
            with pytest.raises(Unanswered, match="duplicate_order"):
                await world.entry.submit(row)
            assert len(world.at_venue()) == 1

    asyncio.run(story())


def test_each_order_of_a_batch_at_hyperliquid_has_its_own_answer() -> None:
    async def story() -> None:
        async with EntryHarness(HYPERLIQUID).served() as world:
            world.exchange.rules = EntryRules(
                judge=lambda kind, order: "insufficient_margin" if order.quantity > 1 else None
            )
            orders = [world.order("C-1"), world.order("C-2", quantity="5"), world.order("C-3")]
            sent = await world.entry.submit_many(orders)
            kinds = []
            for one in sent:
                assert not isinstance(one, Exception)
                world.record(one)
                kinds += [message.__dict__["type"] for message in one]
            assert kinds == ["acknowledged", "rejected", "acknowledged"]
            assert world.server.requests["order"] == 1
            assert len(world.at_venue()) == 2

    asyncio.run(story())


def test_an_order_that_matches_at_hyperliquid_is_acknowledged_with_a_claim_and_no_fill() -> None:
    async def story() -> None:
        async with EntryHarness(HYPERLIQUID).served() as world:
            world.exchange.open_account("0x" + "aa" * 20)
            world.exchange.submit(
                "0x" + "aa" * 20, instrument="ETH", side="sell", quantity="0.5", limit_price="2500"
            )
            row = await world.submit()
            assert (row["reported_cum_quantity"], row["cum_quantity"], world.ledger.trades()) == (
                row["quantity"],
                0,
                [],
            )

    asyncio.run(story())


def test_a_late_action_is_refused_by_hyperliquid() -> None:
    """So a cloid that is unknown after that time proves that no order will come."""

    async def story() -> None:
        async with EntryHarness(HYPERLIQUID).served() as world:
            assert isinstance(world.server, HyperliquidServer)

            def an_hour_ago() -> datetime:
                return SystemClock().now() - timedelta(hours=1)

            sign = signer_of(SECRET, is_mainnet=False)
            late = HyperliquidOrderEntry(
                account=world.account, url=world.server.http_url, sign=sign, now=an_hour_ago
            )
            (told,) = await late.submit(world.order())
            assert (told.reason, world.at_venue()) == ("expired", [])
            await late.aclose()

    asyncio.run(story())


def test_another_key_is_refused_by_hyperliquid() -> None:
    async def story() -> None:
        async with EntryHarness(HYPERLIQUID).served() as world:
            assert isinstance(world.server, HyperliquidServer)
            sign, now = signer_of("0x" + "77" * 32, is_mainnet=False), SystemClock().now
            other = HyperliquidOrderEntry(
                account=world.account, url=world.server.http_url, sign=sign, now=now
            )
            (told,) = await other.submit(world.order())
            assert (told.reason, world.at_venue()) == ("unauthorized", [])
            await other.aclose()

    asyncio.run(story())


def test_tradier_needs_its_own_id_to_cancel_and_changes_no_quantity() -> None:
    async def story() -> None:
        async with EntryHarness(TRADIER).served() as world:
            order = world.order()
            with pytest.raises(NotSent, match="no_venue_order_id"):
                await world.entry.cancel(order, "cancel-1")
            row = await world.submit("C-2")
            with pytest.raises(NotSent, match="quantity_unsupported"):
                await world.entry.replace(row, {"request_id": "r", "quantity": Decimal(11)})

    asyncio.run(story())


def test_a_server_that_never_answers_leaves_an_unknown_outcome() -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)
        writer.close()

    async def story() -> None:
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sender = Sender(f"http://127.0.0.1:{port}", timeout=1.0)
        with pytest.raises(Unanswered, match="timeout"):
            await sender.send("POST", "/orders", form={"quantity": "1"})
        await sender.aclose()
        server.close()

    asyncio.run(story())


def test_an_unknown_host_is_proof_that_nothing_was_sent() -> None:
    async def story() -> None:
        sender = Sender("http://nobody.invalid")
        with pytest.raises(NotSent, match="not_connected"):
            await sender.send("POST", "/orders")
        await sender.aclose()

    asyncio.run(story())


@pytest.mark.parametrize("name", ["tradier", "hyperliquid", "lighter"])
def test_an_adapter_makes_its_order_entry_from_settings(name: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(LIGHTER_KEY if name == "lighter" else SECRET)
    key.chmod(0o600)
    given = {"env": None, "file": key}
    sections: dict[str, dict[str, Any]] = {
        "tradier": {"account": "a", "number": "VA1", "token": given},
        "hyperliquid": {
            "accounts": [{"account": "a", "address": "0x" + "fa" * 20, "private_key": given}]
        },
        "lighter": {
            "account": "a",
            "account_index": 1,
            "token": given,
            "private_key": given,
            "api_key_index": 3,
        },
    }
    found = adapter(name)
    assert found.order_entry is not None
    settings = found.settings.model_validate(
        {"venue": name, "url": "http://127.0.0.1:1", **sections[name]}
    )
    make = found.order_entry

    async def story() -> None:
        await make(settings, "a").aclose()

    asyncio.run(story())
    key.chmod(0o644)
    with pytest.raises(InvalidSetting, match="others can read"):
        make(settings, "a")


@pytest.mark.parametrize("name", ["hyperliquid", "lighter"])
def test_an_account_without_a_key_cannot_send(name: str) -> None:
    sections: dict[str, dict[str, Any]] = {
        "hyperliquid": {"accounts": [{"account": "a", "address": "0x" + "fa" * 20}]},
        "lighter": {"account": "a", "account_index": 1, "token": {"env": "TOKEN"}},
    }
    found = adapter(name)
    assert found.order_entry is not None
    settings = found.settings.model_validate(
        {"venue": name, "url": "http://127.0.0.1:1", **sections[name]}
    )
    with pytest.raises(
        InvalidSetting, match="private_key: is missing: orders of a cannot be signed"
    ):
        found.order_entry(settings, "a")


def test_the_switch_of_hyperliquid_cancels_all_orders_unless_it_is_renewed() -> None:
    async def story() -> None:
        async with EntryHarness(HYPERLIQUID).served() as world:
            assert isinstance(world.server, HyperliquidServer)
            entry, actions = world.entry, world.server.actions
            assert isinstance(entry, HyperliquidOrderEntry)
            await world.submit("C-1")
            await entry.set_switch(60.0, None)
            assert len(actions.countdowns.running) == 1
            await entry.set_switch(None, None)
            assert actions.countdowns.running == []
            with pytest.raises(NotSent, match="at least 5 seconds"):
                await entry.set_switch(1.0, None)
            actions.traded = 373
            with pytest.raises(NotSent, match="until enough volume traded"):
                await entry.set_switch(60.0, None)
            assert len(world.at_venue()) == 1

    asyncio.run(story())
