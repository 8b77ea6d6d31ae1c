"""Translates rows of trades, funding and positions to messages.

A trade is one fill of the account, or two if the account traded with itself. A fill is identified
by market, trade and side: `0:19300000001:buy`. The venue can sort trades by id
(`sort_by=trade_id`): the id is also the order of trades with the same time. A fill without an
order, as when the venue takes a position away, makes its own order. The order's id is `none:` and
the fill.
"""

from decimal import Decimal

from orderledger import Balance, Fill, Funding, Liquidity, Message, Side
from orderledger.extend.values import EXACT, ONE
from orderledger.venues.base.fields import (
    Details,
    Document,
    Unreadable,
    flag,
    needed_number,
    number,
    paid_price,
    price,
    sequence_of,
    word,
)
from orderledger.venues.base.translation import NO_ORDER, whole_order
from orderledger.venues.lighter.context import LighterContext
from orderledger.venues.lighter.fees import UNTOLD, fee_of
from orderledger.venues.lighter.reading import (
    account_number,
    index,
    market_of,
    moment,
)
from orderledger.venues.lighter.vocabulary import (
    CLIENT_ORDER_INDEX,
    CURRENCY,
    PLAIN_TRADES,
    SETTLEMENT,
)

MARKS = frozenset(
    {"trade_id", "trade_id_str", "ask_id", "bid_id", "ask_account_id", "bid_account_id"}
)
FUNDING_MARKS = frozenset({"funding_id", "change", "rate"})
POSITION_MARKS = frozenset({"position", "market_id", "avg_entry_price"})
ASSET_MARKS = frozenset({"symbol", "asset_id", "balance"})

TIMES = ("transaction_time", "timestamp")
ASSET = "lighter:asset:"
SIDES = {"bid": Side.BUY, "ask": Side.SELL}


def trade_messages(row: Document, context: LighterContext, hint: str | None) -> list[Message]:
    """The account's fills in this trade: one, two for a self-trade, none for a trade between
    others. Raises Unreadable.
    """
    owners = {end: account_number(row, f"{end}_account_id") for end in SIDES}
    own = [end for end in SIDES if owners[end] == context.account_index]
    if not own and None in owners.values():
        raise Unreadable("the owner of the trade is missing")
    return [_fill(row, context, hint, end) for end in own]


def _fill(row: Document, context: LighterContext, hint: str | None, end: str) -> Fill:
    market = _market(row, hint)
    trade_id = index(row, "trade_id_str", "trade_id")
    if trade_id is None:
        raise Unreadable("trade_id is missing")
    details, side = Details(), SIDES[end]
    liquidity = details.read("is_maker_ask", lambda: _liquidity(row, end))
    instrument = context.markets.instrument(market)
    fee, fee_currency = (
        details.read("fee", lambda: fee_of(row, market, instrument, side, liquidity)) or UNTOLD
    )
    order = index(row, f"{end}_id_str", f"{end}_id")
    client_order_index = _client_order_index(row, end, details if order is not None else None)
    kind = word(row, "type")
    reason = None if kind in PLAIN_TRADES else kind
    fill_id = f"{market}:{trade_id}:{side}"
    is_orderless = order is None and client_order_index is None and reason is not None
    fill = Fill(
        account=context.account,
        source=context.source,
        at=moment(row, *TIMES),
        sequence=sequence_of(trade_id),
        fill_id=fill_id,
        venue_order_id=f"{NO_ORDER}{fill_id}" if is_orderless else order,
        aliases={} if client_order_index is None else {CLIENT_ORDER_INDEX: client_order_index},
        instrument=instrument,
        side=side,
        quantity=needed_number(row, "size"),
        price=paid_price(row, "price", may_be_zero=kind == SETTLEMENT),
        fee=fee,
        fee_currency=fee_currency,
        liquidity=liquidity,
        reason=reason,
        text=details.text,
        evidence=row,
    )
    return whole_order(fill) if is_orderless else fill


def _client_order_index(row: Document, end: str, details: Details | None) -> str | None:
    """The client order index of this side. It has to be readable if no order is named: `details`
    is None then.
    """
    names = (f"{end}_client_id_str", f"{end}_client_id")
    return (
        index(row, *names)
        if details is None
        else details.read(names[1], lambda: index(row, *names))
    )


def _market(row: Document, hint: str | None) -> int:
    market = market_of(row, "market_id", hint)
    if market is None:
        raise Unreadable("market_id is missing")
    return market


def _liquidity(row: Document, end: str) -> Liquidity | None:
    is_maker_ask = flag(row, "is_maker_ask")
    if is_maker_ask is None:
        return None
    return Liquidity.MAKER if (end == "ask") == is_maker_ask else Liquidity.TAKER


def funding_messages(row: Document, context: LighterContext, hint: str | None) -> list[Message]:
    """One funding payment: `change` is the amount in USDC, positive when received. Raises
    Unreadable."""
    market, funding_id = _market(row, hint), index(row, "funding_id")
    if funding_id is None:
        raise Unreadable("funding_id is missing")
    return [
        Funding(
            account=context.account,
            source=context.source,
            at=moment(row, "timestamp"),
            message_id=f"lighter.funding:{market}:{funding_id}",
            instrument=context.markets.instrument(market),
            amount=needed_number(row, "change"),
            currency=CURRENCY,
            evidence=row,
        )
    ]


def position_messages(row: Document, context: LighterContext, hint: str | None) -> list[Message]:
    """A position: `position` is the unsigned quantity, `sign` 1 or -1. Raises Unreadable."""
    return [_held(row, context, hint, _signed(row, "position"), price(row, "avg_entry_price"))]


def outcome_messages(row: Document, context: LighterContext, hint: str | None) -> list[Message]:
    """The position in a binary option. A seller holds the other outcome, and the row has its price;
    both outcomes together are worth 1 (apidocs.lighter.xyz/docs/binary-options-trading-and-fees).
    Raises Unreadable."""
    size, average_price = _signed(row, "size"), price(row, "avg_entry_price")
    if size < 0 and average_price is not None:
        average_price = EXACT.subtract(ONE, average_price) if average_price < ONE else None
    return [_held(row, context, hint, size, average_price)]


def _signed(row: Document, name: str) -> Decimal:
    size, sign = needed_number(row, name), number(row, "sign")
    if sign is not None and sign not in (-1, 1) and size:
        raise Unreadable("sign is neither 1 nor -1")
    return EXACT.copy_negate(size) if size > 0 and sign == -1 else size


def _held(
    row: Document,
    context: LighterContext,
    hint: str | None,
    quantity: Decimal,
    average_price: Decimal | None,
) -> Balance:
    return Balance(
        account=context.account,
        source=context.source,
        at=context.received_at,
        instrument=context.markets.instrument(_market(row, hint)),
        quantity=quantity,
        average_price=average_price,
        evidence=row,
    )


def asset_messages(row: Document, context: LighterContext, hint: str | None) -> list[Message]:
    """The balance of one currency. Raises Unreadable.

    A perpetual has the name of its currency: then the balance gets another name.
    """
    symbol = word(row, "symbol")
    if symbol is None:
        raise Unreadable("symbol is missing")
    name = symbol if context.markets.index(symbol) is None else f"{ASSET}{symbol}"
    return [balance_of(context, name, needed_number(row, "balance"), row)]


def balance_of(context: LighterContext, currency: str, quantity: Decimal, row: Document) -> Balance:
    return Balance(
        account=context.account,
        source=context.source,
        at=context.received_at,
        instrument=currency,
        quantity=quantity,
        evidence=row,
    )
