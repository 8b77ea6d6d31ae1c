"""Which new orders a gateway emulates. It marks them with tags, from which every later process
knows them.

- `gateway.emulated`: the group is emulated (`oco`, `oto`, `bracket`), or only this order
  (`trigger`).
- `gateway.held`: the gateway holds the order: until its `parent` fills, until its `trigger` price
  is reached, or until its `sibling` is canceled.
- `gateway.part_of`: the order works for this one, with its quantity at that time.
"""

from collections.abc import Mapping
from typing import Any, cast

from orderledger import OrderType, Request
from orderledger.extend.events import Order, commands
from orderledger.extend.values import HELD
from orderledger.gateway.native_groups import is_native
from orderledger.venues.base.order_entry import EntryAbilities

EMULATED, PART_OF = "gateway.emulated", "gateway.part_of"
PARENT, TRIGGER, SIBLING = "parent", "trigger", "sibling"

FIRES = {
    OrderType.STOP: OrderType.MARKET,
    OrderType.STOP_LIMIT: OrderType.LIMIT,
    OrderType.TAKE_PROFIT: OrderType.MARKET,
    OrderType.TAKE_PROFIT_LIMIT: OrderType.LIMIT,
    OrderType.TRAILING_STOP: OrderType.MARKET,
}
"""The type of the order that is sent when the trigger price is reached."""

OTO_KINDS = ("oto", "bracket")


def marked(request: Request, abilities: EntryAbilities) -> Request:
    """The request, with the tags of an emulated order if the venue lacks what it needs."""
    tags = tags_for(request, abilities)
    return request.model_copy(update={"tags": {**request.tags, **tags}}) if tags else request


def tags_for(request: Request, abilities: EntryAbilities) -> dict[str, Any]:
    """The tags of an emulated order. None for an order that the venue takes as it is."""
    if PART_OF in request.tags or is_native(request.tags):
        return {}
    links, is_triggered = request.links, is_emulated(request, abilities)
    kind = None if links is None or links.group is None else links.kind
    if links is not None and kind in OTO_KINDS and links.parent is not None:
        return {EMULATED: str(kind), HELD: PARENT}
    tags: dict[str, Any] = {EMULATED: str(kind)} if kind == "oco" else {}
    return {EMULATED: TRIGGER, **tags, HELD: TRIGGER} if is_triggered else tags


def is_emulated(request: Request | commands.OrderRequested, abilities: EntryAbilities) -> bool:
    """Check whether the gateway has to watch the trigger price of this order. The venue lacks its
    type or the unit of its trail offset, or lacked it when the order was recorded."""
    if request.order_type not in FIRES:
        return False
    unit = request.trail_offset_type
    has_unit = unit is None or str(unit) in abilities.trail_offset_types
    is_native = request.order_type in abilities.order_types and has_unit
    return not is_native or request.tags.get(HELD) == TRIGGER


def may_be_emulated(
    order_type: OrderType, tags: Mapping[str, Any] | None, abilities: EntryAbilities
) -> bool:
    """Check whether the gateway may have to watch an order of this type and with these tags. The
    unit of its trail offset is not compared."""
    has_units = order_type is not OrderType.TRAILING_STOP or len(abilities.trail_offset_types) > 1
    is_native_type = order_type in abilities.order_types and has_units
    return order_type in FIRES and (not is_native_type or HELD in (tags or {}))


def fired_terms(order_type: OrderType | str) -> dict[str, Any]:
    """The terms in which the sent order differs from the order whose trigger price is reached."""
    fires = FIRES[OrderType(order_type)]
    terms: dict[str, Any] = {
        "order_type": fires,
        "stop_price": None,
        "trail_offset": None,
        "trail_offset_type": None,
        "trigger_source": None,
    }
    if fires is OrderType.MARKET:
        terms |= {"limit_price": None, "time_in_force": None, "expire_at": None}
    return terms


def support_of_type(order_type: str, abilities: EntryAbilities) -> str:
    """`native`, `emulated` or `refused`: how orders of this type reach a venue."""
    if order_type in abilities.order_types:
        return "native"
    fires = FIRES.get(OrderType(order_type))
    return "emulated" if fires is not None and fires in abilities.order_types else "refused"


def support_of_group(kind: str, abilities: EntryAbilities) -> str:
    """`native`, `native by setting` or `emulated`: who watches a group of this kind."""
    if kind in abilities.groups:
        return "native"
    return "native by setting" if kind in abilities.groups_by_setting else "emulated"


def request_of(order: Order) -> commands.OrderRequested:
    """The request of one of our orders."""
    assert order.terms.request is not None
    return cast(commands.OrderRequested, order.terms.request)


def tags_of(order: Order) -> Mapping[str, Any]:
    return {} if order.terms.request is None else order.terms.request.tags
