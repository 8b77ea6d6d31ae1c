"""Payloads of Tradier for tests, and a ledger that is told them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orderledger import Ledger, parse_document
from orderledger.infrastructure.messages.outcome import Outcome
from orderledger.infrastructure.messages.registry import Instrument
from orderledger.projections.view import Row
from orderledger.venues.base.definitions import DEFINED_AT, Definitions
from orderledger.venues.base.venue import NoRecords
from orderledger.venues.reconciliation.book import BookRecords
from orderledger.venues.tradier.context import TradierContext, TradierMemory
from orderledger.venues.tradier.positions import terms_of
from orderledger.venues.tradier.translate import from_recorded, translated

ACCOUNT = "tradier:main"
NUMBER = "VA000000"
TAG = "prop-42-ENTRY"


class Book:
    """A ledger, and the payloads it is told. Each payload is read as after a restart, unless a
    memory is given."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.records = BookRecords(ledger)

    def request(self, client_order_id: str = "C-42", tag: str = TAG, **terms: Any) -> Outcome:
        usual = {
            "instrument": "SPY",
            "side": "buy",
            "quantity": "10",
            "order_type": "limit",
            "limit_price": "500.25",
        }
        return self.record(
            "request",
            client_order_id=client_order_id,
            aliases={"tradier.tag": tag},
            **{**usual, **terms},
        )

    def record(self, kind: str, **fields: Any) -> Outcome:
        return self.ledger.record(parse_document({"type": kind, "account": ACCOUNT, **fields}))

    def read(self, document: Any) -> list[Any]:
        return from_recorded(document, ACCOUNT, self.records)

    def translate(self, document: Any, memory: TradierMemory | None = None) -> Any:
        return translated(
            document,
            TradierContext(account=ACCOUNT, records=self.records, memory=memory or TradierMemory()),
        )

    def tell(self, *documents: Any) -> list[str]:
        """Record what the payloads say, one after the other. The outcomes, and what is odd."""
        told: list[str] = []
        for document in documents:
            messages = self.read(document)
            defined = Definitions().added_to(messages, terms_of, lambda: DEFINED_AT)
            self.ledger.record_many(
                [message for message in defined if isinstance(message, Instrument)]
            )
            for message in messages:
                outcome = self.ledger.record(message)
                told.append(outcome.outcome)
        return told

    def order(self, name: str = "900101") -> Row:
        return self.ledger.order(name, account=ACCOUNT)

    def fills(self, **where: Any) -> list[tuple[str, str, str, str, str]]:
        """Fill id, instrument, side, quantity, price."""
        return [
            (
                row["fill_id"],
                row["instrument"],
                row["side"],
                str(row["quantity"]),
                str(row["price"]),
            )  # type: ignore[misc]
            for row in self.ledger.trades(**where)
        ]

    def positions(self) -> dict[str, str]:
        return {
            row["instrument"]: str(row["position_quantity"])
            for row in self.ledger.positions()
            if row["fills"]
        }


def read_alone(document: Any) -> list[Any]:
    """What a payload says to a ledger that knows nothing."""
    return list(from_recorded(document, ACCOUNT, NoRecords()))


@contextmanager
def a_book() -> Iterator[Book]:
    with Ledger.open("memory://", update_views=False) as ledger:
        yield Book(ledger)


def row(**changes: Any) -> dict[str, Any]:
    """A row of an equity order, open and unfilled. Numbers are given as text, and stand as
    numbers."""
    usual: dict[str, Any] = {
        "id": 900101,
        "type": "limit",
        "symbol": "SPY",
        "side": "buy",
        "quantity": 10,
        "status": "open",
        "duration": "day",
        "price": "500.25",
        "avg_fill_price": 0,
        "exec_quantity": 0,
        "last_fill_price": 0,
        "last_fill_quantity": 0,
        "remaining_quantity": 10,
        "create_date": "2026-05-04T13:30:00.100Z",
        "transaction_date": "2026-05-04T13:30:00.200Z",
        "class": "equity",
        "tag": TAG,
    }
    return {name: value for name, value in {**usual, **changes}.items() if value != "left out"}


def filled_row(
    quantity: Any, average: Any, last: tuple[Any, Any] = (0, 0), *, at: int = 2, **changes: Any
) -> dict[str, Any]:
    """The same, partly filled `at` seconds past 13:30, of 10."""
    left = 10 - int(quantity)
    return row(
        status="partially_filled" if left else "filled",
        exec_quantity=quantity,
        avg_fill_price=average,
        last_fill_quantity=last[0],
        last_fill_price=last[1],
        remaining_quantity=left,
        transaction_date=f"2026-05-04T13:30:{at:02}.000Z",
        **changes,
    )


def orders(*rows: Any) -> dict[str, Any]:
    """An answer with these rows, in the shape Tradier gives so many."""
    return {"orders": {"order": rows[0] if len(rows) == 1 else list(rows)} if rows else "null"}


def event(**changes: Any) -> dict[str, Any]:
    """An event of the stream about the same order."""
    usual: dict[str, Any] = {
        "id": 900101,
        "event": "order",
        "status": "open",
        "type": "limit",
        "price": "500.25",
        "stop_price": 0,
        "avg_fill_price": 0,
        "exec_quantity": 0,
        "last_fill_quantity": 0,
        "remaining_quantity": 10,
        "transaction_date": "2026-05-04T13:30:00.200Z",
        "create_date": "2026-05-04T13:30:00.100Z",
        "account": NUMBER,
        "tag": TAG,
    }
    return {name: value for name, value in {**usual, **changes}.items() if value != "left out"}


SELL_PUT, BUY_PUT = "SPY260619P00480000", "SPY260619P00475000"


def leg(
    leg_id: int, symbol: str | None, side: str, filled: Any = 0, price: Any = 0, **changes: Any
) -> dict[str, Any]:
    """One leg of a spread of one."""
    return {
        "id": leg_id,
        "type": "credit",
        "symbol": "SPY",
        "side": side,
        "quantity": 1,
        "status": "filled" if filled else "open",
        "avg_fill_price": price,
        "exec_quantity": filled,
        "last_fill_price": price,
        "last_fill_quantity": filled,
        "remaining_quantity": 0 if filled else 1,
        "create_date": "2026-05-04T14:00:00.000Z",
        "transaction_date": "2026-05-04T14:00:05.000Z",
        "class": "option" if symbol else "equity",
        **({"option_symbol": symbol} if symbol else {}),
        **changes,
    }


def spread(status: str, *legs: Any, **changes: Any) -> dict[str, Any]:
    """An order with legs."""
    usual = {
        "id": 900110,
        "type": "credit",
        "symbol": "SPY",
        "side": "buy",
        "quantity": 1,
        "status": status,
        "duration": "day",
        "price": "1.05",
        "avg_fill_price": 0,
        "exec_quantity": 0,
        "remaining_quantity": 0,
        "create_date": "2026-05-04T14:00:00.000Z",
        "transaction_date": "2026-05-04T14:00:05.000Z",
        "class": "multileg",
        "num_legs": len(legs),
        "tag": "prop-43-ENTRY",
        "leg": legs[0] if len(legs) == 1 else list(legs),
    }
    return {**usual, **changes}
