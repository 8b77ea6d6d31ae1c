"""A trial of `connect`: the venues and the order entries of a settings file are made and closed.
Nothing is opened."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack

from orderledger import InvalidSetting
from orderledger.extend.runtime import toml_files
from orderledger.gateway.connecting_settings import place_of, senders_of
from orderledger.gateway.settings import DeadMansSwitch
from orderledger.gateway.switches import armed_switch
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.registry import adapter
from orderledger.venues.base.settings import VenueSection
from orderledger.venues.base.venue import NoRecords


async def faults_of_trial(
    sections: Mapping[int, VenueSection],
    wanted: Collection[str] | None,
    switches: Sequence[DeadMansSwitch],
) -> list[toml_files.Fault]:
    """The faults for which `connect` would end, with their places in the file. `sections`: the
    tables of venues by their number, from 0. `wanted`: as in `senders_of`."""
    found: list[toml_files.Fault] = []
    entries: dict[str, OrderEntry] = {}
    async with AsyncExitStack() as made:
        for number, section in sections.items():
            try:
                await _make(section, wanted, entries, made)
            except InvalidSetting as error:
                found.append((place_of(error, section, number), error.fault))
        for number, switch in enumerate(switches):
            try:
                if switch.account in entries:
                    armed_switch(switch, entries)
            except InvalidSetting as error:
                found.append((("gateway", "dead_mans_switches", number), error.fault))
    return found


async def _make(
    section: VenueSection,
    wanted: Collection[str] | None,
    entries: dict[str, OrderEntry],
    made: AsyncExitStack,
) -> None:
    found = adapter(section.venue)
    made.push_async_callback(found.build(section, NoRecords()).aclose)
    for account in senders_of(section, wanted):
        if found.order_entry is None:
            raise InvalidSetting("gateway.accounts", f"{account!r} cannot send: only reads")
        entries[account] = found.order_entry(section, account)
        made.push_async_callback(entries[account].aclose)
