"""Translates any payload of Tradier to messages: REST answers and events, recognised by their
shape.

A fill is identified by the order's id, the leg's id if any, and the quantity filled by then.
Tradier does not report executions. Pure: no clock, no network. An unreadable row is a Fault and
does not affect the other rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from orderledger import Message, Source
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import Document, Unreadable, identity, is_nothing
from orderledger.venues.base.recorded import Remembering
from orderledger.venues.base.translation import Fault, Translation, guarded, joined
from orderledger.venues.base.venue import Records
from orderledger.venues.tradier.combinations import name_legs
from orderledger.venues.tradier.context import TradierContext, TradierMemory
from orderledger.venues.tradier.history import history_messages
from orderledger.venues.tradier.orders import event_messages, order_messages
from orderledger.venues.tradier.positions import (
    cash_messages,
    position_messages,
    terms_of,
)
from orderledger.venues.tradier.reading import rows_of, rows_within
from orderledger.venues.tradier.rows import TradierOrder, gaps_of, read_row
from orderledger.venues.tradier.vocabulary import GROUPS

__all__ = [
    "TradierRecording",
    "from_recorded",
    "order_ids",
    "translated",
    "translated_event",
    "translated_orders",
    "translated_positions",
]

SILENT = (
    "fault",
    "errors",
    "stream",
    "history",
    "gainloss",
    "profile",
    "event",
    "sessionid",
    "quotes",
    "clock",
    "watchlists",
)
"""Fields of answers and events that are not about orders, and of frames sent by us."""
ACCOUNT_PARTS = ("orders", "positions", "balances")
"""The fields of an account in an answer about all accounts of a user."""
RECEIVED = "ok"
ROW_MARKS = frozenset({"transaction_date", "create_date", "exec_quantity", "class", "symbol"})
"""Fields that only the row of an order has. The answer to placing, changing or canceling one has an
id and `status: ok`."""


class TradierRecording:
    """`Recording`: fills are the growth of the numbers from one payload to the next.

    `records` shows how much of an order is filled already, and which order has which tag. Without
    it each tag counts as ours. `number` is the account's number at the venue: messages about
    another account are left out.
    """

    def __init__(
        self, account: str, records: Records | None = None, *, number: str | None = None
    ) -> None:
        self._known = Remembering(records)
        self._context = TradierContext(
            account=account,
            number=number,
            records=self._known,
            memory=TradierMemory(),
            knows_requests=records is not None,
        )

    def read(self, document: Any) -> Translation:
        translation = translated(document, self._context)
        self._known.note(translation.messages)
        return translation

    def rest(self) -> Translation:
        return Translation()

    def terms_of(self, instrument: str) -> Terms | None:
        return terms_of(instrument)


def from_recorded(document: Any, account: str, records: Records | None = None) -> list[Message]:
    """The messages of one recorded payload, parsed with `transport.parsed`. Unreadable parts are
    left out.
    """
    return list(TradierRecording(account, records).read(document).messages)


def translated(document: Any, context: TradierContext) -> Translation:
    """The messages of one payload, its faults, and the orders to query. Never raises."""
    if isinstance(document, list) and not any(isinstance(item, list) for item in document):
        return joined(translated(item, context) for item in document)
    if not isinstance(document, dict):
        return Translation(faults=[Fault("is not a JSON object", document)])
    if document.get("event") == "order":
        return translated_event(document, context)
    try:
        if "accounts" in document:
            return _of_accounts(rows_within(document["accounts"], "accounts", "account"), context)
        if "orders" in document:
            return translated_orders(rows_within(document["orders"], "orders", "order"), context)
        if "order" in document:
            return translated_orders(
                [row for row in rows_of(document["order"], "order") if not _is_receipt(row)],
                context,
            )
        if (held := _of_holdings(document, context)) is not None:
            return held
    except Unreadable as fault:
        return Translation(faults=[Fault(str(fault), document)])
    if "id" in document and not ROW_MARKS.isdisjoint(document):
        return translated_orders([document], context)
    if any(name in document for name in SILENT):
        return Translation()
    return Translation(faults=[Fault("is not a payload of this venue", document)])


def _of_holdings(document: Document, context: TradierContext) -> Translation | None:
    """The messages about positions and money. None for another document. Raises Unreadable."""
    if "positions" in document:
        rows = rows_within(document["positions"], "positions", "position")
        return translated_positions(rows, context)
    if "history" in document:
        return history_messages(rows_within(document["history"], "history", "event"), context)
    if "balances" in document:
        balances = rows_of(document["balances"], "balances")
        own = [row for row in balances if not _is_of_another(row, "account_number", context)]
        return _each(own, lambda row: cash_messages(row, context))
    return None


def translated_orders(raw_rows: Sequence[Any], context: TradierContext) -> Translation:
    """The messages of rows of orders. If several have one tag, the one created first is the
    first to count as ours.
    """
    rows: list[TradierOrder | Fault] = []
    for raw in raw_rows:
        try:
            rows.append(read_row(raw))
        except Unreadable as fault:
            rows.append(Fault(str(fault), raw))
    _claim_tags([row for row in rows if isinstance(row, TradierOrder)], context)
    return joined(_of_row(row, context) for row in rows)


def translated_event(document: Document, context: TradierContext) -> Translation:
    """The messages of one event of the stream about an order."""
    if _is_of_another(document, "account", context):
        return Translation()
    pushed = replace(context, source=Source.VENUE_PUSH)

    def read() -> Translation:
        row = read_row(document)
        faults = [Fault(fault, document) for fault in row.faults]
        return event_messages(row, identity(document, "parent_id"), pushed) + Translation(
            faults=faults
        )

    return guarded(read, document)


def translated_positions(raw_rows: Sequence[Any], context: TradierContext) -> Translation:
    """The positions."""
    return _each(raw_rows, lambda row: position_messages(row, context))


def order_ids(raw_rows: Sequence[Any], *, is_open_only: bool) -> frozenset[str]:
    """The ids in rows, including otherwise unreadable rows. `is_open_only`: without orders that
    are known to have ended.
    """
    found = set()
    for raw in raw_rows:
        try:
            row = read_row(raw)
        except Unreadable:
            named = _named(raw)
            found.update([named] if named else [])
        else:
            lines = [row, *(row.legs if row.kind in GROUPS else ())]
            found.update(
                one.venue_order_id for one in lines if not (is_open_only and one.has_ended)
            )
    return frozenset(found)


def _of_accounts(rows: Sequence[Any], context: TradierContext) -> Translation:
    """The messages of our account among those of a user. If several accounts have rows, ours has
    to be identified by its number.
    """
    odd = [Fault("is not an account", row) for row in rows if not isinstance(row, dict)]
    parts = [
        row
        for row in rows
        if isinstance(row, dict) and any(not is_nothing(row.get(name)) for name in ACCOUNT_PARTS)
    ]
    own = [row for row in parts if not _is_of_another(row, "account_number", context)]
    if len(own) > 1:
        return Translation(faults=[Fault("names several accounts, but not ours", list(rows))])
    read = (
        translated({name: row[name]}, context)
        for row in own
        for name in ACCOUNT_PARTS
        if not is_nothing(row.get(name))
    )
    return joined(read) + Translation(faults=odd)


def _is_of_another(row: Any, name: str, context: TradierContext) -> bool:
    """Whether a row names another account."""
    stated = row.get(name) if isinstance(row, dict) else None
    return (
        context.number is not None
        and isinstance(stated, (str, int))
        and str(stated) != context.number
    )


def _each(raw_rows: Sequence[Any], read: Callable[[Document], Sequence[Message]]) -> Translation:
    """The messages of independent rows."""

    def read_one(raw: Any) -> Translation:
        if not isinstance(raw, dict):
            raise Unreadable("is not a row")
        return Translation(read(raw))

    return joined(guarded(partial(read_one, raw), raw) for raw in raw_rows)


def _named(raw: Any) -> str | None:
    try:
        return identity(raw, "id") if isinstance(raw, dict) else None
    except Unreadable:
        return None


def _claim_tags(rows: Sequence[TradierOrder], context: TradierContext) -> None:
    tagged = [row for row in rows if row.tag is not None]
    for row in sorted(tagged, key=lambda row: (row.created_at or row.at, int(row.venue_order_id))):
        context.named(row.tag, row.venue_order_id, row.created_at)
        name_legs(row, context)


def _of_row(row: TradierOrder | Fault, context: TradierContext) -> Translation:
    if isinstance(row, Fault):
        return Translation(faults=[row])
    faults = [Fault(fault, row.raw) for fault in (*row.faults, *gaps_of(row))]
    translation = guarded(lambda: order_messages(row, context), row.raw)
    context.memory.remember(context.account, translation.messages)
    return translation + Translation(faults=faults)


def _is_receipt(row: Any) -> bool:
    """Whether it is the answer to a command, which only confirms receipt or, without an id, a
    trial.
    """
    if not isinstance(row, dict) or is_nothing(row.get("status")):
        return False
    return ROW_MARKS.isdisjoint(row) or (row["status"] == RECEIVED and is_nothing(row.get("id")))
