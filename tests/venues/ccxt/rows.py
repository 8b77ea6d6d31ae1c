"""Unified rows as ccxt gives them, with numbers as text."""

from typing import Any

T = 1_790_000_000_000
CLIENT_ID = "led-1"


def order(**other: Any) -> dict[str, Any]:
    """An order to buy 1.2 ETH/USDT, of which 0.5 has been filled."""
    return {
        "id": "101",
        "clientOrderId": CLIENT_ID,
        "timestamp": T,
        "datetime": "2026-09-21T14:13:20.000Z",
        "lastTradeTimestamp": None,
        "lastUpdateTimestamp": T + 5000,
        "status": "open",
        "symbol": "ETH/USDT",
        "type": "limit",
        "timeInForce": "GTC",
        "postOnly": False,
        "reduceOnly": None,
        "side": "buy",
        "price": "2500.5",
        "average": "2500.1",
        "amount": "1.2",
        "filled": "0.5",
        "remaining": "0.7",
        "cost": "1250.05",
        "stopPrice": None,
        "triggerPrice": None,
        "takeProfitPrice": None,
        "stopLossPrice": None,
        "trades": [],
        "fee": None,
        "fees": [],
        "info": {"note": "as it came"},
        **other,
    }


def trade(**other: Any) -> dict[str, Any]:
    """A fill of that order."""
    return {
        "id": "9001",
        "order": "101",
        "timestamp": T + 4000,
        "datetime": "2026-09-21T14:13:24.000Z",
        "symbol": "ETH/USDT",
        "type": "limit",
        "side": "buy",
        "takerOrMaker": "maker",
        "price": "2500.1",
        "amount": "0.5",
        "cost": "1250.05",
        "fee": {"currency": "USDT", "cost": "0.12"},
        "fees": [{"currency": "USDT", "cost": "0.12"}],
        "info": {},
        **other,
    }


def position(**other: Any) -> dict[str, Any]:
    return {
        "symbol": "ETH/USDT:USDT",
        "side": "short",
        "contracts": "15",
        "contractSize": "0.1",
        "entryPrice": "2500.1",
        "timestamp": T,
        "info": {},
        **other,
    }


def funding(**other: Any) -> dict[str, Any]:
    return {
        "id": "f-1",
        "symbol": "ETH/USDT:USDT",
        "code": "USDT",
        "amount": "-0.12",
        "timestamp": T,
        "info": {},
        **other,
    }


def market(**other: Any) -> dict[str, Any]:
    """An inverse perpetual with contracts of 100 dollars."""
    return {
        "symbol": "BTC/USD:BTC",
        "contract": True,
        "linear": False,
        "inverse": True,
        "contractSize": "100",
        "quote": "USD",
        "settle": "BTC",
        "precision": {"price": "0.1", "amount": "1"},
        **other,
    }
