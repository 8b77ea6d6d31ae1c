"""Qubx's order requests and orders."""

from decimal import Decimal
from typing import Any

from orderledger import Message, Source
from orderledger.venues.interop.context import OUTCOME_UNKNOWN, ObjectContext, reason_and_text
from orderledger.venues.interop.objects import ForeignObject

CLIENT_ORDER_INDEX = "lighter.client_order_index"
"""The alias of Lighter's adapter for the integer that Qubx derives from a client id."""

INVENTED = "ext:"
"""Prefix of a client order id that Qubx makes up if the venue gave none."""

FLOAT_DIGITS = 15
"""Significant digits of a sum of floats."""

ORDER_TYPES = {
    "MARKET": "market",
    "LIMIT": "limit",
    "STOP_MARKET": "stop",
    "STOP_LIMIT": "stop_limit",
}
TIMES_IN_FORCE = {"DAY": "day", "GTC": "gtc", "IOC": "ioc", "FOK": "fok", "GTD": "gtd"}
POST_ONLY = "GTX"
"""A time in force that means good till canceled and post only."""

STATUSES: dict[str, tuple[str, dict[str, str]]] = {
    "NEW": ("acknowledged", {}),
    "OPEN": ("acknowledged", {}),
    "ACCEPTED": ("acknowledged", {}),
    "PARTIALLY_FILLED": ("status_observed", {"status": "partially_filled"}),
    "PENDING_CANCEL": ("status_observed", {"pending": "cancel"}),
    "PENDING_UPDATE": ("status_observed", {"pending": "replace"}),
    "FILLED": ("status_observed", {"status": "filled"}),
    "CLOSED": ("status_observed", {"status": "canceled", "reason": "closed"}),
    "CANCELED": ("canceled", {}),
    "EXPIRED": ("expired", {}),
    "LOST": ("absent", {"reason": "lost"}),
}
"""The message for each order status. `CLOSED` does not say how the order ended: the ledger shows
it filled if its fills come to the quantity, else canceled. A status that is not listed is
recorded unchanged.
"""

REQUESTED = frozenset({"INITIALIZED", "SUBMITTED"})
"""Statuses of orders that the venue has not answered."""


def order_names(given: ForeignObject) -> dict[str, Any]:
    """The ids of an order. An id that Qubx made up is left out; Lighter's integer is an alias."""
    client_order_id = given.identifier("client_order_id") or given.identifier("client_id")
    venue_order_id = given.identifier("venue_order_id") or given.identifier("id")
    aliases = lighter_alias(given)
    if client_order_id is not None and client_order_id.startswith(INVENTED):
        venue_order_id = venue_order_id or client_order_id.removeprefix(INVENTED)
        client_order_id = None
    if (
        client_order_id is not None
        and client_order_id.isdigit()
        and "LIGHTER" in str(given.get("instrument")).upper()
    ):
        aliases, client_order_id = {CLIENT_ORDER_INDEX: client_order_id}, None
    return {
        "client_order_id": client_order_id,
        "venue_order_id": venue_order_id,
        "aliases": aliases,
    }


def request_message(
    given: ForeignObject, context: ObjectContext, client_order_id: str | None
) -> Message:
    """An order request. A negative quantity is a sale."""
    own_id = given.identifier("client_id") or client_order_id
    if own_id is None:
        raise given.fault("client_id", "is missing: give client_order_id")
    quantity = given.needed_number("quantity")
    side = "SELL" if quantity < 0 else (given.word("side") or "BUY")
    order_type = given.word("order_type") or ("MARKET" if given.get("price") is None else "LIMIT")
    return context.message(
        "request",
        at=None,
        client_order_id=own_id,
        aliases=lighter_alias(given),
        instrument=context.instrument(given.needed("instrument")),
        side=side.lower(),
        quantity=abs(quantity),
        **_terms(given, order_type),
    )


def order_messages(
    given: ForeignObject, context: ObjectContext, *, source: Source | None = None
) -> list[Message]:
    """An order as Qubx has it: the request, if the venue has not answered, else its state."""
    status = given.word("status") or ""
    if status in REQUESTED:
        return _requested(given, context, is_sent=status == "SUBMITTED")
    common = {
        **order_names(given),
        "instrument": context.instrument(given.needed("instrument")),
        "side": (given.word("side") or "").lower() or None,
        "reported": _claims(given),
        "source": source,
    }
    when = given.moment("last_update_time", "accepted_at", "submitted_at", "time")
    if status == "REJECTED":
        cause = reason_and_text(given.get("error_code"), given.get("rejected_reason"), "rejected")
        if cause["reason"] in OUTCOME_UNKNOWN:
            names = order_names(given)
            return [context.message("unresolved", at=when, **names, **cause)]
        return [context.message("rejected", at=when, **common, **cause)]
    if status == "PENDING":
        return []
    kind, fields = STATUSES.get(
        status, ("status_observed", {"status": status.lower() or "unknown"})
    )
    if kind == "acknowledged":
        when = given.moment("accepted_at", "time") or when
    return [context.message(kind, at=when, **common, **fields)]


def _requested(given: ForeignObject, context: ObjectContext, *, is_sent: bool) -> list[Message]:
    names = order_names(given)
    client_order_id = names["client_order_id"]
    if client_order_id is None:
        raise given.fault(
            "client_order_id", "is missing on an order that the venue has not answered"
        )
    when = given.moment("submitted_at", "last_update_time")
    request = context.message(
        "request",
        at=when,
        **{name: value for name, value in names.items() if name != "venue_order_id"},
        instrument=context.instrument(given.needed("instrument")),
        side=str(given.word("side")).lower(),
        quantity=abs(given.needed_number("quantity")),
        **_terms(given, given.word("type") or "LIMIT"),
    )
    submit = (
        [context.message("submit", at=when, client_order_id=client_order_id)] if is_sent else []
    )
    return [request, *submit]


def _terms(given: ForeignObject, order_type: str) -> dict[str, Any]:
    """Order type, prices and times of a request or an order. The price of a stop market order is
    its stop price."""
    options = ForeignObject(given.get("options") or {}, f"{given.path}options.")
    price, time_in_force = given.above_zero("price"), given.word("time_in_force") or ""
    stop_price = options.above_zero("stopPrice") or options.above_zero("triggerPrice")
    if order_type == "STOP_MARKET":
        price, stop_price = None, stop_price or price
    is_post_only = given.flag("post_only") or options.flag("postOnly") or options.flag("post_only")
    return {
        "order_type": ORDER_TYPES.get(order_type, "other"),
        "limit_price": None if order_type == "MARKET" else price,
        "stop_price": stop_price,
        "time_in_force": "gtc" if time_in_force == POST_ONLY else TIMES_IN_FORCE.get(time_in_force),
        "post_only": is_post_only or time_in_force == POST_ONLY or None,
        "reduce_only": given.flag("reduce_only")
        or options.flag("reduceOnly")
        or options.flag("reduce_only")
        or None,
    }


def _claims(given: ForeignObject) -> dict[str, Any]:
    """The terms of an order, and the filled quantity according to Qubx. Its average price is not
    the venue's: it is a sum of floats.
    """
    quantity, filled = given.number("quantity"), given.number("filled_quantity")
    claims = {
        "quantity": abs(quantity) if quantity else None,
        "cum_quantity": None if filled is None else _without_noise(filled),
        **_terms(given, given.word("type") or ""),
    }
    if not given.get("type"):
        del claims["order_type"]
    return {name: value for name, value in claims.items() if value is not None}


def _without_noise(number: Decimal) -> Decimal:
    """A sum of floats, rounded to the reliable digits of a float: 0.3 for 0.30000000000000004."""
    return Decimal(f"{float(number):.{FLOAT_DIGITS}g}")


def lighter_alias(given: ForeignObject) -> dict[str, str]:
    """The integer under which Lighter will report an order, if Qubx has noted it."""
    options = given.get("options")
    index = options.get("lighter_client_order_index") if isinstance(options, dict) else None
    return {} if index is None else {CLIENT_ORDER_INDEX: str(index)}
