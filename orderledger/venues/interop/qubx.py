"""Qubx: `OrderRequest`, `Order`, `Deal`, positions and the events of its account, from 0.7.3 to the
head of 2026.

Three generations of the same classes exist, distinguished by their attributes. 0.7.3 has requests
without an id, orders with `id` and `client_id`, deals with `id`. Later requests have `client_id`.
The head has orders with `client_order_id` and `venue_order_id`, deals with `trade_id`, and one
class per event.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderledger import InvalidMessage, Message, Source
from orderledger.extend.views import Row
from orderledger.venues.interop.context import OUTCOME_UNKNOWN, ObjectContext, reason_and_text
from orderledger.venues.interop.objects import ForeignObject
from orderledger.venues.interop.qubx_orders import (
    order_messages,
    order_names,
    request_message,
)
from orderledger.venues.interop.qubx_snapshots import position_message, snapshot_messages

SILENT = frozenset(
    {
        "AssetBalance", "Balance", "BalanceUpdate", "BalanceUpdateEvent", "FundingPayment",
        "FundingPaymentEvent", "QuoteEvent",
        "TradeEvent", "OrderBookEvent", "OhlcEvent", "FundingRateEvent", "OpenInterestEvent",
        "LiquidationEvent", "Quote",
        "Trade", "Bar", "OrderBook",
    }
)  # fmt: skip
"""Classes that are not about orders and positions. A `FundingPayment` is a rate, without an
amount.
"""


def from_qubx(
    obj: object,
    *,
    account: str,
    at: datetime | None = None,
    client_order_id: str | None = None,
    instrument: object = None,
    instruments: Mapping[str, str] | None = None,
    open_orders: Iterable[Row] = (),
    positions: Iterable[Row] = (),
) -> list[Message]:
    """The messages of one Qubx object: an order request, an order, a deal, a position, an event or
    an account snapshot.

    - `at`: time of receipt, for objects without a time of their own, such as a request.
    - `client_order_id`: our id, if the object has none: a request of 0.7.3, or a deal.
    - `instrument`: the instrument of a deal, which does not name it.
    - `instruments`: the ledger's names of instruments, by Qubx's (`LIGHTER:SWAP:ETHUSDC`), if they
      differ.
    - `open_orders`, `positions`: rows of the ledger for this account, for a snapshot. An open order
      that a complete list lacks is reported `absent`, a missing position as 0. A list that is None
      was not observed and proves nothing.

    Raises InvalidMessage, naming the attribute, if it is not such an object or lacks something.
    """
    given = ForeignObject(obj)
    context = ObjectContext.of(given, account, at, instruments)
    kind = given.class_name.removesuffix("Event")
    if kind in EVENTS and given.has("client_order_id"):
        return EVENTS[kind](given, context)
    if kind == "Deal" and given.has("deal"):
        return [_deal(given.part("deal"), given, context)]
    if kind == "PositionUpdate" and given.has("position"):
        return [position_message(given.part("position"), context, None)]
    if given.has("snapshot"):
        return snapshot_messages(given.part("snapshot"), context, open_orders, positions)
    if given.has("as_of", "open_orders"):
        return snapshot_messages(given, context, open_orders, positions)
    if given.has("amount", "price", "aggressive"):
        return [
            fill_message(given, context, client_order_id=client_order_id, instrument=instrument)
        ]
    if given.has("instrument", "status", "side", "quantity"):
        return order_messages(given, context)
    if given.has("instrument", "quantity", "price", "options"):
        return [request_message(given, context, client_order_id)]
    if given.has("instrument", "quantity", "position_avg_price"):
        return [position_message(given, context, None)]
    if given.class_name in SILENT:
        return []
    raise InvalidMessage(
        "obj",
        f"{given.class_name or type(obj).__name__!r} is not an order, deal, position or event of "
        "Qubx",
    )


def fill_message(
    deal: ForeignObject,
    context: ObjectContext,
    *,
    client_order_id: str | None = None,
    venue_order_id: str | None = None,
    instrument: object = None,
    reported: dict[str, Any] | None = None,
    source: Source | None = None,
) -> Message:
    """A deal. Its amount is signed: negative is a sale. A deal without any order's id is an order
    of its own."""
    amount = deal.needed_number("amount")
    if not amount:
        raise deal.fault("amount", "is 0")
    fill_id = deal.needed("trade_id" if deal.has("trade_id") else "id")
    venue_order_id = venue_order_id or deal.identifier("order_id")
    is_named = client_order_id is not None or venue_order_id is not None
    if not is_named and instrument is None:
        raise deal.fault("order_id", "is missing, and so is the instrument of the deal")
    own = {"quantity": abs(amount), "cum_quantity": abs(amount)}
    return context.message(
        "fill",
        at=deal.moment("time"),
        client_order_id=client_order_id,
        venue_order_id=venue_order_id,
        aliases=None if is_named else {"qubx.deal": str(fill_id)},
        fill_id=str(fill_id),
        instrument=context.instrument(instrument),
        side="sell" if amount < 0 else "buy",
        quantity=abs(amount),
        price=deal.needed_number("price"),
        fee=deal.number("fee_amount"),
        fee_currency=deal.identifier("fee_currency"),
        liquidity=None
        if deal.get("aggressive") is None
        else "taker"
        if deal.flag("aggressive")
        else "maker",
        reported=reported if is_named else own,
        source=source,
    )


def _deal(
    deal: ForeignObject,
    event: ForeignObject,
    context: ObjectContext,
    reported: dict[str, Any] | None = None,
) -> Message:
    """The deal of an event. A deal that is repeated after a restart is the answer to a query."""
    is_repeated = event.flag("historical") or event.flag("is_historical")
    names = order_names(event)
    return fill_message(
        deal,
        context,
        client_order_id=names.get("client_order_id"),
        venue_order_id=names.get("venue_order_id"),
        instrument=event.get("instrument"),
        reported=reported,
        source=Source.VENUE_POLL if is_repeated else None,
    )


def _filled(event: ForeignObject, context: ObjectContext) -> list[Message]:
    claims: dict[str, Any] = {
        "status": "filled" if event.class_name.startswith("OrderFilled") else None,
        "cum_quantity": _positive(event.number("venue_filled_quantity")),
        "average_price": _positive(event.number("venue_avg_price")),
    }
    reported = {name: value for name, value in claims.items() if value is not None}
    return [_deal(event.part("fill"), event, context, reported or None)]


def _positive(number: Decimal | None) -> Decimal | None:
    return number if number is not None and number > 0 else None


def _message_about(
    kind: str, event: ForeignObject, context: ObjectContext, **fields: Any
) -> list[Message]:
    """A report about the order of an event."""
    when = event.moment("accepted_at", "last_update_time", "timestamp")
    instrument = context.instrument(event.get("instrument"))
    return [context.message(kind, at=when, **order_names(event), instrument=instrument, **fields)]


def _accepted(event: ForeignObject, context: ObjectContext) -> list[Message]:
    return _message_about("acknowledged", event, context)


def _rejected(event: ForeignObject, context: ObjectContext) -> list[Message]:
    """Sending that ended without an answer is not a refusal: the order may be at the venue."""
    cause = reason_and_text(event.get("code"), event.get("reason"), "rejected")
    if cause["reason"] not in OUTCOME_UNKNOWN:
        return _message_about("reject", event, context, **cause)
    return [
        context.message(
            "unresolved", at=event.moment("last_update_time"), **order_names(event), **cause
        )
    ]


def _canceled(event: ForeignObject, context: ObjectContext) -> list[Message]:
    return _message_about("cancel", event, context)


def _expired(event: ForeignObject, context: ObjectContext) -> list[Message]:
    return _message_about("expire", event, context)


def _lost(event: ForeignObject, context: ObjectContext) -> list[Message]:
    """Qubx gives the order up, the ledger does not: it was queried and not found."""
    return _message_about(
        "absent", event, context, **reason_and_text(None, event.get("reason"), "lost")
    )


def _updated(event: ForeignObject, context: ObjectContext) -> list[Message]:
    quantity, price = event.number("new_quantity"), event.above_zero("new_price")
    if quantity is None and price is None:
        raise event.fault("new_quantity", "is missing, and so is new_price")
    return _message_about(
        "replace",
        event,
        context,
        quantity=None if quantity is None else abs(quantity),
        limit_price=price,
    )


def _cancel_rejected(event: ForeignObject, context: ObjectContext) -> list[Message]:
    return _message_about(
        "cancel_rejected",
        event,
        context,
        **reason_and_text(event.get("code"), event.get("reason"), "rejected"),
    )


def _update_rejected(event: ForeignObject, context: ObjectContext) -> list[Message]:
    return _message_about(
        "replace_rejected",
        event,
        context,
        **reason_and_text(event.get("code"), event.get("reason"), "rejected"),
    )


EVENTS: dict[str, Callable[[ForeignObject, ObjectContext], list[Message]]] = {
    "OrderAccepted": _accepted,
    "OrderRejected": _rejected,
    "OrderPartiallyFilled": _filled,
    "OrderFilled": _filled,
    "OrderCanceled": _canceled,
    "OrderExpired": _expired,
    "OrderLost": _lost,
    "OrderUpdated": _updated,
    "OrderCancelRejected": _cancel_rejected,
    "OrderUpdateRejected": _update_rejected,
}
"""The events of orders, without the suffix `Event` that some versions add."""
