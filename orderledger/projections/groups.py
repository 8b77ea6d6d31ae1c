"""Groups of orders (`links.group` with a `kind`): the orders of one group together, and the rules
that their fills break.

- `oco`: at most one order has a fill.
- `oto`, `bracket`: a child (`links.parent`) fills after its parent, and the children of one parent
  fill at most what the parent has filled.

The rules compare fills, not open quantities: venues show the children of a bracket as working
before they can trade. Only a parent of the same group is compared. A parent that the account does
not know has no fill.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Protocol, cast

from orderledger.domain.exact import plain, total
from orderledger.domain.values import Anomaly, LinkKind
from orderledger.projections.order_times import EPOCH, MICROSECOND
from orderledger.projections.orders import ORDERS, StoredOrderRow
from orderledger.projections.view import AnyRow, RowType, Table

GROUPED = ORDERS.narrowed(
    (
        *("stream", "account", "client_order_id", "side", "links", "status", "quantity"),
        *("cum_quantity", "first_fill_at", "is_grouped", "linked_group", "timing"),
    )
)
"""The columns that the rules compare."""
NAMED = ORDERS.narrowed(
    tuple(dict.fromkeys(("stream", "account", "client_order_id", *ORDERS.order_by)))
)
SHOWN_OF_GROUPS = frozenset({"stream", "account", "links", "anomalies"})
"""The columns of orders with which the rules of a group are shown."""
GROUP_LINKS = frozenset({"group", "kind"})
NEVER = datetime.max.replace(tzinfo=UTC)
WITH_PARENT = frozenset({LinkKind.OTO, LinkKind.BRACKET})

Broken = tuple[Anomaly, str]
"""The code of a broken rule, and a sentence."""


class Source(Protocol):
    def rows(self, table: Table[RowType], **where: Any) -> list[RowType]: ...


def broken_in(source: Source, account: str | None) -> Iterator[tuple[StoredOrderRow, Broken]]:
    """The orders of groups that break a rule, each with the first rule."""
    rows = [
        row
        for row in source.rows(GROUPED, is_grouped=True)
        if account is None or row["account"] == account
    ]
    for _, members in groupby(sorted(rows, key=_group_of), key=_group_of):
        group = list(members)
        for row in group:
            if found := broken_by(row, group, source):
                yield row, found[0]


def is_grouped(row: AnyRow) -> bool:
    """Whether the links of an order have a group and a kind."""
    links = cast(StoredOrderRow, row)["links"]
    return links is not None and links.keys() >= GROUP_LINKS


def with_group(source: Source, of: RowType) -> RowType:
    """An order of a group with the other orders, and with the rules that it breaks."""
    row = cast(StoredOrderRow, of)
    group = (row["links"] or {}).get("group")
    found = source.rows(GROUPED, is_grouped=True, linked_group=group)
    members = [one for one in found if one["account"] == row["account"]]
    order = next((one for one in members if one["stream"] == row["stream"]), None)
    if order is None:
        return of
    codes = [str(code) for code, _ in broken_by(order, members, source)]
    grouped: StoredOrderRow = {**row, "anomalies": sorted({*row["anomalies"], *codes})}
    if "group_orders" in row:
        grouped["group_orders"] = [_shown(one) for one in members if one is not order]
    return cast(RowType, grouped)


def broken_by(
    order: StoredOrderRow, members: Sequence[StoredOrderRow], source: Source
) -> list[Broken]:
    """The rules of its group that an order breaks. Without a fill it breaks none."""
    links = order["links"] or {}
    if order["first_fill_at"] is None:
        return []
    if links["kind"] == LinkKind.OCO:
        return list(_both_filled(order, members))
    parent = _parent_of(order, members)
    if parent is None:
        return list(_without_parent(order, source))
    return list(_beyond_parent(order, parent, members))


def _both_filled(order: StoredOrderRow, members: Sequence[StoredOrderRow]) -> Iterator[Broken]:
    others = [one for one in members if one is not order and one["first_fill_at"] is not None]
    if others:
        names = " and ".join(str(one["client_order_id"]) for one in others)
        yield (
            Anomaly.OCO_BOTH_FILLED,
            f"one cancels the other, and {names} has fills too: {_cause([order, *others])}",
        )


def _cause(filled: Sequence[StoredOrderRow]) -> str:
    """Why the last of these orders to fill was not canceled in time."""
    last = max(filled, key=lambda one: (one["first_fill_at"] or NEVER, one["stream"]))
    asked, at = (last["timing"] or {}).get("cancel_requested_at"), last["first_fill_at"]
    name, filled_at = last["client_order_id"], "" if at is None else at.isoformat()
    if asked is None:
        return f"no cancel of {name} was requested before its first fill at {filled_at}"
    asked_at = EPOCH + int(asked) * MICROSECOND
    return (
        f"the cancel of {name} came too late, requested at {asked_at.isoformat()}, first filled at "
        f"{filled_at}"
    )


def _beyond_parent(
    order: StoredOrderRow, parent: StoredOrderRow, members: Sequence[StoredOrderRow]
) -> Iterator[Broken]:
    name, first = parent["client_order_id"], parent["first_fill_at"]
    if first is None or (order["first_fill_at"] or first) < first:
        yield Anomaly.CHILD_FILLED_FIRST, f"filled before its parent {name}"
    filled = total(one["cum_quantity"] for one in members if _parent_of(one, members) is parent)
    most = parent["cum_quantity"]
    if filled > most:
        yield (
            Anomaly.CHILDREN_EXCEED_PARENT,
            f"{plain(filled)} filled by the children of {name}, {plain(most)} by itself",
        )


def _without_parent(order: StoredOrderRow, source: Source) -> Iterator[Broken]:
    links, account = order["links"] or {}, order["account"]
    name = links.get("parent")
    if name is None or links.get("kind") not in WITH_PARENT:
        return
    if not source.rows(NAMED, account=account, client_order_id=name):
        yield Anomaly.CHILD_FILLED_FIRST, f"filled, and its parent {name} is unknown"


def _parent_of(order: StoredOrderRow, members: Sequence[StoredOrderRow]) -> StoredOrderRow | None:
    links = order["links"] or {}
    if links.get("kind") not in WITH_PARENT or links.get("parent") is None:
        return None
    return next(
        (one for one in members if one["client_order_id"] == links["parent"] and one is not order),
        None,
    )


def _group_of(row: StoredOrderRow) -> tuple[str, str]:
    return row["account"], row["linked_group"] or ""


def _shown(order: StoredOrderRow) -> dict[str, Any]:
    quantity = order["quantity"]
    return {
        "client_order_id": order["client_order_id"],
        "cum_quantity": plain(order["cum_quantity"]),
        "parent": (order["links"] or {}).get("parent"),
        "quantity": None if quantity is None else plain(quantity),
        "side": order["side"],
        "status": order["status"],
    }
