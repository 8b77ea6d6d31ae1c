"""Wallex as a table. Sources: developers.wallex.ir, order pages; api-docs.wallex.ir, older pages.
They are thin, and do not agree in everything."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from orderledger import CancelRejected, Message, OrderType, Rejected, Restated, Side
from orderledger import OrderStatus as Status
from orderledger.extend.values import ZERO
from orderledger.venues.base.client_ids import ClientIds
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import (
    PayloadRow,
    flag,
    needed_number,
    needed_word,
    number,
    word,
)
from orderledger.venues.base.refusals import (
    STATED_4XX,
    UNAUTHORIZED,
    Mark,
    Refusals,
    coded,
    each_coded,
)
from orderledger.venues.base.symbols import SymbolTable
from orderledger.venues.polled.adapter import polled_adapter
from orderledger.venues.polled.books import BookQuery
from orderledger.venues.polled.order_rows import PolledOrderState, RowContext
from orderledger.venues.polled.requests import ByName, Paging, Placing, Query
from orderledger.venues.polled.table import (
    Answers,
    FillFields,
    Market,
    OrderFields,
    Refusal,
    SpotTable,
)

ORDERS = "/v1/account/orders"
STATUSES = {
    "new": Status.NEW,
    "filled": Status.FILLED,
    "canceled": Status.CANCELED,
    "finished": Status.FILLED,
}
MOST_DECIMALS = 20

DOCS = "developers.wallex.ir, orders"
FORM = (
    f"{DOCS}: an error has another status than 2xx, success is false, and result has the fields "
    "that are at fault"
)
UNIQUE = f"{DOCS}: client_id has to be unique, or the order is not placed"

REFUSALS = Refusals(
    UNAUTHORIZED,
    coded(
        "client_id",
        reason="duplicate_order",
        source=UNIQUE,
        mark=Mark.DUPLICATE,
        answers=[Rejected],
    ),
    *each_coded(
        {
            "quantity": "incorrect_quantity",
            "price": "incorrect_price",
            "stop_Price": "incorrect_stop_price",
            "symbol": "unknown_instrument",
        },
        source=FORM,
        answers=[Rejected],
    ),
    coded("404", reason="unknown_order", source=FORM, answers=[CancelRejected]),
    coded(
        "429",
        reason="rate_limited",
        source=f"{DOCS}: 20 orders in 10 seconds",
        mark=Mark.TURNED_AWAY,
    ),
    coded(STATED_4XX, reason="rejected", source=FORM),
)
"""The code is the name of a field, else the `code` of the answer: no list of codes was found."""


def refusal_in(document: PayloadRow) -> Refusal | None:
    """A refusal names fields, each with sentences, or has a code alone."""
    if document.get("success") is not False:
        return None
    fields, text = document.get("result"), str(document.get("message"))
    if not isinstance(fields, dict) or not fields:
        return Refusal(code=str(document.get("code")), text=text)
    lists = (faults if isinstance(faults, list) else [faults] for faults in fields.values())
    sentences = " ".join(str(fault) for faults in lists for fault in faults)
    return Refusal(code=next(iter(fields)), text=f"{text} {sentences}")


def status_of(row: PayloadRow, order_type: OrderType | None, terms: Terms | None) -> Status | None:
    """By `active` and the filled quantity, since the documents' own sample of a cancel has the
    status FILLED with nothing filled.

    A market order by value may fill a little less than it says: less than a lot was not canceled.
    Older rows have no `active`.
    """
    active, status = flag(row, "active"), (word(row, "status") or "").lower()
    quantity, filled = needed_number(row, "origQty"), number(row, "executedQty") or ZERO
    if active is not False and status not in STATUSES:
        return None
    is_working = status == "new" if active is None else active
    lot = terms.lot if terms is not None and order_type is OrderType.MARKET else None
    is_rounded = quantity - filled < (lot or ZERO) or number(row, "executedPercent") == 100
    if filled >= quantity or (filled and is_rounded and not is_working):
        return Status.FILLED
    return Status.NEW if is_working else Status.CANCELED


def reports(state: PolledOrderState, context: RowContext, row: PayloadRow) -> Iterator[Message]:
    """Yield the reports of an order's row. The quantity of an order that is filled except for
    rounding is restated to its filled quantity. A cancel under another word keeps the word."""
    if state.status is Status.FILLED:
        if state.filled and state.quantity and state.filled < state.quantity:
            yield Restated(
                **state.common(context),
                at=state.at,
                quantity=state.filled,
                reason="rounded",
                evidence=row,
            )
        state = replace(state, quantity=state.filled)
    if state.status is Status.CANCELED and state.word.lower() != "canceled":
        state = replace(state, reason=state.word)
    yield state.report(context, row)


def read_market(row: PayloadRow) -> Market:
    """`tickSize` and `stepSize` count decimals."""
    counts = (number(row, name) for name in ("tickSize", "stepSize"))
    tick, lot = (
        Decimal(1).scaleb(-int(count))
        if count is not None and 0 <= count <= MOST_DECIMALS and count % 1 == 0
        else None
        for count in counts
    )
    return needed_word(row, "baseAsset"), needed_word(row, "quoteAsset"), tick, lot


WALLEX = SpotTable(
    name="wallex",
    alias="wallex.clientOrderId",  # the venue's only name of the order too
    client_ids=ClientIds(re.compile(r"[A-Za-z0-9_]{1,32}", re.ASCII)),
    client_id_rule="an order's only name, unique for ever",
    # Prices are in toman, which is ten rial, and another currency.
    markets=SymbolTable(
        venue="wallex",
        version=1,
        as_of=date(2026, 5, 4),
        form="{base}{quote}",
        currencies={"TMN": "IRT"},
        markets={
            "TMN": "BTC ETH USDT LTC XRP BCH BNB XLM ETC TRX DOGE UNI DAI LINK DOT AAVE ADA SHIB "
            "FTM AXS MANA SAND AVAX ATOM SOL NEAR APT ARB TON",
            "USDT": "BTC ETH LTC XRP BCH BNB XLM ETC TRX DOGE UNI LINK DOT AAVE ADA SHIB FTM AXS "
            "MANA SAND AVAX ATOM SOL NEAR APT ARB TON",
        },
    ),
    networks={"live": "https://api.wallex.ir"},
    headers={"x-api-key": "{token}"},
    account_note="A key lives for 90 days at most.",
    per_minute={"": 120},  # the venue states no limit of queries
    orders_per_second=2.0,
    order_window=10.0,  # 20 in ten seconds
    open_orders=[Query(path="/v1/account/openOrders")],
    new_orders=Query(path=ORDERS, dated_by=["created_at", "transactTime"]),
    # The venue does not say how many rows a page has: the last page is the one without any.
    paging=Paging(size_field="per_page", has_next=lambda answer: True),
    one_order=ByName(path=f"{ORDERS}/{{id}}"),
    balances=Query(path="/v1/account/balances"),
    instruments=Query(path="/v1/markets"),
    # developers.wallex.ir, basicservices/depth: prices in the unit of the market; no number of
    # requests is stated, many "may meet the rate limit"
    book=BookQuery(
        path="/v1/depth", symbol_field="symbol", within="result", bids="bid", asks="ask"
    ),
    # A request has no expiry: a late one may still become an order, so that an unknown order
    # proves nothing. An order that is sent again is refused if the first one has come.
    place=Placing(
        path=ORDERS,
        terms={
            "symbol": "symbol",
            "side": "side",
            "type": "order_type",
            "quantity": "quantity",
            "price": "limit_price",
            "stop_Price": "stop_price",  # so in the documents
            "client_id": "client_id",
        },
    ),
    cancel=ByName(method="DELETE", path=f"{ORDERS}/{{id}}"),
    accepted=("success", True),
    refusal_in=refusal_in,
    refusals=REFUSALS,
    is_unknown_order=lambda status, refusal: status == 404 and refusal.get("success") is False,
    answers=Answers(
        # The older pages have the orders within an object. The list of trades names no orders.
        lists={"result.balances.*": "balance", "result": "order", "result.orders": "order"},
        one_order="result",
        one_order_has=["clientOrderId"],
        known_by=["result", "success"],
    ),
    market_rows="result.symbols.*",
    read_market=read_market,
    order=OrderFields(
        id="clientOrderId",
        client_id="clientOrderId",
        quantity="origQty",
        filled="executedQty",
        average_price="executedPrice",
        stop_price="stopPrice",
        made_at=["created_at", "transactTime"],
        changed_at=["updated_at"],
        is_active="active",
    ),
    # Their times come as text or as seconds.
    fill=FillFields(within="fills", at="timestamp", fee_currency="feeAsset"),
    held_currency="asset",
    held_quantity="value",
    sides={Side.BUY: "BUY", Side.SELL: "SELL"},
    order_types={
        OrderType.LIMIT: "LIMIT",
        OrderType.MARKET: "MARKET",
        OrderType.STOP: "STOP_MARKET",
        OrderType.STOP_LIMIT: "STOP_LIMIT",
    },
    statuses=STATUSES,
    status_of=status_of,
    # Older rows do not say when they changed, and some have no time at all.
    undated_ends=frozenset({Status.FILLED, Status.CANCELED}),
    reports=reports,
)


ADAPTER = polled_adapter(WALLEX, simulation="orderledger.simulation.wallex.server:simulated")
