"""The counts of orders by account."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from orderledger.projections.account_counts import count_by_account
from orderledger.rows import OrderRow

SINCE = datetime(2026, 1, 5, 12, tzinfo=UTC)
BEFORE, LATER = SINCE - timedelta(microseconds=1), SINCE + timedelta(hours=1)


def order(account: str, **given: Any) -> OrderRow:
    row = {
        "account": account,
        "is_open": True,
        "certainty": "confirmed",
        "requested_at": None,
        "updated_at": None,
        "ended_at": None,
    }
    return cast(OrderRow, {**row, **given})


def test_each_account_has_its_counts_in_the_order_of_names() -> None:
    orders = [
        order("b"),
        order("a", requested_at=BEFORE, updated_at=LATER),
        order("a", requested_at=SINCE, updated_at=SINCE, certainty="unresolved"),
        order(
            "a",
            is_open=False,
            certainty="unresolved",
            requested_at=BEFORE,
            updated_at=BEFORE,
            ended_at=BEFORE,
        ),
        order("a", is_open=False, updated_at=SINCE, ended_at=SINCE),
    ]
    first, second = count_by_account(orders, SINCE)
    assert first == {
        "account": "a",
        "orders": 4,
        "open_orders": 2,
        "unresolved_orders": 1,
        "new_orders": 1,
        "changed_orders": 3,
        "ended_orders": 1,
        "last_update_at": LATER,
    }
    assert (second["account"], second["orders"], second["last_update_at"]) == ("b", 1, None)
