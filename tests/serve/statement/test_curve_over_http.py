"""`GET /api/equity` and `orderledger equity` show what `Ledger.equity` answers, bounded and in
pages."""

import json
import subprocess
import sys
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.views.queries import Queries
from orderledger.infrastructure.views.questions import parameters_of
from orderledger.projections.equity import POINTS
from orderledger.projections.equity_points import FEWEST_POINTS
from orderledger.serve.statement.equity import equity_of
from tests.command_line import run
from tests.core.equity.books import defined, fill, mark, recorded
from tests.serve.http.harness import asked, day

TRADES = 30


@pytest.fixture
def ledger(durable_store_url: str) -> Any:
    with recorded(*_books(), url=durable_store_url) as ledger:
        yield ledger


def _books() -> list[Any]:
    prices = (100 + number * 7 % 13 for number in range(TRADES))
    fills = [
        fill(number, ("buy", "sell")[number % 2], "1", str(price), number)
        for number, price in enumerate(prices)
    ]
    terms = [
        defined(name, account=f"sim:{number}")
        for number in range(3)
        for name in ("BTC-USD", "ETH-USD")
    ]
    marks = [
        mark("64500", 1, name, f"sim:{number}")
        for number in range(3)
        for name in ("BTC-USD", "ETH-USD")
    ]
    return [defined("BTC-USD"), mark("100", -1), *fills, *terms, *marks, *day()]


def test_the_command_and_the_list_have_the_rows_of_python(
    ledger: Ledger, durable_store_url: str
) -> None:
    rows = ledger.equity(account="sim:main", method="fifo")
    (answer,) = asked(ledger, "/api/equity?account=sim:main&method=fifo&limit=5000")
    printed = run(
        "equity", "--account", "sim:main", "--method", "fifo", "--json", "--db", durable_store_url
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["rows"] == [json.loads(line) for line in printed.out.splitlines()]
    assert [(row["fill_id"], row["equity"]) for row in answer.json()["rows"]] == [
        (row["fill_id"], f"{row['equity']:f}") for row in rows
    ]
    assert len(rows) == TRADES


def test_pages_add_up_and_columns_are_chosen(ledger: Ledger) -> None:
    first, whole = asked(
        ledger,
        "/api/equity?limit=7&columns=at,equity&count=true",
        "/api/equity?limit=5000&columns=at,equity",
    )
    assert set(first.json()["rows"][0]) == {"at", "equity"}
    (second,) = asked(
        ledger, f"/api/equity?limit=5000&columns=at,equity&after={first.json()['after']}"
    )
    assert first.json()["rows"] + second.json()["rows"] == whole.json()["rows"]
    assert first.json()["count"] == len(whole.json()["rows"]) == len(ledger.equity())


def test_a_bounded_answer_says_what_it_leaves_out(ledger: Ledger) -> None:
    (answer,) = asked(ledger, "/api/equity?account=sim:main&points=9")
    rows = answer.json()["rows"]
    assert len(rows) <= 9
    assert sum(row["moments"] for row in rows) == TRADES
    assert max(row["moments"] for row in rows) > 1


def test_a_strategy_has_a_curve_of_its_own_trades(ledger: Ledger) -> None:
    for strategy in ("s0", "s1"):
        (answer,) = asked(ledger, f"/api/equity?strategy={strategy}")
        expected = equity_of(ledger.pnl(strategy=strategy))["USD"]
        assert answer.json()["rows"][-1]["equity"] == f"{expected:f}"
        fills = {row["fill_id"] for row in answer.json()["rows"]} - {None}
        assert fills == {row["fill_id"] for row in ledger.trades(strategy=strategy)}


def test_a_past_moment_and_a_period_are_taken_as_by_other_lists(ledger: Ledger) -> None:
    then, period = asked(
        ledger,
        "/api/equity?account=sim:main&effective_at=2026-11-20T09:00:09.5Z",
        "/api/equity?account=sim:main&since=2026-11-20T09:00:05Z&until=2026-11-20T09:00:10Z",
    )
    assert [row["fill_id"] for row in then.json()["rows"]] == [
        f"F-{number}" for number in range(10)
    ]
    assert [row["fill_id"] for row in period.json()["rows"]] == [
        f"F-{number}" for number in range(5, 10)
    ]
    assert period.json()["rows"][-1] == then.json()["rows"][-1]


@pytest.mark.parametrize(
    "wrong",
    ["points=4", "points=100001", "points=few", "method=best", "order=desc", "until=2026-11-20"],
)
def test_a_wrong_parameter_is_a_problem_that_names_it(wrong: str, ledger: Ledger) -> None:
    (answer,) = asked(ledger, f"/api/equity?{wrong}")
    assert (answer.status_code, answer.json()["field"]) == (400, wrong.partition("=")[0])


def test_the_bounds_of_the_command_are_those_of_the_curve_and_cost_no_start() -> None:
    (points,) = (one for one in parameters_of(Queries.equity) if one.name == "points")
    assert (points.least, points.default) == (FEWEST_POINTS, POINTS)
    ask = (
        "import sys, orderledger.cli.main; print(*(name for name in sys.modules if "
        "name.startswith('orderledger.projections')))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", ask], capture_output=True, text=True, check=True
        ).stdout
        == "\n"
    )


def test_the_command_is_bounded_unless_all_is_asked_for(
    ledger: Ledger, durable_store_url: str
) -> None:
    few = run(
        "equity", "--points", "5", "--account", "sim:main", "--json", "--db", durable_store_url
    )
    every = run("equity", "--all", "--account", "sim:main", "--json", "--db", durable_store_url)
    assert len(few.out.splitlines()) <= 5
    assert len(every.out.splitlines()) == TRADES < POINTS
    assert run("equity", "--points", "4", "--db", durable_store_url).status == 2
