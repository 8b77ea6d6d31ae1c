"""Reports of the venue about an order. A report is never refused."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from orderledger.domain.decision import DUPLICATE, Duplicate
from orderledger.domain.exact import short
from orderledger.domain.fields import NotNegative, Positive
from orderledger.domain.orders.ends import CONCLUDED_ABSENT, DUPLICATE_ORDER
from orderledger.domain.orders.events import OrderReport
from orderledger.domain.orders.fill import Fill, as_paid
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.when import NO_SEQUENCE, When
from orderledger.domain.values import (
    Certainty,
    DatedBy,
    Fee,
    Liquidity,
    Pending,
    Status,
    TrailOffsetType,
    TriggerSource,
)
from orderledger.domain.wording import CHANGEABLE, as_id, because, changes, listed, word

SHOWS_NOTHING = frozenset({"unknown_order", "request_expired", "rate_limited"})
"""Reasons of a refusal for which the venue need not have looked for the order."""
UNKNOWN_TIME = datetime.max.replace(tzinfo=UTC)
"""The time of a report that has none, in the search for duplicates. No known time is later."""
OBSERVED_WORKING = frozenset({Status.NEW, Status.PARTIALLY_FILLED})
OBSERVED_PAUSES = frozenset({Status.SUSPENDED, Status.STOPPED})
OBSERVED_OPEN = OBSERVED_WORKING | OBSERVED_PAUSES
OBSERVED_ENDS = frozenset({Status.CANCELED, Status.REJECTED, Status.EXPIRED})


class WorkingReport(OrderReport, frozen=True, kw_only=True):
    """Report that shows the order working."""

    def take_effect(self, order: Order, when: When) -> None:
        order.work(when)


class OrderAcknowledged(WorkingReport, frozen=True, kw_only=True):
    """Order accepted and working."""

    stored_name = "order_acknowledged.v1"
    wire_name = "acknowledged"
    former_wire_name = "acknowledge"
    exec_type = "0"
    fix = "ExecutionReport, ExecType New."
    may_reopen = False

    def take_effect(self, order: Order, when: When) -> None:
        order.work(when)
        order.acknowledged_at = min(order.acknowledged_at or when.at, when.at)

    def sentence(self, before: Order) -> str:
        return f"The venue accepted the order{as_id(self.venue_order_id)}."


class OrderRejected(OrderReport, frozen=True, kw_only=True):
    """Order refused by the venue. With the reason duplicate_order, a working order stays
    working."""

    stored_name = "order_rejected.v1"
    wire_name = "rejected"
    former_wire_name = "reject"
    exec_type = "8"
    fix = "ExecutionReport, ExecType Rejected."

    def take_effect(self, order: Order, when: When) -> None:
        if self.reason == DUPLICATE_ORDER:
            order.own_ends().add_duplicate(when)
            order.terms.note_refused(self.instrument, self.side)
        else:
            order.own_ends().add(Status.REJECTED, when, self.reason)

    def sentence(self, before: Order) -> str:
        if self.reason == DUPLICATE_ORDER:
            return (
                "The venue refused to take the order: it says that it has an order with this "
                "id already."
            )
        return f"The venue rejected the order{because(self.reason)}."


class FillRecorded(OrderReport, frozen=True, kw_only=True):
    """Execution. The same fill_id with the same numbers counts once."""

    stored_name = "fill_recorded.v1"
    wire_name = "fill"
    exec_type = "F"
    fix = "ExecutionReport, ExecType Trade; `fill_id` is ExecID."
    fill_id: str
    quantity: Positive
    price: Decimal
    fee: Decimal | None = None
    fee_currency: str | None = None
    liquidity: Liquidity | None = None
    fees: tuple[Fee, ...] = ()
    leg: int | None = None

    def repetition(self, order: Order) -> Duplicate | None:
        """A fill with the same id and numbers is a duplicate."""
        if self.fill_id not in order.fills.by_id:
            return None
        sequence = NO_SEQUENCE if self.sequence is None else self.sequence
        report = self.fill(When(self.at or UNKNOWN_TIME, sequence))
        is_known = order.fills.knows(report) and not order.names.brings_name(self)
        return DUPLICATE if is_known else None

    def apply(self, order: Order, when: When) -> None:
        report = self.fill(when)
        known = order.fills.version_of(report)
        if known is None:
            self.apply_names_and_terms(order, when)
            order.add_fill(report)
        else:
            order.learn(self, when)
            order.repeat_fill(report, known)

    def fill(self, when: When) -> Fill:
        """The fill, as this report describes it."""
        fee, fee_currency, fees = (
            as_paid(self.fee, self.fee_currency, self.fees)
            if self.fees
            else (self.fee, self.fee_currency, None)
        )
        return Fill(
            self.fill_id,
            self.quantity,
            self.price,
            when,
            None,
            self.instrument,
            self.side,
            fee,
            fee_currency,
            self.liquidity,
            self.position_side,
            self.position_id,
            fees,
            self.leg,
            self.reported,
        )

    def sentence(self, before: Order) -> str:
        return f"The venue filled {self.words}."

    @property
    def words(self) -> str:
        """The fill in words: "a sale of 2 BTC-USD at 100 (fill F-1, as maker, fee 0.1 USD)"."""
        fees = [(one.amount, one.currency) for one in self.fees]
        if self.fee is not None:
            fees = [(self.fee, self.fee_currency or "in the settlement currency")]
        paid = "".join(
            f", {'fee' if amount >= 0 else 'rebate'} {short(abs(amount))} {currency}"
            for amount, currency in fees
        )
        liquidity = f", as {self.liquidity}" if self.liquidity else ""
        leg = "" if self.leg is None else f", leg {self.leg}"
        instrument = f" {self.instrument}" if self.instrument else ""
        side = {"buy": "a purchase of ", "sell": "a sale of ", None: ""}[self.side]
        return (
            f"{side}{short(self.quantity)}{instrument} at {short(self.price)} (fill "
            f"{self.fill_id}{leg}{liquidity}{paid})"
        )


class FillCorrected(FillRecorded, frozen=True, kw_only=True):
    """Replacement of an earlier fill. A correction can be corrected again."""

    stored_name = "fill_corrected.v1"
    wire_name = "fill_corrected"
    former_wire_name = "correct_fill"
    exec_type = "G"
    fix = "ExecutionReport, ExecType Trade Correct; `corrects` is ExecRefID."
    corrects: str

    def fill(self, when: When) -> Fill:
        fill = super().fill(when)
        fill.corrects = self.corrects
        return fill

    def sentence(self, before: Order) -> str:
        numbers = _numbers(before, self.corrects)
        why = because(self.reason)
        return f"The venue corrected fill {self.corrects}{numbers}{why}: it is now {self.words}."


class FillBusted(OrderReport, frozen=True, kw_only=True):
    """Cancellation of a fill: it never happened."""

    stored_name = "fill_busted.v1"
    wire_name = "fill_busted"
    former_wire_name = "bust_fill"
    exec_type = "H"
    fix = "ExecutionReport, ExecType Trade Cancel; `fill_id` is ExecRefID."
    fill_id: str

    def repetition(self, order: Order) -> Duplicate | None:
        """A bust of the same fill is a duplicate."""
        if self.is_same_message(order):
            return DUPLICATE
        is_known = order.fills.knows_bust(self.fill_id, self.at) and not order.names.brings_name(
            self
        )
        return DUPLICATE if is_known else None

    def apply(self, order: Order, when: When) -> None:
        self.apply_names_and_terms(order, when)
        order.terms.keep(self, when)
        order.bust_fill(self.fill_id, when)

    def sentence(self, before: Order) -> str:
        numbers = _numbers(before, self.fill_id)
        why = because(self.reason)
        return (
            f"The venue busted fill {self.fill_id}{numbers}{why}: it counts as never having "
            "happened."
        )


class OrderCanceled(OrderReport, frozen=True, kw_only=True):
    """Order canceled, by us or by the venue (`reason`: e.g. liquidation, self_trade)."""

    stored_name = "order_canceled.v1"
    wire_name = "canceled"
    former_wire_name = "cancel"
    exec_type = "4"
    fix = "ExecutionReport, ExecType Canceled."

    def take_effect(self, order: Order, when: When) -> None:
        if self.reason != CONCLUDED_ABSENT or not order.is_requested:
            order.own_ends().add(Status.CANCELED, when, self.reason)

    def sentence(self, before: Order) -> str:
        if self.reason == CONCLUDED_ABSENT:
            return "The order counts as canceled, because the venue no longer listed it."
        return f"The order was canceled at the venue{because(self.reason)}."


class ChangeRejected(OrderReport, frozen=True, kw_only=True):
    """Cancel or replace request refused by the venue. The order is unchanged."""

    request_id: str | None = None

    @property
    def shows_order(self) -> bool:
        return self.reason not in SHOWS_NOTHING


class CancelRejected(ChangeRejected, frozen=True, kw_only=True):
    """Cancel request refused; the order is unchanged. The reasons unknown_order, request_expired
    and rate_limited do not show that the venue has the order."""

    stored_name = "cancel_rejected.v1"
    wire_name = "cancel_rejected"
    former_wire_name = "reject_cancel"
    fix = "OrderCancelReject (35=9) of a cancel request."
    may_reopen = False

    def take_effect(self, order: Order, when: When) -> None:
        order.own_requests().refuse(
            Pending.CANCEL, when, request_id=self.request_id, called=_other_id(order, self)
        )

    def sentence(self, before: Order) -> str:
        why = because(self.reason, self.request_id)
        return f"The venue refused our cancel request{why}. The order is unchanged."


class ReplaceRejected(ChangeRejected, frozen=True, kw_only=True):
    """Replace request refused; the order is unchanged. The reasons unknown_order, request_expired
    and rate_limited do not show that the venue has the order."""

    stored_name = "replace_rejected.v1"
    wire_name = "replace_rejected"
    former_wire_name = "reject_replace"
    fix = "OrderCancelReject (35=9) of a replace request."
    may_reopen = False
    not_sent: Annotated[
        bool,
        Meta(description="The request never left us: no sign that the venue has the order."),
    ] = False

    @property
    def shows_order(self) -> bool:
        return self.reason not in SHOWS_NOTHING and not self.not_sent

    def take_effect(self, order: Order, when: When) -> None:
        order.own_requests().refuse(
            Pending.REPLACE, when, request_id=self.request_id, called=_other_id(order, self)
        )

    def sentence(self, before: Order) -> str:
        who = "Our own side" if self.not_sent else "The venue"
        unsent = ", and it was never sent" if self.not_sent else ""
        why = because(self.reason, self.request_id)
        return (
            f"{who} refused our request to change the order{why}{unsent}. The order is unchanged."
        )


class OrderReplaced(WorkingReport, frozen=True, kw_only=True):
    """New terms in force, as the venue states them. At least one of them."""

    stored_name = "order_replaced.v1"
    wire_name = "replaced"
    former_wire_name = "replace"
    exec_type = "5"
    fix = "ExecutionReport, ExecType Replaced."
    needs_one_of = CHANGEABLE
    quantity: Annotated[
        Positive | None, Meta(description="The total in force, as reported by the venue.")
    ] = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    quote_quantity: Positive | None = None
    display_quantity: NotNegative | None = None
    trail_offset: Positive | None = None
    trail_offset_type: TrailOffsetType | None = None
    trigger_source: TriggerSource | None = None
    replacement_client_order_id: str | None = None

    def take_effect(self, order: Order, when: When) -> None:
        order.work(when)
        order.replaces += 1
        order.terms.set(self, when)
        order.own_requests().accept(
            when, replacement_id=self.replacement_client_order_id, called=_other_id(order, self)
        )

    def sentence(self, before: Order) -> str:
        new_id = as_id(self.venue_order_id)
        return f"The venue changed the order{new_id}: {changes(before, self)}."


class OrderExpired(OrderReport, frozen=True, kw_only=True):
    """Order ended by its time in force."""

    stored_name = "order_expired.v1"
    wire_name = "expired"
    former_wire_name = "expire"
    exec_type = "C"
    fix = "ExecutionReport, ExecType Expired."

    def take_effect(self, order: Order, when: When) -> None:
        order.own_ends().add(Status.EXPIRED, when, self.reason)

    def sentence(self, before: Order) -> str:
        return f"The order expired at the venue{because(self.reason)}."


class OrderTriggered(WorkingReport, frozen=True, kw_only=True):
    """Stop order triggered."""

    stored_name = "order_triggered.v1"
    wire_name = "triggered"
    former_wire_name = "trigger"
    exec_type = "L"
    fix = "no ExecType in 4.4; Triggered in FIX 5.0."
    may_reopen = False

    def take_effect(self, order: Order, when: When) -> None:
        order.work(when)
        order.is_triggered = True

    def sentence(self, before: Order) -> str:
        return "The stop price was reached: the venue triggered the order."


class OrderSuspended(WorkingReport, frozen=True, kw_only=True):
    """Order suspended: not eligible for trading for now."""

    stored_name = "order_suspended.v1"
    wire_name = "suspended"
    former_wire_name = "suspend"
    exec_type = "9"
    fix = "ExecutionReport, ExecType Suspended."
    may_reopen = False

    def take_effect(self, order: Order, when: When) -> None:
        order.work(when)
        order.enter(Status.SUSPENDED, when)

    def sentence(self, before: Order) -> str:
        return f"The venue suspended the order{because(self.reason)}: it cannot be filled for now."


class OrderResumed(WorkingReport, frozen=True, kw_only=True):
    """Order eligible for trading again."""

    stored_name = "order_resumed.v1"
    wire_name = "resumed"
    former_wire_name = "resume"
    fix = "no ExecType; an ExecutionReport that shows a suspended order working again."
    may_reopen = False

    def take_effect(self, order: Order, when: When) -> None:
        order.work(when)
        order.enter(None, when)

    def sentence(self, before: Order) -> str:
        return "The venue resumed the order: it can be filled again."


class OrderReinstated(WorkingReport, frozen=True, kw_only=True):
    """Order working after all. The ends reported up to `at` no longer count."""

    stored_name = "order_reinstated.v1"
    wire_name = "reinstated"
    former_wire_name = "reinstate"
    fix = "no equivalent; it undoes an end."

    def take_effect(self, order: Order, when: When) -> None:
        order.work(when)
        order.own_ends().reinstate(when)

    def sentence(self, before: Order) -> str:
        why = f"The venue works the order after all{because(self.reason)}"
        return f"{why}: ends reported up to then no longer count."


class OrderStopped(WorkingReport, frozen=True, kw_only=True):
    """Execution guaranteed by the venue (FIX Stopped). It is not a fill."""

    stored_name = "order_stopped.v1"
    wire_name = "stopped"
    former_wire_name = "stop"
    exec_type = "7"
    fix = "ExecutionReport, ExecType Stopped: the venue guarantees the price."
    may_reopen = False

    def take_effect(self, order: Order, when: When) -> None:
        order.work(when)
        order.enter(Status.STOPPED, when)

    def sentence(self, before: Order) -> str:
        return "The venue guarantees the execution of the order (FIX: stopped). That is not a fill."


class OrderDoneForDay(OrderReport, frozen=True, kw_only=True):
    """No more fills today. A GTC order returns with a `restated`."""

    stored_name = "order_done_for_day.v1"
    wire_name = "done_for_day"
    exec_type = "3"
    fix = "ExecutionReport, ExecType Done for day."
    may_reopen = False

    def take_effect(self, order: Order, when: When) -> None:
        order.is_worked = True  # known at the venue, and no longer working
        order.enter(Status.DONE_FOR_DAY, when)

    def sentence(self, before: Order) -> str:
        return "The venue is done with the order for the day: no more fills today."


class OrderRestated(WorkingReport, frozen=True, kw_only=True):
    """Order changed by the venue without a request."""

    stored_name = "order_restated.v1"
    wire_name = "restated"
    former_wire_name = "restate"
    exec_type = "D"
    fix = "ExecutionReport, ExecType Restated."
    quantity: Annotated[
        Positive | None, Meta(description="The total in force, as reported by the venue.")
    ] = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    quote_quantity: Positive | None = None
    display_quantity: NotNegative | None = None
    trail_offset: Positive | None = None
    trail_offset_type: TrailOffsetType | None = None
    trigger_source: TriggerSource | None = None

    def take_effect(self, order: Order, when: When) -> None:
        order.work(when)
        order.terms.set(self, when)
        if self.trigger_source is not None:
            order.terms.note_restated_source(self.trigger_source, when)
        order.enter(None, when)

    def sentence(self, before: Order) -> str:
        who = f"The venue changed the order without a request of ours{because(self.reason)}"
        return f"{who}: {changes(before, self)}."


class StatusObserved(OrderReport, frozen=True, kw_only=True):
    """State of the order in the answer to a query. An unknown `status` changes nothing; a known one
    moves an order backwards only if it opens an ended one again."""

    stored_name = "status_observed.v1"
    wire_name = "status_observed"
    former_wire_name = "status"
    exec_type = "I"
    fix = "ExecutionReport, ExecType Order Status: the answer to an OrderStatusRequest (35=H)."
    needs_one_of = ("status", "pending")
    may_reopen = False
    status: str | None = None
    pending: Pending | None = None
    dated_by: DatedBy | None = None
    asked_at: datetime | None = None

    def repetition(self, order: Order) -> Duplicate | None:
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

    def _is_news(self, order: Order, asked_at: datetime) -> bool:
        is_later = order.confirmed_at is None or asked_at > order.confirmed_at
        if order.end_at is not None:
            return is_later and self.status in OBSERVED_OPEN and asked_at > order.end_at
        return is_later and order.certainty is Certainty.UNRESOLVED

    def apply(self, order: Order, when: When) -> None:
        super().apply(order, when)
        if self.asked_at is not None:
            order.confirm(When(self.asked_at))

    def _reopen(self, order: Order, when: When) -> None:
        """Show the order working at the venue's own time, and at the time of the query that this
        answers.

        Of a list, only a row with the venue's own time does: the list may be older than an end that
        it does not know.
        """
        if self.dated_by is DatedBy.VENUE:
            order.show(when)
        if self.asked_at is not None:
            order.show(When(self.asked_at))

    def take_effect(self, order: Order, when: When) -> None:
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

    def sentence(self, before: Order) -> str:
        claims = [f"the status is {word(self.status)}"] if self.status else []
        claims += [f"a {self.pending} is pending"] if self.pending else []
        return (
            "We asked, and the venue says that "
            f"{listed(claims) or 'it knows the order'}{because(self.reason)}."
        )


class OrderAbsent(OrderReport, frozen=True, kw_only=True):
    """Order unknown to the venue when queried, or missing from a full list. It is evidence, and
    never ends an order."""

    stored_name = "order_absent.v1"
    wire_name = "absent"
    fix = (
        'an OrderStatusRequest (35=H) that the venue answers with "unknown order", or a full list '
        "of orders without this order."
    )
    may_reopen = False

    @property
    def shows_order(self) -> bool:
        return False

    def take_effect(self, order: Order, when: When) -> None:
        order.mark_absent(when)

    def sentence(self, before: Order) -> str:
        return (
            "We asked, and the venue did not know the order. That alone proves nothing, so it "
            "ends nothing."
        )


def _other_id(order: Order, report: OrderReport) -> str | None:
    """The report's id for one of our orders, if it is not the order's own. It may be the id of a
    request."""
    own_id = order.names.own_id
    return (
        report.client_order_id if own_id is not None and report.client_order_id != own_id else None
    )


def _numbers(before: Order, fill_id: str) -> str:
    """The numbers of an earlier fill."""
    fill = before.fills.by_id.get(fill_id)
    return (
        ", which has not been reported here"
        if fill is None
        else f", {short(fill.quantity)} at {short(fill.price)}"
    )
