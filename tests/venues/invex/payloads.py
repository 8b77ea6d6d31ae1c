"""Payloads of Invex, in the documented shapes."""

from typing import Any

ID, OTHER_ID = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000009"
CLIENT_ID = "led-000001"


def trade(**other: Any) -> dict[str, Any]:
    return {
        "type": "MAKER",
        "quantity": "0.0005",
        "fee": "0.00000125",
        "price": "52000000000",
        "created_at": "2026-05-04T10:00:02.000000",
        **other,
    }


def order(**other: Any) -> dict[str, Any]:
    """An open order to buy, a quarter of which is filled."""
    return {
        "order_id": ID,
        "symbol": "BTC_IRR",
        "status": "NOT_FILLED",
        "type": "LIMIT",
        "side": "BUYER",
        "price": "52000000000",
        "quantity": "0.002",
        "deal_quantity": "0.0005",
        "time_in_force": "GTC",
        "client_order_id": CLIENT_ID,
        "created_at": "2026-05-04T10:00:00.000000",
        "updated_at": "2026-05-04T10:00:02.000000",
        "trades": [trade()],
        **other,
    }


def orders(*rows: Any) -> dict[str, Any]:
    return {"orders": list(rows), "total_count": len(rows)}


HELD = {"currency": "IRR", "available": "10", "blocked": "2", "total": "12"}
SYMBOL = {"code": "BTC_IRR", "base_currency_type": "BTC", "quote_currency_type": "IRR"}
MARKETS = {
    "rules": [
        {
            "symbol": "BTC_IRR",
            "tick_size": "10",
            "amount_step_size": "0.000001",
            "minimum_limit_order_value": "1",
        },
        {"symbol": {**SYMBOL, "code": "NEW_EUR"}, "tick_size": 0.5, "amount_step_size": 1},
        None,
        {"symbol": "ODD_IRR", "tick_size": "odd"},
    ]
}
