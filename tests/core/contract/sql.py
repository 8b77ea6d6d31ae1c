"""Statements behind the ledger's back."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import psycopg

from orderledger.infrastructure.storage.schema_version import FENCE, SCHEMA_VERSION


def connected(url: str) -> Any:
    if not url.startswith("sqlite"):
        return psycopg.connect(url)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.create_function(f"{FENCE}{SCHEMA_VERSION}", 0, lambda: None)  # as our writers have
    return connection


def run_unguarded(url: str, statement: str, parameters: Sequence[Any] = ()) -> None:
    """Run a statement that changes the log, and leave its triggers as they were."""
    connection = connected(url)
    try:
        if url.startswith("sqlite"):
            query = "SELECT name, sql FROM sqlite_master WHERE tbl_name = ? AND type = 'trigger'"
            guards = connection.execute(query, ("orderledger_events",)).fetchall()
            for name, _ in guards:
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(statement, parameters)
            for _, guard in guards:
                connection.execute(guard)
        else:
            connection.execute("ALTER TABLE orderledger_events DISABLE TRIGGER USER")
            connection.execute(statement.replace("?", "%s"), parameters)
            connection.execute("ALTER TABLE orderledger_events ENABLE TRIGGER USER")
        connection.commit()
    finally:
        connection.close()


def run_sql(url: str, *statements: str) -> None:
    connection = connected(url)
    try:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    finally:
        connection.close()
