"""Positions and P&L through the ledger itself: numbers worked out by hand, compared to the digit."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.wire.parsing import parse_document
from orderledger.projections.positions import Method
from orderledger.projections.tables import Row
from tests.scenarios import ACCOUNT, Document, at, fill, message, readable, request

METHODS: tuple[Method, ...] = ("average", "fifo", "lifo")
START = at(100_000)
DAY = 86_400


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://", clock=SteppingClock(START), follow=False) as ledger:
        yield ledger


def record(ledger: Ledger, *documents: Document) -> None:
    outcomes = ledger.record_many(parse_document(document) for document in documents)
    assert {outcome.outcome for outcome in outcomes} == {"recorded"}, outcomes


def trade(second: float, side: str, quantity: str, price: str, **fields: Any) -> Document:
    """A fill at `at(second)` of an order that nobody requested here, so that each test shows fills and nothing else."""
    order = {"client_order_id": f"C-{side}", "instrument": "BTC-USD", "side": side, "at": at(second)}
    return fill(f"F-{second}", quantity, price, **{**order, **fields})


def of_account(type_: str, **fields: Any) -> Document:
    return message(type_, client_order_id=None, **{"instrument": "BTC-USD", **fields})


def pnl(ledger: Ledger, method: Method = "average", **asked: Any) -> Row:
    rows = ledger.pnl(method=method, instrument="BTC-USD", **asked)
    assert len(rows) == 1, rows
    return shown(rows[0])


def shown(row: Row) -> Row:
    """With all numbers as people write them, those by currency too."""
    plain = {name: readable(row[name]) for name in ("fees", "funding")}
    return {**readable(row), **plain}


def values(row: Row, *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def held_and_realized(ledger: Ledger, method: Method = "average", **asked: Any) -> tuple[Any, ...]:
    return values(pnl(ledger, method, **asked), "position_quantity", "average_open_price", "realized_pnl")


TWO_LOTS = (
    trade(1, "buy", "10", "100"),
    trade(2, "buy", "10", "110"),
    trade(3, "sell", "5", "120"),
    trade(4, "sell", "10", "90"),
)


# The methods


@pytest.mark.parametrize(
    ("method", "expected"),
    [("average", ("5", "105", "-75")), ("fifo", ("5", "110", "-50")), ("lifo", ("5", "100", "-100"))],
)
def test_each_method_closes_its_own_lots(ledger: Ledger, method: Method, expected: tuple[str, ...]) -> None:
    record(ledger, *TWO_LOTS)
    assert held_and_realized(ledger, method) == expected


@pytest.mark.parametrize(
    ("method", "expected"),
    [("average", ("-5", "105", "75")), ("fifo", ("-5", "110", "50")), ("lifo", ("-5", "100", "100"))],
)
def test_a_short_position_is_the_mirror_of_a_long_one(ledger: Ledger, method: Method, expected: tuple[str, ...]) -> None:
    mirror = {"buy": "sell", "sell": "buy"}
    record(ledger, *({**told, "side": mirror[told["side"]], "client_order_id": mirror[told["side"]]} for told in TWO_LOTS))
    assert held_and_realized(ledger, method) == expected


@pytest.mark.parametrize("method", METHODS)
def test_fills_in_whatever_order_they_arrive_give_the_same_digits(method: Method) -> None:
    rows = []
    for shuffled in permutations(TWO_LOTS):
        with Ledger.open("memory://", clock=SteppingClock(START), follow=False) as ledger:
            for told in shuffled:
                record(ledger, told)
                ledger.catch_up()
            rows.append(pnl(ledger, method))
    assert all(row == rows[0] for row in rows)


def test_an_average_that_has_no_end_is_shown_to_34_digits(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "1", "100"), trade(2, "buy", "2", "100.5"), trade(3, "sell", "1", "101"))
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
        "position_quantity": "1.5",
        "average_open_price": "100",
        "realized_pnl": "5",
        "fees": {"USD": "0.15"},
        "funding": {"USD": "-0.3"},
        "net_pnl": "4.55",
        "unrealized_pnl": "12",
        "mark_price": "108",
        "currency": "USD",
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
        trade(1, "buy", "4", "100", fee="0.4", fee_currency="USD"),
        trade(2, "sell", "10", "110", fee="1", fee_currency="USD"),
    )
    assert values(pnl(ledger, method), "position_quantity", "average_open_price", "realized_pnl", "fees", "net_pnl", "fills") == (
        "-6",
        "110",
        "40",
        {"USD": "1.4"},
        "38.6",
        2,
    )


def test_a_fill_through_zero_closes_every_lot(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "1", "100"), trade(2, "buy", "2", "106"), trade(3, "sell", "5", "110"))
    for method in METHODS:
        assert held_and_realized(ledger, method) == ("-2", "110", "18")


def test_a_flat_position_has_no_open_price(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "3", "100"), trade(2, "sell", "3", "101"), of_account("mark", price="500"))
    assert values(pnl(ledger), "position_quantity", "average_open_price", "realized_pnl", "unrealized_pnl") == (
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
    assert values(pnl(ledger), "average_open_price", "realized_pnl", "unrealized_pnl") == ("4000", "500", "-25")


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
def test_an_inverse_position_is_held_at_the_harmonic_price(ledger: Ledger, method: Method, expected: tuple[str, ...]) -> None:
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
    ("method", "expected"), [("average", ("1", "95", "15")), ("fifo", ("1", "100", "20")), ("lifo", ("1", "90", "10"))]
)
def test_a_fill_that_comes_late_takes_its_place_in_time(ledger: Ledger, method: Method, expected: tuple[str, ...]) -> None:
    record(ledger, trade(10, "buy", "1", "100"), trade(20, "sell", "1", "110"))
    assert held_and_realized(ledger, method) == ("0", "0", "10")
    record(ledger, trade(5, "buy", "1", "90"))
    assert held_and_realized(ledger, method) == expected


def test_fills_at_one_time_are_taken_in_the_order_of_the_log(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "1", "100"), trade(2, "buy", "1", "90", at=at(1)), trade(3, "sell", "1", "110"))
    assert held_and_realized(ledger, "fifo") == ("1", "90", "10")


@pytest.mark.parametrize("method", METHODS)
def test_a_busted_fill_never_happened(ledger: Ledger, method: Method) -> None:
    record(ledger, trade(1, "buy", "2", "100", fee="1", fee_currency="USD"), trade(2, "sell", "1", "110"))
    assert held_and_realized(ledger, method) == ("1", "100", "10")
    record(ledger, message("bust_fill", client_order_id="C-sell", fill_id="F-2"))
    assert values(pnl(ledger, method), "position_quantity", "realized_pnl", "fees", "fills", "sold_quantity") == (
        "2",
        "0",
        {"USD": "1"},
        1,
        "0",
    )
    assert [row["fill_id"] for row in ledger.trades()] == ["F-1"]
    assert [(row["fill_id"], row["state"]) for row in ledger.trades(with_busted=True)] == [("F-1", "standing"), ("F-2", "busted")]


def test_a_position_whose_only_fill_was_busted_is_gone(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "2", "100"), message("bust_fill", client_order_id="C-buy", fill_id="F-1"))
    assert ledger.pnl() == []


def test_a_corrected_fill_counts_with_its_new_numbers_and_its_new_fee(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "10", "100", fee="1", fee_currency="USD"), trade(3, "sell", "10", "110"))
    corrected = trade(2, "buy", "8", "99", fee="0.8", fee_currency="USD", type="correct_fill", corrects="F-1")
    record(ledger, corrected)
    assert values(pnl(ledger), "position_quantity", "average_open_price", "realized_pnl", "fees", "bought_quantity") == (
        "-2",
        "110",
        "88",
        {"USD": "0.8"},
        "8",
    )


def test_the_position_as_it_was_known_before_the_bust_can_still_be_asked_for(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "2", "100"))
    known_at = ledger.trades()[0]["recorded_at"]
    record(ledger, message("bust_fill", client_order_id="C-buy", fill_id="F-1"))
    assert held_and_realized(ledger, as_of=known_at) == ("2", "100", "0")
    assert ledger.pnl(as_of=known_at + timedelta(seconds=1)) == []


def test_the_position_as_of_a_time_at_the_venue_holds_what_had_happened_by_then(ledger: Ledger) -> None:
    record(ledger, *reversed(TWO_LOTS))
    assert held_and_realized(ledger, "fifo", effective_at=at(3)) == ("15", "106.6666666666666666666666666666667", "100")


# Adjustments, funding, marks


def test_an_opening_position_is_taken_over_at_its_price(ledger: Ledger) -> None:
    record(ledger, of_account("adjust", quantity="-3", price="100", reason="opening", at=at(1)), trade(2, "buy", "1", "90"))
    for method in METHODS:
        assert held_and_realized(ledger, method) == ("-2", "100", "10")


def test_an_adjustment_states_the_position_and_realizes_nothing(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "2", "100"), trade(2, "sell", "1", "110"))
    record(ledger, of_account("adjust", quantity="5", price="50", at=at(3)))
    assert held_and_realized(ledger) == ("5", "50", "10")
    record(ledger, of_account("adjust", quantity="0", price="0", at=at(4)))
    assert held_and_realized(ledger) == ("0", "0", "10")


def test_a_fill_that_happened_before_the_adjustment_does_not_change_what_it_stated(ledger: Ledger) -> None:
    record(ledger, of_account("adjust", quantity="5", price="50", at=at(10)), trade(5, "buy", "2", "100"))
    assert held_and_realized(ledger) == ("5", "50", "0")


def test_funding_counts_in_the_net_and_not_in_what_was_realized(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "2", "100"), of_account("funding", amount="1.5", currency="USD", at=at(2)))
    record(ledger, of_account("funding", amount="-0.5", currency="USD", at=at(3)))
    assert values(pnl(ledger), "realized_pnl", "funding", "net_pnl", "currency") == ("0", {"USD": "1"}, "1", "USD")


def test_without_a_mark_nothing_is_said_of_unrealized_pnl(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "2", "100"))
    assert values(pnl(ledger), "mark_price", "unrealized_pnl") == (None, None)


def test_the_latest_mark_values_the_position_whenever_it_came(ledger: Ledger) -> None:
    record(
        ledger, trade(1, "sell", "2", "100"), of_account("mark", price="90", at=at(9)), of_account("mark", price="95", at=at(8))
    )
    assert values(pnl(ledger), "mark_price", "unrealized_pnl") == ("90", "20")


# Fees in another currency


IN_ANOTHER_CURRENCY = (
    of_account("instrument", currency="USD"),
    trade(1, "buy", "1", "100", fee="0.001", fee_currency="BNB"),
    trade(2, "sell", "1", "110", fee="0.25", fee_currency="USD"),
)


def test_a_fee_in_another_currency_stays_listed_and_is_not_guessed_at(ledger: Ledger) -> None:
    record(ledger, *IN_ANOTHER_CURRENCY)
    assert values(pnl(ledger), "fees", "net_pnl") == ({"BNB": "0.001", "USD": "0.25"}, "9.75")


def test_a_fee_in_another_currency_is_converted_where_a_mark_exists(ledger: Ledger) -> None:
    record(ledger, *IN_ANOTHER_CURRENCY, of_account("mark", instrument="BNB-USD", price="600"))
    assert values(pnl(ledger), "fees", "net_pnl") == ({"BNB": "0.001", "USD": "0.25"}, "9.15")


def test_a_mark_of_another_account_converts_nothing(ledger: Ledger) -> None:
    mark = of_account("mark", instrument="BNB-USD", price="600", account="sim:other")
    record(ledger, *IN_ANOTHER_CURRENCY, mark)
    assert pnl(ledger)["net_pnl"] == "9.75"


def test_a_fee_without_a_currency_is_in_the_settlement_currency(ledger: Ledger) -> None:
    record(ledger, of_account("instrument", currency="USD"), trade(1, "buy", "1", "100", fee="0.5"))
    assert values(pnl(ledger), "fees", "net_pnl", "currency") == ({"USD": "0.5"}, "-0.5", "USD")


# By strategy and day


def of_strategy(strategy: str, side: str, quantity: str, price: str, second: float) -> tuple[Document, Document]:
    order = {"client_order_id": f"C-{strategy}-{second}"}
    asked = request(side=side, quantity=quantity, limit_price=price, strategy=strategy, at=at(second), **order)
    return asked, fill(f"F-{second}", quantity, price, at=at(second), fee="0.1", fee_currency="USD", **order)


def test_each_strategy_has_a_position_of_its_own(ledger: Ledger) -> None:
    record(ledger, *of_strategy("grid", "buy", "10", "100", 1), *of_strategy("trend", "sell", "10", "110", 2))
    assert held_and_realized(ledger) == ("0", "0", "100")
    names = ("strategy", "position_quantity", "average_open_price", "realized_pnl", "net_pnl")
    rows = [values(shown(row), *names) for row in ledger.pnl(by=("account", "instrument", "strategy"))]
    assert rows == [("grid", "10", "100", "0", "-0.1"), ("trend", "-10", "110", "0", "-0.1")]


def test_a_strategy_can_be_asked_for_alone(ledger: Ledger) -> None:
    record(ledger, *of_strategy("grid", "buy", "10", "100", 1), *of_strategy("trend", "sell", "4", "110", 2))
    record(ledger, *of_strategy("grid", "sell", "4", "105", 3))
    assert held_and_realized(ledger, strategy="grid") == ("6", "100", "20")


def test_a_fill_of_no_strategy_is_shown_as_such(ledger: Ledger) -> None:
    record(ledger, *of_strategy("grid", "buy", "10", "100", 1), trade(2, "buy", "3", "100"))
    rows = ledger.pnl(by=("strategy",))
    assert {row["strategy"]: row["fills"] for row in rows} == {"grid": 1, None: 1}


DAY = 86_400


def test_a_day_shows_what_was_realized_on_it_and_the_position_at_its_end(ledger: Ledger) -> None:
    record(
        ledger,
        trade(1, "buy", "4", "100", fee="0.4", fee_currency="USD"),
        trade(2, "sell", "1", "101", fee="0.1", fee_currency="USD"),
        trade(DAY + 1, "sell", "2", "110", fee="0.2", fee_currency="USD"),
    )
    names = ("day", "position_quantity", "realized_pnl", "fees", "net_pnl", "fills", "bought_quantity", "sold_quantity")
    rows = [values(shown(row), *names) for row in ledger.pnl(by=("account", "instrument", "day"))]
    assert rows == [
        ("2025-01-02", "3", "1", {"USD": "0.5"}, "0.5", 2, "4", "1"),
        ("2025-01-03", "1", "20", {"USD": "0.2"}, "19.8", 1, "0", "2"),
    ]


def test_days_and_strategies_add_up_to_the_whole(ledger: Ledger) -> None:
    record(ledger, *of_strategy("grid", "buy", "3", "100", 1), *of_strategy("grid", "sell", "1", "100.5", DAY + 2))
    record(ledger, *of_strategy("grid", "sell", "2", "101", 2 * DAY))
    rows = [shown(row) for row in ledger.pnl(by=("strategy", "day"))]
    assert [values(row, "strategy", "day", "realized_pnl", "net_pnl") for row in rows] == [
        ("grid", "2025-01-02", "0", "-0.1"),
        ("grid", "2025-01-03", "0.5", "0.4"),
        ("grid", "2025-01-04", "2", "1.9"),
    ]
    assert pnl(ledger)["net_pnl"] == "2.2"


def test_accounts_are_kept_apart(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "1", "100"), trade(2, "sell", "1", "110", account="sim:other"))
    rows = [values(shown(row), "account", "position_quantity", "realized_pnl") for row in ledger.pnl()]
    assert rows == [("sim:main", "1", "0"), ("sim:other", "-1", "0")]


def test_a_method_there_is_not_is_an_error(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="'hifo' is no method: average, fifo, lifo"):
        ledger.pnl(method="hifo")  # type: ignore[arg-type]


def test_days_and_strategies_convert_the_fees_that_the_whole_converts(ledger: Ledger) -> None:
    record(
        ledger,
        of_account("instrument", currency="USD"),
        of_account("mark", instrument="BNB-USD", price="600"),
        trade(1, "buy", "1", "100", fee="0.01", fee_currency="BNB"),
        trade(DAY + 1, "sell", "1", "110", fee="0.02", fee_currency="BNB"),
    )
    assert pnl(ledger)["net_pnl"] == "-8"
    assert [values(shown(row), "net_pnl", "unrealized_pnl") for row in ledger.pnl(by=("day",))] == [("-6", None), ("-2", None)]
    assert [shown(row)["net_pnl"] for row in ledger.pnl(by=("strategy",))] == ["-8"]


def test_a_day_is_settled_in_the_currency_of_the_whole(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "1", "100", fee="1"), trade(DAY + 1, "sell", "1", "110", fee="2", fee_currency="USD"))
    assert values(pnl(ledger), "net_pnl", "currency", "fees") == ("7", "USD", {"USD": "3"})
    names = ("net_pnl", "currency", "fees")
    assert [values(shown(row), *names) for row in ledger.pnl(by=("day",))] == [
        ("-1", "USD", {"USD": "1"}),
        ("8", "USD", {"USD": "2"}),
    ]


def test_a_day_has_no_currency_where_the_whole_has_none(ledger: Ledger) -> None:
    both = {"fee": "1", "fee_currency": "USD"}, {"fee": "0.01", "fee_currency": "BNB"}
    record(ledger, trade(1, "buy", "1", "100", **both[0]), trade(DAY + 1, "sell", "1", "110", **both[1]))
    assert values(pnl(ledger), "net_pnl", "currency") == (None, None)
    assert {values(row, "net_pnl", "currency") for row in ledger.pnl(by=("day",))} == {(None, None)}


def test_what_a_day_realized_is_not_rounded_with_what_was_realized_before(ledger: Ledger) -> None:
    record(
        ledger,
        trade(1, "buy", "1", "1000000000000000000000000000"[:-1]),
        trade(2, "sell", "1", "3000000000000000000000000000"[:-1]),
        trade(DAY + 1, "buy", "1", "0.00000012"),
        trade(DAY + 2, "sell", "1", "0.00000034"),
    )
    assert [shown(row)["realized_pnl"] for row in ledger.pnl(by=("day",))][1] == "0.00000022"


def test_an_instrument_with_orders_alone_shows_its_currency_and_its_mark(ledger: Ledger) -> None:
    record(ledger, of_account("instrument", currency="USD"), of_account("mark", price="99"), request())
    (row,) = ledger.positions()
    assert values(shown(row), "currency", "mark_price", "unrealized_pnl", "open_buy_quantity") == ("USD", "99", "0", "10")
