"""The instruments of a simulated venue, and its fees."""

from dataclasses import dataclass
from decimal import Decimal

from orderledger.extend.values import EXACT, QUOTIENT, ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedInstrument:
    """Prices are multiples of `tick`, quantities of `lot`.

    Random traders start around `price` and trade up to `most_lots` lots at a time. Fees are in
    `currency`; None: in the venue's.
    """

    name: str
    price: Decimal
    tick: Decimal
    lot: Decimal
    most_lots: int = 40
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeSchedule:
    """Shares of the notional; a negative fee is a rebate. Exact, or rounded half even to this many
    `decimals`.

    `is_of_received`: at a spot venue, whose instruments are `BASE/QUOTE`, shares of the received
    amount, in that currency. A taker pays in `taker_currency` if one is given; a unit of it is
    worth `taker_currency_price` of the usual currency. `liquidation`: the share of the notional
    that a liquidated account pays besides; at Hyperliquid none (hyperliquid-co.gitbook.io/wiki,
    "Liquidations").
    """

    maker: Decimal = ZERO
    taker: Decimal = ZERO
    decimals: int | None = None
    taker_currency: str | None = None
    taker_currency_price: Decimal = Decimal(1)
    is_of_received: bool = False
    liquidation: Decimal = ZERO

    def fee(self, notional: Decimal, *, is_maker: bool, currency: str) -> tuple[Decimal, str]:
        """The fee of one fill and its currency."""
        fee = EXACT.multiply(notional, self.maker if is_maker else self.taker)
        if not is_maker and self.taker_currency is not None:
            fee, currency = QUOTIENT.divide(fee, self.taker_currency_price), self.taker_currency
        return fee if self.decimals is None else EXACT.quantize(
            fee, Decimal(1).scaleb(-self.decimals)
        ), currency


def is_multiple(number: Decimal, *, of: Decimal) -> bool:
    """Whether a number is a positive multiple of a step."""
    return number > 0 and EXACT.remainder(number, of) == 0
