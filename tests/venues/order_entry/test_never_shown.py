"""Orders that Lighter queues and never lists, because its sequencer refuses them."""

import asyncio
import json
from typing import Any

import pytest

from orderledger import Rejected
from orderledger.gateway import not_shown
from orderledger.simulation.lighter.server import LighterServer
from orderledger.testing.order_entry import EntryHarness
from orderledger.testing.rules_of_sending import until
from orderledger.venues.lighter.execution import ExecutionRefusal, reason_of, refusal_in
from orderledger.venues.lighter.order_entry import LighterOrderEntry
from tests.venues.order_entry.kinds import LIGHTER
from tests.venues.order_entry.test_with_gateway import request, trading


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(not_shown, "SHOWN_SECONDS", 0.5)


def state(world: EntryHarness, name: str = "C-1") -> tuple[Any, ...]:
    row = world.ledger.order(name)
    return row["status"], row["certainty"], row["reason"]


@pytest.mark.slow
@pytest.mark.parametrize("is_canceled", [False, True])
def test_an_order_that_the_sequencer_refuses_is_rejected_and_frees_its_instrument(
    is_canceled: bool,
) -> None:
    async def story() -> None:
        async with trading("lighter") as (world, gateway):
            vanished = request(world, side="sell", reduce_only=True)
            assert (await gateway.submit(vanished)).state == "received"
            if is_canceled:
                assert (await gateway.cancel("C-1")).state == "received"
            await until(lambda: state(world)[0] == "rejected")
            assert state(world) == ("rejected", "confirmed", "reduce_only")
            assert world.ledger.order("C-1")["pending"] is None
            assert (await gateway.submit(request(world, "C-2"))).state == "received"
            sent = world.server.requests["sendTx"]
            await asyncio.sleep(2.5)
            assert world.server.requests["sendTx"] == sent <= 4
            assert len(world.at_venue()) == 1

    asyncio.run(story())


@pytest.mark.slow
def test_an_order_that_nothing_shows_stays_in_doubt_and_its_cancel_is_not_sent_meanwhile() -> None:
    async def story() -> None:
        async with trading("lighter") as (world, gateway):
            assert isinstance(world.entry, LighterOrderEntry)
            await gateway.submit(request(world, side="sell", reduce_only=True))
            world.entry._transactions._queued.clear()  # as after a restart
            await until(lambda: state(world)[1] == "unresolved")
            assert (await gateway.cancel("C-1")).reason == "order_unknown"
            await asyncio.sleep(2.5)
            assert (state(world)[1], world.server.requests["sendTx"]) == ("unresolved", 1)
            (doubt,) = world.ledger.doubts(account=world.account)
            assert doubt["reason"] == "not_shown"
            assert (await gateway.submit(request(world, "C-2"))).reason == "unresolved_order"

    asyncio.run(story())


@pytest.mark.slow
def test_an_order_that_is_listed_is_not_in_doubt_for_long() -> None:
    async def story() -> None:
        async with trading("lighter") as (world, gateway):
            await gateway.submit(request(world))
            await until(lambda: state(world)[0] == "new")
            assert state(world) == ("new", "confirmed", None)

    asyncio.run(story())


def test_the_transaction_of_a_refused_order_is_executed_and_shows_an_error() -> None:
    async def story() -> None:
        async with EntryHarness(LIGHTER).served() as world:
            assert isinstance(world.server, LighterServer)
            row = world.order(side="sell", reduce_only=True)
            assert await world.entry.submit(row) == []
            (shown,) = world.server.transactions.executed.values()
            error = json.loads(json.loads(shown["event_info"])["ae"])
            assert (shown["status"], error["code"], world.at_venue()) == (2, 21732, [])
            assert isinstance(world.entry, LighterOrderEntry)
            (message,) = await world.entry.outcome(row)
            assert isinstance(message, Rejected)
            assert (message.reason, message.text) == (
                "reduce_only",
                "reduce only increases position",
            )

    asyncio.run(story())


def transaction(status: int, error: Any) -> dict[str, Any]:
    inner = json.dumps({"ae": error if isinstance(error, str) else json.dumps(error)})
    return {"code": 200, "hash": "ab", "status": status, "event_info": inner}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (transaction(2, ""), None),
        (transaction(3, ""), None),
        (transaction(1, ""), None),
        (transaction(0, ""), (None, "rejected")),
        (transaction(2, {"code": 21732, "message": "reduce only"}), (21732, "reduce_only")),
        (transaction(2, {"code": 21999, "message": "new"}), (21999, "rejected")),
        (transaction(2, {"code": 21728, "message": "exists"}), (21728, None)),
        (transaction(2, "a sentence"), (None, "rejected")),
        ({"code": 200, "hash": "ab", "status": 2, "event_info": ""}, None),
        ({"code": 200, "hash": "ab", "status": 2, "event_info": "{cut"}, None),
        ({"code": 200, "status": 0}, None),
        (None, None),
        ([], None),
    ],
)
def test_only_an_error_or_a_failed_transaction_is_a_refusal(document: Any, expected: Any) -> None:
    refusal = refusal_in(document)
    assert (refusal and (refusal.code, reason_of(refusal))) == expected
    assert refusal is None or isinstance(refusal, ExecutionRefusal)
