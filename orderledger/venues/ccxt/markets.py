"""Definitions of instruments, from the unified markets of ccxt.

Sources: docs.ccxt.com, "Market Structure" (`spot`, `contract`, `option`, `base`, `quote`, `settle`,
`inverse`, `contractSize`); support.deribit.com, "Inverse Options": priced in the base currency, and
the premium leaves the buyer's balance.

The ledger counts the same unit as the exchange: for a contract, the number of contracts, with the
size of one as `multiplier`.
"""

from decimal import Decimal
from typing import Any

from orderledger import InstrumentKind
from orderledger.extend.values import ONE
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import Document, Unreadable
from orderledger.venues.ccxt.reading import flag, positive, text

SIGNIFICANT_DIGITS, TICK_SIZE = 3, 4
"""ccxt's numbers for `precisionMode`; the third mode counts decimal places."""


def terms_of_market(market: Any, precision_mode: int = TICK_SIZE) -> Terms | None:
    """The terms of a market. None if it states no settlement currency, or no size of its
    contracts.
    """
    try:
        return _read(market, precision_mode) if isinstance(market, dict) else None
    except Unreadable:
        return None


def terms_of_symbol(symbol: str) -> Terms | None:
    """The terms that follow from a symbol alone: at spot, its currencies. It does not show the
    size of a contract.
    """
    base, _, quote = symbol.partition("/")
    return (
        Terms.spot(base, quote, multiplier=ONE, inverse=False)
        if base and quote and ":" not in quote
        else None
    )


def _read(market: Document, precision_mode: int) -> Terms | None:
    size = positive(market, "contractSize") if flag(market, "contract") else ONE
    if size is None:
        return None
    precision = market.get("precision")
    steps = precision if isinstance(precision, dict) else {}
    sizes: Document = {
        "multiplier": size,
        "tick": _step(steps, "price", precision_mode),
        "lot": _step(steps, "amount", precision_mode),
    }
    return _moved(market, sizes)


def _moved(market: Document, sizes: Document) -> Terms | None:
    """The currencies that a fill moves. The premium of an option is paid in its settlement
    currency, in which it is priced: `inverse` of an option only says that the coin settles it."""
    base, quote, settle = (text(market, name) for name in ("base", "quote", "settle"))
    inverse = flag(market, "inverse") or False
    if not flag(market, "contract"):
        known = {**sizes, "inverse": inverse}
        if quote is None:
            return None
        return Terms.spot(base, quote, **known) if base else Terms(currency=quote, **known)
    if settle is None:
        return None
    if flag(market, "option"):
        return Terms.paid(InstrumentKind.OPTION, settle, inverse=False, **sizes)
    return Terms.margined(settle, inverse=inverse, **sizes)


def _step(steps: Document, name: str, precision_mode: int) -> Decimal | None:
    """The smallest step. None for significant digits, which are not a step."""
    if precision_mode == TICK_SIZE:
        return positive(steps, name)
    places = text(steps, name)
    if precision_mode == SIGNIFICANT_DIGITS or places is None or not places.isdigit():
        return None
    return ONE.scaleb(-int(places))
