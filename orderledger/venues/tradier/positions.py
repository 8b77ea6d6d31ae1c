"""Positions, the cash of the account, and the terms of instruments."""

from decimal import Decimal

from orderledger import Balance, InstrumentKind, Message
from orderledger.extend.values import EXACT, ONE, ZERO
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import Document, Unreadable, word
from orderledger.venues.base.numbers import quotient
from orderledger.venues.tradier.context import TradierContext
from orderledger.venues.tradier.reading import number
from orderledger.venues.tradier.vocabulary import (
    CURRENCY,
    OPTION_MULTIPLIER,
    SHARE,
    STANDARD_OPTION,
)


def position_messages(row: Document, context: TradierContext) -> list[Message]:
    """A position. Raises Unreadable."""
    symbol, quantity = word(row, "symbol"), number(row, "quantity")
    if symbol is None or quantity is None:
        raise Unreadable(f"{'symbol' if symbol is None else 'quantity'} is missing")
    average_price = _average_price(row, symbol, quantity)
    return [_held(row, context, symbol, quantity, average_price)]


def cash_messages(row: Document, context: TradierContext) -> list[Message]:
    """The cash in `balances`. Its other fields are derived from prices, cash and positions. Raises
    Unreadable."""
    cash = number(row, "total_cash")
    if cash is None:
        raise Unreadable("total_cash is missing")
    balance = Balance(
        account=context.account,
        currency=CURRENCY,
        amount=cash,
        at=context.received_at,
        source=context.source,
        evidence=row,
    )
    return [balance]


def terms_of(instrument: str) -> Terms | None:
    """The terms of a share or of a standard option, which covers a hundred shares. Those of
    other options are not known.
    """
    if STANDARD_OPTION.fullmatch(instrument):
        return Terms.paid(InstrumentKind.OPTION, CURRENCY, multiplier=OPTION_MULTIPLIER)
    is_share = SHARE.fullmatch(instrument) is not None
    return Terms.paid(InstrumentKind.SECURITY, CURRENCY) if is_share else None


def _held(
    row: Document,
    context: TradierContext,
    name: str,
    quantity: Decimal,
    average_price: Decimal | None = None,
) -> Balance:
    return Balance(
        account=context.account,
        instrument=name,
        quantity=quantity,
        average_price=average_price,
        at=context.received_at,
        source=context.source,
        evidence=row,
    )


def _average_price(row: Document, symbol: str, quantity: Decimal) -> Decimal | None:
    """The average price from `cost_basis`, an amount of money that is below 0 if sold short. The
    price of a standard option is that of one share.
    """
    cost = number(row, "cost_basis")
    if cost is None or not quantity:
        return None
    multiplier = OPTION_MULTIPLIER if STANDARD_OPTION.fullmatch(symbol) else ONE
    return quotient(abs(cost), EXACT.multiply(abs(quantity), multiplier)) or ZERO
