"""Hummingbot's database (`data/NAME.sqlite`): tables Order, OrderStatus, TradeFill and
FundingPayment.

Its numbers are integers of a millionth, its times counts of milliseconds.
"""

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from orderledger import InvalidMessage, Message
from orderledger.venues.importers.checks import Interval, compare, cut
from orderledger.venues.importers.databases import opened, rows
from orderledger.venues.importers.source import (
    Importer,
    LeftOut,
    NothingToRecord,
    Options,
    Row,
    row_of,
)
from orderledger.venues.interop.context import ObjectContext
from orderledger.venues.interop.hummingbot_parts import fee_of, quote_of, side_of, terms_of
from orderledger.venues.interop.objects import ForeignObject

TABLES = {
    "Order": {
        "id",
        "strategy",
        "symbol",
        "creation_timestamp",
        "order_type",
        "amount",
        "price",
        "last_status",
        "exchange_order_id",
    },
    "OrderStatus": {"id", "order_id", "timestamp", "status"},
    "TradeFill": {
        "order_id",
        "exchange_trade_id",
        "trade_type",
        "price",
        "amount",
        "timestamp",
        "trade_fee",
        "symbol",
    },
}
MILLIONTHS = ("amount", "price", "trade_fee_in_quote")
SIDES = {
    "BuyOrderCreated": "buy",
    "SellOrderCreated": "sell",
    "BuyOrderCompleted": "buy",
    "SellOrderCompleted": "sell",
}
ENDS = {"OrderCancelled": "canceled", "OrderExpired": "expired"}

STATUSES = 'SELECT * FROM "OrderStatus" ORDER BY timestamp, id'
ORDERS = 'SELECT * FROM "Order" ORDER BY creation_timestamp, id'
FILLS = 'SELECT * FROM "TradeFill" ORDER BY timestamp, order_id, exchange_trade_id'
FUNDINGS = 'SELECT * FROM "FundingPayment" ORDER BY timestamp'
HAS_FUNDINGS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'FundingPayment'"


def read(path: Path, options: Options) -> Iterator[Row]:
    """The rows of the database: orders, then fills, then the orders' final states, then
    fundings.
    """
    with opened(path, TABLES) as connection:
        statuses: dict[str, list[dict[str, Any]]] = {}
        for status in rows(connection, STATUSES):
            statuses.setdefault(status["order_id"], []).append(status)
        sides: dict[str, str] = {
            fill["order_id"]: fill["trade_type"].lower() for fill in rows(connection, FILLS)
        }
        for order in rows(connection, ORDERS):
            known = statuses.get(order["id"], [])
            yield row_of(
                f"Order {order['id']}",
                order,
                partial(_order, order, known, sides.get(order["id"]), options),
            )
        for fill in rows(connection, FILLS):
            yield row_of(
                f"TradeFill {fill['exchange_trade_id']}", fill, partial(_fill, fill, options)
            )
        for order in rows(connection, ORDERS):
            for status in statuses.pop(order["id"], []):
                yield row_of(
                    f"OrderStatus {status['id']}", status, partial(_status, order, status, options)
                )
        for status in (status for rest in statuses.values() for status in rest):
            yield LeftOut(
                f"OrderStatus {status['id']}", "is the state of an order that the table Order lacks"
            )
        if connection.execute(HAS_FUNDINGS).fetchall():
            for funding in rows(connection, FUNDINGS):
                yield row_of(
                    f"FundingPayment {funding['timestamp']}",
                    funding,
                    partial(_funding, funding, options),
                )


def _given(row: dict[str, Any]) -> ForeignObject:
    scaled = {
        name: None if row.get(name) is None else Decimal(row[name]).scaleb(-6)
        for name in MILLIONTHS
        if name in row
    }
    return ForeignObject({**row, **scaled})


def _order(
    order: dict[str, Any], statuses: list[dict[str, Any]], side: str | None, options: Options
) -> list[Message]:
    given, context = _given(order), options.context(order)
    known = (
        SIDES.get(name)
        for name in (*(status["status"] for status in statuses), order["last_status"])
    )
    side = next((found for found in known if found), side)
    if side is None:
        raise InvalidMessage(
            "last_status",
            "has no side: Hummingbot has neither a created event nor a fill of the order",
        )
    at, client_order_id = given.moment("creation_timestamp"), str(given.needed("id"))
    request = context.message(
        "request",
        at=at,
        client_order_id=client_order_id,
        instrument=context.instrument(given.needed("symbol")),
        side=side,
        quantity=given.needed_number("amount"),
        strategy=given.identifier("strategy"),
        **terms_of(given, given.word("order_type")),
    )
    messages = [request, context.message("submit", at=at, client_order_id=client_order_id)]
    venue_order_id = given.identifier("exchange_order_id")
    if venue_order_id is not None:
        names = {"client_order_id": client_order_id, "venue_order_id": venue_order_id}
        messages.append(context.message("acknowledged", at=at, **names))
    return messages


def _fill(fill: dict[str, Any], options: Options) -> list[Message]:
    fee = fill["trade_fee"]
    given = _given(
        {
            **fill,
            "trade_fee": json.loads(fee) if isinstance(fee, str) else fee,
            "trading_pair": fill["symbol"],
        }
    )
    context, price, amount = (
        options.context(fill),
        given.needed_number("price"),
        given.needed_number("amount"),
    )
    _check(given)
    return [
        context.message(
            "fill",
            at=given.moment("timestamp"),
            client_order_id=str(given.needed("order_id")),
            fill_id=str(given.needed("exchange_trade_id")),
            instrument=context.instrument(given.needed("symbol")),
            side=side_of(given, "trade_type"),
            quantity=amount,
            price=price,
            **fee_of(given, "trade_fee", price, amount),
        )
    ]


def _check(given: ForeignObject) -> None:
    """A fee in percent of the quote amount is `trade_fee_in_quote` too. All these figures are
    cut off after the sixth digit.
    """
    fee, total = ForeignObject(given.get("trade_fee") or {}), given.above_zero("trade_fee_in_quote")
    percent, token = fee.above_zero("percent"), fee.get("percent_token")
    if (
        total is None
        or percent is None
        or fee.get("flat_fees")
        or token not in (None, quote_of(str(given.needed("symbol"))))
    ):
        return
    intervals = {name: cut(given.needed_number(name)) for name in ("price", "amount")}
    intervals["percent"] = Interval(percent, percent)
    compare("trade_fee_in_quote", cut(total), "price * amount * percent", intervals)


def _status(order: dict[str, Any], status: dict[str, Any], options: Options) -> list[Message]:
    """The result of the order. A failure does not show whether the venue refused the order or
    has it: it is unresolved.
    """
    context, at = options.context(status), ForeignObject(status).moment("timestamp")
    word, client_order_id = status["status"], str(order["id"])
    if word in ENDS:
        return [context.message(ENDS[word], at=at, client_order_id=client_order_id)]
    if word == "OrderFailure":
        return [_failure(context, order, at, client_order_id)]
    if word in ("BuyOrderCompleted", "SellOrderCompleted"):
        return [
            context.message(
                "status_observed", at=at, client_order_id=client_order_id, status="filled"
            )
        ]
    if word in ("BuyOrderCreated", "SellOrderCreated", "OrderFilled"):
        raise NothingToRecord(
            f"is the state {word}, which the tables Order and TradeFill already contain"
        )
    raise InvalidMessage("status", f"{str(word)[:50]!r} is not a supported state")


def _failure(
    context: ObjectContext, order: dict[str, Any], at: Any, client_order_id: str
) -> Message:
    if order["exchange_order_id"]:
        return context.message(
            "status_observed", at=at, client_order_id=client_order_id, status="failed"
        )
    return context.message("unresolved", at=at, client_order_id=client_order_id, reason="failed")


def _funding(funding: dict[str, Any], options: Options) -> list[Message]:
    given, context = ForeignObject(funding), options.context(funding)
    pair = str(given.needed("symbol"))
    known = {
        "instrument": context.instrument(pair),
        "amount": given.needed_number("amount"),
        "currency": quote_of(pair),
    }
    return [context.message("funding", at=given.moment("timestamp"), **known)]


HUMMINGBOT = Importer(
    "hummingbot",
    "Hummingbot's SQLite database, `data/NAME.sqlite`.",
    "Requests with their strategy, acknowledgements with the venue's id, fills with their fees, "
    "cancels and expiries, fundings.",
    "Digits after the sixth decimal, which Hummingbot cuts off. Why an order failed: the "
    "database does not show whether the venue refused, so such an order is unresolved.",
    read,
    checked_with="the database that Hummingbot 20260922 makes",
)
