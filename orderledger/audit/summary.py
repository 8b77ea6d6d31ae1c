"""One sentence about the present state of an order, for people."""

from collections.abc import Sequence
from decimal import Decimal

from orderledger import Anomaly
from orderledger import OrderStatus as Status
from orderledger.extend.values import ZERO, plain, short, total
from orderledger.rows import OrderRow

SEVERAL = ", "


def summary_sentence(order: OrderRow, trade: Sequence[OrderRow] | None = None) -> str:
    """The present state of the order, e.g. "Entry filled: 0.5 BTC-USD bought at 64000; trade open".

    `trade`: the orders with the same `links.trade_id`, this one among them or not. They say whether
    the trade is open or closed; without them the sentence says nothing about it.
    """
    clauses = [f"{_subject(order)} {_state(order)}", *_doubts(order), *_group(order)]
    clauses += _oddities(order)
    if trade is not None and (state := trade_state([order, *trade])) is not None:
        clauses.append(f"trade {state}")
    return "; ".join(clauses)


def trade_state(orders: Sequence[OrderRow]) -> str | None:
    """`open`, `partly closed` or `closed`, by what entries and exits have filled. None before the
    first fill of an entry."""
    each = {order["stream"]: order for order in orders}.values()
    entered, left = (
        total(order["cum_quantity"] for order in each if (order["links"] or {}).get("role") == role)
        for role in ("entry", "exit")
    )
    if not entered:
        return None
    return "closed" if left >= entered else "partly closed" if left else "open"


def filled_part(order: OrderRow) -> str:
    """The filled quantity: "4 of 10 BTC-USD bought at 100"."""
    filled, quantity = order["cum_quantity"], order["quantity"]
    of = f" of {plain(quantity)}" if quantity is not None and quantity != filled else ""
    verb = {"buy": " bought", "sell": " sold", None: " filled"}[order["side"]]
    instrument = f" {order['instrument']}" if order["instrument"] else ""
    return f"{plain(filled)}{of}{instrument}{verb}{_at_average(order['average_price'])}"


def _at_average(price: Decimal | None) -> str:
    return "" if price is None else f" at {short(price)}"


def _subject(order: OrderRow) -> str:
    role = (order["links"] or {}).get("role")
    if order["origin"] == "external":
        return "Order from elsewhere"
    return role.capitalize() if role else "Order"


def _state(order: OrderRow) -> str:
    """The status, with what was filled."""
    filled = order["cum_quantity"] > ZERO
    because = f" ({order['reason']})" if order["reason"] else ""
    done = filled_part(order) if filled else "nothing filled"
    match Status(order["status"]):
        case Status.PENDING_NEW:
            return (
                "sent, not yet acknowledged" if order["submitted_at"] else "recorded, not yet sent"
            )
        case Status.NEW:
            return f"working, {_nothing_of(order)}"
        case Status.PARTIALLY_FILLED:
            return f"working, {done}"
        case Status.FILLED:
            return f"filled: {done}"
        case Status.DENIED:
            return f"denied by our own checks{because}, never sent" + (
                f"; yet {done}" if filled else ""
            )
        case Status.REJECTED:
            return f"rejected by the venue{because}" + (f"; yet {done}" if filled else "")
        case Status.CANCELED | Status.EXPIRED:
            return f"{order['status']}{because}, {done}"
        case Status.DONE_FOR_DAY:
            return f"done for the day, {done}"
        case Status.SUSPENDED:
            return f"suspended by the venue, {done}"
        case Status.STOPPED:
            return f"stopped (execution guaranteed by the venue), {done}"


def _nothing_of(order: OrderRow) -> str:
    quantity = order["quantity"]
    instrument = f" {order['instrument']}" if order["instrument"] else ""
    return (
        "nothing filled" if quantity is None else f"nothing filled of {plain(quantity)}{instrument}"
    )


def _doubts(order: OrderRow) -> list[str]:
    """Clauses about facts that are not known yet."""
    doubts = []
    if order["certainty"] == "unresolved":
        unknown = "outcome unknown"
        doubts.append(
            f"{unknown}: the venue did not know it when asked" if order["absent_at"] else unknown
        )
    if order["pending"]:
        doubts.append(f"{order['pending']} requested, not yet answered")
    return doubts


def _group(order: OrderRow) -> list[str]:
    """The other orders of its group: "in an oco group with C-2 (canceled)"."""
    others = [
        f"{one['client_order_id']} ({one['status'].replace('_', ' ')})"
        for one in order["group_orders"] or ()
    ]
    kind = (order["links"] or {}).get("kind")
    return [f"in group {kind} with {SEVERAL.join(others)}"] if others else []


def _oddities(order: OrderRow) -> list[str]:
    """Open anomalies, except the one that `Order from elsewhere` states already."""
    codes = [code for code in order["anomalies"] if code != Anomaly.UNKNOWN_ORDER]
    return [f"open anomalies: {SEVERAL.join(codes)}"] if codes else []
