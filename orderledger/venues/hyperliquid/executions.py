"""Translates rows of fills, fundings and positions to messages."""

from decimal import Decimal
from typing import Any

from orderledger import Balance, Fill, Funding, Liquidity, Message
from orderledger.extend.values import plain
from orderledger.venues.base.fields import Details
from orderledger.venues.base.translation import NO_ORDER, whole_order
from orderledger.venues.hyperliquid.message_context import MessageContext
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.rows import Row, Unreadable, message_of, milliseconds
from orderledger.venues.hyperliquid.vocabulary import (
    CLOID,
    CLOSED,
    LIQUIDATED,
    LIQUIDATION,
    OTHER_MARKETS,
    SETTLED,
    SETTLEMENT_CURRENCY,
    TRADED,
)

NO_NUMBER = 0
"""Number of an order or a trade that does not exist."""
OF_THE_ACCOUNT = frozenset({"oid", "startPosition", "dir", "closedPnl", "crossed"})
"""Fields of a fill that a public trade does not have."""


def fill_message(
    raw: Any, legs: AccountLegs, context: MessageContext, *, sequence: int | None = None
) -> Fill:
    """The message of a fill, which is added to `legs`. `sequence`: its place among those of its
    coin and time.

    Raises Unreadable for a public trade, which is not a fill of an account.
    """
    row, details = Row(raw), Details()
    cloid, order = details.read("cloid", row.cloid), _order_of(row)
    fill_id = fill_id_of(row)
    venue_order_id = str(order) if order != NO_NUMBER else f"{NO_ORDER}{fill_id}"
    if order == NO_NUMBER:
        alone = _fill(
            row, context, details, fill_id, venue_order_id, {}, is_alone=True, sequence=sequence
        )
        return whole_order(alone)
    aliases = (
        {CLOID: cloid} if cloid is not None and not legs.is_apart(cloid, venue_order_id) else {}
    )
    fill = _fill(row, context, details, fill_id, venue_order_id, aliases, sequence=sequence)
    legs.note_fill(cloid, venue_order_id, fill_id, fill.quantity)
    return fill


def fill_id_of(row: Row) -> str:
    """The identity of a fill: block time, coin, trade and side. A self-trade is two fills of one
    trade.

    The venue's own executions have no trade id: their order, position and numbers identify them.
    """
    at = row.need("time", row.moment("time"))
    trade = row.count("tid") or NO_NUMBER
    coin = row.need("coin", row.word("coin"))
    row.side()
    fill_id = f"{milliseconds(at)}-{coin}-{trade}-{row.raw['side']}"
    if trade != NO_NUMBER:
        return fill_id
    numbers = (row.number(name) for name in ("startPosition", "sz", "px"))
    digits = "-".join("" if number is None else plain(number) for number in numbers)
    return f"{fill_id}-{row.count('oid') or NO_ORDER}-{digits}"


def reason_of(row: Row, address: str | None) -> str | None:
    """The venue's reason for an execution without an order of the account."""
    direction = _direction(row)
    if direction.startswith(LIQUIDATED) or _is_liquidated(row, address):
        return LIQUIDATION
    return direction[:200] if direction and direction not in TRADED else None


def funding_message(raw: Any, context: MessageContext) -> Message:
    """A funding payment, positive when received. Pushed rows are flat; queried ones hold it in
    `delta`."""
    outer = Row(raw)
    row = Row(outer.get("delta")) if outer.get("delta") is not None else outer
    return message_of(
        Funding,
        outer.raw,
        account=context.account,
        at=outer.need("time", outer.moment("time")),
        source=context.source,
        instrument=context.symbols.instrument(row.need("coin", row.word("coin"))),
        amount=row.need("usdc", row.number("usdc")),
        currency=SETTLEMENT_CURRENCY,
    )


def balance_message(raw: Any, context: MessageContext) -> Balance | None:
    """A position of `clearinghouseState`, None if it is flat. `context.at`: the time of the
    state."""
    outer = Row(raw)
    row = Row(outer.get("position"))
    quantity = row.need("szi", row.number("szi"))
    if not quantity:
        return None
    return message_of(
        Balance,
        outer.raw,
        account=context.account,
        at=context.at,
        source=context.source,
        instrument=context.symbols.instrument(row.need("coin", row.word("coin"))),
        quantity=quantity,
        average_price=row.size("entryPx"),
    )


def _order_of(row: Row) -> int:
    """The order that made the fill; `NO_NUMBER` if the venue executed it without one.

    A public trade has a trade id, a price and a size like a fill, but does not concern the account.
    It names two `users`, and neither order, position nor direction.
    """
    if "users" in row.raw or OF_THE_ACCOUNT.isdisjoint(row.raw):
        raise Unreadable("is a public trade, not a fill of this account", row.raw)
    order = row.count("oid")
    if order is None and row.count("tid"):
        raise Unreadable("oid is missing", row.raw)
    return order or NO_NUMBER


def _direction(row: Row) -> str:
    """The venue's word for the fill's effect on the position, empty if there is none. It is text
    for people.
    """
    direction = row.get("dir")
    return direction if isinstance(direction, str) and direction.isprintable() else ""


def _price(row: Row) -> Decimal:
    """The price paid: 0 for the settlement of an outcome that did not happen."""
    price = row.need("px", row.number("px"))
    if price < 0 or (price == 0 and _direction(row) != SETTLED):
        raise row.fault("px", "must be a price above 0")
    return price


def _is_liquidated(row: Row, address: str | None) -> bool:
    """Whether the account was liquidated, rather than trading with the liquidated one: both fills
    contain the object.

    If the account is not known, the liquidated position is the one that was closed as taker.
    """
    liquidation = row.get("liquidation")
    if not isinstance(liquidation, dict):
        return False
    user = liquidation.get("liquidatedUser")
    if address is None and isinstance(user, str):
        return _direction(row) in CLOSED and row.flag("crossed") is True
    return not isinstance(user, str) or user.lower() == address


def _fee_currency(row: Row) -> str | None:
    """Rows from the time when only perpetuals existed name no token: all fees were in one
    currency.
    """
    is_of_then = OTHER_MARKETS.isdisjoint(row.word("coin") or "")
    return row.word("feeToken") or (SETTLEMENT_CURRENCY if is_of_then else None)


def _fill(
    row: Row,
    context: MessageContext,
    details: Details,
    fill_id: str,
    venue_order_id: str,
    aliases: dict[str, str],
    *,
    is_alone: bool = False,
    sequence: int | None = None,
) -> Fill:
    fee, is_taker = details.read("fee", lambda: row.number("fee")), row.flag("crossed")
    fee_currency = None if fee is None else details.read("feeToken", lambda: _fee_currency(row))
    reason = reason_of(row, context.address)
    return message_of(
        Fill,
        row.raw,
        account=context.account,
        at=row.moment("time"),
        source=context.source,
        sequence=sequence,
        venue_order_id=venue_order_id,
        aliases=aliases,
        fill_id=fill_id,
        instrument=context.symbols.instrument(row.need("coin", row.word("coin"))),
        side=row.side(),
        quantity=row.need("sz", row.number("sz")),
        price=_price(row),
        fee=fee,
        fee_currency=fee_currency,
        liquidity=None if is_taker is None else Liquidity.TAKER if is_taker else Liquidity.MAKER,
        reason=reason or ("no_order" if is_alone else None),
        text=details.text,
    )
