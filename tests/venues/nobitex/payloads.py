"""Payloads of Nobitex, in the documented shape."""

from typing import Any

CLIENT_ID = "led-000001"


def order(**other: Any) -> dict[str, Any]:
    """An open order to buy, a quarter of which is filled."""
    return {
        "id": 70001,
        "type": "buy",
        "execution": "Limit",
        "tradeType": "Spot",
        "market": "BTC-RLS",
        "srcCurrency": "Bitcoin",
        "dstCurrency": "\ufdfc",
        "price": "52000000000",
        "amount": "0.002",
        "totalPrice": "26000000",
        "matchedAmount": "0.0005",
        "unmatchedAmount": "0.0015",
        "clientOrderId": CLIENT_ID,
        "partial": True,
        "fee": "0.00000125",
        "status": "Active",
        "averagePrice": "52000000000",
        "created_at": "2026-05-04T13:30:00.100000+03:30",
        **other,
    }


def trade(**other: Any) -> dict[str, Any]:
    """A trade of that order."""
    return {
        "id": 810001,
        "orderId": 70001,
        "srcCurrency": "Bitcoin",
        "dstCurrency": "\ufdfc",
        "market": "BTC-RLS",
        "timestamp": "2026-05-04T10:00:02.500000+00:00",
        "type": "buy",
        "price": "52000000000",
        "amount": "0.0005",
        "total": "26000000",
        "fee": "0.00000125",
        **other,
    }


def orders(*rows: Any) -> dict[str, Any]:
    return {"status": "ok", "hasNext": False, "orders": list(rows)}


def trades(*rows: Any) -> dict[str, Any]:
    return {"status": "ok", "hasNext": False, "trades": list(rows)}


def wallets(*rows: Any) -> dict[str, Any]:
    return {"status": "ok", "wallets": list(rows)}


WALLET = {
    "id": 4159,
    "currency": "btc",
    "balance": "10.26",
    "blockedBalance": "1",
    "activeBalance": "9.26",
}
OPTIONS = {
    "status": "ok",
    "coins": [],
    "nobitex": {
        "allCurrencies": ["btc"],
        "amountPrecisions": {"BTCIRT": "0.000001", "NEWIRT": "0.1", "BTCEUR": "0.1"},
        "pricePrecisions": {"BTCIRT": "10", "NEWIRT": "1", "BTCEUR": "1"},
    },
}
FRAME = {
    "push": {
        "channel": "private:trades#P",
        "pub": {
            "data": '{"id": 1, "orderId": 2, "srcCurrency": "btc", "dstCurrency": "rls", "type": '
            '"buy"}',
            "offset": 17,
        },
    }
}
