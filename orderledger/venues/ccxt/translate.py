"""Translates unified rows of ccxt to messages. Needs no ccxt.

`orderledger translate ccxt` reads documents such as `{"exchange": "binance", "order": {…}}`: see
`PARTS` for the possible parts. The quantity of a contract is the number of contracts. Pure: no
clock, no network.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.translation import Fault, Translation, joined
from orderledger.venues.base.venue import Records
from orderledger.venues.ccxt.conditional import of_maker
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.holdings import (
    balance_messages,
    funding_messages,
    position_messages,
)
from orderledger.venues.ccxt.markets import terms_of_market, terms_of_symbol
from orderledger.venues.ccxt.orders import order_messages
from orderledger.venues.ccxt.settlements import settlement_messages
from orderledger.venues.ccxt.trades import trade_messages
from orderledger.venues.ccxt.transfers import transfer_messages

__all__ = ["CcxtRecording", "translated", "translated_makers", "translated_orders"]

EXCHANGE = "exchange"
MARKETS = frozenset({"market", "markets"})


def translated_orders(rows: Sequence[Any], context: CcxtContext) -> Translation:
    """The messages of unified orders."""
    return joined(order_messages(row, context) for row in rows)


def translated_makers(rows: Sequence[Any], context: CcxtContext) -> Translation:
    """The triggers of our conditional orders that the rows of the orders they have made show."""
    return joined(of_maker(row, context) for row in rows)


def _balances(rows: Sequence[Any], context: CcxtContext) -> Translation:
    return joined(balance_messages(row, context) for row in rows)


PARTS: Mapping[str, Callable[[Sequence[Any], CcxtContext], Translation]] = {
    "trade": trade_messages,
    "order": translated_orders,
    "funding": funding_messages,
    "transfer": transfer_messages,
    "position": position_messages,
    "balance": _balances,
    "settlement": settlement_messages,
}
"""The parts of a document, each as one row, or as a list under the plural. Trades come first: an
order's status follows them.
"""


def translated(document: Any, context: CcxtContext) -> Translation:
    """The messages of one document, and its faults. Never raises."""
    if isinstance(document, list):
        return joined(translated(one, context) for one in document)
    if not isinstance(document, dict):
        return Translation(faults=[Fault("is not a JSON object", document)])
    exchange = document.get(EXCHANGE)
    if isinstance(exchange, str):
        context = replace(context, exchange=exchange)
    parts, is_known = [], not MARKETS.isdisjoint(document)
    for name, read in PARTS.items():
        for key in (name, f"{name}s"):
            if document.get(key) is not None:
                rows = document[key]
                parts.append(read(rows if isinstance(rows, list) else [rows], context))
                is_known = True
    if not is_known:
        names = ", ".join(PARTS)
        return Translation(faults=[Fault(f"has none of {names}", document)])
    return joined(parts)


class CcxtRecording:
    """`Recording`: the documents of one account. `records` decides which client ids are ours."""

    def __init__(self, account: str, records: Records | None = None) -> None:
        self._terms: dict[str, Terms] = {}
        self._context = CcxtContext(account=account, records=records, size_of=self._size_of)

    def read(self, document: Any) -> Translation:
        self._note_markets(document)
        return translated(document, self._context)

    def rest(self) -> Translation:
        return Translation()

    def terms_of(self, instrument: str) -> Terms | None:
        return self._terms.get(instrument) or terms_of_symbol(instrument)

    def _size_of(self, instrument: str) -> Decimal | None:
        terms = self._terms.get(instrument)
        return None if terms is None else terms.multiplier

    def _note_markets(self, document: Any) -> None:
        for name in sorted(MARKETS):
            found = document.get(name) if isinstance(document, dict) else None
            for market in found if isinstance(found, list) else [found]:
                terms, symbol = (
                    terms_of_market(market),
                    market.get("symbol") if isinstance(market, dict) else None,
                )
                if terms is not None and isinstance(symbol, str):
                    self._terms[symbol] = terms
