"""The refusal of a transaction that was queued: the query `tx` shows it, and no order ever does.

`event_info` is JSON in a string. Its field `ae` is the application error, JSON in a string again,
and empty if there was none. The status may be "executed" (2) in both cases. Sources:
apidocs.lighter.xyz, docs/data-structures-constants-and-errors (`AppError`, Transaction Status
Mapping: 0 failed, 1 pending, 2 executed, 3 pending, final) and docs/trading.
"""

import json
from typing import Any, NamedTuple

from orderledger import Rejected
from orderledger.venues.base.refusals import DUPLICATE_ORDER
from orderledger.venues.errors import Unanswered
from orderledger.venues.lighter.refusals import REFUSALS

FAILED, PENDING = 0, 1
REFUSED = "rejected"
"""The reason of a refusal without a code, or with one that the table of codes does not have."""
NO_SENTENCE = "the sequencer refused the transaction"


class ExecutionRefusal(NamedTuple):
    """A refusal by the sequencer: its code, None if it states none, and its sentence."""

    code: int | None
    sentence: str


def refusal_in(transaction: Any) -> ExecutionRefusal | None:
    """The refusal that an answer to `tx` shows. None if the transaction was carried out, waits, or
    cannot be read.
    """
    if not isinstance(transaction, dict) or transaction.get("status") == PENDING:
        return None
    error = _inner(transaction.get("event_info"))
    stated = error.get("ae") if isinstance(error, dict) else None
    if not stated:
        is_failed = transaction.get("status") == FAILED and "hash" in transaction
        return ExecutionRefusal(None, NO_SENTENCE) if is_failed else None
    document = _inner(stated)
    if not isinstance(document, dict):
        return ExecutionRefusal(None, str(stated))
    code = document.get("code")
    is_code = isinstance(code, int) and not isinstance(code, bool)
    return ExecutionRefusal(code if is_code else None, str(document.get("message") or NO_SENTENCE))


def reason_of(refusal: ExecutionRefusal) -> str | None:
    """The ledger's word for it. None for a duplicate: an order with this index works, and may be
    ours.
    """
    if refusal.code is None:
        return REFUSED
    try:
        return REFUSALS.reason(Rejected, [str(refusal.code)], refusal.sentence)
    except Unanswered as unproved:
        return None if unproved.reason == DUPLICATE_ORDER else REFUSED


def _inner(text: Any) -> Any:
    """The document in a string; the value itself if it is none."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return None
