"""Every page can show a past moment, and the URL holds it."""

import pytest
from playwright.sync_api import expect

from tests.serve.page.conftest import Desk
from tests.serve.page.story import cancel

pytestmark = pytest.mark.page

PAGES = (
    "orders",
    "proposals",
    "results",
    "reconciliation",
    "accounts",
    "health",
    "order/sim%3Amain/C-1",
)


def test_as_of_a_log_position_shows_what_was_known_then(desk: Desk) -> None:
    page = desk.open("#/order/sim%3Amain/C-1")
    page.locator(".event").nth(1).get_by_role("button").click()
    page.get_by_role("link", name="The ledger as it was known right after this event").click()
    expect(page.locator(".connection")).to_contain_text("Past moment")
    expect(page.locator(".event")).to_have_count(2)
    expect(page.locator(".order-head")).to_contain_text("pending new")
    assert "as_of=" in page.url
    page.get_by_role("button", name="Back to now").click()
    expect(page.locator(".event")).to_have_count(5)


def test_effective_at_shows_what_had_happened_by_then(desk: Desk) -> None:
    page = desk.open("#/orders")
    page.keyboard.press("t")
    field = page.get_by_label("Effective at", exact=True)
    field.fill("2026-03-02 09:30:05.5")
    field.press("Enter")
    rows = page.locator("#orders .grid-body [role=row]")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("0.2 of 0.5")
    assert "effective_at=2026-03-02T09%3A30%3A05.5Z" in page.url


def test_a_past_moment_does_not_change_while_the_ledger_grows(desk: Desk) -> None:
    page = desk.open("#/orders?as_of=12")
    expect(page.locator("#orders .grid-body [role=row]").first).to_be_visible()
    before = page.locator("#orders .grid-body").inner_text()
    desk.recording.record(cancel("C-2", 500))
    page.wait_for_timeout(1000)
    assert page.locator("#orders .grid-body").inner_text() == before


def test_what_is_no_time_is_refused_in_words(desk: Desk) -> None:
    page = desk.open("#/orders")
    page.keyboard.press("t")
    field = page.get_by_label("As of", exact=True)
    field.fill("yesterday-ish")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("is not a time")
    assert "as_of" not in page.url


def test_the_slider_moves_with_arrow_keys(desk: Desk) -> None:
    page = desk.open("#/orders")
    page.keyboard.press("t")
    slider = page.get_by_label("As of: slider")
    expect(slider).to_be_enabled()
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator(".connection")).to_contain_text("Past moment")
    expect(page.get_by_text("No order matches.")).to_be_visible()


def test_every_page_opens_in_the_past(desk: Desk) -> None:
    for name in PAGES:
        page = desk.open(f"#/{name}?as_of=14&effective_at=2026-03-02T09:30:10Z")
        expect(page.locator(".connection")).to_contain_text("Past moment")
        expect(page.locator("main h1")).to_be_attached()
        page.wait_for_timeout(300)
        assert page.get_by_role("alert").all_inner_texts() == [], name
