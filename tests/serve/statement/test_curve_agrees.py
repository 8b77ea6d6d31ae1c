"""The curve agrees with `pnl` to the last digit, at its end and at every moment, and keeps its
extremes when it is thinned."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.domain.exact import EXACT
from orderledger.projections.positions import METHODS
from orderledger.serve.statement.equity import equity_of
from tests.core.contract.streams import START, opened, parsed
from tests.core.equity.books import MAIN, at, last_of, recorded, seeded
from tests.core.equity.of_events import story

FACTS = 400
FILTERS: list[dict[str, Any]] = [
    {},
    {"account": MAIN},
    {"instrument": "XBT-PERP"},
    {"account": MAIN, "instrument": "BTC-EUR"},
]


@pytest.fixture
def ledger(durable_store_url: str) -> Iterator[Ledger]:
    with recorded(*seeded(7, FACTS), url=durable_store_url) as ledger:
        yield ledger


def test_the_last_point_is_what_pnl_adds_up_to(ledger: Ledger) -> None:
    for method in METHODS:
        for filters in FILTERS:
            rows = ledger.equity(method=method, **filters)
            expected = equity_of(ledger.pnl(method=method, **filters))
            assert None not in expected.values()
            assert {
                currency: last_of(rows, currency)["equity"] for currency in expected
            } == expected


@pytest.mark.slow
def test_each_moment_is_what_pnl_says_as_of_then() -> None:
    with recorded(*seeded(11, FACTS)) as ledger:
        assert {"bust", "correction"} <= {row["kind"] for row in ledger.equity(points=None)}
        rows = {
            row["at"]: row for row in ledger.equity(points=None) if row["currency"] == "USD"
        }  # the last of each moment
        for at in sorted(rows)[:: len(rows) // 25]:
            assert rows[at]["equity"] == equity_of(ledger.pnl(effective_at=at))["USD"]
            assert ledger.equity(points=None, effective_at=at)[-1]["at"] <= at


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 5, 11])
def test_the_curve_and_the_statement_say_the_same_of_every_moment(seed: int) -> None:
    """With busts and corrections, of now and as of an earlier log position."""
    with recorded(*seeded(seed, FACTS // 2)) as ledger:
        for position in (None, ledger.log.position() // 2, ledger.log.position() - 1):
            for account in (None, MAIN):
                asked: dict[str, Any] = {"as_of": position, "account": account}
                curve = {
                    (row["currency"], row["at"]): row["equity"]
                    for row in ledger.equity(points=None, **asked)
                    if row["currency"] is not None
                }
                statement = ledger.statement(at(-2), at(100_000), **asked)
                said = {
                    (one.currency, when): equity
                    for one in statement.curves
                    for when, equity, _ in one.points
                }
                assert len(curve) > FACTS // 20
                assert curve == {key: said[key] for key in curve}


def test_the_statement_counts_splits_settlements_and_renames(durable_store_url: str) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*story()))
        begin = START.replace(minute=0)
        ends = [begin + timedelta(hours=number) for number in range(1, 5)]
        statement = ledger.statement(begin, ends[-1])
        rows = {row["at"]: row["equity"] for row in statement["equity"].rows}
        for end in ends:
            before = ledger.equity(points=None, effective_at=end - timedelta(microseconds=1))
            assert rows[end] == before[-1]["equity"], end
        (summary,) = statement["summary"].rows
        assert summary["equity_end"] == rows[ends[-1]] == 137
        assert summary["drawdown"] == max(row["drawdown"] or 0 for row in ledger.equity())


def test_peaks_and_drawdowns_follow_from_the_equities(ledger: Ledger) -> None:
    for currency in ("USD", "EUR", "BTC"):
        peak = Decimal(0)
        for row in ledger.equity(points=None):
            if row["currency"] == currency and row["equity"] is not None:
                assert row["peak"] is not None
                peak = max(peak, row["equity"])
                assert row["drawdown"] == EXACT.subtract(row["peak"], row["equity"]) >= 0
                assert row["peak"] >= peak  # or a mark between two points was higher
                peak = row["peak"]


@pytest.mark.parametrize("points", [5, 17, 60])
def test_a_thinned_curve_keeps_its_ends_its_extremes_and_its_largest_drawdown(
    points: int, ledger: Ledger
) -> None:
    every, thinned = ledger.equity(points=None), ledger.equity(points=points)
    for currency in ("USD", "EUR", "BTC"):
        whole = [row for row in every if row["currency"] == currency]
        part = [row for row in thinned if row["currency"] == currency]
        assert len(part) <= points < len(whole)
        assert [_without_count(row) for row in part] == [
            row for row in map(_without_count, whole) if row in map(_without_count, part)
        ]
        assert _without_count(part[-1]) == _without_count(whole[-1])
        assert _without_count(part[0]) == _without_count(whole[0])
        for name in ("equity", "drawdown"):
            assert max(row[name] or 0 for row in part) == max(row[name] or 0 for row in whole)
        assert min(row["equity"] or 0 for row in part) == min(row["equity"] or 0 for row in whole)
        assert sum(row["moments"] for row in part) == sum(row["moments"] for row in whole)


def test_a_curve_of_a_strategy_has_its_own_trades_only(ledger: Ledger) -> None:
    assert ledger.equity(strategy="nobody") == []


def _without_count(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "moments"}
