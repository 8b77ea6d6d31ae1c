"""Positions and cash: money and contracts as Tradier counts them, prices as the ledger does."""

from decimal import Decimal
from typing import Any

import pytest

from tests.venues.tradier.payloads import ACCOUNT, SELL_PUT, a_book, filled_row, orders, read_alone

HELD = {
    "cost_basis": Decimal("2070.10"),
    "date_acquired": "2018-08-08T14:41:11.405Z",
    "id": 130089,
    "quantity": Decimal("10.0"),
}


def held(**changes: Any) -> dict[str, Any]:
    row = {**HELD, "symbol": "AAPL", **changes}
    return {
        "positions": {
            "position": {name: value for name, value in row.items() if value != "left out"}
        }
    }


def average(**changes: Any) -> str | None:
    balance = read_alone(held(**changes))[-1]
    assert balance.type == "balance"
    return None if balance.average_price is None else str(balance.average_price)


def test_a_position_has_the_price_that_its_cost_comes_to() -> None:
    (balance,) = read_alone(held())
    assert (balance.instrument, str(balance.quantity), str(balance.average_price)) == (
        "AAPL",
        "10",
        "207.01",
    )
    assert balance.evidence == {**HELD, "symbol": "AAPL"}


@pytest.mark.parametrize(
    ("changes", "price"),
    [
        ({"quantity": -10, "cost_basis": Decimal("-2070.1")}, "207.01"),
        ({"symbol": SELL_PUT, "quantity": -1, "cost_basis": -260}, "2.6"),
        ({"symbol": SELL_PUT, "quantity": 2, "cost_basis": 521}, "2.605"),
        # What an adjusted option delivers is its own affair: the price is that of the contract.
        ({"symbol": "SPY1260619P00480000", "quantity": 1, "cost_basis": 260}, "260"),
        ({"quantity": 3, "cost_basis": 10}, "3.333333333333333333333333333"),
        ({"quantity": Decimal("0.5")}, "4140.2"),
        ({"cost_basis": 0}, "0"),
        ({"cost_basis": None}, None),
        ({"cost_basis": "left out"}, None),
        ({"quantity": 0}, None),
    ],
)
def test_cost_is_money_and_a_price_is_that_of_a_share(
    changes: dict[str, Any], price: str | None
) -> None:
    assert average(**changes) == price


def test_an_option_that_was_never_traded_here_is_known_for_what_it_is() -> None:
    with a_book() as book:
        book.tell(held(symbol=SELL_PUT, quantity=-1, cost_basis=-260))
        (known,) = book.ledger.instruments(account=ACCOUNT)
        assert (known["instrument"], str(known["multiplier"]), known["currency"]) == (
            SELL_PUT,
            "100",
            "USD",
        )
        assert (str(known["reported_quantity"]), book.positions()) == ("-1", {})


def test_a_position_that_cannot_be_read_costs_the_others_nothing() -> None:
    rows = [
        held()["positions"]["position"],
        {"symbol": "QQQ"},
        {"quantity": 1},
        7,
        held(cost_basis="much")["positions"]["position"],
    ]
    with a_book() as book:
        translation = book.translate({"positions": {"position": rows}})
        assert [message.instrument for message in translation.messages] == ["AAPL"]
        faults = [
            "quantity is missing",
            "symbol is missing",
            "is not a row",
            "cost_basis is not a decimal number",
        ]
        assert [fault.fault for fault in translation.faults] == faults


def test_the_cash_of_an_account_is_a_balance_of_its_currency() -> None:
    balances = {
        "account_number": "VA000000",
        "total_cash": Decimal("40217.66"),
        "total_equity": Decimal("74314.82"),
        "equity": 0,
    }
    (cash,) = read_alone({"balances": balances})
    assert (cash.type, cash.currency, str(cash.amount), cash.average_price) == (
        "balance",
        "USD",
        "40217.66",
        None,
    )
    with a_book() as book:
        assert [
            fault.fault for fault in book.translate({"balances": {"account_number": "VA"}}).faults
        ] == ["total_cash is missing"]
        book.tell(orders(filled_row(4, "500.2")), {"balances": balances})
        assert book.positions() == {"SPY": "4"}
