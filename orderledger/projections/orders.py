"""The order view: one row per order, derived from its state."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypedDict

from orderledger.domain.exact import plain
from orderledger.domain.orders.anomalies import open_codes
from orderledger.domain.orders.combination import FilledLeg
from orderledger.domain.orders.order import Order
from orderledger.domain.values import (
    HELD,
    Certainty,
    Links,
    OrderType,
    Origin,
    Pending,
    PositionSide,
    Side,
    Status,
    TimeInForce,
    TrailOffsetType,
    TriggerSource,
)
from orderledger.projections.order_times import NO_TIMES, OrderTimes
from orderledger.projections.view import HIDDEN, Table


class OrderRow(TypedDict):
    """One row per order, open or ended."""

    account: Annotated[str, "Trading account."]
    client_order_id: Annotated[
        str | None, "Our id, or the first that reports gave of an order from elsewhere."
    ]
    working_client_order_id: Annotated[
        str | None,
        "Our id of the leg in force: the last accepted replacement's, else the order's own.",
    ]
    venue_order_id: Annotated[str | None, "The venue's id now."]
    venue_order_ids: Annotated[
        list[str], "All venue ids the order has borne, in order of appearance."
    ]
    aliases: Annotated[dict[str, str], "Other names under which the venue speaks of it."]
    origin: Annotated[str, "own or external.", Origin]
    instrument: Annotated[str | None, "Instrument."]
    side: Annotated[str | None, "buy or sell.", Side]
    position_side: Annotated[
        str | None,
        "Position that it opens or closes, where the request or a report named it.",
        PositionSide,
    ]
    position_id: Annotated[str | None, "The venue's id of that position, where it was given."]
    order_type: Annotated[
        str | None,
        "market, limit, stop, stop_limit, trailing_stop, take_profit, take_profit_limit or other.",
        OrderType,
    ]
    time_in_force: Annotated[str | None, "day, gtc, ioc, fok or gtd.", TimeInForce]
    expire_at: Annotated[datetime | None, "When a gtd order expires."]
    post_only: Annotated[bool, "Whether it may only add liquidity."]
    reduce_only: Annotated[bool, "Whether it may only reduce a position."]
    quantity: Annotated[Decimal | None, "Total quantity in force."]
    limit_price: Annotated[Decimal | None, "Limit price in force."]
    stop_price: Annotated[Decimal | None, "Stop price in force."]
    quote_quantity: Annotated[
        Decimal | None,
        "Amount of quote currency in force. `quantity` and `leaves_quantity` are then null.",
    ]
    legs: Annotated[
        list[dict[str, Any]] | None,
        "Legs of a combination, as bought: `instrument`, `side`, `ratio`, `filled_quantity` and "
        "`average_price` of its fills. Null for other orders.",
    ]
    display_quantity: Annotated[Decimal | None, "Quantity shown in the order book, in force."]
    trail_offset: Annotated[Decimal | None, "Trail offset in force."]
    trail_offset_type: Annotated[str | None, "amount or percent.", TrailOffsetType]
    trigger_source: Annotated[
        str | None, "Price that triggers it: last, mark or index.", TriggerSource
    ]
    status: Annotated[str, "Status by FIX precedence.", Status]
    pending: Annotated[
        str | None, "cancel or replace, while the venue has not answered one.", Pending
    ]
    certainty: Annotated[str, "confirmed or unresolved.", Certainty]
    cum_quantity: Annotated[Decimal, "Sum of the active fills."]
    leaves_quantity: Annotated[Decimal | None, "Quantity that can still be filled."]
    average_price: Annotated[Decimal | None, "Average price of the active fills, to 34 digits."]
    reported_cum_quantity: Annotated[
        Decimal | None, "Cumulative quantity that the venue last reported."
    ]
    fees: Annotated[
        dict[str, str],
        "Fees of the active fills, by currency. The name is empty where no currency was given.",
    ]
    strategy: Annotated[str | None, "Strategy that requested it."]
    links: Annotated[
        dict[str, str] | None, "Proposal, trade, role, parent and group it belongs to."
    ]
    group_orders: Annotated[
        list[dict[str, Any]] | None,
        "The other orders of its group, if its links have a `kind`: `client_order_id`, `parent`, "
        "`side`, `status`, `quantity` and `cum_quantity`. Null in SQL.",
    ]
    tags: Annotated[dict[str, Any], "Free labels."]
    anomalies: Annotated[list[str], "Codes of its open anomalies."]
    reason: Annotated[str | None, "Why it ended."]
    requested_at: Annotated[datetime | None, "When we asked for it."]
    submitted_at: Annotated[datetime | None, "When it was handed to the venue."]
    acknowledged_at: Annotated[datetime | None, "When the venue accepted it."]
    pending_since: Annotated[datetime | None, "When the pending cancel or replace was requested."]
    pending_request: Annotated[
        dict[str, str | None] | None,
        "The pending request: `kind`, `request_id`, `replacement_client_order_id`, and the terms "
        "that a replace asks for. Null if none is pending.",
    ]
    absent_at: Annotated[
        datetime | None, "When the venue, asked, did not know it. Null after a later sign of it."
    ]
    first_fill_at: Annotated[datetime | None, "When it was first filled."]
    last_fill_at: Annotated[datetime | None, "When it was last filled."]
    ended_at: Annotated[datetime | None, "When it ended."]
    updated_at: Annotated[datetime | None, "When the newest fact about it happened."]
    is_open: Annotated[bool, "Whether it has not ended."]
    version: Annotated[int, "Events in its stream."]
    stream: Annotated[str, "Stream of the order in the log."]


class StoredOrderRow(OrderRow):
    """With the columns that views leave out.

    One column for all times, because every column of `orders` costs time with each row that is
    written or read.
    """

    timing: Annotated[
        dict[str, Any],
        "Times by our clock, in microseconds since 1970: when the steps `requested`, `submitted` "
        "(the last), `acknowledged`, `first_fill`, `ended` and `cancel_requested` (the first that "
        "the venue did not reject) were recorded, null for imported messages. "
        "`cancel_requested_at`: when that request was made. `terms_changed`: when the venue last "
        "changed its terms. `unresolved_reason`: of the first `unresolved`.",
        HIDDEN,
    ]
    outstanding: Annotated[
        dict[str, Any] | None,
        "Values that unanswered replaces request: the largest `quantity`, and the "
        "`limit_prices`. Null if none is outstanding.",
        HIDDEN,
    ]
    is_grouped: Annotated[bool, "Whether its links have a group and a kind.", HIDDEN]
    linked_group: Annotated[str | None, "That group.", HIDDEN]


ORDERS = Table(
    "orders",
    "One row per order, open or ended.",
    ("stream",),
    StoredOrderRow,
    ("account", "requested_at", "stream"),
    (("account", "client_order_id"), ("is_grouped", "linked_group")),
    ("requested_at", "updated_at"),
    version=21,
    paged_by=(
        ("account", "requested_at", "stream"),
        ("updated_at", "stream"),
        ("account", "updated_at", "stream"),
        ("is_open", "updated_at", "stream"),
    ),
)


def order_row(
    stream: str, order: Order, version: int, times: OrderTimes = NO_TIMES
) -> StoredOrderRow:
    """The columns of `tables.ORDERS` for one order. `times`: when its steps were recorded, for the
    fold of the log."""
    names, terms, fills, standing = order.names, order.terms, order.fills, order.standing()
    request, pending, client_order_id = terms.request, standing.pending, order.client_order_id
    venue_order_ids, side = names.venue_order_ids, terms.side
    links = links_of(request.links) if request else None
    is_grouped = links is not None and "group" in links and "kind" in links
    return {
        "account": order.account,
        "client_order_id": client_order_id,
        "working_client_order_id": order.requests.working_id() or client_order_id,
        "venue_order_id": venue_order_ids[-1] if venue_order_ids else None,
        "venue_order_ids": venue_order_ids,
        "aliases": {name: names.aliases[name].value for name in sorted(names.aliases)}
        if names.aliases
        else {},
        "origin": str(order.origin),
        "instrument": terms.instrument,
        "side": str(side) if side else None,
        "position_side": str(terms.position_side) if terms.position_side else None,
        "position_id": terms.position_id,
        "order_type": _word(order, "order_type"),
        "time_in_force": _word(order, "time_in_force"),
        "expire_at": request.expire_at if request else None,
        "post_only": bool(terms.described("post_only")),
        "reduce_only": bool(terms.described("reduce_only")),
        "quantity": order.quantity,
        "limit_price": order.limit_price,
        "stop_price": order.stop_price,
        **_rare_terms(order),
        "status": str(standing.status),
        "pending": str(pending) if pending else None,
        "certainty": str(standing.certainty),
        "cum_quantity": order.cum_quantity,
        "leaves_quantity": standing.leaves_quantity,
        "average_price": order.average_price,
        "reported_cum_quantity": order.claims.number("cum_quantity"),
        "fees": {currency: plain(fee) for currency, fee in fills.sums.fees.items()},
        "strategy": request.strategy if request else None,
        "links": links,
        "group_orders": None,
        "tags": dict(request.tags) if request else {},
        "anomalies": [str(code) for code in open_codes(order)],
        "reason": order.reason,
        "requested_at": terms.requested_at,
        "submitted_at": order.submitted_at,
        "acknowledged_at": order.acknowledged_at,
        "pending_since": order.pending_since if pending else None,
        "pending_request": _pending_request(order) if pending else None,
        "absent_at": order.absent_at,
        "first_fill_at": fills.sums.first_fill_at,
        "last_fill_at": fills.sums.last_fill_at,
        "ended_at": standing.ended_at,
        "updated_at": order.updated_at,
        "is_open": not standing.is_ended,
        "version": version,
        "stream": stream,
        "timing": dict(times.steps),
        "outstanding": _outstanding(order) if pending else None,
        "is_grouped": is_grouped,
        "linked_group": links["group"] if links and is_grouped else None,
    }


def _outstanding(order: Order) -> dict[str, Any] | None:
    """Values that outstanding replaces request."""
    quantity, prices = order.requests.largest_quantity(), order.requests.limit_prices()
    if quantity is None and not prices:
        return None
    return {
        "quantity": None if quantity is None else plain(quantity),
        "limit_prices": [plain(price) for price in prices],
    }


def _pending_request(order: Order) -> dict[str, str | None] | None:
    asked = order.asked
    if asked is None:
        return None
    terms = {
        name: plain(value) if isinstance(value, Decimal) else str(value)
        for name, value in asked.terms.items()
    }
    shown: dict[str, str | None] = {
        **terms,
        "kind": str(asked.kind),
        "request_id": asked.request_id,
        "replacement_client_order_id": asked.replacement_id,
    }
    return {name: shown[name] for name in sorted(shown)}  # as the stores return it


def is_held(row: OrderRow) -> bool:
    """Check whether a gateway holds the order: neither sent nor shown by the venue yet."""
    shown = (row["submitted_at"], row["acknowledged_at"], row["first_fill_at"])
    return HELD in row["tags"] and all(at is None for at in shown)


class RareTerms(TypedDict):
    """Terms that few orders have."""

    quote_quantity: Decimal | None
    legs: list[dict[str, Any]] | None
    display_quantity: Decimal | None
    trail_offset: Decimal | None
    trail_offset_type: str | None
    trigger_source: str | None


RARE = ("quote_quantity", "display_quantity", "trail_offset", "trail_offset_type", "trigger_source")


def _rare_terms(order: Order) -> RareTerms:
    quote_quantity, display_quantity, offset, unit, source = order.terms.all_in_force(RARE)
    request = order.terms.request
    return {
        "quote_quantity": quote_quantity,
        "legs": [_leg(one) for one in order.filled_legs] if request and request.legs else None,
        "display_quantity": display_quantity,
        "trail_offset": offset,
        "trail_offset_type": str(unit) if unit else None,
        "trigger_source": str(source) if source else None,
    }


def _leg(one: FilledLeg) -> dict[str, Any]:
    price = one.average_price
    return {
        "average_price": None if price is None else plain(price),
        "filled_quantity": plain(one.quantity),
        "instrument": one.leg.instrument,
        "ratio": one.leg.ratio,
        "side": str(one.leg.side),
    }


def _word(order: Order, name: str) -> str | None:
    term = order.terms.described(name)
    return None if term is None else str(term)


def links_of(links: Links | None) -> dict[str, str] | None:
    """The links that are set."""
    if links is None:
        return None
    names = (
        "group",
        "kind",
        "parent",
        "proposal_id",
        "role",
        "trade_id",
    )  # as the stores return it
    return {name: str(getattr(links, name)) for name in names if getattr(links, name) is not None}
