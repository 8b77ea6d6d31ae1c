"""Groups of orders: what the fills of one say about the others."""

from fractions import Fraction
from typing import Any

from tests.auditing.facts import Row


def add_groups(rows: list[Row]) -> list[Row]:
    """The rows of the order view with the rules of their groups."""
    return [{**row, **_of_group(row, _group(row, rows), rows)} for row in rows]


def _links(row: Row) -> dict[str, Any]:
    return row["links"] or {}


def _group(row: Row, rows: list[Row]) -> list[Row] | None:
    """The orders of its group. None if its links have no kind."""
    links = _links(row)
    if not links.get("kind") or not links.get("group"):
        return None
    same = [
        one
        for one in rows
        if one["account"] == row["account"]
        and _links(one).get("kind")
        and _links(one).get("group") == links["group"]
    ]
    return sorted(same, key=lambda one: (one["requested_at"], one["client_order_id"]))


def _of_group(row: Row, group: list[Row] | None, rows: list[Row]) -> Row:
    if group is None:
        return {"group_orders": None}
    others = [one for one in group if one is not row]
    shown = [
        {
            "client_order_id": one["client_order_id"],
            "cum_quantity": one["cum_quantity"],
            "parent": _links(one).get("parent"),
            "quantity": one["quantity"],
            "side": one["side"],
            "status": one["status"],
        }
        for one in others
    ]
    return {
        "group_orders": shown,
        "anomalies": sorted({*row["anomalies"], *_codes(row, group, others, rows)}),
    }


def _codes(row: Row, group: list[Row], others: list[Row], rows: list[Row]) -> set[str]:
    if row["first_fill_at"] is None:
        return set()
    links = _links(row)
    if links["kind"] == "oco":
        is_twice = any(one["first_fill_at"] is not None for one in others)
        return {"oco_both_filled"} if is_twice else set()
    parents = [one for one in others if one["client_order_id"] == links.get("parent")]
    if not parents:
        names = {one["client_order_id"] for one in rows if one["account"] == row["account"]}
        return set() if links.get("parent") in {None, *names} else {"child_filled_first"}
    parent = parents[0]
    children = [
        one
        for one in group
        if one is not parent
        and _links(one).get("kind") != "oco"
        and _links(one).get("parent") == parent["client_order_id"]
    ]
    found = set()
    if parent["first_fill_at"] is None or row["first_fill_at"] < parent["first_fill_at"]:
        found.add("child_filled_first")
    if sum((one["cum_quantity"] for one in children), Fraction()) > parent["cum_quantity"]:
        found.add("children_exceed_parent")
    return found
