"""The log position of the views, and the version of the fold that made each view."""

from collections.abc import Iterable

from orderledger.infrastructure.errors import StoreUnreachable, StoreVersion
from orderledger.infrastructure.storage.database import Session
from orderledger.projections.names import ORDER_NAMES
from orderledger.projections.position_tables import INNER
from orderledger.projections.tables import TABLES, VIEWS, tables_of

NAME = "views"
"""The one row of `view_positions`: all views have reached the same position."""

VERSION_PER_VIEW = 12
"""`fold_version` in `view_positions`. Up to 11 it was the version of all views. At 12,
`view_versions` has one for each view, and older versions of this package refuse the views."""

NOT_MADE = 0
"""Version of a view whose table was missing, or had another shape: no fold has made its rows."""

ROWS = (
    "SELECT name, position, fold_version FROM view_positions WHERE name = ? "
    "UNION ALL SELECT name, NULL, version FROM view_versions"
)


def create(session: Session) -> None:
    """Create what is missing or outdated: the tables of this module, and the tables of views of
    another shape."""
    if not session.has_table("view_positions"):
        session.execute(
            "CREATE TABLE view_positions (name TEXT PRIMARY KEY, position BIGINT NOT NULL, "
            "fold_version BIGINT NOT NULL)"
        )
    if not session.has_table("view_versions"):
        session.execute(
            "CREATE TABLE view_versions (name TEXT PRIMARY KEY, version BIGINT NOT NULL)"
        )
    found = session.execute("SELECT fold_version FROM view_positions WHERE name = ?", (NAME,))
    if not found:
        _begin(session)
    elif found[0][0] < VERSION_PER_VIEW:
        _note(session, VIEWS, version=found[0][0])
        session.execute(
            "UPDATE view_positions SET fold_version = ? WHERE name = ?", (VERSION_PER_VIEW, NAME)
        )
    _refuse_what_is_not_ours(session)
    stored(session)  # raises StoreVersion before anything of a newer version is dropped
    _recreate(session, _not_whole(session))
    for table in TABLES:
        session.create(table)  # the indexes that an older version lacks


def _refuse_what_is_not_ours(session: Session) -> None:
    """Refuse a store in which another program has a table with the name of a view that this store
    does not have yet."""
    new = [
        table for table in tables_of(VIEWS.keys() - _versioned(session)) if table is not ORDER_NAMES
    ]
    if taken := [
        table.name for table in new if session.column_names(table.name) - set(table.names)
    ]:
        raise StoreUnreachable(
            f"the database has tables of another program that are named {', '.join(taken)}, like "
            "views of a ledger"
        )


def are_whole(session: Session) -> bool:
    """Check that `create` has nothing to do. Users may drop views on purpose: they can be
    rebuilt."""
    if not session.has_table("view_positions") or not session.has_table("view_versions"):
        return False
    found = session.execute("SELECT fold_version FROM view_positions WHERE name = ?", (NAME,))
    return bool(found) and found[0][0] >= VERSION_PER_VIEW and not _not_whole(session)


def _begin(session: Session) -> None:
    """Create empty views, at the start of the log."""
    session.execute("INSERT INTO view_positions VALUES (?, 0, ?)", (NAME, VERSION_PER_VIEW))
    for table in TABLES:
        session.drop(table)
        session.create(table)
    mark_current(session, VIEWS)


def _recreate(session: Session, views: set[str]) -> None:
    """Create the tables of these views again, empty. They are rebuilt before anything else uses
    them.
    """
    for table in tables_of(views):
        if table is not ORDER_NAMES:
            session.drop(table)
            session.create(table)
    _note(session, views, version=NOT_MADE)


def _not_whole(session: Session) -> set[str]:
    """The views without a version, or with a table that has not its present columns."""
    return (VIEWS.keys() - _versioned(session)) | _misshapen(session)


def _misshapen(session: Session) -> set[str]:
    return {
        INNER.get(table.name, table.name)
        for table in TABLES
        if session.column_names(table.name) != set(table.names)
    }


def _versioned(session: Session) -> set[str]:
    return {name for (name,) in session.execute("SELECT name FROM view_versions")}


def outdated(session: Session) -> dict[str, int]:
    """The views that will be rebuilt, and the version of each; `NOT_MADE` where none made its rows.
    Raises StoreVersion if a newer version made one."""
    if session.has_table("view_versions"):
        stored(session)
        rows = session.execute("SELECT name, version FROM view_versions")
    else:
        ((version,),) = session.execute("SELECT fold_version FROM view_positions") or [(NOT_MADE,)]
        rows = [(name, version) for name in VIEWS]
    versions = (
        dict.fromkeys(VIEWS, NOT_MADE) | dict(rows) | dict.fromkeys(_misshapen(session), NOT_MADE)
    )
    return {name: at for name, at in versions.items() if at < VIEWS[name].version}


def mark_current(session: Session, views: Iterable[str]) -> None:
    """Note that this version's fold has made these views."""
    for view in views:
        _note(session, (view,), version=VIEWS[view].version)


def _note(session: Session, views: Iterable[str], *, version: int) -> None:
    for view in views:
        session.execute("DELETE FROM view_versions WHERE name = ?", (view,))
        session.execute("INSERT INTO view_versions VALUES (?, ?)", (view, version))


def lock_position(session: Session) -> int:
    """The position of the views. Locks them until the end of the transaction."""
    session.execute("UPDATE view_positions SET position = position WHERE name = ?", (NAME,))
    return stored_position(session)


def move(session: Session, position: int) -> None:
    """Store the position that the views have reached."""
    session.execute("UPDATE view_positions SET position = ? WHERE name = ?", (position, NAME))


def stored_position(session: Session) -> int:
    """The position of the views, without a lock. Raises StoreVersion if a newer version made one:
    our fold would damage it."""
    return stored(session)[0]


def stored(session: Session) -> tuple[int, set[str]]:
    """The position of the views, and the views that another fold than ours has made. Raises
    StoreVersion if a newer one did."""
    place, current = 0, set[str]()
    for name, position, version in session.execute(ROWS, (NAME,)):
        known = (
            VERSION_PER_VIEW
            if position is not None
            else VIEWS[name].version
            if name in VIEWS
            else NOT_MADE
        )
        if version > known:
            what = "the table of versions" if position is not None else name
            raise StoreVersion(
                f"a newer version made the views ({what} is at {version}, this version knows "
                f"{known})"
            )
        if position is not None:
            place = position
        elif version == known:
            current.add(name)
    return place, VIEWS.keys() - current
