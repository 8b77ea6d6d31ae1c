"""The results of a gateway, and the parts of a ledger and a venue that it uses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from orderledger import Message, Outcome, Request
from orderledger.rows import OrderRow

__all__ = ["Held", "Sending", "SendingState"]

SendingState = Literal[
    "acknowledged", "rejected", "denied", "unresolved", "received", "refused", "held"
]


@dataclass(frozen=True, slots=True)
class Sending:
    """The result of sending. Everything in it is recorded.

    - `acknowledged`: the venue has accepted the request. `rejected`: the venue has refused it.
    - `denied`: nothing was sent, because a check failed or the venue could not be reached.
    - `unresolved`: the outcome is unknown. The gateway queries the venue until it is known.
    - `received`: the venue has only confirmed receipt; its answer comes by the feed.
    - `refused`: the ledger refused to record the request, e.g. a client order id of another order.
      Nothing was sent. `text` has the recorded reason of an order that was denied or rejected.
    - `held`: the order is recorded, and the gateway sends it when its condition is met.

    `reason` is a code and `text` a sentence. `messages`: the venue's answer. `outcome`: of
    recording the request.
    """

    state: SendingState
    account: str
    client_order_id: str
    reason: str | None = None
    text: str | None = None
    messages: Sequence[Message] = ()
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """An order that the gateway holds, and what it waits for.

    `reason`: `parent`, a fill of its parent; `trigger`, its trigger price; `no_mark`, a fresh mark
    to compare with its trigger price; `sibling`, the end of the other orders of its group;
    `answer`, the venue's answer; `retry`, some seconds after an order that was not taken; otherwise
    the halt or limit that forbids it now. `text`: a sentence.
    """

    account: str
    client_order_id: str
    reason: str
    text: str


OnResult = Callable[[Sending, OrderRow | None, bool], None]
"""Called for every request that was sent, with its result, the row of its order, and whether
sending failed."""


class MarkSource(Protocol):
    """Records marks of the instruments of new orders, before these are checked."""

    async def ensure(self, requests: Sequence[Request]) -> None: ...


class OrderLookup(Protocol):
    """The method of `Venue` that a gateway uses: it queries the venue about one order."""

    async def order(self, account: str, order: OrderRow) -> Sequence[Message] | None: ...
