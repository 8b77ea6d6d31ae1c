"""What users would take instead: the eventsourcing library as it comes.

`Application`, `Aggregate` and the JSON transcoder are the library's own; one aggregate per order with an event per message,
each saved by itself. The caller keeps the aggregate in hand, so that nothing is read back: the kindest use of it.
"""

import time
from collections.abc import Sequence
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from workload import Document


class StockOrder(Aggregate):
    """An order that keeps what it is told, and decides nothing."""

    @event("Requested")
    def __init__(self, terms: dict[str, str]) -> None:
        self.terms = terms
        self.told: dict[str, Any] = {}

    @event("Reported")
    def report(self, told: dict[str, str]) -> None:
        self.told = told


def stock_application(url: str) -> Application[Any]:
    """On the same database, with the library's default settings (SQLite: WAL and synchronous=FULL)."""
    if url.startswith("sqlite"):
        environment = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": url.removeprefix("sqlite://")}
    else:
        from psycopg.conninfo import conninfo_to_dict

        known = conninfo_to_dict(url)
        environment = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(known.get("dbname") or "postgres"),
            "POSTGRES_HOST": str(known.get("host") or ""),
            "POSTGRES_PORT": str(known.get("port") or "5432"),
            "POSTGRES_USER": str(known.get("user") or "postgres"),
            "POSTGRES_PASSWORD": str(known.get("password") or "none"),
            "POSTGRES_SCHEMA": str(known.get("options") or "").rpartition("search_path=")[2] or "public",
        }
    return Application(environment)


def save_each(application: Application[Any], documents: Sequence[Document]) -> float:
    """Events a second, one `save` each."""
    orders: dict[str, StockOrder] = {}
    began = time.perf_counter()
    for document in documents:
        name = document["client_order_id"]
        if name in orders:
            orders[name].report(document)
        else:
            orders[name] = StockOrder(document)
        application.save(orders[name])
    return len(documents) / (time.perf_counter() - began)
