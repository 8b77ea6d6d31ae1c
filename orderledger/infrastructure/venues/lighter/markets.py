"""Which market index is which instrument: data that the venue publishes, and that grows.

An instrument is named after the symbol its market had when it was first seen, for ever: fills of one market must
not change their instrument because the venue renames it. A market that nobody has seen is named after its index.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from orderledger.infrastructure.venues.base.fields import Document, Unreadable, word
from orderledger.infrastructure.venues.lighter.reading import account_number, rows_of
from orderledger.infrastructure.venues.lighter.vocabulary import PERPETUAL, SPOT

DETAILS = ("order_book_details", "spot_order_book_details", "order_books")
NAMING = (*DETAILS, "positions", "position", "market_stats", "spot_market_stats", "orders", "trades", "liquidation_trades")
"""Where rows stand that name their market."""
MARKS = frozenset({"market_id", "market_index"})
FALLBACK = "lighter:market:"


@dataclass(frozen=True, slots=True)
class Markets:
    """`symbols` by market index. `version` counts how often something was learned; what is known never changes. `taken` are
    names of something else."""

    symbols: Mapping[int, str] = field(default_factory=dict)
    version: int = 0
    taken: frozenset[str] = frozenset()

    @classmethod
    def of(cls, known: "Markets | Mapping[Any, Any]") -> Self:
        """From what was kept (`to_document`), from an answer of orderBookDetails, or from symbols by index."""
        if isinstance(known, Markets):
            return cls(known.symbols, known.version)
        if any(name in known for name in DETAILS):
            return cls().learned(dict(known))
        if isinstance(known.get("symbols"), Mapping):
            return cls({int(index): str(symbol) for index, symbol in known["symbols"].items()}, int(known.get("version", 1)))
        return cls({int(index): str(symbol) for index, symbol in known.items()}, 1 if known else 0)

    def to_document(self) -> Document:
        """As it can be kept in a file, and read with `of`."""
        return {"version": self.version, "symbols": {str(index): symbol for index, symbol in sorted(self.symbols.items())}}

    def learned(self, details: Document) -> Self:
        """With the markets of a payload that are new. An index that has a name, and a name that has an index, stay."""
        taken = {*self.symbols.values(), *self.taken}
        added: dict[int, str] = {}
        for index, symbol in _told(details):
            if index not in self.symbols and index not in added and symbol not in taken:
                added[index] = symbol
                taken.add(symbol)
        return type(self)({**self.symbols, **added}, self.version + 1, self.taken) if added else self

    def told(self, instruments: Iterable[str]) -> Self:
        """With what was said under these names: a market that was told without its symbol has none from now on."""
        names = frozenset(instruments) - self.taken - frozenset(self.symbols.values())
        nameless = {index: name for name in names if name.startswith(FALLBACK) and (index := self.index(name)) is not None}
        return type(self)({**self.symbols, **nameless}, self.version, self.taken | names) if names else self

    def instrument(self, index: int) -> str:
        """The instrument of a market, by its index if no symbol is known."""
        return self.symbols.get(index, f"{FALLBACK}{index}")

    def index(self, instrument: str) -> int | None:
        """The market of an instrument, None if there is none."""
        number = instrument.removeprefix(FALLBACK)
        if number != instrument and number.isascii() and number.isdigit():
            return int(number)
        return next((index for index, symbol in self.symbols.items() if symbol == instrument), None)

    def knows(self, index: int) -> bool:
        return index in self.symbols


def _told(details: Document) -> Iterable[tuple[int, str]]:
    for name in NAMING:
        for _, row in rows_of(details.get(name), MARKS):
            try:
                index, symbol = _named(row)
            except (AttributeError, Unreadable):
                continue
            if index is not None and index >= 0 and symbol is not None:
                yield index, symbol


def _named(row: Document) -> tuple[int | None, str | None]:
    """Rows of orders and trades name their market since 2026. The symbol of a binary option may be that of what it is on."""
    if row.get("market_symbol") is not None and word(row, "market_kind") in (PERPETUAL, SPOT):
        return account_number(row, "market_index" if "market_index" in row else "market_id"), word(row, "market_symbol")
    return account_number(row, "market_id"), word(row, "symbol")
