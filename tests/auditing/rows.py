"""The rows of an order and of its fills, as the views show them (section 3)."""

import tests.auditing.legs as legs
from tests.auditing.claims import disagrees
from tests.auditing.facts import AMOUNTS, CHOICES, WORKING_STATUSES, Row, instant, number
from tests.auditing.fills import (
    Fill,
    agree,
    numbers_of,
    said_of_fills,
    same_numbers,
    without_late_repetitions,
)
from tests.auditing.order import ENDED_STATUSES, Order
from tests.auditing.positions import sum_by_currency

KNOWN_STATUSES = WORKING_STATUSES | ENDED_STATUSES - {"denied"} | {"pending_new", "done_for_day"}


def order_row(order: Order) -> Row:
    """The `order` view."""
    claimed = [
        (fact.moment, number(fact.claims["cum_quantity"]))
        for fact in order.facts
        if "cum_quantity" in fact.claims
    ]
    reported = max(claimed)[1] if claimed else None
    return {
        "account": order.facts[0].get("account"),
        "client_order_id": order.client_order_id,
        "working_client_order_id": order.working_client_order_id,
        "venue_order_id": next(reversed(order.venue_order_ids), None),
        "venue_order_ids": order.venue_order_ids,
        "aliases": {
            name: alias
            for fact in order.facts
            for name, alias in (fact.get("aliases") or {}).items()
        },
        "origin": "own" if order.request else "external",
        **{
            field: order.given(field)
            for field in ("instrument", "side", "order_type", "time_in_force")
        },
        **{field: order.of_position(field) for field in ("position_side", "position_id")},
        "expire_at": None
        if order.requested("expire_at") is None
        else instant(order.requested("expire_at")),
        "post_only": bool(order.requested("post_only")),
        "reduce_only": bool(order.requested("reduce_only")),
        "quantity": order.quantity,
        "legs": legs.leg_rows(order),
        **{field: order.term(field) for field in AMOUNTS},
        **{field: order.in_force(field) for field in CHOICES},
        "status": order.status,
        "pending": order.pending,
        "certainty": order.certainty,
        "cum_quantity": order.cum_quantity,
        "leaves_quantity": order.leaves_quantity,
        "average_price": order.average_price,
        "reported_cum_quantity": reported,
        "fees": sum_by_currency(
            (fill.details["fee_currency"], fill.details["fee"]) for fill in order.fills
        ),
        "strategy": order.requested("strategy"),
        "links": order.requested("links"),
        "tags": order.requested("tags") or {},
        "anomalies": anomalies(order),
        "reason": order.reason,
        "requested_at": order.request.at if order.request else None,
        "submitted_at": max((fact.at for fact in order.of("submit")), default=None),
        "acknowledged_at": min((fact.at for fact in order.of("acknowledged")), default=None),
        "pending_since": order.pending_since,
        "pending_request": order.pending_request,
        "absent_at": max(fact.at for fact in order.of("absent")) if order.is_missing else None,
        "first_fill_at": min((fill.at for fill in order.fills), default=None),
        "last_fill_at": max((fill.at for fill in order.fills), default=None),
        "ended_at": order.ended_at,
        "updated_at": max(fact.at for fact in without_late_repetitions(order.facts)),
        "is_open": not order.has_ended,
    }


def trade_row(order: Order, fill: Fill) -> Row:
    """The `trade` view of one standing fill, without `position`: the log also counts what messages
    do not show."""
    number_of = legs.leg_of(order, fill)
    leg = None if number_of is None else order.legs[number_of]
    of_leg, side = (None, None) if leg is None else (leg["instrument"], legs.side_of(order, leg))
    return {
        "account": fill.first.get("account"),
        "client_order_id": order.client_order_id,
        "venue_order_id": fill.first.get("venue_order_id") or order.venue_order_id_at(fill.at),
        "fill_id": fill.fill_id,
        "instrument": fill.details["instrument"] or of_leg or order.given("instrument"),
        "side": fill.details["side"] or side or order.given("side"),
        "leg": fill.details["leg"] if number_of is None else number_of,
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": None if fill.details["fee"] is None else number(fill.details["fee"]),
        "fee_currency": fill.details["fee_currency"],
        "liquidity": fill.details["liquidity"],
        **{
            name: fill.details[name] or order.of_position(name)
            for name in ("position_side", "position_id")
        },
        "at": fill.at,
        "recorded_at": fill.first.recorded_at,
        "source": fill.first.get("source") or "venue_push",
        "strategy": order.requested("strategy"),
        "links": order.requested("links"),
        "state": "active",
    }


def has_two_sides(order: Order) -> bool:
    """Whether a fill is told to be of two position sides, or one that stands is not of the order's
    or of another's."""
    said = said_of_fills(order.facts).values()
    pairs = [
        (one, other)
        for facts in said
        for one in facts
        for other in facts
        if numbers_of(one) == numbers_of(other)
    ]
    standing = {fill.details["position_side"] for fill in order.fills} - {None}
    own = {order.of_position("position_side")} - {None} if standing else set()
    return len(standing | own) > 1 or not all(
        agree(one, other, "position_side") for one, other in pairs
    )


def has_other_terms(order: Order) -> bool:
    """Whether the venue refused the order for another one with its id, which has another side or
    instrument, or says unasked that another price triggers it."""
    if order.request is None:
        return False
    refused = [fact for fact in order.of("rejected") if fact.get("reason") == "duplicate_order"]
    asked, restated = order.requested("trigger_source"), order.changes("trigger_source")[-1:]
    return any(
        fact.get(name) not in (None, order.requested(name))
        for fact in refused
        for name in ("side", "instrument")
    ) or any(
        fact.type == "restated" and asked not in (None, fact.get("trigger_source"))
        for fact in restated
    )


def anomalies(order: Order) -> list[str]:
    """The codes that stand now, derived from the facts alone."""
    observed = order.last_observed
    word = observed.observed_status if observed else None
    ended = max(
        (fact.moment for fact in order.reported_ends if not fact.is_duplicate_reject), default=None
    )
    is_after_end = (
        order.end is not None
        and observed is not None
        and ended is not None
        and observed.moment > ended
    )
    is_worked_after_end = order.end is not None and any(
        fact.shows_work_now and ended is not None and fact.moment > ended for fact in order.facts
    )
    is_rejected_though_worked = (
        order.end is not None
        and order.end.end_word == "rejected"
        and any(fact.shows_work for fact in order.facts)
    )
    has_newer_terms = observed is not None and any(
        changed.at > observed.at for changed in order.changes("quantity")
    )
    said = said_of_fills(order.facts).values()
    standing = {
        "overfill": legs.is_overfilled(order)
        or ((stated := order.term("quantity")) is not None and order.cum_quantity > stated),
        "fill_after_end": order.end is not None
        and any(fill.at > order.end.at for fill in order.fills),
        "quantity_mismatch": disagrees(order),
        "status_conflict": (word == "filled" and not order.is_filled and not has_newer_terms)
        or (word in {"new", "partially_filled"} and is_after_end)
        or (word in ENDED_STATUSES - {"filled", "denied"} and order.end is None)
        or (
            order.is_denied_in_vain
            or is_worked_after_end
            or is_rejected_though_worked
            or order.undone_end is not None
        ),
        "terms_conflict": legs.has_foreign_fill(order)
        if order.legs
        else has_other_terms(order)
        or (
            order.given("order_type") != "other"
            and any(
                None not in (fill.details[name], order.given(name))
                and fill.details[name] != order.given(name)
                for fill in order.fills
                for name in ("side", "instrument")
            )
        ),
        "fill_id_reused": any(
            not same_numbers(one, other) for facts in said for one in facts for other in facts
        ),
        "position_side_conflict": has_two_sides(order),
        "unknown_status": word is not None and word not in KNOWN_STATUSES,
        "client_order_id_reused": len(order.venue_order_ids)
        > 1 + len(order.of("replaced")) + bool(order.of("triggered")),
        "unknown_order": order.request is None,
    }
    return sorted(code for code, stands in standing.items() if stands)
