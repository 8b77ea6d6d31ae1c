"""One message from an order row of Lighter (`accountActiveOrders`, `accountInactiveOrders`, channel
`account_orders`).

Amounts are decimal text in units of the base asset, prices in the quote asset. Times are in s, ms
or us, depending on the field. Cumulative amounts are claims of the venue (`reported`); fills come
from trades only. See apidocs.lighter.xyz.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Context as Arithmetic
from decimal import Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any

from orderledger import Message, OrderType, ReportedClaims, Side
from orderledger import OrderStatus as Status
from orderledger.extend.messages import registry
from orderledger.extend.values import DatedBy
from orderledger.venues.base.fields import (
    Document,
    Unreadable,
    flag,
    number,
    price,
    word,
)
from orderledger.venues.lighter.context import LighterContext
from orderledger.venues.lighter.reading import (
    account_number,
    index,
    latest,
    market_of,
    moment,
)
from orderledger.venues.lighter.vocabulary import (
    CLIENT_ORDER_INDEX,
    CONDITIONAL_TYPES,
    LIQUIDATION,
    ORDER_TYPES,
    PLAIN_STATUSES,
    POST_ONLY,
    PROTECTED_TYPES,
    STATUSES,
    TIMES_IN_FORCE,
    TRIGGERS,
    Meaning,
)

MARKS = frozenset({"order_index", "order_id", "client_order_index", "initial_base_amount"})
"""Fields that identify a row of an order."""

CHANGE_TIMES = ("transaction_time", "updated_at")
"""The time of the row's state is the later of these. The transaction may be the one that created
the order, not the one that ended it."""
OTHER_TIMES = ("timestamp", "created_at")
"""Times used if a row has neither of them."""

DIVISION = Arithmetic(prec=60, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])


def order_messages(row: Document, context: LighterContext, hint: str | None) -> list[Message]:
    """The message of one row; none for an order of another account. Raises Unreadable."""
    owner = account_number(row, "owner_account_index")
    if owner is not None and owner != context.account_index:
        return []
    status = word(row, "status")
    if status is None:
        raise Unreadable("status is missing")
    market = market_of(row, "market_index", hint)
    fields: Document = {
        "account": context.account,
        "source": context.source,
        "at": changed_at(row),
        "venue_order_id": venue_order_id(row),
        "aliases": _aliases(row),
        "instrument": None if market is None else context.markets.instrument(market),
        "side": _side(row),
        "reason": _reason(row, status),
        "evidence": row,
    }
    return [_message(row, status, fields)]


def changed_at(row: Document) -> datetime:
    """Time of the row's state. Raises Unreadable if no field has a time."""
    return latest(row, *CHANGE_TIMES) or moment(row, *CHANGE_TIMES, *OTHER_TIMES)


def _dated_by(row: Document) -> DatedBy:
    """Only `updated_at` is always the time of the row's state: the transaction may be the one that
    created the order."""
    return DatedBy.RECEIPT if latest(row, "updated_at") is None else DatedBy.VENUE


def venue_order_id(row: Document) -> str:
    found = index(row, "order_id", "order_index")
    if found is None:
        raise Unreadable("order_id and order_index are missing")
    return found


def _aliases(row: Document) -> dict[str, str]:
    found = index(row, "client_order_id", "client_order_index")
    return {} if found is None else {CLIENT_ORDER_INDEX: found}


def _side(row: Document) -> Side | None:
    """The side, from `is_ask`, or without it from `side`, which may be empty."""
    is_ask = flag(row, "is_ask")
    if is_ask is not None:
        return Side.SELL if is_ask else Side.BUY
    side = word(row, "side")
    return None if side is None else _named_side(side)


def _named_side(side: str) -> Side:
    if side not in tuple(Side):
        raise Unreadable(f"side is {side[:50]!r}")
    return Side(side)


def _reason(row: Document, status: str) -> str | None:
    """The venue's status word for an end that the message type does not express; or the mark of an
    order made by the venue."""
    meaning = STATUSES.get(status)
    if (
        meaning in (Meaning.CANCELED, Meaning.REFUSED, Meaning.EXPIRED)
        and status not in PLAIN_STATUSES
    ):
        return status
    return LIQUIDATION if row.get("type") == LIQUIDATION else None


def _message(row: Document, status: str, fields: Document) -> Message:
    claims = _claims(row)
    cum_quantity = claims["cum_quantity"]
    is_filled_in_part = cum_quantity is not None and cum_quantity > 0
    match STATUSES.get(status):
        case Meaning.WORKING:
            working = Status.PARTIALLY_FILLED if is_filled_in_part else Status.NEW
            return registry.Acknowledged(**fields, reported=_reported(claims, working))
        case Meaning.WAITING if is_untriggered(row):
            return registry.Acknowledged(**fields, reported=_reported(claims, Status.NEW))
        case Meaning.RECEIVED | Meaning.WAITING:
            seen = Status.PARTIALLY_FILLED if is_filled_in_part else Status.PENDING_NEW
            return registry.StatusObserved(
                **fields, dated_by=_dated_by(row), status=seen, reported=_reported(claims)
            )
        case Meaning.FILLED:
            return registry.StatusObserved(
                **fields,
                dated_by=_dated_by(row),
                status=Status.FILLED,
                reported=_reported(_ended(claims)),
            )
        case Meaning.EXPIRED:
            return registry.Expired(**fields, reported=_reported(_ended(claims), Status.EXPIRED))
        case Meaning.REFUSED if cum_quantity is not None and not is_filled_in_part:
            return registry.Rejected(**fields, reported=_reported(_ended(claims), Status.REJECTED))
        case Meaning.CANCELED | Meaning.REFUSED:
            return registry.Canceled(**fields, reported=_reported(_ended(claims), Status.CANCELED))
        case _:
            return registry.StatusObserved(
                **fields,
                dated_by=_dated_by(row),
                status=status,
                reported=_reported({**claims, "leaves_quantity": None}),
            )


def is_untriggered(row: Document) -> bool:
    """True if the venue has accepted the order and keeps it off the book until its condition is
    met."""
    trigger, order_type = row.get("trigger_status"), row.get("type")
    return (
        trigger in TRIGGERS
        if isinstance(trigger, str)
        else isinstance(order_type, str) and order_type in CONDITIONAL_TYPES
    )


def _claims(row: Document) -> dict[str, Any]:
    order_type, time_in_force = word(row, "type"), word(row, "time_in_force")
    return {
        "quantity": number(row, "initial_base_amount"),
        "cum_quantity": number(row, "filled_base_amount"),
        "leaves_quantity": number(row, "remaining_base_amount"),
        "average_price": _average_price(row),
        "limit_price": None if order_type in PROTECTED_TYPES else price(row, "price"),
        "stop_price": price(row, "trigger_price"),
        "order_type": None if order_type is None else ORDER_TYPES.get(order_type, OrderType.OTHER),
        "time_in_force": TIMES_IN_FORCE.get(time_in_force or ""),
        "post_only": time_in_force == POST_ONLY if time_in_force in TIMES_IN_FORCE else None,
        "reduce_only": flag(row, "reduce_only"),
    }


def _ended(claims: Mapping[str, Any]) -> dict[str, Any]:
    """The open quantity. 0 for an ended order, where the venue's `remaining` may be the unfilled
    quantity."""
    return {
        **claims,
        "leaves_quantity": None if claims["leaves_quantity"] else claims["leaves_quantity"],
    }


def _average_price(row: Document) -> Decimal | None:
    """Average price: filled quote amount divided by filled base amount. None if the quotient is
    not exact: the venue has rounded.
    """
    base, quote = number(row, "filled_base_amount"), number(row, "filled_quote_amount")
    if not base or not quote:
        return None
    try:
        average = DIVISION.divide(quote, base)
    except Inexact:
        return None
    digits = quote.as_tuple().exponent, base.as_tuple().exponent
    return average if int(average.as_tuple().exponent) >= int(digits[0]) - int(digits[1]) else None


def _reported(claims: Mapping[str, Any], status: str | None = None) -> ReportedClaims:
    return ReportedClaims(**claims, status=status)
