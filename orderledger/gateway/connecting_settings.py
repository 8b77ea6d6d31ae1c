"""The settings of `connect`: the collector's and the venues' at the top of the file, the gateway's
in its table `[gateway]`."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Self

from orderledger import InvalidSetting
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
        known = [name for venue in collect.venues for name in venue.names] if needs_venues else []
        for place, fault in unknown_accounts(section.document, known):
            raise section.invalid(place, fault)
        return cls(file.path, collect, gateway)

    @property
    def senders(self) -> Iterator[tuple[VenueSection, str]]:
        """The accounts whose orders are sent, each with its venue's settings."""
        for section in self.collect.venues:
            for account in senders_of(section, self.gateway.accounts):
                yield section, account

    def invalid(self, error: InvalidSetting, section: VenueSection) -> InvalidSetting:
        """The error of an adapter with the file, the line and the key."""
        place = place_of(error, section, self.collect.venues.index(section))
        return toml_files.TomlFile.read(self.path).invalid(place, error.fault)


def senders_of(section: VenueSection, wanted: Collection[str] | None) -> Iterator[str]:
    """The accounts of a venue whose orders are sent. `wanted`: those that the file names."""
    is_reader = adapter(section.venue).order_entry is None
    for account in section.names:
        is_default = not is_reader and section.can_send(account)
        if is_default if wanted is None else account in wanted:
            yield account


def place_of(error: InvalidSetting, section: VenueSection, number: int) -> toml_files.Place:
    """The place in the file of what an adapter refuses. `number`: of the venue's table, from 0."""
    first, *names = error.field.split(".")
    if first == "gateway":
        return (first, *names)
    if first != "venues":
        names = [first, *names]
    if names and names[0] == section.venue:
        del names[0]
    return ("venues", number, *(int(name) if name.isdigit() else name for name in names))


def unknown_accounts(
    document: Mapping[str, Any], known: Collection[str]
) -> Iterator[toml_files.Fault]:
    """Accounts that the table `[gateway]` names and no venue has. The table is read as it is: other
    settings may be wrong. `known`: the accounts of the venues; empty finds none."""
    named: list[tuple[toml_files.Place, Any]] = [
        (("accounts", number), name) for number, name in _numbered(document.get("accounts"))
    ]
    for table in ("limits", "breakers", "dead_mans_switches"):
        for number, rule in _numbered(document.get(table)):
            if isinstance(rule, dict):
                named.append(((table, number, "account"), rule.get("account")))
    for place, name in named:
        if known and isinstance(name, str) and name not in known:
            similar = did_you_mean(name, known)
            yield place, f"{name!r} is not an account of a venue.{similar}".rstrip(".")


def _numbered(value: Any) -> Iterator[tuple[int, Any]]:
    yield from enumerate(value if isinstance(value, list) else ())
