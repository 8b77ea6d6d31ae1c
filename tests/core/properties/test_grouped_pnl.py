"""P&L by strategy and day in one pass gives the same digits as with all entries and rows in
memory."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from orderledger.domain.orders.when import rank_of
from orderledger.projections import queries
from orderledger.projections.account_events import ACCOUNT_EVENTS
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.pnl import GROUPS
from orderledger.projections.positions import Method
from orderledger.projections.rates import RateRules
from orderledger.projections.trades import TRADES
from orderledger.projections.view import Row, RowType, Table
from tests.core.properties.profiles import many, quick
from tests.core.properties.stories import START
from tests.pnl_by_hand import pnl_of_all

BYS = [
    by
    for count in range(5)
    for by in combinations(GROUPS, count)
    if "strategy" in by or "day" in by
]
ACCOUNTS, NAMES = ("a:1", "a:2"), ("BTC-USD", "ETH-USD", "XBT")
numbers = some.decimals("0.001", "9999", places=3)
signed = some.decimals("-50", "50", places=2)
quantities = some.sampled_from((Decimal(1), Decimal(2), Decimal("1.50"))) | numbers
"""Few, so that positions become flat."""
places = {"account": some.sampled_from(ACCOUNTS), "instrument": some.sampled_from(NAMES)}
hours = some.integers(0, 80)
trades = some.fixed_dictionaries(
    {
        **places,
        "strategy": some.sampled_from((None, "s1", "s2")),
        "side": some.sampled_from(("buy", "sell")),
        "quantity": quantities,
        "price": numbers,
        "fee": some.none() | signed,
        "fee_currency": some.sampled_from((None, "USD", "BNB")),
        "fees": some.none(),
        "hour": hours,
        "kind": some.just("trade"),
    }
)
account_events = some.fixed_dictionaries(
    {
        **places,
        "kind": some.sampled_from(("funding", "adjust")),
        "quantity": some.just(Decimal(0)) | signed,
        "price": numbers,
        "currency": some.sampled_from(("USD", "BNB")),
        "state": some.none(),
        "hour": hours,
    }
)
definitions = some.fixed_dictionaries(
    {
        "multiplier": some.sampled_from((None, Decimal(1), Decimal("0.01"), Decimal(100))),
        "inverse": some.booleans(),
        "currency": some.sampled_from((None, "USD", "BTC")),
        "mark_price": some.none() | numbers,
        "kind": some.none(),
        "base": some.none(),
        "position_modes": some.none(),
    }
)
instruments = some.dictionaries(
    some.tuples(places["account"], some.sampled_from((*NAMES, "BNB-USD"))), definitions
)


NET = {"position_side": None, "position_id": None}


class Kept:
    """Rows in lists, as a ledger's views give them."""

    rate_rules = RateRules()

    def __init__(self, entries: list[Row], defined: dict[tuple[str, str], Row]) -> None:
        told = [
            {
                **entry,
                "position_side": None,
                "position_id": None,
                "rank": rank_of(n),
                "at": START + timedelta(hours=entry["hour"]),
                "position": n,
            }
            for n, entry in enumerate(entries)
        ]
        told.sort(key=lambda entry: (entry["at"], entry["position"]))
        self.kept: dict[str, list[Row]] = {
            TRADES.name: [
                {**entry, "fill_id": f"F-{entry['position']}"}
                for entry in told
                if entry["kind"] == "trade"
            ],
            ACCOUNT_EVENTS.name: [entry for entry in told if entry["kind"] != "trade"],
            INSTRUMENTS.name: [
                {"account": key[0], "instrument": key[1], **row} for key, row in defined.items()
            ],
        }

    def rows(self, table: Table[RowType], **_: Any) -> list[RowType]:
        return self.kept.get(table.name, [])

    def each(
        self, table: Table[RowType], *, columns: tuple[str, ...] | None = None, **_: Any
    ) -> Iterator[RowType]:
        for row in self.kept[table.name]:
            part: Any = row if columns is None else {name: row[name] for name in columns}
            yield part

    def last_marks(self, moment: datetime, account: str | None) -> list[Row]:
        raise AssertionError("P&L of all time needs no marks of earlier times")


def digits(rows: list[Row]) -> list[str]:
    """Exact: Decimal("1") and Decimal("1.0") differ. The plain way knows one position of an
    instrument."""
    sides = {"position_side", "position_id", "reason"}
    return [repr({name: value for name, value in row.items() if name not in sides}) for row in rows]


def check(entries: list[Row], defined: dict[tuple[str, str], Row], method: Method) -> None:
    source = Kept(entries, defined)
    of_trades, of_events, of_instruments = source.kept.values()
    for by in BYS:
        found = queries.pnl(source, method=method, by=by)
        assert digits(found) == digits(pnl_of_all(of_trades, of_events, of_instruments, by, method))


def traded(side: str, hour: int) -> Row:
    fee = {"fee": None, "fee_currency": None, "fees": None}
    place = {"account": "a:1", "instrument": "BTC-USD", "strategy": "s1"}
    return {
        **place,
        "side": side,
        "quantity": Decimal(1),
        "price": Decimal(100 + hour),
        **fee,
        "hour": hour,
        "kind": "trade",
    }


FLAT = [traded("buy", 1), traded("sell", 2)]
"""A position that needs no mark, where there is none."""


def many_stories(method: Method, profile: settings) -> None:
    @profile
    @example(FLAT, {})
    @given(some.lists(trades | trades | account_events, max_size=40), instruments)
    def run(entries: list[Row], defined: dict[tuple[str, str], Row]) -> None:
        check(entries, defined, method)

    run()


@pytest.mark.slow
@pytest.mark.parametrize("method", get_args(Method))
def test_one_pass_gives_the_digits_of_all_rows_at_once(method: Method) -> None:
    many_stories(method, settings(quick, max_examples=60))


@pytest.mark.long
@pytest.mark.parametrize("method", get_args(Method))
def test_one_pass_gives_them_for_thousands_of_stories(method: Method) -> None:
    many_stories(method, many)
