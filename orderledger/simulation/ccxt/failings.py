"""`Failings`: what real exchanges do that a client may not expect. Each is off until a test turns
it on."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from orderledger.simulation.market import ExchangeSimulator, SimulatedOrder

CUT_TO = 18
"""Characters: the length of a free text as `cl_ord_id` (docs.kraken.com, guide Spot Client Order
Identifiers)."""


@dataclass(slots=True)
class Failings:
    """The failings of one server.

    | | | seen at |
    |---|---|---|
    | `done_but_failed` | so many orders are done, and answered with an error | Binance: after a 5xx the execution is unknown |
    | `listed_after` | so long a new order is in no answer to a query | Binance: queries come from "Memory => Database" |
    | `ids` | client ids come back in capitals, or cut short | Coinone: in the other case (ccxt pull request 3635) |

    Binance: rest-api.md, and USD-M General Info for the 503 "Unknown error, please check your
    request or try again later." Kraken answers `EService:Timeout` (Spot Error Messages). MEXC does
    not know orders that it has confirmed (ccxt issue 21614). For ids that are cut no source was
    found.

    A client id is free again when its order has ended, at Binance (rest-api, newClientOrderId) and
    at Kraken (Spot Client Order Identifiers): that is how both servers always are.
    """  # noqa: E501 (a table)

    done_but_failed: int = 0
    listed_after: timedelta = field(default=timedelta())
    ids: Literal["kept", "upper", "cut"] = "kept"

    def fails(self) -> bool:
        """Whether the order that was just done is answered as failed."""
        self.done_but_failed -= (is_next := self.done_but_failed > 0)
        return is_next

    def is_listed(self, order: SimulatedOrder, exchange: ExchangeSimulator) -> bool:
        """Whether a query shows this order already."""
        return exchange.clock.now() - order.created_at >= self.listed_after

    def reported(self, client_id: str) -> str:
        """The id as the exchange reports it."""
        return {"kept": client_id, "upper": client_id.upper(), "cut": client_id[:CUT_TO]}[self.ids]


def free_ids_of_ended_orders(exchange: ExchangeSimulator) -> None:
    """A client id is unique while its order is open, unless a test has said otherwise."""
    if exchange.rules.client_ids == "any":
        exchange.rules.client_ids = "unique_while_open"
