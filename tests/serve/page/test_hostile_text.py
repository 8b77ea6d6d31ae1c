"""Text from the ledger is text: ids, reasons and evidence that try to be markup change nothing but
what is read."""

import pytest
from playwright.sync_api import expect

from tests.serve.page.conftest import Desk
from tests.serve.page.story import HOSTILE, MAIN, working

pytestmark = pytest.mark.page

DIRECTION = "A‮-1"
"""An id with a character that would turn the text after it around."""


def test_an_id_that_is_markup_is_shown_as_it_is_on_every_page(desk: Desk) -> None:
    for place in ("orders", "proposals", "results", "reconciliation", "accounts", "health"):
        page = desk.open(f"#/{place}")
        expect(page.locator("main h1")).to_be_attached()
        page.wait_for_timeout(300)
        assert page.locator("main img, main script, main b:has-text('bold')").count() == 0
    page = desk.open("#/orders")
    page.locator("#orders").get_by_role("link", name=HOSTILE[:8]).click()
    expect(page.locator("h1 .id")).to_have_text(HOSTILE)
    expect(page.locator(".order-head")).to_contain_text("<script>alert(2)</script>")
    assert desk.page.evaluate("document.title").startswith(HOSTILE)


def test_characters_that_turn_text_around_are_shown_as_code_points(desk: Desk) -> None:
    desk.recording.record(
        {**working("A-1", 900, "AV-1")[0], "client_order_id": "B-1", "strategy": "fine"}
    )
    desk.recording.record({**working("A-2", 901, "AV-2")[0], "text": DIRECTION})
    page = desk.open(f"#/order/{MAIN.replace(':', '%3A')}/A-2")
    expect(page.locator(".event").first).to_contain_text("A\\u202e-1")


def test_a_url_with_nonsense_in_it_is_no_fault(desk: Desk) -> None:
    desk.watched.expected.append("status of 4")
    for place in (
        "order/%zz/%",
        "nowhere",
        "orders?status=<b>",
        "orders?as_of=never",
        "results?by=nonsense&method=worst",
    ):
        page = desk.open(f"#/{place}")
        expect(page.get_by_role("alert").or_(page.locator(".notice")).first).to_be_visible()
