"""The ledger's queries about one account, as calls of Lighter's REST."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger import Fill, Message
from orderledger.extend.messages import Report
from orderledger.extend.views import Row
from orderledger.venues.base.absence import sent_ids
from orderledger.venues.base.definitions import Now
from orderledger.venues.base.fields import Document, Unreadable, can_be_id, number
from orderledger.venues.base.translation import NO_ORDER, Translation, joined
from orderledger.venues.errors import VenueRefused, VenueUnavailable
from orderledger.venues.lighter.index_lookups import IndexLookups
from orderledger.venues.lighter.interpreting import Interpreter
from orderledger.venues.lighter.markets import DETAILS
from orderledger.venues.lighter.markets import MARKS as MARKET_ID
from orderledger.venues.lighter.orders import MARKS, changed_at
from orderledger.venues.lighter.reading import grain, index, rows_of
from orderledger.venues.lighter.rest import PAGE, Rest
from orderledger.venues.lighter.rest import code_of as code_in
from orderledger.venues.lighter.tokens import LighterAccount
from orderledger.venues.lighter.translate import orders_named
from orderledger.venues.lighter.vocabulary import (
    ACCOUNT_NOT_FOUND,
    CLIENT_ORDER_INDEX,
    EXPIRED_TOKEN,
    NOT_FOUND,
)

MOST_INACTIVE_PAGES = 10
SLACK = timedelta(minutes=1)
"""The tolerance between two clocks, and between two times of one row."""

FINAL = frozenset({EXPIRED_TOKEN, ACCOUNT_NOT_FOUND})
"""Refusals that another form of the query would not change."""


class LighterQueries:
    """Answers as translations. An answer in several payloads is read as one."""

    def __init__(self, rest: Rest, interpreter: Interpreter, now: Now) -> None:
        self._rest = rest
        self._interpreter = interpreter
        self._now = now
        self._lookups = IndexLookups(rest, interpreter.accounts)
        self._needs_market = False
        self._has_fundings = False
        """False if this deployment has never answered the query about them: some have no such
        call."""

    async def open_orders(
        self, account: str, asked_at: datetime
    ) -> tuple[Translation, frozenset[str]]:
        """All open orders, and their ids."""
        await self._interpreter.load()
        pages = await self._active(account)
        translation = joined(
            [await self._interpreter.read(account, page, asked_at) for page in pages]
        )
        return self._interpreter.settle(account, translation), frozenset(
            name for page in pages for name in orders_named(page)
        )

    async def order(self, account: str, order: Row) -> Translation | None:
        """One order: by its client order index, among the active orders, then among the
        inactive; and its fills.
        """
        if any(name.startswith(NO_ORDER) for name in order["venue_order_ids"]):
            return None
        await self._interpreter.load()
        rows = await self._rows_of(account, order)
        translation = await self._interpreter.read(account, {"orders": rows}, self._now())
        if translation.faults and not translation.messages:
            return translation
        ids = dict.fromkeys([*order["venue_order_ids"], *orders_named({"orders": rows})])
        fills = Translation()
        if not rows or any(_claims_other(message, order) for message in translation.messages):
            fills = joined([await self._fills_of(account, name) for name in ids if can_be_id(name)])
        if not fills.messages and not fills.faults and not rows:
            return None
        return self._interpreter.settle(account, fills + translation)

    async def fills_since(self, account: str, since: datetime) -> Translation:
        """Fills and fundings, page after page back to `since`, oldest first."""
        await self._interpreter.load()
        fills = await self._back_to(
            since,
            account,
            "trades",
            {"sort_by": "timestamp", "sort_dir": "desc", "aggregate": "false"},
        )
        try:
            fundings = await self._back_to(
                since, account, "positionFunding", {}, name="position_fundings"
            )
            self._has_fundings = True
        except VenueRefused as refused:
            if refused.status != NOT_FOUND or self._has_fundings:
                raise
            fundings = Translation()
        translation = fills + fundings
        found = [message for message in translation.messages if _is_since(message, since)]
        found.reverse()
        return self._interpreter.settle(
            account, replace(translation, messages=sorted(found, key=_at))
        )

    async def positions(self, account: str) -> Translation:
        """All positions, and the currencies."""
        await self._interpreter.load()
        own = self._account(account)
        document = await self._rest.get("account", {"by": "index", "value": own.account_index}, own)
        if not document.get("accounts"):
            raise VenueUnavailable("account: the account is not in the answer")
        return await self._interpreter.read(account, document, self._now())

    async def prices(self, instruments: Sequence[str]) -> dict[str, Decimal]:
        """The mark price of each market, else its last trade.

        Source: lighter-sdk, `PerpsOrderBookDetail` and `SpotOrderBookDetail`.
        """
        document = await self._rest.get("orderBookDetails", {})
        self._interpreter.markets = markets = self._interpreter.markets.learned(document)
        found: dict[str, Decimal] = {}
        lists = (document.get(name) for name in DETAILS)
        for _, row in (pair for rows in lists for pair in rows_of(rows, MARKET_ID)):
            name = markets.symbols.get(int(index(row, "market_id") or 0))
            price = number(row, "mark_price") or number(row, "last_trade_price")
            if name in instruments and price:
                found[str(name)] = price
        return found

    def _account(self, account: str) -> LighterAccount:
        return self._interpreter.accounts[account]

    async def _active(self, account: str) -> list[Document]:
        """The pages of all active orders, market by market if the venue requires it."""
        if not self._needs_market:
            try:
                return await self._active_in(account, {})
            except VenueRefused as refused:
                if code_in(refused.said) in (None, *FINAL):  # None: a refusal by a proxy
                    raise
        await self._interpreter.learn()  # a new market may hold an order too
        pages: list[Document] = []
        for market in sorted(self._interpreter.markets.symbols):
            pages += await self._active_in(account, {"market_id": market})
        self._needs_market = True
        return pages

    async def _active_in(self, account: str, params: dict[str, int]) -> list[Document]:
        own = self._account(account)
        asked = {"account_index": own.account_index, **params}
        return [
            page async for page in self._rest.listed("accountActiveOrders", asked, own, "orders")
        ]

    async def _rows_of(self, account: str, order: Row) -> list[Any]:
        """The rows of one order, from the first list that has it."""
        indexes = sent_ids(order["aliases"], CLIENT_ORDER_INDEX)
        for name in indexes:
            rows = _rows(await self._by_index(account, name), order)
            if rows:
                return rows
        if not indexes and order["venue_order_ids"]:
            rows = [row for page in await self._active(account) for row in _rows(page, order)]
            if rows:
                return rows
        return await self._among_inactive(account, order)

    async def _by_index(self, account: str, client_order_index: str) -> Document:
        """The rows with a client order index. A deployment without that call lists all active
        orders instead."""
        try:
            return await self._lookups.answer(account, client_order_index)
        except VenueRefused as refused:
            if code_in(refused.said) in FINAL:
                raise
            pages = await self._active(account)
            return {
                "orders": [row for page in pages for _, row in rows_of(page.get("orders"), MARKS)]
            }

    async def _among_inactive(self, account: str, order: Row) -> list[Any]:
        """The rows of one order, from the newest back to the time of the request."""
        own = self._account(account)
        params: dict[str, str | int] = {"account_index": own.account_index, "limit": PAGE}
        begun = order["requested_at"] or order["acknowledged_at"]
        pages = 0
        async for page in self._rest.listed("accountInactiveOrders", params, own, "orders"):
            rows = _rows(page, order)
            pages += 1
            if (
                rows
                or pages == MOST_INACTIVE_PAGES
                or (begun is not None and _oldest_is_before(page, begun - SLACK))
            ):
                return rows
        return []

    async def _fills_of(self, account: str, venue_order_id: str) -> Translation:
        own = self._account(account)
        params: dict[str, str | int] = {
            "account_index": own.account_index,
            "order_index": venue_order_id,
            "sort_by": "timestamp",
            "limit": PAGE,
            "aggregate": "false",
        }
        translation = joined(
            [
                await self._interpreter.read(account, page, self._now())
                async for page in self._rest.listed("trades", params, own, "trades")
            ]
        )
        fills = [
            fill
            for fill in translation.messages
            if isinstance(fill, Fill) and fill.venue_order_id == venue_order_id
        ]
        return replace(translation, messages=sorted(fills, key=_at))

    async def _back_to(
        self,
        since: datetime,
        account: str,
        call: str,
        params: dict[str, str | int],
        *,
        name: str | None = None,
    ) -> Translation:
        """All pages, newest first, until one has a message that is older than `since`."""
        own, pages = self._account(account), list[Translation]()
        asked: dict[str, str | int] = {"account_index": own.account_index, "limit": PAGE, **params}
        async for page in self._rest.listed(call, asked, own, name or call):
            pages.append(await self._interpreter.read(account, page, self._now()))
            if any(
                message.at is not None and message.at < since - SLACK
                for message in pages[-1].messages
            ):
                break
        return joined(pages)


def _rows(document: Document, order: Row) -> list[Any]:
    """The rows of this order in a list, by the venue's id or the client order index."""
    indexes = sent_ids(order["aliases"], CLIENT_ORDER_INDEX)
    found = []
    for _, row in rows_of(document.get("orders"), MARKS):
        try:
            ids = (
                index(row, "order_id", "order_index"),
                index(row, "client_order_id", "client_order_index"),
            )
        except (Unreadable, AttributeError):
            continue
        if ids[0] in order["venue_order_ids"] or ids[1] in indexes:
            found.append(row)
    return found


def _oldest_is_before(page: Document, moment_at: datetime) -> bool:
    times = []
    for _, row in rows_of(page.get("orders"), MARKS):
        try:
            times.append(changed_at(row))
        except (Unreadable, AttributeError):
            continue
    return bool(times) and min(times) < moment_at


def _claims_other(message: Message, order: Row) -> bool:
    """True if the venue claims a filled quantity other than the recorded one."""
    claims = message.reported if isinstance(message, Report) else None
    return (
        claims is not None
        and claims.cum_quantity is not None
        and claims.cum_quantity != order["cum_quantity"]
    )


def _at(message: Message) -> datetime:
    assert message.at is not None
    return message.at


def _is_since(message: Message, since: datetime) -> bool:
    """True if it may have happened since then: a time in whole seconds may be any moment of that
    second."""
    at = _at(message)
    return at + grain(at) > since if at.microsecond % 1000 == 0 else at >= since
