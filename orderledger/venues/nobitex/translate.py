"""Payloads of Nobitex, to messages. Orders show how much of them is filled; fills come from the
list of trades, which has ids.

Pure: no clock, no network. A row that cannot be read is a Fault and costs the other rows nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from orderledger.domain.values import DatedBy, OrderType, Side, Source
from orderledger.infrastructure.messages.registry import Canceled, Fill, Message
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import (
    Details,
    Document,
    Unreadable,
    identity,
    moment,
    needed_number,
    needed_word,
    number,
    one_of,
    paid_price,
    price,
    sequence_of,
    word,
)
from orderledger.venues.base.order_rows import (
    OrderState,
    Readers,
    ReadRow,
    RowContext,
    balance,
    latest,
    state_at,
)
from orderledger.venues.base.transport import parsed
from orderledger.venues.nobitex.vocabulary import (
    CLIENT_ID,
    ENDED,
    MARKETS,
    ORDER_TYPES,
    PUSHED,
    QUOTES_OF_NAMES,
    SAYS_MORE,
    SIDES,
    STATUSES,
)

SYMBOL = re.compile(r"([A-Z0-9_]{1,20})-([A-Z]{2,10})", re.ASCII)


def order_messages(row: Document, context: RowContext) -> Iterator[Message]:
    """What a row of an order says: its status, and how much is filled. `srcCurrency` and
    `dstCurrency` are names for people."""
    name, market, status = (
        identity(row, "id"),
        needed_word(row, "market"),
        needed_word(row, "status"),
    )
    if name is None:
        raise Unreadable("id is missing: orders are listed with details=2")
    meaning, filled = STATUSES.get(status.lower()), number(row, "matchedAmount")
    at = state_at(name, moment(row, "created_at"), filled, context)
    if meaning is not None and meaning[0] is Canceled:
        at = latest(
            at, context.first_seen_at(name, is_end=True)
        )  # the row says when the order was made, and not when it ended
    execution = (word(row, "execution") or "").lower().replace("_", "")
    client_id, pair = word(row, "clientOrderId"), identity(row, "pairId")
    yield OrderState(
        venue_order_id=name,
        aliases={CLIENT_ID: client_id} if client_id else {},
        instrument=MARKETS.instrument(market),
        side=one_of(row, "type", SIDES),
        word=status,
        meaning=meaning,
        at=at,
        dated_by=DatedBy.RECEIPT,
        quantity=number(row, "amount"),
        filled=filled,
        average_price=price(row, "averagePrice"),
        limit_price=None if row.get("price") == "market" else price(row, "price"),
        stop_price=price(row, "param1"),
        order_type=ORDER_TYPES.get(execution, OrderType.OTHER if execution else None),
        reason=status if status.lower() in SAYS_MORE else None,
        text=f"one of two orders, with {pair}: where one ends, so does the other" if pair else None,
    ).report(context, row)


def fill_messages(row: Document, context: RowContext) -> Iterator[Message]:
    """The fill of a row of the list of trades. The fee is paid in what is received.

    Trades are listed from an id on (`fromId` of `/market/trades/list`): the id is the order of
    those that have one time.
    """
    name, fill_id, market, side = (
        identity(row, "orderId"),
        identity(row, "id"),
        needed_word(row, "market"),
        one_of(row, "type", SIDES),
    )
    at, codes = moment(row, "timestamp"), SYMBOL.fullmatch(market)
    if name is None or fill_id is None or at is None:
        raise Unreadable("id, orderId or timestamp is missing")
    details = Details()
    fee = details.read("fee", lambda: number(row, "fee"))
    yield Fill(
        account=context.account,
        source=context.source,
        venue_order_id=name,
        instrument=MARKETS.instrument(market),
        side=side,
        fill_id=fill_id,
        quantity=needed_number(row, "amount"),
        price=paid_price(row, "price"),
        at=at,
        sequence=sequence_of(fill_id),
        fee=fee,
        fee_currency=MARKETS.currency(codes[1 if side is Side.BUY else 2]) if codes else None,
        text=details.text,
        evidence=row,
    )


def balance_messages(row: Document, context: RowContext) -> Iterator[Message]:
    yield balance(
        row,
        MARKETS.currency(needed_word(row, "currency").upper()),
        needed_number(row, "balance"),
        context,
    )


def pushed_messages(frame: Document, context: RowContext) -> Iterator[Message]:
    """A recorded frame of the websocket: JSON within JSON, with other names for the same fields. An
    order's frame may tell of a fill, but not its fee: it is left to the frame of the trade."""
    push = frame["push"]
    try:
        is_order, row = push["channel"].startswith("private:orders#"), parsed(push["pub"]["data"])
        market = f"{row['srcCurrency']}-{row['dstCurrency']}".upper()
    except (KeyError, TypeError, AttributeError, ValueError):
        raise Unreadable("is no frame about an order or a trade") from None
    renamed = {name: row.get(own) for name, own in PUSHED.items()} if is_order else {}
    pushed = replace(
        context,
        source=Source.VENUE_PUSH,
        first_seen_at=lambda name, *, is_end: moment(row, "eventTime"),
    )
    for message in (order_messages if is_order else fill_messages)(
        {**row, **renamed, "market": market}, pushed
    ):
        yield message.model_copy(update={"evidence": frame})


KINDS: dict[str, ReadRow] = {
    "orders": order_messages,
    "trades": fill_messages,
    "wallets": balance_messages,
}


def rows(document: Document) -> tuple[ReadRow, Sequence[Any]] | None:
    """An answer with orders, trades or wallets; `order` is one order, and `orders` may be the two
    of an OCO."""
    for name, read in KINDS.items():
        if isinstance(document.get(name), list):
            return read, document[name]
    if "push" in document:
        return pushed_messages, [document]
    if "order" in document:
        return order_messages, [document["order"]]
    if "status" not in document:
        raise Unreadable("is no answer of this venue")
    return None


def id_in(row: Document) -> str | None:
    return None if is_fill(row) else identity(row, "id")


def is_fill(row: Any) -> bool:
    return isinstance(row, dict) and "orderId" in row


def has_ended(row: Document) -> bool:
    return str(row.get("status")).lower() in ENDED


def listed_terms(document: Document) -> dict[str, Terms]:
    """The terms of all markets in the answer of `/v2/options`. A market that cannot be read, or
    whose quote is not known, is left out."""
    options = document.get("nobitex")
    lots, ticks = (
        (options.get(name) if isinstance(options, dict) else None)
        for name in ("amountPrecisions", "pricePrecisions")
    )
    if not isinstance(lots, dict) or not isinstance(ticks, dict):
        return {}
    found = []
    for name in lots:
        for end, quote in QUOTES_OF_NAMES.items():
            try:
                found += (
                    [(name.removesuffix(end), quote, price(ticks, name), price(lots, name))]
                    if name.endswith(end)
                    else []
                )
            except Unreadable:
                continue
    return MARKETS.listed(found)


READERS = Readers(
    markets=MARKETS,
    order=order_messages,
    fill=fill_messages,
    is_fill=is_fill,
    balance=balance_messages,
    id_in=id_in,
    has_ended=has_ended,
    rows=rows,
    terms=listed_terms,
)
