"""Answers that prove that Tradier has not accepted a request. It uses sentences: `errors` from
its order desk, `fault` from its gateway.
"""

from orderledger import Reject, RejectCancel, RejectReplace
from orderledger.venues.base.refusals import (
    STATED,
    UNAUTHORIZED,
    Mark,
    Refusals,
    coded,
    says,
)

DOCS = (
    "documentation.tradier.com, Place Order: an order with `errors` is not accepted, and gets no id"
)
GATEWAY = (
    "documentation.tradier.com, Rate Limiting and Authentication: `fault`, before the request is "
    "passed on"
)
FINAL = "lumiwealth-tradier 0.1.18: HTTP 400 with this text for an order that has ended"
BEFORE = Mark.TURNED_AWAY
ORDER, CHANGE = (Reject,), (RejectCancel, RejectReplace)

REFUSALS = Refusals(
    UNAUTHORIZED,
    says(
        "invalid access token|access token expired",
        reason="unauthorized",
        source=GATEWAY,
        mark=BEFORE,
    ),
    says("quota|rate limit", reason="rate_limited", source=GATEWAY, mark=BEFORE),
    says("already in finalized state", reason="too_late", source=FINAL, answers=CHANGE),
    *(
        coded(STATED, reason=reason, source=DOCS, says=part, answers=answers)
        for part, reason, answers in (
            ("buying ?power", "insufficient_funds", ORDER),
            ("closing a long position", "no_position", ORDER),
            ("not enabled for trading", "not_allowed", ORDER),
            ("not found", "unknown_order", CHANGE),
            ("symbol", "unknown_instrument", ORDER),
            ("price", "incorrect_price", (*ORDER, RejectReplace)),
            ("quantity", "incorrect_quantity", ORDER),
        )
    ),
    coded(STATED, reason="rejected", source=DOCS),
)
"""A tag may be reused: there are no duplicates."""
