"""Counts of orders by account, for people who watch many accounts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from orderledger.projections.view import Row

COUNTED = (
    "orders",
    "open_orders",
    "unresolved_orders",
    "new_orders",
    "changed_orders",
    "ended_orders",
    "last_update_at",
)


def count_by_account(orders: Iterable[Row], since: datetime) -> list[Row]:
    """A row of counts for each account, by rows of the order view. New, changed and ended ones are
    counted from `since` on."""
    found: dict[str, Row] = {}
    for order in orders:
        account = order["account"]
        row = found.setdefault(
            account, {"account": account, **dict.fromkeys(COUNTED[:-1], 0), "last_update_at": None}
        )
        is_open = order["is_open"]
        row["orders"] += 1
        row["open_orders"] += is_open
        row["unresolved_orders"] += is_open and order["certainty"] == "unresolved"
        for name, time in (
            ("new_orders", "requested_at"),
            ("changed_orders", "updated_at"),
            ("ended_orders", "ended_at"),
        ):
            row[name] += _is_since(order[time], since)
        row["last_update_at"] = max(
            filter(None, (row["last_update_at"], order["updated_at"])), default=None
        )
    return [found[account] for account in sorted(found)]


def _is_since(moment: Any, since: datetime) -> bool:
    return moment is not None and moment >= since
