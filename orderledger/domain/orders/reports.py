"""Reports of the venue about an order. A report is never refused."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from orderledger.domain.decision import DUPLICATE, Duplicate
from orderledger.domain.orders.ends import CONCLUDED_ABSENT, DUPLICATE_ORDER
from orderledger.domain.orders.events import OrderReport
from orderledger.domain.values import Liquidity, Pending, Status

if TYPE_CHECKING:
    from orderledger.domain.orders.order import Order

UNKNOWN_TO_VENUE = "unknown_order"
OBSERVED_WORKING = frozenset({Status.NEW, Status.PARTIALLY_FILLED})
OBSERVED_PAUSES = frozenset({Status.SUSPENDED, Status.STOPPED})
OBSERVED_ENDS = frozenset({Status.CANCELED, Status.REJECTED, Status.EXPIRED})


class WorkingReport(OrderReport, frozen=True, kw_only=True):
    """Report that shows the order working."""

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.work(at)


class OrderAcknowledged(WorkingReport, frozen=True, kw_only=True):
    """Order accepted and working."""

    stored_name: ClassVar[str] = "order_acknowledged.v1"

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.work(at)
        order.acknowledged_at = min(order.acknowledged_at or at, at)


class OrderRejected(OrderReport, frozen=True, kw_only=True):
    """Order refused by the venue."""

    stored_name: ClassVar[str] = "order_rejected.v1"

    def take_effect(self, order: "Order", at: datetime) -> None:
        if self.reason == DUPLICATE_ORDER:
            order.own_ends().add_duplicate(at)
        else:
            order.own_ends().add(Status.REJECTED, at, self.reason)


class FillRecorded(OrderReport, frozen=True, kw_only=True):
    """Execution. `fee` is positive when paid, negative when received, in `fee_currency`."""

    stored_name: ClassVar[str] = "fill_recorded.v1"
    fill_id: str
    quantity: Decimal
    price: Decimal
    fee: Decimal | None = None
    fee_currency: str | None = None
    liquidity: Liquidity | None = None

    def repetition(self, order: "Order") -> Duplicate | None:
        """A fill with the same id and numbers is a duplicate."""
        return DUPLICATE if order.fills.knows(self) and not order.names.brings_name(self) else None

    def apply(self, order: "Order", at: datetime) -> None:
        self.apply_names_and_terms(order, at)
        order.add_fill(self, at)


class FillCorrected(FillRecorded, frozen=True, kw_only=True):
    """Replacement of the earlier fill `corrects`. A correction can be corrected again."""

    stored_name: ClassVar[str] = "fill_corrected.v1"
    corrects: str


class FillBusted(OrderReport, frozen=True, kw_only=True):
    """Cancellation of a fill: it never happened."""

    stored_name: ClassVar[str] = "fill_busted.v1"
    fill_id: str

    def repetition(self, order: "Order") -> Duplicate | None:
        """A bust of the same fill is a duplicate."""
        if self.has_known_message_id(order):
            return DUPLICATE
        is_known = order.fills.knows_bust(self.fill_id, self.at) and not order.names.brings_name(self)
        return DUPLICATE if is_known else None

    def apply(self, order: "Order", at: datetime) -> None:
        self.apply_names_and_terms(order, at)
        order.bust_fill(self.fill_id, at)


class OrderCanceled(OrderReport, frozen=True, kw_only=True):
    """Order canceled, by us or by the venue."""

    stored_name: ClassVar[str] = "order_canceled.v1"

    def take_effect(self, order: "Order", at: datetime) -> None:
        if self.reason != CONCLUDED_ABSENT or not order.is_requested:
            order.own_ends().add(Status.CANCELED, at, self.reason)


class ChangeRejected(OrderReport, frozen=True, kw_only=True):
    """Cancel or replace request refused by the venue. The order is unchanged."""

    request_id: str | None = None

    @property
    def shows_order(self) -> bool:
        return self.reason != UNKNOWN_TO_VENUE


class CancelRejected(ChangeRejected, frozen=True, kw_only=True):
    """Cancel request refused. The order is unchanged."""

    stored_name: ClassVar[str] = "cancel_rejected.v1"

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.own_requests().refuse(Pending.CANCEL, at, request_id=self.request_id, called=_other_id(order, self))


class ReplaceRejected(ChangeRejected, frozen=True, kw_only=True):
    """Replace request refused. The order is unchanged. `not_sent`: our side refused it, so the venue has said nothing."""

    stored_name: ClassVar[str] = "replace_rejected.v1"
    not_sent: bool = False

    @property
    def shows_order(self) -> bool:
        return self.reason != UNKNOWN_TO_VENUE and not self.not_sent

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.own_requests().refuse(Pending.REPLACE, at, request_id=self.request_id, called=_other_id(order, self))


class OrderReplaced(WorkingReport, frozen=True, kw_only=True):
    """New terms in force, as the venue states them."""

    stored_name: ClassVar[str] = "order_replaced.v1"
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    replacement_client_order_id: str | None = None

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.work(at)
        order.replaces += 1
        order.terms.set(self.quantity, self.limit_price, self.stop_price, at)
        order.own_requests().accept(at, replacement_id=self.replacement_client_order_id, called=_other_id(order, self))


class OrderExpired(OrderReport, frozen=True, kw_only=True):
    """Order ended by its time in force."""

    stored_name: ClassVar[str] = "order_expired.v1"

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.own_ends().add(Status.EXPIRED, at, self.reason)


class OrderTriggered(WorkingReport, frozen=True, kw_only=True):
    """Stop order triggered."""

    stored_name: ClassVar[str] = "order_triggered.v1"


class OrderSuspended(WorkingReport, frozen=True, kw_only=True):
    """Order suspended: not eligible for trading for now."""

    stored_name: ClassVar[str] = "order_suspended.v1"

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.work(at)
        order.enter(Status.SUSPENDED, at)


class OrderResumed(WorkingReport, frozen=True, kw_only=True):
    """Order eligible for trading again."""

    stored_name: ClassVar[str] = "order_resumed.v1"

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.work(at)
        order.enter(None, at)


class OrderReinstated(WorkingReport, frozen=True, kw_only=True):
    """Order working after all. The ends reported up to `at` no longer count."""

    stored_name: ClassVar[str] = "order_reinstated.v1"

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.work(at)
        order.own_ends().reinstate(at)


class OrderStopped(WorkingReport, frozen=True, kw_only=True):
    """Execution guaranteed by the venue (FIX Stopped). It is no fill."""

    stored_name: ClassVar[str] = "order_stopped.v1"

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.work(at)
        order.enter(Status.STOPPED, at)


class OrderDoneForDay(OrderReport, frozen=True, kw_only=True):
    """No more fills today. A GTC order returns with a `restate`."""

    stored_name: ClassVar[str] = "order_done_for_day.v1"

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.is_worked = True  # known at the venue, and no longer working
        order.enter(Status.DONE_FOR_DAY, at)


class OrderRestated(WorkingReport, frozen=True, kw_only=True):
    """Order changed by the venue without a request."""

    stored_name: ClassVar[str] = "order_restated.v1"
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.work(at)
        order.terms.set(self.quantity, self.limit_price, self.stop_price, at)
        order.enter(None, at)


class StatusObserved(OrderReport, frozen=True, kw_only=True):
    """State of the order in the answer to a query. `status` is the venue's word: it never moves an order backwards, and an
    unknown word changes nothing."""

    stored_name: ClassVar[str] = "status_observed.v1"
    status: str | None = None
    pending: Pending | None = None

    def take_effect(self, order: "Order", at: datetime) -> None:
        if self.pending is not None:
            order.own_requests().observe(self.pending, at)
        if self.status is None:
            return
        claims = order.own_claims()
        claims.say(self.status, at)
        if self.status in OBSERVED_ENDS:
            order.own_ends().add(Status(self.status), at, self.reason)
        elif self.status == Status.DONE_FOR_DAY:
            order.enter(Status.DONE_FOR_DAY, at)
            order.is_worked = True
        elif self.status in OBSERVED_PAUSES:
            order.own_session().look(Status(self.status), at)
            order.work(at)
        elif self.status in OBSERVED_WORKING:
            order.own_session().look(None, at)
            order.work(at)
        elif self.status == Status.FILLED:
            claims.is_filled = True
            order.is_worked = True


class OrderAbsent(OrderReport, frozen=True, kw_only=True):
    """Order unknown to the venue when queried. It is evidence, and never ends an order."""

    stored_name: ClassVar[str] = "order_absent.v1"

    @property
    def shows_order(self) -> bool:
        return False

    def take_effect(self, order: "Order", at: datetime) -> None:
        order.mark_absent(at)


def _other_id(order: "Order", report: OrderReport) -> str | None:
    """The report's id for one of our orders, if it is not the order's own. It may be the id of a request."""
    own_id = order.names.own_id
    return report.client_order_id if own_id is not None and report.client_order_id != own_id else None
