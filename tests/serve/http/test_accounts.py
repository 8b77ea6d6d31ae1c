"""The counts of accounts, with orders that a gateway holds."""

from typing import Any

from orderledger import Acknowledged, Ledger, Request, Submit
from orderledger.serve.overview import accounts

ORDER: dict[str, Any] = {
    "account": "sim:main",
    "instrument": "BTC-USD",
    "side": "sell",
    "quantity": "1",
    "order_type": "limit",
    "limit_price": "66000",
}
HELD: dict[str, Any] = {"tags": {"gateway.held": "parent"}}


def test_orders_that_a_gateway_holds_have_a_count_of_their_own(ledger: Ledger) -> None:
    sent: dict[str, Any] = {"account": "sim:main", "client_order_id": "C-3"}
    ledger.record_many(
        [
            Request(**ORDER, client_order_id="C-1"),
            Request(**ORDER, **HELD, client_order_id="C-2"),
            Request(**ORDER, **HELD, client_order_id="C-3"),
            Submit(**sent),
            Acknowledged(**sent),
            Request(**ORDER | {"account": "sim:other"}, client_order_id="C-4"),
        ]
    )
    rows = {
        row["account"]: (row["orders"], row["open_orders"], row["held_orders"])
        for row in accounts(ledger)
        if row["account"] in ("sim:main", "sim:other")
    }
    assert rows == {"sim:main": (3, 2, 1), "sim:other": (1, 1, 0)}
