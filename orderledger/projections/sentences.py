"""A sentence for each event: what happened, for people who do not know the code.

Events of one order: `order_sentence`, which needs the order before the event, for old terms and the
numbers of earlier fills. Events about an account and proposals: `account_sentence` and
`proposal_sentence`.
"""

from datetime import datetime
from decimal import Decimal
from typing import assert_never

from orderledger.domain import accounts, proposals
from orderledger.domain.exact import short
from orderledger.domain.orders import commands, judgements, reports
from orderledger.domain.orders.ends import CONCLUDED_ABSENT, DUPLICATE_ORDER
from orderledger.domain.orders.order import Order
from orderledger.domain.values import Anomaly
from orderledger.projections.wording import because, described, listed, moment, order_name, word

OrderLogEvent = (
    commands.OrderRequested
    | commands.OrderDenied
    | commands.OrderSubmitted
    | commands.SubmissionUnresolved
    | commands.CancelRequested
    | commands.ReplaceRequested
    | reports.OrderAcknowledged
    | reports.OrderRejected
    | reports.FillCorrected
    | reports.FillRecorded
    | reports.FillBusted
    | reports.OrderCanceled
    | reports.CancelRejected
    | reports.ReplaceRejected
    | reports.OrderReplaced
    | reports.OrderExpired
    | reports.OrderTriggered
    | reports.OrderSuspended
    | reports.OrderResumed
    | reports.OrderReinstated
    | reports.OrderStopped
    | reports.OrderDoneForDay
    | reports.OrderRestated
    | reports.StatusObserved
    | reports.OrderAbsent
    | judgements.AnomalyDetected
    | judgements.AnomalyCleared
    | judgements.EvidenceForgotten
    | judgements.OrderAttributed
)
"""Every event of an order, for a `match` with `assert_never`."""

ANOMALIES = {
    Anomaly.OVERFILL: ("more was filled than was ordered", "All fills count."),
    Anomaly.FILL_ID_REUSED: (
        "one fill id came with different numbers",
        "The earlier one counts; the other is kept as evidence.",
    ),
    Anomaly.FILL_AFTER_END: ("a fill happened after the order had ended", "The fill counts."),
    Anomaly.UNKNOWN_ORDER: (
        "the ledger has no request for this order",
        "Its fills count in position and P&L.",
    ),
    Anomaly.QUANTITY_MISMATCH: (
        "a number that the venue claims disagrees with the recorded fills",
        "The fills count.",
    ),
    Anomaly.STATUS_CONFLICT: (
        "the venue contradicts the recorded status",
        "Someone should look at it.",
    ),
    Anomaly.LATE_REPORT: (
        "a report came in after the order's end, about a time before it",
        "It is kept.",
    ),
    Anomaly.UNKNOWN_STATUS: (
        "the venue used a status that the ledger does not know",
        "It changes nothing.",
    ),
    Anomaly.CLIENT_ORDER_ID_REUSED: (
        "one client order id stands for several orders of the venue",
        "Someone should look at it.",
    ),
    Anomaly.VENUE_ORDER_ID_REUSED: (
        "two of our orders carry one id of the venue",
        "Someone should look at it.",
    ),
    Anomaly.TERMS_CONFLICT: (
        "a fill has another side or instrument than its order",
        "The fill counts as the venue reported it.",
    ),
    Anomaly.MESSAGE_ID_REUSED: (
        "the message id of an earlier report came with other content",
        "Both reports are recorded.",
    ),
    Anomaly.IMPOSSIBLE_PRICE: (
        "a fill of an inverse instrument has a price of 0 or less",
        "It has no P&L until corrected.",
    ),
    Anomaly.POSITION_SIDE_UNKNOWN: (
        "a fill in hedge mode names no position side",
        "Position and P&L are unknown.",
    ),
    Anomaly.POSITION_SIDE_CONFLICT: (
        "a fill names a position side of a net position",
        "The fill counts in the net position.",
    ),
}
"""For each anomaly: what was found, and what follows."""

ALWAYS_SAID = frozenset({Anomaly.FILL_ID_REUSED, Anomaly.UNKNOWN_ORDER})
"""Anomalies whose detail is always the same, and says no more."""


def order_sentence(event: OrderLogEvent, before: Order) -> str:  # noqa: C901  (one arm per event)
    """What this event says. `before`: the order without it."""
    why = because(getattr(event, "reason", None), getattr(event, "request_id", None))
    match event:
        case commands.OrderRequested():
            strategy = f" Strategy: {event.strategy}." if event.strategy else ""
            return f"We requested a {described(event)}.{strategy}"
        case commands.OrderDenied():
            if event.never_arrived:
                return (
                    "The order counts as denied: it was decided that it never arrived at the "
                    f"venue{why}."
                )
            proof = " There is proof that nothing was sent." if event.not_sent else ""
            return f"Our own checks denied the order{why}. It was not sent.{proof}"
        case commands.OrderSubmitted():
            forced = (
                " An operator forced it, without proof that it had not arrived."
                if event.is_forced
                else ""
            )
            return (
                f"We sent the order to the venue{' again' if before.submitted_at else ''}.{forced}"
            )
        case commands.SubmissionUnresolved():
            return _unresolved(before, why)
        case commands.CancelRequested():
            return f"We asked the venue to cancel the order{why}."
        case commands.ReplaceRequested():
            changes = _changes(before, event.quantity, event.limit_price, event.stop_price)
            new_id = (
                f" The replacement has our id {event.replacement_client_order_id}."
                if event.replacement_client_order_id
                else ""
            )
            return f"We asked the venue to change the order{why}: {changes}.{new_id}"
        case reports.OrderAcknowledged():
            return f"The venue accepted the order{_as_id(event.venue_order_id)}."
        case reports.OrderRejected():
            if event.reason == DUPLICATE_ORDER:
                return (
                    "The venue refused to take the order: it says that it has an order with this "
                    "id already."
                )
            return f"The venue rejected the order{why}."
        case reports.FillCorrected():
            return _corrected(event, before)
        case reports.FillRecorded():
            return f"The venue filled {_fill(event)}."
        case reports.FillBusted():
            numbers = _numbers(before, event.fill_id)
            return (
                f"The venue busted fill {event.fill_id}{numbers}{why}: it counts as never having "
                "happened."
            )
        case reports.OrderCanceled():
            if event.reason == CONCLUDED_ABSENT:
                return "The order counts as canceled, because the venue no longer listed it."
            return f"The order was canceled at the venue{why}."
        case reports.CancelRejected():
            return f"The venue refused our cancel request{why}. The order goes on as it was."
        case reports.ReplaceRejected():
            who = "Our own side" if event.not_sent else "The venue"
            unsent = ", and it was never sent" if event.not_sent else ""
            return (
                f"{who} refused our request to change the order{why}{unsent}. The order goes on as "
                "it was."
            )
        case reports.OrderReplaced():
            changes = _changes(before, event.quantity, event.limit_price, event.stop_price)
            return f"The venue changed the order{_as_id(event.venue_order_id)}: {changes}."
        case reports.OrderExpired():
            return f"The order expired at the venue{why}."
        case reports.OrderTriggered():
            return "The stop price was reached: the venue triggered the order."
        case reports.OrderSuspended():
            return f"The venue suspended the order{why}: it cannot be filled for now."
        case reports.OrderResumed():
            return "The venue resumed the order: it can be filled again."
        case reports.OrderReinstated():
            return (
                f"The venue works the order after all{why}: ends reported up to then no longer "
                "count."
            )
        case reports.OrderStopped():
            return (
                "The venue guarantees the execution of the order (FIX: stopped). That is not a "
                "fill."
            )
        case reports.OrderDoneForDay():
            return "The venue is done with the order for the day: no more fills today."
        case reports.OrderRestated():
            changes = _changes(before, event.quantity, event.limit_price, event.stop_price)
            return f"The venue changed the order without a request of ours{why}: {changes}."
        case reports.StatusObserved():
            return _observed(event)
        case reports.OrderAbsent():
            return (
                "We asked, and the venue did not know the order. That alone proves nothing, so it "
                "ends nothing."
            )
        case judgements.AnomalyDetected():
            found, follows = ANOMALIES[event.code]
            detail = "" if event.code in ALWAYS_SAID else f" ({readable_detail(event.detail)})"
            return f"Anomaly {event.code}: {found}{detail}. {follows}"
        case judgements.AnomalyCleared():
            return f"Anomaly {event.code} is cleared: it no longer holds."
        case judgements.EvidenceForgotten():
            return (
                f"The payloads and texts recorded with the order so far were deleted{why}. Their "
                "hashes remain, for proofs."
            )
        case judgements.OrderAttributed():
            return f"These reports belong to {order_name(event.to)}. They count there from here on."
        case _:
            assert_never(event)


def account_sentence(event: accounts.AnyAccountEvent) -> str:
    """What an event about an account says."""
    why = because(event.reason)
    match event:
        case accounts.InstrumentDefined():
            terms = [
                (name, getattr(event, name))
                for name in ("multiplier", "inverse", "currency", "tick", "lot")
            ]
            given = listed(f"{name} {_value(value)}" for name, value in terms if value is not None)
            return f"{event.instrument} is defined{why}: {given or 'no terms'}."
        case accounts.MarkRecorded():
            return f"The mark price of {event.instrument} is {short(event.price)}{why}."
        case accounts.FundingRecorded():
            verb = "received" if event.amount > 0 else "paid"
            return (
                f"The account {verb} funding of {short(abs(event.amount))} {event.currency} for "
                f"{event.instrument}{why}."
            )
        case accounts.PositionAdjusted():
            return (
                f"The position in {event.instrument} was set to {short(event.quantity)} at "
                f"{short(event.price)}{why}."
            )
        case accounts.GapRecorded():
            end = "and is still down" if event.to_at is None else f"until {moment(event.to_at)}"
            return (
                f"A stream of the venue was down from {moment(event.from_at)} {end}{why}: reports "
                "may have been missed."
            )
        case accounts.BalanceReported():
            return (
                f"The venue says that the position in {event.instrument} is "
                f"{short(event.quantity)}{why}."
            )
        case accounts.ReconciliationCertified():
            counted = (
                f"{event.orders} orders, {event.fills} fills and {event.positions} positions agreed"
            )
            count = len(event.open_breaks)
            differences = (
                "no difference is open"
                if not count
                else f"{count} difference{'s are' if count > 1 else ' is'} open"
            )
            return f"The account was compared with its venue{why}: {counted}; {differences}."
        case accounts.TradingHalted():
            cancels = ", and its open orders are canceled" if event.cancels_orders else ""
            return f"Trading was halted{_scope(event.instrument, event.strategy)}{why}{cancels}."
        case accounts.TradingResumed():
            return f"Trading was resumed{_scope(event.instrument, event.strategy)}{why}."
        case accounts.SenderChanged():
            forced = ", by force" if event.is_forced else ""
            return (
                f"From here on {event.holder} alone sends the orders of the account{forced}{why}."
            )
        case _:
            assert_never(event)


def proposal_sentence(event: proposals.AnyProposalEvent) -> str:
    """What an event of a proposal says."""
    why = because(event.reason)
    match event:
        case proposals.ProposalMade():
            return (
                f"Strategy {event.strategy} proposed an {event.kind} as proposal "
                f"{event.proposal_id}{why}: a {described(event)}."
            )
        case proposals.ProposalApproved():
            return f"Proposal {event.proposal_id} was approved{why}."
        case proposals.ProposalDeclined():
            return f"Proposal {event.proposal_id} was declined{why}."
        case _:
            assert_never(event)


def readable_detail(detail: str) -> str:
    """The detail of an anomaly with its times as people read them."""
    return " ".join(_readable_time(part) for part in detail.split(" "))


def _readable_time(part: str) -> str:
    text = part.rstrip(",;")
    if len(text) < len("2026-03-02T09:30:00+00:00") or "T" not in text:
        return part
    try:
        return f"{moment(datetime.fromisoformat(text))}{part[len(text) :]}"
    except ValueError:
        return part


def _unresolved(before: Order, why: str) -> str:
    if before.pending is not None:
        return (
            f"No answer came to our {before.pending} request{why}: whether the venue carried it "
            "out is unknown."
        )
    return f"No answer came when we sent the order{why}: whether the venue has it is unknown."


def _as_id(venue_order_id: str | None) -> str:
    return f" under its id {venue_order_id}" if venue_order_id else ""


def _changes(
    before: Order, quantity: Decimal | None, limit_price: Decimal | None, stop_price: Decimal | None
) -> str:
    """Old and new terms."""
    old_and_new = (
        ("quantity", before.quantity, quantity),
        ("limit price", before.limit_price, limit_price),
        ("stop price", before.stop_price, stop_price),
    )
    return (
        listed(_change(name, old, new) for name, old, new in old_and_new if new is not None)
        or "no new terms are given"
    )


def _change(name: str, old: Decimal | None, new: Decimal) -> str:
    if old is None:
        return f"{name} set to {short(new)}"
    return (
        f"{name} stays {short(new)}" if old == new else f"{name} from {short(old)} to {short(new)}"
    )


def _fill(event: reports.FillRecorded) -> str:
    fee = event.fee
    currency = event.fee_currency or "in the settlement currency"
    paid = (
        ""
        if fee is None
        else f", fee {short(fee)} {currency}"
        if fee >= 0
        else f", rebate {short(-fee)} {currency}"
    )
    liquidity = f", as {event.liquidity}" if event.liquidity else ""
    instrument = f" {event.instrument}" if event.instrument else ""
    side = {"buy": "a purchase of ", "sell": "a sale of ", None: ""}[event.side]
    return (
        f"{side}{short(event.quantity)}{instrument} at {short(event.price)} (fill "
        f"{event.fill_id}{liquidity}{paid})"
    )


def _corrected(event: reports.FillCorrected, before: Order) -> str:
    why = because(event.reason)
    if before.fills.by_id.get(event.corrects) is None:
        return (
            f"The venue corrected fill {event.corrects}, which has not been reported here{why}: it "
            f"is now {_fill(event)}."
        )
    return (
        f"The venue corrected fill {event.corrects}{_numbers(before, event.corrects)}{why}: it is "
        f"now {_fill(event)}."
    )


def _numbers(before: Order, fill_id: str) -> str:
    """The numbers of an earlier fill."""
    fill = before.fills.by_id.get(fill_id)
    return (
        ", which has not been reported here"
        if fill is None
        else f", {short(fill.quantity)} at {short(fill.price)}"
    )


def _observed(event: reports.StatusObserved) -> str:
    said = [f"the status is {word(event.status)}"] if event.status else []
    said += [f"a {event.pending} is pending"] if event.pending else []
    return (
        "We asked, and the venue says that "
        f"{listed(said) or 'it knows the order'}{because(event.reason)}."
    )


def _scope(instrument: str | None, strategy: str | None) -> str:
    parts = [f"in {instrument}"] if instrument else []
    parts += [f"for strategy {strategy}"] if strategy else []
    return f" {' '.join(parts)}" if parts else " in the whole account"


def _value(value: object) -> str:
    return (
        short(value)
        if isinstance(value, Decimal)
        else "yes"
        if value is True
        else "no"
        if value is False
        else str(value)
    )
