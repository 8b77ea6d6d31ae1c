"""Hyperliquid in the registry: how its parts are made."""

from typing import Any

from orderledger import InvalidSetting
from orderledger.extend.values import SystemClock
from orderledger.venues.base.adapter import Adapter
from orderledger.venues.base.keys import KeyPermissions
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.recorded import Recording
from orderledger.venues.base.venue import Records, Venue
from orderledger.venues.hyperliquid.settings import NETWORKS, HyperliquidSettings
from orderledger.venues.hyperliquid.vocabulary import CLOID, NAME


def order_entry(settings: HyperliquidSettings, account: str) -> OrderEntry:
    from orderledger.venues.hyperliquid.order_entry import HyperliquidOrderEntry
    from orderledger.venues.hyperliquid.signing import signer_of

    number = settings.names.index(account)
    one, where = settings.accounts[number], f"venues.accounts.{number}.private_key"
    if one.private_key is None:
        raise InvalidSetting(where, f"is missing: orders of {account} cannot be signed")
    vault = one.address.lower() if one.is_vault else None
    key = one.private_key.read(where)
    try:
        sign = signer_of(key, is_mainnet=settings.network == "mainnet", vault=vault)
    except InvalidSetting as error:
        raise InvalidSetting(where, error.fault) from None
    return HyperliquidOrderEntry(
        account=account,
        url=settings.url,
        sign=sign,
        now=SystemClock().now,
        vault=vault,
        native_groups=settings.native_groups,
    )


def entry_of_client(client: Any, account: str) -> OrderEntry:
    """`client`: `hyperliquid.exchange.Exchange`, with its `wallet`, `base_url` and
    `vault_address`. The entry has connections of its own."""
    from orderledger.venues.hyperliquid.order_entry import HyperliquidOrderEntry
    from orderledger.venues.hyperliquid.signing import signer_of_wallet

    vault, url = client.vault_address, str(client.base_url).rstrip("/")
    sign = signer_of_wallet(
        client.wallet, is_mainnet=url == NETWORKS["mainnet"].url, vault=vault and vault.lower()
    )
    return HyperliquidOrderEntry(
        account=account, url=url, sign=sign, now=SystemClock().now, vault=vault and vault.lower()
    )


async def permissions(settings: HyperliquidSettings, account: str) -> KeyPermissions:
    """An API wallet trades and cannot withdraw: withdrawals are signed by the account's own key."""
    from orderledger.venues.hyperliquid.keys import permissions_of
    from orderledger.venues.hyperliquid.signing import address_of

    one = next(one for one in settings.accounts if one.account == account)
    if one.private_key is None:
        return KeyPermissions(source="no key: public data only")
    key = one.private_key.read("venues.hyperliquid.accounts.private_key")
    return await permissions_of(settings.url, address_of(key))


def build(settings: HyperliquidSettings, records: Records) -> Venue:
    from orderledger.venues.hyperliquid.limits import HyperliquidLimits
    from orderledger.venues.hyperliquid.venue import Hyperliquid

    return Hyperliquid(
        {one.account: one.address for one in settings.accounts},
        url=settings.url,
        websocket_url=settings.websocket_url,
        exchanges=settings.exchanges,
        limits=HyperliquidLimits(
            users=settings.websocket_users, weight_per_minute=settings.weight_per_minute
        ),
        records=records,
    )


def recording(account: str, number: str, records: Records | None) -> Recording:
    from orderledger.venues.hyperliquid.recording import HyperliquidRecording

    return HyperliquidRecording(account, records, address=number or None)


ADAPTER = Adapter(
    name=NAME,
    settings=HyperliquidSettings,
    build=build,
    recording=recording,
    alias=CLOID,
    order_entry=order_entry,
    permissions=permissions,
    entry_of_client=entry_of_client,
    simulation="orderledger.simulation.hyperliquid.simulated:simulated",
)
