"""The registry of installed adapters: the entry points of the group `orderledger.venues`.

A package registers an adapter with one line, without any change in this repository:

    [project.entry-points."orderledger.venues"]
    nobitex = "my_package.adapter:ADAPTER"

Importing this module imports neither an adapter nor the libraries that adapters need.
"""

from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from orderledger import InvalidSetting
from orderledger.extend.runtime import did_you_mean

if TYPE_CHECKING:
    from orderledger.venues.base.adapter import Adapter

GROUP = "orderledger.venues"


def installed() -> tuple[str, ...]:
    """The names of all installed adapters, sorted. Imports none of them."""
    return tuple(sorted(_entry_points()))


def adapter(name: str) -> "Adapter":
    """The adapter of this name. Raises InvalidSetting if it is not installed or cannot be used."""
    found = _entry_points().get(name, [])
    if not found:
        similar = did_you_mean(name, installed())
        raise InvalidSetting(
            "venue", f"is not one of {', '.join(installed())}.{similar}".rstrip(".")
        )
    if len(found) > 1:
        raise InvalidSetting(
            "venue",
            f"{name!r} is registered more than once: {', '.join(one.value for one in found)}",
        )
    return _loaded(found[0])


def adapters(names: Iterable[str]) -> list["Adapter"]:
    """The adapters of these names, each once."""
    return [adapter(name) for name in dict.fromkeys(names)]


@cache
def _entry_points() -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for one in entry_points(group=GROUP):
        same_name = found.setdefault(one.name, [])
        if all(
            one.value != other.value for other in same_name
        ):  # a folder listed twice in sys.path shows it twice
            same_name.append(one)
    return found


@cache
def _loaded(entry_point: EntryPoint) -> "Adapter":
    from orderledger.venues.base.adapter import Adapter

    try:
        loaded = entry_point.load()
    except Exception as error:  # another package's module may raise anything
        raise InvalidSetting(
            "venue", f"{entry_point.value} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(loaded, Adapter) or loaded.name != entry_point.name:
        raise InvalidSetting(
            "venue", f"{entry_point.value} is not an Adapter named {entry_point.name!r}"
        )
    return loaded
