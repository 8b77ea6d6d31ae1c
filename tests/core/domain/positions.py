"""Fills and account messages for tests of positions, and the P&L they come to, as people write
it."""

from typing import Any

from orderledger import Ledger
from orderledger.infrastructure.messages.parsing import parse_document
from orderledger.projections.positions import Method
from orderledger.projections.view import Row
from tests.scenarios import Document, at, fill, message, readable

METHODS: tuple[Method, ...] = ("average", "fifo", "lifo")
START = at(100_000)
DAY = 86_400


def record(ledger: Ledger, *documents: Document) -> None:
    outcomes = ledger.record_many(parse_document(document) for document in documents)
    assert {outcome.outcome for outcome in outcomes} == {"recorded"}, outcomes


def trade(second: float, side: str, quantity: str, price: str, **fields: Any) -> Document:
    """A fill at `at(second)` of an order that nobody requested here, so that each test shows fills
    and nothing else."""
    order = {
        "client_order_id": f"C-{side}",
        "instrument": "BTC-USD",
        "side": side,
        "at": at(second),
    }
    return fill(f"F-{second}", quantity, price, **{**order, **fields})


def of_account(type_: str, **fields: Any) -> Document:
    return message(type_, client_order_id=None, **{"instrument": "BTC-USD", **fields})


def pnl(ledger: Ledger, method: Method = "average", **asked: Any) -> Row:
    rows = ledger.pnl(method=method, instrument="BTC-USD", **asked)
    assert len(rows) == 1, rows
    return shown(rows[0])


def shown(row: Row) -> Row:
    """With all numbers as people write them, those by currency too."""
    plain = {name: readable(row[name]) for name in ("fees", "funding")}
    return {**readable(row), **plain}


def values(row: Row, *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def held_and_realized(ledger: Ledger, method: Method = "average", **asked: Any) -> tuple[Any, ...]:
    return values(
        pnl(ledger, method, **asked), "position_quantity", "average_open_price", "realized_pnl"
    )
