"""Order groups at Tradier: the classes `oco`, `oto` and `otoco`.

Source: docs.tradier.com, "Getting Started with Advanced Orders" and "Place Order". A group is one
request with one tag, and gets one id. Each of its orders gets an id of its own, which only the row
of the group shows. The pages do not say what the other orders do while the first one is filled in
part. They do not say either whether one of them can be canceled alone.

So each order of a group is recorded with the alias `tradier.tag` and the value TAG#PLACE.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from orderledger import LinkKind
from orderledger.extend.values import plain
from orderledger.extend.views import Row
from orderledger.venues.errors import NotSent
from orderledger.venues.tradier.forms import form_of
from orderledger.venues.tradier.tags import group_tag, order_name
from orderledger.venues.tradier.vocabulary import DURATIONS, ORDER_TYPES, SIDES, TAG_ALIAS

CLASSES: Mapping[tuple[str, int], str] = {
    (LinkKind.OCO, 2): "oco",
    (LinkKind.OTO, 2): "oto",
    (LinkKind.BRACKET, 2): "oto",
    (LinkKind.BRACKET, 3): "otoco",
}
"""Tradier's class for a kind of links and a number of orders."""
RESTS = ("limit", "stop", "stop_limit")
"""The types of orders in a group. The second order of an OTO may also be `market`."""
OF_FORM = ("class", "duration", "tag")
"""Fields of a form that a group has once. The others have an index for each order."""
UNSUPPORTED = "unsupported_group"
NOT_AS_MEANT = "term_not_sent"


def prepared_group(orders: Sequence[Row]) -> list[dict[str, str]]:
    """The aliases of each order. Raises NotSent if Tradier cannot take the group."""
    group_form(orders)
    _, arranged = _arranged(orders)
    names = [order["client_order_id"] for order in arranged]
    tag = group_tag(names[0])
    return [{TAG_ALIAS: order_name(tag, names.index(order["client_order_id"]))} for order in orders]


def group_form(orders: Sequence[Row]) -> dict[str, str]:
    """The form that places a group. Raises NotSent for a group or terms that Tradier does not
    support."""
    name, arranged = _arranged(orders)
    forms = [form_of(order) for order in arranged]
    for fault in _faults(name, arranged, forms):
        raise NotSent(UNSUPPORTED, fault)
    durations = [form["duration"] for form in forms]
    form = {"class": name, "tag": group_tag(arranged[0]["client_order_id"])}
    if len(set(durations)) == 1:
        form["duration"] = durations[0]
    else:
        form |= {f"duration[{place}]": word for place, word in enumerate(durations)}
    for place, one in enumerate(forms):
        form |= {f"{field}[{place}]": one[field] for field in one if field not in OF_FORM}
    _check_meaning(form, arranged)
    return form


def cancels_group(order: Row) -> bool:
    """Whether a cancel of this order is sent as a cancel of its group. It is for an OCO, whose
    orders end together. In other groups it is for the first order, for which the rest waits."""
    links = _links(order)
    return links.get("kind") == LinkKind.OCO or links.get("parent") is None


def _arranged(orders: Sequence[Row]) -> tuple[str, list[Row]]:
    """Tradier's class, and the orders with the first one first."""
    kinds = {str(_links(order).get("kind")) for order in orders}
    name = CLASSES.get((min(kinds), len(orders))) if len(kinds) == 1 else None
    if name is None:
        raise NotSent(
            UNSUPPORTED,
            f"a group of {len(orders)} orders with the kinds {', '.join(sorted(kinds))}: Tradier "
            "takes an oco or oto of two, and a bracket of two or three",
        )
    if name == "oco":
        return name, list(orders)
    first = [order for order in orders if _links(order).get("parent") is None]
    rest = [order for order in orders if _links(order).get("parent") is not None]
    if len(first) != 1 or any(
        _links(order)["parent"] != first[0]["client_order_id"] for order in rest
    ):
        raise NotSent(UNSUPPORTED, "a group needs one first order, the parent of all others")
    return name, [*first, *rest]


def _faults(name: str, orders: Sequence[Row], forms: Sequence[Mapping[str, str]]) -> Iterator[str]:
    for place, (order, form) in enumerate(zip(orders, forms, strict=True)):
        if form["class"] == "multileg":
            yield "a combination cannot be in a group at Tradier"
        is_market = form["type"] == "market" and name == "oto" and place == 1
        if form["type"] not in RESTS and not is_market:
            yield f"order {order['client_order_id']} is {form['type']}, not {', '.join(RESTS)}"
    if name != "oto":
        yield from _faults_of_pair(forms[-2:])
    if _links(orders[0]).get("kind") == LinkKind.BRACKET:
        most = Decimal(forms[0]["quantity"])
        for form in forms[1:]:
            if Decimal(form["quantity"]) > most:
                yield f"an exit has the quantity {form['quantity']}, its entry {plain(most)}"


def _faults_of_pair(forms: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """The page's rules for two orders of which one cancels the other. One quantity is our own rule:
    otherwise a fill of one would cancel more or less than was filled."""
    one, other = forms
    for field in ("symbol", "option_symbol", "duration", "quantity"):
        if one.get(field) != other.get(field):
            yield f"two orders of which one cancels the other need the same {field}"
    if one["type"] == other["type"]:
        yield f"two orders of which one cancels the other cannot both be {one['type']}"


def _check_meaning(form: Mapping[str, str], orders: Sequence[Row]) -> None:
    """Read the form as Tradier would, and compare it with the orders. Raises NotSent."""
    for place, order in enumerate(orders):
        stated, wanted = _stated(form, place), _wanted(order)
        for term, value in wanted.items():
            if stated[term] != value:
                raise NotSent(
                    NOT_AS_MEANT,
                    f"order {order['client_order_id']} of the group would be sent with "
                    f"{term} {stated[term]}, not {value}",
                )


def _stated(form: Mapping[str, str], place: int) -> dict[str, Any]:
    def field(name: str) -> str | None:
        return form.get(f"{name}[{place}]")

    prices = {"limit_price": field("price"), "stop_price": field("stop")}
    return {
        "instrument": field("option_symbol") or field("symbol"),
        "side": SIDES.get(field("side") or ""),
        "order_type": ORDER_TYPES.get(field("type") or ""),
        "quantity": Decimal(field("quantity") or 0),
        "time_in_force": DURATIONS.get(field("duration") or form.get("duration", "")),
        **{name: None if text is None else Decimal(text) for name, text in prices.items()},
    }


def _wanted(order: Row) -> dict[str, Any]:
    prices = ("limit_price", "stop_price")
    return {
        **{name: order[name] for name in ("instrument", "side", "order_type")},
        "quantity": Decimal(order["quantity"]),
        "time_in_force": order["time_in_force"] or "day",
        **{name: None if order[name] is None else Decimal(order[name]) for name in prices},
    }


def _links(order: Row) -> Mapping[str, Any]:
    return order.get("links") or {}
