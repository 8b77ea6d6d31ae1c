"""Payloads of Wallex, in the documented shapes."""

from typing import Any

NAME = "led_000001"


def fill(**other: Any) -> dict[str, Any]:
    return {
        "price": "5200000000",
        "quantity": "0.0005",
        "fee": "0.00000125",
        "feeAsset": "BTC",
        "feeCoefficient": "0.0025",
        "isBuyer": True,
        "sum": "2600000",
        "symbol": "BTCTMN",
        "timestamp": "2026-05-04T10:00:02Z",
        **other,
    }


def order(**other: Any) -> dict[str, Any]:
    """An open order to buy, a quarter of which is filled."""
    return {
        "symbol": "BTCTMN",
        "type": "LIMIT",
        "side": "BUY",
        "clientOrderId": NAME,
        "price": "5200000000",
        "origQty": "0.002",
        "executedQty": "0.0005",
        "executedPrice": "5200000000",
        "executedSum": "2600000",
        "executedPercent": 25,
        "fee": "0.00000125",
        "status": "NEW",
        "active": True,
        "transactTime": 1777888800,
        "created_at": "2026-05-04T10:00:00Z",
        "updated_at": "2026-05-04T10:00:02Z",
        "stopPrice": None,
        "fills": [fill()],
        **other,
    }


def answer(result: Any) -> dict[str, Any]:
    return {"success": True, "message": "ok", "result": result}


def orders(*rows: Any) -> dict[str, Any]:
    return answer({"orders": list(rows)})


HELD = {"asset": "BTC", "value": "1.5", "locked": "0.5"}
MARKETS = answer(
    {
        "symbols": {
            "BTCTMN": {
                "symbol": "BTCTMN",
                "baseAsset": "BTC",
                "quoteAsset": "TMN",
                "tickSize": 0,
                "stepSize": 6,
            },
            "NEWTMN": {
                "symbol": "NEWTMN",
                "baseAsset": "NEW",
                "quoteAsset": "TMN",
                "tickSize": 0.5,
                "stepSize": None,
            },
            "ODD": None,
        }
    }
)
