"""Reports of the venue about an order. A report is never refused."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from orderledger.domain.decision import DUPLICATE, Duplicate
from orderledger.domain.orders.ends import CONCLUDED_ABSENT, DUPLICATE_ORDER
from orderledger.domain.orders.events import OrderReport
from orderledger.domain.orders.when import When
from orderledger.domain.values import Certainty, DatedBy, Liquidity, Pending, Status

if TYPE_CHECKING:
    from orderledger.domain.orders.order import Order

UNKNOWN_TO_VENUE = "unknown_order"
OBSERVED_WORKING = frozenset({Status.NEW, Status.PARTIALLY_FILLED})
OBSERVED_PAUSES = frozenset({Status.SUSPENDED, Status.STOPPED})
OBSERVED_OPEN = OBSERVED_WORKING | OBSERVED_PAUSES
OBSERVED_ENDS = frozenset({Status.CANCELED, Status.REJECTED, Status.EXPIRED})


class WorkingReport(OrderReport, frozen=True, kw_only=True):
    """Report that shows the order working."""

    def take_effect(self, order: "Order", when: When) -> None:
        order.work(when)


class OrderAcknowledged(WorkingReport, frozen=True, kw_only=True):
    """Order accepted and working."""

    stored_name: ClassVar[str] = "order_acknowledged.v1"

    def take_effect(self, order: "Order", when: When) -> None:
        order.work(when)
        order.acknowledged_at = min(order.acknowledged_at or when.at, when.at)


class OrderRejected(OrderReport, frozen=True, kw_only=True):
    """Order refused by the venue."""

    stored_name: ClassVar[str] = "order_rejected.v1"

    def take_effect(self, order: "Order", when: When) -> None:
        if self.reason == DUPLICATE_ORDER:
            order.own_ends().add_duplicate(when)
        else:
            order.own_ends().add(Status.REJECTED, when, self.reason)


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

    def apply(self, order: "Order", when: When) -> None:
        known = order.fills.version_of(self)
        if known is None:
            self.apply_names_and_terms(order, when)
            order.add_fill(self, when)
        else:
            order.learn(self, when)
            order.repeat_fill(self, known, when)


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
        if self.is_same_message(order):
            return DUPLICATE
        is_known = order.fills.knows_bust(self.fill_id, self.at) and not order.names.brings_name(
            self
        )
        return DUPLICATE if is_known else None

    def apply(self, order: "Order", when: When) -> None:
        self.apply_names_and_terms(order, when)
        order.terms.keep(self, when)
        order.bust_fill(self.fill_id, when)


class OrderCanceled(OrderReport, frozen=True, kw_only=True):
    """Order canceled, by us or by the venue."""

    stored_name: ClassVar[str] = "order_canceled.v1"

    def take_effect(self, order: "Order", when: When) -> None:
        if self.reason != CONCLUDED_ABSENT or not order.is_requested:
            order.own_ends().add(Status.CANCELED, when, self.reason)


class ChangeRejected(OrderReport, frozen=True, kw_only=True):
    """Cancel or replace request refused by the venue. The order is unchanged."""

    request_id: str | None = None

    @property
    def shows_order(self) -> bool:
        return self.reason != UNKNOWN_TO_VENUE


class CancelRejected(ChangeRejected, frozen=True, kw_only=True):
    """Cancel request refused. The order is unchanged."""

    stored_name: ClassVar[str] = "cancel_rejected.v1"

    def take_effect(self, order: "Order", when: When) -> None:
        order.own_requests().refuse(
            Pending.CANCEL, when, request_id=self.request_id, called=_other_id(order, self)
        )


class ReplaceRejected(ChangeRejected, frozen=True, kw_only=True):
    """Replace request refused. The order is unchanged. `not_sent`: our side refused it, so the
    venue has said nothing."""

    stored_name: ClassVar[str] = "replace_rejected.v1"
    not_sent: bool = False

    @property
    def shows_order(self) -> bool:
        return self.reason != UNKNOWN_TO_VENUE and not self.not_sent

    def take_effect(self, order: "Order", when: When) -> None:
        order.own_requests().refuse(
            Pending.REPLACE, when, request_id=self.request_id, called=_other_id(order, self)
        )


class OrderReplaced(WorkingReport, frozen=True, kw_only=True):
    """New terms in force, as the venue states them."""

    stored_name: ClassVar[str] = "order_replaced.v1"
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    replacement_client_order_id: str | None = None

    def take_effect(self, order: "Order", when: When) -> None:
        order.work(when)
        order.replaces += 1
        order.terms.set(self.quantity, self.limit_price, self.stop_price, when)
        order.own_requests().accept(
            when, replacement_id=self.replacement_client_order_id, called=_other_id(order, self)
        )


class OrderExpired(OrderReport, frozen=True, kw_only=True):
    """Order ended by its time in force."""

    stored_name: ClassVar[str] = "order_expired.v1"

    def take_effect(self, order: "Order", when: When) -> None:
        order.own_ends().add(Status.EXPIRED, when, self.reason)


class OrderTriggered(WorkingReport, frozen=True, kw_only=True):
    """Stop order triggered."""

    stored_name: ClassVar[str] = "order_triggered.v1"


class OrderSuspended(WorkingReport, frozen=True, kw_only=True):
    """Order suspended: not eligible for trading for now."""

    stored_name: ClassVar[str] = "order_suspended.v1"

    def take_effect(self, order: "Order", when: When) -> None:
        order.work(when)
        order.enter(Status.SUSPENDED, when)


class OrderResumed(WorkingReport, frozen=True, kw_only=True):
    """Order eligible for trading again."""

    stored_name: ClassVar[str] = "order_resumed.v1"

    def take_effect(self, order: "Order", when: When) -> None:
        order.work(when)
        order.enter(None, when)


class OrderReinstated(WorkingReport, frozen=True, kw_only=True):
    """Order working after all. The ends reported up to `at` no longer count."""

    stored_name: ClassVar[str] = "order_reinstated.v1"

    def take_effect(self, order: "Order", when: When) -> None:
        order.work(when)
        order.own_ends().reinstate(when)


class OrderStopped(WorkingReport, frozen=True, kw_only=True):
    """Execution guaranteed by the venue (FIX Stopped). It is no fill."""

    stored_name: ClassVar[str] = "order_stopped.v1"

    def take_effect(self, order: "Order", when: When) -> None:
        order.work(when)
        order.enter(Status.STOPPED, when)


class OrderDoneForDay(OrderReport, frozen=True, kw_only=True):
    """No more fills today. A GTC order returns with a `restate`."""

    stored_name: ClassVar[str] = "order_done_for_day.v1"

    def take_effect(self, order: "Order", when: When) -> None:
        order.is_worked = True  # known at the venue, and no longer working
        order.enter(Status.DONE_FOR_DAY, when)


class OrderRestated(WorkingReport, frozen=True, kw_only=True):
    """Order changed by the venue without a request."""

    stored_name: ClassVar[str] = "order_restated.v1"
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None

    def take_effect(self, order: "Order", when: When) -> None:
        order.work(when)
        order.terms.set(self.quantity, self.limit_price, self.stop_price, when)
        order.enter(None, when)


class StatusObserved(OrderReport, frozen=True, kw_only=True):
    """State of the order in the answer to a query. `status` is the venue's word: an unknown word
    changes nothing, and a known one moves an order backwards only if it opens an ended one again.

    `dated_by`: the clock of `at`. None for events recorded before the field existed. `asked_at`:
    when a query for this one order was sent, less the time by which the venue's answers may lag.
    None for a row of a list.
    """

    stored_name: ClassVar[str] = "status_observed.v1"
    status: str | None = None
    pending: Pending | None = None
    dated_by: DatedBy | None = None
    asked_at: datetime | None = None

    def repetition(self, order: "Order") -> Duplicate | None:
        """The same state again is a duplicate, unless the answer to a query settles a doubt or
        reopens the order."""
        repetition = super().repetition(order)
        return (
            None
            if repetition is not None
            and self.asked_at is not None
            and self._is_news(order, self.asked_at)
            else repetition
        )

    def _is_news(self, order: "Order", asked_at: datetime) -> bool:
        is_later = order.confirmed_at is None or asked_at > order.confirmed_at
        if order.end_at is not None:
            return is_later and self.status in OBSERVED_OPEN and asked_at > order.end_at
        return is_later and order.certainty is Certainty.UNRESOLVED

    def apply(self, order: "Order", when: When) -> None:
        super().apply(order, when)
        if self.asked_at is not None:
            order.confirm(When(self.asked_at))

    def _reopen(self, order: "Order", when: When) -> None:
        """Show the order working at the venue's own time, and at the time of the query that this
        answers.

        Of a list, only a row with the venue's own time does: the list may be older than an end that
        it does not know.
        """
        if self.dated_by is DatedBy.VENUE:
            order.show(when)
        if self.asked_at is not None:
            order.show(When(self.asked_at))

    def take_effect(self, order: "Order", when: When) -> None:
        if self.pending is not None:
            order.own_requests().observe(self.pending, when)
        if self.status in OBSERVED_OPEN:
            self._reopen(order, when)
        if self.status is None:
            return
        claims = order.own_claims()
        claims.set_status(self.status, when)
        if self.status in OBSERVED_ENDS:
            order.own_ends().add(Status(self.status), when, self.reason)
        elif self.status == Status.DONE_FOR_DAY:
            order.enter(Status.DONE_FOR_DAY, when)
            order.is_worked = True
        elif self.status in OBSERVED_PAUSES:
            order.own_session().look(Status(self.status), when)
            order.work(when)
        elif self.status in OBSERVED_WORKING:
            order.own_session().look(None, when)
            order.work(when)
        elif self.status == Status.FILLED:
            claims.is_filled = True
            order.is_worked = True


class OrderAbsent(OrderReport, frozen=True, kw_only=True):
    """Order unknown to the venue when queried. It is evidence, and never ends an order."""

    stored_name: ClassVar[str] = "order_absent.v1"

    @property
    def shows_order(self) -> bool:
        return False

    def take_effect(self, order: "Order", when: When) -> None:
        order.mark_absent(when)


def _other_id(order: "Order", report: OrderReport) -> str | None:
    """The report's id for one of our orders, if it is not the order's own. It may be the id of a
    request."""
    own_id = order.names.own_id
    return (
        report.client_order_id if own_id is not None and report.client_order_id != own_id else None
    )
