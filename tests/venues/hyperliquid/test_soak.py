"""Random happenings at the venue and random faults on the way: in the end the ledger has what is
true."""

import asyncio
import random
from dataclasses import replace
from decimal import Decimal

import pytest

from orderledger.projections.view import Row
from orderledger.simulation.market import OrderStatus, SimulatedInstrument, SimulatedOrder, step
from orderledger.simulation.servers import Faults
from orderledger.venues.hyperliquid.limits import HyperliquidLimits
from orderledger.venues.hyperliquid.vocabulary import cloid_for
from tests.seeds import few
from tests.venues.hyperliquid.harness import (
    ACCOUNT,
    ADDRESS,
    PACE,
    START,
    Harness,
    listening,
    made_up,
    polling,
)

INSTRUMENTS = [
    SimulatedInstrument(
        name="ETH", price=Decimal("2500.5"), tick=Decimal("0.1"), lot=Decimal("0.01")
    ),
    SimulatedInstrument(name="@107", price=Decimal("25"), tick=Decimal("0.01"), lot=Decimal("1")),
]
PATIENT = replace(PACE, hold=0.4)
"""Longer than a frame is late."""
ENDS = {
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELED: "canceled",
    OrderStatus.REJECTED: "rejected",
}


def status_of(order: SimulatedOrder, filled: Decimal, quantity: Decimal) -> str:
    """In the ledger's words. What a fill completes is filled, whatever ended it; without fills an
    expiry is one."""
    if filled >= quantity:
        return "filled"
    if len(order.legs) > 1 and order.status in (OrderStatus.REJECTED, OrderStatus.EXPIRED):
        return "canceled"  # or its own word: it depends on whether anybody saw the leg work
    if order.status is OrderStatus.EXPIRED:
        return "canceled" if order.filled else "expired"
    if order.status.is_ended:
        return ENDS[order.status]
    return "partially_filled" if filled else "new"


def truth_of(harness: Harness) -> dict[str, tuple[str, Decimal]]:
    """Of each order by its first id: its status, and what all its legs have filled.

    Orders that ended without a fill while nobody listened are known to nobody.
    """
    found = {}
    known = {name for row in harness.ledger.orders() for name in row["venue_order_ids"]}
    exchange = harness.server.exchange
    for order in exchange.orders(ADDRESS):
        if order.replaced_by is None:
            before = sum((exchange.order(leg).filled for leg in order.legs[:-1]), Decimal(0))
            filled = before + order.filled
            if filled or not order.status.is_ended or not known.isdisjoint(map(str, order.legs)):
                found[str(order.legs[0])] = (
                    status_of(order, filled, before + order.quantity),
                    filled,
                )
    return found


def recorded_in(harness: Harness) -> dict[str, tuple[str, Decimal]]:
    """The same by the ledger. An order appears under its first id even where that was never heard
    of."""
    exchange = harness.server.exchange
    found = {}
    for row in harness.ledger.orders():
        ids = {exchange.order(int(name)).legs[0] for name in row["venue_order_ids"]}
        status = (
            "canceled"
            if is_modified(harness, row) and row["status"] in ("rejected", "expired")
            else row["status"]
        )
        found[str(*ids)] = (status, row["cum_quantity"])
    assert len(found) == len(harness.ledger.orders()), "one order was taken for two"
    return found


def is_modified(harness: Harness, row: Row) -> bool:
    order = harness.server.exchange.order(int(row["venue_order_id"]))
    return order.replaced_by is not None or len(order.legs) > 1


async def reconcile(harness: Harness) -> None:
    """As the ledger's reconciliation does: fills, then the list, then each order that is open
    here."""
    harness.ledger.record_many((await harness.venue.fills_since(ACCOUNT, START)).messages)
    harness.ledger.record_many((await harness.venue.open_orders(ACCOUNT)).messages)
    rows: list[Row] = harness.ledger.open_orders()
    for row in rows:
        harness.ledger.record_many(await harness.venue.order(ACCOUNT, row) or ())


async def soak(seed: int, *, is_polled: bool, happenings: int) -> None:
    chance = random.Random(seed)
    faults = Faults(seed, drop=0.02, repeat=0.05, reorder=0.05, delay=0.05, malformed=0.02,
    lose_answer=0.05, server_error=0.05,
                    too_many_requests=0.05, delay_seconds=0.01)  # fmt: skip
    limits = (
        polling(weight_per_minute=1_000_000)
        if is_polled
        else HyperliquidLimits(weight_per_minute=1_000_000)
    )
    async with listening(
        made_up(faults=faults, weight=1_000_000), limits=limits, pace=PATIENT
    ) as harness:
        for _ in range(happenings):
            step(
                harness.server.exchange,
                chance,
                [ADDRESS],
                INSTRUMENTS,
                client_id=lambda number: cloid_for(f"C-{number}"),
            )
            await asyncio.sleep(0.001)
        faults.heal()
        await asyncio.sleep(2 * PATIENT.hold)
        for _ in range(3):
            await reconcile(harness)
        assert recorded_in(harness) == truth_of(harness)
        fills = {
            (row["venue_order_id"], row["quantity"], row["price"], row["at"])
            for row in harness.ledger.trades()
        }
        true = harness.server.exchange.fills(ADDRESS)
        assert fills == {(str(fill.order_id), fill.quantity, fill.price, fill.at) for fill in true}
        assert len(harness.ledger.trades()) == len(true)
        news = harness.recorded
        await reconcile(harness)
        assert harness.recorded == news


@pytest.mark.slow
@pytest.mark.parametrize("is_polled", [False, True], ids=["streamed", "polled"])
@pytest.mark.parametrize("seed", few(1, 3))
def test_whatever_goes_wrong_the_ledger_ends_with_what_is_true(seed: int, is_polled: bool) -> None:
    asyncio.run(soak(seed, is_polled=is_polled, happenings=100))


@pytest.mark.long
@pytest.mark.parametrize("is_polled", [False, True], ids=["streamed", "polled"])
@pytest.mark.parametrize("seed", range(10, 25))
def test_the_same_for_longer(seed: int, is_polled: bool) -> None:
    asyncio.run(soak(seed, is_polled=is_polled, happenings=1000))
