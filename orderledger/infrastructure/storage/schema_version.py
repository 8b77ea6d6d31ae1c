"""The version of the tables and of the stored events, and the fence of writers of an older one.

An upgrade replaces what every append runs in its own transaction: on SQLite the trigger on the log,
on PostgreSQL the function that appends. The trigger names a function which only connections of this
version have, so that no other can even prepare its statement. The function in PostgreSQL takes the
number of the writer. Neither reads anything.
"""

import re

from orderledger.infrastructure.errors import StoreVersion

SCHEMA_VERSION = 9
"""Version of the tables, their functions and the stored events. Raised with every change of these;
CHANGELOG.md says what changed. The contents of each view have a version of their own:
`Table.version`."""

NEW_EVENTS: dict[int, tuple[str, ...]] = {}
"""Events that versions before this schema cannot read: new names, new fields as `NAME.FIELD`, new
words as `NAME.FIELD=WORD`."""

FENCE = "needs_schema_"
"""Begins the function of a connection to SQLite, and the error for a writer of an older version."""

_NEEDED = re.compile(rf"{FENCE}([0-9]+)")


def outdated_writer(error: Exception) -> StoreVersion | None:
    """The error for a writer that is older than the store, if the database refused it as such."""
    needed = _NEEDED.search(str(error))
    return needed and StoreVersion(
        f"a newer version has upgraded this ledger to schema {needed[1]}, and this process writes "
        f"schema {SCHEMA_VERSION}: nothing was stored. Stop it, install the newer version and "
        "start it again"
    )


def new_events(since: int) -> list[str]:
    """Names, fields and words that a version with the schema `since` cannot read."""
    return [name for number, names in NEW_EVENTS.items() if number > since for name in names]
