"""What real venues do to an order that they have taken: an error for an answer, a late list, a
client id that is free again.

After each of them there is one order at the venue, and the ledger neither ends it nor loses it.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from orderledger.testing.rules_of_sending import until
from orderledger.venues import Unanswered
from orderledger.venues.reconciliation.reconciler import Reconciler, Rules
from tests.venues.order_entry.kinds import every_kind
from tests.venues.order_entry.test_with_gateway import request, trading
from tests.venues.test_keyed_order_entry import Desk, every_entry, played

RULES = Rules(grace=timedelta(0), pause=0.001, opening_pause=0.001)
LATE = timedelta(seconds=2)


async def reconciled(desk: Desk) -> Any:
    """The order, after a comparison with the venue."""
    await Reconciler(desk.ledger, desk.harness.venue, desk.harness.clock, RULES).run(
        desk.harness.account
    )
    return desk.ledger.order("C-1")


@pytest.mark.slow
@every_kind
@pytest.mark.parametrize("fault", ["done_and_error", "lists_late"])
def test_the_gateway_finds_the_order_and_sends_it_once(name: str, fault: str) -> None:
    async def story() -> None:
        async with trading(name) as (world, gateway):
            await world.warm_up()
            if fault == "lists_late":
                world.server.lists_after = LATE
                world.faults.plan_answers("lose_answer")
            else:
                world.faults.plan_answers("done_and_error")
            assert (await gateway.submit(request(world))).state == "unresolved"
            await until(lambda: world.ledger.order("C-1")["certainty"] == "confirmed")
            (order,) = world.at_venue()
            row = world.ledger.order("C-1")
            assert (row["venue_order_id"], row["is_open"], row["ended_at"]) == (
                str(order.order_id),
                True,
                None,
            )

    asyncio.run(story())


@every_entry
def test_an_error_with_a_document_leaves_an_order_that_the_next_comparison_finds(name: str) -> None:
    async def story(desk: Desk) -> None:
        row = desk.requested()
        desk.server.faults.plan_answers("done_and_error")
        with pytest.raises(Unanswered, match="http_50"):
            await desk.entry.submit(row)
        known = await reconciled(desk)
        assert (len(desk.there), known["status"], known["certainty"]) == (1, "new", "confirmed")

    played(name, story)


@every_entry
def test_an_order_that_is_listed_late_is_absent_and_not_ended(name: str) -> None:
    async def story(desk: Desk) -> None:
        row = desk.requested()
        desk.server.lists_after = timedelta(minutes=5)
        desk.server.faults.plan_answers("lose_answer")
        with pytest.raises(Unanswered):
            await desk.entry.submit(row)
        known = await reconciled(desk)
        assert (known["is_open"], known["absent_at"] is not None, known["certainty"]) == (
            True,
            True,
            "unresolved",
        )
        desk.server.lists_after = timedelta(0)
        known = await reconciled(desk)
        assert (len(desk.there), known["status"], known["certainty"]) == (1, "new", "confirmed")

    played(name, story)


def test_a_client_id_that_is_free_again_after_a_fill_does_not_hide_the_fill() -> None:
    """At Nobitex only open orders are found by it, and it may be given to another (docs-api,
    clientOrderId)."""

    async def story(desk: Desk) -> None:
        row = desk.requested()
        desk.server.faults.plan_answers("lose_answer")
        with pytest.raises(Unanswered):
            await desk.entry.submit(row)
        desk.harness.exchange.fill(desk.there[0])
        known = await reconciled(desk)
        assert (known["status"], known["cum_quantity"], len(desk.there)) == (
            "filled",
            row["quantity"],
            1,
        )

    played("nobitex", story)


@every_entry
@pytest.mark.parametrize("kept", [str.lower, lambda client_id: client_id[:4]])
def test_an_order_whose_client_id_was_changed_is_nobody_else_s_and_is_not_ended(
    name: str, kept: Any
) -> None:
    async def story(desk: Desk) -> None:
        row = desk.requested("Order-With-A-Long-Name")
        desk.harness.exchange.rules.client_id_as = kept
        with suppress(Unanswered):
            await desk.sent(row)
        await Reconciler(desk.ledger, desk.harness.venue, desk.harness.clock, RULES).run(
            desk.harness.account
        )
        known = desk.ledger.order("Order-With-A-Long-Name", account=desk.harness.account)
        assert (known["is_open"], len(desk.there)) == (True, 1)

    played(name, story)
