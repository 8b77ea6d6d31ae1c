"""freqtrade: the confirmations of a strategy's callbacks, and rows of its tables `orders` and
`trades`. freqtrade keeps the total of each order, not its fills."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderledger import Message
from orderledger.rows import OrderRow
from orderledger.venues.interop.context import ObjectContext
from orderledger.venues.interop.objects import ForeignObject

ORDER_TYPES = {
    "market": "market",
    "limit": "limit",
    "stop": "stop",
    "stop_market": "stop",
    "stoploss": "stop",
    "stop_limit": "stop_limit",
    "stop_loss_limit": "stop_limit",
    "stoploss_limit": "stop_limit",
}
TIMES_IN_FORCE = {"GTC": "gtc", "FOK": "fok", "IOC": "ioc", "PO": "gtc"}
POST_ONLY = "PO"
ENDS = {
    "canceled": "canceled",
    "cancelled": "canceled",
    "expired": "expired",
    "rejected": "rejected",
}
"""States, besides `closed`, after which an order has no more fills."""


def intent_messages(
    given: Mapping[str, Any], context: ObjectContext, strategy: str
) -> list[Message]:
    """The request and submission of an entry or exit that a strategy has confirmed. An exit has a
    `trade`."""
    confirmed, trade = ForeignObject(given), given.get("trade")
    when, pair = given["current_time"], str(confirmed.needed("pair"))
    is_long = given["side"] == "long" if trade is None else not trade.is_short
    client_order_id = f"freqtrade-{pair}-{when:%Y%m%dT%H%M%S.%f}"
    in_force = confirmed.word("time_in_force")
    order_type = ORDER_TYPES.get((confirmed.word("order_type") or "").lower(), "other")
    links = {"role": "entry"} if trade is None else {"role": "exit", "trade_id": str(trade.id)}
    tag = confirmed.get("entry_tag" if trade is None else "exit_reason")
    request = context.message(
        "request",
        at=when,
        client_order_id=client_order_id,
        instrument=context.instrument(pair),
        side="buy" if is_long is (trade is None) else "sell",
        quantity=confirmed.needed_number("amount"),
        order_type=order_type,
        limit_price=confirmed.above_zero("rate") if order_type == "limit" else None,
        time_in_force=TIMES_IN_FORCE.get(in_force or ""),
        post_only=in_force == POST_ONLY or None,
        strategy=strategy,
        links=links,
        tags={"freqtrade": str(tag)} if tag else None,
    )
    return [request, context.message("submit", at=when, client_order_id=client_order_id)]


def is_intent_of(row: OrderRow, given: Mapping[str, Any], context: ObjectContext) -> bool:
    """Whether an order of the ledger, confirmed by the strategy, is this row of `orders`: freqtrade
    keeps the amount that it asked for."""
    order = ForeignObject(given)
    return (
        row["instrument"] == context.instrument(given["ft_pair"])
        and str(row["side"]) == given["ft_order_side"]
        and row["quantity"] == order.number("ft_amount")
        and row["limit_price"] in (None, order.number("ft_price"))
    )


def order_messages(
    given: Mapping[str, Any],
    trade: Mapping[str, Any],
    context: ObjectContext,
    strategy: str,
    row: OrderRow | None,
    *,
    with_fill: bool,
) -> list[Message]:
    """The messages of a row of `orders`, with its row of `trades`.

    `row`: the ledger's order, if it has one. An order that is not confirmed by the strategy (a
    stop loss at the exchange, a replacement, an added entry) is requested here. `with_fill`:
    whether a fill with the order's total is recorded at its end.
    """
    order = ForeignObject(given)
    names = {
        "client_order_id": f"freqtrade-{given['order_id']}"
        if row is None
        else row["client_order_id"],
        "venue_order_id": str(order.needed("order_id")),
    }
    placed_at = order.moment("order_date")
    messages = [] if row is not None else _request(order, trade, context, strategy, names)
    if row is None or row["venue_order_id"] is None:
        messages.append(context.message("acknowledged", at=placed_at, **names))
        messages += _amended(order, row, context, names)
    return messages + _state(order, trade, context, names, with_fill=with_fill)


def _request(
    order: ForeignObject,
    trade: Mapping[str, Any],
    context: ObjectContext,
    strategy: str,
    names: dict[str, Any],
) -> list[Message]:
    own, when = names["client_order_id"], order.moment("order_date")
    order_type = ORDER_TYPES.get((order.get("order_type") or "").lower(), "other")
    is_short = bool(trade["is_short"])
    closes = order.get("ft_order_side") != ("sell" if is_short else "buy")
    word = str(order.get("side") or order.get("ft_order_side")).lower()
    tag = order.get("ft_order_tag")
    request = context.message(
        "request",
        at=when,
        client_order_id=own,
        instrument=context.instrument(order.needed("ft_pair")),
        side=word if word in ("buy", "sell") else "buy" if is_short else "sell",
        quantity=order.above_zero("amount") or order.needed_number("ft_amount"),
        order_type=order_type,
        limit_price=(order.above_zero("price") or order.above_zero("ft_price"))
        if order_type in ("limit", "stop_limit")
        else None,
        stop_price=order.above_zero("stop_price"),
        strategy=strategy,
        links={"role": "exit" if closes else "entry", "trade_id": str(trade["id"])},
        tags={"freqtrade": str(tag)} if tag else None,
    )
    return [request, context.message("submit", at=when, client_order_id=own)]


def _amended(
    order: ForeignObject, row: OrderRow | None, context: ObjectContext, names: dict[str, Any]
) -> list[Message]:
    """The exchange's precision, where it differs from what the strategy confirmed."""
    if row is None:
        return []
    quantity, price = order.above_zero("amount"), order.above_zero("price")
    if row["limit_price"] is None or price == row["limit_price"]:
        price = None
    if quantity == row["quantity"]:
        quantity = None
    if quantity is None and price is None:
        return []
    return [
        context.message(
            "restated",
            at=order.moment("order_date"),
            **names,
            quantity=quantity,
            limit_price=price,
            reason="precision",
        )
    ]


def _state(
    order: ForeignObject,
    trade: Mapping[str, Any],
    context: ObjectContext,
    names: dict[str, Any],
    *,
    with_fill: bool,
) -> list[Message]:
    state, filled = str(order.get("status") or "").lower(), order.above_zero("filled")
    has_ended = state == "closed" or state in ENDS
    when = order.moment("order_filled_date", "order_update_date", "order_date")
    messages = []
    if filled is not None and not (has_ended and with_fill):
        reported = {"cum_quantity": filled}
        status = "filled" if state == "closed" else "partially_filled"
        messages.append(
            context.message("status_observed", at=when, **names, status=status, reported=reported)
        )
    elif filled is not None:
        messages.append(_fill(order, trade, context, names, when, filled))
    if state in ENDS:
        ended_at = order.moment("order_update_date", "order_date")
        text = order.identifier("ft_cancel_reason")
        messages.append(context.message(ENDS[state], at=ended_at, **names, text=text))
    return messages


def _fill(
    order: ForeignObject,
    trade: Mapping[str, Any],
    context: ObjectContext,
    names: dict[str, Any],
    when: datetime | None,
    filled: Decimal,
) -> Message:
    """The total of an order as one fill, at its average price."""
    price = order.above_zero("average") or order.above_zero("price")
    return context.message(
        "fill",
        at=when,
        **names,
        fill_id=f"freqtrade-{names['venue_order_id']}",
        quantity=filled,
        price=price or order.needed_number("ft_price"),
        **_fee(order, trade),
    )


def _fee(order: ForeignObject, trade: Mapping[str, Any]) -> dict[str, Any]:
    """The fee of an order. freqtrade keeps one fee for the entries of a trade and one for its
    exits: that of the first order. The others have none here."""
    is_entry = order.get("ft_order_side") == ("sell" if trade["is_short"] else "buy")
    if in_base := order.above_zero("ft_fee_base"):
        return {"fee": in_base, "fee_currency": trade["base_currency"]}
    name = "fee_open" if is_entry else "fee_close"
    kept = ForeignObject(trade)
    cost, currency = kept.number(f"{name}_cost"), kept.identifier(f"{name}_currency")
    if cost is None or currency is None or not order.flag("is_first_of_its_side"):
        return {"text": "freqtrade keeps no fee of this order"}
    return {"fee": cost, "fee_currency": currency}
