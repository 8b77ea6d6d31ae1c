"""`Failings`: behaviour of real exchanges that a client may not expect. Each is off until a test
turns it on.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from orderledger.simulation.market import ExchangeSimulator

CUT_TO = 18
"""Characters: the maximal length of a free text in `cl_ord_id` (docs.kraken.com, guide Spot
Client Order Identifiers).
"""


class Created(Protocol):
    """An order with the time of its creation."""

    @property
    def created_at(self) -> datetime: ...


@dataclass(slots=True)
class Failings:
    """The failings of one server.

    | | | seen at | |---|---|---| | `done_but_failed` | this many orders are executed, and answered
    with an error | Binance: after a 5xx the execution is unknown | | `listed_after` | a new order
    is missing from queries for this long | Binance: queries come from "Memory => Database" | |
    `ids` | client ids come back in another case, or cut short | Coinone: in the other case (ccxt
    pull request 3635) |

    Binance: rest-api.md, and USD-M General Info for the 503 "Unknown error, please check your
    request or try again later." Kraken answers `EService:Timeout` (Spot Error Messages). MEXC does
    not know orders that it has confirmed (ccxt issue 21614). No source was found for ids that are
    cut short.

    A client id is free again when its order has ended: see Binance (rest-api, newClientOrderId) and
    Kraken (Spot Client Order Identifiers). Both servers always behave like this.
    """

    done_but_failed: int = 0
    listed_after: timedelta = field(default=timedelta())
    engine_seconds: float = 0.0
    ids: Literal["kept", "upper", "lower", "cut"] = "kept"

    def fails(self) -> bool:
        """Whether the executed order is answered as failed."""
        self.done_but_failed -= (is_next := self.done_but_failed > 0)
        return is_next

    def is_listed(self, order: Created, exchange: ExchangeSimulator) -> bool:
        """Whether a query shows this order already."""
        return exchange.clock.now() - order.created_at >= self.listed_after

    def reported(self, client_id: str) -> str:
        """The id as the exchange reports it."""
        other_case = {"upper": client_id.upper(), "lower": client_id.lower()}
        return {"kept": client_id, "cut": client_id[:CUT_TO], **other_case}[self.ids]


def free_ids_of_ended_orders(exchange: ExchangeSimulator) -> None:
    """A client id is unique while its order is open, unless a test says otherwise."""
    if exchange.rules.client_ids == "any":
        exchange.rules.client_ids = "unique_while_open"
