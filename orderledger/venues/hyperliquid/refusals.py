"""Sentences that prove that Hyperliquid has not accepted an order, a cancel or a change. It uses
no codes.
"""

from orderledger import Reject, RejectCancel, RejectReplace
from orderledger.venues.base.refusals import UNAUTHORIZED, Mark, Refusals, says

DOCS = "hyperliquid.gitbook.io, Error responses"
CCXT = "ccxt 4.5.90, hyperliquid, table of exceptions"
NONCES = "hyperliquid.gitbook.io, Nonces and API wallets: a nonce outside of the window is refused"
SIGNING = "hyperliquid.gitbook.io, Signing: a wrong signature names a wallet that does not exist"
EXPIRY = "hyperliquid.gitbook.io, Exchange endpoint, Expires After: a stale action is rejected"
LIMITS = "hyperliquid.gitbook.io, Rate limits and user limits"
PLACED, CANCELED, CHANGED = (Reject, RejectReplace), (RejectCancel,), (RejectReplace,)

REFUSALS = Refusals(
    UNAUTHORIZED,
    says(
        "never placed, already canceled, or filled",
        reason="unknown_order",
        source=DOCS,
        answers=(RejectCancel, RejectReplace),
    ),
    says(
        "cannot modify canceled or filled order",
        reason="too_late",
        source="seen at the venue",
        answers=CHANGED,
    ),
    says(
        "insufficient margin to place order",
        reason="insufficient_margin",
        source=DOCS,
        answers=PLACED,
    ),
    says("insufficient spot balance", reason="insufficient_funds", source=DOCS, answers=PLACED),
    says(
        "post only order would have immediately matched",
        reason="post_only_would_match",
        source=DOCS,
        answers=PLACED,
    ),
    says(
        "could not immediately match against any resting",
        reason="no_liquidity",
        source=DOCS,
        answers=PLACED,
    ),
    says(
        "no liquidity available for market order",
        reason="no_liquidity",
        source=DOCS,
        answers=PLACED,
    ),
    says("must be divisible by tick size", reason="incorrect_price", source=DOCS, answers=PLACED),
    says("invalid tp/sl price", reason="incorrect_price", source=DOCS, answers=PLACED),
    says("price too far from oracle", reason="price_too_far", source=DOCS, answers=PLACED),
    says(
        "more than 80% away from the reference price",
        reason="price_too_far",
        source=CCXT,
        answers=PLACED,
    ),
    says("price more aggressive than oracle", reason="price_too_far", source=DOCS, answers=PLACED),
    says(
        "order has invalid price",
        reason="incorrect_price",
        source="seen at the venue",
        answers=PLACED,
    ),
    says("order has (invalid|zero) size", reason="incorrect_quantity", source=CCXT, answers=PLACED),
    says("must have minimum value of", reason="incorrect_quantity", source=DOCS, answers=PLACED),
    says(
        "reduce only order would increase position",
        reason="reduce_only",
        source=DOCS,
        answers=PLACED,
    ),
    says("would increase open interest", reason="open_interest_cap", source=DOCS, answers=PLACED),
    says(
        "position to exceed margin tier limit", reason="position_limit", source=DOCS, answers=PLACED
    ),
    says(
        r"user or api wallet \S+ does not exist",
        reason="unauthorized",
        source=SIGNING,
        mark=Mark.TURNED_AWAY,
    ),
    says("must deposit before", reason="unauthorized", source=SIGNING, mark=Mark.TURNED_AWAY),
    says("invalid nonce", reason="invalid_nonce", source=NONCES, mark=Mark.TURNED_AWAY),
    says("action (already )?expired", reason="expired", source=EXPIRY),
    says(
        "too many cumulative requests sent",
        reason="rate_limited",
        source=LIMITS,
        mark=Mark.TURNED_AWAY,
    ),
)
"""An `err` for a whole action is a refusal of each order in it. The result of reusing a `cloid`
is not documented, so there is no sentence for it.
"""
