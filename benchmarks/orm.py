"""What users would take instead of a log: SQLAlchemy's ORM, with one row per order that is updated,
and one per fill.

SQLite with the ledger's durability: a write-ahead log and `synchronous=FULL`. It keeps no history,
and finds only the duplicates that a key refuses.
"""

import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from workload import Document

STATUS = {"acknowledged": "new", "canceled": "canceled"}


class Base(DeclarativeBase):
    pass


class OrderRow(Base):
    __tablename__ = "orm_orders"
    account: Mapped[str] = mapped_column(primary_key=True)
    client_order_id: Mapped[str] = mapped_column(primary_key=True)
    venue_order_id: Mapped[str | None] = mapped_column(index=True)
    instrument: Mapped[str]
    side: Mapped[str]
    quantity: Mapped[str]
    limit_price: Mapped[str | None]
    strategy: Mapped[str | None]
    status: Mapped[str]
    filled: Mapped[str]
    updated_at: Mapped[str]


class TradeRow(Base):
    __tablename__ = "orm_trades"
    fill_id: Mapped[str] = mapped_column(primary_key=True)
    client_order_id: Mapped[str] = mapped_column(index=True)
    quantity: Mapped[str]
    price: Mapped[str]
    fee: Mapped[str]
    at: Mapped[str]


def orm_engine(url: str) -> Engine:
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _durable(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    Base.metadata.create_all(engine)
    return engine


def update_rows(engine: Engine, documents: Sequence[Document], batch: int) -> float:
    """Messages a second, so many to a session and its commit."""
    began = time.perf_counter()
    for start in range(0, len(documents), batch):
        with Session(engine) as session, session.begin():
            for document in documents[start : start + batch]:
                _take(session, document)
    return len(documents) / (time.perf_counter() - began)


def _take(session: Session, told: Document) -> None:
    key = {name: told[name] for name in ("account", "client_order_id")}
    if told["type"] == "request":
        terms = {
            name: told[name]
            for name in ("instrument", "side", "quantity", "limit_price", "strategy")
        }
        session.add(
            OrderRow(**key, **terms, status="pending_new", filled="0", updated_at=told["at"])
        )
        return
    order = session.get_one(OrderRow, tuple(key.values()))
    order.venue_order_id, order.updated_at = told["venue_order_id"], told["at"]
    if told["type"] == "fill":
        row = {
            name: told[name]
            for name in ("fill_id", "client_order_id", "quantity", "price", "fee", "at")
        }
        session.add(TradeRow(**row))
        order.filled = str(Decimal(order.filled) + Decimal(told["quantity"]))
        order.status = (
            "filled" if Decimal(order.filled) >= Decimal(order.quantity) else "partially_filled"
        )
    else:
        order.status = STATUS[told["type"]]
