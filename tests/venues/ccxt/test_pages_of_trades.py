"""More trades at one time than a page holds, and pages shorter than the limit: exchanges with a
cursor of their own, and exchanges that are read by times."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderledger import Fill, Ledger
from orderledger.venues import Down, Messages
from orderledger.venues.base.venue import Answer
from orderledger.venues.ccxt import cursors
from orderledger.venues.ccxt.cursors import CURSORS, Cursor, cursors_of
from orderledger.venues.ccxt.trade_pages import TradePages, missing_among
from orderledger.venues.ccxt.venue import CcxtVenue
from orderledger.venues.reconciliation.reconciler import Reconciler
from tests.venues.ccxt import braked

ACCOUNT = braked.ACCOUNT
MORE = {"binanceusdm": 2_300, "bybit": 230, "okx": 230}
"""Fills: more than two full pages."""
with_cursors = pytest.mark.parametrize("name", MORE)


class StillClock:
    """Stands still while `at` is set: all fills happen within one millisecond."""

    def __init__(self) -> None:
        self.at: datetime | None = None

    def now(self) -> datetime:
        return self.at or datetime.now(UTC)


def played(
    name: str, fills: int, story: Callable[[CcxtVenue, Ledger, Any], Awaitable[None]]
) -> None:
    """Fill an order many times in one millisecond, and read the account."""

    async def whole() -> None:
        server = braked.server(name)
        clock = server.exchange.clock = StillClock()
        terms: dict[str, Any] = {"side": "buy", "limit_price": "2000", "quantity": fills}
        order = server.exchange.place("main", instrument=braked.SYMBOLS[name], **terms)
        clock.at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=5)
        for _ in range(fills):
            server.exchange.fill(order, 1)
        clock.at = None
        async with server, asyncio.timeout(60):
            with Ledger.open("memory://") as ledger:
                venue = braked.venue(name, server.http_url, ledger)
                venue.poll_seconds = venue.idle_seconds = 0.1
                try:
                    await story(venue, ledger, server)
                finally:
                    await venue.aclose()

    asyncio.run(whole())


def fill_ids(answer: Answer) -> set[str]:
    return {one.fill_id for one in answer.messages if isinstance(one, Fill)}


async def reconciled(venue: CcxtVenue, ledger: Ledger) -> list[str]:
    """The kinds of breaks."""
    found = await Reconciler(ledger, venue, StillClock()).run(ACCOUNT)
    return [str(one.kind) for one in found.breaks]


async def listened(venue: CcxtVenue, ledger: Ledger, until: Callable[[Any], bool]) -> None:
    async with aclosing(venue.listen()) as listening:
        async for event in listening:
            if isinstance(event, Messages):
                ledger.record_many(event.messages)
            if until(event):
                return


@with_cursors
def test_more_trades_at_one_time_than_a_page_holds_are_all_read(name: str) -> None:
    async def story(venue: CcxtVenue, ledger: Ledger, server: Any) -> None:
        answer = await venue.fills_since(ACCOUNT, datetime.now(UTC) - timedelta(minutes=1))
        assert list(answer.faults) == []
        assert len(fill_ids(answer)) == MORE[name]

    played(name, MORE[name], story)


def test_pages_shorter_than_the_limit_are_turned_while_a_cursor_is_offered() -> None:
    async def story(venue: CcxtVenue, ledger: Ledger, server: Any) -> None:
        server.most_trades = 7
        await listened(venue, ledger, lambda _: len(ledger.trades()) == 25)

    played("bybit", 25, story)


def without_cursor(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(cursors, "CURSORS", {**CURSORS, name: ()})


def test_without_a_cursor_the_rows_that_were_read_count_and_the_rest_is_a_gap_and_a_break(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OKX without its cursor: a page of 100 rows hides the others."""
    without_cursor(monkeypatch, "okx")

    async def story(venue: CcxtVenue, ledger: Ledger, server: Any) -> None:
        told: list[Any] = []

        def is_read(event: Any) -> bool:
            told.append(event)
            return len(ledger.trades()) == 100 and any(isinstance(one, Down) for one in told)

        await listened(venue, ledger, is_read)
        (down,) = [one for one in told if isinstance(one, Down)]
        assert "may be missing: more at" in down.reason
        assert "unreadable_fill" in await reconciled(venue, ledger)
        assert len(ledger.trades()) == 100

    played("okx", 230, story)


def test_after_a_full_time_the_next_trades_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    without_cursor(monkeypatch, "binanceusdm")

    async def story(venue: CcxtVenue, ledger: Ledger, server: Any) -> None:
        late = server.exchange.place(
            "main", instrument="ETH/USDT:USDT", side="buy", limit_price="1999", quantity=1
        )
        server.exchange.fill(late, 1)
        answer = await venue.fills_since(ACCOUNT, datetime.now(UTC) - timedelta(minutes=1))
        assert len(fill_ids(answer)) == 1_000 + 1
        (fault,) = answer.faults
        assert "may be missing" in fault.fault

    played("binanceusdm", 1_200, story)


class ListedExchange:
    """A list of trades as an exchange may serve it. `page`: the rows of a page."""

    id = "unknown"
    markets = None
    last_json_response = None
    enableLastJsonResponse = False

    def __init__(
        self, times: list[int], *, newest_first: bool, page: int = 20, takes_until: bool = True
    ) -> None:
        self.rows: list[dict[str, Any]] = [
            {"id": str(number), "symbol": "X", "order": "1", "timestamp": at}
            for number, at in enumerate(sorted(times))
        ]
        self.newest_first, self.page = newest_first, page
        self.options = {"defaultType": "swap"}
        self.takes_until = takes_until
        self.queries = 0

    async def listed(
        self, symbol: str | None, since: int, limit: int | None, params: dict[str, Any]
    ) -> list[Any]:
        self.queries += 1
        end = params.get("until", 10**15) if self.takes_until else 10**15
        found = [one for one in self.rows if since <= one["timestamp"] <= end]
        return (found[::-1] if self.newest_first else found)[: self.page]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [20, None, 100])
@pytest.mark.parametrize("count", [0, 5, 19, 20, 21, 55, 200])
def test_a_list_that_is_read_by_times_is_complete(
    count: int, limit: int | None, newest_first: bool
) -> None:
    """A limit of 100: the exchange returns fewer rows than are asked for."""
    exchange = ListedExchange(
        [1_000 + at for at in range(count)], newest_first=newest_first, page=20
    )
    found = asyncio.run(TradePages(exchange.listed, exchange).of_period("X", 0, None, limit))
    assert len(found) == count
    assert missing_among(list(found.values())) is None


def test_a_list_whose_end_cannot_be_set_is_complete_from_the_oldest_row_on() -> None:
    exchange = ListedExchange([*range(1_000, 1_200)], newest_first=False, takes_until=False)
    found = asyncio.run(TradePages(exchange.listed, exchange).of_period("X", 0, None, 20))
    assert (len(found), missing_among(list(found.values()))) == (200, None)


def test_a_list_that_shows_the_newest_page_only_may_lack_the_others() -> None:
    exchange = ListedExchange([*range(1_000, 1_200)], newest_first=True, takes_until=False)
    found = asyncio.run(TradePages(exchange.listed, exchange).of_period("X", 0, None, 20))
    assert len(found) == 20 + 1
    assert "00:00:01.180000" in str(missing_among(list(found.values())))


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [20, None])
def test_a_time_with_more_trades_than_a_page_is_stepped_over_and_named(
    limit: int | None, newest_first: bool
) -> None:
    times = [*range(1_000, 1_030), *[2_000] * 50, *range(3_000, 3_030)]
    exchange = ListedExchange(times, newest_first=newest_first, page=20)
    found = asyncio.run(TradePages(exchange.listed, exchange).of_period("X", 0, None, limit))
    rows = [one for one in found.values() if isinstance(one, dict)]
    assert len(rows) == 30 + 20 + 30
    assert "00:00:02" in str(missing_among(list(found.values())))
    assert exchange.queries < 20


@pytest.mark.parametrize(
    ("exchange", "is_contract", "param", "document", "value"),
    [
        ("bitget", False, "idLessThan", {"data": [{"tradeId": "9"}, {"tradeId": "7"}]}, "7"),
        ("bitget", True, "idLessThan", {"data": {"fillList": [{}], "endId": "7"}}, "7"),
        ("bitget", True, "cursor", {"data": {"list": [{}], "cursor": "c"}}, "c"),
        ("kucoin", False, "lastId", {"data": {"items": [{}], "lastId": 7}}, 7),
        ("kucoin", True, "currentPage", {"data": {"items": [{}], "currentPage": 1}}, 2),
        ("gate", False, "page", [{}], 2),
        ("gate", True, "offset", [{}], 30),
        ("kraken", False, "ofs", {"result": {"trades": {}}}, 30),
        ("htx", False, "from", {"data": [{"id": 9}, {"id": 7}]}, 7),
        ("mexc", True, "page_num", {"data": [{}]}, 2),
        ("apex", True, "page", {"data": {}}, 1),
        ("binance", False, "fromId", [{"id": 7}, {"id": 9}], 10),
        ("okx", True, "after", {"data": [{"billId": "9"}, {"billId": "7"}]}, "7"),
        ("bybit", True, "cursor", {"result": {"nextPageCursor": "c"}}, "c"),
        ("coinbase", False, "cursor", {"cursor": "c"}, "c"),
        ("alpaca", False, "page_token", [{"id": "a"}, {"id": "b"}], "b"),
    ],
)
def test_the_next_page_of_an_exchange(
    exchange: str, is_contract: bool, param: str, document: Any, value: Any
) -> None:
    """After a first page of 30 rows."""
    ways = cursors_of(exchange, is_contract=is_contract)
    found = [(one.param, one.value(document, 30, 1)) for one in ways]
    assert next(one for one in found if one[1] is not None) == (param, value)


@pytest.mark.parametrize("document", [{}, [], None, {"result": {"nextPageCursor": ""}}])
def test_an_answer_without_a_cursor_ends_the_list(document: Any) -> None:
    (cursor,) = CURSORS["bybit"]
    assert isinstance(cursor, Cursor)
    assert cursor.value(document, 30, 1) is None
