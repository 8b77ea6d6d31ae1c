"""The page by keyboard alone, for screen readers, on a narrow screen, in dark and in light."""

from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Page, expect

from tests.serve.page.conftest import Desk

pytestmark = pytest.mark.page

PLACES = (
    "orders",
    "order/sim%3Amain/C-2",
    "proposals",
    "results",
    "reconciliation",
    "accounts",
    "accounts?look=table",
    "health",
)
AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
ASKED = "[role=grid], table, .tiles li, .proposal, .empty, .events"


def violations(page: Page) -> list[str]:
    """What axe-core finds, which is evaluated by the test, not loaded by the page."""
    page.evaluate(AXE.read_text())
    run = "axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)"
    found: list[dict[str, Any]] = page.evaluate(run)
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary'][:200]}"
        for one in found
    ]


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_names_roles_and_contrast_hold_on_every_page(desk: Desk, scheme: str) -> None:
    desk.page.emulate_media(
        color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
    )
    found = {}
    for place in PLACES:
        page = desk.open(f"#/{place}")
        expect(page.locator(ASKED).first).to_be_visible()
        page.wait_for_timeout(200)
        if faults := violations(page):
            found[place] = faults
    assert found == {}


def test_dialogs_and_the_time_bar_hold_too(desk: Desk) -> None:
    page = desk.open("#/orders?as_of=12")
    expect(page.locator("#orders .grid-body [role=row]").first).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert violations(page) == []


def test_the_whole_way_from_the_list_to_an_order_and_back_by_keyboard(desk: Desk) -> None:
    page = desk.open("#/orders")
    expect(page.locator("#orders .grid-body [role=row]")).to_have_count(9)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#orders")).to_be_focused()
    page.keyboard.press("ArrowDown")
    active = page.locator("#orders").get_attribute("aria-activedescendant")
    assert page.locator(f"#{active}").inner_text().startswith("C-6")
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("C-3")
    page.go_back()
    expect(page.locator("#orders")).to_be_visible()


def test_single_keys_open_pages_search_and_help(desk: Desk) -> None:
    page = desk.open("#/orders")
    expect(page.locator("#orders")).to_be_visible()
    titles = {
        "2": "Proposals",
        "3": "Trades, positions",
        "4": "Reconciliation",
        "5": "Watched accounts",
        "6": "Health",
    }
    for key, title in titles.items():
        page.keyboard.press(key)
        expect(page.locator("main h1")).to_contain_text(title)
    page.keyboard.press("1")
    expect(page.locator("#orders")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_label("Any id")).to_be_focused()
    page.keyboard.type("C-12?")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_every_control_shows_the_focus(desk: Desk) -> None:
    page = desk.open("#/health")
    expect(page.get_by_text("Nothing is halted")).to_be_visible()
    for _ in range(14):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "getComputedStyle(document.activeElement).outlineStyle + document.activeElement.tagName"
        )
        assert outline.startswith("solid") or outline.endswith("BODY"), outline


def test_at_400_pixels_nothing_makes_a_page_wider_than_the_screen(desk: Desk) -> None:
    desk.page.set_viewport_size({"width": 400, "height": 800})
    widths = {}
    for place in PLACES:
        page = desk.open(f"#/{place}")
        expect(page.locator(ASKED).first).to_be_visible()
        page.wait_for_timeout(200)
        widths[place] = page.evaluate(
            "Math.max(document.documentElement.scrollWidth, "
            "document.querySelector('main').scrollWidth)"
        )
    assert {place: width for place, width in widths.items() if width > 400} == {}


def test_the_theme_can_be_chosen_and_is_kept(desk: Desk) -> None:
    page = desk.open("#/orders")
    background = "getComputedStyle(document.body).backgroundColor"
    expect(page.locator("#orders")).to_be_visible()
    dark = page.evaluate(background)
    page.keyboard.press("d")
    page.keyboard.press("d")
    light = page.evaluate(background)
    assert dark != light
    page.reload()
    expect(page.locator("#orders")).to_be_visible()
    assert page.evaluate(background) == light
