"""A month of an account closes to the wallet of the simulated venue, to the last digit: through
collectors that are killed, times without a feed, and transfers that arrive late."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from orderledger import Adjust, Side, Transfer
from orderledger.extend.values import EXACT
from orderledger.simulation.market import FeeSchedule
from orderledger.simulation.market.wallet import wallet_of
from orderledger.simulation.servers.keyed import DEPOSIT
from orderledger.testing import VenueHarness
from orderledger.testing.harness import RULES, START
from orderledger.venues.collecting.collector import Collector
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.harness import every_venue, played

ROUNDED = FeeSchedule(maker=Decimal("0.00015"), taker=Decimal("0.00045"), decimals=6)
"""Hyperliquid prints fees to six decimals."""
PARTS = 21
PART = timedelta(days=1, hours=11)
"""Between two runs of the collector, one of two of which may be killed: Nobitex lists the fills of
three days."""
SPOT = ("invex", "nobitex", "wallex")


def totals(harness: VenueHarness) -> dict[str, Decimal]:
    return {row["currency"]: row["total"] for row in harness.ledger.balances() if row["total"]}


def held(harness: VenueHarness) -> dict[str, Decimal]:
    return wallet_of(harness.exchange, harness.there, harness.exchange.currency)


async def part_of_month(harness: VenueHarness, *, is_killed: bool) -> None:
    """Run a collector of its own. `is_killed`: it stops somewhere in the middle."""
    random = Random(1)
    harness.venue = harness.under_test.connect(
        harness.server, BookRecords(harness.ledger), harness.clock, random
    )
    every = timedelta(milliseconds=100)
    collector = Collector(
        harness.ledger, [harness.venue], harness.clock, rules=RULES, every=every, retry_seconds=0.01
    )
    counters, stop = collector.counters[harness.account], asyncio.Event()
    running = asyncio.create_task(collector.run(stop))
    await harness.until(lambda: counters.is_up)
    harness.happen(8)
    if is_killed:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    else:
        await harness.settle(counters)
        stop.set()
        await running
    await harness.venue.aclose()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hyperliquid", "nobitex", "wallex"])
def test_a_month_closes_to_the_wallet(name: str) -> None:
    async def story(harness: VenueHarness) -> None:
        chance, exchange = Random(1), harness.exchange
        currencies = {"USDC", "HYPE"}
        if name in SPOT:
            currencies = {
                one for it in harness.under_test.instruments for one in it.name.split("/")
            }
            opening = [
                Adjust(
                    account=harness.account,
                    currency=one,
                    amount=DEPOSIT,
                    reason="opening",
                    at=START,
                )
                for one in sorted(currencies)
            ]
            harness.ledger.record_many(opening)
        else:
            exchange.fees = ROUNDED
        late: list[Transfer] = []
        is_killed = False
        for _ in range(PARTS):
            currency = chance.choice(sorted(currencies))
            moved = exchange.transfer(
                harness.there, currency, Decimal(chance.randint(-9999, 9999)).scaleb(-3)
            )
            if name in SPOT:  # the venue reports none: somebody records it, later
                late.append(
                    Transfer(
                        account=harness.account,
                        currency=currency,
                        amount=moved.amount,
                        kind=moved.kind,
                        venue_id=str(moved.transfer_id),
                        at=moved.at,
                    )
                )
            harness.happen(8)
            is_killed = not is_killed and chance.random() < 0.5
            await part_of_month(harness, is_killed=is_killed)
            harness.happen(5)
            harness.clock.set(harness.clock.now() + PART)
        chance.shuffle(late)
        harness.ledger.record_many([*late, *late[:2]])
        await part_of_month(harness, is_killed=False)
        start = DEPOSIT if name in SPOT else Decimal(0)
        wallet = {one: EXACT.add(amount, start) for one, amount in held(harness).items()}
        assert len(exchange.fills(harness.there)) > 20
        assert totals(harness) == {one: amount for one, amount in wallet.items() if amount}

    played(name, story)


@pytest.mark.parametrize("name", SPOT)
def test_a_round_trip_at_spot_with_the_fee_in_the_coin_ends_flat(name: str) -> None:
    async def story(harness: VenueHarness) -> None:
        instrument = harness.under_test.instruments[0]
        bought = harness.exchange.fill(harness.place())
        rest = bought.quantity - bought.fee
        harness.exchange.fill(harness.place(side=Side.SELL, quantity=rest))
        harness.clock.set(harness.clock.now() + timedelta(minutes=1))  # no fill is near
        async with harness.collected() as counters:
            await harness.settle(counters)
        (row,) = harness.ledger.pnl(instrument=instrument.name)
        base, quote = instrument.name.split("/")
        wallet = held(harness)
        assert (row["position_quantity"], wallet[base]) == (0, 0)
        closed = totals(harness)  # reconciliation has taken over what was held before
        assert {one: EXACT.subtract(closed[one], DEPOSIT) for one in (base, quote)} == wallet

    played(name, story)


@every_venue
def test_an_adapter_says_whether_it_reads_transfers(name: str) -> None:
    """In each certificate."""

    async def story(harness: VenueHarness) -> None:
        async with harness.collected() as counters:
            await harness.settle(counters)
        (certificate, *_) = harness.ledger.reconciliations.certificates()
        unread = "transfers" in (certificate["not_reported"] or [])
        assert unread == (name not in ("ccxt", "hyperliquid", "tradier"))

    played(name, story)
