"""Permissions of the keys of a settings file, as their venues report them."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from datetime import datetime

from orderledger import InvalidSetting
from orderledger.extend.runtime import EventLogger
from orderledger.venues.base.keys import KeyPermissions, ReportsKey
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.registry import adapter
from orderledger.venues.base.settings import VenueSection

ANSWER_SECONDS = 10.0

log = EventLogger("orderledger.connect")


async def asked_keys(
    senders: Iterable[tuple[VenueSection, str]],
) -> dict[str, KeyPermissions]:
    """The permissions of the key of each account. A venue that does not answer leaves them
    unknown, with the reason as `source`. Raises InvalidSetting for a key that cannot be read."""
    pairs = list(senders)
    found = await asyncio.gather(*(_asked(section, account) for section, account in pairs))
    return {account: one for (_, account), one in zip(pairs, found, strict=True)}


async def asked_of(entries: Mapping[str, OrderEntry]) -> dict[str, KeyPermissions]:
    """The same for the caller's own order entries, of those that can ask."""
    asking = {account: one for account, one in entries.items() if isinstance(one, ReportsKey)}
    found = await asyncio.gather(*(_answered(one.permissions()) for one in asking.values()))
    return dict(zip(asking, found, strict=True))


async def _asked(section: VenueSection, account: str) -> KeyPermissions:
    ask = adapter(section.venue).permissions
    if ask is None:
        return KeyPermissions(source=f"{section.venue} has no documented query about keys")
    return await _answered(ask(section, account))


async def _answered(asking: Awaitable[KeyPermissions]) -> KeyPermissions:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await asking
    except InvalidSetting:
        raise
    except Exception as error:  # of a venue: trading continues, and the log has the reason
        return KeyPermissions(source=f"no answer: {type(error).__name__}: {error}")


def check_keys(
    keys: Mapping[str, KeyPermissions], now: datetime, *, allows_withdrawals: bool
) -> None:
    """Log each key, with a warning if it has no address limit. Raises InvalidSetting for a key
    that can withdraw, unless that is allowed."""
    for account, key in keys.items():
        log.info("key", account=account, **key.words(now), source=key.source)
        if key.has_address_limit is False:
            log.warning("key_without_address_limit", account=account)
        if key.can_withdraw and not allows_withdrawals:
            raise InvalidSetting(
                "gateway.allows_withdrawals",
                f"the key of {account} can withdraw: use a key that can only trade, or set this "
                "to true",
            )
