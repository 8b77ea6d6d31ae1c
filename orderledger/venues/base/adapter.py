"""`Adapter`: a venue as the rest of orderledger uses it. It is registered by an entry point, see
`registry`.

The module that defines an adapter is also imported just to read settings: it should import the
adapter's other modules inside `build` and `recording`.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from orderledger.venues.base.keys import KeyPermissions
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.recorded import Recording
from orderledger.venues.base.settings import VenueSection
from orderledger.venues.base.venue import Records, Venue

Recorder = Callable[[str, str, Records | None], Recording]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """One venue: its settings, and functions that make its parts.

    `build(settings, records)` makes the venue of one `[[venues]]` table; raises InvalidSetting if a
    secret cannot be read. `recording(account, number, records)` translates recorded payloads;
    `number` is the account's name at the venue or empty; raises InvalidSetting if the venue needs
    it. `alias` is the alias under which the venue's name for an order is recorded; `alias_prefixes`
    are aliases that themselves end in the venue's id. `simulation` names the function that makes
    the simulated venue, as `package.module:function`: it is imported only to simulate (see
    `orderledger.simulation.servers.simulated`). `order_entry(settings, account)` makes the order
    entry for one account of the section; None if the adapter only reads. `permissions(settings,
    account)` asks the venue what the key of an account may do; None if the venue does not say.
    Neither `build` nor `order_entry` opens a connection: `config check` calls them too.
    `entry_of_client(client, account)` makes the order entry of the caller's own object of the
    venue's SDK.
    """

    name: str
    settings: type[VenueSection]
    build: Callable[[Any, Records], Venue]
    recording: Recorder
    alias: str
    alias_prefixes: tuple[str, ...] = ()
    simulation: str | None = None
    order_entry: Callable[[Any, str], OrderEntry] | None = None
    permissions: Callable[[Any, str], Awaitable[KeyPermissions]] | None = None
    entry_of_client: Callable[[Any, str], OrderEntry] | None = None

    def aliases_of(self, name: str) -> Iterator[str]:
        """The aliases that may hold this name of an order."""
        yield self.alias
        yield from (f"{prefix}{name}" for prefix in self.alias_prefixes)
