"""Entries with exits that Hyperliquid holds: one action with the grouping `normalTpsl`.

Source: hyperliquid.gitbook.io, "Take profit and stop loss orders (TP/SL)", "TP/SL associated with a
parent order". The exits have the parent's size. They are placed when the parent is filled
completely. Until then they are not placed, and a cancel of the parent cancels them, also if it is
filled in part. Only if the venue cancels the rest for insufficient margin, they are placed.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from orderledger import LinkKind
from orderledger.extend.views import Row
from orderledger.venues.errors import NotSent
from orderledger.venues.hyperliquid.actions import TRIGGERS

NORMAL_TPSL = "normalTpsl"
UNSUPPORTED = "unsupported_group"
KINDS = (LinkKind.OTO, LinkKind.BRACKET)


def arranged(orders: Sequence[Row]) -> list[Row]:
    """The entry, and then its exits. Raises NotSent for another group: the page describes no
    others."""
    entries = [order for order in orders if _link(order, "parent") is None]
    exits = [order for order in orders if _link(order, "parent") is not None]
    for fault in _faults(entries, exits):
        raise NotSent(UNSUPPORTED, fault)
    return [*entries, *exits]


def _faults(entries: Sequence[Row], exits: Sequence[Row]) -> Iterator[str]:
    kinds = {str(_link(order, "kind")) for order in (*entries, *exits)}
    if len(kinds) != 1 or not kinds.issubset(KINDS) or len(entries) != 1:
        yield "a group at Hyperliquid is an oto or a bracket with one entry"
        return
    (entry,) = entries
    if entry["order_type"] != "limit" or entry["time_in_force"] == "ioc":
        yield "the entry of a group at Hyperliquid is a limit order that rests"
    words = [TRIGGERS[one["order_type"]][1] for one in exits if one["order_type"] in TRIGGERS]
    if len(words) != len(exits) or len({*words}) != len(words):
        yield "the exits of a group at Hyperliquid are one stop, one take-profit, or both"
    for one in exits:
        name = one["client_order_id"]
        if _link(one, "parent") != entry["client_order_id"]:
            yield f"exit {name} has another parent"
        if one["instrument"] != entry["instrument"] or one["side"] == entry["side"]:
            yield f"exit {name} does not close what its entry opens"
        if not one["reduce_only"] or Decimal(one["quantity"]) != Decimal(entry["quantity"]):
            yield f"exit {name} must be reduce_only and have the quantity of its entry"


def _link(order: Row, name: str) -> str | None:
    found: str | None = (order.get("links") or {}).get(name)
    return found
