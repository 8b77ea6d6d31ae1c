"""`CcxtEndpoints`: the queries of one account through ccxt, with retries and pages. ccxt's own
limiter paces them.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from orderledger import TransferKind
from orderledger.extend.runtime import EventLogger
from orderledger.venues.base.transport import Backoff
from orderledger.venues.base.transport.patience import seconds_for
from orderledger.venues.ccxt.calls import waiting
from orderledger.venues.ccxt.exchange import asked
from orderledger.venues.ccxt.lists import milliseconds, rows_since, time_of
from orderledger.venues.ccxt.open_pages import all_open
from orderledger.venues.ccxt.quirks import Quirks
from orderledger.venues.ccxt.reading import price_of
from orderledger.venues.ccxt.single_orders import SingleOrders
from orderledger.venues.ccxt.terms_sent import is_of_contracts
from orderledger.venues.ccxt.trade_pages import TradePages
from orderledger.venues.errors import VenueRefused, VenueUnavailable

ATTEMPTS = 3
FOREVER_DAYS = 1_000
"""ccxt's features state 10,000 days or more if there is no limit."""
ORDER_LISTS = {
    "fetchOrders": "fetch_orders",
    "fetchCanceledAndClosedOrders": "fetch_canceled_and_closed_orders",
    "fetchClosedOrders": "fetch_closed_orders",
}
"""Lists that hold ended orders, by their names in `has`."""

TRANSACTION_LISTS = {
    "fetchDeposits": (TransferKind.DEPOSIT, "fetch_deposits"),
    "fetchWithdrawals": (TransferKind.WITHDRAWAL, "fetch_withdrawals"),
}
"""By their names in `has`, what they hold and the method."""

logger = EventLogger(__name__)


class CcxtEndpoints:
    """Queries return unified rows. Each raises VenueUnavailable after `ATTEMPTS` attempts, or
    VenueRefused at once."""

    def __init__(
        self,
        exchange: Any,
        quirks: Quirks,
        symbols: tuple[str, ...],
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        backoff: Backoff,
    ) -> None:
        self.exchange = exchange
        self.symbols = symbols
        self._quirks = quirks
        self._now = now
        self._sleep = sleep
        self._backoff = backoff
        self._pages = TradePages(partial(self._listed, "fetch_my_trades"), exchange)
        self.single = SingleOrders(exchange, quirks, self._ask, self.past_orders)

    def needs_symbol(self, method: str) -> bool:
        """Whether ccxt's features state that this list covers one symbol."""
        return not self._quirks.lists_all and bool(self._feature(method, "symbolRequired"))

    def trades_begin_at(self) -> datetime | None:
        """The time before which the exchange lists no trades."""
        days = self._feature("fetchMyTrades", "daysBack")
        return self._now() - timedelta(days=days) if days and days < FOREVER_DAYS else None

    async def load_markets(self) -> None:
        """Make ccxt load the exchange's markets, which all other queries need."""
        await self._ask("load_markets")

    async def open_orders(self, symbol: str | None = None) -> list[Any]:
        """All open orders, also those that wait for a trigger. `symbol`: only those of one, which
        costs less."""
        plain = (symbol,) if symbol else self._symbols("fetchOpenOrders")
        lists: list[tuple[Any, ...]] = [(one,) for one in plain]
        if (space := self._quirks.conditional) is not None:
            conditional = (symbol,) if symbol else self.symbols or (None,)
            lists += [(one, None, None, params) for one in conditional for params in space.lists]
        listed = partial(self._listed, "fetch_open_orders")
        return [row for one in lists for row in await all_open(listed, self._quirks, *one)]

    def may_be_cut(self, rows: list[Any]) -> bool:
        """Whether a list of open orders has the maximal length of one answer: more may be open.
        False if its pages are turned."""
        if self._quirks.cursor is not None:
            return False
        limit = self._feature("fetchOpenOrders", "limit")
        return limit is not None and len(rows) >= limit

    async def past_orders(
        self, symbol: str | None, since: datetime | None, *, is_conditional: bool = False
    ) -> list[Any]:
        """Orders that may have ended, from the first list that the exchange supports."""
        method = next(
            (method for name, method in ORDER_LISTS.items() if self.exchange.has.get(name)), None
        )
        params = (None, {"trigger": True}) if is_conditional else ()
        begin = milliseconds(since) if since else None
        return await self._listed(method, symbol, begin, *params) if method else []

    async def trades(self, since: datetime, symbol: str | None = None) -> list[Any]:
        """All trades from `since` on, oldest first. A text among them: see `missing_among`."""
        rows: dict[str, Any] = {}
        limit = self._feature("fetchMyTrades", "limit")
        for one in [symbol] if symbol else self._symbols("fetchMyTrades"):
            for begin, end in self._windows(since):
                rows |= await self._pages.of_period(one, begin, end, limit)
        return sorted(rows.values(), key=time_of)

    async def positions(self) -> list[Any]:
        """All positions in contracts."""
        if not is_of_contracts(self.exchange) or not self.exchange.has.get("fetchPositions"):
            return []
        return await self._listed("fetch_positions", list(self.symbols) or None)

    async def balance(self) -> Any:
        """The currencies."""
        return await self._ask("fetch_balance")

    async def prices(self, symbols: Sequence[str]) -> dict[str, Decimal]:
        """The mark price of contracts; else the middle of bid and ask, else the last trade.

        Source: docs.ccxt.com, "Ticker structure" and "Mark Price".
        """
        known = [symbol for symbol in symbols if symbol in (self.exchange.markets or {})]
        has, is_marked = self.exchange.has, is_of_contracts(self.exchange)
        if not known:
            return {}
        if is_marked and has.get("fetchMarkPrices") is True:
            rows = await self._ask("fetch_mark_prices", known)
        elif has.get("fetchTickers") is True:
            rows = await self._ask("fetch_tickers", known)
        else:
            rows = {one: await self._ask("fetch_ticker", one) for one in known}
        found = {symbol: price_of(rows.get(symbol)) for symbol in known}
        return {symbol: price for symbol, price in found.items() if price is not None}

    async def fundings(self, since: datetime) -> list[Any]:
        """Funding payments from `since` on, if ccxt can list them."""
        if not is_of_contracts(self.exchange) or not self.exchange.has.get("fetchFundingHistory"):
            return []
        rows = []
        for symbol in self.symbols or (None,):
            rows += await self._all_since("fetch_funding_history", symbol, since, {})
        return rows

    async def transactions(self, since: datetime) -> list[Any]:
        """Deposits and withdrawals of a spot account."""
        rows = []
        for kind in sorted(self.listed):
            method = next(method for one, method in TRANSACTION_LISTS.values() if one == kind)
            rows += await self._unless_refused(method, since, {})
        return rows

    async def ledger(self, since: datetime) -> list[Any]:
        """The entries of the account's ledger."""
        if not self._has_ledger:
            return []
        return await self._unless_refused("fetch_ledger", since, dict(self._quirks.ledger))

    @property
    def lists_transfers(self) -> bool:
        """Whether there is any list of them."""
        return self._has_ledger or bool(self.listed)

    @property
    def _has_ledger(self) -> bool:
        is_listed = self._quirks.ledger_of_spot or is_of_contracts(self.exchange)
        return is_listed and self.exchange.has.get("fetchLedger") is True

    @property
    def listed(self) -> frozenset[TransferKind]:
        """Kinds that have lists of their own. Those of contracts are about other wallets."""
        if is_of_contracts(self.exchange):
            return frozenset()
        has = self.exchange.has
        return frozenset(
            kind for name, (kind, _) in TRANSACTION_LISTS.items() if has.get(name) is True
        )

    async def _unless_refused(
        self, method: str, since: datetime, params: dict[str, Any]
    ) -> list[Any]:
        """A list, or nothing and a warning if the key may not read it."""
        try:
            return await self._all_since(method, None, since, params)
        except VenueRefused as refusal:
            logger.warning("list_refused", list=method, why=str(refusal))
            return []

    async def _all_since(
        self, method: str, symbol: str | None, since: datetime, params: dict[str, Any]
    ) -> list[Any]:
        """All rows of a list from a time on."""

        async def page(begin: int, more: dict[str, Any]) -> list[Any]:
            return await self._listed(method, symbol, begin, None, {**params, **more})

        return await rows_since(page, milliseconds(since))

    def _windows(self, since: datetime) -> Iterator[tuple[int, int | None]]:
        """The period from `since` on, in parts that one query may cover. The last part has no
        end.
        """
        days = self._feature("fetchMyTrades", "untilDays")
        begin, now = since, self._now()
        while days and days < FOREVER_DAYS and now - begin > timedelta(days=days):
            end = begin + timedelta(days=days)
            yield milliseconds(begin), milliseconds(end)
            begin = end
        yield milliseconds(begin), None

    def _symbols(self, method: str) -> tuple[str | None, ...]:
        return self.symbols if self.needs_symbol(method) else (None,)

    def _feature(self, method: str, name: str) -> Any:
        kind = str(self.exchange.options.get("defaultType", "spot"))
        sub_type = (
            None if kind == "spot" else str(self.exchange.options.get("defaultSubType") or "linear")
        )
        return self.exchange.feature_value_by_type(kind, sub_type, method, name)

    async def _listed(self, method: str, *arguments: Any) -> list[Any]:
        rows = await self._ask(method, *arguments)
        if not isinstance(rows, list):
            raise VenueUnavailable(f"{method}: the answer is not a list")
        return rows

    async def _ask(self, method: str, *arguments: Any) -> Any:
        backoff = self._backoff.anew()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with waiting(seconds_for(attempt)):
                    return await asked(partial(getattr(self.exchange, method), *arguments), method)
            except VenueUnavailable as error:
                if attempt == ATTEMPTS:
                    raise
                logger.debug("no_answer", why=str(error), attempt=attempt, attempts=ATTEMPTS)
                await self._sleep(backoff.next())
        raise AssertionError("unreachable")
