"""An order of a group that was denied or rejected has ended: nothing of it is sent later."""

import asyncio
from typing import Any

import pytest

from orderledger import Gateway, Halt, Ledger, ResumeTrading
from orderledger.simulation.local import LocalVenue
from tests.gateway.desk import ACCOUNT, buy, hear, in_a_loop, sell, trading, venue_of, worked
from tests.gateway.emulation.test_brackets import heard, held, mark, settled, works

PAIR = (buy("A", price="60000"), buy("B", price="61000"))
STOP: dict[str, Any] = {"price": None, "order_type": "stop", "stop_price": "70000"}


async def wait(ledger: Ledger, venue: LocalVenue) -> None:
    """Longer than the emulator waits before it sends another order of a leg."""
    for _ in range(8):
        hear(ledger, venue)
        await asyncio.sleep(0.2)


def rows(ledger: Ledger) -> dict[str | None, tuple[str, str | None]]:
    return {row["client_order_id"]: (row["status"], row["reason"]) for row in ledger.orders()}


async def told(gateway: Gateway, *requests: Any) -> list[tuple[str, str | None]]:
    return [(one.state, one.reason) for one in await gateway.submit_oco(*requests)]


@pytest.mark.parametrize("mode", ["stop", "reduce"])
@in_a_loop
async def test_a_group_that_a_halt_denied_is_not_sent_after_the_halt(
    ledger: Ledger, mode: str
) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        ledger.record(Halt(account=ACCOUNT, at=venue.now, mode=mode, reason="test"))
        assert await told(gateway, *PAIR) == [("denied", "halted")] * 2
        await wait(ledger, venue)
        ledger.record(ResumeTrading(account=ACCOUNT, at=venue.now))
        await wait(ledger, venue)
        assert rows(ledger) == {"A": ("denied", "halted"), "B": ("denied", "halted")}
        assert held(gateway) == {}


@in_a_loop
async def test_a_new_gateway_does_not_send_a_group_that_a_halt_denied(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        ledger.record(Halt(account=ACCOUNT, at=venue.now, reason="test"))
        await told(gateway, *PAIR)
    ledger.record(ResumeTrading(account=ACCOUNT, at=venue.now))
    async with trading(ledger, venue):
        await wait(ledger, venue)
        assert set(rows(ledger)) == {"A", "B"}


@in_a_loop
async def test_a_limit_that_denies_one_order_of_a_group_denies_the_others(ledger: Ledger) -> None:
    venue, rules = venue_of(), {"limits": [{"orders_per_second": 1}]}
    async with trading(ledger, venue, rules) as gateway:
        found = await gateway.submit_oco(*PAIR)
        assert [(one.state, one.reason) for one in found] == [
            ("denied", "group_denied"),
            ("denied", "orders_per_second"),
        ]
        assert "order B of group A is denied: orders_per_second" in (found[0].text or "")
        await wait(ledger, venue)
        assert (worked(venue, "A"), set(rows(ledger))) == (0, {"A", "B"})
        # what was denied counts in no limit
        assert (await gateway.submit(buy("C", price="60000"))).state == "acknowledged"


@in_a_loop
async def test_a_held_order_is_denied_with_its_group(ledger: Ledger) -> None:
    venue, rules = venue_of(), {"limits": [{"price_collar": "0.01"}]}
    async with trading(ledger, venue, rules) as gateway:
        mark(ledger, venue, "60000")
        assert await told(gateway, buy("A", price="62000"), buy("B", **STOP)) == [
            ("denied", "price_collar"),
            ("denied", "group_denied"),
        ]
        assert held(gateway) == {}


@in_a_loop
async def test_the_refusal_of_one_order_cancels_the_others(ledger: Ledger) -> None:
    venue = venue_of()
    async with trading(ledger, venue) as gateway:
        venue.exchange.submit(
            "others", instrument="BTC-USD", side="buy", quantity="1", limit_price="60000"
        )
        # the first crosses the book, so the venue refuses it as post-only
        found = await told(
            gateway, sell("A", price="59000", post_only=True), sell("B", price="70000")
        )
        assert [state for state, _ in found] == ["rejected", "acknowledged"]
        await settled(ledger, venue, gateway, {})
        await heard(ledger, venue, lambda: not ledger.open_orders())
        await wait(ledger, venue)
        assert {name: status for name, (status, _) in rows(ledger).items()} == {
            "A": "rejected",
            "B": "canceled",
        }
        assert works(venue) == {}
