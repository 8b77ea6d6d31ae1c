"""A venue, or its order entry, by the adapter's name and its settings in Python."""

from typing import Any

from pydantic import ValidationError

from orderledger import InvalidSetting
from orderledger.extend.messages import said_of
from orderledger.venues.base.adapter import Adapter
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.registry import adapter
from orderledger.venues.base.settings import VenueSection
from orderledger.venues.base.venue import NoRecords, Records, Venue


def venue(name: str, *, records: Records | None = None, **settings: Any) -> Venue:
    """The venue of the adapter `name`, with the settings of a table `[[venues]]`.

    `records`: the orders that the ledger knows, for venues that need them; default: none. For ccxt,
    `exchange` may be your own exchange object. Raises InvalidSetting.
    """
    found = adapter(name)
    return found.build(_section(found, settings), records or NoRecords())


def order_entry(name: str, *, account: str, client: Any = None, **settings: Any) -> OrderEntry:
    """Order entry of `account` through the adapter `name`, for `Gateway`.

    The settings are those of a table `[[venues]]`. For ccxt, `exchange` may be your own exchange
    object. `client`: your own object of the venue's SDK, which signs: `Exchange` of Hyperliquid's,
    `SignerClient` of Lighter's. You close your own objects. Raises InvalidSetting, also where the
    adapter only reads.
    """
    found = adapter(name)
    if client is not None:
        if found.entry_of_client is None:
            raise InvalidSetting("client", f"{name!r} takes no object of an SDK: give settings")
        return found.entry_of_client(client, account)
    if found.order_entry is None:
        raise InvalidSetting("venue", f"{name!r} only reads: orders cannot be sent through it")
    if "account" in found.settings.model_fields:
        settings = {**settings, "account": account}
    section = _section(found, settings)
    if account not in section.names:
        raise InvalidSetting(
            "account", f"{account!r} is not one of the accounts {', '.join(section.names)}"
        )
    return found.order_entry(section, account)


def _section(found: Adapter, settings: dict[str, Any]) -> VenueSection:
    try:
        return found.settings.model_validate({"venue": found.name, **settings})
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        raise InvalidSetting(".".join(map(str, fault["loc"])), said_of(fault)) from None
