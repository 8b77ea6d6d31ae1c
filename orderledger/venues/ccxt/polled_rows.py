"""The rows that one poll of an account collects, and their translation."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from orderledger.extend.messages import Report
from orderledger.extend.views import Row
from orderledger.venues.base.absence import sent_ids
from orderledger.venues.base.translation import Translation, as_text, joined
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.orders import has_ended, order_messages, venue_order_id
from orderledger.venues.ccxt.trades import trade_messages
from orderledger.venues.ccxt.translate import translated_makers, translated_orders
from orderledger.venues.ccxt.vocabulary import CLIENT_ID

ORDER, TRADE, ANSWER, MAKER = "order", "trade", "answer", "maker"
Polled = tuple[str, Any]
"""`ORDER` or `TRADE` and the row of a list; `ANSWER` and the row, for a query of one order; `MAKER`
and the row of the order of a trade."""


def translated_rows(rows: Sequence[Polled], context: CcxtContext) -> Translation:
    """The messages of the rows of one poll."""
    makers, trades, answers, orders = (
        [row for kind, row in rows if kind == wanted] for wanted in (MAKER, TRADE, ANSWER, ORDER)
    )
    answered = joined(
        order_messages(row, replace(context, asked_at=asked_at)) for asked_at, row in answers
    )
    made = translated_makers(makers, context)
    return made + trade_messages(trades, context) + answered + translated_orders(orders, context)


def key_of(row: Polled) -> str:
    """The key that identifies the order of a row."""
    kind, inner = row if row[0] != ANSWER else (ANSWER, row[1][1])
    named = (
        [inner.get(name) for name in ("symbol", "order", "id")]
        if isinstance(inner, dict) and inner.get("id")
        else inner
    )
    return as_text([kind, named])


def open_ids(rows: Sequence[Polled]) -> frozenset[str]:
    """The orders that the rows show as open."""
    orders = (row[1] if kind == ANSWER else row for kind, row in rows if kind not in (TRADE, MAKER))
    return frozenset(venue_order_id(row) or as_text(row) for row in orders if not has_ended(row))


def named(translated: Translation, order: Row) -> Translation:
    """The messages of the answer to a query about one order, with our own name of it. An answer may
    leave out our client id, or change it. An order of another side or instrument is not ours."""
    name = order.get("client_order_id")
    if name is None or order.get("origin") != "own" or _bears_name(translated, order):
        return translated
    names = {"client_order_id": name, "aliases": {}}
    messages = [
        one.model_copy(update=names) if isinstance(one, Report) and _is_of(one, order) else one
        for one in translated.messages
    ]
    return replace(translated, messages=tuple(messages))


def _is_of(report: Report, order: Row) -> bool:
    pairs = [(getattr(report, name), order.get(name)) for name in ("side", "instrument")]
    return all(None in pair or pair[0] == pair[1] for pair in pairs)


def _bears_name(translated: Translation, order: Row) -> bool:
    """Whether the ledger attributes the messages to the order by themselves."""
    ids = set(order.get("venue_order_ids") or ())
    names = set(sent_ids(order.get("aliases"), CLIENT_ID) or (order["client_order_id"],))
    return any(
        one.venue_order_id in ids or one.aliases.get(CLIENT_ID) in names
        for one in translated.messages
        if isinstance(one, Report)
    )
