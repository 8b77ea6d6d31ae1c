"""freqtrade's database (`tradesv3.sqlite`): table `orders` with the trade of each.

freqtrade keeps the total of each order, not its fills: one fill at the average price represents
them. An open order may fill further, so its fill comes with the import after its end; until then
`quantity_mismatch` reports what is missing.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from pathlib import Path
from typing import Any

from orderledger import InvalidMessage, Message
from orderledger.extend.values import EXACT
from orderledger.venues.importers.checks import require_known
from orderledger.venues.importers.databases import opened, rows
from orderledger.venues.importers.source import (
    Importer,
    NothingToRecord,
    Options,
    Readable,
    Row,
    moment_of,
    row_of,
)
from orderledger.venues.interop.context import ObjectContext
from orderledger.venues.interop.objects import ForeignObject

TABLES = {
    "orders": {
        "id",
        "ft_trade_id",
        "ft_order_side",
        "ft_pair",
        "order_id",
        "status",
        "order_type",
        "side",
        "filled",
        "order_date",
    },
    "trades": {
        "id",
        "pair",
        "stake_currency",
        "strategy",
        "is_short",
        "is_open",
        "open_date",
        "close_date",
    },
}
ORDER_TYPES = {
    "market": "market",
    "limit": "limit",
    "stop": "stop",
    "stoploss": "stop",
    "stoploss_limit": "stop_limit",
}
ENDS = {
    "canceled": "canceled",
    "cancelled": "canceled",
    "expired": "expired",
    "rejected": "rejected",
}
"""States, besides `closed`, after which an order has no more fills."""
FEE_DIGITS = Decimal("1e-18")

ORDERS = """
SELECT orders.*, trades.strategy, trades.enter_tag, trades.exit_reason, trades.is_short,
       trades.stake_currency, trades.base_currency, trades.fee_open_cost, trades.fee_open_currency,
       trades.fee_close_cost, trades.fee_close_currency
FROM orders LEFT JOIN trades ON trades.id = orders.ft_trade_id ORDER BY orders.id
"""
FUNDINGS = "SELECT * FROM trades WHERE COALESCE(funding_fees, 0) <> 0 ORDER BY id"


def read(path: Path, options: Options) -> Iterator[Row]:
    """The rows of the database: instruments, orders, and the funding of closed trades."""
    with opened(path, TABLES) as connection:
        found = list(rows(connection, ORDERS))
        fees = _fees(found)
        known: set[str] = set()
        for order in found:
            is_new = order["ft_pair"] not in known
            row = row_of(
                f"orders.id {order['id']}",
                order,
                partial(_order, order, fees.get(order["id"], {}), options, defines=is_new),
            )
            if isinstance(row, Readable):
                known.add(order["ft_pair"])
            yield row
        for trade in rows(connection, FUNDINGS):
            yield row_of(f"trades.id {trade['id']}", trade, partial(_funding, trade, options))


def _fees(orders: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The fee of each order. freqtrade keeps one fee for all entries of a trade and one for all
    exits. Each order has its share by quantity, and the last of them the rest.
    """
    groups: dict[tuple[int, bool], list[dict[str, Any]]] = defaultdict(list)
    for order in orders:
        if order["filled"]:
            groups[order["ft_trade_id"], _is_entry(order)].append(order)
    fees: dict[int, dict[str, Any]] = {}
    for (_, is_entry), group in groups.items():
        name = "fee_open" if is_entry else "fee_close"
        cost, currency = group[0][f"{name}_cost"], group[0][f"{name}_currency"]
        if cost is None or not currency:
            continue
        rest, whole = Decimal(str(cost)), Decimal(0)
        for order in group:
            whole = EXACT.add(whole, Decimal(str(order["filled"])))
        for order in group[:-1]:
            part = EXACT.multiply(Decimal(str(cost)), Decimal(str(order["filled"])))
            share = (part / whole).quantize(FEE_DIGITS, ROUND_HALF_EVEN)
            fees[order["id"]] = {"fee": share, "fee_currency": currency}
            rest = EXACT.subtract(rest, share)
        fees[group[-1]["id"]] = {"fee": rest, "fee_currency": currency}
    return fees


def _is_entry(order: dict[str, Any]) -> bool:
    return bool(order["ft_order_side"] == ("sell" if order["is_short"] else "buy"))


def _order(
    order: dict[str, Any], fee: dict[str, Any], options: Options, *, defines: bool
) -> list[Message]:
    given, context = ForeignObject(order), options.context(order)
    _check(given)
    requested_at, ended_at = (
        _moment(given, "order_date"),
        _moment(given, "order_filled_date", "order_update_date", "order_date"),
    )
    names = {
        "client_order_id": f"freqtrade-{order['id']}",
        "venue_order_id": str(given.needed("order_id")),
    }
    messages = [_instrument(given, context, requested_at)] if defines else []
    messages += [
        context.message(
            "request",
            at=requested_at,
            client_order_id=names["client_order_id"],
            **_terms(given, context),
        ),
        context.message("submit", at=requested_at, client_order_id=names["client_order_id"]),
        context.message("acknowledged", at=requested_at, **names),
    ]
    state, filled = (given.get("status") or "").lower(), given.above_zero("filled")
    has_ended = state == "closed" or state in ENDS
    if filled is not None and not has_ended:
        reported = {"cum_quantity": filled}
        fill = context.message(
            "status_observed", at=ended_at, **names, status="partially_filled", reported=reported
        )
        return [*messages, fill]
    if filled is not None:
        price = given.above_zero("average") or given.above_zero("price")
        if price is None:
            raise InvalidMessage("average", "is missing, and so is price")
        numbers = {"fill_id": f"freqtrade-{order['id']}", "quantity": filled, "price": price, **fee}
        messages.append(context.message("fill", at=ended_at, **names, **numbers))
    if state in ENDS:
        reason = given.identifier("ft_cancel_reason")
        messages.append(context.message(ENDS[state], at=ended_at, **names, text=reason))
    return messages


def _check(given: ForeignObject) -> None:
    """An order belongs to a trade. freqtrade copies its numbers from ccxt: filled + remaining is
    the amount, filled * average the cost; of contracts (BTC/USDT:USDT) and with leverage the cost
    counts more than the row has. An order of a dry run that is not filled has the cost of its
    amount."""
    if given.get("stake_currency") is None:
        raise InvalidMessage(
            "ft_trade_id", f"{given.get('ft_trade_id')}: the database has no trade with this id"
        )
    numbers = {
        name: given.number(name) for name in ("amount", "filled", "remaining", "cost", "average")
    }
    require_known("amount", "filled + remaining", numbers, exact=frozenset({"filled", "remaining"}))
    is_spot = ":" not in str(given.needed("ft_pair")) and given.get("leverage") in (None, 1)
    if is_spot and given.above_zero("filled") is not None:
        require_known("cost", "filled * average", numbers, exact=frozenset({"filled"}))


def _terms(given: ForeignObject, context: ObjectContext) -> dict[str, Any]:
    order_type, order = ORDER_TYPES.get((given.get("order_type") or "").lower(), "other"), given.raw
    is_limit = order_type in ("limit", "stop_limit")
    tag = given.identifier("ft_order_tag") or (
        given.identifier("enter_tag") if _is_entry(order) else given.identifier("exit_reason")
    )
    return {
        "instrument": context.instrument(given.needed("ft_pair")),
        "side": _side(given),
        "quantity": given.above_zero("amount")
        or given.above_zero("ft_amount")
        or given.needed_number("filled"),
        "order_type": order_type,
        "limit_price": (given.above_zero("price") or given.above_zero("ft_price"))
        if is_limit
        else None,
        "stop_price": given.above_zero("stop_price"),
        "strategy": given.identifier("strategy"),
        "links": {
            "trade_id": str(order["ft_trade_id"]),
            "role": "entry" if _is_entry(order) else "exit",
        },
        "tags": {"freqtrade": tag} if tag else {},
    }


def _side(given: ForeignObject) -> str:
    """`side`, or the side that closes the trade for a stop loss that the exchange has not
    reported yet.
    """
    word = (given.get("side") or given.get("ft_order_side") or "").lower()
    if word in ("buy", "sell"):
        return str(word)
    return "buy" if given.flag("is_short") else "sell"


def _instrument(given: ForeignObject, context: ObjectContext, at: datetime) -> Message:
    currency = given.needed("stake_currency")
    return context.message(
        "instrument",
        at=at,
        instrument=context.instrument(given.needed("ft_pair")),
        currency=currency,
    )


def _funding(trade: dict[str, Any], options: Options) -> list[Message]:
    """The funding of a closed trade: positive when received, as in freqtrade's profit."""
    if trade["is_open"]:
        raise NothingToRecord("is the funding of an open trade: import again after its end")
    given, context = ForeignObject(trade), options.context(trade)
    amount, instrument = (
        given.needed_number("funding_fees"),
        context.instrument(given.needed("pair")),
    )
    fill = {"instrument": instrument, "amount": amount, "currency": given.needed("stake_currency")}
    return [
        context.message(
            "funding",
            at=_moment(given, "close_date"),
            message_id=f"freqtrade-{trade['id']}",
            **fill,
        )
    ]


def _moment(given: ForeignObject, *names: str) -> datetime:
    """The first of these times. The database keeps UTC without an offset."""
    for name in names:
        found = moment_of(given.get(name), UTC, name)
        if found is not None:
            return found
    raise InvalidMessage(names[-1], "is missing")


FREQTRADE = Importer(
    "freqtrade",
    "freqtrade's SQLite database, `tradesv3.sqlite` or `tradesv3.dryrun.sqlite`.",
    "Requests with strategy, tags and the trade they enter or exit, acknowledgements, one fill an "
    "order with its share of the fee, ends, funding of closed trades, settlement currencies.",
    "Single fills (freqtrade keeps totals), fees if it has only a rate, and events between an "
    "order's request and its end. Client order ids are `freqtrade-` and its number of the order.",
    read,
    checked_with="the database that freqtrade 2026.9 makes",
)
