"""The fee of a fill: the rates of the venue and of the integrator, in millionths.

The fee of a perpetual is a share of `usd_amount`. At spot it is a share of the received amount: a
buyer pays in the token bought (apidocs.lighter.xyz/docs/partner-integration). The fee of a binary
option depends on its price and on a discount that is in no row.
"""

from decimal import Decimal

from orderledger import Liquidity, Side
from orderledger.extend.values import EXACT, total
from orderledger.venues.base.fields import Document, number, word
from orderledger.venues.lighter.vocabulary import (
    CURRENCY,
    KINDS,
    PERPETUAL,
    RATE_UNIT_DIGITS,
    SPOT,
)

Fee = tuple[Decimal | None, str | None]
"""The amount, negative when received, and its currency."""

UNTOLD: Fee = (None, None)


def fee_of(
    row: Document, market: int, instrument: str, side: Side, liquidity: Liquidity | None
) -> Fee:
    """The fee of one end of a trade. Raises Unreadable."""
    rate = None if liquidity is None else _rate(row, liquidity)
    kind = word(row, "market_kind") or next(
        (kind for kind, markets in KINDS.items() if market in markets), None
    )
    if rate is None or kind not in (PERPETUAL, SPOT):
        return UNTOLD
    base, slash, quote = instrument.partition("/")
    if kind == SPOT and side is Side.BUY:
        return _part(number(row, "size"), rate, base if slash else None)
    return _part(number(row, "usd_amount"), rate, quote if kind == SPOT and slash else CURRENCY)


def _rate(row: Document, liquidity: Liquidity) -> Decimal | None:
    """The sum of both rates. A missing rate may be zero or unknown: if both are missing, the fee
    is not known.
    """
    own, integrators = number(row, f"{liquidity}_fee"), number(row, f"integrator_{liquidity}_fee")
    rates = [rate for rate in (own, integrators or None) if rate is not None]
    return total(rates) if rates else None


def _part(amount: Decimal | None, rate: Decimal, currency: str | None) -> Fee:
    if amount is None:
        return UNTOLD
    fee = EXACT.scaleb(EXACT.multiply(amount, rate), -RATE_UNIT_DIGITS)
    return Decimal(
        format(fee.normalize(EXACT), "f")
    ), currency  # without the trailing zeros that the multiplication adds
