"""The requests of emulated orders: brackets and OCO groups as a desk states them, and the orders
that work for a held one."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from orderledger import InvalidSetting, OrderType, Request
from orderledger.extend.events import Order
from orderledger.extend.values import HELD
from orderledger.gateway.arguments import (
    OTHER_SIDE,
    check_exits,
    number_in,
    request_in,
    requests_in,
)
from orderledger.gateway.emulation.marking import (
    EMULATED,
    PART_OF,
    SIBLING,
    fired_terms,
    request_of,
)
from orderledger.gateway.emulation.members import Leg
from orderledger.gateway.groups import group_of

Number: TypeAlias = Decimal | str | int
Exit: TypeAlias = Number | Request
"""An exit of a bracket: its price, or the whole order."""

COPIED = (
    *("instrument", "side", "quote_quantity", "post_only", "reduce_only", "position_side"),
    *("position_id", "strategy", "time_in_force", "expire_at", "trigger_source"),
    *("trail_offset_type",),
)
IN_FORCE = ("limit_price", "stop_price", "display_quantity", "trail_offset")


def bracket(
    entry: Request,
    *,
    take_profit: Exit | None,
    stop_loss: Exit | None,
    reduce_only: bool,
) -> list[Request]:
    """The entry and its exits, linked as a bracket. Raises InvalidSetting for an exit that does not
    fit its entry."""
    request_in(entry, "entry")
    if take_profit is None and stop_loss is None:
        raise InvalidSetting("take_profit", "a bracket needs take_profit, stop_loss, or both")
    group = group_of(entry) or entry.client_order_id
    exits: dict[str, Request] = {}
    for name, found, terms in (
        ("take_profit", take_profit, ("limit", "limit_price", "tp")),
        ("stop_loss", stop_loss, ("stop", "stop_price", "sl")),
    ):
        if found is not None:
            exits[name] = (
                found
                if isinstance(found, Request)
                else _exit(entry, number_in(found, name), terms, reduce_only)
            )
    check_exits(entry, exits)
    return [
        _linked(entry, group, "bracket"),
        *(_linked(one, group, "bracket", parent=entry.client_order_id) for one in exits.values()),
    ]


def one_cancels_other(requests: Sequence[Request]) -> list[Request]:
    """Orders of which one cancels the others. Raises InvalidSetting if they are not of one
    account."""
    requests = requests_in(requests)
    if len(requests) < 2:
        raise InvalidSetting("requests", "an OCO group needs two orders or more")
    first = requests[0]
    if len({request.account for request in requests}) > 1:
        raise InvalidSetting("account", "the orders of an OCO group need one account")
    if len({request.quantity for request in requests}) > 1:
        raise InvalidSetting("quantity", "the orders of an OCO group need one quantity")
    group = group_of(first) or first.client_order_id
    return [_linked(request, group, "oco") for request in requests]


def part_of(leg: Leg, quantity: Decimal, *, is_held: bool) -> Request:
    """Another order that works for a leg, with the terms in force. `is_held`: it waits for the
    other legs."""
    of = leg.order if leg.trigger is not None else leg.latest
    request = request_of(leg.order)
    fired = {} if leg.trigger is None else fired_terms(request.order_type)
    tags = {**request.tags, PART_OF: leg.name, EMULATED: request.tags[EMULATED]}
    tags.pop(HELD, None)
    return _request(
        of,
        client_order_id=f"{leg.name}.{len(leg.parts)}",
        quantity=quantity,
        tags={**tags, HELD: SIBLING} if is_held else tags,
        **fired,
    )


def repeated(order: Order) -> Request:
    """The request of an order that was recorded, and not sent, once more."""
    return _request(
        order,
        client_order_id=order.client_order_id,
        quantity=order.quantity,
        tags=dict(request_of(order).tags),
    )


def _request(of: Order, **terms: Any) -> Request:
    request = request_of(of)
    links = request.links
    return Request.model_validate(
        {
            "account": of.account,
            "order_type": request.order_type,
            **{name: getattr(request, name) for name in COPIED},
            **{name: getattr(of, name) for name in IN_FORCE},
            "legs": [
                {"instrument": one.instrument, "side": one.side, "ratio": one.ratio}
                for one in request.legs
            ],
            "links": None if links is None else _as_document(links),
            **terms,
        }
    )


def _as_document(links: Any) -> dict[str, str]:
    names = ("proposal_id", "trade_id", "role", "parent", "group", "kind")
    return {name: str(found) for name in names if (found := getattr(links, name)) is not None}


def _linked(request: Request, group: str, kind: str, parent: str | None = None) -> Request:
    known = (
        {} if request.links is None else request.links.model_dump(mode="json", exclude_none=True)
    )
    links = {**known, "group": group, "kind": kind, **({"parent": parent} if parent else {})}
    return Request.model_validate({**_given(request), "links": links})


def _given(request: Request) -> dict[str, Any]:
    return {name: request.__dict__[name] for name in request.model_fields_set}


def _exit(
    entry: Request, price: Decimal, terms: tuple[str, str, str], reduce_only: bool
) -> Request:
    order_type, price_name, ending = terms
    return Request.model_validate(
        {
            "account": entry.account,
            "client_order_id": f"{entry.client_order_id}-{ending}",
            "instrument": entry.instrument,
            "side": OTHER_SIDE[entry.side],
            "quantity": entry.quantity,
            "order_type": OrderType(order_type),
            price_name: price,
            "time_in_force": "gtc",
            "reduce_only": reduce_only,
            "position_side": entry.position_side,
            "position_id": entry.position_id,
            "strategy": entry.strategy,
            "links": {"role": "exit"},
        }
    )
