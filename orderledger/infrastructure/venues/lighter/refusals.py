"""The codes with which Lighter refuses a transaction, in our words."""

from typing import Any

from orderledger.infrastructure.venues.lighter.rest import refusal_of
from orderledger.infrastructure.venues.lighter.vocabulary import OK, TOO_MANY

REASONS = {
    20558: "not_allowed",
    21100: "unauthorized",
    21104: "invalid_nonce",
    21506: "rate_limited",
    21600: "unknown_order",
    21700: "unknown_order",
    21701: "incorrect_quantity",
    21702: "incorrect_price",
    21706: "incorrect_quantity",
    21711: "incorrect_expire_at",
    21715: "unknown_order",
    **dict.fromkeys(range(21717, 21723), "too_many_orders"),
    21727: "incorrect_client_id",
    21728: "duplicate_order",
    21732: "reduce_only",
    **dict.fromkeys((21733, 21734, 21735), "price_too_far"),
    21739: "insufficient_margin",
    **dict.fromkeys(TOO_MANY, "rate_limited"),
}
"""Any other code is `rejected`."""


def code_in(document: Any) -> int | None:
    """The code of an answer: 200 if it is no refusal. None if it has none."""
    refusal = refusal_of(document)
    if refusal is not None:
        return refusal
    return OK if isinstance(document, dict) and document.get("code") == OK else None


def is_too_many(document: Any) -> bool:
    """Whether the venue states that it refused a request because of a limit."""
    return refusal_of(document) in TOO_MANY


def reason_for(code: int | None) -> str:
    """Our word for a code."""
    return REASONS.get(code, "rejected") if code is not None else "rejected"
