"""What each fill realized: by hand, and against the P&L of the whole."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from orderledger import Ledger
from orderledger.domain.exact import EXACT, ZERO, total
from orderledger.projections import queries
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.positions import METHODS, Position, shown, terms_of
from orderledger.projections.sides import when
from orderledger.projections.trades import TRADES
from orderledger.projections.view import Row
from tests.core.contract.streams import START, fill, of_account, parsed, report, request
from tests.core.properties.profiles import quick
from tests.core.properties.test_grouped_pnl import Kept, account_events, instruments, trades

Numbers = tuple[str, ...]


def traded(
    number: int, side: str, quantity: str, price: str, **fields: Any
) -> list[dict[str, Any]]:
    order = f"C-{number}"
    return [
        request(order, number, side=side, **fields),
        fill(order, f"F-{number}", number + 0.5, side=side, quantity=quantity, price=price),
    ]


def shown_of(rows: list[Any]) -> list[Numbers]:
    names = (
        "position_quantity",
        "closed_quantity",
        "realized_pnl_average",
        "realized_pnl_fifo",
        "realized_pnl_lifo",
    )
    return [tuple(format(row[name], "f") for name in names) for row in rows]


def test_each_fill_has_what_it_realized_by_every_method(ledger: Ledger) -> None:
    """Bought 1 at 100 and 1 at 110; sold 1 at 120, then 3 at 90: through zero, 2 of them open a
    short position."""
    numbers = (("buy", "1", "100"), ("buy", "1", "110"), ("sell", "1", "120"), ("sell", "3", "90"))
    ledger.record_many(
        parsed(*(one for n, terms in enumerate(numbers) for one in traded(n, *terms)))
    )
    assert shown_of(ledger.pnl_of_fills()) == [
        ("1", "0", "0", "0", "0"),
        ("2", "0", "0", "0", "0"),
        ("1", "1", "15", "20", "10"),
        ("-2", "1", "-15", "-20", "-10"),
    ]


def test_inverse_instruments_and_multipliers_are_valued_as_defined(ledger: Ledger) -> None:
    """100 / 40,000 - 100 / 50,000 = 0.0005 for each contract that is sold and bought back."""
    terms = of_account(
        "instrument", 0, instrument="BTC-USD", multiplier="100", inverse=True, currency="BTC"
    )
    ledger.record_many(
        parsed(terms, *traded(1, "sell", "10", "40000"), *traded(2, "buy", "4", "50000"))
    )
    opened, closed = ledger.pnl_of_fills()
    assert (opened["realized_pnl_fifo"], closed["realized_pnl_fifo"]) == (0, Decimal("-0.002"))
    assert (closed["currency"], closed["closed_quantity"], closed["position_quantity"]) == (
        "BTC",
        4,
        -6,
    )


def test_a_late_fill_and_a_bust_change_what_others_realized(ledger: Ledger) -> None:
    ledger.record_many(parsed(*traded(1, "buy", "1", "100"), *traded(3, "sell", "1", "120")))
    assert [row["realized_pnl_average"] for row in ledger.pnl_of_fills()] == [0, 20]
    before = ledger.pnl_of_fills()[-1]["position"]
    ledger.record_many(parsed(*traded(2, "sell", "1", "105")))
    assert [row["realized_pnl_average"] for row in ledger.pnl_of_fills()] == [0, 5, 0]
    ledger.record_many(parsed(report("fill_busted", "C-1", 9, fill_id="F-1")))
    assert [row["realized_pnl_average"] for row in ledger.pnl_of_fills()] == [0, 0]
    assert [row["realized_pnl_average"] for row in ledger.pnl_of_fills(as_of=before)] == [0, 20]


def test_filters_choose_rows_and_strategies_have_positions_of_their_own(ledger: Ledger) -> None:
    """The strategies hold 1 and -1: together flat, and the second fill closes the first one's
    position only in the whole."""
    ledger.record_many(
        parsed(
            *traded(1, "buy", "1", "100", strategy="a"),
            *traded(2, "sell", "1", "120", strategy="b"),
            *traded(3, "buy", "1", "90"),
        )
    )
    assert [row["realized_pnl_average"] for row in ledger.pnl_of_fills()] == [0, 20, 0]
    assert [row["realized_pnl_average"] for row in ledger.pnl_of_fills(by_strategy=True)] == [
        0,
        0,
        0,
    ]
    assert [row["fill_id"] for row in ledger.pnl_of_fills(strategy="b")] == ["F-2"]
    assert [row["realized_pnl_average"] for row in ledger.pnl_of_fills(strategy="b")] == [0]
    since, until = START + timedelta(seconds=2), START + timedelta(seconds=3)
    assert [
        row["realized_pnl_average"] for row in ledger.pnl_of_fills(since=since, until=until)
    ] == [20]
    assert ledger.pnl_of_fills(instrument="ETH-USD") == []


def kept(entries: list[Row], defined: dict[tuple[str, str], Row]) -> Kept:
    return Kept(
        [
            {"client_order_id": "C", "liquidity": None, "stream": "a/C", "state": "active", **one}
            for one in entries
        ],
        defined,
    )


@pytest.mark.slow
@settings(quick, max_examples=300)
@given(some.lists(trades | trades | account_events, max_size=60), instruments)
def test_the_fills_of_a_position_add_up_to_its_realized_pnl(
    entries: list[Row], defined: dict[tuple[str, str], Row]
) -> None:
    source = kept(entries, defined)
    rows: list[Any] = list(queries.pnl_of_fills(source))
    assert [row["fill_id"] for row in rows] == [row["fill_id"] for row in source.rows(TRADES)]
    terms = {(row["account"], row["instrument"]): row for row in source.rows(INSTRUMENTS)}
    for key in {(row["account"], row["instrument"]) for row in rows}:
        position = Position(*key, terms_of(terms.get(key)))
        for entry in sorted(
            (one for table in source.kept.values() for one in table if "at" in one), key=when
        ):
            if (entry["account"], entry["instrument"]) == key:
                position.take(entry)
        for method, book in zip(METHODS, position.books, strict=True):
            added = total(
                row[f"realized_pnl_{method}"]
                for row in rows
                if (row["account"], row["instrument"]) == key
            )
            assert added == shown(position.terms.amount(book.realized))


@pytest.mark.slow
@settings(quick, max_examples=200)
@given(some.lists(trades, max_size=40))
def test_position_and_closed_quantity_follow_from_the_fills(entries: list[Row]) -> None:
    held: dict[tuple[str, str], Decimal] = {}
    for row in queries.pnl_of_fills(kept(entries, {})):
        key = (row["account"], row["instrument"])
        before = held.get(key, ZERO)
        change = row["quantity"] if row["side"] == "buy" else -row["quantity"]
        held[key] = EXACT.add(before, change)
        is_closing = before * change < 0
        assert row["position_quantity"] == held[key]
        assert row["closed_quantity"] == (min(abs(before), abs(change)) if is_closing else 0)


def test_fills_by_strategy_add_up_to_pnl_by_strategy(ledger: Ledger) -> None:
    sides = ("buy", "buy", "sell", "sell", "sell", "buy")
    for number, side in enumerate(sides * 5):
        strategy = {"strategy": f"s{number % 3}"} if number % 3 else {}
        ledger.record_many(
            parsed(*traded(number, side, f"{1 + number % 4}", f"{90 + number % 7}.3", **strategy))
        )
        if number % 10 == 7:
            ledger.record_many(
                parsed(
                    of_account(
                        "adjust",
                        number + 0.7,
                        instrument="BTC-USD",
                        quantity="2",
                        price="95",
                        reason="x",
                    )
                )
            )
    rows = ledger.pnl_of_fills(by_strategy=True)
    for row in ledger.pnl(by=("account", "instrument", "strategy")):
        added = total(
            one["realized_pnl_average"] or Decimal(0)
            for one in rows
            if one["strategy"] == row.get("strategy")
        )
        assert added == row["realized_pnl"]
