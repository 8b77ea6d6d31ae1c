"""The terms of instruments, from `meta` and `spotMeta`: kind, currencies and lot. Sources:
hyperliquid.gitbook.io, "Perpetuals" (`meta`: `collateralToken`) and "Spot" (`spotMeta`: `tokens` of
a pair are base and quote)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger.extend.values import ONE
from orderledger.venues.base.definitions import Now, Terms
from orderledger.venues.errors import VenueError
from orderledger.venues.hyperliquid.endpoints import HyperliquidEndpoints
from orderledger.venues.hyperliquid.rows import Row, Unreadable
from orderledger.venues.hyperliquid.vocabulary import (
    OTHER_MARKETS,
    SETTLEMENT_CURRENCY,
    Symbols,
)

KNOWN_FOR = timedelta(hours=6)
RETRY = timedelta(minutes=1)
MOST_DECIMALS = 18


class Instruments:
    """The terms by coin, from the last lists of some exchanges."""

    def __init__(
        self, endpoints: HyperliquidEndpoints, exchanges: Sequence[str], symbols: Symbols, now: Now
    ) -> None:
        self._endpoints = endpoints
        self._exchanges = exchanges
        self._symbols = symbols
        self._now = now
        self._terms: dict[str, Terms] = {}
        self._due_at = datetime.min.replace(tzinfo=UTC)

    async def load(self) -> None:
        """Query the lists, unless they were queried lately. If the venue does not answer, only
        the terms are missing.
        """
        now = self._now()
        if now < self._due_at:
            return
        self._due_at = now + RETRY
        try:
            spot = await self._endpoints.spot_meta()
            perpetuals = [await self._endpoints.meta(exchange) for exchange in self._exchanges]
        except VenueError:
            return
        self._due_at = now + KNOWN_FOR
        tokens = tokens_of(spot)
        self._terms = spot_terms(spot, tokens)
        for exchange, meta in zip(self._exchanges, perpetuals, strict=True):
            self._terms |= perpetual_terms(meta, exchange, tokens)

    @property
    def collaterals(self) -> frozenset[str]:
        """The tokens in which perpetuals settle."""
        settlements = (terms.settlement for terms in self._terms.values())
        return frozenset({SETTLEMENT_CURRENCY, *(name for name in settlements if name)})

    def terms_of(self, instrument: str) -> Terms | None:
        coin = self._symbols.coin(instrument)
        return self._terms.get(coin) or terms_by_name(coin)


def terms_by_name(coin: str) -> Terms | None:
    """The terms that follow from the name of a coin. A perpetual of the main exchange is settled
    in USDC, a spot pair in its quote token.
    """
    if OTHER_MARKETS.isdisjoint(coin):
        return Terms.margined(SETTLEMENT_CURRENCY)
    base, slash, quote = coin.partition("/")
    return Terms.spot(base, quote) if base and slash and quote else None


def tokens_of(spot_meta: Any) -> dict[int, tuple[str, int | None]]:
    """Name and size decimals of each token, by its index. Unreadable rows are left out."""
    found = {}
    for row in _rows(spot_meta, "tokens"):
        try:
            index, name = row.count("index"), row.word("name")
        except Unreadable:
            continue
        if index is not None and name is not None:
            found[index] = (name, _decimals(row))
    return found


def spot_terms(spot_meta: Any, tokens: Mapping[int, tuple[str, int | None]]) -> dict[str, Terms]:
    """The terms of each pair, by its coin (`PURR/USDC`, `@107`): the quote token, and the lot of
    the base token."""
    found = {}
    for row in _rows(spot_meta, "universe"):
        match row.raw:
            case {"name": str(coin), "tokens": [int(base), int(quote)]} if {base, quote} <= {
                *tokens
            }:
                name, decimals = tokens[base]
                found[coin] = Terms.spot(name, tokens[quote][0], lot=_lot(decimals))
    return found


def perpetual_terms(
    meta: Any, exchange: str, tokens: Mapping[int, tuple[str, int | None]]
) -> dict[str, Terms]:
    """The terms of each perpetual of an exchange, which is settled in its collateral token. If
    none is stated, the main exchange's is USDC.
    """
    collateral = meta.get("collateralToken") if isinstance(meta, dict) else None
    default = SETTLEMENT_CURRENCY if not exchange else None
    currency = (
        tokens[collateral][0] if isinstance(collateral, int) and collateral in tokens else default
    )
    names = ((row, row.raw.get("name")) for row in _rows(meta, "universe"))
    return {
        name: Terms.margined(currency, lot=_lot(_decimals(row)))
        for row, name in names
        if isinstance(name, str) and currency is not None
    }


def _rows(payload: Any, name: str) -> list[Row]:
    rows = payload.get(name) if isinstance(payload, dict) else None
    return [Row(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _decimals(row: Row) -> int | None:
    try:
        decimals = row.count("szDecimals")
    except Unreadable:
        return None
    return decimals if decimals is not None and decimals <= MOST_DECIMALS else None


def _lot(decimals: int | None) -> Decimal | None:
    return None if decimals is None else ONE.scaleb(-decimals)
