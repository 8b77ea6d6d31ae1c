"""Translates a unified order to messages: its fills, then its status."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from orderledger import (
    Acknowledged,
    Canceled,
    Expired,
    Message,
    OrderType,
    Rejected,
    ReportedClaims,
)
from orderledger import StatusObserved as StatusReport
from orderledger.extend.values import DatedBy
from orderledger.venues.base.fields import Document
from orderledger.venues.base.translation import Translation, guarded, joined
from orderledger.venues.ccxt.conditional import of_maker, of_started, with_ordinary_id
from orderledger.venues.ccxt.conflicts import names_of, other_source, refused_for_another
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.order_types import conditional
from orderledger.venues.ccxt.positions import sides_of, stated_terms
from orderledger.venues.ccxt.quirks import Quirks
from orderledger.venues.ccxt.reading import (
    UNREADABLE,
    flag,
    folded_id,
    needed_text,
    number,
    optional,
    positive,
    remark,
    row_of,
    text,
    time_of,
    word_in,
)
from orderledger.venues.ccxt.replaced import changed_terms
from orderledger.venues.ccxt.trade_identity import fill_id_of, identity_with_id
from orderledger.venues.ccxt.trades import fill_of, is_hollow
from orderledger.venues.ccxt.verdicts import Verdict, is_fact, verdict_of
from orderledger.venues.ccxt.vocabulary import (
    ATTACHED,
    ENDS,
    ORDER_TYPES,
    POST_ONLY,
    SIDES,
    STATUSES,
    TIMES_IN_FORCE,
    TRIGGERS,
)

ENDED = ("filled", "canceled", "rejected", "expired")
IN_FORCE = (Acknowledged, Canceled, Expired, StatusReport)
"""Statuses for which the row's terms are in force, or were until the end. A refused order's
terms are only a request.
"""
READERS: Mapping[tuple[str, ...], Callable[[Document, str], Any]] = {
    ("filled", "remaining"): number,
    ("amount", "average", "price", *TRIGGERS, *ATTACHED): positive,
    ("symbol", "side", "type", "timeInForce", "clientOrderId"): text,
    ("timestamp", "datetime", "lastTradeTimestamp", "lastUpdateTimestamp"): time_of,
}
"""Optional fields, and their readers."""


def order_messages(raw: Any, context: CcxtContext) -> Translation:
    """The messages of one order: its fills, which count even if other fields cannot be read, and
    its state. Never raises.
    """
    raw = with_ordinary_id(raw, context.quirks)
    if (started := of_started(raw, context)) is not None:
        return started
    fills = of_maker(raw, context) + _fills(raw, context)
    return fills + guarded(partial(_read, raw, context), raw)


def venue_order_id(raw: Any) -> str | None:
    """The id of a row, if it is readable."""
    found = raw.get("id") if isinstance(raw, dict) else None
    return folded_id(found) if isinstance(found, str) and found else None


def is_doubtful(raw: Any, context: CcxtContext) -> bool:
    """Whether a list shows an order as working that has ended in the ledger. Without the
    exchange's time, the row may be old.
    """
    row, _ = _readable(raw) if isinstance(raw, dict) else ({}, [])
    name = venue_order_id(raw)
    return (
        name is not None
        and not has_ended(raw)
        and _changed_at(row) is None
        and _has_ended_here(name, context)
    )


def has_ended(raw: Any) -> bool:
    """Whether a row shows that its order has ended."""
    status = raw.get("status") if isinstance(raw, dict) else None
    return isinstance(status, str) and status in ENDS


def client_id_of(row: Document, quirks: Quirks) -> str | None:
    """The client id, from any source."""
    return word_in(row, quirks.id_in) if quirks.id_in else text(row, "clientOrderId")


def _read(raw: Any, context: CcxtContext) -> Translation:
    evidence = row_of(raw)
    row, notes = _readable(evidence)
    stated = stated_terms(row, context)
    name, client_id = context.spelling_of(needed_text(row, "id")), client_id_of(row, context.quirks)
    if stated.get("quantity_in") == "quote" or _counts_money(name, client_id, context):
        row = without_amounts(row)
    sides = sides_of(row, context)
    side = sides.side or SIDES.get(text(row, "side") or "")
    common: Document = {
        "account": context.account,
        "venue_order_id": name,
        "instrument": text(row, "symbol"),
        "side": side,
        "position_side": sides.position_side,
        "source": context.source,
        "evidence": evidence,
    }
    ours = names_of(client_id, common, context)
    refused = refused_for_another(client_id, common, context)
    client_id, common = client_id if ours else None, {**common, **ours}
    at, verdict = _time_of(row), verdict_of(row, context)
    has_ended_here = _has_ended_here(name, context)
    if at is None and verdict.kind in (Canceled, Expired, Rejected) and has_ended_here:
        return Translation()  # without a time, each query would report another end
    common["at"] = at or context.received_at
    claims = _claims(row, verdict, stated, context)
    messages: list[Message] = []
    if verdict.kind in IN_FORCE and text(row, "status") in STATUSES:
        messages += changed_terms(client_id, has_ended(row), claims, common, context)
        messages += other_source(client_id, stated, common, context)
    note = remark(verdict.text, *map("not read: {}".format, notes))
    own: Document = {"reported": claims, "reason": verdict.reason, "text": note}
    is_seen = verdict.kind is Acknowledged and (has_ended_here or context.asked_at is not None)
    if verdict.kind is not StatusReport and not (is_seen and has_ended_here):
        messages.append(verdict.kind(**common, **own))
    if verdict.kind is StatusReport or is_seen:
        messages.append(_observed(row, verdict, {**common, **own}, context))
    return Translation([*messages, *refused])


def _observed(
    row: Document, verdict: Verdict, common: Document, context: CcxtContext
) -> StatusReport:
    """The observed state. The creation time does not date the state: without a later time, the
    time of receipt does.
    """
    changed_at = _changed_at(row)
    dated: Document = {
        "at": changed_at or context.received_at or common["at"],
        "dated_by": DatedBy.RECEIPT if changed_at is None else DatedBy.VENUE,
        "asked_at": context.asked_at,
    }
    return StatusReport(**{**common, **dated}, status=verdict.status, pending=verdict.pending)


def _readable(row: Document) -> tuple[Document, list[str]]:
    """The row without its unreadable optional fields, and a note for each of them."""
    notes: list[str] = []
    found = dict(row)
    for names, read in READERS.items():
        for name in names:
            if name in row and optional(notes, partial(read, row, name)) is None:
                found[name] = None
    return found, notes


def _fills(raw: Any, context: CcxtContext) -> Translation:
    """The trades in the order. Trades without an id come with one in the list of trades."""
    trades, name = raw.get("trades") if isinstance(raw, dict) else None, venue_order_id(raw)
    if (
        not isinstance(trades, list)
        or name is None
        or raw.get(UNREADABLE)
        or not context.takes_trades_of_orders
    ):
        return Translation()
    return joined(
        guarded(partial(_fill, one, raw, name, context), one) for one in trades if _is_fill(one)
    )


def _is_fill(trade: Any) -> bool:
    return (
        isinstance(trade, dict)
        and UNREADABLE not in trade
        and not is_hollow(trade)
        and text(trade, "id") is not None
    )


def _fill(trade: Document, row: Document, name: str, context: CcxtContext) -> Translation:
    """The fill of a trade, which may leave out fields that its order has."""
    whole = {
        "symbol": row.get("symbol"),
        "side": row.get("side"),
        **{key: value for key, value in trade.items() if value},
    }
    venue_order_id = context.spelling_of(name)
    fill_id = fill_id_of(whole, venue_order_id, context) or needed_text(trade, "id")
    identity = identity_with_id(whole, fill_id, venue_order_id, context)
    return Translation((fill_of(whole, context, identity=identity, evidence=row_of(trade)),))


def _changed_at(row: Document) -> datetime | None:
    """The exchange's time of the state."""
    return time_of(row, "lastUpdateTimestamp", "lastTradeTimestamp")


def _time_of(row: Document) -> datetime | None:
    """The time of the event. The creation time is not the time of an end."""
    changed_at = _changed_at(row)
    return (
        changed_at
        if changed_at is not None or has_ended(row)
        else time_of(row, "timestamp", "datetime")
    )


def _counts_money(name: str, client_id: str | None, context: CcxtContext) -> bool:
    """Whether an order of ours spends an amount of quote currency. Some exchanges report that
    amount as the quantity."""
    known = context.known(name) or context.known(client_id)
    return known is not None and known["quantity"] is None and known["quote_quantity"] is not None


def without_amounts(row: Document) -> Document:
    """The row without the quantities that may count quote currency."""
    return {**row, "amount": None, "remaining": None}


def _claims(
    row: Document, verdict: Verdict, stated: Mapping[str, Any], context: CcxtContext
) -> ReportedClaims:
    has_amounts = context.quirks.has_pushed_amounts or context.source != "venue_push"
    is_dated = (
        context.received_at is None
        or time_of(row, "lastUpdateTimestamp", "lastTradeTimestamp") is not None
        or has_ended(row)
    )
    is_reported = (
        has_amounts and is_dated and is_fact(row)
    )  # nothing had filled when the order was created
    kind, stop = conditional(row, stated)
    trails = kind is OrderType.TRAILING_STOP
    is_market = ORDER_TYPES.get(text(row, "type") or "") is OrderType.MARKET
    in_force = (text(row, "timeInForce") or "").upper()
    return ReportedClaims(
        status=verdict.status if text(row, "status") in (None, *STATUSES) else None,
        quantity=positive(row, "amount") if has_amounts else None,
        cum_quantity=number(row, "filled") if is_reported else None,
        leaves_quantity=number(row, "remaining")
        if is_reported and verdict.kind is Acknowledged
        else None,
        average_price=positive(row, "average") if is_reported else None,
        limit_price=None
        if is_market or trails
        else positive(row, "price"),  # for a market order it is the average
        stop_price=stop,
        order_type=kind,
        time_in_force=None
        if is_market
        else stated.get("time_in_force")
        or TIMES_IN_FORCE.get(in_force),  # ccxt assumes IOC for a market order
        post_only=True if in_force == POST_ONLY else flag(row, "postOnly"),
        reduce_only=flag(row, "reduceOnly"),
    )


def _has_ended_here(name: str, context: CcxtContext) -> bool:
    known = context.known(name)
    return known is not None and known.get("status") in ENDED
