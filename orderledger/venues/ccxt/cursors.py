"""How exchanges continue their lists of trades, one row for each way.

Times alone cannot turn a page: more trades may happen at one time than a page holds. Most exchanges
give a cursor: a token in the answer, the id of a row, or a number of rows or pages. ccxt passes its
parameter on unchanged. An exchange without a row is read by times, see `trade_pages`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

CCXT = "ccxt 4.5.90, fetchMyTrades"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """One way to the next page. `param`: the parameter of the request that takes the value.

    `at`: where the answer's document has the value, as keys and indexes (-1: the last row).
    `counts`: instead of `at`, the value is the number of rows or pages read, plus `first`.
    `is_token`: the exchange states the value itself. Its absence ends the list, not a short page.
    `plus`: what is added to a value that names the last row, where the exchange includes it.
    `is_alone`: the exchange takes no period together with the value.
    `kind`: the markets with this list, if an exchange has several. `more`: further parameters.
    `source`: the page or code that documents it.
    """

    param: str
    source: str
    at: tuple[str | int, ...] = ()
    counts: Literal["rows", "pages"] | None = None
    first: int = 0
    is_token: bool = False
    plus: int = 0
    is_alone: bool = False
    kind: Literal["spot", "contract"] | None = None
    more: tuple[tuple[str, str], ...] = ()

    def value(self, document: Any, rows: int, pages: int) -> str | int | None:
        """The value for the next page, None if there is none."""
        if self.counts is not None:
            return self.first + (rows if self.counts == "rows" else pages)
        found = _inner(document, self.at)
        if self.plus:
            return int(found) + self.plus if str(found).isdecimal() else None
        return found if isinstance(found, str | int) and found not in ("", "0", 0) else None

    def params(self, value: str | int) -> dict[str, Any]:
        """The parameters of the request for the next page."""
        return {self.param: value, **dict(self.more)}


def _inner(document: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        if isinstance(step, str) and isinstance(document, dict):
            document = document.get(step)
        elif isinstance(step, int) and isinstance(document, list) and document:
            document = document[step]
        else:
            return None
    return document


def _token(param: str, *at: str, source: str = CCXT) -> Cursor:
    return Cursor(param=param, at=at, is_token=True, source=source)


_BINANCE = (
    Cursor(
        param="fromId",
        at=(-1, "id"),
        plus=1,
        is_alone=True,
        source="developers.binance.com, Account Trade List: "
        "fromId cannot be sent with startTime or endTime",
    ),
)
_BYBIT = (
    _token(
        "cursor",
        "result",
        "nextPageCursor",
        source="bybit-exchange/docs, v5/order/execution: nextPageCursor",
    ),
)
_OKX = (
    Cursor(
        param="after",
        at=("data", -1, "billId"),
        source="okx.com/docs-v5, Transaction details (last 3 months): records before a billId",
    ),
)
_GATE = (
    Cursor(
        param="page",
        counts="pages",
        first=1,
        kind="spot",
        source="gate.com, API v4, List personal trading history: page",
    ),
    Cursor(
        param="offset",
        counts="rows",
        kind="contract",
        source="gate.com, API v4, futures, my_trades_timerange: offset",
    ),
)
_KUCOIN = (
    Cursor(
        param="lastId",
        at=("data", "lastId"),
        source="kucoin.com/docs-new, Get Trade History (spot, and unified accounts): lastId",
    ),
    Cursor(
        param="currentPage",
        counts="pages",
        first=1,
        kind="contract",
        source="kucoin.com/docs-new, futures, Get Trade History: currentPage",
    ),
)
_BITGET_SPOT = Cursor(
    param="idLessThan",
    at=("data", -1, "tradeId"),
    kind="spot",
    source="bitget.com, api-doc, spot, Get Fills: idLessThan",
)
_HITBTC = (Cursor(param="offset", counts="rows", source="api.hitbtc.com, trades history: offset"),)
_ORDERLY = (Cursor(param="page", counts="pages", first=1, source=CCXT),)

CURSORS: Mapping[str, tuple[Cursor, ...]] = {
    "alpaca": (
        Cursor(
            param="page_token",
            at=(-1, "id"),
            source="docs.alpaca.markets, Account Activities: page_token, the id of the last row",
        ),
    ),
    "apex": (Cursor(param="page", counts="pages", source=CCXT),),
    "backpack": (Cursor(param="offset", counts="rows", source=CCXT),),
    "bequant": _HITBTC,
    "binance": _BINANCE,
    "binancecoinm": _BINANCE,
    "binanceus": _BINANCE,
    "binanceusdm": _BINANCE,
    "bitget": (
        _token("cursor", "data", "cursor", source="bitget.com, api-doc, uta, Get Order Fills"),
        _token("idLessThan", "data", "endId", source="bitget.com, api-doc, mix, Get Order Fills"),
        _BITGET_SPOT,
    ),
    "bybit": _BYBIT,
    "bybiteu": _BYBIT,
    "bybitid": _BYBIT,
    "coinbase": (_token("cursor", "cursor", source="docs.cdp.coinbase.com, List Fills: cursor"),),
    "derive": _ORDERLY,
    "extended": (_token("cursor", "pagination", "cursor"),),
    "fmfwio": _HITBTC,
    "gate": _GATE,
    "gateeu": _GATE,
    "hitbtc": _HITBTC,
    "htx": (
        Cursor(
            param="from",
            at=("data", -1, "id"),
            kind="spot",
            more=(("direct", "next"),),
            source="huobiapi.github.io/docs/spot, Search Match Results: from, the id of the "
            "last row",
        ),
    ),
    "kraken": (
        Cursor(
            param="ofs",
            counts="rows",
            source="docs.kraken.com, Get Trades History: ofs",
        ),
    ),
    "kucoin": _KUCOIN,
    "kucoinfutures": _KUCOIN,
    "lighter": (_token("cursor", "next_cursor"),),
    "mexc": (
        Cursor(
            param="page_num",
            counts="pages",
            first=1,
            kind="contract",
            source="mexc.com, contract v1, order_deals: page_num",
        ),
    ),
    "modetrade": _ORDERLY,
    "myokx": _OKX,
    "okx": _OKX,
    "okxus": _OKX,
    "p2b": (Cursor(param="offset", counts="rows", source=CCXT),),
    "pacifica": (_token("cursor", "next_cursor"),),
    "paradex": (_token("cursor", "next", source="docs.paradex.trade, List fills: next"),),
    "phemex": (
        Cursor(
            param="offset",
            counts="rows",
            source="phemex-api-docs, Query user trade: offset",
        ),
    ),
    "revolutx": (
        _token(
            "cursor",
            "metadata",
            "next_cursor",
            source="developer.revolut.com, X API, Get client trades: metadata.next_cursor",
        ),
    ),
    "whitebit": (
        Cursor(
            param="offset",
            counts="rows",
            source="docs.whitebit.com, Query executed order history: offset",
        ),
    ),
    "woo": _ORDERLY,
    "woofipro": _ORDERLY,
}


def cursors_of(exchange: str, *, is_contract: bool) -> tuple[Cursor, ...]:
    """The ways that an exchange of ccxt offers for these markets, in the order to try them."""
    kind = "contract" if is_contract else "spot"
    return tuple(one for one in CURSORS.get(exchange, ()) if one.kind in (None, kind))
