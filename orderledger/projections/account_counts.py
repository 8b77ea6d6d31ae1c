"""Counts of orders by account, for people who watch many accounts."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

from orderledger.projections.orders import OrderRow


class AccountCountsRow(TypedDict):
    """The orders of one account: all, open and unresolved ones, and those that were requested,
    changed and ended since a time."""

    account: str
    orders: int
    open_orders: int
    unresolved_orders: int
    new_orders: int
    changed_orders: int
    ended_orders: int
    last_update_at: datetime | None


def count_by_account(orders: Iterable[OrderRow], since: datetime) -> list[AccountCountsRow]:
    """A row of counts for each account, by rows of the order view. New, changed and ended ones are
    counted from `since` on."""
    found: dict[str, AccountCountsRow] = {}
    for order in orders:
        account, is_open, updated_at = order["account"], order["is_open"], order["updated_at"]
        row = found.get(account)
        if row is None:
            row = found[account] = _blank(account)
        row["orders"] += 1
        row["open_orders"] += is_open
        row["unresolved_orders"] += is_open and order["certainty"] == "unresolved"
        row["new_orders"] += _is_since(order["requested_at"], since)
        row["changed_orders"] += _is_since(updated_at, since)
        row["ended_orders"] += _is_since(order["ended_at"], since)
        row["last_update_at"] = max(filter(None, (row["last_update_at"], updated_at)), default=None)
    return [found[account] for account in sorted(found)]


def _blank(account: str) -> AccountCountsRow:
    return {
        "account": account,
        "orders": 0,
        "open_orders": 0,
        "unresolved_orders": 0,
        "new_orders": 0,
        "changed_orders": 0,
        "ended_orders": 0,
        "last_update_at": None,
    }


def _is_since(moment: datetime | None, since: datetime) -> bool:
    return moment is not None and moment >= since
