"""The order view: one row per order, derived from its state."""

from orderledger.domain.exact import plain
from orderledger.domain.orders.anomalies import open_codes
from orderledger.domain.orders.order import Order
from orderledger.domain.values import Links
from orderledger.projections.tables import Row


def order_row(stream: str, order: Order, version: int) -> Row:
    """The columns of `tables.ORDERS` for one order."""
    names, request, standing = order.names, order.terms.request, order.standing()
    pending = standing.pending
    return {
        "account": order.account,
        "client_order_id": order.client_order_id,
        "working_client_order_id": order.working_client_order_id,
        "venue_order_id": names.venue_order_id,
        "venue_order_ids": names.venue_order_ids,
        "aliases": {name: names.aliases[name].value for name in sorted(names.aliases)},
        "origin": str(order.origin),
        "instrument": order.terms.instrument,
        "side": str(order.terms.side) if order.terms.side else None,
        "order_type": _word(order, "order_type"),
        "time_in_force": _word(order, "time_in_force"),
        "expire_at": request.expire_at if request else None,
        "post_only": bool(order.term("post_only")),
        "reduce_only": bool(order.term("reduce_only")),
        "quantity": order.quantity,
        "limit_price": order.limit_price,
        "stop_price": order.stop_price,
        "status": str(standing.status),
        "pending": str(pending) if pending else None,
        "certainty": str(standing.certainty),
        "cum_quantity": order.cum_quantity,
        "leaves_quantity": standing.leaves_quantity,
        "average_price": order.average_price,
        "reported_cum_quantity": order.claims.number("cum_quantity"),
        "fees": {currency: plain(fee) for currency, fee in order.fills.sums.fees.items()},
        "strategy": request.strategy if request else None,
        "links": links_of(request.links) if request else None,
        "tags": dict(request.tags) if request else {},
        "anomalies": [str(code) for code in open_codes(order)],
        "reason": order.reason,
        "requested_at": order.terms.requested_at,
        "submitted_at": order.submitted_at,
        "acknowledged_at": order.acknowledged_at,
        "pending_since": order.requests.pending_since() if pending else None,
        "absent_at": order.absent_at,
        "last_fill_at": order.last_fill_at,
        "ended_at": standing.ended_at,
        "updated_at": order.updated_at,
        "is_open": not standing.is_ended,
        "version": version,
        "stream": stream,
    }


def _word(order: Order, name: str) -> str | None:
    term = order.term(name)
    return None if term is None else str(term)


def links_of(links: Links | None) -> dict[str, str] | None:
    """The links that are set."""
    if links is None:
        return None
    names = ("proposal_id", "trade_id", "role", "parent", "group")
    return {name: str(getattr(links, name)) for name in names if getattr(links, name) is not None}
