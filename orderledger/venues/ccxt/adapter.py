"""ccxt in the registry: how its parts are made. Importing this needs no ccxt."""

import random
from typing import Any

from orderledger import InvalidSetting
from orderledger.extend.values import SystemClock
from orderledger.venues.base.adapter import Adapter
from orderledger.venues.base.keys import KeyPermissions
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.recorded import Recording
from orderledger.venues.base.venue import Records, Venue
from orderledger.venues.ccxt.settings import CcxtSettings
from orderledger.venues.ccxt.vocabulary import CLIENT_ID, NAME

EXTRA = "ccxt is not installed: pip install 'orderledger[ccxt]'"


def build(settings: CcxtSettings, records: Records) -> Venue:
    from orderledger.venues.base.transport import Backoff
    from orderledger.venues.ccxt.venue import CcxtVenue

    return CcxtVenue(
        settings.account,
        exchange=exchange_of(settings),
        records=records,
        now=SystemClock().now,
        backoff=Backoff(random.Random()),
        symbols=settings.symbols,
        streams=settings.streams,
        poll_seconds=settings.poll_seconds,
        idle_seconds=settings.idle_seconds,
    )


def order_entry(settings: CcxtSettings, account: str) -> OrderEntry:
    from orderledger.venues.ccxt.order_entry import CcxtOrderEntry

    return CcxtOrderEntry(exchange_of(settings, sends=True), account=account, now=SystemClock().now)


async def permissions(settings: CcxtSettings, account: str) -> KeyPermissions:
    """Ask by an exchange object of its own, which is closed afterwards."""
    from orderledger.venues.ccxt import keys

    exchange = exchange_of(settings)
    try:
        return await keys.permissions(exchange)
    finally:
        await exchange.close()


def exchange_of(settings: CcxtSettings, *, sends: bool = False) -> Any:
    """ccxt's exchange with its credentials, including those for sending if it `sends`. Raises
    InvalidSetting, naming the field.
    """
    try:
        from orderledger.venues.ccxt import exchange
    except ModuleNotFoundError as error:
        raise InvalidSetting("venues.venue", EXTRA) from error
    return exchange.connected(settings, sends=sends)


def recording(account: str, number: str, records: Records | None) -> Recording:
    from orderledger.venues.ccxt.translate import CcxtRecording

    return CcxtRecording(account, records)


ADAPTER = Adapter(
    name=NAME,
    settings=CcxtSettings,
    build=build,
    recording=recording,
    alias=CLIENT_ID,
    simulation="orderledger.simulation.ccxt.simulated:simulated",
    order_entry=order_entry,
    permissions=permissions,
)
