"""The settings of `connect`: the collector's and the venues' at the top of the file, the gateway's
in its table `[gateway]`."""

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Self

from orderledger.extend.runtime import did_you_mean, toml_files
from orderledger.gateway.settings import GatewaySettings, parsed_settings
from orderledger.venues.base.registry import adapter
from orderledger.venues.base.settings import VenueSection
from orderledger.venues.collecting.settings import CollectSettings


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """The parts of one settings file that `connect` uses."""

    path: Path
    collect: CollectSettings
    gateway: GatewaySettings

    @classmethod
    def read(cls, path: str | PathLike[str], *, needs_venues: bool = True) -> Self:
        """Read a file and the environment; open nothing. Raises InvalidSetting. `needs_venues`:
        whether a file without venues is wrong."""
        file = toml_files.TomlFile.read(path)
        collect = CollectSettings.read(file.path, needs_venues=needs_venues)
        section = file.section("gateway")
        gateway = parsed_settings(section)
        known = [name for venue in collect.venues for name in venue.names]
        for number, account in enumerate(gateway.accounts or ()):
            if needs_venues and account not in known:
                similar = did_you_mean(account, known)
                raise section.invalid(
                    ("accounts", number), f"{account!r} is not an account of a venue.{similar}"
                )
        return cls(file.path, collect, gateway)

    @property
    def senders(self) -> Iterator[tuple[VenueSection, str]]:
        """The accounts whose orders are sent, each with its venue's settings."""
        wanted = self.gateway.accounts
        for section in self.collect.venues:
            is_reader = adapter(section.venue).order_entry is None
            for account in section.names:
                is_default = not is_reader and section.can_send(account)
                if is_default if wanted is None else account in wanted:
                    yield section, account
