"""Fees in other currencies, and P&L by strategy and by day: numbers worked out by hand, compared to
the digit."""

import pytest

from orderledger import Ledger
from tests.core.domain.positions import (
    DAY,
    held_and_realized,
    of_account,
    pnl,
    record,
    shown,
    trade,
    values,
)
from tests.scenarios import Document, at, fill, request

SETTLED_IN_USD = of_account("instrument", currency="USD")

# Currencies


IN_ANOTHER_CURRENCY = (
    SETTLED_IN_USD,
    trade(1, "buy", "1", "100", fee="0.001", fee_currency="BNB"),
    trade(2, "sell", "1", "110", fee="0.25", fee_currency="USD"),
)


def test_a_fee_in_another_currency_stays_listed_and_is_not_guessed_at(ledger: Ledger) -> None:
    record(ledger, *IN_ANOTHER_CURRENCY)
    assert values(pnl(ledger), "fees", "net_pnl", "currency", "anomalies") == (
        {"BNB": "0.001", "USD": "0.25"},
        None,
        "USD",
        ["rate_unknown"],
    )


def test_a_fee_in_another_currency_is_converted_where_a_mark_exists(ledger: Ledger) -> None:
    record(ledger, *IN_ANOTHER_CURRENCY, of_account("mark", instrument="BNB-USD", price="600"))
    assert values(pnl(ledger), "fees", "net_pnl") == ({"BNB": "0.001", "USD": "0.25"}, "9.15")


def test_a_mark_of_another_account_converts_nothing(ledger: Ledger) -> None:
    mark = of_account("mark", instrument="BNB-USD", price="600", account="sim:other")
    record(ledger, *IN_ANOTHER_CURRENCY, mark)
    assert values(pnl(ledger), "net_pnl", "anomalies") == (None, ["rate_unknown"])


def test_a_fee_without_a_currency_is_in_the_settlement_currency(ledger: Ledger) -> None:
    record(ledger, of_account("instrument", currency="USD"), trade(1, "buy", "1", "100", fee="0.5"))
    assert values(pnl(ledger), "fees", "net_pnl", "currency") == ({"USD": "0.5"}, "-0.5", "USD")


# By strategy and day


def of_strategy(
    strategy: str, side: str, quantity: str, price: str, second: float
) -> tuple[Document, Document]:
    order = {"client_order_id": f"C-{strategy}-{second}"}
    asked = request(
        side=side, quantity=quantity, limit_price=price, strategy=strategy, at=at(second), **order
    )
    return asked, fill(
        f"F-{second}", quantity, price, at=at(second), fee="0.1", fee_currency="USD", **order
    )


def test_each_strategy_has_a_position_of_its_own(ledger: Ledger) -> None:
    record(ledger, SETTLED_IN_USD)
    record(
        ledger,
        *of_strategy("grid", "buy", "10", "100", 1),
        *of_strategy("trend", "sell", "10", "110", 2),
    )
    assert held_and_realized(ledger) == ("0", "0", "100")
    names = ("strategy", "position_quantity", "average_open_price", "realized_pnl", "net_pnl")
    rows = [
        values(shown(row), *names) for row in ledger.pnl(by=("account", "instrument", "strategy"))
    ]
    assert rows == [("grid", "10", "100", "0", "-0.1"), ("trend", "-10", "110", "0", "-0.1")]


def test_by_account_or_by_instrument_alone_what_belongs_together_is_added_up_each_currency_apart(
    ledger: Ledger,
) -> None:
    held = (
        ("sim:main", "BTC-USD", "USD"),
        ("sim:main", "ETH-USD", "USD"),
        ("sim:main", "BTC-PERP", "BTC"),
    )
    for number, (account, instrument, currency) in enumerate(
        (*held, ("sim:other", "BTC-USD", "USD"))
    ):
        named = {"account": account, "instrument": instrument}
        fills = (
            trade(2, "buy", "2", "100"),
            trade(3, "sell", "1", "110", fee="0.5", fee_currency=currency),
        )
        told = [{**document, **named, "client_order_id": f"C-{number}"} for document in fills]
        record(ledger, of_account("instrument", currency=currency, **named), *told)
    sums = ("currency", "realized_pnl", "fees", "net_pnl", "fills", "bought_quantity")
    assert [values(shown(row), "account", *sums) for row in ledger.pnl(by="account")] == [
        ("sim:main", "BTC", "10", {"BTC": "0.5"}, "9.5", 2, "2"),
        ("sim:main", "USD", "20", {"USD": "1"}, "19", 4, "4"),
        ("sim:other", "USD", "10", {"USD": "0.5"}, "9.5", 2, "2"),
    ]
    assert [
        values(shown(row), "instrument", "position_quantity", *sums)
        for row in ledger.pnl(by=["instrument"])
    ] == [
        ("BTC-PERP", "1", "BTC", "10", {"BTC": "0.5"}, "9.5", 2, "2"),
        ("BTC-USD", None, "USD", "20", {"USD": "1"}, "19", 4, "4"),
        ("ETH-USD", "1", "USD", "10", {"USD": "0.5"}, "9.5", 2, "2"),
    ]


def test_a_strategy_can_be_asked_for_alone(ledger: Ledger) -> None:
    record(
        ledger,
        *of_strategy("grid", "buy", "10", "100", 1),
        *of_strategy("trend", "sell", "4", "110", 2),
    )
    record(ledger, *of_strategy("grid", "sell", "4", "105", 3))
    assert held_and_realized(ledger, strategy="grid") == ("6", "100", "20")


def test_a_fill_of_no_strategy_is_shown_as_such(ledger: Ledger) -> None:
    record(ledger, *of_strategy("grid", "buy", "10", "100", 1), trade(2, "buy", "3", "100"))
    rows = ledger.pnl(by=("strategy",))
    assert {row["strategy"]: row["fills"] for row in rows} == {"grid": 1, None: 1}


def test_an_adjustment_leaves_each_strategy_what_it_holds_and_the_rest_to_nobody(
    ledger: Ledger,
) -> None:
    record(ledger, *of_strategy("grid", "buy", "5", "100", 1), trade(2, "buy", "1", "100"))
    record(
        ledger,
        of_account("adjust", quantity="3", price="90", at=at(3)),
        *of_strategy("grid", "sell", "1", "110", 4),
    )
    assert held_and_realized(ledger) == ("2", "90", "20")
    names = ("strategy", "position_quantity", "average_open_price", "realized_pnl")
    rows = [
        values(shown(row), *names) for row in ledger.pnl(by=("account", "instrument", "strategy"))
    ]
    assert rows == [("grid", "4", "100", "10"), (None, "-2", "90", "0")]


def test_a_day_shows_what_was_realized_on_it_and_the_position_at_its_end(ledger: Ledger) -> None:
    record(
        ledger,
        SETTLED_IN_USD,
        trade(1, "buy", "4", "100", fee="0.4", fee_currency="USD"),
        trade(2, "sell", "1", "101", fee="0.1", fee_currency="USD"),
        trade(DAY + 1, "sell", "2", "110", fee="0.2", fee_currency="USD"),
    )
    names = (
        "day",
        "position_quantity",
        "realized_pnl",
        "fees",
        "net_pnl",
        "fills",
        "bought_quantity",
        "sold_quantity",
    )
    rows = [values(shown(row), *names) for row in ledger.pnl(by=("account", "instrument", "day"))]
    assert rows == [
        ("2025-01-02", "3", "1", {"USD": "0.5"}, "0.5", 2, "4", "1"),
        ("2025-01-03", "1", "20", {"USD": "0.2"}, "19.8", 1, "0", "2"),
    ]


def test_days_and_strategies_add_up_to_the_whole(ledger: Ledger) -> None:
    record(ledger, SETTLED_IN_USD)
    record(
        ledger,
        *of_strategy("grid", "buy", "3", "100", 1),
        *of_strategy("grid", "sell", "1", "100.5", DAY + 2),
    )
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
    rows = [
        values(shown(row), "account", "position_quantity", "realized_pnl") for row in ledger.pnl()
    ]
    assert rows == [("sim:main", "1", "0"), ("sim:other", "-1", "0")]


def test_a_method_there_is_not_is_an_error(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="method: 'best' is not one of average, fifo, lifo, hifo"):
        ledger.pnl(method="best")  # type: ignore[call-overload]


def test_days_and_strategies_convert_the_fees_that_the_whole_converts(ledger: Ledger) -> None:
    record(
        ledger,
        of_account("instrument", currency="USD"),
        of_account("mark", instrument="BNB-USD", price="600"),
        trade(1, "buy", "1", "100", fee="0.01", fee_currency="BNB"),
        trade(DAY + 1, "sell", "1", "110", fee="0.02", fee_currency="BNB"),
    )
    assert pnl(ledger)["net_pnl"] == "-8"
    assert [values(shown(row), "net_pnl", "unrealized_pnl") for row in ledger.pnl(by=("day",))] == [
        ("-6", None),
        ("-2", None),
    ]
    assert [shown(row)["net_pnl"] for row in ledger.pnl(by=("strategy",))] == ["-8"]


def test_an_instrument_that_is_flat_needs_no_mark_for_the_sum_of_what_is_not_realized(
    ledger: Ledger,
) -> None:
    record(
        ledger,
        *(
            of_account("instrument", instrument=name, currency="USD")
            for name in ("BTC-USD", "OLD", "NEW")
        ),
    )
    record(ledger, trade(1, "buy", "1", "100"), of_account("mark", price="103"))
    record(
        ledger,
        trade(2, "buy", "1", "5", instrument="OLD"),
        trade(3, "sell", "1", "4", instrument="OLD"),
    )
    assert [
        values(shown(row), "unrealized_pnl", "realized_pnl") for row in ledger.pnl(by="account")
    ] == [("3", "-1")]
    record(ledger, trade(4, "buy", "1", "5", instrument="NEW"))
    assert [row["unrealized_pnl"] for row in ledger.pnl(by="account")] == [None]


def test_a_day_is_settled_in_the_currency_of_the_whole(ledger: Ledger) -> None:
    record(ledger, SETTLED_IN_USD)
    record(
        ledger,
        trade(1, "buy", "1", "100", fee="1"),
        trade(DAY + 1, "sell", "1", "110", fee="2", fee_currency="USD"),
    )
    assert values(pnl(ledger), "net_pnl", "currency", "fees") == ("7", "USD", {"USD": "3"})
    names = ("net_pnl", "currency", "fees")
    assert [values(shown(row), *names) for row in ledger.pnl(by=("day",))] == [
        ("-1", "USD", {"USD": "1"}),
        ("8", "USD", {"USD": "2"}),
    ]


@pytest.mark.parametrize(
    "fee",
    [{}, {"fee": "0.002", "fee_currency": "BNB"}, {"fee": "0.5"}],
    ids=["none", "BNB", "nameless"],
)
def test_the_settlement_currency_is_not_guessed_from_what_was_paid(
    ledger: Ledger, fee: Document
) -> None:
    record(ledger, trade(1, "buy", "1", "100", **fee), trade(2, "sell", "1", "200"))
    paid = {fee.get("fee_currency", ""): fee["fee"]} if fee else {}
    assert values(pnl(ledger), "realized_pnl", "fees", "currency", "net_pnl", "anomalies") == (
        "100",
        paid,
        None,
        None,
        ["currency_unknown"],
    )


def test_nor_is_it_guessed_from_funding(ledger: Ledger) -> None:
    record(
        ledger,
        trade(1, "buy", "1", "100", fee="0.1"),
        of_account("funding", amount="-0.3", currency="USD"),
    )
    assert values(pnl(ledger), "fees", "funding", "currency", "net_pnl") == (
        {"": "0.1"},
        {"USD": "-0.3"},
        None,
        None,
    )


def test_amounts_of_unknown_currencies_are_not_added_to_each_other(ledger: Ledger) -> None:
    record(ledger, trade(1, "buy", "1", "100"), trade(2, "sell", "1", "110"))
    assert [row["realized_pnl"] for row in map(shown, ledger.pnl(by="account"))] == ["10"]
    record(
        ledger,
        trade(3, "buy", "1", "5", instrument="ETH-BTC"),
        trade(4, "sell", "1", "4", instrument="ETH-BTC"),
    )
    (row,) = ledger.pnl(by="account")
    assert values(row, "realized_pnl", "net_pnl", "unrealized_pnl", "anomalies") == (
        None,
        None,
        None,
        ["currency_unknown"],
    )


def test_a_fee_of_nothing_in_another_currency_needs_no_rate(ledger: Ledger) -> None:
    record(ledger, SETTLED_IN_USD, trade(1, "buy", "1", "100", fee="0", fee_currency="BNB"))
    assert values(pnl(ledger), "fees", "net_pnl", "anomalies") == ({"BNB": "0"}, "0", [])


def test_a_day_has_no_currency_where_the_whole_has_none(ledger: Ledger) -> None:
    both = {"fee": "1", "fee_currency": "USD"}, {"fee": "0.01", "fee_currency": "BNB"}
    record(
        ledger,
        trade(1, "buy", "1", "100", **both[0]),
        trade(DAY + 1, "sell", "1", "110", **both[1]),
    )
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
    record(
        ledger, of_account("instrument", currency="USD"), of_account("mark", price="99"), request()
    )
    (row,) = ledger.positions()
    assert values(shown(row), "currency", "mark_price", "unrealized_pnl", "open_buy_quantity") == (
        "USD",
        "99",
        "0",
        "10",
    )
