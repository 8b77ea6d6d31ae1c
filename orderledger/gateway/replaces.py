"""Settles replaces without an answer, from the terms that the venue shows."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger import Message, Pending, Replaced, ReplaceRejected
from orderledger.extend.events import Order
from orderledger.venues.base.absence import Absence

TERMS = ("quantity", "limit_price", "stop_price")
LATE_SECONDS = 60.0
"""How long a replace without an expiry may be on its way. No venue states this time."""
MICROSECOND = timedelta(microseconds=1)


def settled_replace(
    order: Order, found: Sequence[Message], asked_at: datetime, *, may_be_late: bool
) -> Message | None:
    """The answer to the oldest replace that awaits one. `found`: the venue's state of the order.
    `may_be_late`: the request may still be on its way, so unchanged terms prove nothing.
    """
    request_id = order.requests.oldest_id(Pending.REPLACE)
    asked = order.requests.known(request_id)
    if asked is None or order.is_ended:
        return None
    terms = {name: value for name, value in asked.terms.items() if name in TERMS}
    about: dict[str, Any] = {
        "account": order.account,
        "client_order_id": order.client_order_id,
        "at": max(asked_at, asked.when.at, order.updated_at or asked_at) + MICROSECOND,
        "source": "venue_poll",
    }
    shown = _terms_in(found, order)
    if terms and all(shown[name] == value for name, value in terms.items()):
        return Replaced(**about, **terms, replacement_client_order_id=request_id)
    if may_be_late:
        return None
    text = "the venue shows the order with its earlier terms, after the request had expired"
    return ReplaceRejected(**about, request_id=request_id, reason="not_carried_out", text=text)


def may_be_late(
    order: Order, rule: Absence | None, venue_now: datetime | None, seconds: float
) -> bool:
    """Whether the oldest replace that awaits an answer may still be carried out. `venue_now`: the
    earliest time that the venue's clock can show. `seconds`: how long this process knows it, at
    least.
    """
    asked = order.requests.known(order.requests.oldest_id(Pending.REPLACE))
    expires_at = None if asked is None else asked.expires_at
    if rule is None or expires_at is None or venue_now is None:
        return seconds < LATE_SECONDS
    return venue_now < expires_at + rule.margin


def _terms_in(found: Sequence[Message], order: Order) -> Mapping[str, Decimal | None]:
    """The terms that the venue shows, or those in force where it shows none."""
    terms: dict[str, Decimal | None] = {name: getattr(order, name) for name in TERMS}
    for message in found:
        claims = message.__dict__.get("reported")
        stated = {name: getattr(claims, name, None) for name in TERMS}
        terms |= {name: value for name, value in stated.items() if value is not None}
    return terms
