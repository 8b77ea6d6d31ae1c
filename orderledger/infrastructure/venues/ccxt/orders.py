"""A unified order, to messages: the fills that it holds, then its status."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from orderledger.domain.exact import ZERO
from orderledger.domain.values import OrderType, Pending, Status
from orderledger.infrastructure.messages.registry import (
    Acknowledge,
    Cancel,
    Expire,
    Message,
    Reject,
    Replace,
    ReportedClaims,
    Trigger,
)
from orderledger.infrastructure.messages.registry import Status as StatusReport
from orderledger.infrastructure.messages.reports import Report
from orderledger.infrastructure.venues.base.fields import Document, is_nothing
from orderledger.infrastructure.venues.base.translation import Translation, guarded
from orderledger.infrastructure.venues.ccxt.context import Context
from orderledger.infrastructure.venues.ccxt.quirks import USUAL, Quirks
from orderledger.infrastructure.venues.ccxt.reading import (
    UNREADABLE,
    flag,
    needed_text,
    number,
    positive,
    row_of,
    text,
    time_of,
    word_in,
)
from orderledger.infrastructure.venues.ccxt.trades import fill_id_of, fill_of, is_hollow
from orderledger.infrastructure.venues.ccxt.vocabulary import (
    CANCELED,
    CANCELING,
    CLOSED,
    ENDS,
    EXPIRY_WORDS,
    OPEN,
    ORDER_TYPES,
    POST_ONLY,
    REJECT_WORDS,
    SIDES,
    STATUSES,
    STOPPED_TYPES,
    TIMES_IN_FORCE,
    TRIGGERS,
)

TERMS = ("quantity", "limit_price", "stop_price")
IN_FORCE = (Acknowledge, Cancel, Expire, StatusReport)
"""The terms in the row of such an order are in force, or were to its end. Those of a refused one are a wish."""
CLOSED_PARTIAL = "closed_partial"
UNVERIFIED = "ccxt assumes that a closed order has filled completely: its trades will tell"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The message for a row, its `status` in the ledger's words, and why."""

    kind: type[Report]
    status: str | None
    reason: str | None = None
    text: str | None = None
    pending: Pending | None = None


def order_messages(raw: Any, context: Context) -> Translation:
    """The messages of one order. Never raises."""
    return guarded(partial(_read, raw, context), raw)


def venue_order_id(raw: Any) -> str | None:
    """The id of a row, if it is readable."""
    found = raw.get("id") if isinstance(raw, dict) else None
    return found if isinstance(found, str) and found else None


def has_ended(raw: Any) -> bool:
    """Whether a row says that its order has ended."""
    return isinstance(raw, dict) and raw.get("status") in ENDS


def client_id_of(row: Document, quirks: Quirks) -> str | None:
    """The client id, whoever has chosen it."""
    return word_in(row, quirks.id_in) if quirks.id_in else text(row, "clientOrderId")


def _read(raw: Any, context: Context) -> Translation:
    row = row_of(raw)
    name, client_id = needed_text(row, "id"), client_id_of(row, context.quirks)
    common: Document = {
        "account": context.account,
        "venue_order_id": name,
        **({} if client_id is None else context.names_of(client_id)),
        "instrument": text(row, "symbol"),
        "side": SIDES.get(text(row, "side") or ""),
        "source": context.source,
        "evidence": row,
    }
    messages: list[Message] = [*_fills(row, name, context)]
    at, verdict = _time_of(row), _verdict(row, context)
    if at is None and verdict.kind in (Cancel, Expire, Reject) and _has_ended_here(name, context):
        return Translation(messages)  # without a time, each query would report another end
    common["at"] = at or context.heard_at
    claims = _claims(row, verdict, context)
    if verdict.kind in IN_FORCE and text(row, "status") in STATUSES:
        messages += _replaced(name, claims, common, context)
    own: Document = {"reported": claims, "reason": verdict.reason, "text": verdict.text}
    if verdict.kind is StatusReport:
        own |= {"status": verdict.status, "pending": verdict.pending}
    return Translation((*messages, verdict.kind(**common, **own)))


def _fills(row: Document, name: str, context: Context) -> list[Message]:
    """The trades that the order holds. Those without an id come with one from the list of trades."""
    trades = row.get("trades")
    if not isinstance(trades, list) or not context.takes_trades_of_orders:
        return []
    return [_fill(one, row, name, context) for one in trades if _is_fill(one)]


def _is_fill(trade: Any) -> bool:
    return isinstance(trade, dict) and UNREADABLE not in trade and not is_hollow(trade) and text(trade, "id") is not None


def _fill(trade: Document, row: Document, name: str, context: Context) -> Message:
    """The fill of a trade that may leave out what its order says."""
    whole = {"symbol": row.get("symbol"), "side": row.get("side"), **{key: value for key, value in trade.items() if value}}
    fill_id = fill_id_of(whole, context) or needed_text(trade, "id")
    return fill_of(whole, context, fill_id=fill_id, venue_order_id=name, evidence=row_of(trade))


def _time_of(row: Document) -> datetime | None:
    """When it happened. The time of creation is not the time of an end."""
    changed_at = time_of(row, "lastUpdateTimestamp", "lastTradeTimestamp")
    return changed_at if changed_at is not None or has_ended(row) else time_of(row, "timestamp", "datetime")


def _verdict(row: Document, context: Context) -> Verdict:
    status, word = text(row, "status"), word_in(row, (*context.quirks.words_in, *USUAL.words_in))
    filled, amount = number(row, "filled"), positive(row, "amount")
    if status is None and time_of(row, "timestamp", "lastUpdateTimestamp") is None:
        return Verdict(StatusReport, Status.PENDING_NEW)  # an answer to createOrder: received
    if status in (None, OPEN):
        return Verdict(Acknowledge, Status.PARTIALLY_FILLED if filled else Status.NEW)
    if status == CANCELING:
        return Verdict(StatusReport, None, pending=Pending.CANCEL)
    if status == CLOSED:
        return _closed(row, word, filled, amount, context)
    if status == CANCELED:
        return _canceled(word, filled)
    kind, meaning = STATUSES.get(status, (StatusReport, None))
    if kind is Reject and filled:
        return Verdict(Cancel, Status.CANCELED, word or status)
    return Verdict(kind, meaning.value if meaning else status, word if meaning and word != status else None)


def _closed(row: Document, word: str | None, filled: Decimal | None, amount: Decimal | None, context: Context) -> Verdict:
    if word in context.quirks.triggered:
        return Verdict(Trigger, None, word)
    if filled is not None and amount is not None and filled < amount and number(row, "remaining") != ZERO:
        is_plain = word is None or word.lower() == CLOSED
        return Verdict(Cancel, Status.CANCELED, CLOSED_PARTIAL if is_plain else word, "closed before it had filled completely")
    return Verdict(StatusReport, Status.FILLED, text=None if _is_fact(row) else UNVERIFIED)


def _canceled(word: str | None, filled: Decimal | None) -> Verdict:
    """The exchange's word says what ccxt leaves out."""
    meaning = (word or "").lower()
    if meaning in EXPIRY_WORDS:
        return Verdict(Expire, Status.EXPIRED, word)
    if meaning in REJECT_WORDS and not filled:
        return Verdict(Reject, Status.REJECTED, word)
    return Verdict(Cancel, Status.CANCELED, None if meaning in ("canceled", "cancelled") else word)


def _is_fact(row: Document) -> bool:
    """Whether `filled` was reported. Without it, ccxt assumes that a closed order has filled completely; it then has no
    average price, nor trades."""
    if text(row, "status") != CLOSED:
        return True
    trades = row.get("trades")
    has_trades = isinstance(trades, list) and any(isinstance(one, dict) and not is_hollow(one) for one in trades)
    return has_trades or positive(row, "average") is not None or number(row, "filled") != positive(row, "amount")


def _claims(row: Document, verdict: Verdict, context: Context) -> ReportedClaims:
    has_amounts = context.quirks.has_pushed_amounts or context.source != "venue_push"
    is_dated = context.heard_at is None or time_of(row, "lastUpdateTimestamp", "lastTradeTimestamp") is not None or has_ended(row)
    is_fact = has_amounts and is_dated and _is_fact(row)  # what had filled when it was created is nothing
    kind, stop = ORDER_TYPES.get(text(row, "type") or "", OrderType.OTHER), positive(row, *TRIGGERS)
    is_market = kind is OrderType.MARKET
    in_force = text(row, "timeInForce")
    return ReportedClaims(
        status=verdict.status if text(row, "status") in (None, *STATUSES) else None,
        quantity=positive(row, "amount") if has_amounts else None,
        cum_quantity=number(row, "filled") if is_fact else None,
        leaves_quantity=number(row, "remaining") if is_fact and verdict.kind is Acknowledge else None,
        average_price=positive(row, "average") if is_fact else None,
        limit_price=None if is_market else positive(row, "price"),  # of a market order it is the average
        stop_price=stop,
        order_type=_order_type(kind, stop) if not is_nothing(row.get("type")) else None,
        time_in_force=None if is_market else TIMES_IN_FORCE.get(in_force or ""),  # ccxt supposes IOC for a market order
        post_only=True if in_force == POST_ONLY else flag(row, "postOnly"),
        reduce_only=flag(row, "reduceOnly"),
    )


def _order_type(kind: OrderType, stop: Decimal | None) -> OrderType:
    return kind if stop is None else STOPPED_TYPES.get(kind, kind)


def _has_ended_here(name: str, context: Context) -> bool:
    known = context.known(name)
    return known is not None and known.get("status") in ("filled", "canceled", "rejected", "expired")


def _replaced(name: str, claims: ReportedClaims, common: Document, context: Context) -> list[Message]:
    """That an order of ours has, or had to its end, other terms than the ledger knows: it was changed."""
    terms = (claims.quantity, claims.limit_price, claims.stop_price)
    is_end = has_ended(common["evidence"])
    if context.memory.terms_of(name) == terms and not is_end:
        return []
    known, at = context.known(name) or context.known(client_id_of(common["evidence"], context.quirks)), common["at"]
    if known is None or known.get("origin") != "own":
        return []
    changed: Document = {
        key: value for key, value in zip(TERMS, terms, strict=True) if None not in (value, known.get(key)) and value != known[key]
    }
    if not changed:
        context.memory.note_terms(name, terms)  # not before the ledger has them: nobody may record what is translated here
        return []
    updated_at = known.get("updated_at")
    is_news = is_end or known.get("pending") == "replace" or updated_at is None or (at is not None and at >= updated_at)
    return [Replace(**common, **changed)] if is_news else []
