"""Requests that send orders leave once, whatever their method. A real server takes the first one
and closes the connection."""

import asyncio
import contextlib
import json
from collections.abc import Iterable
from typing import Any

import ccxt
import pytest
from aiohttp import web

from orderledger.infrastructure.clock import SystemClock
from orderledger.simulation.market import ExchangeSimulator
from orderledger.simulation.servers.server import VenueServer
from orderledger.venues import NotSent, Unanswered
from orderledger.venues.ccxt.exchange import connected
from orderledger.venues.ccxt.order_entry import CcxtOrderEntry
from tests.venues.ccxt.harness import ACCOUNT, Account
from tests.venues.ccxt.offline import entry, order

BUY, CANCEL, EDIT = (f"/api/v2/private/{what}" for what in ("buy", "cancel", "edit"))
REFUSALS = {
    BUY: {"code": 10009, "message": "not_enough_funds"},
    CANCEL: {"code": 10004, "message": "order_not_found"},
    EDIT: {"code": 11044, "message": "not_open_order"},
}
"""What Deribit answers to the repetition of a request that was done (docs.deribit.com, RPC error
codes)."""


class DeribitServer(VenueServer):
    """Takes orders by GET, as Deribit does (ccxt/deribit.py, `privateGetBuy`). The first one that
    acts has no answer."""

    redirects = False
    loses_query = False

    def __init__(self) -> None:
        super().__init__(ExchangeSimulator(clock=SystemClock(), accounts=["main"]))
        self.taken: list[str] = []
        self.peers: list[Any] = []

    def routes(self) -> Iterable[web.RouteDef]:
        acts = (web.get(path, self._take) for path in REFUSALS)
        return [
            *acts,
            web.get("/api/v2/public/get_time", self._time),
            web.delete("/api/v4/spot/orders/{id}", self._take),
        ]

    async def _time(self, request: web.Request) -> web.Response:
        self._note(request)
        if self.loses_query and len(self.peers) == 1 and request.transport is not None:
            request.transport.close()
        return self.answer({"jsonrpc": "2.0", "result": 1, "testnet": False})

    async def _take(self, request: web.Request) -> web.Response:
        self._note(request)
        self.taken.append(request.path)
        if len(self.taken) == 1 and self.redirects:
            raise web.HTTPTemporaryRedirect(request.path_qs)
        if len(self.taken) == 1 and request.transport is not None:
            request.transport.close()
        refusal = REFUSALS.get(request.path)
        document = (
            {"jsonrpc": "2.0", "error": refusal}
            if refusal
            else {"label": "ORDER_NOT_FOUND", "message": "not found"}
        )
        return web.Response(text=json.dumps(document), status=400, content_type="application/json")

    def _note(self, request: web.Request) -> None:
        self.peers.append(request.transport and request.transport.get_extra_info("peername"))


async def sent(sender: CcxtOrderEntry, what: str, kind: str) -> Any:
    row = order(kind, venue_order_id="12345")
    match what:
        case "submit":
            return await sender.submit(order(kind))
        case "cancel":
            return await sender.cancel(row, "R-1")
        case _:
            return await sender.replace(row, {"request_id": "R-1", "quantity": row["quantity"] + 1})


@pytest.mark.parametrize("redirects", [False, True])
@pytest.mark.parametrize(
    ("name", "kind", "what"),
    [
        ("deribit", "swap", "submit"),
        ("deribit", "swap", "cancel"),
        ("deribit", "swap", "replace"),
        ("gate", "spot", "cancel"),
    ],
)
def test_a_request_that_was_taken_and_not_answered_leaves_once(
    name: str, kind: str, what: str, redirects: bool
) -> None:
    """aiohttp repeats GET, PUT and DELETE after a lost connection (aiohttp/client.py,
    `IDEMPOTENT_METHODS`)."""

    async def whole() -> None:
        async with DeribitServer() as server:
            server.redirects = redirects
            sender = entry(name, kind, url=server.http_url)
            try:
                with pytest.raises(Unanswered) as raised:
                    await sent(sender, what, kind)
            finally:
                await sender.aclose()
            assert (len(server.taken), raised.value.reason) == (1, "no_answer")

    asyncio.run(whole())


def test_an_order_on_a_connection_that_was_kept_alive_leaves_once() -> None:
    async def whole() -> None:
        async with DeribitServer() as server:
            sender = entry("deribit", "swap", url=server.http_url)
            try:
                await sender._exchange.fetch_time()
                with pytest.raises(Unanswered):
                    await sender.submit(order("swap"))
            finally:
                await sender.aclose()
            assert server.taken == [BUY]
            assert server.peers[0] == server.peers[1], "the order has the connection of the query"

    asyncio.run(whole())


@pytest.mark.parametrize("what", ["submit", "cancel", "replace"])
def test_a_request_that_found_no_connection_is_not_sent(what: str) -> None:
    async def whole() -> None:
        async with DeribitServer() as server:
            sender = entry("deribit", "swap", url=server.http_url)
            await server.stop()
            try:
                with pytest.raises(NotSent) as raised:
                    await sent(sender, what, "swap")
            finally:
                await sender.aclose()
            assert (raised.value.reason, server.taken) == ("not_connected", [])

    asyncio.run(whole())


def test_an_order_that_was_taken_stays_sent_if_a_query_after_it_finds_no_connection() -> None:
    """A request builder of ccxt may query something after the order."""

    async def whole() -> None:
        async with DeribitServer() as server:
            sender = entry("deribit", "swap", url=server.http_url)
            exchange = sender._exchange
            made = exchange.create_order

            async def followed(*asked: Any) -> Any:
                with contextlib.suppress(ccxt.BaseError):
                    await made(*asked)
                await server.stop()
                return await exchange.fetch_time()

            exchange.create_order = followed
            try:
                with pytest.raises(Unanswered):
                    await sender.submit(order("swap"))
            finally:
                await sender.aclose()
            assert server.taken == [BUY]

    asyncio.run(whole())


def test_a_query_is_repeated_after_a_lost_connection() -> None:
    """A query changes nothing: a connection that the server has closed while it was idle costs no
    answer."""

    async def whole() -> None:
        async with DeribitServer() as server:
            sender = entry("deribit", "swap", url=server.http_url)
            server.loses_query = True
            try:
                assert int(await sender._exchange.fetch_time()) == 1
            finally:
                await sender.aclose()
            assert len(server.peers) == 2

    asyncio.run(whole())


def test_ccxt_is_not_asked_to_send_an_order_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """ccxt repeats any request after an error of the network if its option `maxRetriesOnFailure`
    says so (base/exchange.py)."""

    async def whole() -> None:
        async with Account("binanceusdm").open(monkeypatch) as account:
            exchange = connected(account.settings(options={"maxRetriesOnFailure": 2}), sends=True)
            sender = CcxtOrderEntry(exchange, account=ACCOUNT, now=account.clock.now)
            row = account.request()
            try:
                await sender._load_markets()
                account.faults.plan_answers("lose_answer")
                with pytest.raises(Unanswered):
                    await sender.submit(row)
            finally:
                await sender.aclose()
            assert account.server.requests["POST /fapi/v1/order"] == 1

    asyncio.run(whole())
