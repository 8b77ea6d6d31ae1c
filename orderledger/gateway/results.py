"""The results of a gateway, and the parts of a ledger and a venue that it uses."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from orderledger import Message, Outcome
from orderledger.rows import OrderRow

__all__ = ["Sending", "SendingState"]

SendingState = Literal["acknowledged", "rejected", "denied", "unresolved", "received", "refused"]


@dataclass(frozen=True, slots=True)
class Sending:
    """The result of sending. Everything in it is recorded.

    - `acknowledged`: the venue has accepted the request. `rejected`: the venue has refused it.
    - `denied`: nothing was sent, because a check failed or the venue could not be reached.
    - `unresolved`: the outcome is unknown. The gateway queries the venue until it is known.
    - `received`: the venue has only confirmed receipt; its answer comes by the feed.
    - `refused`: the ledger refused to record the request, e.g. a client order id of another order.
      Nothing was sent.

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


OnResult = Callable[[Sending, OrderRow | None, bool], None]
"""Called for every request that was sent, with its result, the row of its order, and whether
sending failed."""


class MarkSource(Protocol):
    """Records marks of instruments, by account and name, before their orders are checked."""

    async def ensure(self, instruments: Iterable[tuple[str, str]]) -> None: ...


class OrderLookup(Protocol):
    """The method of `Venue` that a gateway uses: it queries the venue about one order."""

    async def order(self, account: str, order: OrderRow) -> Sequence[Message] | None: ...
