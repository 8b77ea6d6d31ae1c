"""Payloads of Invex, to messages. One order lists its fills, which have no ids; a list of orders
leaves them out.

Pure: no clock, no network. A row that cannot be read is a Fault and costs the other rows nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from orderledger.domain.exact import ZERO, total
from orderledger.domain.values import DatedBy, OrderType, Pending, Side
from orderledger.infrastructure.messages.registry import Message, StatusObserved
from orderledger.venues.base import order_rows
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import (
    Details,
    Document,
    Unreadable,
    moment,
    needed_number,
    needed_word,
    number,
    one_of,
    paid_price,
    price,
    rows_within,
    word,
)
from orderledger.venues.base.order_rows import (
    FillRow,
    OrderState,
    Readers,
    ReadRow,
    RowContext,
)
from orderledger.venues.invex.vocabulary import (
    CLIENT_ID,
    ENDED,
    LIQUIDITY,
    MARKETS,
    ORDER_TYPES,
    SAYS_MORE,
    SIDES,
    STATUSES,
    UTC_OFFSET,
)


def order_messages(row: Document, context: RowContext) -> Iterator[Message]:
    """The fills of an order, its status, and whether a cancel of it was requested."""
    status, symbol, side = needed_word(row, "status"), _symbol(row), one_of(row, "side", SIDES)
    changed_at, made_at = (
        moment(row, name, offset=UTC_OFFSET) for name in ("updated_at", "created_at")
    )
    order_type = ORDER_TYPES.get((word(row, "type") or "").lower(), OrderType.OTHER)
    fills, client_id = list(_fills(row, symbol, side)), word(row, "client_order_id")
    state = OrderState(
        venue_order_id=needed_word(row, "order_id"),
        aliases={CLIENT_ID: client_id} if client_id else {},
        instrument=MARKETS.instrument(symbol),
        side=side,
        word=status,
        meaning=STATUSES.get(status.lower()),
        at=order_rows.latest(changed_at or made_at, *(fill.at for fill in fills)),
        dated_by=DatedBy.VENUE if changed_at is not None else DatedBy.RECEIPT,
        quantity=number(row, "quantity"),
        filled=number(row, "deal_quantity"),
        limit_price=None if order_type is OrderType.MARKET else price(row, "price"),
        order_type=order_type,
        reason=status if status.lower() in SAYS_MORE else None,
    )
    common = state.common(context)
    yield from order_rows.nameless_fills(fills, common, state.filled)
    yield state.report(context, row)
    if word(row, "cancel_order_id") and not has_ended(row):
        yield StatusObserved(
            **common, at=state.at, dated_by=state.dated_by, pending=Pending.CANCEL, evidence=row
        )


def _symbol(row: Document) -> str:
    """A text, or an object with a code."""
    symbol = row.get("symbol")
    return needed_word(symbol, "code") if isinstance(symbol, dict) else needed_word(row, "symbol")


def _fills(row: Document, symbol: str, side: Side) -> Iterator[FillRow]:
    """The fills of an order, where it lists them. The fee is paid in what is received."""
    base, _, quote = symbol.partition("_")
    for trade in rows_within(row, "trades"):
        details = Details()
        fee = details.read("fee", lambda trade=trade: number(trade, "fee"))  # type: ignore[misc]
        kind = details.read("type", lambda trade=trade: word(trade, "type"))  # type: ignore[misc]
        yield FillRow(
            at=moment(trade, "created_at", offset=UTC_OFFSET),
            quantity=needed_number(trade, "quantity"),
            price=paid_price(trade, "price"),
            fee=fee,
            fee_currency=(base if side is Side.BUY else quote) or None,
            liquidity=LIQUIDITY.get((kind or "").lower()),
            text=details.text,
            evidence=trade,
        )


def filled(row: Document) -> tuple[Decimal, Decimal]:
    """How much is filled, and how much of that is listed."""
    return number(row, "deal_quantity") or ZERO, total(
        needed_number(one, "quantity") for one in rows_within(row, "trades")
    )


def balance_messages(row: Document, context: RowContext) -> Iterator[Message]:
    yield order_rows.balance(
        row, MARKETS.currency(needed_word(row, "currency")), needed_number(row, "total"), context
    )


def rows(document: Document) -> tuple[ReadRow, Sequence[Any]] | None:
    """A list of orders, one order, or balances. The answers to placing and canceling have ids
    alone."""
    if isinstance(document.get("orders"), list):
        return order_messages, document["orders"]
    if isinstance(document.get("accounts"), list):
        return balance_messages, document["accounts"]
    if "order_id" in document and "status" in document:
        return order_messages, [document]
    if not any(name in document for name in ("order_id", "cancel_order_id", "detail", "rules")):
        raise Unreadable("is no answer of this venue")
    return None


def id_in(row: Document) -> str | None:
    return word(row, "order_id")


def has_ended(row: Document) -> bool:
    return str(row.get("status")).lower() in ENDED


def listed_terms(document: Document) -> dict[str, Terms]:
    """The terms of all markets. A market that cannot be read is left out."""
    listed, found = document.get("rules"), []
    for row in listed if isinstance(listed, list) else ():
        with suppress(Unreadable, AttributeError):
            base, _, quote = _symbol(row).partition("_")
            found.append((base, quote, price(row, "tick_size"), price(row, "amount_step_size")))
    return MARKETS.listed(found)


READERS = Readers(
    markets=MARKETS,
    order=order_messages,
    balance=balance_messages,
    id_in=id_in,
    has_ended=has_ended,
    rows=rows,
    terms=listed_terms,
    filled=filled,
)
