"""Results that a settlement carries into a delivery, and settlements without figures."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger, parse_document

OF = {"account": "ib:U1"}
DEFINED: list[dict[str, Any]] = [
    {
        "type": "instrument",
        "instrument": "OPT",
        "kind": "option",
        "quote": "USD",
        "multiplier": "100",
    },
    {"type": "instrument", "instrument": "STK", "kind": "security", "quote": "USD"},
]


def bought(number: int, price: str, strategy: str | None = None) -> list[dict[str, Any]]:
    at = f"2026-01-03T10:00:0{number}Z"
    order = {"client_order_id": f"C-{number}", "instrument": "OPT", "side": "buy", "at": at}
    terms = {"quantity": "1", "order_type": "market", "strategy": strategy}
    fill = {"fill_id": f"F-{number}", "quantity": "1", "price": price}
    return [{"type": "request", **order, **terms}, {"type": "fill", **order, **fill}]


def exercised(quantity: str) -> list[dict[str, Any]]:
    leg = {"instrument": "STK", "side": "buy", "quantity": quantity, "price": "50"}
    settled = {"kind": "exercise", "price": "0", "premium": "carry", "into": leg}
    sold = {"instrument": "STK", "side": "sell", "quantity": quantity, "price": "60"}
    return [
        {"type": "settle", "instrument": "OPT", "at": "2026-01-04T10:00:00Z", **settled},
        {
            "type": "fill",
            "client_order_id": "C-9",
            "fill_id": "F-9",
            "at": "2026-01-05T10:00:00Z",
            **sold,
        },
    ]


def recorded(*messages: dict[str, Any]) -> Ledger:
    ledger = Ledger.open("memory://")
    for message in (*DEFINED, *messages):
        at = {"at": "2026-01-02T10:00:00Z"} if message["type"] == "instrument" else {}
        ledger.record(parse_document({**OF, **at, **message}))
    return ledger


@pytest.mark.parametrize("method", ["average", "fifo", "lifo"])
def test_strategies_add_up_to_the_account(method: Any) -> None:
    with recorded(*bought(1, "2", "sa"), *bought(2, "6", "sb"), *exercised("200")) as ledger:
        parts = ledger.pnl(by="strategy", method=method)
        assert sum(row["realized_pnl"] or 0 for row in parts) == Decimal(1200)


def test_the_curve_ends_at_the_pnl_after_a_correction() -> None:
    corrected = {"fill_id": "F-3", "corrects": "F-1", "quantity": "1", "price": "3"}
    report = {"type": "fill_corrected", "client_order_id": "C-1", "at": "2026-01-06T10:00:00Z"}
    with recorded(*bought(1, "2"), *exercised("100"), {**report, **corrected}) as ledger:
        assert ledger.equity()[-1]["net_pnl"] == Decimal(700)
        assert sum(row["realized_pnl"] or 0 for row in ledger.pnl()) == Decimal(700)


def test_a_settlement_and_its_delivery_are_one_moment() -> None:
    marks = [
        {"type": "mark", "instrument": name, "price": price, "at": "2026-01-03T12:00:00Z"}
        for name, price in (("OPT", "12"), ("STK", "62"))
    ]
    with recorded(*bought(1, "2"), *marks, *exercised("100")) as ledger:
        settled = [row for row in ledger.equity() if str(row["at"]).startswith("2026-01-04")]
        assert [(row["kind"], row["equity"]) for row in settled] == [("delivery", Decimal(1000))]


def test_an_inverse_instrument_settled_at_0_and_cash_of_another_currency_have_no_figures() -> None:
    inverse = {"kind": "margined", "settlement": "BTC", "inverse": True}
    at = "2026-01-0{}T10:00:00Z"
    fill = {"type": "fill", "client_order_id": "C-1", "side": "buy", "at": at.format(3)}
    paid = {"quantity": "0.5", "currency": "EUR", "amount": "9"}
    with recorded(
        {"type": "instrument", "instrument": "INV", **inverse},
        {**fill, "instrument": "INV", "fill_id": "F-1", "quantity": "1", "price": "2"},
        {"type": "settle", "instrument": "INV", "kind": "expiry", "price": "0", "at": at.format(4)},
        {
            **fill,
            "instrument": "STK",
            "fill_id": "F-2",
            "client_order_id": "C-2",
            "quantity": "10",
            "price": "7",
        },
        {
            "type": "split",
            "instrument": "STK",
            "ratio": [1, 20],
            "cash_in_lieu": paid,
            "at": at.format(5),
        },
    ) as ledger:
        reasons = {row["instrument"]: row["reason"] for row in ledger.pnl()}
        assert reasons == {"INV": "impossible_price", "STK": "kind_conflict"}


@pytest.mark.parametrize("method", ["average", "fifo", "lifo", "hifo"])
def test_a_position_too_small_to_be_shown_is_closed(method: Any) -> None:
    fill = {"type": "fill", "client_order_id": "C-1", "fill_id": "F-1", "instrument": "STK"}
    splits = [
        {
            "type": "split",
            "instrument": "STK",
            "ratio": [1, 2147483647],
            "at": f"2026-01-0{day}T10:00:00Z",
        }
        for day in range(4, 10)
    ]
    bought_at = {"side": "buy", "quantity": "10", "price": "7", "at": "2026-01-03T10:00:00Z"}
    with recorded({**fill, **bought_at}, *splits) as ledger:
        (row,) = ledger.pnl(method=method)
        assert (row["position_quantity"], row["realized_pnl"]) == (0, -70)
        assert ledger.lots(method=method) == []


def test_a_split_in_other_numbers_is_the_same_split() -> None:
    split = {"type": "split", "instrument": "STK", "at": "2026-01-04T10:00:00Z"}
    with recorded({**split, "ratio": [2, 1]}) as ledger:
        again = ledger.record(parse_document({**OF, **split, "ratio": [4, 2]}))
        assert again.outcome == "duplicate"
