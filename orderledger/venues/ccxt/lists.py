"""Whole lists of an exchange whose pages have an unknown length and order.

ccxt states neither for fundings, transactions and ledger entries: some exchanges list from the
oldest on, others from the newest back.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from orderledger.extend.runtime import EventLogger
from orderledger.venues.base.translation import as_text
from orderledger.venues.errors import VenueRefused, VenueUnavailable

FEW = 10
"""Fewer rows than in a full page of any exchange."""
MOST_PAGES = 1_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Page = Callable[[int, dict[str, Any]], Awaitable[list[Any]]]
"""The rows since a time in milliseconds, with parameters."""

logger = EventLogger(__name__)


async def rows_since(page: Page, begin: int) -> list[Any]:
    """All rows of a list from a time on, oldest first. A page that is not short is continued at
    both ends, until nothing is new."""
    found: dict[str, Any] = {}
    await _continued(page, begin, found, {})
    if len(found) >= FEW:
        try:
            await _continued(page, begin, found, {"until": _oldest(found, begin)})
        except VenueRefused as refusal:  # of `until`: not every exchange has it
            logger.warning("list_may_be_cut", rows=len(found), why=str(refusal))
    return sorted(found.values(), key=time_of)


async def _continued(page: Page, begin: int, found: dict[str, Any], params: dict[str, Any]) -> None:
    """Add pages to `found`: towards the newest row, or the oldest if `params` have `until`."""
    since = begin
    for _ in range(MOST_PAGES):
        rows = {as_text(row): row for row in await page(since, params)}
        is_over = len(rows) < FEW or rows.keys() <= found.keys()
        found |= rows
        if is_over:
            return
        if params:
            params = {"until": _oldest(rows, begin)}
        else:
            since = max(time_of(row) or begin for row in rows.values())
    raise VenueUnavailable(f"a list does not end after {MOST_PAGES} pages")


def _oldest(rows: dict[str, Any], begin: int) -> int:
    return min(time_of(row) or begin for row in rows.values())


def time_of(row: Any) -> int:
    """The time of a row in milliseconds, 0 without one."""
    found = row.get("timestamp") if isinstance(row, dict) else None
    return found if isinstance(found, int) else 0


def milliseconds(at: datetime) -> int:
    """A time as ccxt takes it."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def key_of(row: Any) -> str:
    """The key of a trade among all others. Trade ids repeat from one symbol to the next."""
    named = (
        (row.get("symbol"), row.get("order"), row.get("id"))
        if isinstance(row, dict) and row.get("id")
        else row
    )
    return as_text(named)
