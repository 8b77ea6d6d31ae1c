"""Routes that other packages add to `orderledger serve`: entry points of the group
`orderledger.routes`.

An entry point names a function that takes the ledger and returns routes of Starlette. They are
served under `/api/NAME`; a path of this package comes first.
"""

from collections.abc import Iterator
from importlib.metadata import entry_points

from starlette.routing import Mount

from orderledger import InvalidSetting, Ledger

ENTRY_POINTS = "orderledger.routes"


def routes_of_others(ledger: Ledger) -> Iterator[Mount]:
    """The routes of each package, under the name of its entry point. Raises InvalidSetting if they
    cannot be made."""
    for entry in sorted(entry_points(group=ENTRY_POINTS)):
        try:
            routes = list(entry.load()(ledger))
        except Exception as error:  # another package's module may raise anything
            raise InvalidSetting(
                entry.name, f"{entry.value} gives no routes: {type(error).__name__}: {error}"
            ) from error
        yield Mount(f"/api/{entry.name}", routes=routes)
