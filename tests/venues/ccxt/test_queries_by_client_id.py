"""How each exchange is asked about an order by its client id: the requests that ccxt would send."""

import asyncio
from random import Random
from urllib.parse import unquote

import pytest

from orderledger.infrastructure.clock import SystemClock
from orderledger.venues.base.transport import Backoff
from orderledger.venues.ccxt.absence import rules
from orderledger.venues.ccxt.arguments import client_id_for
from orderledger.venues.ccxt.endpoints import CcxtEndpoints
from orderledger.venues.ccxt.quirks import quirks_of
from orderledger.venues.errors import VenueError
from tests.venues.ccxt.offline import ACCOUNT, SYMBOLS, entry, sent

QUERIES = [(name, *query) for name, rule in sorted(rules().items()) for query in rule.by_id]
FIELDS = {
    "binance": ("GET", "/api/v3/order", "origClientOrderId"),
    "bybit": ("GET", "/v5/order/", "orderLinkId"),
    "gate": ("GET", "/spot/orders/", ""),
    "kraken": ("POST", "Orders", "cl_ord_id"),
    "mexc": ("GET", "/api/v3/order", "origClientOrderId"),
    "okx": ("GET", "/api/v5/trade/order", "clOrdId"),
}
"""The method, a part of the path, and the field of the client id at spot markets: binance-spot-
api-docs, "Query order"; bybit-exchange/docs v5, open-order and order-list; gate.com, "Get a single
order"; docs.kraken.com, get-open-orders and get-closed-orders; mexc.com, "Query Order"; okx.com,
"Order details"."""


def test_an_absence_is_proved_by_a_query_or_by_a_list_that_is_never_cut() -> None:
    for name, rule in rules().items():
        assert bool(rule.by_id) != rule.lists_all_open, name


@pytest.mark.parametrize(("name", "method", "param"), [one for one in QUERIES if one[0] in FIELDS])
def test_the_request_has_the_client_id(name: str, method: str, param: str) -> None:
    async def asked() -> list[tuple[str, str]]:
        one = entry(name)
        endpoints = CcxtEndpoints(
            one._exchange,
            quirks_of(name),
            (),
            now=SystemClock().now,
            sleep=asyncio.sleep,
            backoff=Backoff(Random(1), first=0.001, most=0.002),
        )
        given = (None,) if method == "fetch_order" else ()
        rest = ({param: client_id},) if given else (None, None, {param: client_id})
        try:
            await endpoints._ask(method, *given, SYMBOLS["spot"], *rest)
        except VenueError:
            return [(verb, unquote(f"{url} {body or ''}")) for verb, url, _, body in sent(one)]
        finally:
            await one.aclose()
        raise AssertionError("the test's exchange answers nothing")

    client_id = client_id_for(quirks_of(name), ACCOUNT, "led1")
    verb, path, field = FIELDS[name]
    found_verb, request = asyncio.run(asked())[-1]
    assert found_verb == verb and path in request
    assert f"{field}={client_id}" in request if field else f"{path}{client_id}" in request
