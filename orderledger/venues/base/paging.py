"""Reads the pages of a list: by a cursor, by page numbers, or by time. A list that does not end
raises VenueUnavailable.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from orderledger.venues.base.fields import Document, Unreadable, moment
from orderledger.venues.errors import VenueUnavailable

MOST_PAGES = 1_000


async def by_cursor(
    fetch: Callable[[str], Awaitable[Document]],
    name: str,
    *,
    cursor_name: str = "next_cursor",
    what: str,
) -> AsyncIterator[Document]:
    """The pages of a list in the field `name`, each with the cursor of the next one. `fetch("")`
    returns the first.
    """
    seen: set[str] = set()
    cursor = ""
    while True:
        page = await fetch(cursor)
        if name not in page:
            raise VenueUnavailable(f"{what}: an answer without {name}")
        yield page
        following = page.get(cursor_name)
        cursor = following if isinstance(following, str) else ""
        if not cursor or not page[name]:
            return
        if cursor in seen:
            raise VenueUnavailable(f"{what}: the pages form a loop")
        seen.add(cursor)


async def by_number(
    fetch: Callable[[int], Awaitable[list[Any]]],
    key_of: Callable[[Any], str],
    *,
    least: int,
    most: int,
    what: str,
) -> list[Any]:
    """The rows of all pages from 1 on, until a page has fewer than `least` rows, or no new row:
    some venues ignore the page number.
    """
    rows: list[Any] = []
    seen: set[str] = set()
    for page in range(1, most + 1):
        found = await fetch(page)
        new = [row for row in found if key_of(row) not in seen]
        seen.update(map(key_of, found))
        rows += new
        if len(found) < least or not new:
            return rows
    raise VenueUnavailable(f"{what} does not end after {most} pages")


async def newest_first(
    fetch: Callable[[int], Awaitable[tuple[list[Any], bool]]],
    is_wanted: Callable[[Any], bool],
    *,
    most: int,
    what: str,
) -> list[Any]:
    """The wanted rows of a list that begins with the newest, page by page from 1 on: `fetch`
    returns a page, and whether there is another. Rows that arrive meanwhile push others to later
    pages: some rows are read twice, and none is missed. Oldest first.
    """
    rows: list[Any] = []
    for page in range(1, most + 1):
        found, has_next = await fetch(page)
        wanted = [row for row in found if is_wanted(row)]
        rows += [row for row in wanted if row not in rows[-len(found) :]]
        if not has_next or not found or len(wanted) < len(found):
            return rows[::-1]
    raise VenueUnavailable(f"{what} does not end after {most} pages")


async def by_time(
    fetch: Callable[[int], Awaitable[list[Any]]],
    time_of: Callable[[Any], int],
    start: int,
    *,
    per_page: int,
    what: str,
) -> list[Any]:
    """The rows from `start` on, oldest first, a page at a time: each next page begins at the time
    of the last row.

    Such pages overlap by the rows of that time, which are not repeated.
    """
    rows: list[Any] = []
    last: list[Any] = []
    for _ in range(MOST_PAGES):
        page = await fetch(start)
        rows += _unseen(page, last)
        if len(page) < per_page:
            return rows
        end = max((time_of(row) for row in page), default=start)
        last = [row for row in page if time_of(row) == end]
        # A page whose rows all have the requested time cannot be followed by time: continue just
        # after it.
        start = end if end > start else end + 1
    raise VenueUnavailable(f"{what} does not end after {MOST_PAGES} pages")


def _unseen(page: Sequence[Any], last: Sequence[Any]) -> list[Any]:
    """The rows without those that ended the page before."""
    left = list(last)
    unseen = []
    for row in page:
        if row in left:
            left.remove(row)
        else:
            unseen.append(row)
    return unseen


def is_since(since: datetime, *names: str, offset: str = "") -> Callable[[Any], bool]:
    """Whether a row is not older, by the first of these fields that it has. A row without a
    readable time is kept.
    """

    def is_wanted(row: Any) -> bool:
        try:
            found = (
                (moment(row, name, offset=offset) for name in names)
                if isinstance(row, dict)
                else ()
            )
            return next((at >= since for at in found if at is not None), True)
        except Unreadable:
            return True

    return is_wanted
