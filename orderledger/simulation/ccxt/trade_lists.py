"""The lists of trades of simulated exchanges, page by page.

Sources: bybit-exchange/docs, v5/order/execution (newest first, `limit` 100 at most, `cursor` and
`nextPageCursor`); okx.com/docs-v5, Transaction details (newest first, 100 rows, `after` the
`billId` of a row); developers.binance.com, Account Trade List (oldest first, `fromId` alone).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from orderledger.simulation.ccxt.braked import Asked, milliseconds
from orderledger.simulation.market import SimulatedFill

MOST = 100
"""Rows of a page at Bybit and OKX."""
WEEK = timedelta(days=7) // timedelta(milliseconds=1)


def bybit_executions(
    fills: Sequence[SimulatedFill], symbol: str, asked: Asked, most: int = MOST
) -> Asked:
    """A page of one symbol, and the cursor of the next one. `most`: rows of a page, which may be
    fewer than are asked for."""
    begin, end = int(asked.get("startTime", 0)), int(asked.get("endTime", 10**15))
    before = int(asked.get("cursor") or 10**15)
    found = [one for one in _between(fills, begin, end) if one.fill_id < before][::-1]
    page = found[: min(int(asked.get("limit", 50)), most)]
    more = str(page[-1].fill_id) if len(found) > len(page) else ""
    rows = [_bybit_row(one, symbol) for one in page]
    return {"category": "linear", "nextPageCursor": more, "list": rows}


def okx_fills(fills: Sequence[SimulatedFill], symbol: str, asked: Asked) -> list[Asked]:
    """A page of one symbol."""
    begin, end = int(asked.get("begin", 0)), int(asked.get("end", 10**15))
    before = int(asked.get("after") or 10**15)
    found = [one for one in _between(fills, begin, end) if one.fill_id < before][::-1]
    return [_okx_row(one, symbol) for one in found[: min(int(asked.get("limit", MOST)), MOST)]]


def binance_trades(
    fills: Sequence[SimulatedFill], asked: Mapping[str, str], most: int
) -> list[SimulatedFill]:
    """A page from an id on, else of a period of a week at most."""
    begin = int(asked.get("startTime", 0))
    found = _between(fills, begin, int(asked.get("endTime", begin + WEEK)))
    if "fromId" in asked:
        found = [one for one in fills if one.fill_id >= int(asked["fromId"])]
    return found[: min(int(asked.get("limit", 500)), most)]


def _between(fills: Sequence[SimulatedFill], begin: int, end: int) -> list[SimulatedFill]:
    return [one for one in fills if begin <= milliseconds(one.at) <= end]


def _bybit_row(fill: SimulatedFill, symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "orderId": str(fill.order_id),
        "orderLinkId": fill.client_id or "",
        "side": "Buy" if fill.side == "buy" else "Sell",
        "execId": str(fill.fill_id),
        "execPrice": f"{fill.price:f}",
        "execQty": f"{fill.quantity:f}",
        "execValue": f"{fill.price * fill.quantity:f}",
        "execFee": f"{fill.fee:f}",
        "feeCurrency": fill.fee_currency,
        "execType": "Trade",
        "execTime": str(milliseconds(fill.at)),
        "orderType": "Limit",
        "isMaker": fill.liquidity == "maker",
    }


def _okx_row(fill: SimulatedFill, symbol: str) -> dict[str, Any]:
    return {
        "instType": "SWAP",
        "instId": symbol,
        "tradeId": str(fill.fill_id),
        "billId": str(fill.fill_id),
        "ordId": str(fill.order_id),
        "clOrdId": fill.client_id or "",
        "side": str(fill.side),
        "posSide": "net",
        "fillPx": fill.price,
        "fillSz": fill.quantity,
        "fee": -fill.fee,
        "feeCcy": fill.fee_currency,
        "execType": "M" if fill.liquidity == "maker" else "T",
        "ts": str(milliseconds(fill.at)),
    }
