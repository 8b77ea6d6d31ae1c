"""Messages from the rows of one payload, one function per kind of row. An unreadable row becomes a
fault; the others count.

Rows come from Hyperliquid's info API and its websocket (hyperliquid.gitbook.io, "Info endpoint" and
"Subscriptions"). Sizes (`sz`, `szi`, `totalSz`) are in units of the coin, `szi` with the sign of
the position. Prices (`px`, `limitPx`, `avgPx`) are per coin in the quote currency. Times are
milliseconds since 1970, UTC.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from orderledger import Acknowledged, Canceled, Fill, Message, ReportedClaims
from orderledger import OrderStatus as Status
from orderledger import StatusObserved as StatusMessage
from orderledger.extend.values import DatedBy
from orderledger.venues.base.translation import Fault, as_text
from orderledger.venues.hyperliquid.executions import (
    balance_message,
    fill_message,
    funding_message,
)
from orderledger.venues.hyperliquid.message_context import MessageContext, Translated
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.order_rows import (
    HyperliquidOrder,
    children_of,
    read_listed,
    read_reported,
)
from orderledger.venues.hyperliquid.reports import (
    corrections,
    introduced,
    released,
    row_messages,
    waiting,
)
from orderledger.venues.hyperliquid.rows import Row, Unreadable, message_of, rows_of
from orderledger.venues.hyperliquid.sequence import by_time, fills_in_sequence
from orderledger.venues.hyperliquid.transfers import is_transfer, transfer_messages
from orderledger.venues.hyperliquid.vocabulary import CLOID, Meaning

Read = TypeVar("Read")

NOT_BY_USER = "nonUserCancel"
FUNDING_MARKS = frozenset({"usdc", "fundingRate", "szi"})
"""Fields of a funding payment's `delta`: one of them identifies a `delta` without a type."""


def statuses(
    payload: Any, legs: AccountLegs, context: MessageContext, *, is_conclusive: bool = True
) -> Translated:
    """Orders with a status (`orderUpdates`, `historicalOrders`, `orderStatus`), translated from the
    oldest to the newest.

    Unless `is_conclusive`, a newer leg of an order may follow in another payload. `legs` then holds
    a cancel by the user.
    """
    translated = Translated()
    rows = _read(payload, read_reported, translated)
    rows.sort(key=lambda row: (row.status_at or row.created_at, row.created_at))
    _add_rows(rows, legs, context, translated, is_conclusive=is_conclusive)
    _add_children(
        [row.raw["order"] for row in rows if row.meaning is Meaning.WORKING],
        rows,
        context,
        translated,
    )
    return translated


def open_orders(payload: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    """Open orders (`openOrders`, `frontendOpenOrders`). Their filled quantities need the time
    `context.at`.
    """
    translated = Translated()
    rows = _read(payload, read_listed, translated)
    _add_rows(rows, legs, context, translated, is_conclusive=True)
    _add_children([row.raw for row in rows], rows, context, translated)
    return translated


def fills(
    payload: Any,
    legs: AccountLegs,
    context: MessageContext,
    *,
    news: Sequence[Any] | None = None,
    is_numbered: bool = True,
) -> Translated:
    """Fills (`userFills`, `userFillsByTime`) in the order in which they happened. The log keeps
    this order at equal times.

    Then corrected terms of later legs, where these fills change them: once, after all fills.
    `news`: the rows to translate, all by default. `is_numbered`: whether the list may have all
    fills of its times, so that they can be numbered.
    """
    try:
        listed = rows_of(payload)
    except Unreadable as error:
        return failed(error)
    wanted = {id(row) for row in (listed if news is None else news)}
    placed = [one for one in fills_in_sequence(listed) if id(one.row) in wanted]
    translated = one_by_one(
        placed,
        lambda one: [
            fill_message(one.row, legs, context, sequence=one.number if is_numbered else None)
        ],
    )
    found = [
        legs.of_fill(fill.aliases.get(CLOID), fill.venue_order_id or "")
        for fill in translated.messages
        if isinstance(fill, Fill)
    ]
    for order_legs in {
        id(order_legs): order_legs for order_legs in found if order_legs is not None
    }.values():
        _guarded(partial(corrections, order_legs, context), translated)
    return translated


def slices(payload: Any, legs: AccountLegs, context: MessageContext) -> Translated:
    """Fills of TWAP orders (`twapSliceFills`): each row wraps one fill."""
    translated = Translated()
    rows = _read(payload, lambda row: Row(row).get("fill"), translated)
    translated.add(fills(rows, legs, context, is_numbered=False))
    return translated


def fundings(payload: Any, context: MessageContext) -> Translated:
    """Funding payments (`userFunding`) and transfers (`userNonFundingLedgerUpdates`), oldest first.
    Other rows, such as delegations, are skipped."""

    def read(row: Any) -> list[Message]:
        if is_transfer(row):
            return transfer_messages(row, context)
        return [funding_message(row, context)] if _is_funding(row) else []

    return one_by_one(by_time(payload), read)


def positions(payload: Any, context: MessageContext) -> Translated:
    """Positions that are not flat, from a `clearinghouseState`."""
    try:
        state = Row(payload)
        dated = replace(context, at=state.moment("time") or context.at)
        rows = state.rows("assetPositions")
    except Unreadable as error:
        return failed(error)
    return one_by_one(
        rows, lambda row: [balance] if (balance := balance_message(row, dated)) is not None else []
    )


def cancels_by_venue(payload: Any, context: MessageContext) -> Translated:
    """Orders that the venue canceled (`nonUserCancel`): coin and id only, without a time or a
    reason."""
    return one_by_one(payload, lambda row: [_canceled_by_venue(row, context)])


def acknowledgements(payload: Any, context: MessageContext) -> Translated:
    """Answers of `/exchange` that name an order by its id. Refusals name none and are skipped."""
    try:
        statuses = Row(Row(Row(payload).get("response")).get("data")).rows("statuses")
    except Unreadable as error:
        return failed(error)
    return one_by_one(
        [row for row in statuses if isinstance(row, dict)],
        lambda row: _acknowledgement(row, context),
    )


def release(
    rows: Iterable[HyperliquidOrder], legs: AccountLegs, context: MessageContext
) -> Translated:
    """Held cancels that proved to be final."""
    translated = Translated()
    for row in rows:
        _guarded(partial(released, row, legs, context), translated)
    return translated


def introductions(
    rows: Iterable[HyperliquidOrder], legs: AccountLegs, context: MessageContext
) -> Translated:
    """Introduce the legs of held cancels that no message has introduced."""
    translated = Translated()
    for row in rows:
        _guarded(partial(introduced, row, legs, context), translated)
    return translated


def failed(error: Unreadable) -> Translated:
    """A translation with this fault and no message."""
    return Translated(faults=[Fault(fault=str(error), payload=as_text(error.row))])


def one_by_one(payload: Any, translate: Callable[[Any], list[Message]]) -> Translated:
    """Rows that are independent of each other."""
    translated = Translated()
    for messages in _read(payload, translate, translated):
        translated.messages += messages
    return translated


def _is_funding(raw: Any) -> bool:
    """Check whether a row is a funding payment. Delegations and the like have a `delta` too, of
    another type or of none."""
    delta = Row(raw).get("delta")
    if delta is None:
        return True
    kind = Row(delta).get("type")
    return kind == "funding" or (kind is None and not FUNDING_MARKS.isdisjoint(delta))


def _canceled_by_venue(raw: Any, context: MessageContext) -> Message:
    row = Row(raw)
    return message_of(
        Canceled,
        row.raw,
        account=context.account,
        at=context.at,
        source=context.source,
        venue_order_id=str(row.need("oid", row.count("oid"))),
        instrument=context.symbols.instrument(row.need("coin", row.word("coin"))),
        reason=NOT_BY_USER,
    )


def _acknowledgement(status: dict[str, Any], context: MessageContext) -> list[Message]:
    kind = next((kind for kind in ("resting", "filled") if kind in status), None)
    if kind is None:
        return []
    row = Row(status[kind])
    cloid = row.cloid()
    fields: dict[str, Any] = {
        "account": context.account,
        "at": context.at,
        "source": context.source,
        "venue_order_id": str(row.need("oid", row.count("oid"))),
        "aliases": {CLOID: cloid} if cloid is not None else {},
    }
    if kind == "resting":
        return [message_of(Acknowledged, status, **fields)]
    claims = ReportedClaims(cum_quantity=row.size("totalSz"), average_price=row.price("avgPx"))
    dated_by = DatedBy.RECEIPT if context.at is not None else None
    return [
        message_of(
            StatusMessage,
            status,
            status=str(Status.FILLED),
            dated_by=dated_by,
            reported=claims,
            **fields,
        )
    ]


def _read(payload: Any, read: Callable[[Any], Read], translated: Translated) -> list[Read]:
    """The readable rows. Adds a fault for each other row."""
    found: list[Read] = []
    try:
        rows = rows_of(payload)
    except Unreadable as error:
        translated.add(failed(error))
        return []
    for row in rows:
        try:
            found.append(read(row))
        except Unreadable as error:
            translated.add(failed(error))
    return found


def _guarded(make: Callable[[], list[Message]], translated: Translated) -> None:
    try:
        translated.messages += make()
    except Unreadable as error:
        translated.add(failed(error))


def _add_rows(
    rows: Sequence[HyperliquidOrder],
    legs: AccountLegs,
    context: MessageContext,
    translated: Translated,
    *,
    is_conclusive: bool,
) -> None:
    """Note all legs first: a later row may show that an earlier row's cancel was half of a
    modify.
    """
    for row, known in zip(rows, legs.note_all(rows), strict=True):
        _guarded(
            partial(row_messages, row, known, legs, context, is_conclusive=is_conclusive),
            translated,
        )


def _add_children(
    parents: Iterable[Any],
    rows: Sequence[HyperliquidOrder],
    context: MessageContext,
    translated: Translated,
) -> None:
    """Child orders that wait for a parent's fill, unless the list contains them itself."""
    listed = {row.venue_order_id for row in rows}
    for child in _read(
        [child for parent in parents for child in children_of(parent)], read_listed, translated
    ):
        if child.venue_order_id not in listed:
            _guarded(lambda child=child: [waiting(child, context)], translated)  # type: ignore[misc]
