"""Orders and changes of orders, as rows of the order view and as the limits see them."""

from decimal import Decimal
from typing import TypedDict, cast

import msgspec

from orderledger import OrderType, PositionSide, Request, Side
from orderledger.extend.events import commands
from orderledger.extend.values import EXACT, ZERO, exposure
from orderledger.extend.views import tables
from orderledger.gateway.limits import CLOSING, Proposed
from orderledger.gateway.working import Instrument
from orderledger.rows import OrderRow

WORDS = ("side", "order_type", "time_in_force", "position_side")


def row_of(request: Request) -> OrderRow:
    """The terms of a request as a row of the order view, with every term."""
    terms = {
        name: value
        for name, value in request.__dict__.items()
        if name in tables.ORDERS.by_name or name in commands.REQUESTED_TERMS
    }
    words = {name: str(terms[name]) for name in WORDS if terms[name] is not None}
    links = (
        None if request.links is None else request.links.model_dump(mode="json", exclude_none=True)
    )
    row = cast(OrderRow, {**dict.fromkeys(tables.ORDERS.names), **terms, **words})
    row["links"], row["cum_quantity"] = links, ZERO
    row["legs"] = [
        {
            "average_price": None,
            "filled_quantity": "0",
            "instrument": leg.instrument,
            "ratio": leg.ratio,
            "side": str(leg.side),
        }
        for leg in request.legs
    ] or None
    row["working_client_order_id"] = request.client_order_id
    row["venue_order_ids"] = [] if request.venue_order_id is None else [request.venue_order_id]
    return row


def proposed_of(request: Request, *, reduces: bool = False) -> Proposed:
    """A new order as the limits see it. `reduces`: whatever its terms say."""
    return Proposed(
        account=request.account,
        instrument=request.instrument,
        side=request.side,
        quantity=request.quantity,
        added=request.quantity,
        order_type=request.order_type,
        limit_price=request.limit_price,
        strategy=request.strategy,
        reduce_only=request.reduce_only or reduces,
        position_side=request.position_side,
        position_id=request.position_id,
    )


def proposed_of_row(row: OrderRow) -> Proposed:
    """An order that is sent again as the limits see it: as a new one."""
    return msgspec.structs.replace(change_of(row, {}), added=row["quantity"], is_new=True)


def reduces(row: OrderRow) -> bool:
    """Whether the venue fills an order only against a position. See `Proposed.reduces`."""
    sides = (str(row["side"]), str(row["position_side"]))
    return bool(row["reduce_only"]) or sides in {(str(one), str(two)) for one, two in CLOSING}


class ChangedTerms(TypedDict, total=False):
    """The terms that a replace changes."""

    quantity: Decimal
    limit_price: Decimal
    stop_price: Decimal


def change_of(before: OrderRow, changed: ChangedTerms) -> Proposed:
    """A change of an open order of ours, as the limits see it."""
    quantity = changed.get("quantity", before["quantity"])
    assert before["instrument"] is not None
    position_side = before["position_side"]
    return Proposed(
        account=before["account"],
        instrument=before["instrument"],
        side=Side(before["side"] or ""),
        quantity=quantity,
        added=None
        if quantity is None
        else max(ZERO, EXACT.subtract(quantity, before["quantity"] or ZERO)),
        order_type=OrderType(before["order_type"] or ""),
        limit_price=changed.get("limit_price", before["limit_price"]),
        is_new=False,
        strategy=before["strategy"],
        reduce_only=before["reduce_only"],
        position_side=PositionSide(position_side) if position_side else None,
        position_id=before["position_id"],
    )


def growth_of(before: OrderRow, changed: ChangedTerms) -> tuple[Instrument, exposure.Working]:
    """The exposure that a change adds to an open order, until the log shows the request for it."""
    order = change_of(before, changed)
    scope = (order.account, order.instrument)
    return scope, working_of(order, before["client_order_id"] or "", order.added)


def working_of(order: Proposed, client_order_id: str, quantity: Decimal | None) -> exposure.Working:
    """A quantity of an order as open exposure."""
    return exposure.Working(
        client_order_id,
        client_order_id,
        order.side,
        quantity,
        order.limit_price,
        False,
        order.strategy,
        order.position_side,
        order.position_id,
    )
