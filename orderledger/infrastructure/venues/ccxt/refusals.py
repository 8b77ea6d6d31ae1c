"""What an error of ccxt says of a request of ours: that it was refused, that nothing left, or that its outcome is unknown."""

import re
from collections.abc import Sequence
from typing import Any

import aiohttp
import ccxt

from orderledger.infrastructure.errors import NotSent, Unanswered
from orderledger.infrastructure.venues.ccxt.exchange import LATER, Call, shown

REASONS: Sequence[tuple[type[Exception], str]] = (
    (ccxt.DuplicateOrderId, "duplicate_order"),
    (ccxt.InsufficientFunds, "insufficient_funds"),
    (ccxt.OrderImmediatelyFillable, "post_only_would_match"),
    (ccxt.OrderNotFound, "unknown_order"),
    (ccxt.BadSymbol, "unknown_instrument"),
    (ccxt.AuthenticationError, "not_permitted"),
    (ccxt.MarketClosed, "market_closed"),
    (ccxt.RateLimitExceeded, "too_many_requests"),
    (ccxt.DDoSProtection, "too_many_requests"),
    (ccxt.InvalidNonce, "invalid_nonce"),
    (ccxt.OnMaintenance, "maintenance"),
    (ccxt.InvalidOrder, "invalid_order"),
)
SAID = (
    (re.compile(r"(?i)duplicat"), "duplicate_order"),
    (re.compile(r"(?i)post.?only|as maker|immediately match"), "post_only_would_match"),
    (re.compile(r"(?i)unknown order|order does not exist|order not found"), "unknown_order"),
    (re.compile(r"(?i)insufficient"), "insufficient_funds"),
)
"""What a refusal says where ccxt has no class for it."""


def judged(error: Exception, call: Call, *, is_repeated: bool) -> tuple[str, str, Any]:
    """A refusal by the exchange: reason, sentence and document. Raises NotSent if nothing left, Unanswered if something may
    have. `is_repeated`: whether a lost connection may have been tried a second time, as it is for requests of PUT."""
    causes = _causes(error)
    said = shown(error)
    if not call.is_sent:
        raise NotSent(reason_of(said, "not_sent", error), said) from None
    if any(isinstance(one, aiohttp.ClientConnectorError) for one in causes) and not is_repeated:
        raise NotSent("not_connected", said) from None
    is_stated = call.answer is not None and isinstance(error, LATER)  # a bare 429 may come from anybody on the way
    is_refusal = isinstance(error, ccxt.ExchangeError) and not any(isinstance(one, aiohttp.ClientError) for one in causes)
    if not (is_stated or is_refusal):
        raise Unanswered("timeout" if isinstance(error, ccxt.RequestTimeout) else "no_answer", said) from None
    return reason_of(said, "refused", error), said, call.answer


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause = error.__cause__
    while cause is not None:
        found.append(cause)
        cause = cause.__cause__
    return found


def reason_of(said: str, otherwise: str, error: Exception | None = None) -> str:
    of_class = next((reason for kind, reason in REASONS if isinstance(error, kind)), None)
    if of_class not in (None, "invalid_order"):
        return of_class or otherwise
    return next((reason for pattern, reason in SAID if pattern.search(said)), of_class or otherwise)
