"""What is odd about an order. Anomalies are judgements: derived from the facts, then said in events of their own."""

from collections.abc import Iterator
from datetime import datetime

from orderledger.domain.events import AnomalyCleared, AnomalyDetected, Fact, FillRecorded, OrderReport
from orderledger.domain.state import Order
from orderledger.domain.values import ENDS, Anomaly, Origin, Status

WORDS = frozenset(Status) - {Status.DENIED}
WORKING_WORDS = frozenset({Status.NEW, Status.PARTIALLY_FILLED})


PERMANENT = frozenset({Anomaly.LATE_REPORT, Anomaly.VENUE_ORDER_ID_REUSED})
"""Said once of a report; nothing that comes later takes it back."""


def detect(
    order: Order, fact: Fact, at: datetime, *, was_ended_at: datetime | None = None
) -> list[AnomalyDetected | AnomalyCleared]:
    """What to say after `fact` has been recorded: what has become odd, what is odd about this fact, what no longer is.

    `was_ended_at` is when the order had ended before the fact, if it had.
    """
    if _is_plain(order) and was_ended_at is None:
        return []
    standing = dict(standing_anomalies(order))
    repeats = _of_each_fill(order, at) if isinstance(fact, FillRecorded) else frozenset()
    said: list[AnomalyDetected | AnomalyCleared] = [
        AnomalyDetected(code=code, detail=detail)
        for code, detail in standing.items()
        if code not in order.raised or code in repeats
    ]
    if isinstance(fact, OrderReport) and not isinstance(fact, FillRecorded) and was_ended_at is not None and at < was_ended_at:
        said.append(
            AnomalyDetected(
                code=Anomaly.LATE_REPORT, detail=f"happened {at.isoformat()}, the order had ended {was_ended_at.isoformat()}"
            )
        )
    said += [AnomalyCleared(code=code) for code in order.raised if code not in standing and code not in PERMANENT]
    return said


def _is_plain(order: Order) -> bool:
    """Whether nothing has been recorded that an anomaly could come from: most orders, all their lives."""
    return (
        order.request is not None
        and not order.raised
        and not order.ends
        and order.reported.at is None
        and order.observed.at is None
        and len(order.venue_order_ids) <= 1
        and not order.fills.by_id
    )


def _of_each_fill(order: Order, at: datetime) -> frozenset[Anomaly]:
    """What is said again of every fill that it is true of."""
    is_after_end = order.end_at is not None and at > order.end_at
    return frozenset({Anomaly.OVERFILL, Anomaly.FILL_AFTER_END}) if is_after_end else frozenset({Anomaly.OVERFILL})


def standing_anomalies(order: Order) -> Iterator[tuple[Anomaly, str]]:
    """Every anomaly that the facts recorded so far amount to, with a sentence that says what was found."""
    quantity, cum_quantity, end_at = order.quantity, order.cum_quantity, order.end_at
    if order.request is None and order.is_known:
        yield Anomaly.UNKNOWN_ORDER, "reported by the venue, never requested through this ledger"
    if quantity is not None and cum_quantity > quantity and order.origin is Origin.OWN:
        yield Anomaly.OVERFILL, f"{cum_quantity:f} filled of {quantity:f}"
    if end_at is not None and order.fills.last_fill_at is not None and order.fills.last_fill_at > end_at:
        yield Anomaly.FILL_AFTER_END, f"filled {order.fills.last_fill_at.isoformat()}, {order.end} {end_at.isoformat()}"
    if order.fills.has_reused_id:
        yield Anomaly.FILL_ID_REUSED, "one fill id came with different numbers; the earlier fill counts"
    if len(order.venue_order_ids) > 1 + order.replaces:
        yield (
            Anomaly.CLIENT_ORDER_ID_REUSED,
            f"{len(order.venue_order_ids)} venue orders under one client order id, {order.replaces} replaces",
        )
    if Anomaly.VENUE_ORDER_ID_REUSED in order.raised:
        yield Anomaly.VENUE_ORDER_ID_REUSED, order.raised[Anomaly.VENUE_ORDER_ID_REUSED]
    yield from _mismatch(order)
    yield from _conflict(order)


def _mismatch(order: Order) -> Iterator[tuple[Anomaly, str]]:
    """The venue's latest claim against what was recorded by its time."""
    reported, at = order.reported.value, order.reported.at
    if reported is None or at is None:
        return
    if reported.cum_quantity is not None:
        low, high = order.fills.cum_quantity_range(at)
        if not low <= reported.cum_quantity <= high:
            yield Anomaly.QUANTITY_MISMATCH, f"the venue says {reported.cum_quantity:f} filled, recorded are {high:f}"
            return
    quantity, quantity_at = order.quantity, order.terms.quantity.at
    is_current = quantity_at is None or at >= quantity_at
    if reported.quantity is not None and quantity is not None and is_current and reported.quantity != quantity:
        yield Anomaly.QUANTITY_MISMATCH, f"the venue says the quantity is {reported.quantity:f}, recorded is {quantity:f}"


def _conflict(order: Order) -> Iterator[tuple[Anomaly, str]]:
    """The venue's latest word for the status against the facts."""
    word, at = order.observed.value, order.observed.at
    if word is None or at is None:
        return
    end_at = order.end_at
    if word not in WORDS:
        yield Anomaly.UNKNOWN_STATUS, f"the venue says {word!r}, which is no status this ledger knows"
    elif word == Status.FILLED and not order.is_filled:
        yield Anomaly.STATUS_CONFLICT, f"the venue says filled, recorded fills are {order.cum_quantity:f}"
    elif word in WORKING_WORDS and end_at is not None and at > end_at:
        yield Anomaly.STATUS_CONFLICT, f"the venue says {word} after the order was {order.end}"
    elif word in ENDS and order.end is None:
        yield Anomaly.STATUS_CONFLICT, f"the venue says {word}, no report of that is recorded"
