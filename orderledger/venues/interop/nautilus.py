"""NautilusTrader: its order events, as objects or as the dictionaries that their `to_dict`
makes."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from orderledger import InvalidMessage, Message, Source
from orderledger.venues.interop.context import ObjectContext, reason_and_text
from orderledger.venues.interop.objects import ForeignObject

ORDER_TYPES = {
    "MARKET": "market",
    "LIMIT": "limit",
    "STOP_MARKET": "stop",
    "STOP_LIMIT": "stop_limit",
    "TRAILING_STOP_MARKET": "trailing_stop",
    "TRAILING_STOP_LIMIT": "trailing_stop",
}
"""All others (`MARKET_TO_LIMIT`, `MARKET_IF_TOUCHED`, `LIMIT_IF_TOUCHED`) are `other`."""

TIMES_IN_FORCE = {"DAY": "day", "GTC": "gtc", "IOC": "ioc", "FOK": "fok", "GTD": "gtd"}
EXTERNAL = "EXTERNAL"
"""The strategy of orders that Nautilus did not create."""

LIQUIDITY = {"MAKER": "maker", "TAKER": "taker"}

SILENT = frozenset(
    {
        "AccountState", "OrderEmulated", "OrderReleased", "PositionChanged", "PositionClosed",
        "PositionOpened",
        "PositionAdjusted",
    }
)  # fmt: skip
"""Events about values that Nautilus computes or holds back, without the venue."""


def from_nautilus(
    obj: object,
    *,
    account: str,
    at: datetime | None = None,
    instruments: Mapping[str, str] | None = None,
) -> list[Message]:
    """The messages of one order event of NautilusTrader, or of the dictionary that its `to_dict`
    makes.

    - `at`: time of receipt, for an event without a time.
    - `instruments`: the ledger's names of instruments, by Nautilus' names (`BTCUSDT-PERP.BINANCE`),
      if they differ.

    Events that Nautilus makes while reconciling with the venue have the source `reconciliation`.
    Raises InvalidMessage, naming the attribute, if it is not such an event or lacks something.
    """
    given = _as_dictionary(obj)
    translate = EVENTS.get(given.class_name)
    if translate is not None:
        return translate(given, ObjectContext.of(given, account, at, instruments))
    if given.class_name in SILENT:
        return []
    raise InvalidMessage(
        "obj", f"{given.class_name or type(obj).__name__!r} is not an order event of NautilusTrader"
    )


def _as_dictionary(obj: object) -> ForeignObject:
    """The event as a dictionary. Its class converts it to text, so every digit of a price is
    kept.
    """
    if isinstance(obj, Mapping):
        return ForeignObject(obj)
    name, convert = type(obj).__name__, getattr(type(obj), "to_dict", None)
    if name not in EVENTS or not callable(convert):
        return ForeignObject({"type": name})
    made = convert(obj)
    if not isinstance(made, Mapping):
        raise InvalidMessage("to_dict", f"of {name!r} does not return a dictionary")
    return ForeignObject({**made, "type": name})


def _message_about(
    kind: str, given: ForeignObject, context: ObjectContext, **fields: Any
) -> list[Message]:
    """A message about the order of an event."""
    names = {name: given.identifier(name) for name in ("client_order_id", "venue_order_id")}
    if names["client_order_id"] is None and names["venue_order_id"] is None:
        raise given.fault("client_order_id", f"is missing on {given.class_name}")
    source = Source.RECONCILIATION if given.flag("reconciliation") else None
    return [
        context.message(
            kind, at=given.moment("ts_event", "ts_init"), **names, source=source, **fields
        )
    ]


def _report(
    kind: str, given: ForeignObject, context: ObjectContext, **fields: Any
) -> list[Message]:
    """A report of the venue."""
    return _message_about(
        kind, given, context, instrument=context.instrument(given.get("instrument_id")), **fields
    )


def _initialized(given: ForeignObject, context: ObjectContext) -> list[Message]:
    """A request. For an order that Nautilus found at the venue, the terms are those that the
    venue reported.
    """
    terms = _terms(given)
    side = str(given.needed("order_side")).lower()
    if given.identifier("strategy_id") == EXTERNAL:
        claims = {
            name: value
            for name, value in terms.items()
            if name not in ("expire_at", "quote_quantity") and value is not None
        }
        return _report("status_observed", given, context, status="new", side=side, reported=claims)
    parent, group = given.identifier("parent_order_id"), given.identifier("order_list_id")
    links = {
        name: value for name, value in (("parent", parent), ("group", group)) if value is not None
    }
    instrument = context.instrument(given.needed("instrument_id"))
    strategy = given.identifier("strategy_id")
    return _message_about(
        "request",
        given,
        context,
        instrument=instrument,
        side=side,
        strategy=strategy,
        links=links,
        **terms,
    )


def _terms(given: ForeignObject) -> dict[str, Any]:
    options = ForeignObject(given.get("options") or {}, "options.")
    quantity = "quote_quantity" if given.flag("quote_quantity") else "quantity"
    return {
        quantity: given.needed_number("quantity"),
        "order_type": ORDER_TYPES.get(given.word("order_type") or "", "other"),
        "limit_price": options.number("price"),
        "stop_price": options.number("trigger_price"),
        "display_quantity": options.number("display_qty"),
        "time_in_force": TIMES_IN_FORCE.get(given.word("time_in_force") or ""),
        "expire_at": options.moment("expire_time_ns"),
        "post_only": given.flag("post_only") or None,
        "reduce_only": given.flag("reduce_only") or None,
    }


def _denied(given: ForeignObject, context: ObjectContext) -> list[Message]:
    return _message_about(
        "deny", given, context, **reason_and_text(None, given.get("reason"), "denied")
    )


def _submitted(given: ForeignObject, context: ObjectContext) -> list[Message]:
    return _message_about("submit", given, context)


def _accepted(given: ForeignObject, context: ObjectContext) -> list[Message]:
    return _report("acknowledged", given, context)


def _rejected(given: ForeignObject, context: ObjectContext) -> list[Message]:
    code = "post_only" if given.flag("due_post_only") else None
    return _report(
        "rejected", given, context, **reason_and_text(code, given.get("reason"), "rejected")
    )


def _canceled(given: ForeignObject, context: ObjectContext) -> list[Message]:
    return _report("canceled", given, context)


def _expired(given: ForeignObject, context: ObjectContext) -> list[Message]:
    return _report("expired", given, context)


def _triggered(given: ForeignObject, context: ObjectContext) -> list[Message]:
    return _report("triggered", given, context)


def _pending_cancel(given: ForeignObject, context: ObjectContext) -> list[Message]:
    """A cancel that Nautilus is about to send. The venue's answers to it do not name the
    request.
    """
    return _message_about("request_cancel", given, context, request_id=given.identifier("event_id"))


def _pending_update(given: ForeignObject, context: ObjectContext) -> list[Message]:
    """A change that Nautilus is about to send. The event does not contain the change, so it is
    recorded as a state and not as a request.
    """
    return _report("status_observed", given, context, pending="replace")


def _modify_rejected(given: ForeignObject, context: ObjectContext) -> list[Message]:
    return _report(
        "replace_rejected", given, context, **reason_and_text(None, given.get("reason"), "rejected")
    )


def _cancel_rejected(given: ForeignObject, context: ObjectContext) -> list[Message]:
    return _report(
        "cancel_rejected", given, context, **reason_and_text(None, given.get("reason"), "rejected")
    )


def _updated(given: ForeignObject, context: ObjectContext) -> list[Message]:
    quantity = "quote_quantity" if given.flag("is_quote_quantity") else "quantity"
    return _report(
        "replaced",
        given,
        context,
        **{quantity: given.needed_number("quantity")},
        limit_price=given.number("price"),
        stop_price=given.number("trigger_price"),
    )


def _filled(given: ForeignObject, context: ObjectContext) -> list[Message]:
    """A fill. Its commission is an amount and a currency, positive when paid."""
    amount, _, currency = str(given.get("commission") or "").partition(" ")
    fee = ForeignObject({"commission": amount}).number("commission")
    return _report(
        "fill",
        given,
        context,
        fill_id=str(given.needed("trade_id")),
        side=str(given.needed("order_side")).lower(),
        quantity=given.needed_number("last_qty"),
        price=given.needed_number("last_px"),
        fee=fee,
        fee_currency=currency or None,
        position_id=_position_id(given),
        liquidity=LIQUIDITY.get(given.word("liquidity_side") or ""),
    )


def _position_id(given: ForeignObject) -> str | None:
    """The position of a fill, where Nautilus keeps several of one instrument (OMS type HEDGING).
    With NETTING, the id is only the instrument and the strategy."""
    position = given.identifier("position_id")
    netted = f"{given.get('instrument_id')}-{given.get('strategy_id')}"
    return None if position == netted else position


EVENTS: dict[str, Callable[[ForeignObject, ObjectContext], list[Message]]] = {
    "OrderInitialized": _initialized,
    "OrderDenied": _denied,
    "OrderSubmitted": _submitted,
    "OrderAccepted": _accepted,
    "OrderRejected": _rejected,
    "OrderCanceled": _canceled,
    "OrderExpired": _expired,
    "OrderTriggered": _triggered,
    "OrderPendingUpdate": _pending_update,
    "OrderPendingCancel": _pending_cancel,
    "OrderModifyRejected": _modify_rejected,
    "OrderCancelRejected": _cancel_rejected,
    "OrderUpdated": _updated,
    "OrderFilled": _filled,
}
