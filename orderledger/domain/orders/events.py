"""Everything that can be recorded about an order: facts as frozen data, one class per stored event name.

A message proposes one of these facts; `decide` lets it into the log or says why not. `at` is the sender's clock
as the message gave it; None means that the time of recording stands for it. Two facts are the same when all their
fields are, `message_id` aside. Prices and quantities are exact decimals in the instrument's own units.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from orderledger.domain.values import Anomaly, Links, Liquidity, OrderType, Pending, Reported, Side, TimeInForce


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """What every message about an order may carry.

    `client_order_id` is the id as the message gave it: the order's own, or a replacement's, or a cancel request's.
    """

    at: datetime | None = None
    client_order_id: str | None = None
    venue_order_id: str | None = None
    aliases: dict[str, str] = field(default_factory=dict, hash=False)
    reported: Reported | None = None
    reason: str | None = None
    message_id: str | None = field(default=None, compare=False)


# Commands: ours. Recorded before anything is sent.


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequested(OrderEvent):
    """We want this order."""

    instrument: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    expire_at: datetime | None = None
    post_only: bool = False
    reduce_only: bool = False
    strategy: str | None = None
    links: Links | None = None
    tags: dict[str, object] = field(default_factory=dict, compare=False)

    def is_same_request(self, other: "OrderRequested") -> bool:
        """Whether both ask for the same order, whenever and by whatever names they ask."""
        return all(getattr(self, name) == getattr(other, name) for name in REQUESTED_TERMS)


REQUESTED_TERMS = (
    "instrument",
    "side",
    "quantity",
    "order_type",
    "limit_price",
    "stop_price",
    "time_in_force",
    "expire_at",
    "post_only",
    "reduce_only",
    "strategy",
    "links",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDenied(OrderEvent):
    """Refused by our own checks, never sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSubmitted(OrderEvent):
    """Handed to the venue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionUnresolved(OrderEvent):
    """Sending ended without an answer: what became of it is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested(OrderEvent):
    """We want the order to end."""

    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceRequested(OrderEvent):
    """`quantity` is the new total (FIX OrderQty), not what is left."""

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    replacement_client_order_id: str | None = None
    request_id: str | None = None


Command = OrderRequested | OrderDenied | OrderSubmitted | SubmissionUnresolved | CancelRequested | ReplaceRequested


# Reports: the venue's. Never refused.


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport(OrderEvent):
    """The venue's word. `instrument` and `side` matter while the order is unknown to us."""

    instrument: str | None = None
    side: Side | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAcknowledged(OrderReport):
    """Accepted and working."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(OrderReport):
    """Refused by the venue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRecorded(OrderReport):
    """`fee` is positive when paid, negative when received, in `fee_currency`."""

    fill_id: str
    quantity: Decimal
    price: Decimal
    fee: Decimal | None = None
    fee_currency: str | None = None
    liquidity: Liquidity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FillCorrected(FillRecorded):
    """Replaces the earlier fill `corrects`. Corrections chain."""

    corrects: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FillBusted(OrderReport):
    """That fill never happened."""

    fill_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCanceled(OrderReport):
    """Ended by a cancel, ours or the venue's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRejected(OrderReport):
    """The order goes on as it was."""

    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceRejected(OrderReport):
    """The order goes on as it was."""

    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReplaced(OrderReport):
    """In force from now on, with the terms the venue states."""

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    replacement_client_order_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired(OrderReport):
    """Ended by its time in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTriggered(OrderReport):
    """A stop order has become live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSuspended(OrderReport):
    """Not eligible for trading for now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderResumed(OrderReport):
    """Eligible again after a suspension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReinstated(OrderReport):
    """Working after all: what was said up to then to have ended it does not stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStopped(OrderReport):
    """The venue guarantees an execution (FIX Stopped). Not itself a fill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDoneForDay(OrderReport):
    """No more fills today. A GTC order comes back with a `restate`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRestated(OrderReport):
    """Changed by the venue unasked."""

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusObserved(OrderReport):
    """Seen by asking. `status` is the venue's word: it never moves the order backwards, and an unknown word moves nothing."""

    status: str | None = None
    pending: Pending | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAbsent(OrderReport):
    """Asked, and the venue did not know the order. Evidence, never an end."""


Report = (
    OrderAcknowledged
    | OrderRejected
    | FillRecorded
    | FillCorrected
    | FillBusted
    | OrderCanceled
    | CancelRejected
    | ReplaceRejected
    | OrderReplaced
    | OrderExpired
    | OrderTriggered
    | OrderSuspended
    | OrderResumed
    | OrderReinstated
    | OrderStopped
    | OrderDoneForDay
    | OrderRestated
    | StatusObserved
    | OrderAbsent
)


# Judgements: what the ledger itself adds.


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyDetected:
    """Something is odd; `detail` says what, in a sentence."""

    code: Anomaly
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyCleared:
    """What was odd no longer is."""

    code: Anomaly


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAttributed:
    """The reports of this unknown order belong to the order in stream `to`, and are recorded there."""

    to: str


Judgement = AnomalyDetected | AnomalyCleared | OrderAttributed
Fact = Command | Report
Event = Fact | Judgement
