"""Doubts on the Health page and on the page of an order: since when, and an operator's decision."""

import pytest
from playwright.sync_api import expect

from orderledger import Ledger
from tests.serve.page.conftest import Desk
from tests.serve.page.story import Message
from tests.serve.page.test_for_everybody import violations

pytestmark = pytest.mark.page

OF_ORDER = {"account": "tradier:main", "client_order_id": "D-1"}


@pytest.fixture
def messages() -> list[Message]:
    terms = {
        "instrument": "AAPL",
        "side": "buy",
        "quantity": "10",
        "order_type": "limit",
        "limit_price": "180",
    }
    return [
        {"type": "request", **OF_ORDER, **terms, "at": "2026-01-05T12:00:00Z"},
        {"type": "submit", **OF_ORDER, "at": "2026-01-05T12:00:01Z"},
        {"type": "unresolved", **OF_ORDER, "at": "2026-01-05T12:00:11Z", "reason": "timeout"},
    ]


def test_a_doubt_is_listed_with_its_age_and_settled_by_a_decision(desk: Desk) -> None:
    page = desk.open("#/health")
    section = page.get_by_role("region", name="Doubts")
    expect(section.get_by_role("status")).to_have_text("?1 doubt")
    row = section.get_by_role("row", name="D-1")
    expect(row).to_contain_text("whether it arrived")
    expect(row).to_contain_text("timeout")
    row.get_by_role("button", name="Resolve…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Record it")).to_be_disabled()
    assert violations(page) == []
    dialog.get_by_label("It never arrived").check()
    dialog.get_by_label("Why, in a sentence").fill("not in the list")
    dialog.get_by_role("button", name="Record it").click()
    expect(section.get_by_role("status")).to_have_text("✓No order is in doubt")
    with Ledger.open(desk.ledger_url) as ledger:
        last = list(ledger.history("D-1"))[-1]
        assert (ledger.order("D-1")["status"], last["source"], last["text"]) == (
            "denied",
            "operator",
            "not in the list",
        )


def test_the_page_of_an_order_in_doubt_says_what_settles_it(desk: Desk) -> None:
    page = desk.open("#/order/tradier:main/D-1")
    expect(page.get_by_text("It is unknown whether it arrived")).to_be_visible()
    expect(
        page.get_by_text("orderledger resolve D-1 --account tradier:main --never-arrived")
    ).to_be_visible()
    page.get_by_role("button", name="Resolve…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("The venue has it, under this id").check()
    dialog.get_by_label("Venue id").fill("81274")
    dialog.get_by_role("button", name="Record it").click()
    expect(page.get_by_text("It is unknown whether it arrived")).to_have_count(0)
    with Ledger.open(desk.ledger_url) as ledger:
        assert ledger.order("81274")["client_order_id"] == "D-1"
