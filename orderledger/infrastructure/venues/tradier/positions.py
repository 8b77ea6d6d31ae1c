"""What Tradier says is held: positions, and the cash of the account."""

from decimal import Decimal

from orderledger.domain.exact import EXACT, ONE, ZERO
from orderledger.infrastructure.messages.registry import Balance, Instrument, Message
from orderledger.infrastructure.venues.base.fields import Document, Unreadable, word
from orderledger.infrastructure.venues.base.numbers import quotient
from orderledger.infrastructure.venues.tradier.context import Context
from orderledger.infrastructure.venues.tradier.reading import number
from orderledger.infrastructure.venues.tradier.vocabulary import CURRENCY, DEFINED_AT, OPTION_MULTIPLIER, STANDARD_OPTION


def position_messages(row: Document, context: Context) -> list[Message]:
    """A position, and what its instrument is. Raises Unreadable."""
    symbol, quantity = word(row, "symbol"), number(row, "quantity")
    if symbol is None or quantity is None:
        raise Unreadable(f"{'symbol' if symbol is None else 'quantity'} is missing")
    balance = Balance(
        account=context.account,
        instrument=symbol,
        quantity=quantity,
        average_price=_average_price(row, symbol, quantity),
        at=context.heard_at,
        source=context.source,
        evidence=row,
    )
    return [*definition(symbol, context), balance]


def cash_messages(row: Document, context: Context) -> list[Message]:
    """The cash in `balances`. What it says besides is derived from prices, or made of cash and positions. Raises Unreadable."""
    cash = number(row, "total_cash")
    if cash is None:
        raise Unreadable("total_cash is missing")
    return [
        Balance(
            account=context.account,
            instrument=CURRENCY,
            quantity=cash,
            at=context.heard_at,
            source=context.source,
            evidence=row,
        )
    ]


def definition(instrument: str, context: Context) -> list[Message]:
    """A standard option is on a hundred: without that its P&L is a hundredth of what it is."""
    if not STANDARD_OPTION.fullmatch(instrument):
        return []
    return [
        Instrument(
            account=context.account,
            instrument=instrument,
            multiplier=OPTION_MULTIPLIER,
            currency=CURRENCY,
            at=DEFINED_AT,
            source=context.source,
        )
    ]


def _average_price(row: Document, symbol: str, quantity: Decimal) -> Decimal | None:
    """`cost_basis` is money, below 0 where it was sold short. The price of a standard option is that of a share."""
    cost = number(row, "cost_basis")
    if cost is None or not quantity:
        return None
    multiplier = OPTION_MULTIPLIER if STANDARD_OPTION.fullmatch(symbol) else ONE
    return quotient(abs(cost), EXACT.multiply(abs(quantity), multiplier)) or ZERO
