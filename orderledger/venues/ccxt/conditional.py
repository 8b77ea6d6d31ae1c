"""Conditional orders with an id space of their own, such as the algo orders of Binance USD-M.

A triggered one makes an ordinary order, which has another id and the same client id. Both are the
order that was requested. The exchanges are in `quirks`, column `conditional_ids`. Needs no ccxt.
"""

from datetime import datetime
from typing import Any

from orderledger import Triggered
from orderledger.extend.messages import facts
from orderledger.extend.views import Row
from orderledger.venues.base.fields import Document, Unreadable
from orderledger.venues.base.translation import Translation
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.quirks import Quirks
from orderledger.venues.ccxt.reading import text, time_of, word_in
from orderledger.venues.ccxt.sending.tables import Language
from orderledger.venues.ccxt.vocabulary import SIDES

MADE_BY = ("actualOrderId", "ai")
"""The fields of `info` with the id of the ordinary order."""
UNKNOWN_ORDER = "unknown_order"
TRIGGERED_AT = ("triggerTime", "tt")
CLIENT_IDS = ("clientOrderId", "c")
"""The fields of `info` with the client id of an order, or of a trade that is pushed."""


def is_conditional(row: Any, quirks: Quirks) -> bool:
    """Whether a row is of a conditional order, not of the order that it has made."""
    info = row.get("info") if isinstance(row, dict) else None
    return isinstance(info, dict) and any(info.get(name) for name in quirks.conditional_ids)


def made_order_id(row: Any, quirks: Quirks) -> str | None:
    """The id of the ordinary order that a conditional one has made."""
    return _id_in(row, MADE_BY) if is_conditional(row, quirks) else None


def of_started(raw: Any, context: CcxtContext) -> Translation | None:
    """The message of one of our conditional orders that has made an ordinary one. None for any
    other row.

    It is dated at the trigger, and reported once: later rows say the same, and come after the end.
    """
    quirks = context.quirks
    made = made_order_id(raw, quirks)
    if made is None or word_in(raw, quirks.words_in) not in quirks.triggered:
        return None
    known = _own(_text_of(raw, "clientOrderId"), context)
    if known is None:
        return None
    if made in known["venue_order_ids"]:
        return Translation()
    at = time_of(raw["info"], *TRIGGERED_AT) or context.received_at
    return Translation((_triggered(raw, known, made, at, context),))


def of_maker(raw: Any, context: CcxtContext) -> Translation:
    """The message that one of our conditional orders was triggered. `raw`: the first row of the
    ordinary order that it has made, or of a trade of that order."""
    quirks = context.quirks
    if not quirks.conditional_ids or not isinstance(raw, dict) or is_conditional(raw, quirks):
        return Translation()
    known = _own(_id_in(raw, CLIENT_IDS), context)
    name = _text_of(raw, "order") or _text_of(raw, "id")
    if known is None or name is None or known.get("stop_price") is None:
        return Translation()
    if name in known["venue_order_ids"]:
        return Translation()
    try:
        at = time_of(raw, "timestamp") or context.received_at
    except Unreadable:
        at = context.received_at
    return Translation((_triggered(raw, known, name, at, context),))


def cancels_of(
    order: Row, client_id: str, quirks: Quirks, language: Language | None
) -> list[tuple[str, dict[str, Any]]]:
    """The ids and parameters for cancelOrder, one after the other while the answer is
    `UNKNOWN_ORDER`. At least one.

    A conditional order may be triggered at any time. It has the same client id before and after.
    """
    name = order.get("venue_order_id")
    by_client_id = {"clientOrderId": client_id}
    is_apart = language is not None and language.conditional
    if not is_apart or order.get("stop_price") is None:
        return [(name or "", {} if name is not None else by_client_id)]
    if not quirks.conditional_ids or not client_id:
        return [(name or "", {**({} if name is not None else by_client_id), "trigger": True})]
    before, after = ("", {**by_client_id, "trigger": True}), ("", by_client_id)
    return [after, before] if len(order.get("venue_order_ids") or ()) > 1 else [before, after]


def _own(client_id: str | None, context: CcxtContext) -> Row | None:
    """Our order with this client id."""
    if client_id is None or not context.names_of(client_id):
        return None
    known = context.known(context.quirks.folded(client_id))
    return known if known is not None and known.get("origin") == "own" else None


def _triggered(
    raw: Document, known: Row, name: str, at: datetime | None, context: CcxtContext
) -> Triggered:
    return Triggered(
        account=context.account,
        client_order_id=known["client_order_id"],
        venue_order_id=name,
        instrument=_text_of(raw, "symbol"),
        side=SIDES.get(_text_of(raw, "side") or ""),
        source=context.source,
        at=at,
        evidence=facts.Evidence(raw),
    )


def _text_of(row: Document, name: str) -> str | None:
    try:
        return text(row, name)
    except Unreadable:
        return None


def _id_in(row: Any, names: tuple[str, ...]) -> str | None:
    info = row.get("info") if isinstance(row, dict) else None
    if not isinstance(info, dict):
        return None
    return next((found for one in names if (found := _text_of(info, one)) is not None), None)
