"""The page of reconciliation says what the server found over all orders, and that nobody has looked
where that is so."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.serve.page.conftest import Desk
from tests.serve.page.story import (
    MAIN,
    Message,
    about,
    acknowledge,
    at,
    cancel,
    certify,
    request,
    submit,
    working,
)

pytestmark = pytest.mark.page
MANY = 2_050


def many_orders() -> list[Message]:
    """The oldest order differs: the venue claims a fill that the ledger does not have."""
    claim = about(
        "status_observed", "C-odd", 2, status="partially_filled", reported={"cum_quantity": "0.2"}
    )
    orders = [
        message
        for number in range(MANY)
        for message in (
            *working(f"C-{number}", 10 + number, f"V-{number}"),
            cancel(f"C-{number}", 10.5 + number),
        )
    ]
    return [*working("C-odd", 1, "V-odd"), claim, *orders]


def agreeing() -> list[Message]:
    return [request("C-1", 1), submit("C-1", 2), acknowledge("C-1", 3, "V-1")]


@pytest.mark.parametrize("messages", [many_orders()], ids=["many orders"])
def test_a_difference_among_the_oldest_of_more_orders_than_the_page_shows_is_said(
    desk: Desk,
) -> None:
    page = desk.open("#/reconciliation")
    verdict = page.get_by_role("status", name="Agreement")
    expect(verdict).to_contain_text("1 order differs")
    expect(verdict).to_contain_text(f"{MANY + 1:,} orders compared")
    expect(page.get_by_text(f"These are the newest 2,000 of {MANY + 1:,}.")).to_be_visible()
    page.get_by_role("search").get_by_label("Orders").select_option("differs")
    rows = page.locator("#match-rows .grid-body [role=row]")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("C-odd")
    expect(rows).to_contain_text("differ")


@pytest.mark.parametrize("messages", [agreeing()], ids=["one order"])
def test_none_differs_is_said_only_where_somebody_has_looked(desk: Desk) -> None:
    page = desk.open("#/reconciliation")
    verdict = page.get_by_role("status", name="Agreement")
    expect(verdict).to_contain_text("Nobody has looked")
    expect(page.get_by_text("No order differs")).to_have_count(0)
    expect(page.get_by_text("No break is open.")).to_have_count(0)
    desk.recording.record(certify(400, 390, 0))
    expect(verdict).to_contain_text("No order differs")
    expect(verdict).to_contain_text("Reconciled")
    expect(verdict).to_contain_text("1 order compared")
    expect(page.get_by_text("No break is open.")).to_be_visible()
    other: dict[str, Any] = {**request("S-1", 500), "account": "sim:second"}
    desk.recording.record(other)
    expect(verdict).to_contain_text("Nobody has looked at sim:second")
    expect(page.get_by_text("No order differs")).to_have_count(0)
    page.get_by_label("Account").select_option(MAIN)
    expect(verdict).to_contain_text("No order differs")
    desk.recording.record(
        about(
            "status_observed",
            "C-1",
            600,
            status="partially_filled",
            reported={"cum_quantity": "0.1"},
            at=at(600),
        )
    )
    expect(verdict).to_contain_text("1 order differs")
