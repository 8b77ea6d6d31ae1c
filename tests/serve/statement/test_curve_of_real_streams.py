"""The curve of recorded order flow agrees with `pnl`, and with the analysis `equity` in SQL up to
its rounding."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from orderledger.projections.positions import METHODS
from orderledger.serve.statement.equity import equity_of
from tests.core.equity.books import last_of
from tests.real.test_recorded_flow import messages_of

pytestmark = pytest.mark.shared

SOURCE = "LOBSTER_AAPL"
MARK_EVERY = 50


@pytest.fixture(scope="module", params=[3_000, pytest.param(0, marks=pytest.mark.long)])
def ledger(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ledger]:
    """The flow with a definition of its instrument, and a mark at the price of each fiftieth
    order."""
    shared: Path = request.getfixturevalue("shared")
    told = messages_of(SOURCE, shared, *(("--limit", str(request.param)) if request.param else ()))
    first = next(one for one in told if "instrument" in one)
    place = {"account": first["account"], "instrument": first["instrument"], "at": first["at"]}
    messages: list[dict[str, Any]] = [
        {"type": "instrument", **place, "currency": "USD"},
        {"type": "mark", **place, "price": first["limit_price"]},
    ]
    for number, one in enumerate(told):
        messages.append(one)
        if number % MARK_EVERY == 1 and "limit_price" in one:
            messages.append({"type": "mark", **place, "at": one["at"], "price": one["limit_price"]})
    with Ledger.open(tmp_path_factory.mktemp("flow") / "ledger.db", synchronous="OFF") as ledger:
        ledger.record_many(map(parse_document, messages))
        yield ledger


def test_it_ends_where_pnl_does_by_every_method(ledger: Ledger) -> None:
    for method in METHODS:
        expected = equity_of(ledger.pnl(method=method))
        assert last_of(ledger.equity(method=method), "USD")["equity"] == expected["USD"] is not None


def test_the_analysis_agrees_at_the_end_of_each_hour(ledger: Ledger) -> None:
    by_hour: dict[str, Any] = {}
    deepest: dict[str, float] = {}
    for row in ledger.equity(points=None):
        hour = row["at"].strftime("%Y-%m-%d %H:00")
        by_hour[hour] = row
        deepest[hour] = max(deepest.get(hour, 0.0), float(row["drawdown"] or 0))
    table = ledger.tables.analyse("equity", by=("account", "hour")).to_arrow().to_pylist()
    assert {row["hour"] for row in table} >= set(by_hour)
    for row in table:
        if row["hour"] in by_hour:
            point = by_hour[row["hour"]]
            for name in ("equity", "peak", "drawdown"):
                assert float(point[name]) == pytest.approx(row[name], abs=1e-5), (row["hour"], name)
            assert deepest[row["hour"]] == pytest.approx(row["drawdown_most"], abs=1e-5)
    fills = [row for row in ledger.equity(points=None) if row["kind"] == "fill"]
    assert len(fills) == len([row for row in ledger.trades() if row["side"]]) > 100
