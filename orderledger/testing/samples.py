"""Payloads of a venue under test."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from orderledger import Message, Request, parse_document
from orderledger.venues.base.translation import Fault
from orderledger.venues.base.venue import Records

UNKNOWN = "frozen"
"""A status that venues do not have."""
Read = Callable[[Any, str, Records], tuple[Sequence[Message], Sequence[Fault]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadSamples:
    """Payloads of a venue, and the function that reads them.

    `documents`: one of every kind. `unknown`: one of an order whose status is `UNKNOWN`. `rows`:
    for each kind of row, a function that makes a document of rows, and two rows. Tests spoil the
    first row and check that the second is still read.
    """

    name: str
    read: Read
    alias: tuple[str, str]
    instrument: str
    documents: Sequence[Any]
    unknown: Any
    rows: dict[str, tuple[Callable[[list[Any]], Any], Any, Any]]

    def request(self, account: str) -> Request:
        """An order of ours, with the alias that the rows have."""
        name, value = self.alias
        message = parse_document(
            {
                "type": "request",
                "account": account,
                "client_order_id": "C-1",
                "aliases": {name: value},
                "instrument": self.instrument,
                "side": "buy",
                "quantity": "1.2",
                "order_type": "limit",
                "limit_price": "2500.5",
                "at": "2026-01-01T00:00:00Z",
            }
        )
        assert isinstance(message, Request)
        return message
