"""Real classes of ccxt with one market each that was never fetched. Their requests can be read, or
go to a server on loopback."""

from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

import ccxt
import ccxt.async_support

from orderledger.infrastructure.clock import SystemClock
from orderledger.venues import NotSent, Unanswered
from orderledger.venues.ccxt.exchange import _moved as moved
from orderledger.venues.ccxt.exchange import exact
from orderledger.venues.ccxt.order_entry import CcxtOrderEntry

ACCOUNT = "ccxt:main"
SECRET = "c2VjcmV0c2VjcmV0c2VjcmV0"
KEYS = {"walletAddress": "0x" + "ab" * 20, "privateKey": "0x" + "11" * 32}
SYMBOLS = {"spot": "ETH/USDT", "swap": "ETH/USDT:USDT"}
IDS = {
    "okx": ("ETH-USDT", "ETH-USDT-SWAP"),
    "gate": ("ETH_USDT", "ETH_USDT"),
    "mexc": ("ETHUSDT", "ETH_USDT"),
    "htx": ("ethusdt", "ETH-USDT"),
    "kucoin": ("ETH-USDT", "ETHUSDTM"),
    "coinbase": ("ETH-USDT", "ETH-PERP"),
    "hollaex": ("eth-usdt", ""),
    "bigone": ("ETH-USDT", ""),
    "blofin": ("", "ETH-USDT"),
    "deribit": ("", "ETH_USDT-PERPETUAL"),
    "krakenfutures": ("", "PF_ETHUSD"),
}
"""The exchange's own names of the spot market and of the perpetual."""
OPTIONS = {
    "enableUnifiedMargin": False,
    "enableUnifiedAccount": True,
    "unifiedMarginStatus": 5,
    "uta": False,
    "unifiedAccount": False,
    "hf": True,
    "fetchCurrencies": False,
}
"""What ccxt would query before the first order, at Bybit, Bitget, Gate and KuCoin."""


def entry(
    name: str, kind: str = "spot", *, url: str | None = None, **options: Any
) -> CcxtOrderEntry:
    """The orders of an account at the exchange `name`. Without `url`, nothing is sent:
    `sent(entry)` has the requests."""
    base: Any = getattr(ccxt.async_support, name)
    log: list[tuple[str, str, Any, Any]] = []

    async def fetch(
        self: Any, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        log.append((method, url, headers, body))
        raise ccxt.NetworkError("this test sends nothing")

    exchange = exact(base if url else type(name, (base,), {"fetch": fetch}))(
        {"enableRateLimit": False, "options": {"defaultType": kind, **OPTIONS, **options}}
    )
    for field, is_needed in exchange.requiredCredentials.items():
        if is_needed:
            setattr(exchange, field, KEYS.get(field, SECRET))
    exchange.accounts = [
        {"id": "7", "type": "spot", "info": {"id": 7, "type": "spot", "state": "working"}}
    ]
    exchange.set_markets([market(name, kind)])
    exchange.log = log
    if url:
        exchange.urls["api"] = moved(exchange.urls["api"], url, url)
        exchange.hostname = url.removeprefix("http://")
        exchange.aiohttp_trust_env = False
    return CcxtOrderEntry(exchange, account=ACCOUNT, now=SystemClock().now)


def market(name: str, kind: str) -> dict[str, Any]:
    """A market with steps of 0.01, of the perpetual with a whole number of contracts."""
    is_swap = kind == "swap"
    lot = "1" if is_swap else "0.01"
    no_limits = {"min": None, "max": None}
    return {
        "id": IDS.get(name, ("ETHUSDT", "ETHUSDT"))[is_swap],
        "symbol": SYMBOLS[kind],
        "base": "ETH",
        "quote": "USDT",
        "settle": "USDT" if is_swap else None,
        "baseId": "4" if name == "hyperliquid" else "ETH",
        "quoteId": "USDT",
        "settleId": "usdt" if is_swap else None,
        "type": kind,
        "spot": not is_swap,
        "margin": False,
        "swap": is_swap,
        "future": False,
        "option": False,
        "active": True,
        "contract": is_swap,
        "linear": True if is_swap else None,
        "inverse": False if is_swap else None,
        "contractSize": "0.1" if is_swap else None,
        "precision": {"amount": 8, "price": 5}
        if name == "bitfinex"
        else {"amount": lot, "price": "0.01"},
        "limits": {
            "amount": {"min": lot, "max": None},
            "price": no_limits,
            "cost": no_limits,
            "leverage": no_limits,
        },
        "info": {
            "orderTypes": [
                "LIMIT",
                "MARKET",
                "STOP_LOSS",
                "STOP_LOSS_LIMIT",
                "LIMIT_MAKER",
                "STOP",
                "STOP_MARKET",
                "TAKE_PROFIT",
                "TAKE_PROFIT_LIMIT",
                "TAKE_PROFIT_MARKET",
                "TRAILING_STOP_MARKET",
            ],
            "quoteIncrement": "0.01",
        },
    }


def order(kind: str = "spot", **terms: Any) -> dict[str, Any]:
    """A limit order to buy, as a row of the ledger."""
    return {
        "account": ACCOUNT,
        "client_order_id": "led1",
        "instrument": SYMBOLS[kind],
        "side": "buy",
        "quantity": Decimal(2),
        "order_type": "limit",
        "limit_price": Decimal("2500.5"),
        **terms,
    }


def sent(one: CcxtOrderEntry) -> list[tuple[str, str, Any, Any]]:
    """Method, address, headers and body of the requests that would have been sent."""
    found: list[tuple[str, str, Any, Any]] = one._exchange.log
    return found


async def outcome_of(one: CcxtOrderEntry, sending: Awaitable[object]) -> tuple[str, str]:
    """What a call of the entry has sent, or the reason and the text of its NotSent. Closes it."""
    try:
        await sending
    except NotSent as error:
        return error.reason, error.text
    except Unanswered:
        method, url, _, body = sent(one)[-1]
        return "sent", f"{method} {url} {body or ''}"
    finally:
        await one.aclose()
    raise AssertionError("the test's exchange answers nothing")
