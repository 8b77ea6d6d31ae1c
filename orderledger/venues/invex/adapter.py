"""Invex as a table. Source: github.com/rabbitix/invex-trading-api-docs (2024-06-02), README and
OpenAPI file. They do not agree in everything."""

import re
from collections.abc import Iterator
from datetime import date

from orderledger import Message, OrderType, Pending, Rejected, Side
from orderledger import OrderStatus as Status
from orderledger import StatusObserved as StatusReport
from orderledger.venues.base.client_ids import ClientIds
from orderledger.venues.base.fields import PayloadRow, needed_word, price, word
from orderledger.venues.base.refusals import STATED_4XX, UNAUTHORIZED, Mark, Refusals, coded
from orderledger.venues.base.symbols import SymbolTable
from orderledger.venues.polled.adapter import polled_adapter
from orderledger.venues.polled.books import BookQuery
from orderledger.venues.polled.order_rows import ENDED, PolledOrderState, RowContext
from orderledger.venues.polled.requests import ByName, Paging, Placing, Query
from orderledger.venues.polled.table import (
    Answers,
    FillFields,
    Market,
    OrderFields,
    Refusal,
    SpotTable,
)

ORDERS = "/trading/v1/orders"
IDS = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
"""The venue refuses a query of anything else."""

DOCS = "github.com/rabbitix/invex-trading-api-docs, swagger.yaml: 422 HTTPValidationError"
CHECKED = f"{DOCS}; fastapi.tiangolo.com, Handling Errors: raised before the request is handled"

REFUSALS = Refusals(
    UNAUTHORIZED,
    coded(
        "client_order_id",
        reason="duplicate_order",
        source=f"{DOCS}; why is not documented",
        mark=Mark.DUPLICATE,
        answers=[Rejected],
    ),
    coded("quantity", reason="incorrect_quantity", source=CHECKED, answers=[Rejected]),
    coded("price", reason="incorrect_price", source=CHECKED, answers=[Rejected]),
    coded("symbol", reason="unknown_instrument", source=CHECKED, answers=[Rejected]),
    coded(STATED_4XX, reason="rejected", source=CHECKED),
)
"""The code is the name of the faulty field. The framework's 422 is the only documented error:
answers about unknown or ended orders are not documented. Our client ids are valid: a refused id may
belong to another order."""


def refusal_in(document: PayloadRow) -> Refusal | None:
    """A list of fields with their faults. A plain sentence proves nothing."""
    detail = document.get("detail")
    if not isinstance(detail, list) or not detail or not isinstance(detail[0], dict):
        return None
    field = detail[0].get("loc")
    code = str(field[-1]) if isinstance(field, list) and field else ""
    return Refusal(code=code, text=str(detail[0].get("msg")))


def symbol_of(row: PayloadRow) -> str:
    """A text, or an object with a code."""
    symbol = row.get("symbol")
    return needed_word(symbol, "code") if isinstance(symbol, dict) else needed_word(row, "symbol")


def reports(state: PolledOrderState, context: RowContext, row: PayloadRow) -> Iterator[Message]:
    """The status, and whether a cancel was requested that is not done."""
    yield state.report(context, row)
    if word(row, "cancel_order_id") and state.status not in ENDED:
        yield StatusReport(
            **state.common(context),
            at=state.at,
            dated_by=state.dated_by,
            pending=Pending.CANCEL,
            evidence=row,
        )


def read_market(row: PayloadRow) -> Market:
    base, _, quote = symbol_of(row).partition("_")
    return base, quote, price(row, "tick_size"), price(row, "amount_step_size")


INVEX = SpotTable(
    name="invex",
    alias="invex.client_order_id",
    client_ids=ClientIds(re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)),
    # So the absence of an order proves nothing.
    client_id_rule="not stated; both names find an order",
    # The venue's codes are the ledger's. Prices are in rial.
    markets=SymbolTable(
        venue="invex",
        version=1,
        as_of=date(2026, 5, 4),
        form="{base}_{quote}",
        currencies={},
        markets={
            "IRR": "BTC ETH USDT LTC XRP BCH BNB XLM TRX DOGE LINK DOT ADA SHIB AVAX SOL TON",
            "USDT": "BTC ETH LTC XRP BCH BNB XLM TRX DOGE LINK DOT ADA SHIB AVAX SOL TON",
        },
    ),
    networks={"live": "https://invex.ir", "sandbox": "https://sandbox.invex.ir"},
    is_signed=True,
    headers={"X-API-Key-Invex": "{token}"},
    per_minute={"": 60},  # the venue calls its limits strict, and gives no number
    open_orders=[
        Query(path=ORDERS, fields={"status": status}) for status in ("NOT_FILLED", "INACTIVE")
    ],
    new_orders=Query(path=ORDERS, since_field="start_at"),
    paging=Paging(size_field="page_size", has_next=lambda answer: answer.get("total_count") != 0),
    one_order=ByName(
        path="/trading/v1/order", id_field="order_id", client_id_field="client_order_id"
    ),
    is_order_id=lambda name: IDS.fullmatch(name) is not None,
    balances=Query(path="/trading/v1/accounts"),
    instruments=Query(path="/trading/v1/markets"),
    # swagger.yaml, "Get Order Book": without key or signature; depth is 5, 20 or 50
    book=BookQuery(
        path="/trading/v1/market-depth",
        symbol_field="symbol",
        fields={"depth": 20},
        bids="bid_orders",
        asks="ask_orders",
    ),
    place=Placing(
        path=ORDERS,
        terms={
            "symbol": "symbol",
            "side": "side",
            "type": "order_type",
            "quantity": "quantity",
            "price": "limit_price",
            "client_order_id": "client_id",
        },
    ),
    cancel=ByName(
        method="DELETE", path=ORDERS, id_field="order_id", client_id_field="client_order_id"
    ),
    receipt_field="cancel_order_id",
    refusal_in=refusal_in,
    refusals=REFUSALS,
    is_unknown_order=lambda status, refusal: status == 404 and "detail" in refusal,
    answers=Answers(
        lists={"orders": "order", "accounts": "balance", "": "balance"},
        one_order="",
        one_order_has=["order_id", "status"],  # the answer to a new order has the id alone
        known_by=["order_id", "cancel_order_id", "detail", "rules"],
    ),
    market_rows="rules",
    read_market=read_market,
    utc_offset="Z",  # times have no offset. They are taken for UTC, as those of requests are
    order=OrderFields(
        id="order_id",
        client_id="client_order_id",
        symbol=symbol_of,
        quantity="quantity",
        filled="deal_quantity",
        made_at=["created_at"],
        changed_at=["updated_at"],
    ),
    # A list of orders leaves them out. The fee's currency is not stated: what is received.
    fill=FillFields(within="trades", at="created_at", liquidity="type"),
    held_currency="currency",
    held_quantity="total",
    sides={Side.BUY: "BUYER", Side.SELL: "SELLER"},
    order_types={OrderType.LIMIT: "LIMIT", OrderType.MARKET: "MARKET"},
    # An order that is refused after it was received is canceled by the system too.
    statuses={
        "not_filled": Status.NEW,
        "inactive": Status.PENDING_NEW,  # not documented: this says the least
        "full_filled": Status.FILLED,
        "canceled_by_user": Status.CANCELED,
        "canceled_by_system": Status.CANCELED,
    },
    says_more=frozenset({"inactive", "canceled_by_system"}),
    reports=reports,
)


ADAPTER = polled_adapter(INVEX, simulation="orderledger.simulation.invex.server:simulated")
