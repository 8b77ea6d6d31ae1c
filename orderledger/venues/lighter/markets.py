"""`Markets`: the instruments of market indexes, and their terms. The venue publishes a list, which
grows.

An instrument keeps the first symbol of its market for ever. Fills of one market must not change
their instrument when the venue renames it. A market without a known symbol is named after its
index.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Self

from orderledger.extend.values import ONE
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.fields import Document, Unreadable, word
from orderledger.venues.lighter.reading import account_number, rows_of
from orderledger.venues.lighter.vocabulary import CURRENCY, KINDS, PERPETUAL, SPOT

DETAILS = ("order_book_details", "spot_order_book_details", "order_books")
NAMING = (
    *DETAILS,
    "positions",
    "position",
    "market_stats",
    "spot_market_stats",
    "orders",
    "trades",
    "liquidation_trades",
)
"""Fields with rows that name their market."""
MARKS = frozenset({"market_id", "market_index"})
STEPS = ("price", "size")
MOST_DECIMALS = 18
Steps = tuple[Decimal | None, Decimal | None]
"""The smallest changes of a price and of a quantity: tick and lot."""
FALLBACK = "lighter:market:"


@dataclass(frozen=True, slots=True)
class Markets:
    """`symbols` by market index: a known symbol never changes. `version` counts the changes.
    `taken` are names already used otherwise. `steps`: tick and lot by market index, from the
    last list.
    """

    symbols: Mapping[int, str] = field(default_factory=dict)
    version: int = 0
    taken: frozenset[str] = frozenset()
    steps: Mapping[int, Steps] = field(default_factory=dict)

    @classmethod
    def of(cls, known: "Markets | Mapping[Any, Any]") -> Self:
        """Make it from a kept document (`to_document`), an answer of orderBookDetails, or symbols
        by index."""
        if isinstance(known, Markets):
            return cls(known.symbols, known.version, steps=known.steps)
        if any(name in known for name in DETAILS):
            return cls().learned(dict(known))
        if isinstance(known.get("symbols"), Mapping):
            return cls(
                {int(index): str(symbol) for index, symbol in known["symbols"].items()},
                int(known.get("version", 1)),
            )
        return cls({int(index): str(symbol) for index, symbol in known.items()}, 1 if known else 0)

    def to_document(self) -> Document:
        """A document that can be kept in a file, and read with `of`."""
        return {
            "version": self.version,
            "symbols": {str(index): symbol for index, symbol in sorted(self.symbols.items())},
        }

    def learned(self, details: Document) -> Self:
        """These markets and the new ones of a payload. A known index keeps its name, and a known
        name its index."""
        taken = {*self.symbols.values(), *self.taken}
        added: dict[int, str] = {}
        for index, symbol in _listed(details):
            if index not in self.symbols and index not in added and symbol not in taken:
                added[index] = symbol
                taken.add(symbol)
        steps = {**self.steps, **_steps(details)}
        if not added and steps == self.steps:
            return self
        return type(self)({**self.symbols, **added}, self.version + bool(added), self.taken, steps)

    def with_names(self, instruments: Iterable[str]) -> Self:
        """These markets with the names used in messages: a market that was first used by its
        index keeps that name.
        """
        names = frozenset(instruments) - self.taken - frozenset(self.symbols.values())
        nameless = {
            index: name
            for name in names
            if name.startswith(FALLBACK) and (index := self.index(name)) is not None
        }
        return (
            replace(self, symbols={**self.symbols, **nameless}, taken=self.taken | names)
            if names
            else self
        )

    def instrument(self, index: int) -> str:
        """The instrument of a market, named after its index if no symbol is known."""
        return self.symbols.get(index, f"{FALLBACK}{index}")

    def index(self, instrument: str) -> int | None:
        """The market of an instrument, None if there is none."""
        number = instrument.removeprefix(FALLBACK)
        if number != instrument and number.isascii() and number.isdigit():
            return int(number)
        return next((index for index, symbol in self.symbols.items() if symbol == instrument), None)

    def knows(self, index: int) -> bool:
        return index in self.symbols

    def terms_of(self, instrument: str) -> Terms | None:
        """Kind, currencies, tick and lot. Perpetuals are margined in USDC; a symbol of spot is
        `BASE/QUOTE` (apidocs.lighter.xyz, orderBookDetails). None for other kinds of market, such
        as binary options."""
        index = self.index(instrument)
        if index is None:
            return None
        tick, lot = self.steps.get(index, (None, None))
        if index in KINDS[PERPETUAL]:
            return Terms.margined(CURRENCY, tick=tick, lot=lot)
        base, slash, quote = instrument.partition("/")
        return (
            Terms.spot(base, quote, tick=tick, lot=lot)
            if index in KINDS[SPOT] and base and slash and quote
            else None
        )


def _steps(details: Document) -> dict[int, Steps]:
    """Tick and lot of the markets of a list, from their numbers of decimals."""
    found = {}
    for name in DETAILS:
        for _, row in rows_of(details.get(name), MARKS):
            try:
                index, tick, lot = (
                    account_number(row, "market_id"),
                    *(_step(row, f"supported_{of}_decimals") for of in STEPS),
                )
            except (AttributeError, Unreadable):
                continue
            if index is not None and (tick or lot):
                found[index] = (tick, lot)
    return found


def _step(row: Document, name: str) -> Decimal | None:
    match row.get(name):
        case int(decimals) if not isinstance(decimals, bool) and 0 <= decimals <= MOST_DECIMALS:
            return ONE.scaleb(-decimals)
    return None


def _listed(details: Document) -> Iterable[tuple[int, str]]:
    for name in NAMING:
        for _, row in rows_of(details.get(name), MARKS):
            try:
                index, symbol = _named(row)
            except (AttributeError, Unreadable):
                continue
            if index is not None and index >= 0 and symbol is not None:
                yield index, symbol


def _named(row: Document) -> tuple[int | None, str | None]:
    """The market named in a row, as in rows of orders and trades since 2026. A binary option may
    have its underlying's symbol.
    """
    if row.get("market_symbol") is not None and word(row, "market_kind") in (PERPETUAL, SPOT):
        return account_number(row, "market_index" if "market_index" in row else "market_id"), word(
            row, "market_symbol"
        )
    return account_number(row, "market_id"), word(row, "symbol")
