"""Positions and P&L through the ledger itself: numbers worked out by hand, compared to the
digit."""

from datetime import timedelta
from itertools import permutations

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.projections.positions import Method
from tests.core.domain.positions import (
    METHODS,
    START,
    held_and_realized,
    of_account,
    pnl,
    record,
    trade,
    values,
)
from tests.scenarios import ACCOUNT, at, message

TWO_LOTS = (
    trade(1, "buy", "10", "100"),
    trade(2, "buy", "10", "110"),
    trade(3, "sell", "5", "120"),
    trade(4, "sell", "10", "90"),
)


# The methods


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("average", ("5", "105", "-75")),
        ("fifo", ("5", "110", "-50")),
        ("lifo", ("5", "100", "-100")),
    ],
)
def test_each_method_closes_its_own_lots(
    ledger: Ledger, method: Method, expected: tuple[str, ...]
) -> None:
    record(ledger, *TWO_LOTS)
    assert held_and_realized(ledger, method) == expected


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("average", ("-5", "105", "75")),
        ("fifo", ("-5", "110", "50")),
        ("lifo", ("-5", "100", "100")),
    ],
)
def test_a_short_position_is_the_mirror_of_a_long_one(
    ledger: Ledger, method: Method, expected: tuple[str, ...]
) -> None:
    mirror = {"buy": "sell", "sell": "buy"}
    record(
        ledger,
        *(
            {**told, "side": mirror[told["side"]], "client_order_id": mirror[told["side"]]}
            for told in TWO_LOTS
        ),
    )
    assert held_and_realized(ledger, method) == expected


@pytest.mark.parametrize("method", METHODS)
def test_fills_in_whatever_order_they_arrive_give_the_same_digits(method: Method) -> None:
    rows = []
    for shuffled in permutations(TWO_LOTS):
        with Ledger.open("memory://", clock=SteppingClock(START), update_views=False) as ledger:
            for told in shuffled:
                record(ledger, told)
                ledger.views.catch_up()
            rows.append(pnl(ledger, method))
    assert all(row == rows[0] for row in rows)


def test_an_average_that_has_no_end_is_shown_to_34_digits(ledger: Ledger) -> None:
    record(
        ledger,
        trade(1, "buy", "1", "100"),
        trade(2, "buy", "2", "100.5"),
        trade(3, "sell", "1", "101"),
    )
    assert held_and_realized(ledger) == (
        "2",
        "100.3333333333333333333333333333333",
        "0.6666666666666666666666666666666667",
    )


def test_a_position_closed_in_thirds_leaves_nothing_behind(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "1", "100"), trade(2, "buy", "2", "100.5"))
    record(ledger, *(trade(second, "sell", "1", "101") for second in (3, 4, 5)))
    assert held_and_realized(ledger) == ("0", "0", "2")


def test_the_whole_row_of_a_position(ledger: Ledger) -> None:
    record(
        ledger,
        of_account("instrument", currency="USD"),
        trade(1, "buy", "2", "100", fee="0.2", fee_currency="USD"),
        trade(2, "sell", "0.5", "110", fee="-0.05", fee_currency="USD"),
        of_account("funding", amount="-0.3", currency="USD", at=at(3)),
        of_account("mark", price="108", at=at(4)),
    )
    assert pnl(ledger) == {
        "account": ACCOUNT,
        "instrument": "BTC-USD",
        "position_side": "net",
        "position_id": "",
        "position_quantity": "1.5",
        "average_open_price": "100",
        "realized_pnl": "5",
        "fees": {"USD": "0.15"},
        "funding": {"USD": "-0.3"},
        "net_pnl": "4.55",
        "unrealized_pnl": "12",
        "mark_price": "108",
        "currency": "USD",
        "anomalies": [],
        "reason": None,
        "method": "average",
        "fills": 2,
        "bought_quantity": "2",
        "sold_quantity": "0.5",
    }


# Through zero


@pytest.mark.parametrize("method", METHODS)
def test_a_fill_through_zero_closes_and_reopens(ledger: Ledger, method: Method) -> None:
    record(
        ledger,
        of_account("instrument", currency="USD"),
        trade(1, "buy", "4", "100", fee="0.4", fee_currency="USD"),
        trade(2, "sell", "10", "110", fee="1", fee_currency="USD"),
    )
    assert values(
        pnl(ledger, method),
        "position_quantity",
        "average_open_price",
        "realized_pnl",
        "fees",
        "net_pnl",
        "fills",
    ) == (
        "-6",
        "110",
        "40",
        {"USD": "1.4"},
        "38.6",
        2,
    )


def test_a_fill_through_zero_closes_every_lot(ledger: Ledger) -> None:
    record(
        ledger,
        trade(1, "buy", "1", "100"),
        trade(2, "buy", "2", "106"),
        trade(3, "sell", "5", "110"),
    )
    for method in METHODS:
        assert held_and_realized(ledger, method) == ("-2", "110", "18")


def test_a_flat_position_has_no_open_price(ledger: Ledger) -> None:
    record(
        ledger,
        trade(1, "buy", "3", "100"),
        trade(2, "sell", "3", "101"),
        of_account("mark", price="500"),
    )
    assert values(
        pnl(ledger), "position_quantity", "average_open_price", "realized_pnl", "unrealized_pnl"
    ) == (
        "0",
        "0",
        "3",
        "0",
    )


# Instruments


def test_a_multiplier_turns_quantity_into_value(ledger: Ledger) -> None:
    record(
        ledger,
        of_account("instrument", multiplier="50", currency="USD"),
        trade(1, "buy", "2", "4000"),
        trade(2, "sell", "1", "4010"),
        of_account("mark", price="3999.5"),
    )
    assert values(pnl(ledger), "average_open_price", "realized_pnl", "unrealized_pnl") == (
        "4000",
        "500",
        "-25",
    )


INVERSE = (
    of_account("instrument", inverse=True, currency="BTC"),
    trade(1, "buy", "100", "10000"),
    trade(2, "buy", "100", "5000"),
    trade(3, "sell", "100", "8000"),
    of_account("mark", price="8000"),
)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("average", ("100", "6666.666666666666666666666666666667", "0.0025", "0.0025")),
        ("fifo", ("100", "5000", "-0.0025", "0.0075")),
        ("lifo", ("100", "10000", "0.0075", "-0.0025")),
    ],
)
def test_an_inverse_position_is_held_at_the_harmonic_price(
    ledger: Ledger, method: Method, expected: tuple[str, ...]
) -> None:
    record(ledger, *INVERSE)
    names = ("position_quantity", "average_open_price", "realized_pnl", "unrealized_pnl")
    assert values(pnl(ledger, method), *names) == expected


def test_an_inverse_short_gains_when_the_price_falls(ledger: Ledger) -> None:
    instrument = of_account("instrument", inverse=True, multiplier="10", currency="BTC")
    record(ledger, instrument, trade(1, "sell", "100", "10000"), trade(2, "buy", "100", "8000"))
    assert held_and_realized(ledger) == ("0", "0", "0.025")


def test_an_instrument_defined_after_its_fills_restates_the_position(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "2", "4000"), trade(2, "sell", "1", "4010"))
    assert held_and_realized(ledger) == ("1", "4000", "10")
    record(ledger, of_account("instrument", multiplier="50", currency="USD"))
    assert held_and_realized(ledger) == ("1", "4000", "500")


# What comes late, and what is taken back


@pytest.mark.parametrize(
    ("method", "expected"),
    [("average", ("1", "95", "15")), ("fifo", ("1", "100", "20")), ("lifo", ("1", "90", "10"))],
)
def test_a_fill_that_comes_late_takes_its_place_in_time(
    ledger: Ledger, method: Method, expected: tuple[str, ...]
) -> None:
    record(ledger, trade(10, "buy", "1", "100"), trade(20, "sell", "1", "110"))
    assert held_and_realized(ledger, method) == ("0", "0", "10")
    record(ledger, trade(5, "buy", "1", "90"))
    assert held_and_realized(ledger, method) == expected


def test_fills_at_one_time_are_taken_in_the_order_of_the_log(ledger: Ledger) -> None:
    record(
        ledger,
        trade(1, "buy", "1", "100"),
        trade(2, "buy", "1", "90", at=at(1)),
        trade(3, "sell", "1", "110"),
    )
    assert held_and_realized(ledger, "fifo") == ("1", "90", "10")


@pytest.mark.parametrize("method", METHODS)
def test_a_busted_fill_never_happened(ledger: Ledger, method: Method) -> None:
    record(
        ledger,
        trade(1, "buy", "2", "100", fee="1", fee_currency="USD"),
        trade(2, "sell", "1", "110"),
    )
    assert held_and_realized(ledger, method) == ("1", "100", "10")
    record(ledger, message("fill_busted", client_order_id="C-sell", fill_id="F-2"))
    assert values(
        pnl(ledger, method), "position_quantity", "realized_pnl", "fees", "fills", "sold_quantity"
    ) == (
        "2",
        "0",
        {"USD": "1"},
        1,
        "0",
    )
    assert [row["fill_id"] for row in ledger.trades()] == ["F-1"]
    assert [(row["fill_id"], row["state"]) for row in ledger.trades(include_busted=True)] == [
        ("F-1", "active"),
        ("F-2", "busted"),
    ]


def test_a_position_whose_only_fill_was_busted_is_gone(ledger: Ledger) -> None:
    record(
        ledger,
        trade(1, "buy", "2", "100"),
        message("fill_busted", client_order_id="C-buy", fill_id="F-1"),
    )
    assert ledger.pnl() == []


def test_a_corrected_fill_counts_with_its_new_numbers_and_its_new_fee(ledger: Ledger) -> None:
    record(
        ledger,
        trade(1, "buy", "10", "100", fee="1", fee_currency="USD"),
        trade(3, "sell", "10", "110"),
    )
    corrected = trade(
        2, "buy", "8", "99", fee="0.8", fee_currency="USD", type="fill_corrected", corrects="F-1"
    )
    record(ledger, corrected)
    assert values(
        pnl(ledger),
        "position_quantity",
        "average_open_price",
        "realized_pnl",
        "fees",
        "bought_quantity",
    ) == (
        "-2",
        "110",
        "88",
        {"USD": "0.8"},
        "8",
    )


def test_the_position_as_it_was_known_before_the_bust_can_still_be_asked_for(
    ledger: Ledger,
) -> None:
    record(ledger, trade(1, "buy", "2", "100"))
    known_at = ledger.trades()[0]["recorded_at"]
    record(ledger, message("fill_busted", client_order_id="C-buy", fill_id="F-1"))
    assert held_and_realized(ledger, as_of=known_at) == ("2", "100", "0")
    assert ledger.pnl(as_of=known_at + timedelta(seconds=1)) == []


def test_the_position_as_of_a_time_at_the_venue_holds_what_had_happened_by_then(
    ledger: Ledger,
) -> None:
    record(ledger, *reversed(TWO_LOTS))
    assert held_and_realized(ledger, "fifo", effective_at=at(3)) == (
        "15",
        "106.6666666666666666666666666666667",
        "100",
    )


# Adjustments, funding, marks


def test_an_opening_position_is_taken_over_at_its_price(ledger: Ledger) -> None:
    record(
        ledger,
        of_account("adjust", quantity="-3", price="100", reason="opening", at=at(1)),
        trade(2, "buy", "1", "90"),
    )
    for method in METHODS:
        assert held_and_realized(ledger, method) == ("-2", "100", "10")


def test_an_adjustment_states_the_position_and_realizes_nothing(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "2", "100"), trade(2, "sell", "1", "110"))
    record(ledger, of_account("adjust", quantity="5", price="50", at=at(3)))
    assert held_and_realized(ledger) == ("5", "50", "10")
    record(ledger, of_account("adjust", quantity="0", price="0", at=at(4)))
    assert held_and_realized(ledger) == ("0", "0", "10")


def test_a_fill_that_happened_before_the_adjustment_does_not_change_what_it_stated(
    ledger: Ledger,
) -> None:
    record(
        ledger,
        of_account("adjust", quantity="5", price="50", at=at(10)),
        trade(5, "buy", "2", "100"),
    )
    assert held_and_realized(ledger) == ("5", "50", "0")


def test_funding_counts_in_the_net_and_not_in_what_was_realized(ledger: Ledger) -> None:
    record(ledger, of_account("instrument", currency="USD"), trade(1, "buy", "2", "100"))
    record(ledger, of_account("funding", amount="1.5", currency="USD", at=at(2)))
    record(ledger, of_account("funding", amount="-0.5", currency="USD", at=at(3)))
    assert values(pnl(ledger), "realized_pnl", "funding", "net_pnl", "currency") == (
        "0",
        {"USD": "1"},
        "1",
        "USD",
    )


def test_without_a_mark_nothing_is_said_of_unrealized_pnl(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "2", "100"))
    assert values(pnl(ledger), "mark_price", "unrealized_pnl") == (None, None)


def test_the_latest_mark_values_the_position_whenever_it_came(ledger: Ledger) -> None:
    record(
        ledger,
        trade(1, "sell", "2", "100"),
        of_account("mark", price="90", at=at(9)),
        of_account("mark", price="95", at=at(8)),
    )
    assert values(pnl(ledger), "mark_price", "unrealized_pnl") == ("90", "20")
