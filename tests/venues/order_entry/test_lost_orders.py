"""Orders that are lost on their way: proved as lost where the venue has a rule, and left to an
operator where it has none."""

import asyncio
import dataclasses
from typing import Any

import pytest

from orderledger.testing.rules_of_sending import until
from tests.venues.order_entry.kinds import KINDS, every_kind
from tests.venues.order_entry.test_with_gateway import request, trading

FAST: dict[str, Any] = {"margin_seconds": 0.5, "pause_seconds": 0.5}
EXPIRES = {"hyperliquid": 2.0}
WITH_RULE = sorted({"hyperliquid", "lighter"} & {*KINDS})


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_RULE)
def test_a_lost_order_is_denied_in_seconds_and_the_bot_goes_on(name: str) -> None:
    async def story() -> None:
        async with trading(name) as (world, gateway):
            rule = world.entry.abilities.absence
            assert rule is not None
            rule = dataclasses.replace(rule, **FAST)
            if name in EXPIRES:
                rule = dataclasses.replace(rule, expires_seconds=EXPIRES[name])
            world.entry.abilities = dataclasses.replace(world.entry.abilities, absence=rule)
            await world.warm_up()
            world.faults.late_seconds = 5.0
            world.faults.plan_answers("late_request")
            assert (await gateway.submit(request(world))).state == "unresolved"
            assert (await gateway.submit(request(world, "C-2"))).reason == "unresolved_order"
            await until(lambda: world.ledger.order("C-1")["status"] == "denied")
            again = await gateway.resend("C-1")
            assert again.state in ("acknowledged", "received")
            await until(lambda: len(world.at_venue()) == 1)
            await asyncio.sleep(6.0)
            (order,) = world.at_venue()
            await until(lambda: world.ledger.order("C-1")["venue_order_id"] is not None)
            assert world.ledger.order("C-1")["venue_order_id"] == str(order.order_id)

    asyncio.run(story())


@pytest.mark.slow
@every_kind
def test_a_lost_order_is_left_to_an_operator_where_no_rule_proves_anything(name: str) -> None:
    if name in WITH_RULE:
        return

    async def story() -> None:
        async with trading(name) as (world, gateway):
            await world.warm_up()
            world.faults.plan_answers("lose_request")
            assert (await gateway.submit(request(world))).state == "unresolved"
            await until(lambda: world.ledger.order("C-1")["absent_at"] is not None)
            refused = await gateway.resend("C-1")
            assert (refused.reason, world.entry.abilities.absence) == ("absence_not_proved", None)
            doubt = next(
                one for one in world.ledger.recover().doubts if one["client_order_id"] == "C-1"
            )
            assert doubt["request_expires_at"] is None
            endings = [" ".join(one.split()[5:]) for one in doubt["commands"]]
            assert endings == ["--never-arrived", "--worked-as ID", "--canceled"]
            world.ledger.resolve("C-1", never_arrived=True, actor="anna")
            assert (await gateway.submit(request(world, "C-2"))).state in (
                "acknowledged",
                "received",
            )

    asyncio.run(story())


@pytest.mark.slow
@every_kind
def test_the_offset_of_the_venues_clock_is_known(name: str) -> None:
    async def story() -> None:
        async with trading(name) as (world, gateway):
            await world.warm_up()
            await gateway.submit(request(world))
            shown = gateway._wired.parts.clocks.shown(
                world.account, gateway._wired.parts.clock.now()
            )
            assert shown is not None
            assert abs(float(shown["offset_seconds"])) <= float(shown["within_seconds"]) + 0.05

    asyncio.run(story())
