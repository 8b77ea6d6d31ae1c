"""`Verdict`: the meaning of a unified order's status, combined with the exchange's own word and
the amounts.
"""

from dataclasses import dataclass
from decimal import Decimal

from orderledger import Acknowledged, Canceled, Expired, Pending, Rejected, Triggered
from orderledger import OrderStatus as Status
from orderledger import StatusObserved as StatusReport
from orderledger.extend.messages import Report
from orderledger.extend.values import ZERO
from orderledger.venues.base.fields import Document
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.quirks import USUAL
from orderledger.venues.ccxt.reading import number, positive, text, time_of, word_in
from orderledger.venues.ccxt.trades import is_hollow
from orderledger.venues.ccxt.vocabulary import (
    CANCELED,
    CANCELING,
    CLOSED,
    EXPIRY_WORDS,
    OPEN,
    REJECT_WORDS,
    STATUSES,
)

CLOSED_PARTIAL = "closed_partial"
UNVERIFIED = "ccxt assumes that a closed order has filled completely: its trades will show"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The message for a row, the ledger's status and the reason."""

    kind: type[Report]
    status: str | None
    reason: str | None = None
    text: str | None = None
    pending: Pending | None = None


def verdict_of(row: Document, context: CcxtContext) -> Verdict:
    """The verdict on a row without unreadable fields."""
    status, word = text(row, "status"), word_in(row, (*context.quirks.words_in, *USUAL.words_in))
    filled, amount = number(row, "filled"), positive(row, "amount")
    if status is None and time_of(row, "timestamp", "lastUpdateTimestamp") is None:
        # an answer to createOrder: the order was received
        return Verdict(StatusReport, Status.PENDING_NEW)
    if status in (None, OPEN):
        return Verdict(Acknowledged, Status.PARTIALLY_FILLED if filled else Status.NEW)
    if status == CANCELING:
        return Verdict(StatusReport, None, pending=Pending.CANCEL)
    if status == CLOSED:
        return _closed(row, word, filled, amount, context)
    if status == CANCELED:
        return _canceled(word, filled)
    kind, meaning = STATUSES.get(status, (StatusReport, None))
    if kind is Rejected and filled:
        return Verdict(Canceled, Status.CANCELED, word or status)
    return Verdict(
        kind, meaning.value if meaning else status, word if meaning and word != status else None
    )


def _closed(
    row: Document,
    word: str | None,
    filled: Decimal | None,
    amount: Decimal | None,
    context: CcxtContext,
) -> Verdict:
    if word in context.quirks.triggered:
        return Verdict(Triggered, None, word)
    if (
        filled is not None
        and amount is not None
        and filled < amount
        and number(row, "remaining") != ZERO
    ):
        is_plain = word is None or word.lower() == CLOSED
        return Verdict(
            Canceled,
            Status.CANCELED,
            CLOSED_PARTIAL if is_plain else word,
            "closed before it was completely filled",
        )
    return Verdict(StatusReport, Status.FILLED, text=None if is_fact(row) else UNVERIFIED)


def _canceled(word: str | None, filled: Decimal | None) -> Verdict:
    """Apply the exchange's own word, which ccxt leaves out."""
    meaning = (word or "").lower()
    if meaning in EXPIRY_WORDS:
        return Verdict(Expired, Status.EXPIRED, word)
    if meaning in REJECT_WORDS and not filled:
        return Verdict(Rejected, Status.REJECTED, word)
    return Verdict(
        Canceled, Status.CANCELED, None if meaning in ("canceled", "cancelled") else word
    )


def is_fact(row: Document) -> bool:
    """Whether `filled` was reported. Without it, ccxt assumes that a closed order has filled
    completely; such an order has neither an average price nor trades.
    """
    if text(row, "status") != CLOSED:
        return True
    trades = row.get("trades")
    has_trades = isinstance(trades, list) and any(
        isinstance(one, dict) and not is_hollow(one) for one in trades
    )
    return (
        has_trades
        or positive(row, "average") is not None
        or number(row, "filled") != positive(row, "amount")
    )
