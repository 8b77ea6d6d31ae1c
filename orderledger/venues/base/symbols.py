"""`SymbolTable`: converts between a venue's symbols and the ledger's instruments. Versioned
data: each adapter has one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from orderledger.venues.base.definitions import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolTable:
    """The markets of one venue, as of a date.

    `form` makes a venue's symbol of `{base}` and `{quote}`, which are codes of the venue.
    `currencies` are the codes that differ from the ledger's: at one venue the rial is `RLS`, at
    another the toman is `TMN`. `markets` lists the base codes by quote. An instrument is
    `BASE/QUOTE` in the ledger's codes. A market missing from the table keeps the venue's symbol
    after the venue's name: `nobitex:NEW-RLS`. Its currencies are not guessed.

    Raise `version` with every change. An added or corrected row applies from then on; earlier
    records keep their instrument name.
    """

    venue: str
    version: int
    as_of: date
    form: str
    currencies: Mapping[str, str]
    markets: Mapping[str, str]
    rows: Mapping[str, tuple[str, str, str]] = field(init=False)
    """Instrument, base and quote by the venue's symbol; base and quote in the venue's codes."""
    _symbols: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        pairs = [(base, quote) for quote, bases in self.markets.items() for base in bases.split()]
        rows = {
            self.symbol_of(*pair): (f"{self.currency(pair[0])}/{self.currency(pair[1])}", *pair)
            for pair in pairs
        }
        symbols = {instrument: symbol for symbol, (instrument, _, _) in rows.items()}
        if len(symbols) < len(pairs):
            raise ValueError(f"the table of {self.venue} names a market or an instrument twice")
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "_symbols", symbols)

    def symbol_of(self, base: str, quote: str) -> str:
        """The venue's symbol for two of its codes."""
        return self.form.format(base=base, quote=quote)

    def currency(self, code: str) -> str:
        """The ledger's code of one of the venue's codes."""
        return self.currencies.get(code, code)

    def instrument(self, symbol: str) -> str:
        """The instrument of a symbol. If it is not in the table, the symbol after the venue's
        name.
        """
        row = self.rows.get(symbol)
        return row[0] if row else f"{self.venue}:{symbol}"

    def symbol(self, instrument: str) -> str | None:
        """The venue's symbol of an instrument; None for an instrument of another venue."""
        if instrument in self._symbols:
            return self._symbols[instrument]
        venue, _, symbol = instrument.partition(":")
        return symbol if venue == self.venue and symbol else None

    def codes(self, symbol: str) -> tuple[str, str] | None:
        """The venue's codes of base and quote; None for a symbol that is not in the table."""
        row = self.rows.get(symbol)
        return row[1:] if row else None

    def codes_of(self, symbol: str) -> tuple[str, str] | None:
        """The same, also of a symbol that is not in the table where `form` separates the codes."""
        separator = self.form.removeprefix("{base}").removesuffix("{quote}")
        found = re.fullmatch(rf"([A-Z0-9_]{{1,20}}){separator}([A-Z]{{2,10}})", symbol, re.ASCII)
        known = self.codes(symbol)
        return known or ((found[1], found[2]) if found and separator else None)

    def terms(self, instrument: str) -> Terms | None:
        """The terms that follow from the name of an instrument of the table: its currencies."""
        symbol = self._symbols.get(instrument)
        if symbol is None:
            return None
        _, base, quote = self.rows[symbol]
        return Terms.spot(self.currency(base), self.currency(quote))

    def listed(
        self, rows: Iterable[tuple[str, str, Decimal | None, Decimal | None]]
    ) -> dict[str, Terms]:
        """The terms of listed markets by instrument, from their base, quote, tick and lot."""
        return {
            self.instrument(self.symbol_of(base, quote)): Terms.spot(
                self.currency(base), self.currency(quote), tick=tick, lot=lot
            )
            for base, quote, tick, lot in rows
        }
