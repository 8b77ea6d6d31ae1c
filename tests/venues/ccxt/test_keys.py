"""What a key may do, asked of a local server that answers in the documented shape of each
exchange."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import ccxt.async_support
import pytest
from aiohttp import web

from orderledger.venues import KeyPermissions, VenueError
from orderledger.venues.ccxt import key_readers as readers
from orderledger.venues.ccxt.exchange import connected
from orderledger.venues.ccxt.keys import QUERIES, permissions
from orderledger.venues.ccxt.settings import CcxtSettings

KEY, SECRET = "own-key", base64.b64encode(b"a secret of sixty-four bytes" * 3).decode()
AT = datetime(2024, 10, 9, 3, 17, 23, tzinfo=UTC)
KRAKEN = {
    "error": [],
    "result": {
        "apiKeyName": "bot",
        "apiKey": KEY,
        "nonce": "1",
        "nonceWindow": 0,
        "permissions": ["query-funds", "modify-trades", "close-trades"],
        "iban": "AA00 N84G WOQA BC3Y",
        "validUntil": "0",
        "queryFrom": "0",
        "queryTo": "0",
        "createdTime": "1728443843",
        "modifiedTime": "1728443843",
        "ipAllowlist": [],
        "lastUsed": "1728443843",
    },
}
KUCOIN = {
    "code": "200000",
    "data": {
        "remark": "account1",
        "apiKey": KEY,
        "apiVersion": 3,
        "permission": "General,Futures,Spot,Earn,InnerTransfer,Transfer,Margin",
        "ipWhitelist": "203.0.113.154,203.0.113.34",
        "createdAt": 1728443843000,
        "uid": 165111215,
        "isMaster": True,
    },
}
COINBASE = {
    "can_view": True,
    "can_trade": True,
    "can_transfer": False,
    "portfolio_uuid": "p-1",
    "portfolio_type": "DEFAULT",
}
BITFINEX = [["account", 1, 0], ["orders", 1, 1], ["withdraw", 0, 0], ["wallets", 1, 1]]
BINGX = {
    "code": 0,
    "msg": "",
    "data": {
        "ipRestrict": False,
        "createTime": 1728443843000,
        "enableReading": True,
        "enableSpotAndMarginTrading": True,
        "enableWithdrawals": True,
    },
}
DERIBIT = {
    "jsonrpc": "2.0",
    "id": 2553,
    "result": [
        {"timestamp": 1560236001108, "max_scope": "wallet:read_write", "client_id": "another"},
        {
            "timestamp": 1728443843000,
            "max_scope": "account:read block_trade:read trade:read_write wallet:read",
            "id": 1,
            "enabled": True,
            "client_id": KEY,
        },
    ],
}
UID = 63628520
HTX = {
    "code": 200,
    "message": "success",
    "data": [
        {
            "accessKey": KEY,
            "status": "normal",
            "note": "62924133",
            "permission": "readOnly,trade",
            "ipAddresses": "203.0.113.1,203.0.113.2",
            "validDays": -1,
            "createTime": 1728443843000,
            "updateTime": 1728443843000,
        }
    ],
}
ANSWERS: list[tuple[str, Any, str, KeyPermissions]] = [
    (
        "kraken",
        KRAKEN,
        "POST /0/private/GetApiKeyInfo",
        KeyPermissions(can_trade=True, can_withdraw=False, has_address_limit=False, created_at=AT),
    ),
    (
        "kucoin",
        KUCOIN,
        "GET /api/v1/user/api-key",
        KeyPermissions(can_trade=True, can_withdraw=True, has_address_limit=True, created_at=AT),
    ),
    (
        "coinbase",
        COINBASE,
        "GET /api/v3/brokerage/key_permissions",
        KeyPermissions(can_trade=True, can_withdraw=False),
    ),
    (
        "bitfinex",
        BITFINEX,
        "POST /v2/auth/r/permissions",
        KeyPermissions(can_trade=True, can_withdraw=False),
    ),
    (
        "bingx",
        BINGX,
        "GET /openApi/v1/account/apiPermissions",
        KeyPermissions(can_trade=True, can_withdraw=True, has_address_limit=False, created_at=AT),
    ),
    (
        "htx",
        HTX,
        "GET /v2/user/api-key",
        KeyPermissions(can_trade=True, can_withdraw=False, has_address_limit=True, created_at=AT),
    ),
    (
        "deribit",
        DERIBIT,
        "GET /api/v2/private/list_api_keys",
        KeyPermissions(can_trade=True, can_withdraw=False, created_at=AT),
    ),
]


@asynccontextmanager
async def answering(document: Any) -> AsyncIterator[tuple[str, list[str]]]:
    """The address of a server that gives this answer, and the requests that it has received."""
    received: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        received.append(f"{request.method} {request.path}")
        if request.path == "/v2/user/uid":
            return web.json_response({"code": 200, "data": UID})
        names = {"uid": str(UID), "accessKey": KEY}
        if request.path == "/v2/user/api-key" and not names.items() <= request.query.items():
            return web.json_response({"code": 2002, "message": "invalid field"}, status=400)
        return web.json_response(document)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", received
    finally:
        await runner.cleanup()


async def answered(name: str, document: Any) -> tuple[KeyPermissions, list[str]]:
    """What the exchange of this name reports about its key, and the requests for it."""
    async with answering(document) as (url, received):
        settings = {"venue": "ccxt", "exchange": name, "account": f"{name}:main"}
        credentials = {field: {"env": field.upper()} for field in needed(name)}
        exchange = connected(CcxtSettings.model_validate({**settings, "credentials": credentials}))
        exchange.urls["api"] = moved(exchange.urls["api"], url)
        try:
            return await permissions(exchange), received
        finally:
            await exchange.close()


def needed(name: str) -> list[str]:
    required = getattr(ccxt.async_support, name)().requiredCredentials
    return [field for field, is_needed in required.items() if is_needed]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for field, value in (("APIKEY", KEY), ("SECRET", SECRET), ("PASSWORD", "a password")):
        monkeypatch.setenv(field, value)


def moved(urls: Any, url: str) -> Any:
    if isinstance(urls, dict):
        return {name: moved(inner, url) for name, inner in urls.items()}
    return f"{url}{urlsplit(urls).path}"


@pytest.mark.parametrize(("name", "document", "request_", "expected"), ANSWERS)
def test_a_key_is_asked_about_and_the_answer_read(
    name: str, document: Any, request_: str, expected: KeyPermissions
) -> None:
    found, received = asyncio.run(answered(name, document))
    assert [one for one in received if one == request_] == [request_]
    assert found.source == QUERIES[name].name
    facts = ("can_trade", "can_withdraw", "has_address_limit", "created_at", "expires_at")
    assert [getattr(found, one) for one in facts] == [getattr(expected, one) for one in facts]


def deribit(scope: str) -> dict[str, Any]:
    return {"result": [{"client_id": KEY, "max_scope": scope}], "client_id": KEY}


@pytest.mark.parametrize(
    ("found", "can_trade", "can_withdraw"),
    [
        (readers.kraken({"result": {"permissions": ["withdraw-funds"]}}), False, True),
        (readers.kraken({"result": {"permissions": ["add-funds", "close-trades"]}}), False, False),
        (readers.kraken({"result": {}}), None, None),
        (readers.kucoin({"data": {"permission": "General,Spot,InnerTransfer"}}), True, False),
        (readers.kucoin({"data": {"permission": "General,Transfer"}}), False, True),
        (readers.kucoin({"data": {}}), None, None),
        (readers.coinbase({"can_trade": False, "can_transfer": True}), False, True),
        (readers.coinbase({}), None, None),
        (readers.bitfinex({"rows": [["withdraw", 1, 1], ["orders", 1, 0]]}), False, True),
        (readers.bitfinex({"rows": []}), None, None),
        (readers.deribit(deribit("trade:read wallet:read_write")), False, True),
        (readers.deribit(deribit("trade:read_write wallet:read")), True, False),
    ],
)
def test_each_right_is_read_by_its_own_word(
    found: KeyPermissions, can_trade: bool | None, can_withdraw: bool | None
) -> None:
    assert (found.can_trade, found.can_withdraw) == (can_trade, can_withdraw)


def test_times_and_address_limits_are_read_where_they_are_stated() -> None:
    limited = {"ipAllowlist": ["203.0.113.7"], "validUntil": "1728443843"}
    key = readers.kraken({"result": limited})
    assert (key.has_address_limit, key.expires_at) == (True, AT)
    assert readers.kucoin({"data": {"ipWhitelist": ""}}).has_address_limit is False
    limited = {"client_id": KEY, "ip_whitelist": ["203.0.113.7"]}
    assert readers.deribit({"result": [limited], "client_id": KEY}).has_address_limit


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("kraken", {"error": [], "result": []}),
        ("kucoin", {"code": "200000", "data": []}),
        ("bitfinex", [["orders"]]),
        ("htx", {"code": 200, "data": [{"accessKey": "another", "permission": "trade"}]}),
        ("htx", {"code": 200, "data": []}),
        ("deribit", {"result": [{"client_id": "another", "max_scope": "trade:read"}]}),
        ("kraken", {"error": ["EGeneral:Permission denied"]}),
    ],
)
def test_an_answer_that_says_nothing_about_the_key_is_not_a_permission(
    name: str, document: Any
) -> None:
    with pytest.raises(VenueError):
        asyncio.run(answered(name, document))
