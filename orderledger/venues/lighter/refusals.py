"""Codes that prove that Lighter has not accepted a transaction. A refused transaction is not
queued, and cannot work later.
"""

from typing import Any

from orderledger import Reject
from orderledger.venues.base.refusals import UNAUTHORIZED, Mark, Refusals, coded
from orderledger.venues.lighter.rest import refusal_of
from orderledger.venues.lighter.vocabulary import (
    ACCOUNT_NOT_FOUND,
    EXPIRED_TOKEN,
    OK,
    TOO_MANY,
)

DOCS = (
    "apidocs.lighter.xyz, sendTx: only code 200 means queued; names of codes: ccxt 4.5.90, "
    "lighter, table of exceptions"
)
NONCES = (
    "apidocs.lighter.xyz, Nonce management: a transaction with another nonce than the next is "
    "not accepted"
)
LIMITS = "apidocs.lighter.xyz, Rate limits"
BEFORE = Mark.TURNED_AWAY
ORDER = (Reject,)

REFUSALS = Refusals(
    coded(21728, reason="duplicate_order", source=DOCS, mark=Mark.DUPLICATE, answers=ORDER),
    coded(*TOO_MANY, reason="rate_limited", source=LIMITS, mark=BEFORE),
    coded(
        21506, reason="rate_limited", source=f"{DOCS}: too many pending transactions", mark=BEFORE
    ),
    coded(21104, reason="invalid_nonce", source=NONCES, mark=BEFORE),
    coded(ACCOUNT_NOT_FOUND, EXPIRED_TOKEN, reason="unauthorized", source=DOCS, mark=BEFORE),
    coded(20558, reason="not_allowed", source=f"{DOCS}: restricted jurisdiction"),
    coded(
        21712,
        reason="cancel_all_queued",
        source=f"{DOCS}: a request to cancel all orders is queued",
        mark=BEFORE,
    ),
    coded(21600, 21700, 21715, reason="unknown_order", source=DOCS),
    coded(21701, 21706, reason="incorrect_quantity", source=DOCS),
    coded(21702, reason="incorrect_price", source=DOCS),
    coded(21711, reason="incorrect_expire_at", source=DOCS),
    coded(*range(21717, 21723), reason="too_many_orders", source=DOCS),
    coded(21727, reason="incorrect_client_id", source=DOCS),
    coded(21732, reason="reduce_only", source=DOCS),
    coded(21733, 21734, 21735, reason="price_too_far", source=DOCS),
    coded(21507, 21508, 21739, reason="insufficient_margin", source=DOCS),
    coded(
        *range(21500, 21513),
        *range(21600, 21609),
        *range(21700, 21741),
        reason="rejected",
        source=DOCS,
    ),
    UNAUTHORIZED,
)


def code_in(document: Any) -> int | None:
    """The code of an answer: 200 if it is not a refusal. None if it has none."""
    refusal = refusal_of(document)
    if refusal is not None:
        return refusal
    return OK if isinstance(document, dict) and document.get("code") == OK else None


def is_too_many(document: Any) -> bool:
    """Whether the venue states that it refused a request because of a limit."""
    return refusal_of(document) in TOO_MANY
