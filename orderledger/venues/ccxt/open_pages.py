"""The pages of a list of open orders."""

from collections.abc import Awaitable, Callable
from typing import Any

from orderledger.venues.ccxt.quirks import Quirks
from orderledger.venues.errors import VenueUnavailable

MOST_PAGES = 1_000


async def all_open(
    listed: Callable[..., Awaitable[list[Any]]],
    quirks: Quirks,
    symbol: str | None,
    since: None = None,
    limit: None = None,
    params: dict[str, Any] | None = None,
) -> list[Any]:
    """All rows of a list of open orders. Its pages are turned to the end, if the exchange has a
    cursor. Raises VenueUnavailable if they do not end."""
    given = params or {}
    if quirks.cursor is None:
        return await listed(symbol, None, None, given) if given else await listed(symbol)
    field, param = quirks.cursor
    found: list[Any] = []
    cursor: Any = None
    for _ in range(MOST_PAGES):
        more = {} if cursor is None else {param: cursor}
        rows = await listed(symbol, None, quirks.open_page, {**given, **more})
        found += rows
        following = next((one for row in rows if (one := _info(row).get(field))), None)
        if following is None or following == cursor:
            return found
        cursor = following
    raise VenueUnavailable(f"the list of open orders does not end after {MOST_PAGES} pages")


def _info(row: Any) -> dict[str, Any]:
    info = row.get("info") if isinstance(row, dict) else None
    return info if isinstance(info, dict) else {}
