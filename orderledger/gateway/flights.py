"""Orders between the call that sends them and the recorded answer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orderledger import Outcome
from orderledger.extend.events import Order, commands
from orderledger.gateway.answers import Answer, Failure, as_answer
from orderledger.gateway.book import row_now
from orderledger.gateway.groups import GROUP_DENIED
from orderledger.gateway.limits import Denial
from orderledger.gateway.unsettled import Key
from orderledger.rows import OrderRow
from orderledger.venues.base.transport import Turn, turns
from orderledger.venues.base.transport.pacing import RATE_LIMITED
from orderledger.venues.errors import NotSent

WITHDRAWN = NotSent(turns.WITHDRAWN, "it was canceled before it was sent")
NO_FAULTS = (WITHDRAWN.reason, RATE_LIMITED, GROUP_DENIED)


@dataclass(slots=True)
class Flight:
    """An order between the call and the recorded answer. `is_withdrawn`: canceled before it was
    sent. `is_held`: recorded only, because the gateway sends it later. `is_kept_back`: recorded
    but not sent, for that reason. `turn`: its wait for the venue's rate limits. `is_known`: the log
    shows the order as sent, or with other terms, and the ledger refuses this one. `members`: the
    flights of the group that the venue holds, in the order of the call.
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
    members: "Sequence[Flight]" = ()
    done: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Future[Answer] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for its turn: nothing has left."""
        return self.turn is not None and self.turn.is_waiting

    def begin(self) -> None:
        """It is recorded: send it from now on, unless it was withdrawn."""
        self.is_sent, self.is_kept_back = not self.is_withdrawn, self.is_withdrawn

    def withdraw(self) -> None:
        """Do not send it. An order of a batch is sent with the others, and canceled after."""
        self.is_withdrawn = True
        if self.turn is not None and not self.is_in_batch:
            self.turn.withdraw()


def is_failure(answer: Answer) -> bool:
    """Whether sending failed. A withdrawn order is not a fault, nor is one of a group that is not
    sent. Neither is one that would have waited too long for the venue's rate limits.
    """
    if isinstance(answer, NotSent) and answer.reason in NO_FAULTS:
        return False
    return isinstance(answer, Failure)


def each_of(found: object, count: int) -> list[Answer]:
    """The answers of a batch. If it does not have one answer per order, it counts for none of
    them.
    """
    if isinstance(found, Sequence) and not isinstance(found, str) and len(found) == count:
        return [as_answer(one) for one in found]
    return [as_answer(found if isinstance(found, Failure) else None)] * count


def records_one(flight: Flight) -> bool:
    """Whether one message is recorded for the order: its request."""
    return flight.is_known or flight.is_held


def is_to_be_sent(flight: Flight, submitted: Outcome) -> bool:
    return flight.denial is None and not records_one(flight) and submitted.outcome == "recorded"


def may_be_sent(order: Order, flight: Flight) -> bool:
    """Whether an order was requested before with the same terms, and was never sent. An order that
    may have been sent is sent again by `resend` only.
    """
    is_sent = order.submitted_at is not None or order.unresolved_at is not None
    known: Mapping[str, object] = row_now(order, *flight.key)
    row: Mapping[str, object] = flight.row
    return not is_sent and all(known[name] == row[name] for name in commands.REQUESTED_TERMS)
