"""Nobitex as a table. Sources: github.com/nobitex/docs-api (2025-11-16), unless a line says
more."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from orderledger import CancelRejected, Message, OrderType, Rejected, Side, Source
from orderledger import OrderStatus as Status
from orderledger.venues.base.client_ids import ClientIds
from orderledger.venues.base.fields import (
    PayloadRow,
    Unreadable,
    can_be_id,
    identity,
    moment,
    needed_word,
    price,
)
from orderledger.venues.base.refusals import STATED, UNAUTHORIZED, Mark, Refusals, coded, each_coded
from orderledger.venues.base.symbols import SymbolTable
from orderledger.venues.base.transport import parsed
from orderledger.venues.polled.adapter import polled_adapter
from orderledger.venues.polled.books import BookQuery
from orderledger.venues.polled.order_rows import PolledOrderState, RowContext
from orderledger.venues.polled.pairs import second_name
from orderledger.venues.polled.reader import at
from orderledger.venues.polled.requests import ByName, OcoPlacing, Paging, Placing, Query
from orderledger.venues.polled.table import (
    Answers,
    FillFields,
    Market,
    OrderFields,
    Refusal,
    RowReaders,
    SpotTable,
)

ORDERS, ORDER, TRADES = "/market/orders/list", "/market/orders/status", "/market/trades/list"
WALLETS, OPTIONS = "/users/wallets/list", "/v2/options"
BOOK = "/v3/orderbook/{symbol}"
WHOLE_ROWS: dict[str, str | int] = {"details": 2, "order": "-id"}
"""Without `details=2`, rows lack ids and statuses. Newest first."""
QUOTES_OF_NAMES = {"IRT": "RLS", "USDT": "USDT"}
"""How names of markets end in lists and channels (`BTCIRT`), and the code that is meant."""
PUSHED = {
    "id": "orderId",
    "type": "side",
    "execution": "orderType",
    "matchedAmount": "filledAmount",
    "averagePrice": "avgFilledPrice",
    "created_at": "eventTime",
}
"""The fields of an order's row, by their names in frames of the websocket."""

DOCS = "github.com/nobitex/docs-api, docs/market-trade.md"
NEW_ORDER = (
    f"{DOCS}, errors of /market/orders/add: after any of them the order has not been registered"
)
CANCEL = "/market/orders/update-status"
STATUS = f"{DOCS}, /market/orders/update-status, note 5: any other change of the status is refused"
GENERAL = "github.com/nobitex/docs-api, docs/general-notes.md"

REFUSALS = Refusals(
    UNAUTHORIZED,
    *each_coded(
        {
            "OverValueOrder": "insufficient_funds",
            "SmallOrder": "too_small",
            "InvalidOrderPrice": "incorrect_price",
            "BadPrice": "incorrect_price",
            "PriceConditionFailed": "incorrect_price",
            "InvalidMarketPair": "unknown_instrument",
            "MarketClosed": "market_closed",
            "TradingUnavailable": "not_allowed",
            "FeatureUnavailable": "not_allowed",
        },
        source=NEW_ORDER,
    ),
    coded(
        "ParseError",
        reason="rejected",
        source=f"{GENERAL}: a parameter that cannot be read",
        answers=[Rejected],
    ),
    coded(
        "TooManyRequests",
        reason="rate_limited",
        source=f"{GENERAL}: the call is refused for `backOff` seconds",
        mark=Mark.TURNED_AWAY,
    ),
    coded(
        "DuplicateClientOrderId", reason="duplicate_order", source=NEW_ORDER, mark=Mark.DUPLICATE
    ),
    coded(
        "DuplicateOrder",
        reason="duplicate_order",
        source=f"{DOCS}, note on repeated orders",
        mark=Mark.DUPLICATE,
    ),
    coded(
        "NotFound",
        "OrderNotFound",
        reason="unknown_order",
        source=STATUS,
        answers=[CancelRejected],
    ),
    coded(STATED, reason="rejected", source=STATUS, answers=[CancelRejected]),
)
"""A client id is found among open orders alone, so DuplicateClientOrderId proves an open order.
DuplicateOrder proves one with the same terms within ten seconds."""


def refusal_in(document: PayloadRow) -> Refusal | None:
    """Refusals come with HTTP 200 too."""
    if document.get("status") in (None, "ok"):
        return None
    code = str(document.get("code"))
    return Refusal(code=code, text=str(document.get("message") or code))


def pair_reported(
    state: PolledOrderState, context: RowContext, row: PayloadRow
) -> Iterator[Message]:
    """An order of an OCO pair names the other one. The second one has no client id."""
    pair = identity(row, "pairId")
    if pair:
        if not state.aliases and pair in context.client_ids:
            name = second_name(context.client_ids[pair])
            state = replace(state, aliases={NOBITEX.alias: name})
        text = f"one of two orders, with {pair}: where one ends, so does the other"
        state = replace(state, text=text)
    yield state.report(context, row)


def pushed(readers: RowReaders, frame: PayloadRow, context: RowContext) -> Iterator[Message]:
    """A recorded frame of the websocket: JSON within JSON, with other names for the same fields. An
    order's frame may name a fill, but not its fee: the frame of the trade reports the fill."""
    try:
        push: dict[str, dict[str, str]] = frame["push"]  # type: ignore[assignment]
        is_order, row = push["channel"].startswith("private:orders#"), parsed(push["pub"]["data"])  # type: ignore[attr-defined]
        market = f"{row['srcCurrency']}-{row['dstCurrency']}".upper()
    except (KeyError, TypeError, AttributeError, ValueError):
        raise Unreadable("is not a frame about an order or a trade") from None
    renamed = {name: row.get(own) for name, own in PUSHED.items()} if is_order else {}
    in_push = replace(
        context,
        source=Source.VENUE_PUSH,
        first_seen_at=lambda name, *, is_end: moment(row, "eventTime"),
    )
    read = readers.order if is_order else readers.fill
    for message in read({**row, **renamed, "market": market}, in_push):
        yield message.model_copy(update={"evidence": frame})


def market_rows(document: PayloadRow) -> list[PayloadRow]:
    """Lots and ticks are in two objects, by names such as BTCIRT."""
    lots, ticks = (at(document, f"nobitex.{name}Precisions") for name in ("amount", "price"))
    if not isinstance(lots, dict) or not isinstance(ticks, dict):
        return []
    return [{"name": name, "lot": lots[name], "tick": ticks.get(name)} for name in lots]


def read_market(row: PayloadRow) -> Market | None:
    name = needed_word(row, "name")
    found = next((item for item in QUOTES_OF_NAMES.items() if name.endswith(item[0])), None)
    if found is None:
        return None
    return name.removesuffix(found[0]), found[1], price(row, "tick"), price(row, "lot")


def book_symbol(symbol: str) -> str:
    """The name of a market in requests for order books: `BTCIRT` for `BTC-RLS`."""
    base, _, quote = symbol.rpartition("-")
    return base + next((end for end, code in QUOTES_OF_NAMES.items() if code == quote), quote)


NOBITEX = SpotTable(
    name="nobitex",
    alias="nobitex.clientOrderId",
    client_ids=ClientIds(re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)),
    client_id_rule="unique only among orders that have not ended, and found only among them; may "
    "be used again",
    client_id_ends=True,
    fill_identity="the trade's id",
    orders_reach_back="all orders, by pages",
    fills_reach_back="3 days",
    # Symbols as in the field `market` of orders. Prices are in rial, also where a market's other
    # name ends in IRT. The unit of a scaled coin (`1M_PEPE`) is the multiple.
    markets=SymbolTable(
        venue="nobitex",
        version=1,
        as_of=date(2026, 5, 4),
        form="{base}-{quote}",
        currencies={"RLS": "IRR"},
        markets={
            "RLS": "BTC ETH USDT LTC XRP BCH BNB EOS XLM ETC TRX DOGE UNI DAI LINK DOT AAVE ADA "
            "SHIB FTM MATIC AXS MANA SAND AVAX MKR GMT ATOM SOL NEAR APT ARB TON PMN 1M_PEPE "
            "100K_FLOKI 1B_BABYDOGE",
            "USDT": "BTC ETH LTC XRP BCH BNB EOS XLM ETC TRX DOGE UNI DAI LINK DOT AAVE ADA SHIB "
            "FTM MATIC AXS MANA SAND AVAX MKR GMT ATOM SOL NEAR APT ARB TON PMN 1M_PEPE "
            "100K_FLOKI 1B_BABYDOGE",
        },
    ),
    position_mode=None,  # it has margin positions too
    networks={"live": "https://apiv2.nobitex.ir"},  # the public testnet is switched off
    headers={"Authorization": "Token {token}"},
    per_minute={ORDERS: 30, TRADES: 30, ORDER: 300, WALLETS: 10, OPTIONS: 5, CANCEL: 90, BOOK: 300},
    orders_per_second=0.5,
    order_window=600.0,  # 300 in ten minutes
    pause_field="backOff",
    open_orders=[Query(path=ORDERS, fields={"status": "open", **WHOLE_ROWS})],
    new_orders=Query(path=ORDERS, fields={"status": "all", **WHOLE_ROWS}, dated_by=["created_at"]),
    fills=Query(path=TRADES, dated_by=["timestamp"]),
    fills_reach=timedelta(days=3),
    paging=Paging(size_field="pageSize", has_next=lambda answer: answer.get("hasNext") is True),
    one_order=ByName(method="POST", path=ORDER, id_field="id", client_id_field="clientOrderId"),
    is_order_id=can_be_id,
    balances=Query(method="POST", path=WALLETS),
    instruments=Query(path=OPTIONS),
    # docs/market-data.md: prices in rial; below a second the venue repeats its last answer
    book=BookQuery(
        path=BOOK, symbol_of=book_symbol, bids="bids", asks="asks", last_price="lastTradePrice"
    ),
    # A request has no expiry: a late one may still become an order, so that an unknown order
    # proves nothing. An order that is sent again works twice if the first one has filled.
    place=Placing(
        path="/market/orders/add",
        terms={
            "type": "side",
            "execution": "order_type",
            "srcCurrency": "base",
            "dstCurrency": "quote",
            "amount": "quantity",
            "price": "limit_price",
            "stopPrice": "stop_price",
            "clientOrderId": "client_id",
        },
        fields={"pro": "yes"},  # no refusal of equal orders, which does not look at client ids
        write_code=str.lower,
    ),
    oco=OcoPlacing(
        fields={"mode": "oco"},
        stop_price="stopPrice",
        stop_limit_price="stopLimitPrice",
        orders="orders",
        other="pairId",
    ),
    cancel=ByName(
        method="POST",
        path=CANCEL,
        id_field="order",
        client_id_field="clientOrderId",
        fields={"status": "canceled"},
    ),
    accepted=("status", "ok"),
    refusal_in=refusal_in,
    refusals=REFUSALS,
    is_unknown_order=lambda status, refusal: refusal.get("code") in ("NotFound", "OrderNotFound"),
    answers=Answers(
        lists={"orders": "order", "trades": "fill", "wallets": "balance"},
        one_order="order",
        known_by=["status"],
        other={"push": pushed},
    ),
    market_rows=market_rows,
    read_market=read_market,
    order=OrderFields(
        id="id",
        has_number_as_id=True,
        client_id="clientOrderId",
        symbol=lambda row: needed_word(row, "market"),  # the currencies are names for people
        side="type",
        order_type="execution",
        quantity="amount",
        filled="matchedAmount",
        average_price="averagePrice",
        market_price="market",
        stop_price="param1",
        made_at=["created_at"],
    ),
    fill=FillFields(
        id="id", order_id="orderId", side="type", at="timestamp", quantity="amount"
    ),  # the fee is paid in what is received: by the samples' magnitudes, not stated
    held_currency="currency",
    held_quantity="balance",
    sides={Side.BUY: "buy", Side.SELL: "sell"},
    order_types={
        OrderType.LIMIT: "limit",
        OrderType.MARKET: "market",
        OrderType.STOP: "stop_market",
        OrderType.STOP_LIMIT: "stop_limit",
    },
    # A partial fill has no word: it shows in `matchedAmount`, also of a canceled order.
    statuses={
        "new": Status.PENDING_NEW,  # is being validated, and may still be rejected
        "active": Status.NEW,
        "inactive": Status.NEW,  # waits for its stop price
        "done": Status.FILLED,
        "canceled": Status.CANCELED,
        "rejected": Status.REJECTED,
    },
    says_more=frozenset({"inactive"}),
    undated_ends=frozenset({Status.CANCELED}),
    reports=pair_reported,
)


ADAPTER = polled_adapter(NOBITEX, simulation="orderledger.simulation.nobitex.server:simulated")
