"""The place of new tables while views are rebuilt: files beside the database, or tables with a
suffix in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orderledger.infrastructure.errors import StoreError
from orderledger.infrastructure.storage.store import Store
from orderledger.infrastructure.storage.table_names import FACTS_TABLE
from orderledger.infrastructure.views.plan import ALL, Plan

SUFFIX = "__rebuilt"
"""Suffix of the tables to build in. Each rebuild adds random letters, so that a rebuild that lost
its lock with its connection unnoticed does not disturb the next one."""

APART = f"views{SUFFIX}."
"""Prefix of the files that several processes fill. It marks them as ours."""


@contextmanager
def beside(store: Store, plan: Plan, jobs: int) -> Iterator[Path | None]:
    """The folder for the files of new tables. None if they are in the database itself: then they
    are there, empty. All of it is removed at the end. Also removes what a killed rebuild left."""
    _clear_folder(store)
    _drop(
        store,
        re.compile(
            f"({'|'.join([table.name for table in ALL] + [FACTS_TABLE])}){SUFFIX}(_[0-9a-f]{{8}})?"
        ),
    )
    folder = _make_folder(store, is_needed=jobs > 1)
    if folder is None:
        with store.database.alone() as session:
            plan.create(session, ALL)
    try:
        yield folder
    finally:
        _clear_folder(store)
        if folder is None:
            _drop(store, re.compile(f".*{plan.suffix}"))


def _drop(store: Store, names: re.Pattern[str]) -> None:
    with store.database.reading() as session:
        found = list(filter(names.fullmatch, session.table_names()))
    if found:
        with store.database.alone() as session:
            for name in found:
                session.execute(f"DROP TABLE IF EXISTS {name}")


def _make_folder(store: Store, *, is_needed: bool) -> Path | None:
    """Make the folder beside the database. If the path is taken, one process can rebuild without
    it."""
    folder = store.database.folder
    if folder is None:
        return None
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if is_needed:
            raise StoreError(
                f"{folder} is in the way of a rebuild with several processes, and no rebuild made "
                "it"
            ) from None
        return None
    return folder


def _clear_folder(store: Store) -> None:
    """Remove the files of rebuilds, and the folder if nothing else is in it."""
    folder = store.database.folder
    if folder is not None:
        for path in folder.glob(f"{APART}*"):
            path.unlink(
                missing_ok=True
            )  # processes of a killed rebuild may still be ending, and remove it
        with suppress(OSError):
            folder.rmdir()
