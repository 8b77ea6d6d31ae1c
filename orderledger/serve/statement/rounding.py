"""The figures shown to people: amounts to the last digit of their currency, averages to eight
places.

A realized P&L is a quotient with 34 digits. JSON and CSV have all of them.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orderledger.extend.values import EXACT, ONE, plain

PLACES = 8
"""Decimal places of averages, and of amounts in an unlisted currency: venues book bitcoin in
such units.
"""

PLACES_OF_CURRENCY = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "VND"), 0),
    **dict.fromkeys(
        (
            "AED", "AUD", "BRL", "CAD", "CHF", "CNH", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD",
            "HUF", "IDR", "ILS", "INR", "MXN",
            "MYR", "NOK", "NZD", "PHP", "PLN", "RON", "SAR", "SEK", "SGD", "THB", "TRY", "TWD",
            "UAH", "USD", "ZAR",
        ),
        2,
    ),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}  # fmt: skip
"""Decimal places of national currencies, as in ISO 4217."""

DIGITS_OF_SMALL = 2
"""Digits shown for an amount below the smallest unit, so that it does not look like zero."""

AMOUNTS = frozenset(
    {
        "realized_pnl", "net_pnl", "unrealized_pnl", "unrealized_pnl_start", "unrealized_pnl_end",
        "equity", "equity_start",
        "equity_end", "equity_change", "drawdown",
    }
)  # fmt: skip
"""Columns with amounts in the currency of the row."""

AVERAGES = frozenset({"average_price", "average_open_price"})
PAID = frozenset({"fees", "funding"})
"""Columns with an amount in the currency of the row, or an amount for each currency."""


def rounded(number: Decimal, places: int) -> Decimal:
    """The number with at most this many places, half even. A smaller number keeps two digits."""
    if number and number.adjusted() < -places:
        places = DIGITS_OF_SMALL - 1 - number.adjusted()
    exponent = number.as_tuple().exponent
    return (
        EXACT.quantize(number, ONE.scaleb(-places))
        if isinstance(exponent, int) and exponent < -places
        else number
    )


def amount_text(amount: Decimal, currency: str | None) -> str:
    """An amount to the last digit of its currency."""
    return plain(_amount(amount, currency))


def shown(row: Mapping[str, Any], column: str) -> Any:
    """The value of a column with the digits shown to people. Recorded numbers keep theirs."""
    value = row[column]
    if column in PAID and isinstance(value, Mapping):
        return {currency: _amount(amount, currency) for currency, amount in value.items()}
    if not isinstance(value, Decimal):
        return value
    if column in AVERAGES:
        return rounded(value, PLACES)
    return _amount(value, row.get("currency")) if column in AMOUNTS or column in PAID else value


def _amount(amount: Decimal, currency: str | None) -> Decimal:
    return rounded(amount, PLACES_OF_CURRENCY.get(currency or "", PLACES))
