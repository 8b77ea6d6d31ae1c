"""Pages of the views and of the log: together they are the whole list, in either direction."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from orderledger import InvalidQuery, Ledger
from orderledger.infrastructure.views import log_methods
from orderledger.infrastructure.views.paging import Order
from orderledger.projections.account_counts import count_by_account
from tests.core.contract.streams import MADE_AT, START, fill, lives, opened, parsed, report, request

ORDERS = 7


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    with opened(store_url) as ledger:
        ledger.record_many(
            parsed(
                *lives(ORDERS),
                *lives(2, "sim:other"),
                request("open", 20, instrument="ETH-USD"),
                report("acknowledged", "open", 21, venue_order_id="V-open"),
                fill("open", "F-open", 22, instrument="ETH-USD"),
                request("late", 23, "sim:other", instrument="ETH-USD"),
            )
        )
        yield ledger


def pages(ledger: Ledger, view: str, **asked: Any) -> list[Any]:
    """The rows of all pages, of two rows each."""
    rows: list[Any] = []
    after = None
    while True:
        page = ledger.views.page(view, limit=2, after=after, **asked)
        assert len(page.rows) <= 2
        rows, after = [*rows, *page.rows], page.after
        if after is None:
            return rows


@pytest.mark.parametrize("view", ["orders", "trades"])
@pytest.mark.parametrize(
    "where",
    [
        {},
        {"account": "sim:main"},
        {"account": "sim:main", "instrument": "BTC-USD"},
        {"account": "sim:main", "instrument": "ETH-USD"},
        {"account": "sim:other", "client_order_id": "C-1"},
        {"account": "sim:nobody"},
    ],
)
def test_the_pages_together_are_the_list(ledger: Ledger, view: str, where: dict[str, Any]) -> None:
    listed = list(getattr(ledger, view)(**where))
    assert pages(ledger, view, **where) == listed
    assert pages(ledger, view, order="desc", **where) == listed[::-1]
    assert ledger.views.page(view, with_count=True, **where).count == len(listed)


def test_a_page_is_counted_only_on_request(ledger: Ledger) -> None:
    assert ledger.views.page("orders").count is None
    assert ledger.views.page("orders", with_count=True).count == len(ledger.orders())


@pytest.mark.parametrize("limit", [0, 5_001])
def test_a_page_has_from_one_to_five_thousand_rows(ledger: Ledger, limit: int) -> None:
    with pytest.raises(InvalidQuery, match="limit"):
        ledger.views.page("orders", limit=limit)
    with pytest.raises(InvalidQuery, match="limit"):
        ledger.log.page(limit=limit)


@pytest.mark.parametrize("order", ["asc", "desc", "newest"])
@pytest.mark.parametrize("where", [{}, {"account": "sim:other"}, {"name": "order_requested.v1"}])
def test_pages_of_the_log_go_on_where_a_search_stopped(
    ledger: Ledger, order: Order, where: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [
        event["position"]
        for event in ledger.events()
        if where.items() <= {"account": event["account"], "name": event["name"]}.items()
    ]
    assert expected
    monkeypatch.setattr(log_methods, "READ_AT_MOST", 3)
    found: list[int] = []
    after = None
    for _ in range(ledger.log.position() + 1):
        page = ledger.log.page(limit=2, after=after, order=order, **where)
        found += [row["position"] for row in page.rows]
        if page.after is None:
            break
        after = int(page.after)
    assert found == (expected if order == "asc" else expected[::-1])


@pytest.mark.parametrize("seconds", [0, 2, 20, 23, 1_000])
def test_every_store_counts_the_orders_of_accounts_as_the_rule_says(
    ledger: Ledger, seconds: int
) -> None:
    since = START + timedelta(seconds=seconds)
    assert since < MADE_AT
    assert ledger.views.account_counts(since) == count_by_account(ledger.orders(), since)
