"""What collectors say of themselves, for whoever watches: one row each, overwritten. No facts: those are in the log."""

from typing import Any

from orderledger.infrastructure.secrecy import masked
from orderledger.infrastructure.storage.columns import json_text, parse_json
from orderledger.infrastructure.storage.database import Database
from orderledger.infrastructure.storage.recorder import BOARD_TABLE


class Board:
    """One row of JSON per name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, name: str, status: dict[str, Any]) -> None:
        statement = (
            f"INSERT INTO {BOARD_TABLE} (name, status) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET status = excluded.status"
        )
        with self._database.writing() as session:
            session.execute(statement, (name, masked(json_text(status))))

    def read(self) -> dict[str, dict[str, Any]]:
        """What each said last, by name."""
        with self._database.reading() as session:
            rows = session.execute(f"SELECT name, status FROM {BOARD_TABLE} ORDER BY name")
        return {name: parse_json(status) for name, status in rows}
