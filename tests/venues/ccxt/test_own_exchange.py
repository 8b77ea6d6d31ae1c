"""Look-ups of a venue and an order entry, by name or with the caller's own exchange object."""

import asyncio
from typing import Any

import ccxt.async_support
import pytest

from orderledger import InvalidSetting
from orderledger.extend.runtime import secrecy
from orderledger.venues import order_entry, venue
from orderledger.venues.ccxt.exchange import _moved
from tests.venues.ccxt.harness import ACCOUNT, CREDENTIALS, SENDING_KEYS, Account, both


@both
def test_the_callers_own_exchange_serves_a_venue_and_an_order_entry(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with Account(name).open(monkeypatch) as account:
            secret = CREDENTIALS[name][1]
            own: Any = getattr(ccxt.async_support, name)(
                {"apiKey": SENDING_KEYS[name], "secret": secret}
            )
            own.urls["api"] = _moved(
                own.urls["api"], account.server.http_url, account.server.websocket_url
            )
            own.aiohttp_trust_env = False
            symbols = [one.name for one in account.instruments]
            entry = order_entry("ccxt", exchange=own, account=ACCOUNT)
            listed = venue("ccxt", exchange=own, account=ACCOUNT, symbols=symbols)
            account.record(await entry.submit(account.request()))
            (order,) = account.market.orders("main")
            listing = await listed.open_orders(ACCOUNT)
            (known,) = account.ledger.orders()
            assert listing.venue_order_ids == {known["venue_order_id"]}
            assert order.client_id in known["aliases"].values()
            await listed.aclose()
            await entry.aclose()
            assert own.number is not str  # theirs stays as it was
            assert secrecy.masked(f"key {secret}") == f"key {secrecy.HIDDEN}"
            assert await own.fetch_open_orders(symbols[0])  # still open
            await own.close()

    asyncio.run(story())


def test_an_exchange_that_ccxt_does_not_know_is_an_invalid_setting() -> None:
    with pytest.raises(InvalidSetting, match=r"exchange: .*pattern"):
        venue("ccxt", exchange="No Such", account=ACCOUNT)


def test_a_setting_that_the_adapter_does_not_know_is_named() -> None:
    with pytest.raises(InvalidSetting, match="leverage"):
        venue("ccxt", exchange="kraken", account=ACCOUNT, leverage=3)


def test_an_account_outside_the_settings_cannot_be_traded() -> None:
    accounts = [{"account": "hyperliquid:main", "address": "0x" + "ab" * 20}]
    with pytest.raises(InvalidSetting, match="'hyperliquid:other' is not one of"):
        order_entry("hyperliquid", account="hyperliquid:other", accounts=accounts)


def test_an_adapter_that_is_not_installed_is_an_invalid_setting() -> None:
    with pytest.raises(InvalidSetting, match="venue"):
        venue("nowhere")
