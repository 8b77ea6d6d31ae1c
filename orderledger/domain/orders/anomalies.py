"""Detects anomalies of an order. They are judgements: derived from the facts, and recorded as
events of their own."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from orderledger.domain.exact import EXACT
from orderledger.domain.orders.combination import is_foreign, number_of, traded_side
from orderledger.domain.orders.events import OrderEvent, OrderReport
from orderledger.domain.orders.judgements import AnomalyCleared, AnomalyDetected
from orderledger.domain.orders.mismatches import is_of_these_terms, mismatch
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.order_state import NO_CLAIMS, NO_FILLS
from orderledger.domain.orders.reports import FillRecorded
from orderledger.domain.values import ENDS, Anomaly, OrderType, Status

UNKNOWN_ORDER, VENUE_ORDER_ID_REUSED = Anomaly.UNKNOWN_ORDER, Anomaly.VENUE_ORDER_ID_REUSED
OVERFILL, FILL_AFTER_END, FILL_ID_REUSED = (
    Anomaly.OVERFILL,
    Anomaly.FILL_AFTER_END,
    Anomaly.FILL_ID_REUSED,
)
MESSAGE_ID_REUSED = Anomaly.MESSAGE_ID_REUSED
SUSPENDED = Status.SUSPENDED
"""Module-level names: access to an enum member is slow on Python 3.11, and many facts need
these."""
WORDS = frozenset(Status) - {Status.DENIED}
WORKING_WORDS = frozenset({Status.NEW, Status.PARTIALLY_FILLED})


NONE: frozenset[Anomaly] = frozenset()
ONLY_UNKNOWN = frozenset({UNKNOWN_ORDER})
"""Anomalies that every order from elsewhere has."""

PERMANENT = frozenset({Anomaly.LATE_REPORT, VENUE_ORDER_ID_REUSED, MESSAGE_ID_REUSED})
"""Anomalies of one report, which later facts never clear."""


def detect(
    order: Order,
    fact: OrderEvent,
    at: datetime,
    *,
    was_ended_at: datetime | None = None,
    is_id_reused: bool = False,
) -> list[AnomalyDetected | AnomalyCleared]:
    """The anomalies to record after `fact`: new ones of the order, those of this fact, and cleared
    ones.

    `was_ended_at`: the time when the order had ended before the fact, if it had. `is_id_reused`:
    another message had its id.
    """
    if (
        was_ended_at is None
        and not is_id_reused
        and order.raised.keys() == (NONE if order.is_requested else ONLY_UNKNOWN)
        and _is_plain(order)
    ):
        return []
    standing = dict(open_anomalies(order))
    said: list[AnomalyDetected | AnomalyCleared] = [
        AnomalyDetected(code=code, detail=detail)
        for code, detail in standing.items()
        if code not in order.raised
        or (isinstance(fact, FillRecorded) and _is_of_this_fill(code, order, fact, at))
    ]
    if (
        isinstance(fact, OrderReport)
        and not isinstance(fact, FillRecorded)
        and was_ended_at is not None
        and at < was_ended_at
    ):
        said.append(
            AnomalyDetected(
                code=Anomaly.LATE_REPORT,
                detail=f"happened {at.isoformat()}, the order had ended {was_ended_at.isoformat()}",
            )
        )
    if is_id_reused:
        said.append(
            AnomalyDetected(
                code=MESSAGE_ID_REUSED, detail=f"message {fact.message_id} had other content before"
            )
        )
    said += [
        AnomalyCleared(code=code)
        for code in order.raised
        if code not in standing and code not in PERMANENT
    ]
    return said


def _is_plain(order: Order) -> bool:
    """Check quickly that no recorded fact can cause an anomaly, apart from `unknown_order`. That is
    true for most orders, all the time."""
    return (
        not order.ends.is_any
        and order.claims is NO_CLAIMS
        and not order.names.has_several_venue_ids
        and (order.fills is NO_FILLS or _has_plain_fills(order))
        and not order.terms.may_conflict
    )


def _has_plain_fills(order: Order) -> bool:
    fills, quantity, request = order.fills, order.quantity, order.terms.request
    if request is not None and request.legs:
        return False
    is_within = quantity is None or fills.sums.cum_quantity <= quantity
    return (
        is_within
        and not fills.has_reused_id
        and not _contradict(order)
        and not _conflict_of_sides(order)
    )


def _contradict(order: Order) -> bool:
    """Check for a fill with other terms than its order. An order of type `other` may be a
    combination, whose legs differ."""
    terms = order.terms
    if order.legs and terms.side is not None:
        return any(is_foreign(named, order.legs, terms.side) for named in order.fills.sums.parts)
    return (
        order.fills.sums.contradict(terms.side, terms.instrument)
        and terms.described("order_type") is not OrderType.OTHER
    )


def _conflicts_of_terms(order: Order) -> list[str]:
    """The contradictions between the order's terms and those of fills and other reports."""
    fills = [f"{_contradiction(order)}; the fill counts as reported"] if _contradict(order) else []
    return [
        *fills,
        *(order.terms.conflicts() if order.terms.may_conflict and not order.legs else []),
    ]


def _contradiction(order: Order) -> str:
    """The terms that a fill contradicts: of a leg, by its number, or of the order."""
    side = order.terms.side
    if not order.legs or side is None:
        return f"a fill is not of the order's side ({side}) or instrument"
    foreign = (one for one in order.fills.sums.parts if is_foreign(one, order.legs, side))
    named = next(foreign)
    number = number_of(order.legs, named.leg, named.instrument)
    if number is not None:
        leg = order.legs[number]
        traded = f"{traded_side(leg, side)} {leg.instrument}"
        return f"a fill is not of the side or instrument of leg {number} ({traded})"
    if named.leg is None:
        return f"a fill of {named.instrument or 'no instrument'} names none of the legs"
    return f"a fill names leg {named.leg}, and the legs are 0 to {len(order.legs) - 1}"


def _conflict_of_sides(order: Order) -> bool:
    """Check for a fill whose reports name two position sides, or for one of another position than
    its order or its siblings."""
    fills = order.fills
    return fills.has_two_sides or fills.sums.is_of_other_position(order.terms.position_side)


def _is_of_this_fill(code: Anomaly, order: Order, fill: FillRecorded, at: datetime) -> bool:
    """Check for an anomaly that is recorded again for every fill that has it."""
    if code is OVERFILL:
        return True
    if code is FILL_AFTER_END:
        return order.end_at is not None and at > order.end_at
    return code is FILL_ID_REUSED and order.fills.is_contested(fill.fill_id)


def open_codes(order: Order) -> list[Anomaly]:
    """The codes of the order's open anomalies, sorted."""
    if order.is_requested and not order.raised and _is_plain(order):
        return []
    return sorted(code for code, _ in open_anomalies(order))


def open_anomalies(order: Order) -> Iterator[tuple[Anomaly, str]]:
    """The anomalies that follow from the facts so far, each with a sentence."""
    quantity, cum_quantity, end_at, last_fill_at = (
        order.quantity,
        order.cum_quantity,
        order.end_at,
        order.last_fill_at,
    )
    if not order.is_requested and order.is_known:
        yield UNKNOWN_ORDER, "reported by the venue, never requested through this ledger"
    if (text := _overfill(order, quantity, cum_quantity)) is not None:
        yield OVERFILL, text
    if end_at is not None and last_fill_at is not None and last_fill_at > end_at:
        yield FILL_AFTER_END, f"filled {last_fill_at.isoformat()}, {order.end} {end_at.isoformat()}"
    if order.fills.has_reused_id:
        yield FILL_ID_REUSED, "one fill id came with different numbers; the earlier fill counts"
    if conflicts := _conflicts_of_terms(order):
        yield Anomaly.TERMS_CONFLICT, "; ".join(conflicts)
    if _conflict_of_sides(order):
        yield (
            Anomaly.POSITION_SIDE_CONFLICT,
            (
                "a fill names two position sides, or another than its order "
                f"({order.terms.position_side})"
            ),
        )
    if (venue_ids := order.names.count_of_venue_ids) > 1 + order.replaces + order.is_triggered:
        yield (
            Anomaly.CLIENT_ORDER_ID_REUSED,
            f"{venue_ids} venue orders under one client order id, {order.replaces} replaces",
        )
    if VENUE_ORDER_ID_REUSED in order.raised:
        yield VENUE_ORDER_ID_REUSED, order.raised[VENUE_ORDER_ID_REUSED]
    if (text := mismatch(order, quantity)) is not None:
        yield Anomaly.QUANTITY_MISMATCH, text
    if (word := order.claims.word.value) is not None and word not in WORDS:
        yield (
            Anomaly.UNKNOWN_STATUS,
            f"the venue says {word!r}, which is not a status this ledger knows",
        )
    if (text := _conflict_of_word(order) or _conflict_of_facts(order)) is not None:
        yield Anomaly.STATUS_CONFLICT, text


def _overfill(order: Order, quantity: Decimal | None, cum_quantity: Decimal) -> str | None:
    """A sentence about more fills than the order is for, of a combination in any of its legs."""
    if quantity is None or (not order.is_requested and order.terms.set_quantity is None):
        return None
    for number, one in enumerate(order.filled_legs):
        most = EXACT.multiply(quantity, Decimal(one.leg.ratio))
        if one.quantity > most:
            return f"leg {number}: {one.quantity:f} filled of {most:f}"
    return f"{cum_quantity:f} filled of {quantity:f}" if cum_quantity > quantity else None


def _conflict_of_word(order: Order) -> str | None:
    """A sentence about a conflict between the venue's latest status and the facts."""
    word, when = order.claims.word
    if word is None or when is None:
        return None
    end = order.end
    if word in WORKING_WORDS:
        last_reported = order.ends.last_reported
        if end is not None and last_reported is not None and when.is_dated_after(last_reported):
            return f"the venue says {word} after the order was {end}"
    elif word in ENDS:
        if end is None and order.undone_end is None:
            return f"the venue says {word}, no report of that is recorded"
    elif word == Status.FILLED and not order.is_filled and is_of_these_terms(order, when.at):
        return f"the venue says filled, recorded fills are {order.cum_quantity:f}"
    return None


def _conflict_of_facts(order: Order) -> str | None:
    """A sentence about an end that the venue's own reports contradict."""
    if order.is_denied_in_vain:
        return "denied here as never sent, and the venue has it"
    end, worked, ends = order.end, order.worked, order.ends
    if end is Status.REJECTED and order.is_worked:
        return "rejected, and the venue has worked it"
    if (
        end is not None
        and worked is not None
        and ends.last_reported is not None
        and worked.is_dated_after(ends.last_reported)
    ):
        return f"the venue worked it {worked.at.isoformat()}, after it was {end}"
    if (undone := order.undone_end) is not None and order.shown is not None:
        return (
            f"{undone.status} {undone.when.at.isoformat()}, and the venue shows it working "
            f"{order.shown.at.isoformat()}"
        )
    return None
