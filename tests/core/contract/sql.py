"""Statements behind the ledger's back."""

import sqlite3
from typing import Any

import psycopg


def connected(url: str) -> Any:
    return (
        sqlite3.connect(url.removeprefix("sqlite:///"))
        if url.startswith("sqlite")
        else psycopg.connect(url)
    )


def run_sql(url: str, *statements: str) -> None:
    connection = connected(url)
    try:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    finally:
        connection.close()
