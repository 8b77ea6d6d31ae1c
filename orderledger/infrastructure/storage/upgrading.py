"""Finds the changes that this version would make when it opens a store, and makes none."""

from collections.abc import Iterator
from typing import NamedTuple

from orderledger.infrastructure.storage import schema, view_versions
from orderledger.infrastructure.storage.database import Session
from orderledger.infrastructure.storage.schema_version import SCHEMA_VERSION, new_events
from orderledger.projections.tables import VIEWS


class Change(NamedTuple):
    """A part of a store that an upgrade changes. `kind`: schema, table, trigger, view, or event,
    which is a name, a field or a word that can be stored afterwards. `before` and `after`: its
    version."""

    kind: str
    name: str | None = None
    before: int | None = None
    after: int | None = None

    @property
    def sentence(self) -> str:
        match self.kind:
            case "schema":
                return (
                    f"schema {self.before} becomes {self.after}: processes of older versions can "
                    "append nothing more"
                )
            case "view":
                return f"view {self.name} is rebuilt: version {self.before} becomes {self.after}"
            case "event":
                return f"{self.name} can be stored: older versions cannot read such an event"
        return f"{self.kind} {self.name} is made again: it is missing"


def changes(session: Session) -> list[Change]:
    """The changes that opening the store would make. Raises StoreVersion if a newer version made
    it."""
    version = schema.stored_version(session)
    return [*_of_schema(session, version), *_of_views(session)]


def _of_schema(session: Session, version: int | None) -> Iterator[Change]:
    if version == SCHEMA_VERSION:
        yield from (Change("trigger", name) for name in session.missing_guards())
        yield from (Change("table", name) for name in schema.missing_tables(session))
    else:
        yield Change("schema", before=version, after=SCHEMA_VERSION)
        yield from (Change("event", name) for name in new_events(version or 0))


def _of_views(session: Session) -> Iterator[Change]:
    for name, version in view_versions.outdated(session).items():
        yield Change("view", name, version, VIEWS[name].version)
