"""Payloads of Wallex, to messages. An order lists its fills, which have no ids; its client id is
its only name.

Pure: no clock, no network. A row that cannot be read is a Fault and costs the other rows nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from orderledger.domain.exact import ZERO, total
from orderledger.domain.values import DatedBy, OrderType, Status
from orderledger.infrastructure.messages.registry import Acknowledged, Canceled, Message, Restated
from orderledger.infrastructure.messages.registry import StatusObserved as StatusReport
from orderledger.venues.base import order_rows
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import (
    Details,
    Document,
    Unreadable,
    flag,
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
    Meaning,
    OrderState,
    Readers,
    ReadRow,
    RowContext,
    latest,
)
from orderledger.venues.wallex.vocabulary import (
    CANCELED,
    CLIENT_ID,
    KNOWN,
    MARKETS,
    ORDER_TYPES,
    SIDES,
    WORKING,
)

NEW: Meaning = (Acknowledged, Status.NEW)
FILLED: Meaning = (StatusReport, Status.FILLED)
GONE: Meaning = (Canceled, Status.CANCELED)
ROUNDED = "rounded"
MOST_DECIMALS = 20


def order_messages(row: Document, context: RowContext) -> Iterator[Message]:
    """The fills of an order, then its status."""
    name, symbol, status = (
        needed_word(row, "clientOrderId"),
        needed_word(row, "symbol"),
        word(row, "status") or "",
    )
    instrument, quantity, filled = (
        MARKETS.instrument(symbol),
        number(row, "origQty"),
        number(row, "executedQty"),
    )
    order_type = ORDER_TYPES.get((word(row, "type") or "").lower(), OrderType.OTHER)
    meaning, fills = _meaning(row, order_type, context.terms_of(instrument)), list(_fills(row))
    at = _at(
        row, name, latest(*(fill.at for fill in fills)), context, is_end=meaning in (FILLED, GONE)
    )
    state = OrderState(
        venue_order_id=name,
        aliases={CLIENT_ID: name},
        instrument=instrument,
        side=one_of(row, "side", SIDES),
        word=status,
        meaning=meaning,
        at=at,
        dated_by=DatedBy.VENUE if moment(row, "updated_at") is not None else DatedBy.RECEIPT,
        quantity=filled if meaning is FILLED else quantity,
        filled=filled,
        average_price=price(row, "executedPrice"),
        limit_price=None
        if order_type in (OrderType.MARKET, OrderType.STOP)
        else price(row, "price"),
        stop_price=price(row, "stopPrice"),
        order_type=order_type,
        reason=status if meaning is GONE and status.lower() != CANCELED else None,
    )
    yield from order_rows.nameless_fills(fills, state.common(context), filled)
    if meaning is FILLED and filled and quantity and filled < quantity:
        yield Restated(
            **state.common(context), at=at, quantity=filled, reason=ROUNDED, evidence=row
        )
    yield state.report(context, row)


def _meaning(row: Document, order_type: OrderType, terms: Terms | None) -> Meaning | None:
    """By `active` and the filled quantity, since the status is known to say what is not so.

    A market order by value may fill a little less than it says: less than a lot was not canceled.
    """
    active, status = flag(row, "active"), (word(row, "status") or "").lower()
    quantity, filled = needed_number(row, "origQty"), number(row, "executedQty") or ZERO
    if active is not False and status not in KNOWN:
        return None
    is_working = status == WORKING if active is None else active
    lot = terms.lot if terms is not None and order_type is OrderType.MARKET else None
    is_rounded = quantity - filled < (lot or ZERO) or number(row, "executedPercent") == 100
    if filled >= quantity or (filled and is_rounded and not is_working):
        return FILLED
    return NEW if is_working else GONE


def _at(row: Document, name: str, filled_at: Any, context: RowContext, *, is_end: bool) -> Any:
    """Since when the order stands as shown. Older rows do not say when they changed, and some bear
    no time at all."""
    at, made_at = (
        moment(row, "updated_at"),
        moment(row, "created_at") or moment(row, "transactTime"),
    )
    if at is None and (is_end or made_at is None):
        at = context.first_seen_at(name, is_end=is_end)
    return latest(at or made_at, filled_at)


def _fills(row: Document) -> Iterator[FillRow]:
    """The fills of an order. Their times come as text or as seconds."""
    for fill in rows_within(row, "fills"):
        details = Details()
        fee_asset = details.read("feeAsset", lambda fill=fill: word(fill, "feeAsset"))  # type: ignore[misc]
        fee = details.read("fee", lambda fill=fill: number(fill, "fee"))  # type: ignore[misc]
        yield FillRow(
            at=moment(fill, "timestamp"),
            quantity=needed_number(fill, "quantity"),
            price=paid_price(fill, "price"),
            fee=fee,
            fee_currency=MARKETS.currency(fee_asset) if fee_asset else None,
            liquidity=None,
            text=details.text,
            evidence=fill,
        )


def filled(row: Document) -> tuple[Decimal, Decimal]:
    """How much is filled, and how much of that is listed."""
    return number(row, "executedQty") or ZERO, total(
        needed_number(fill, "quantity") for fill in rows_within(row, "fills")
    )


def balance_messages(row: Document, context: RowContext) -> Iterator[Message]:
    yield order_rows.balance(
        row, MARKETS.currency(needed_word(row, "asset")), needed_number(row, "value"), context
    )


def rows(document: Document) -> tuple[ReadRow, Sequence[Any]] | None:
    """One order, a list of them, older and newer, or balances. The list of trades names no
    orders."""
    if "result" not in document and "success" not in document:
        raise Unreadable("is no answer of this venue")
    result = document.get("result")
    if isinstance(result, dict) and isinstance(result.get("balances"), dict):
        return balance_messages, list(result["balances"].values())
    orders = orders_in(document)
    return None if orders is None else (order_messages, orders)


def orders_in(document: Document) -> list[Any] | None:
    """The rows of orders in an answer; None of another answer."""
    result = document.get("result")
    if isinstance(result, dict):
        result = [result] if "clientOrderId" in result else result.get("orders")
    return result if isinstance(result, list) else None


def id_in(row: Document) -> str | None:
    return word(row, "clientOrderId")


def has_ended(row: Document) -> bool:
    with suppress(Unreadable):
        return _meaning(row, OrderType.OTHER, None) in (FILLED, GONE)
    return row.get("active") is False


def listed_terms(document: Document) -> dict[str, Terms]:
    """The terms of all markets. A market that cannot be read is left out."""
    result = document.get("result")
    symbols = result.get("symbols") if isinstance(result, dict) else None
    found = []
    for row in symbols.values() if isinstance(symbols, dict) else ():
        with suppress(Unreadable, AttributeError):
            found.append(
                (needed_word(row, "baseAsset"), needed_word(row, "quoteAsset"), *_steps(row))
            )
    return MARKETS.listed(found)


def _steps(row: Document) -> tuple[Decimal | None, Decimal | None]:
    """Tick and lot, from `tickSize` and `stepSize`, which count decimals."""
    counts = [number(row, name) for name in ("tickSize", "stepSize")]
    tick, lot = (
        Decimal(1).scaleb(-int(n))
        if n is not None and 0 <= n <= MOST_DECIMALS and n % 1 == 0
        else None
        for n in counts
    )
    return tick, lot


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
