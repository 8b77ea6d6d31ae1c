"""Shared parts of Hummingbot's objects: ids, terms, fees, and failures."""

import re
from decimal import Decimal
from typing import Any

from orderledger.extend.values import EXACT
from orderledger.venues.interop.context import (
    LONGEST_TEXT,
    OUTCOME_UNKNOWN,
    reason_and_text,
)
from orderledger.venues.interop.objects import ForeignObject, within_digits

ORDER_TYPES = {"MARKET": "market", "LIMIT": "limit", "LIMIT_MAKER": "limit"}
"""Swaps and pool orders of decentralized exchanges are `other`."""

STATUSES = {
    "OPEN": {"status": "new"},
    "CREATED": {"status": "new"},
    "APPROVED": {"status": "new"},
    "PARTIALLY_FILLED": {"status": "partially_filled"},
    "PENDING_CANCEL": {"pending": "cancel"},
    "CANCELED": {"status": "canceled"},
    "FILLED": {"status": "filled"},
    "COMPLETED": {"status": "filled"},
}
"""The message for each state of the order tracker. `FAILED` is not an answer of the venue: the
tracker also gives up lost orders.
"""

REPORTS = {"OPEN": "acknowledged", "CANCELED": "canceled"}
"""States that an update of the tracker copies from the venue."""

NOT_YET_ANSWERED = frozenset({"PENDING_CREATE", "PENDING_APPROVAL"})

NOT_SENT = frozenset(
    {"ClientConnectorDNSError", "ClientConnectorError", "ClientProxyConnectionError"}
)
"""Exceptions of aiohttp that mean that nothing was sent: connection refused, host unknown."""

OWN_CHECK = ("will not be created", "not in the list of supported order types")
"""Sentences of Hummingbot's own checks, before it sends."""

HTTP_STATUS = re.compile(r"HTTP status is (\d{3})")
OUTCOME_UNKNOWN_FROM = 500
TOO_SLOW_OR_MANY = frozenset({408, 429})


NO_ID = "UNKNOWN"
"""The exchange's id of an order whose sending ended with HTTP status 503: several connectors
(Binance, MEXC, Backpack, Coinbase) report it as created."""


def names_of(given: ForeignObject) -> dict[str, Any]:
    """Events call our id `order_id`, the tracker calls it `client_order_id`."""
    client_order_id = given.identifier("client_order_id") or given.identifier("order_id")
    venue_order_id = given.identifier("exchange_order_id")
    if venue_order_id == NO_ID:
        venue_order_id = None
    if client_order_id is None and venue_order_id is None:
        raise given.fault("order_id", f"is missing on {given.class_name}")
    return {"client_order_id": client_order_id, "venue_order_id": venue_order_id}


def terms_of(given: ForeignObject, order_type: str | None) -> dict[str, Any]:
    return {
        "order_type": ORDER_TYPES.get(order_type or "", "other"),
        "limit_price": None if order_type == "MARKET" else given.above_zero("price"),
        "post_only": order_type == "LIMIT_MAKER" or None,
    }


def position_of(given: ForeignObject, side: str, *, is_hedged: bool) -> dict[str, Any]:
    """Which position an order or a fill changes, by Hummingbot's `position`: OPEN or CLOSE."""
    action = given.word("position")
    if not is_hedged or action not in ("OPEN", "CLOSE"):
        return {}
    return {"position_side": "long" if (side == "buy") is (action == "OPEN") else "short"}


def side_of(given: ForeignObject, name: str) -> str:
    word = given.word(name)
    if word not in ("BUY", "SELL"):
        raise given.fault(name, f"{word!r} is neither BUY nor SELL")
    return str(word).lower()


def fee_of(given: ForeignObject, name: str, price: Decimal, amount: Decimal) -> dict[str, Any]:
    """The fee of a fill, if it is in one currency. A percentage without a token applies to the
    quote amount, as in Hummingbot.
    """
    if given.get(name) is None:
        return {}
    fee = given.part(name)
    amounts: dict[str, Decimal] = {}
    for flat in fee.parts("flat_fees") or []:
        token = str(flat.needed("token"))
        amounts[token] = EXACT.add(amounts.get(token, Decimal(0)), flat.needed_number("amount"))
    percent = fee.number("percent")
    quote = quote_of(str(given.get("trading_pair") or ""))
    if percent:
        if fee.get("percent_token") not in (None, quote):
            return {"text": "the fee is a percentage in another currency: see evidence"}
        part = within_digits(EXACT.multiply(EXACT.multiply(price, amount), percent))
        amounts[quote] = EXACT.add(amounts.get(quote, Decimal(0)), part)
    if len(amounts) > 1:
        return {
            "text": f"the fee is in several currencies: {', '.join(sorted(amounts))}; see evidence"
        }
    return next(
        ({"fee": total, "fee_currency": token or None} for token, total in amounts.items()), {}
    )


def quote_of(pair: str) -> str:
    return pair.rpartition("-")[2]


def failure_of(error_type: str | None, sentence: str | None) -> tuple[str, dict[str, str]]:
    """The message for a failure, with its reason and text. Only a refusal by the venue is a
    reject.
    """
    text = sentence or ""
    cause = reason_and_text(error_type, text, "failed")
    if error_type is None:
        return "unresolved", cause
    if error_type in NOT_SENT or any(words in text for words in OWN_CHECK):
        return "deny", cause
    status = HTTP_STATUS.search(text)
    if status is not None:
        code = int(status.group(1))
        is_unknown = code >= OUTCOME_UNKNOWN_FROM or code in TOO_SLOW_OR_MANY
        return ("unresolved" if is_unknown else "rejected"), {
            "reason": f"http_{code}",
            "text": text[:LONGEST_TEXT],
        }
    return (
        "unresolved"
        if error_type in OUTCOME_UNKNOWN or error_type in ("OSError", "IOError")
        else "rejected"
    ), cause


def status_of(state: str) -> dict[str, str]:
    """The status or pending change of a state of the order tracker."""
    return STATUSES.get(state, {"status": state.lower() or "unknown"})
