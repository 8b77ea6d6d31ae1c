"""Translates Hyperliquid's payloads to messages. Pure: memory is in `AccountLegs`, facts that the
payload lacks in `Context`.

See `executions` for the identity of a fill, `legs` and `reports` for the leg that represents the
order.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from orderledger import Source
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.balances import spot_balances
from orderledger.venues.hyperliquid.message_context import MessageContext, Translated
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.rows import Row, Unreadable
from orderledger.venues.hyperliquid.vocabulary import (
    ORDERLESS,
    SILENT,
    USER_EVENT_KINDS,
    USER_EVENTS,
)

Translate = Callable[[Any, AccountLegs, MessageContext], Translated]


def translate_frame(payload: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    """One frame of the websocket. A cancel that may be half of a modify is held in `legs`."""
    try:
        frame = Row(payload)
        channel = frame.need("channel", frame.word("channel"))
        if channel in SILENT:
            return Translated()
        if channel not in _CHANNELS:
            raise Unreadable(f"channel {channel} is unknown", payload)
        return _CHANNELS[channel](frame.get("data"), legs, context)
    except Unreadable as error:
        return payload_rows.failed(error)


def translate_answer(payload: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    """An answer of `/info` or `/exchange`, recognised by its shape."""
    if isinstance(payload, list):
        return _of_list(payload, legs, context)
    if not isinstance(payload, dict):
        return payload_rows.failed(Unreadable("is not an answer of this venue", payload))
    status = payload.get("status")
    if status == "order":
        return payload_rows.statuses([payload.get("order")], legs, context)
    if "assetPositions" in payload:
        return payload_rows.positions(payload, context)
    if status == "ok":
        return (
            payload_rows.acknowledgements(payload, context)
            if _has_statuses(payload)
            else Translated()
        )
    if "balances" in payload:
        return spot_balances(payload, context)
    if status in ("unknownOid", "err") or not payload.keys().isdisjoint(
        {"cumVlm", "nRequestsUsed", "method"}
    ):
        return Translated()
    return _of_list([payload], legs, context)


def _order_updates(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    return payload_rows.statuses(data, legs, context, is_conclusive=False)


def _open_orders(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    return payload_rows.open_orders(Row(data).get("orders"), legs, context)


def _order_history(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    return payload_rows.statuses(Row(data).rows("orderHistory"), legs, context, is_conclusive=False)


def _user_fills(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    return payload_rows.fills(Row(data).get("fills"), legs, _of_user(data, context))


def _user_fundings(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    return payload_rows.fundings(Row(data).get("fundings"), context)


def _ledger_updates(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    return payload_rows.fundings(Row(data).get("nonFundingLedgerUpdates"), _of_user(data, context))


def _slices(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    return payload_rows.slices(Row(data).get("twapSliceFills"), legs, _of_user(data, context))


def _clearinghouse(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    return payload_rows.positions(Row(data).get("clearinghouseState"), context)


def _all_clearinghouses(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    """Pairs of an exchange's name, empty for the main one, and its state."""
    translated = Translated()
    for pair in Row(data).rows("clearinghouseStates"):
        translated.add(
            payload_rows.positions(
                pair[1] if isinstance(pair, list) and len(pair) > 1 else pair, context
            )
        )
    return translated


def _spot_state(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    return spot_balances(Row(data).get("spotState"), context)


def _web_data(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    """The legacy channel: open orders, positions and spot balances, as of the server's time."""
    row = Row(data)
    server_time = row.moment("serverTime")
    dated = replace(context, at=server_time or context.at, is_venue_time=server_time is not None)
    translated = payload_rows.open_orders(row.get("openOrders"), legs, dated)
    if row.get("clearinghouseState") is not None:
        translated.add(payload_rows.positions(row.get("clearinghouseState"), dated))
    if row.get("spotState") is not None:
        translated.add(spot_balances(row.get("spotState"), dated))
    return translated


def _user_event(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    """An event of one of several kinds; a liquidation adds nothing to its fills and cancels."""
    row = Row(data)
    if USER_EVENT_KINDS.isdisjoint(row.raw):
        raise Unreadable("is not a known event", row.raw)
    mine = _of_user(data, context)
    translated = Translated()
    if row.get("fills") is not None:
        translated.add(payload_rows.fills(row.get("fills"), legs, mine))
    if row.get("twapSliceFills") is not None:
        translated.add(payload_rows.slices(row.get("twapSliceFills"), legs, mine))
    if row.get("funding") is not None:
        translated.add(payload_rows.fundings([row.get("funding")], mine))
    if row.get(payload_rows.NOT_BY_USER) is not None:
        translated.add(payload_rows.cancels_by_venue(row.get(payload_rows.NOT_BY_USER), mine))
    return translated


def _has_statuses(payload: Any) -> bool:
    """Whether the answer to an action is about orders: for others its data is a text, or its
    type excludes orders.
    """
    response = payload.get("response")
    return not isinstance(response, dict) or (
        response.get("type") not in ORDERLESS and not isinstance(response.get("data"), str)
    )


def _post(data: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    """An answer to a query over the websocket. An error is a text."""
    response = Row(Row(data).get("response"))
    if response.get("type") == "error":
        return Translated()
    payload = Row(response.get("payload"))
    answer = payload.get("data") if "data" in payload.raw else payload.raw
    return translate_answer(answer, legs, replace(context, source=Source.VENUE_POLL))


def _of_user(data: Any, context: MessageContext) -> MessageContext:
    """The account's address, if the frame names it."""
    user = Row(data).get("user")
    return replace(context, address=user.lower()) if isinstance(user, str) else context


_CHANNELS: dict[str, Translate] = {
    "allDexsClearinghouseState": _all_clearinghouses,
    "clearinghouseState": _clearinghouse,
    "openOrders": _open_orders,
    "orderUpdates": _order_updates,
    "post": _post,
    "spotState": _spot_state,
    **dict.fromkeys(USER_EVENTS, _user_event),
    "userFills": _user_fills,
    "userFundings": _user_fundings,
    "userHistoricalOrders": _order_history,
    "userNonFundingLedgerUpdates": _ledger_updates,
    "userTwapSliceFills": _slices,
    "webData2": _web_data,
}


def _of_list(rows: Sequence[Any], legs: AccountLegs, context: MessageContext) -> Translated:
    """Rows sorted into kinds, in the order in which the kinds first appear."""
    kinds: dict[Translate, list[Any]] = {}
    for row in rows:
        kinds.setdefault(_kind_of(row), []).append(row)
    translated = Translated()
    for translate, of_kind in kinds.items():
        translated.add(translate(of_kind, legs, context))
    return translated


def _kind_of(row: Any) -> Translate:
    """The kind of a row, by fields that only such rows have."""
    if not isinstance(row, dict):
        return _unknown
    kinds: tuple[tuple[str, Translate], ...] = (
        ("order", payload_rows.statuses),
        ("tid", payload_rows.fills),
        ("px", payload_rows.fills),
        ("limitPx", payload_rows.open_orders),
        ("oid", payload_rows.open_orders),
        ("fill", payload_rows.slices),
        ("delta", _fundings),
        ("usdc", _fundings),
        ("state", _twap),
    )
    return next((translate for name, translate in kinds if name in row), _unknown)


def _fundings(rows: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    return payload_rows.fundings(rows, context)


def _twap(rows: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    return Translated()  # as a whole it is not an order, but its slices are


def _unknown(rows: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    translated = Translated()
    for row in rows:
        translated.add(payload_rows.failed(Unreadable("is not a row of this venue", row)))
    return translated
