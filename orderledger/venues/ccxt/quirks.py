"""Differences that ccxt does not unify, one row for each exchange. An exchange without a row has
`USUAL`.

The rows were taken from the sources of ccxt 4.5. A new peculiarity is a new row or a new column,
never an `if`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from orderledger.venues.ccxt import conditional_spaces as spaces
from orderledger.venues.ccxt.ledger_words import BINANCE, KRAKEN, OKX, Meaning

IdForm = Literal["text", "hex", "integer", "uuid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """One exchange's peculiarities.

    Client ids. `id_form`: `text`, which fits if it matches `id_pattern`; `hex`, 0x and 32 digits;
    an `integer` below 2**45; a `uuid`. `id_prefix`: prefix of a client id derived from ours.
    `id_param`: the parameter of createOrder that takes the id. `id_in`: the fields of `info` that
    hold it, if the unified `clientOrderId` does not. `fake_ids`: ids that the exchange reports for
    orders without one; `fake_prefixes`: prefixes of ids that ccxt or the exchange makes up.
    `cancels_by_client_id`: whether cancelOrder takes `clientOrderId`.

    Reports. `words_in`: the fields of `info` that hold the exchange's own word for a status or an
    end. `triggered`: its words for a conditional order that has started a child order, which ccxt
    reports as `closed`. `fill_parts`: the fields of a trade that identify it within its order.
    `orders_trades`: whether the ids of trades grow with their order. `has_pushed_amounts`: whether
    the amounts of a pushed order are facts.

    `is_one_order`: whether no two orders of the exchange have one client id, and each keeps its id.

    Queries. `ended_by_id`: the list that still has an ended order when fetchOrder has forgotten it,
    and its parameter for the exchange's id. `open_page`: the most open orders in one answer;
    `cursor`: the field of `info` that leads to the next one, and its parameter. How pages of trades
    are turned: see `cursors`. `lists_all`: whether lists contain all symbols although the
    `features` require one. `options`: options of the exchange's class. `ledger`: parameters of
    fetchLedger. `ledger_of_spot`: whether it lists spot accounts.
    `ledger_words`: the meanings of the exchange's own words, in the field `ledger_field` of `info`.
    `ledger_pays_fee`: whether the fee of an entry is paid besides its amount.
    `wallet`: of a contract account, the list in `info` that states balances without unrealized P&L.
    It is followed by the fields of the currency and the amount.
    `reads_with`: the credentials needed for reading, if not all.

    Orders. `batch`: the most orders in one createOrders, where some of them may be refused.
    `edits_in_place`: whether editOrder keeps the order, with the amount as its new total; otherwise
    ccxt cancels it and makes another one. `is_serial`: whether orders of one account have to be
    sent one after the other. `resends_safely`: whether a used client id is never accepted again.
    `query_lag_seconds`: how far the answer to a query may lag behind
    the order; no exchange states it, so the number is ours.

    `conditional`: the space of conditional orders, where they are another kind of order.
    """

    id_form: IdForm = "text"
    id_pattern: str = "[A-Za-z0-9_-]{1,32}"
    id_prefix: str = ""
    id_param: str = "clientOrderId"
    id_in: tuple[str, ...] = ()
    fake_ids: frozenset[str] = frozenset()
    fake_prefixes: tuple[str, ...] = ()
    cancels_by_client_id: bool = False
    words_in: tuple[str, ...] = ("status", "state", "orderStatus", "ordStatus", "order_status", "X")
    triggered: frozenset[str] = frozenset()
    fill_parts: tuple[str, ...] = ("id",)
    has_pushed_amounts: bool = True
    is_one_order: bool = False
    ended_by_id: tuple[str, str] | None = None
    open_page: int | None = None
    cursor: tuple[str, str] | None = None
    lists_all: bool = False
    reads_with: tuple[str, ...] | None = None
    options: tuple[tuple[str, Any], ...] = ()
    ledger: tuple[tuple[str, Any], ...] = ()
    ledger_of_spot: bool = True
    ledger_words: Mapping[str, Meaning] | None = None
    ledger_field: str = "type"
    ledger_pays_fee: bool = False
    wallet: tuple[str, str, str] | None = None
    batch: int = 1
    edits_in_place: bool = False
    is_serial: bool = False
    resends_safely: bool = False
    query_lag_seconds: float = 2.0
    orders_trades: bool = False
    conditional: spaces.ConditionalSpace | None = None

    def fits(self, client_id: str) -> bool:
        """Whether the exchange accepts this text as a client id."""
        return self.id_form == "text" and re.fullmatch(self.id_pattern, client_id) is not None

    def folded(self, client_id: str) -> str:
        """The id in the form that we record. UUIDs and hexadecimal numbers are the same in
        either case (RFC 9562, section 4).
        """
        return client_id.lower() if self.id_form in ("uuid", "hex") else client_id

    def is_fake(self, client_id: str) -> bool:
        """Whether this client id is certainly made up, not chosen by anyone."""
        return client_id in self.fake_ids or client_id.startswith(self.fake_prefixes)


USUAL = Quirks()
_BINANCE = Quirks(
    id_pattern="[A-Za-z0-9_.:/-]{1,36}",
    cancels_by_client_id=True,
    fake_prefixes=(
        "x-",
        "web_",
        "ios_",
        "android_",
        "electron_",
        "autoclose-",
        "adl_autoclose",
        "settlement_autoclose-",
    ),
    words_in=("status", "algoStatus", "X"),
    triggered=frozenset({"TRIGGERED", "FINISHED"}),
    fill_parts=("symbol", "id"),  # the ids of trades are unique within a symbol
    orders_trades=True,
    # developers.binance.com, Get Income History: at most 1000 rows, of the last three months
    ledger=(("limit", 1000),),
    ledger_of_spot=False,
    ledger_words=BINANCE,
    ledger_field="incomeType",
    # developers.binance.com, "Account Information V3" (USD-M) and "Account Information" (COIN-M)
    wallet=("assets", "asset", "walletBalance"),
    options=(
        ("warnOnFetchOpenOrdersWithoutSymbol", False),
        (
            "watchPositions",
            {"fetchPositionsSnapshot": False},
        ),  # they would be fetched for each stream, and compared as numbers
        ("watchBalance", {"fetchBalanceSnapshot": False}),
    ),
)
_BINANCE_FUTURES = replace(_BINANCE, edits_in_place=True, batch=5)
_OKX = Quirks(
    id_pattern="[A-Za-z0-9]{1,32}",
    # okx.com/docs-v5: a conditional order, and the order that it starts, have the latter alone
    id_in=("clOrdId", "algoClOrdId"),
    cancels_by_client_id=True,
    fake_prefixes=("e847386590ce4dBC", "6b9ad766b55dBCDE"),
    words_in=("state",),
    triggered=frozenset({"effective", "partially_effective"}),
    conditional=spaces.OKX,
    ledger_words=OKX,
    edits_in_place=True,
)
_BYBIT = Quirks(
    id_pattern="[A-Za-z0-9_-]{1,36}",
    words_in=("orderStatus",),
    edits_in_place=True,
    # bybit-exchange/docs v5, create-order: orderLinkId is "always unique"
    is_one_order=True,
    # the same, open-order and order-list: pages, and ended orders after a restart
    ended_by_id=("fetch_canceled_and_closed_orders", "orderId"),
    open_page=50,
    cursor=("nextPageCursor", "cursor"),
    options=(("fetchOrder", {"acknowledged": True}),),  # bybit.py queries no order without it
)
_GATE = Quirks(
    id_pattern="t-[A-Za-z0-9_.-]{1,26}",
    id_prefix="t-",
    fake_ids=frozenset({"api", "web", "app", "apiv4", "-", "auto_deleveraging", "liquidation"}),
    fake_prefixes=("ao-", "insurance", "liq-", "pm_liquidate"),
    words_in=("finish_as", "status"),
    triggered=frozenset({"succeeded", "finish"}),
    conditional=spaces.GATE,
)
_HITBTC = Quirks(
    id_param="client_order_id"
)  # hitbtc.py names the field, and passes the value on unchanged
_KUCOIN = Quirks(id_pattern="[A-Za-z0-9_-]{1,40}", words_in=("cancelReason", "status"))

QUIRKS: Mapping[str, Quirks] = {
    # a used id is refused: HTTP 422, "client_order_id must be unique"
    "alpaca": Quirks(id_pattern="[A-Za-z0-9_.:-]{1,48}", resends_safely=True),
    "aster": replace(_BINANCE, wallet=None, ledger_words=None),
    "bequant": _HITBTC,
    "binance": _BINANCE,
    "binancecoinm": _BINANCE_FUTURES,
    "binanceus": _BINANCE,
    "binanceusdm": replace(_BINANCE_FUTURES, conditional=spaces.BINANCE_USDM),
    "bitfinex": Quirks(id_form="integer", fake_ids=frozenset({"0"})),
    "bitget": Quirks(cancels_by_client_id=True),
    "bybit": _BYBIT,
    "bybiteu": _BYBIT,
    "bybitid": _BYBIT,
    # docs.cdp.coinbase.com, Create Order: for a used id, the first order is returned
    "coinbase": Quirks(
        id_pattern="[A-Za-z0-9_-]{1,128}", id_param="client_order_id", resends_safely=True
    ),
    "coinbaseexchange": Quirks(
        id_form="uuid", cancels_by_client_id=True, words_in=("done_reason", "status")
    ),
    "cryptocom": Quirks(id_pattern="[A-Za-z0-9_-]{1,36}", fake_prefixes=("CCXT_",)),
    "deribit": Quirks(
        id_pattern="[A-Za-z0-9_.:/-]{1,64}",
        id_param="label",
        id_in=("label",),
        words_in=("cancel_reason", "order_state"),
        edits_in_place=True,
    ),
    "fmfwio": _HITBTC,
    "gate": _GATE,
    "gateeu": _GATE,
    "hitbtc": _HITBTC,
    "hyperliquid": Quirks(
        id_form="hex",
        cancels_by_client_id=True,
        lists_all=True,
        reads_with=("walletAddress",),
        fill_parts=("timestamp", "symbol", "id", "side"),  # both sides of a trade have one id
    ),
    "kraken": Quirks(
        id_form="uuid",
        # otherwise ccxt shows the number userref, which is 0 if there is none
        id_in=("cl_ord_id",),
        fake_ids=frozenset({"0"}),
        cancels_by_client_id=True,
        words_in=("reason", "cancel_reason", "status", "order_status"),
        ledger_words=KRAKEN,
        ledger_pays_fee=True,
        edits_in_place=True,
        # a pushed update leaves out unchanged fields, and ccxt fills in the quantity
        has_pushed_amounts=False,
    ),
    "krakenfutures": Quirks(id_pattern="[A-Za-z0-9_-]{1,100}"),
    "kucoin": _KUCOIN,
    "kucoinfutures": _KUCOIN,
    "lighter": Quirks(
        id_form="integer", is_serial=True
    ),  # parallel requests produce nonces that are refused
    "mexc": Quirks(
        cancels_by_client_id=True, query_lag_seconds=30.0
    ),  # new orders are unknown "often" (ccxt issue 21614)
    "myokx": _OKX,
    "okx": _OKX,
    "okxus": _OKX,
    "paradex": Quirks(
        id_pattern="[A-Za-z0-9_-]{1,64}",
        cancels_by_client_id=True,
        words_in=("cancel_reason", "status"),
    ),
    "phemex": Quirks(
        id_pattern="[A-Za-z0-9_-]{1,40}", cancels_by_client_id=True, fake_prefixes=("CCXT",)
    ),
    "tokocrypto": replace(_BINANCE, cancels_by_client_id=False),
    "toobit": Quirks(
        id_param="newClientOrderId"
    ),  # toobit.py adds its own id unless this one is given
    "woo": Quirks(id_form="integer", cancels_by_client_id=True, fake_ids=frozenset({"0"})),
}


def quirks_of(exchange: str) -> Quirks:
    """The row of an exchange, by its id in ccxt."""
    return QUIRKS.get(exchange, USUAL)
