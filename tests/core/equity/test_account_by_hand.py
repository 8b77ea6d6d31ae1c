"""The equity curve of an account, worked out by hand."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import permutations

import pytest

from orderledger import InvalidQuery, Ledger
from tests.core.contract.streams import fill, of_account, opened, parsed

FIGURES = ("kind", "equity", "peak", "drawdown", "reason")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with opened("memory://") as ledger:
        yield ledger


def test_deposits_move_the_peak_and_coins_count_at_their_marks(ledger: Ledger) -> None:
    ledger.record_many(
        parsed(
            of_account("instrument", 0, instrument="BTC-USD", kind="spot", base="BTC", quote="USD"),
            of_account("instrument", 0, instrument="PERP", kind="margined", settlement="USD"),
            of_account("adjust", 1, currency="USD", amount="1000", reason="opening_balance"),
            of_account("mark", 2, instrument="BTC-USD", price="100"),
            fill(
                None,
                "1",
                3,
                venue_order_id="V-1",
                quantity="5",
                price="100",
                fee="2",
                fee_currency="USD",
            ),
            of_account("transfer", 4, currency="USD", amount="500", kind="deposit"),
            of_account("mark", 5, instrument="BTC-USD", price="90"),
            fill(None, "2", 6, venue_order_id="V-2", instrument="PERP", quantity="1", price="50"),
            of_account("mark", 7, instrument="PERP", price="58"),
            of_account("transfer", 8, currency="USD", amount="-100", kind="withdrawal"),
            of_account("transfer", 9, currency="USD", amount="-3", kind="interest"),
        )
    )
    found = [
        tuple(row[name] for name in FIGURES)  # type: ignore[literal-required]
        for row in ledger.equity(in_currency="USD")
    ]
    # 1000 - 500 - 2 + 5 x 100 = 998; + 500 = 1498, of which 2 below the peak; 5 x 90: 50 less;
    # the mark of the future adds 8; the withdrawal moves both; interest is a result
    assert found == [
        ("adjust", 1000, 1000, 0, None),
        ("fill", 998, 1000, 2, None),
        ("transfer", 1498, 1500, 2, None),
        ("mark", 1448, 1500, 52, None),
        ("fill", None, 1500, None, "no_mark:PERP"),
        ("mark", 1456, 1500, 44, None),
        ("transfer", 1356, 1400, 44, None),
        ("transfer", 1353, 1400, 47, None),
    ]
    assert {row["basis"] for row in ledger.equity(in_currency="USD")} == {"account"}
    assert {row["basis"] for row in ledger.equity()} == {"pnl"}


def test_an_account_without_an_opening_balance_says_so(ledger: Ledger) -> None:
    ledger.record_many(parsed(fill(None, "1", 3, venue_order_id="V-1", quantity="5", price="100")))
    (row,) = ledger.equity(in_currency="USD")
    assert (row["equity"], row["reason"]) == (None, "no_opening_balance")
    for other in ({"instrument": "BTC-USD"}, {"strategy": "s"}, {"method": "fifo"}):
        with pytest.raises(InvalidQuery, match="does not go with in_currency"):
            ledger.equity(in_currency="USD", **other)  # type: ignore[arg-type]
    with pytest.raises(InvalidQuery, match="go with in_currency"):
        ledger.equity(parities=["USDT=USD"])


@pytest.mark.parametrize("order", [*permutations(range(4))])
def test_all_points_of_one_time_have_its_valuation_however_they_were_recorded(
    ledger: Ledger, order: tuple[int, ...]
) -> None:
    spot = {"instrument": "BTCUSDT", "kind": "spot", "base": "BTC", "quote": "USDT"}
    facts = (
        of_account("mark", 1, instrument="BTCUSDT", price="100"),
        of_account("adjust", 1, currency="BTC", amount="2", reason="opening_balance"),
        of_account("adjust", 1, currency="USDT", amount="1000", reason="opening_balance"),
        of_account("transfer", 1, currency="BTC", amount="1", kind="deposit"),
    )
    ledger.record_many(parsed(of_account("instrument", 0, **spot)))
    for number in order:
        ledger.record_many(parsed(facts[number]))
    rows = ledger.equity(in_currency="USDT")
    assert [(row["equity"], row["peak"], row["drawdown"]) for row in rows] == [(1300, 1300, 0)] * 3
    assert sorted(row["kind"] for row in rows) == ["adjust", "adjust", "transfer"]
    marks = [of_account("mark", 2, instrument="BTCUSDT", price=price) for price in ("50", "200")]
    later = of_account("transfer", 2, currency="BTC", amount="1", kind="deposit")
    ledger.record_many(parsed(*marks, later))
    (row,) = ledger.equity(in_currency="USDT")[3:]
    # the deposit is worth 200 by the last mark: the gain of 3 x 100 is a new peak
    assert (row["equity"], row["peak"], row["drawdown"]) == (1800, 1800, 0)


def test_the_equity_has_every_digit(ledger: Ledger) -> None:
    ledger.record_many(
        parsed(
            of_account("instrument", 0, instrument="PERP", kind="margined", settlement="USD"),
            of_account("adjust", 1, currency="USD", amount="0.1", reason="opening_balance"),
            fill(None, "1", 2, venue_order_id="V-1", instrument="PERP", quantity="1", price="0.3"),
            fill(
                None,
                "2",
                3,
                venue_order_id="V-2",
                instrument="PERP",
                side="sell",
                quantity="1",
                price="0.1",
            ),
        )
    )
    assert ledger.equity(in_currency="USD")[-1]["equity"] == Decimal("-0.1")
