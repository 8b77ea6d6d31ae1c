"""Shows what an answer to our request proves: that it was refused, that nothing was sent, or that
its outcome is unknown.

ccxt's errors do not show this: one class means "insufficient funds" at one exchange and "timed out"
at another. The document and the HTTP status do, by the tables in this folder. For exchanges without
a table, only refusals of a key, a signature or the number of requests count.
"""

from dataclasses import dataclass
from typing import Any, Literal

import aiohttp

from orderledger.venues.base.refusals import NOT_PROVED, Mark
from orderledger.venues.ccxt.calls import Call
from orderledger.venues.ccxt.exchange import shown
from orderledger.venues.ccxt.importing import ccxt
from orderledger.venues.ccxt.refusals.tables import Proof, table_for
from orderledger.venues.errors import NotSent, Unanswered

__all__ = ["Refusal", "Wanted", "judged", "refusal_in"]

Wanted = Literal["submit", "cancel", "replace"]
TIMED_OUT = 408
BELIEVED = (
    (ccxt.AuthenticationError, "not_permitted"),
    (ccxt.RateLimitExceeded, "too_many_requests"),
    (ccxt.DDoSProtection, "too_many_requests"),
    (ccxt.InvalidNonce, "invalid_nonce"),
)
"""ccxt's classes for a request that was turned away before it was examined."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The exchange did not execute the request: our reason, its sentence and its document."""

    reason: str
    sentence: str
    document: Any


def judged(error: Exception, call: Call, exchange: str, wanted: Wanted) -> Refusal:
    """A refusal by the exchange. Raises NotSent if nothing was sent, Unanswered if the request may
    have been executed.

    Each request is sent once (see `calls.open_session`), so a refused connection proves that
    nothing was sent.
    """
    if isinstance(error, NotSent):
        raise error
    sentence = shown(error)
    if not call.is_sent:
        raise NotSent(_reason_before(error), sentence) from None
    if call.is_meant and any(
        isinstance(one, aiohttp.ClientConnectorError) for one in _causes(error)
    ):
        raise NotSent("not_connected", sentence) from None
    return refusal_in(call.answer, call, exchange, wanted, error)


def refusal_in(
    document: Any, call: Call, exchange: str, wanted: Wanted, error: Exception | None = None
) -> Refusal:
    """The refusal that an answer, or a part of it, proves. Raises Unanswered if it proves none."""
    sentence = shown(error) if error is not None else "the answer has no order id"
    if call.status >= 500 or call.status == TIMED_OUT or not isinstance(document, dict):
        raise Unanswered(
            "timeout" if isinstance(error, ccxt.RequestTimeout) else "no_answer", sentence
        )
    table = table_for(exchange, call.address)
    proof = table.proof(document) if table is not None else _believed(error)
    if proof is not None and proof.mark is Mark.DUPLICATE:
        raise Unanswered(proof.reason, f"an order with this client id exists already: {sentence}")
    if proof is None or (proof.mark is Mark.NOT_WORKING and wanted == "submit"):
        raise Unanswered(
            NOT_PROVED, f"this answer does not prove that nothing was done: {sentence}"
        )
    return Refusal(proof.reason, sentence, document)


def _believed(error: Exception | None) -> Proof | None:
    reason = next((reason for kind, reason in BELIEVED if isinstance(error, kind)), None)
    return None if reason is None else Proof(Mark.TURNED_AWAY, reason)


def _reason_before(error: Exception) -> str:
    """Why ccxt sent no request."""
    return "invalid_order" if isinstance(error, ccxt.InvalidOrder) else "not_sent"


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause = error.__cause__
    while cause is not None:
        found.append(cause)
        cause = cause.__cause__
    return found
