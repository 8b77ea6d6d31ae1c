"""Numbers, times and events in the demo's words."""

from datetime import datetime
from decimal import Decimal

from orderledger.extend.views import Row


def number(value: Decimal | str | None) -> str:
    """A number such as `64,001.5`: with thousands separators, without trailing zeros."""
    if value is None:
        return ""
    exact = Decimal(value)
    return format(exact.normalize(), ",f") if exact else "0"


def money(value: Decimal | str | None) -> str:
    """An amount such as `-1,234.50`, rounded to the cent. The ledger keeps every digit."""
    if value is None:
        return ""
    return format(round(Decimal(value), 2) + 0, ",.2f")


def clock(moment: datetime | None) -> str:
    """The time of day."""
    return "" if moment is None else f"{moment:%H:%M:%S}"


def price(value: Decimal | None) -> str:
    """An average price, rounded to the cent."""
    return "" if value is None else number(round(value, 2))


def terms(row: Row) -> str:
    """`buy 0.5 BTC-USD at 64,001`."""
    at = f" at {number(row['limit_price'])}" if row.get("limit_price") is not None else ""
    return f"{row['side']} {number(row['quantity'])} {row['instrument']}{at}"


def standing(order: Row) -> str:
    """The known state of an order: `partially filled, 0.3 of 0.5`."""
    status = str(order["status"]).replace("_", " ")
    if order["cum_quantity"] and order["quantity"] is not None:
        status += f", {number(order['cum_quantity'])} of {number(order['quantity'])}"
    if order["certainty"] == "unresolved":
        status += ", unresolved"
    return status + (f", {order['pending']} outstanding" if order["pending"] else "")


def sentence(event: Row) -> str:
    """One event of an order's history, in plain words."""
    payload = event["payload"]
    reason = f": {payload['reason']}" if payload.get("reason") else ""
    match event["name"].partition(".")[0]:
        case "order_requested":
            return f"request: {terms(payload)}{_links(payload)}"
        case "order_submitted":
            return "handed to the venue"
        case "submission_unresolved":
            return f"no answer{reason}; its result is unknown"
        case "order_acknowledged":
            return f"the venue accepts it as {payload.get('venue_order_id')}"
        case "fill_recorded":
            return (
                f"fill {payload['fill_id']}: {number(payload['quantity'])} at "
                f"{number(payload['price'])}, {_fee(payload)}"
            )
        case "status_observed":
            return (
                "queried; the venue reports "
                f"{payload.get('status', 'nothing').replace('_', ' ')}{_claimed(payload)}"
            )
        case "replace_requested":
            return f"we request {_changes(payload)}"
        case "order_replaced":
            return f"the venue changes it to {_changes(payload)} as {payload.get('venue_order_id')}"
        case "anomaly_detected":
            return f"odd: {payload['code']}: {payload['detail']}"
        case "anomaly_cleared":
            return f"cleared: {payload['code']}"
        case name:
            return str(PLAIN.get(name, name.replace("_", " "))) + reason


PLAIN = {
    "order_denied": "refused by our own checks, never sent",
    "order_absent": "queried; the venue does not know it",
    "order_rejected": "the venue refuses it",
    "order_canceled": "canceled",
    "cancel_requested": "we request its cancel",
    "cancel_rejected": "the venue refuses to cancel it",
    "replace_rejected": "the venue refuses the change",
}


def _links(payload: Row) -> str:
    links = payload.get("links") or {}
    named = (
        [f"{links['role']} of {links['trade_id']}"]
        if links.get("role") and links.get("trade_id")
        else []
    )
    named += [str(links["proposal_id"])] if links.get("proposal_id") else []
    named += [f"group {links['group']}"] if links.get("group") else []
    return f", for {payload.get('strategy', 'nobody')}" + (
        f" ({', '.join(named)})" if named else ""
    )


def _fee(payload: Row) -> str:
    fee = Decimal(payload.get("fee") or 0)
    name = "rebate" if fee < 0 else "fee"
    return f"{name} {money(abs(fee))} {payload.get('fee_currency', '')}".rstrip()


def _claimed(payload: Row) -> str:
    claims = payload.get("reported") or {}
    if claims.get("cum_quantity") is None or claims.get("quantity") is None:
        return ""
    return f", {number(claims['cum_quantity'])} of {number(claims['quantity'])} filled"


def _changes(payload: Row) -> str:
    changes = [f"quantity {number(payload['quantity'])}"] if payload.get("quantity") else []
    changes += [f"price {number(payload['limit_price'])}"] if payload.get("limit_price") else []
    return " and ".join(changes) or "other terms"
