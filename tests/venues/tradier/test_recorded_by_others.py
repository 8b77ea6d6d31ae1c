"""Shapes that others have recorded, and those of the venue's own pages: what they come to here. All
numbers are made up."""

from typing import Any

import pytest

from orderledger.venues.tradier.translate import TradierRecording
from tests.venues.tradier.payloads import ACCOUNT, NUMBER, SELL_PUT, a_book, event, filled_row, row

OTHER = "VA000001"
CASH = {
    "account_number": NUMBER,
    "account_type": "margin",
    "total_cash": 6363.86,
    "margin": {"fed_call": 0},
}


def told(document: Any, number: str | None = None) -> list[Any]:
    translation = TradierRecording(ACCOUNT, number=number).read(document)
    assert list(translation.faults) == []
    return list(translation.messages)


def of_user(*accounts: Any) -> Any:
    return {"accounts": {"account": list(accounts) if len(accounts) > 1 else accounts[0]}}


def account(number: Any, **holdings: Any) -> dict[str, Any]:
    return {"account_number": number, **holdings}


def test_what_a_user_has_in_all_accounts_tells_of_ours() -> None:
    """`/v1/user/orders` and its kin, as in the tests of github.com/calvn/go-tradier."""
    ours, others = (
        {"order": filled_row(4, "500.2")},
        {"order": [filled_row(4, "500.2", id=7), row(id=8)]},
    )
    expected = told({"orders": ours}, NUMBER)
    assert [message.type for message in expected] == ["fill", "acknowledged"]
    for accounts in (
        [account(NUMBER, orders=ours)],
        [account(NUMBER, orders=ours), account(OTHER, orders=others)],
        [account(OTHER, orders="null"), account(NUMBER, orders=ours)],
        [account(NUMBER, orders=ours), account(OTHER)],
    ):
        assert told(of_user(*accounts), NUMBER) == expected
    assert told(of_user(account(OTHER, orders=others)), NUMBER) == []
    assert told(of_user(account(7_000_001, orders=others)), NUMBER) == []


def test_without_a_number_the_one_account_that_has_anything_is_ours_and_of_two_none() -> None:
    ours, others = (
        account(NUMBER, orders={"order": row()}),
        account(OTHER, positions={"position": {"symbol": "A", "quantity": 1}}),
    )
    assert [message.type for message in told(of_user(account(OTHER, orders="null"), ours))] == [
        "acknowledged"
    ]
    translation = TradierRecording(ACCOUNT).read(of_user(ours, others))
    assert (list(translation.messages), [fault.fault for fault in translation.faults]) == (
        [],
        ["names several accounts, but not ours"],
    )


def test_positions_and_balances_of_a_user_are_read_too() -> None:
    held = {"position": {"symbol": SELL_PUT, "quantity": -2.0, "cost_basis": -1870.7}}
    assert [
        (m.type, m.instrument or m.currency)
        for m in told(of_user(account(NUMBER, positions=held, balances=CASH)))
    ] == [
        ("balance", SELL_PUT),
        ("balance", "USD"),
    ]
    assert told(of_user(account(NUMBER, history="null", profile={}))) == []


def test_events_and_balances_of_another_account_are_not_ours() -> None:
    """A session of the stream is about all accounts of its user, unless some are excluded: the
    event names its own."""
    assert len(told(event(account=NUMBER), NUMBER)) == 1
    assert told(event(account=OTHER), NUMBER) == []
    assert len(told(event(account=OTHER))) == 1
    assert (
        len(told({"balances": CASH}, NUMBER)),
        told({"balances": {**CASH, "account_number": OTHER}}, NUMBER),
    ) == (1, [])


@pytest.mark.parametrize("name", ["exec_quantity", "executed_quantity"])
def test_what_an_event_says_is_filled_has_two_names(name: str) -> None:
    """docs.tradier.com/docs/account-streaming-responses shows the one, documentation.tradier.com
    lists the other."""
    (message,) = told(
        {
            **{k: v for k, v in event().items() if k != "exec_quantity"},
            name: 2.0,
            "status": "partially_filled",
        }
    )
    assert (message.reported.cum_quantity, message.reported.status) == (2, "partially_filled")


def test_an_order_is_open_before_it_is_pending_and_stays_open_until_its_fills_are_told() -> None:
    """The events of docs.tradier.com/docs/account-streaming-responses, all of one moment."""
    with a_book() as book:
        book.request()
        book.record("submit", client_order_id="C-42", venue_order_id="900101")
        for status, filled in (("open", 0.0), ("pending", 0.0), ("filled", 10.0)):
            book.tell(
                event(
                    status=status,
                    exec_quantity=filled,
                    last_fill_quantity=0.0,
                    remaining_quantity=10.0 - filled,
                )
            )
        seen = book.ledger.order("C-42")
        assert (seen["status"], seen["cum_quantity"], seen["anomalies"]) == (
            "new",
            0,
            ["quantity_mismatch", "status_conflict"],
        )
        book.tell({"orders": {"order": filled_row(10, "500.2")}})
        seen = book.ledger.order("C-42")
        assert (seen["status"], seen["cum_quantity"], seen["anomalies"]) == ("filled", 10, [])


def test_a_combination_counts_shares_and_contracts_and_ends_with_its_legs() -> None:
    """Of the class `combo`: a hundred shares and a call, as documentation.tradier.com has them."""
    common = {
        "type": "debit",
        "status": "canceled",
        "duration": "pre",
        "price": 42.0,
        "exec_quantity": 0.0,
        "avg_fill_price": 0.0,
    }
    dates = {
        "create_date": "2026-05-04T21:13:36.076Z",
        "transaction_date": "2026-05-04T21:18:41.587Z",
    }
    legs: list[dict[str, Any]] = [
        {
            "id": 2,
            **common,
            **dates,
            "symbol": "SPY",
            "side": "buy",
            "quantity": 100.0,
            "class": "equity",
        },
        {
            "id": 3,
            **common,
            **dates,
            "symbol": "SPY",
            "side": "sell_to_open",
            "quantity": 1.0,
            "option_symbol": SELL_PUT,
        },
    ]
    parent = {
        "id": 1,
        **common,
        **dates,
        "symbol": "SPY",
        "side": "buy",
        "quantity": 1.0,
        "class": "combo",
        "num_legs": 2,
        "leg": legs,
    }
    (message,) = told({"order": parent})
    assert (message.type, message.reported.quantity, message.reported.cum_quantity) == (
        "canceled",
        None,
        0,
    )
    prices = (500.1, 458.1)
    filled = [
        {**leg, "status": "filled", "exec_quantity": leg["quantity"], "avg_fill_price": price}
        for leg, price in zip(legs, prices, strict=True)
    ]
    worked = {**parent, "status": "filled", "leg": filled}
    fills = [
        (m.fill_id, m.instrument, m.side, str(m.quantity))
        for m in told({"order": worked})
        if m.type == "fill"
    ]
    assert fills == [("1:2:100", "SPY", "buy", "100"), ("1:3:1", SELL_PUT, "sell", "1")]


def test_an_account_that_is_none_is_a_fault_and_costs_the_others_nothing() -> None:
    one = {"account_number": NUMBER, "orders": {"order": row()}}
    with a_book() as book:
        told = book.translate(of_user("an account", one))
    assert (
        [fault.fault for fault in told.faults],
        [message.type for message in told.messages],
    ) == (
        ["is not an account"],
        ["acknowledged"],
    )


@pytest.mark.parametrize(
    "document",
    [
        {
            "history": {
                "event": [
                    {
                        "amount": -3000.0,
                        "date": "2026-05-04T00:00:00Z",
                        "type": "trade",
                        "trade": {"symbol": "GE"},
                    }
                ]
            }
        },
        {"gainloss": {"closed_position": [{"cost": 26.15, "quantity": -2, "symbol": SELL_PUT}]}},
        {"profile": {"account": [{"account_number": NUMBER}]}},
        {"accounts": "null"},
        {"quotes": {"quote": {"symbol": "AAPL", "last": 186.07}}},
        {"clock": {"date": "2026-05-04", "state": "open"}},
        {"order": {"id": 257459, "status": "ok", "partner_id": "c4998eb7"}},
        {
            "order": {
                "status": "ok",
                "commission": 0,
                "symbol": "AAPL",
                "quantity": 1,
                "result": True,
                "class": "equity",
            }
        },
    ],
    ids=str,
)
def test_what_says_nothing_of_orders_is_no_fault(document: Any) -> None:
    assert told(document) == []
