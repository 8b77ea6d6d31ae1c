"""`Flight`: an order between the call and the recorded answer."""

import asyncio
from dataclasses import dataclass, field

from orderledger.gateway.answers import Answer
from orderledger.gateway.limits import Denial
from orderledger.gateway.unsettled import Key
from orderledger.rows import OrderRow
from orderledger.venues.base.transport import Turn, pacing
from orderledger.venues.errors import NotSent

WITHDRAWN = NotSent(pacing.WITHDRAWN, "it was canceled before it was sent")


@dataclass(slots=True)
class Flight:
    """An order between the call and the recorded answer. `is_withdrawn`: canceled before it was
    sent. `is_held`: recorded only, because the gateway sends it later. `is_kept_back`: recorded
    but not sent, for that reason. `turn`: its wait for the venue's rate limits. `is_known`: the log
    shows the order as sent, or with other terms, and the ledger refuses this one.
    """

    key: Key
    row: OrderRow
    denial: Denial | None = None
    is_known: bool = False
    is_held: bool = False
    is_sent: bool = False
    is_withdrawn: bool = False
    is_kept_back: bool = False
    is_in_batch: bool = False
    turn: Turn | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Future[Answer] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for its turn: nothing has left."""
        return self.turn is not None and self.turn.is_waiting

    def withdraw(self) -> None:
        """Do not send it. An order of a batch is sent with the others, and canceled after."""
        self.is_withdrawn = True
        if self.turn is not None and not self.is_in_batch:
            self.turn.withdraw()
