"""The answer to a query settles the doubt that there was when the query was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from orderledger import Certainty, Message, Pending, StatusObserved
from orderledger.extend.events import Order
from orderledger.extend.values import ENDS, DatedBy
from orderledger.venues.base.answered import observed_end

LAG = timedelta(seconds=2)
"""How far a query's answer may lag behind the venue's state, and our clock may run ahead of the
venue's.
"""

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The state of an order when a query about it is sent. The answer settles what was doubtful
    then. `until`: the time of the last doubt; None if a replace awaits its answer, or nothing is
    doubtful."""

    until: datetime | None

    @classmethod
    def of(cls, order: Order) -> Self:
        is_settled = order.certainty is not Certainty.UNRESOLVED
        if is_settled or order.pending is Pending.REPLACE:
            return cls(None)
        times = [at for at in (order.unresolved_at, order.absent_at) if at is not None]
        return cls(max(times, default=None))


def dated_answers(
    order: Order | None, found: Sequence[Message], asked_at: datetime, doubtful: Doubtful
) -> list[Message]:
    """The messages of the answer to a query, with the time of the query.

    If the order was shown working after the time of the end that is found, the end holds at the
    time of the query. Our clock dated that it works, and may be ahead of the venue's.
    """
    dated = [
        dated_answer(order, one, asked_at, doubtful) if isinstance(one, StatusObserved) else one
        for one in found
    ]
    if order is None or order.undone_end is None or order.shown is None:
        return dated
    at = max(asked_at, order.shown.at)
    reports = (one for one in found if not isinstance(one, StatusObserved))
    return [*dated, *(one for report in reports if (one := observed_end(report, at)) is not None)]


def dated_answer(
    order: Order | None, status: StatusObserved, asked_at: datetime, doubtful: Doubtful
) -> StatusObserved:
    """The state that was found, with the time of the query.

    If a disputed end is found again, it holds at that time. Our clock dated the message that
    disputes it, and may be ahead of the venue's. An order that was in doubt is
    confirmed after the doubt, whatever the lag of the query: an order that is found exists.
    """
    if order is None or order.is_ended:
        return status.model_copy(update={"asked_at": None})
    if order.undone_end is not None and order.shown is not None and status.status in ENDS:
        return status.model_copy(
            update={"at": max(asked_at, order.shown.at), "dated_by": DatedBy.RECEIPT}
        )
    moment = status.asked_at or asked_at - LAG
    if doubtful.until is not None and moment <= doubtful.until:
        moment = doubtful.until + MICROSECOND
    elif (
        order.unresolved_at is not None and asked_at < order.unresolved_at
    ):  # a clock was set back: the query came after the sending
        moment = order.unresolved_at
    return status.model_copy(update={"asked_at": moment})
