"""Conditional orders with an id space of their own: the algo orders of Binance USD-M and OKX, and
the price orders of Gate.

A triggered one makes an ordinary order, which has another id. Both are the order that was
requested. The exchanges are in `conditional_spaces`. Needs no ccxt.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orderledger import Acknowledged, Message, Triggered
from orderledger.extend.messages import facts
from orderledger.rows import OrderRow
from orderledger.venues.base.fields import Document, Unreadable
from orderledger.venues.base.translation import Translation
from orderledger.venues.ccxt.conditional_spaces import ConditionalSpace
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.quirks import Quirks
from orderledger.venues.ccxt.reading import text, time_of, word_in
from orderledger.venues.ccxt.sending.tables import Language, id_spaces
from orderledger.venues.ccxt.sending.terms import waits_for_trigger
from orderledger.venues.ccxt.vocabulary import SIDES

TRIGGERED_AT = ("triggerTime", "tt")
CLIENT_IDS = ("clientOrderId", "c")
"""The fields of `info` with the client id of an order, or of a trade that is pushed, unless
`Quirks.id_in` names them."""


def is_conditional(row: Any, quirks: Quirks) -> bool:
    """Whether a row is of a conditional order, not of the order that it has made."""
    space, info = quirks.conditional, _info(row)
    is_ordinary = space is not None and _ordinary_id(info, space) is not None
    return space is not None and not is_ordinary and any(info.get(name) for name in space.ids)


def made_order_ids(row: Any, quirks: Quirks) -> list[str]:
    """The ids of the ordinary orders that a conditional one has made, the oldest first."""
    space, info = quirks.conditional, _info(row)
    if space is None or not is_conditional(row, quirks):
        return []
    for name in space.made:
        value = info.get(name)
        listed = value if isinstance(value, list) else [_text_of(info, name)]
        if found := [one for one in listed if isinstance(one, str) and one not in ("", "0")]:
            return found
    return []


def with_ordinary_id(row: Any, quirks: Quirks) -> Any:
    """The row of an ordinary order with its own id, if ccxt took that of the conditional order
    which has made it. Any other row as it is."""
    space = quirks.conditional
    own = None if space is None else _ordinary_id(_info(row), space)
    return row if own is None or own == row.get("id") else {**row, "id": own}


def of_started(raw: Any, context: CcxtContext) -> Translation | None:
    """The messages of one of our conditional orders that has made ordinary ones. None for any
    other row.

    They are dated at the trigger, and reported once: later rows say the same, and come after the
    end.
    """
    quirks = context.quirks
    made = made_order_ids(raw, quirks)
    if not made or word_in(raw, quirks.words_in) not in quirks.triggered:
        return None
    known = _own(_client_id(raw, quirks), context) or _own_with_id(raw, context)
    if known is None:
        return None
    at = time_of(raw["info"], *TRIGGERED_AT) or context.received_at
    new = [name for name in made if name not in known["venue_order_ids"]]
    found = [_fact(Triggered, raw, known, name, at, context) for name in new]
    return Translation([*(_begun(raw, known, context) if new else ()), *found])


def of_maker(raw: Any, context: CcxtContext) -> Translation:
    """The message that one of our conditional orders was triggered. `raw`: the first row of the
    ordinary order that it has made, or of a trade of that order."""
    quirks = context.quirks
    if not isinstance(raw, dict) or not _may_be_made(raw, quirks):
        return Translation()
    known = _own(_client_id(raw, quirks), context)
    name = _text_of(raw, "order") or _text_of(raw, "id")
    if known is None or name is None or not waits_for_trigger(known):
        return Translation()
    if name in known["venue_order_ids"]:
        return Translation()
    try:
        at = time_of(raw, "timestamp") or context.received_at
    except Unreadable:
        at = context.received_at
    return Translation((_fact(Triggered, raw, known, name, at, context),))


def cancels_of(
    order: OrderRow, client_id: str, quirks: Quirks, language: Language | None
) -> list[tuple[str, dict[str, Any]]]:
    """The ids and parameters for cancelOrder, one after the other while the exchange does
    not know the order. At least one.

    A conditional order may be triggered at any time. It has the same client id before and after,
    or the ordinary one has only an id of its own.
    """
    name, ids = order.get("venue_order_id"), order.get("venue_order_ids") or ()
    space = quirks.conditional
    by_client_id = {"clientOrderId": client_id}
    is_apart = language is not None and language.conditional
    if not is_apart or not waits_for_trigger(order):
        return [(name or "", {} if name is not None else by_client_id)]
    if space is None or not client_id:
        return [(name or "", {**({} if name is not None else by_client_id), "trigger": True})]
    before = own_id_of(order, client_id, space)
    if space.keeps_client_id:
        plain: list[tuple[str, dict[str, Any]]] = [("", by_client_id)]
    else:
        plain = [(one, {}) for one in reversed(ids if space.takes_client_id else ids[1:])]
    return [*plain, before] if len(ids) > 1 else [before, *plain]


def own_id_of(
    order: OrderRow, client_id: str, space: ConditionalSpace
) -> tuple[str, dict[str, Any]]:
    """The id and the parameters that name a conditional order itself in a request."""
    if space.takes_client_id:
        return "", {"clientOrderId": client_id, "trigger": True}
    ids = order.get("venue_order_ids") or [order.get("venue_order_id") or ""]
    return ids[0], {"trigger": True}


def spaces_of(name: str | None, order: OrderRow, exchange: str, quirks: Quirks) -> tuple[bool, ...]:
    """Where to query an order by this id, as ccxt's parameter `trigger`. None: by its client
    id."""
    space, spaces = quirks.conditional, id_spaces(exchange, order)
    if space is None or space.takes_client_id or True not in spaces:
        return spaces
    ids = order.get("venue_order_ids") or ()
    return (name is not None and name == next(iter(ids), None),)


def _own(client_id: str | None, context: CcxtContext) -> OrderRow | None:
    """Our order with this client id."""
    if client_id is None or not context.names_of(client_id):
        return None
    known = context.known(context.quirks.folded(client_id))
    return known if known is not None and known.get("origin") == "own" else None


def _own_with_id(raw: Document, context: CcxtContext) -> OrderRow | None:
    """Our conditional order with the id of this row, where client ids do not name them."""
    space, name = context.quirks.conditional, _text_of(raw, "id")
    if space is None or space.takes_client_id:
        return None
    known = context.known(name)
    is_own = known is not None and known.get("origin") == "own" and waits_for_trigger(known)
    return known if is_own else None


def _begun(raw: Document, known: OrderRow, context: CcxtContext) -> Sequence[Message]:
    """The message that a conditional order was accepted, dated by the exchange. The ids of an order
    are sorted by date. If client ids do not name it, the first has to be its own."""
    space, name, at = context.quirks.conditional, _text_of(raw, "id"), time_of(raw, "timestamp")
    if space is None or space.takes_client_id or name is None or at is None:
        return ()
    return (_fact(Acknowledged, raw, known, name, at, context),)


def _fact(
    kind: type[Acknowledged] | type[Triggered],
    raw: Document,
    known: OrderRow,
    name: str,
    at: datetime | None,
    context: CcxtContext,
) -> Message:
    return kind(
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


def _may_be_made(row: Any, quirks: Quirks) -> bool:
    """Whether a row is of an ordinary order, or of a trade of one, that a conditional order may
    have made."""
    space, info = quirks.conditional, _info(row)
    if space is None or is_conditional(row, quirks):
        return False
    return space.ordinary is None or any(info.get(name) for name in space.ids)


def _client_id(row: Any, quirks: Quirks) -> str | None:
    info = _info(row)
    names = quirks.id_in or CLIENT_IDS
    return next((found for one in names if (found := _text_of(info, one)) is not None), None) or (
        _text_of(row, "clientOrderId")
    )


def _ordinary_id(info: Document, space: ConditionalSpace) -> str | None:
    """The id of an ordinary order, where the same row has that of the conditional one."""
    if space.ordinary is None or info.get(space.ordinary[0]) is None:
        return None
    return _text_of(info, space.ordinary[1])


def _info(row: Any) -> Document:
    info = row.get("info") if isinstance(row, dict) else None
    return info if isinstance(info, dict) else {}
