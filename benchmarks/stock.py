"""What users would take instead: the eventsourcing library as it comes.

`Application`, `Aggregate` and the JSON transcoder are the library's own; one aggregate per order
with an event per message, each saved by itself. The caller keeps the aggregate in hand, so that
nothing is read back: the kindest use of it.
"""

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import InfrastructureFactory, Tracking
from eventsourcing.sqlite import SQLiteCursor, SQLiteTrackingRecorder
from eventsourcing.utils import Environment
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
    """On the same database, with the library's default settings (SQLite: WAL and
    synchronous=FULL)."""
    if url.startswith("sqlite"):
        environment = {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": url.removeprefix("sqlite://"),
        }
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
            "POSTGRES_SCHEMA": str(known.get("options") or "").rpartition("search_path=")[2]
            or "public",
        }
    return Application(environment)


class ThinTables(SQLiteTrackingRecorder):
    """Two tables in place of our views: the last report and the filled quantity of each order, and
    the fills."""

    def construct_create_table_statements(self) -> list[str]:
        return [
            *super().construct_create_table_statements(),
            (
                "CREATE TABLE IF NOT EXISTS thin_orders (id TEXT PRIMARY KEY, kind TEXT, "
                "instrument TEXT, side TEXT, filled TEXT)"
            ),
            (
                "CREATE TABLE IF NOT EXISTS thin_trades (id TEXT, fill_id TEXT PRIMARY KEY, "
                "quantity TEXT, price TEXT)"
            ),
        ]

    def take(self, events: Sequence[Any], tracking: Tracking) -> None:
        """Write the rows of some events, and how far they go, in one commit."""
        with self.datastore.transaction(commit=True) as cursor:
            for event in events:
                _take(cursor, str(event.originator_id), getattr(event, "terms", None) or event.told)
            self._insert_tracking(cursor, tracking)


def _take(cursor: SQLiteCursor, name: str, told: dict[str, str]) -> None:
    if told["type"] == "request":
        new = (name, told["type"], told["instrument"], told["side"], "0")
        cursor.execute("INSERT INTO thin_orders VALUES (?,?,?,?,?)", new)
        return
    if told["type"] == "fill":
        cursor.execute(
            "INSERT INTO thin_trades VALUES (?,?,?,?)",
            (name, told["fill_id"], told["quantity"], told["price"]),
        )
        cursor.execute("SELECT filled FROM thin_orders WHERE id = ?", (name,))
        filled = str(Decimal(cursor.fetchone()["filled"]) + Decimal(told["quantity"]))
        cursor.execute(
            "UPDATE thin_orders SET kind = ?, filled = ? WHERE id = ?", (told["type"], filled, name)
        )
    else:
        cursor.execute("UPDATE thin_orders SET kind = ? WHERE id = ?", (told["type"], name))


def project(application: Application[Any], url: str, batch: int = 1_000) -> None:
    """All events into the two tables, so many to a commit. The library's own runner commits each
    event by itself."""
    environment = Environment(
        "thin",
        {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": url.removeprefix("sqlite://"),
        },
    )
    factory = InfrastructureFactory[ThinTables].construct(environment)
    tables = factory.tracking_recorder(ThinTables)
    done = 0
    while found := application.recorder.select_notifications(start=done + 1, limit=batch):
        done = int(found[-1].id)
        tables.take(
            [application.mapper.to_domain_event(one) for one in found], Tracking("orders", done)
        )
    factory.close()


def save_batches(
    application: Application[Any], documents: Sequence[Document], batch: int = 1_000
) -> float:
    """Events a second, so many to a `save`."""
    orders: dict[str, StockOrder] = {}
    began = time.perf_counter()
    for start in range(0, len(documents), batch):
        changed = {
            document["client_order_id"]: _told(orders, document)
            for document in documents[start : start + batch]
        }
        application.save(*changed.values())
    return len(documents) / (time.perf_counter() - began)


def _told(orders: dict[str, StockOrder], document: Document) -> StockOrder:
    """The order, with one more event that waits for `save`."""
    name = document["client_order_id"]
    if name in orders:
        orders[name].report(document)
    else:
        orders[name] = StockOrder(document)
    return orders[name]


def save_each(application: Application[Any], documents: Sequence[Document]) -> float:
    """Events a second, one `save` each."""
    orders: dict[str, StockOrder] = {}
    began = time.perf_counter()
    for document in documents:
        application.save(_told(orders, document))
    return len(documents) / (time.perf_counter() - began)
