"""What was held before the first of some fills: `startPosition` says how much, `closedPnl` what it
had cost."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger.simulation.hyperliquid import rows as venue_rows
from orderledger.simulation.market import ExchangeSimulator
from orderledger.simulation.market.rows import SimulatedPosition
from orderledger.testing import VenueHarness
from orderledger.testing.harness import RULES
from orderledger.venues.base.venue import PriorPosition
from orderledger.venues.hyperliquid.opening import prior_positions
from tests.seeds import few
from tests.venues.harness import played
from tests.venues.hyperliquid.harness import ADDRESS
from tests.venues.hyperliquid.payloads import POLLED, T, fill, moment
from tests.venues.hyperliquid.test_sequence import as_text, trading
from tests.venues.test_reconciling import open_breaks, reconciled


def held(*rows: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [
        (one.instrument, str(one.quantity), None if one.price is None else str(one.price))
        for one in prior_positions(list(rows), POLLED)
    ]


def test_a_long_position_cost_what_it_was_sold_for_less_what_it_won() -> None:
    row = fill(
        side="A", startPosition="0.5", sz="0.2", px="2499.0", closedPnl="-0.3", dir="Close Long"
    )
    assert held(row) == [("ETH", "0.5", "2500.5")]
    assert prior_positions([row], POLLED)[0].at == moment(T + 4000)


def test_a_short_position_cost_what_it_was_bought_back_for_and_what_it_won() -> None:
    assert held(fill(startPosition="-2", sz="2", px="90", closedPnl="20", dir="Close Short")) == [
        ("ETH", "-2", "100")
    ]


def test_what_was_added_before_the_first_close_is_taken_out_of_the_cost() -> None:
    """Two at 100, and one more at 130: three at 110, of which one is sold at 140."""
    rows = (
        fill(startPosition="2", sz="1", px="130", closedPnl="0.0", tid=1),
        fill(startPosition="3", side="A", sz="1", px="140", closedPnl="30", tid=2, time=T + 5000),
    )
    assert held(*rows) == held(*rows[::-1]) == [("ETH", "2", "100")]


def test_a_fill_through_zero_closes_what_was_held() -> None:
    row = fill(startPosition="1", side="A", sz="3", px="140", closedPnl="40", dir="Long > Short")
    assert held(row) == [("ETH", "1", "100")]


@pytest.mark.parametrize("won", [..., None, "much", []])
def test_without_a_word_on_what_was_won_the_cost_is_not_known(won: Any) -> None:
    assert held(fill(startPosition="1", side="A", sz="1", closedPnl=won)) == [("ETH", "1", None)]


def test_of_a_position_that_was_only_added_to_or_that_began_then_no_cost_is_told() -> None:
    assert held(fill(startPosition="1", sz="1"), fill(startPosition="0.0", coin="BTC")) == [
        ("ETH", "1", None),
        ("BTC", "0.0", None),
    ]


def test_rows_that_cannot_be_read_are_passed_over() -> None:
    odd: list[Any] = [
        7,
        {},
        fill(startPosition="x"),
        fill(sz=None),
        fill(coin=5),
        fill(time="soon"),
        fill(px="-1"),
        fill(side="X"),
    ]
    assert held(*odd) == []
    assert held(*odd, fill(startPosition="3", sz="1", time=T + 9)) == [("ETH", "3", None)]


def at_the_cut(exchange: ExchangeSimulator, first: int) -> dict[str, SimulatedPosition]:
    """What was held of each coin that is traded from this fill on."""
    held_then: dict[str, SimulatedPosition] = {}
    for number, one in enumerate(exchange.fills(ADDRESS)):
        known = held_then.setdefault(
            one.instrument, SimulatedPosition(account=ADDRESS, instrument=one.instrument)
        )
        if number < first:
            held_then[one.instrument] = known.after(one.signed_quantity, one.price)
    later = {one.instrument for one in exchange.fills(ADDRESS)[first:]}
    return {coin: position for coin, position in held_then.items() if coin in later}


@pytest.mark.parametrize("seed", few(4, 12))
def test_wherever_a_history_is_cut_what_was_held_then_is_found_in_what_follows(seed: int) -> None:
    exchange = trading(seed)
    fills = exchange.fills(ADDRESS)
    cuts = [number for number in range(1, len(fills)) if fills[number].at > fills[number - 1].at]
    for first in cuts:
        rows = [as_text(venue_rows.fill(one)) for one in fills[first:]]
        found = {
            one.instrument: one for one in prior_positions(rows[:: 1 if seed % 2 else -1], POLLED)
        }
        expected = at_the_cut(exchange, first)
        assert {coin: one.quantity for coin, one in found.items()} == {
            coin: one.quantity for coin, one in expected.items()
        }
        for coin, one in found.items():
            assert_cost(one, expected[coin])


def assert_cost(found: PriorPosition, expected: SimulatedPosition) -> None:
    average = expected.average_price
    assert found.price is None or average is None or abs(found.price - average) < Decimal("1e-15")
    assert found.price is None or expected.quantity


@pytest.mark.parametrize(
    ("held_at_first", "left_now"), [("buy", "0"), ("sell", "0"), ("buy", "-0.02"), ("buy", "0.03")]
)
def test_an_account_that_held_something_before_the_first_run_has_the_venue_s_positions_and_profits(
    held_at_first: str, left_now: str
) -> None:
    """However much of it was closed since then."""

    async def story(harness: VenueHarness) -> None:
        exchange, there = harness.exchange, harness.there
        other = "sell" if held_at_first == "buy" else "buy"
        exchange.fill(
            exchange.place(
                there, instrument="ETH", side=held_at_first, quantity="0.05", limit_price=2400
            )
        )
        harness.clock.set(harness.clock.now() + timedelta(days=8))
        amounts = {"0": ("0.02", "0.03"), "-0.02": ("0.07",), "0.03": ("0.02",)}[left_now]
        for amount in amounts:
            exchange.fill(
                exchange.place(
                    there, instrument="ETH", side=other, quantity=amount, limit_price=2500
                )
            )
        assert open_breaks(await reconciled(harness, RULES)) == []
        (row,) = harness.ledger.pnl()
        assert row["position_quantity"] == exchange.position(there, "ETH").quantity
        assert row["realized_pnl"] == sum(one.realized for one in exchange.fills(there))
        assert (await reconciled(harness, RULES)).appended == 0

    played("hyperliquid", story)
