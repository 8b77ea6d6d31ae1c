"""The status of collectors, gateways, watchers and copies of the log for monitoring: one row each,
overwritten. Not events, which are in the log."""

from collections.abc import Mapping, Sequence
from typing import Any

from orderledger.infrastructure.secrecy import masked
from orderledger.infrastructure.storage.columns import json_text, parse_json
from orderledger.infrastructure.storage.copies import COPIES
from orderledger.infrastructure.storage.database import Database
from orderledger.infrastructure.storage.table_names import COLLECTORS_TABLE

GATEWAY = "gateway "
"""Prefix of the name of a row about an account's gateway."""

WATCHER = "watcher "
"""Prefix of the name of a row about a watcher of alerts."""

Statuses = dict[str, dict[str, Any]]


def gateway_row(account: str) -> str:
    """The name of the row about the gateway of an account."""
    return f"{GATEWAY}{account}"


def watcher_row(name: str) -> str:
    """The name of the row about a watcher of alerts."""
    return f"{WATCHER}{name}"


class CollectorStatuses:
    """Table of status documents: one row of JSON per name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, name: str, status: dict[str, Any]) -> None:
        self.write_all({name: status})

    def write_all(self, statuses: Mapping[str, dict[str, Any]]) -> None:
        """Write several rows in one transaction."""
        statement = (
            f"INSERT INTO {COLLECTORS_TABLE} (name, status) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET status = excluded.status"
        )
        with self._database.writing() as session:
            for name, status in statuses.items():
                session.execute(statement, (name, masked(json_text(status))))

    def remove(self, names: Sequence[str]) -> None:
        with self._database.writing() as session:
            for name in names:
                session.execute(f"DELETE FROM {COLLECTORS_TABLE} WHERE name = ?", (name,))

    def read_by_kind(self) -> tuple[Statuses, Statuses, Statuses, Statuses]:
        """The last status of each collector, by name, of each gateway, by account, of each watcher,
        by name, and of each copy of the log."""
        rows = self.read()
        gateways, watchers = (
            {
                name.removeprefix(kind): status
                for name, status in rows.items()
                if name.startswith(kind)
            }
            for kind in (GATEWAY, WATCHER)
        )
        copies = {
            name: status
            for name, status in rows.items()
            if name.startswith(COPIES) and "position" in status
        }
        collectors = {
            name: status
            for name, status in rows.items()
            if not name.startswith((GATEWAY, WATCHER)) and name not in copies
        }
        return collectors, gateways, watchers, copies

    def read(self) -> dict[str, dict[str, Any]]:
        """The last status of each row, by name."""
        with self._database.reading() as session:
            rows = session.execute(f"SELECT name, status FROM {COLLECTORS_TABLE} ORDER BY name")
        return {name: parse_json(status) for name, status in rows}
