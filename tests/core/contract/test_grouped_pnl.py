"""P&L by strategy and day, of more rows than are read at once: the same digits from every store,
now and as of another time."""

from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from itertools import combinations
from typing import Any, get_args

import pytest

from orderledger import Ledger, parse_document
from orderledger.projections.pnl import GROUPS
from orderledger.projections.positions import Method
from tests.core.contract.streams import START, opened
from tests.pnl_by_hand import pnl_of_all

BYS = [
    by
    for count in range(5)
    for by in combinations(GROUPS, count)
    if "strategy" in by or "day" in by
]
FILLS = 1_300
INSTRUMENTS = ("BTC-USD", "ETH-USD", "äpfel", "zebra", "Zebra")


def messages() -> list[dict[str, Any]]:
    """Fills of several strategies over a week, with funding, adjustments, a bust, a correction,
    definitions and marks."""
    found: list[dict[str, Any]] = []
    for number in range(FILLS):
        at = (START + timedelta(minutes=7 * (number * 37 % FILLS))).isoformat()  # many come late
        order = {"account": f"sim:{number % 2}", "client_order_id": f"C-{number}"}
        terms = {"instrument": INSTRUMENTS[number % 5], "side": ("buy", "sell")[number % 7 % 2]}
        strategy = {"strategy": f"s{number % 3}"} if number % 3 else {}
        asked = {"quantity": "9", "order_type": "limit", "limit_price": "1"}
        found.append({"type": "request", **order, **terms, **strategy, **asked, "at": at})
        numbers = {"quantity": f"{1 + number % 9}.{number % 10}0", "price": f"{90 + number % 21}.5"}
        fee = (
            {"fee": f"0.{number % 9}", "fee_currency": ("USD", "BNB")[number % 2]}
            if number % 4
            else {}
        )
        found.append(
            {"type": "fill", **order, "fill_id": f"F-{number}", **numbers, **fee, "at": at}
        )
        if number % 100 == 50:
            place = {"account": order["account"], "instrument": terms["instrument"], "at": at}
            found.append({"type": "funding", **place, "amount": "-0.25", "currency": "USD"})
            found.append(
                {"type": "adjust", **place, "quantity": "3", "price": "99", "reason": "counted"}
            )
            found.append({"type": "fill_busted", **order, "fill_id": f"F-{number}", "at": at})
    for account in ("sim:0", "sim:1"):
        terms = {
            "account": account,
            "instrument": "BTC-USD",
            "currency": "USD",
            "multiplier": "0.1",
        }
        found.append({"type": "instrument", **terms, "at": START.isoformat()})
        found.append(
            {
                "type": "mark",
                "account": account,
                "instrument": "BTC-USD",
                "price": "101",
                "at": START.isoformat(),
            }
        )
        found.append(
            {
                "type": "mark",
                "account": account,
                "instrument": "BNB-USD",
                "price": "3",
                "at": START.isoformat(),
            }
        )
    return found


Rows = tuple[list[Any], list[Any], list[Any]]


def rows_of(ledger: Ledger) -> Rows:
    return ledger.trades(), ledger.log.account_events(), ledger.instruments()


@cache
def rows_in_memory() -> Rows:
    """The rows that every store has to have, of one ledger for all tests."""
    with opened("memory://") as ledger:
        ledger.record_many(map(parse_document, messages()))
        return rows_of(ledger)


OF_SIDES = {"position_side", "position_id", "reason"}


@cache
def expected_by(by: tuple[str, ...], method: Method) -> str:
    return repr(pnl_of_all(*rows_in_memory(), by, method))


def without_sides(rows: Iterable[Any]) -> list[Any]:
    """The plain way knows one position of an instrument."""
    return [{name: value for name, value in row.items() if name not in OF_SIDES} for row in rows]


@pytest.mark.slow
def test_grouped_pnl_has_the_digits_of_all_rows_at_once(ledger: Ledger) -> None:
    outcomes = ledger.record_many(map(parse_document, messages()))
    assert {outcome.outcome for outcome in outcomes} == {"recorded"}
    assert rows_of(ledger) == rows_in_memory()
    assert len(ledger.trades()) > 1_000
    last = outcomes[-1].position
    for method in get_args(Method):
        for by in BYS:
            assert repr(without_sides(ledger.pnl(by=by, method=method))) == expected_by(by, method)
        assert repr(without_sides(ledger.pnl(by=by, method=method, as_of=last))) == expected_by(
            by, method
        )


@pytest.mark.slow
def test_pnl_of_one_strategy_is_that_of_its_trades(ledger: Ledger) -> None:
    ledger.record_many(map(parse_document, messages()))
    trades, instruments = ledger.trades(strategy="s1", account="sim:1"), ledger.instruments()
    for method in get_args(Method):
        expected = pnl_of_all(trades, [], instruments, ("instrument", "strategy"), method)
        found = ledger.pnl(by=("instrument",), strategy="s1", account="sim:1", method=method)
        assert repr(without_sides(found)) == repr(
            [{name: row[name] for name in row if name != "strategy"} for row in expected]
        )
