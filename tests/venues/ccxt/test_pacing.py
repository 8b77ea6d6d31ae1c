"""ccxt's requests within the exchange's limits: orders, cancels and queries of one key together."""

import asyncio
from collections import Counter
from fnmatch import fnmatchcase
from typing import Any

import ccxt
import pytest

from orderledger import Gateway, Ledger, Request
from orderledger.gateway import GatewaySettings
from orderledger.simulation.ccxt.binance import quotas
from orderledger.simulation.ccxt.braked import Denied
from orderledger.simulation.ccxt.okx import OkxServer
from orderledger.venues.base.transport import RateLimiter
from orderledger.venues.base.transport.pacing import REQUESTS
from orderledger.venues.ccxt.pacing import ExchangePacing, tables
from tests.venues.ccxt import braked
from tests.venues.ccxt.harness import ACCOUNT, Account

SETTINGS = GatewaySettings(patience_seconds=30.0)
ORDERS = "futures_orders_10s"


def order(number: int) -> Request:
    return Request(
        account=ACCOUNT,
        client_order_id=f"C-{number}",
        instrument="ETH/USDT:USDT",
        side="buy",
        quantity="0.01",
        order_type="limit",
        limit_price="2000",
        time_in_force="gtc",
    )


def traded(monkeypatch: pytest.MonkeyPatch, story: Any) -> Any:
    async def whole() -> Any:
        account = Account("binanceusdm")
        async with account.open(monkeypatch):
            with Ledger.open("memory://", update_views=False) as ledger:
                async with (
                    asyncio.timeout(60),
                    Gateway(ledger, {ACCOUNT: account.entry}, limits=SETTINGS) as gateway,
                ):
                    return await story(account, gateway)

    return asyncio.run(whole())


def test_the_venue_and_the_entry_of_one_key_share_a_pacing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(account: Account, gateway: Gateway) -> None:
        assert account.entry.pacing is not None
        assert account.venue._endpoints.exchange.pacing.pacing is account.entry.pacing

    traded(monkeypatch, story)


def test_a_burst_of_orders_is_delayed_and_never_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(account: Account, gateway: Gateway) -> Any:
        account.server.quotas = quotas(orders_10s=300)
        pacing = account.entry.pacing
        assert pacing is not None
        pacing.limits[ORDERS] = RateLimiter(10, 1.0)
        found = await gateway.submit_many([order(number) for number in range(40)])
        return Counter(one.state for one in found), account.server.quotas.refused, account.server

    states, refused, server = traded(monkeypatch, story)
    assert (states, refused) == ({"acknowledged": 40}, Counter())
    sent = "POST /fapi/v1/batchOrders" if server.requests["POST /fapi/v1/batchOrders"] else ""
    assert server.most_in(1.0, sent or "POST /fapi/v1/order") <= 10


def test_a_ban_is_waited_out_without_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer 418 names the end of the ban. Until then no request leaves, of the collector
    neither. Then the order that was refused is sent again."""

    async def story(account: Account, gateway: Gateway) -> Any:
        account.server.quotas = limits = quotas()
        await gateway.submit(order(0))
        limits.ban(1.2)
        refused = gateway.submit_soon(order(1))
        while not limits.refused:
            await asyncio.sleep(0.01)
        first, second, _, canceled = await asyncio.gather(
            refused,
            gateway.submit(order(2)),
            account.venue.open_orders(ACCOUNT),
            gateway.cancel("C-0"),
        )
        return first, second, canceled, limits

    first, second, canceled, limits = traded(monkeypatch, story)
    assert first.state == "acknowledged"
    assert (second.state, canceled.state) == ("acknowledged", "acknowledged")
    assert (limits.too_early, limits.refused) == (1, {418: 1})


@pytest.mark.slow
def test_a_ban_longer_than_the_expiry_of_a_request_delays_orders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The window of a request is 5 s. One order is recorded before the ban is known, another in
    it."""

    async def story(account: Account, gateway: Gateway) -> Any:
        account.server.quotas = limits = quotas()
        await gateway.submit(order(0))
        pacing = account.entry.pacing
        assert pacing is not None
        pacing.limits[ORDERS] = RateLimiter(1, 1.5)
        await gateway.submit(order(1))
        waiting = gateway.submit_soon(order(2))
        while not any(one.is_waiting for one in gateway._sender.flights.values()):
            await asyncio.sleep(0.01)
        pacing.hold(9.0, "the venue banned this address")
        found = await asyncio.gather(waiting, gateway.submit(order(3)))
        return found, limits

    found, limits = traded(monkeypatch, story)
    assert [(one.state, one.reason) for one in found] == [("acknowledged", None)] * 2
    assert (limits.too_early, limits.refused) == (0, {})


def test_a_ban_longer_than_the_patience_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(account: Account, gateway: Gateway) -> Any:
        account.server.quotas = limits = quotas()
        await gateway.submit(order(0))
        limits.ban(3600)
        first = await gateway.submit(order(1))
        second = await gateway.submit(order(2))
        return first, second, limits

    first, second, limits = traded(monkeypatch, story)
    assert (first.state, first.reason) == ("rejected", "too_many_requests")
    assert (second.state, second.reason) == ("denied", "rate_limited")
    assert "banned this address" in (second.text or "")
    assert limits.too_early == 1


def endpoints(exchange: Any) -> list[str]:
    """The requests of an exchange, as `API METHOD PATH`."""
    found: list[str] = []

    def walk(rows: Any, where: list[str]) -> None:
        for name, inner in rows.items():
            if name.lower() in ("get", "post", "put", "delete", "patch"):
                found.extend(f"{'/'.join(where)} {name.upper()} {path}" for path in inner)
            elif isinstance(inner, dict):
                walk(inner, [*where, name])

    walk(exchange.api, [])
    return found


def test_every_row_of_the_table_names_requests_of_its_exchanges() -> None:
    limits, used, pauses = tables()
    for row in limits:
        known = endpoints(getattr(ccxt, row.exchanges[0])())
        for pattern in row.requests:
            assert any(fnmatchcase(one, pattern) for one in known), (row.name, pattern)
        assert row.source and (row.window is None) != (row.falls_by is None)
    assert all(row.source for row in used) and all(row.source for row in pauses)
    known_limits = {row.name for row in limits} | {REQUESTS}
    assert {row.limit for row in used} <= known_limits
    assert all(name in ccxt.exchanges for row in limits for name in row.exchanges)


@pytest.mark.parametrize(
    ("name", "api", "method", "path", "params", "costs"),
    [
        ("bybit", "private", "POST", "v5/order/create", {}, {"create": 1}),
        ("bybit", "private", "POST", "v5/order/create-batch", {"request": [1, 2]}, {"create": 2}),
        ("okx", "private", "POST", "trade/order", {"instId": "A"}, {"place A": 1, "account": 1}),
        ("kraken", "private", "POST", "AddOrder", {"pair": "XBTUSD"}, {"engine XBTUSD": 1}),
        (
            "gate",
            ["private", "spot"],
            "POST",
            "orders",
            {"currency_pair": "B"},
            {"spot_orders B": 1},
        ),
        ("deribit", "private", "GET", "get_order_state", {}, {}),
    ],
)
def test_orders_count_in_the_limits_of_their_exchange(
    name: str, api: Any, method: str, path: str, params: Any, costs: dict[str, int]
) -> None:
    pacing = ExchangePacing(getattr(ccxt, name)(), "key")
    assert pacing.costs(1, api, method, path, params) == {REQUESTS: 1000, **costs}
    assert pacing.costs(0, api, method, path, params) == costs


@pytest.mark.parametrize(
    ("name", "status", "headers", "text", "seconds"),
    [
        ("binanceusdm", 429, {"Retry-After": "7"}, "", 7),
        ("binanceusdm", 418, {}, "", 120),
        ("bybit", 403, {}, "", 600),
        ("bybit", 403, {"Retry-After": "2"}, '{"retMsg": "access too frequent"}', 600),
        ("bybit", 403, {"Retry-After": "900"}, "403, Access Too Frequent", 900),
        ("bybit", 403, {"Retry-After": "2"}, "Forbidden", 2),
        ("gate", 429, {"X-Gate-RateLimit-Reset-Timestamp": "1767614412"}, "", 12),
        ("kucoin", 429, {"gw-ratelimit-reset": "2500"}, "", 2.5),
        ("kraken", 200, {}, '{"error":["EService:Throttled: 1767614405"]}', 5),
    ],
)
def test_the_pause_that_an_answer_names_is_kept(
    name: str, status: int, headers: dict[str, str], text: str, seconds: float
) -> None:
    pacing = ExchangePacing(getattr(ccxt, name)(), f"key of {status} {text} {headers}")
    if status == 200:
        pacing.refused(status, headers, text, 1767614400.0)
    else:
        pacing.note(status, "", headers, text, 1767614400.0)
    assert pacing.pacing.held_seconds == pytest.approx(seconds, abs=0.1)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("50011", "Rate limit reached."),
        ("50061", "You've reached the maximum order rate limit for this account."),
    ],
)
def test_an_order_beyond_a_limit_that_okx_names_in_an_answer_is_sent_again(
    code: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """okx.com/docs-v5, "Error Code": both have the status 200. ccxt reads 50061 as a general
    error."""
    placed, codes = OkxServer._placed, [code]

    def turned_away(self: OkxServer, asked: Any) -> Any:
        if codes:
            raise Denied({"code": codes.pop(), "msg": text, "data": []})
        return placed(self, asked)

    monkeypatch.setattr(OkxServer, "_placed", turned_away)

    async def story() -> None:
        async with braked.server("okx") as server:
            with Ledger.open("memory://") as ledger:
                sender = braked.entry("okx", server.http_url)
                async with Gateway(ledger, {ACCOUNT: sender}) as gateway:
                    sent = await gateway.submit(braked.order("okx", 1))
                await sender.aclose()
                assert (sent.state, codes) == ("acknowledged", [])
                names = [one["name"] for one in ledger.history("C1", account=ACCOUNT)]
                assert sum(one.startswith("order_submitted") for one in names) == 2, names

    asyncio.run(story())
