"""The weights of queries at Hyperliquid, as documented."""

import pytest

from orderledger.venues.hyperliquid.limits import (
    HyperliquidLimits,
    round_seconds,
    round_weight,
    weight_of,
    weight_of_rows,
)

WITH_ROWS = (
    *("historicalOrders", "userFills", "userFillsByTime", "userFunding"),
    "userNonFundingLedgerUpdates",
)


@pytest.mark.parametrize("question", WITH_ROWS)
@pytest.mark.parametrize(("rows", "weight"), [(0, 0), (1, 1), (20, 1), (21, 2), (2000, 100)])
def test_twenty_rows_weigh_one(question: str, rows: int, weight: int) -> None:
    assert (weight_of(question), weight_of_rows(question, rows)) == (20, weight)


@pytest.mark.parametrize(
    "question", ["clearinghouseState", "orderStatus", "spotClearinghouseState"]
)
def test_states_are_light_and_have_no_rows(question: str) -> None:
    assert (weight_of(question), weight_of_rows(question, 2000)) == (2, 0)


def test_other_queries_have_the_usual_weight() -> None:
    assert (weight_of("frontendOpenOrders"), weight_of_rows("frontendOpenOrders", 2000)) == (20, 0)


def test_all_accounts_are_polled_within_the_weight_of_a_minute() -> None:
    limits = HyperliquidLimits()
    assert limits.weight == 960
    assert round_weight(2) == 60
    assert round_seconds(16, 2, limits) == pytest.approx(60)


@pytest.mark.parametrize(
    ("accounts", "each", "expected"), [(3, 5, 3), (11, 5, 10), (5, 500, 2), (5, 1001, 0)]
)
def test_each_streamed_account_needs_a_connection_and_its_subscriptions(
    accounts: int, each: int, expected: int
) -> None:
    assert HyperliquidLimits().streams(accounts, each) == expected
