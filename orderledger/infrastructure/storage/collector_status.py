"""The status of collectors for monitoring: one row each, overwritten. Not events, which are in the log."""

from typing import Any

from orderledger.infrastructure.secrecy import masked
from orderledger.infrastructure.storage.columns import json_text, parse_json
from orderledger.infrastructure.storage.database import Database
from orderledger.infrastructure.storage.recorder import COLLECTORS_TABLE


class CollectorStatuses:
    """Table of status documents: one row of JSON per name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, name: str, status: dict[str, Any]) -> None:
        statement = (
            f"INSERT INTO {COLLECTORS_TABLE} (name, status) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET status = excluded.status"
        )
        with self._database.writing() as session:
            session.execute(statement, (name, masked(json_text(status))))

    def read(self) -> dict[str, dict[str, Any]]:
        """The last status of each collector, by name."""
        with self._database.reading() as session:
            rows = session.execute(f"SELECT name, status FROM {COLLECTORS_TABLE} ORDER BY name")
        return {name: parse_json(status) for name, status in rows}
