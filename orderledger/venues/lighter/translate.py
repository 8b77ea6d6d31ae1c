"""Messages from any payload of Lighter: frames and REST answers, recognised by their shape.

Pure: no clock, no network. An unreadable row is a Fault and does not affect the other rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from orderledger import Message, Source
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import Document, Unreadable, moment, number
from orderledger.venues.base.translation import Fault, Translation, guarded, joined
from orderledger.venues.base.venue import NoRecords, Records
from orderledger.venues.lighter import orders, trades
from orderledger.venues.lighter.context import LighterContext
from orderledger.venues.lighter.markets import DETAILS, Markets
from orderledger.venues.lighter.reading import index as stated_index
from orderledger.venues.lighter.reading import market_of, rows_of
from orderledger.venues.lighter.settling import settled
from orderledger.venues.lighter.vocabulary import BODIES, CONTROL_FRAMES, CURRENCY

__all__ = ["LighterRecording", "from_recorded", "markets_named", "orders_named", "translated"]

Reader = Callable[[Document, LighterContext, str | None], list[Message]]

PARTS: dict[str, tuple[frozenset[str], Reader]] = {
    "trades": (trades.MARKS, trades.trade_messages),
    "liquidation_trades": (trades.MARKS, trades.trade_messages),
    "orders": (orders.MARKS, orders.order_messages),
    "funding_histories": (trades.FUNDING_MARKS, trades.funding_messages),
    "funding_history": (trades.FUNDING_MARKS, trades.funding_messages),
    "position_fundings": (trades.FUNDING_MARKS, trades.funding_messages),
    "positions": (trades.POSITION_MARKS, trades.position_messages),
    "position": (trades.POSITION_MARKS, trades.position_messages),
    "bo_positions": (trades.POSITION_MARKS, trades.outcome_messages),
    "bo_position": (trades.POSITION_MARKS, trades.outcome_messages),
    "assets": (trades.ASSET_MARKS, trades.asset_messages),
}
"""The fields that hold rows, in the order of their messages: fills come before the claims that
count them."""

SILENT = frozenset(
    {
        "code",
        "message",
        "error",
        "type",
        "txs",
        "notifs",
        "stats",
        "order_books",
        "volume",
        *DETAILS,
    }
)
"""Fields of payloads that say nothing about orders."""

ACCOUNT_MARKS = frozenset({"positions", "index"})

OWN_CHANNELS = "account_all"
"""Channels whose name ends in the account; that of `account_orders` ends in the market."""


class LighterRecording:
    """`Recording`: an answer to orderBookDetails names the markets of the payloads after it, so it
    should come first. Positions and statistics name markets too. A market keeps the first name that
    a message has used."""

    def __init__(self, account: str, account_index: int, records: Records | None = None) -> None:
        self._records = records or NoRecords()
        self._context = LighterContext(
            account=account, account_index=account_index, markets=Markets()
        )

    def read(self, document: Any) -> Translation:
        markets = self._context.markets
        for part in _parts(document):
            markets = markets.learned(part)
        context = replace(self._context, markets=markets)
        translation = translated(document, context)
        names = (getattr(message, "instrument", None) for message in translation.messages)
        self._context = replace(
            context, markets=markets.with_names(name for name in names if name is not None)
        )
        return Translation(
            settled(translation.messages, context.account, self._records, markets),
            translation.faults,
        )

    def rest(self) -> Translation:
        return Translation()

    def terms_of(self, instrument: str) -> Terms | None:
        return self._context.markets.terms_of(instrument)


def from_recorded(
    document: Any,
    account: str,
    account_index: int,
    markets: Markets | Mapping[Any, Any] | None = None,
    *,
    at: datetime | None = None,
    records: Records | None = None,
) -> list[Message]:
    """The messages of one recorded payload, parsed with `transport.parsed`. Unreadable rows are
    left out.

    `account` is the ledger's name of the account, `account_index` the venue's. `markets`: symbols
    by index, or the venue's answer to orderBookDetails. `at`: when it was recorded, for positions,
    which have no time. With `records` it is corrected by the ledger's data, see `settling`.
    """
    context = LighterContext(
        account=account,
        account_index=account_index,
        markets=Markets.of(markets or {}),
        received_at=at,
    )
    messages = translated(document, context).messages
    return (
        list(messages) if records is None else settled(messages, account, records, context.markets)
    )


def translated(document: Any, context: LighterContext) -> Translation:
    """The messages and faults of one payload. Never raises."""
    if isinstance(document, list) and not any(isinstance(item, list) for item in document):
        return joined(translated(item, context) for item in document)
    if not isinstance(document, dict):
        return Translation(faults=[Fault("is not a JSON object", document)])
    kind = document.get("type")
    channel = (
        kind.partition("/")[2]
        if isinstance(kind, str) and kind.startswith(("subscribed/", "update/"))
        else ""
    )
    if channel:
        context = _pushed(context, document)
    if _is_of_another(document, context):
        return Translation()
    if _is_row(document):
        return _part(
            "trades" if not trades.MARKS.isdisjoint(document) else "orders", document, context
        )
    parts = [_part(name, document[name], context) for name in PARTS if name in document]
    parts += [_account(row, context) for _, row in rows_of(document.get("accounts"), ACCOUNT_MARKS)]
    missing = [name for name in BODIES.get(channel, ()) if name not in document]
    if missing or not (parts or channel or _is_silent(document)):
        fault = f"has no {missing[0]}" if missing else "is not a payload of this venue"
        return joined(parts) + Translation(faults=[Fault(fault, document)])
    return joined(parts)


def orders_named(document: Any) -> frozenset[str]:
    """The venue's ids of all orders that an answer lists, including those of unreadable rows."""
    found = set()
    for _, row in rows_of(
        document.get("orders") if isinstance(document, dict) else None, orders.MARKS
    ):
        try:
            found.add(orders.venue_order_id(row))
        except (Unreadable, AttributeError):
            continue
    return frozenset(found)


def markets_named(document: Any) -> frozenset[int]:
    """The indexes of all markets in a payload."""
    found: set[int | None] = set()
    for name, (marks, _) in PARTS.items() if isinstance(document, dict) else ():
        for hint, row in rows_of(document.get(name), marks):
            try:
                found.add(market_of(row, "market_index" if name == "orders" else "market_id", hint))
            except (Unreadable, AttributeError):
                continue
    inner = document.get("accounts") if isinstance(document, dict) else None
    accounts = [markets_named(account) for account in inner] if isinstance(inner, list) else []
    return frozenset(index for index in found if index is not None).union(*accounts)


def _parts(document: Any) -> list[Document]:
    """The objects of a payload that may name markets: itself, and the accounts it lists."""
    parts = [
        part
        for part in (document if isinstance(document, list) else [document])
        if isinstance(part, dict)
    ]
    accounts = [
        account for part in parts for _, account in rows_of(part.get("accounts"), ACCOUNT_MARKS)
    ]
    return [*parts, *(account for account in accounts if isinstance(account, dict))]


def _pushed(context: LighterContext, frame: Document) -> LighterContext:
    """The context of a frame: balances are dated by the time of receipt, or else by the frame's own
    `timestamp`."""
    try:
        sent_at = context.received_at or moment(frame, "timestamp")
    except Unreadable:
        sent_at = None
    return replace(context, source=Source.VENUE_PUSH, received_at=sent_at)


def _is_of_another(document: Document, context: LighterContext) -> bool:
    """True if the frame names another account."""
    channel, own = document.get("channel"), str(context.account_index)
    if isinstance(channel, str) and channel.startswith(OWN_CHANNELS):
        named = channel.replace("/", ":").rpartition(":")[2]
        return named.isascii() and named.isdigit() and named != own
    index = document.get("account")
    return isinstance(index, (int, str)) and str(index).isdigit() and str(index) != own


def _is_row(document: Document) -> bool:
    """A single row without a list around it."""
    return not {"order_index", "order_id", "trade_id", "trade_id_str"}.isdisjoint(
        document
    ) and PARTS.keys().isdisjoint(document)


def _is_silent(document: Document) -> bool:
    kind = document.get("type")
    if "event_info" in document:
        return True  # a transaction: the rows of its order show the result
    return not SILENT.isdisjoint(document) and (
        "type" not in document
        or (isinstance(kind, str) and (kind in CONTROL_FRAMES or kind.startswith("jsonapi/")))
    )


def _part(name: str, value: Any, context: LighterContext) -> Translation:
    marks, reader = PARTS[name]
    return joined(
        guarded(partial(_row, reader, row, context, hint), row)
        for hint, row in rows_of(value, marks)
    )


def _row(reader: Reader, row: Any, context: LighterContext, hint: str | None) -> Translation:
    if not isinstance(row, dict):
        raise Unreadable("is not a row")
    return Translation(reader(row, context, hint))


def _account(row: Any, context: LighterContext) -> Translation:
    """One account of an answer: positions, currencies, and the collateral unless a currency row has
    it."""
    if not isinstance(row, dict):
        return Translation(faults=[Fault("is not a row", row)])
    try:
        named = stated_index(row, "index", "account_index")
        if named is not None and named != str(context.account_index):
            return Translation()
        parts = joined(
            _part(name, row.get(name), context) for name in ("positions", "bo_positions", "assets")
        )
        collateral = number(row, "collateral")
    except Unreadable as fault:
        return Translation(faults=[Fault(str(fault), row)])
    if collateral is None or any(
        getattr(message, "instrument", None) == CURRENCY for message in parts.messages
    ):
        return parts
    return parts + Translation(
        [trades.balance_of(context, CURRENCY, collateral, {"collateral": row["collateral"]})]
    )
