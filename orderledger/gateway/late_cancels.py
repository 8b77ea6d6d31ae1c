"""Settles cancels that were never answered, of orders that their fills have ended.

By FIX a cancel stays outstanding when its order is filled, until the venue rejects it (4.4 vol. 4,
app. D). If that answer is lost, no query of the order shows it.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from orderledger import CancelRejected, Pending
from orderledger.extend.events import Order
from orderledger.extend.values import Clock
from orderledger.extend.views import tables
from orderledger.gateway.book import Book

if TYPE_CHECKING:
    from orderledger import Ledger

LOOKBACK = timedelta(days=7)
"""A start settles cancels of orders that were last updated within this time."""
TEXT = "the order was filled, and no answer to its cancel is recorded"


async def settle_cancel(ledger: "Ledger", order: Order | None, now: datetime) -> None:
    """Settle the oldest cancel of an order that has ended, if it awaits an answer. Raises
    StoreError."""
    if order is None or not order.is_ended or order.pending is not Pending.CANCEL:
        return
    if order.client_order_id is not None:
        request_id = order.requests.oldest_id(Pending.CANCEL)
        await ledger.arecord(_too_late(order.account, order.client_order_id, request_id, now))


async def settle_earlier_cancels(ledger: "Ledger", book: Book, clock: Clock) -> None:
    """Settle the cancels of orders that were filled while no gateway ran. Raises StoreError."""
    now = clock.now()
    with book.store.database.reading() as session:
        condition = "is_open = ? AND updated_at >= ? AND pending = ?"
        since = session.to_sql("time", now - LOOKBACK)
        values = (session.to_sql("flag", False), since, str(Pending.CANCEL))
        rows = session.select(tables.ORDERS, condition, values)
    for row in rows:
        account, name, asked = row["account"], row["client_order_id"], row["pending_request"]
        if account in book.accounts and name is not None and asked is not None:
            await ledger.arecord(_too_late(account, name, asked["request_id"], now))


def _too_late(account: str, name: str, request_id: str | None, at: datetime) -> CancelRejected:
    return CancelRejected(
        account=account,
        client_order_id=name,
        request_id=request_id,
        at=at,
        source="reconciliation",
        reason="too_late",
        text=TEXT,
    )
