"""P&L by day, and what has become of each fill of an order."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.serve.page.conftest import Desk
from tests.serve.page.story import Message, about, fill, working

pytestmark = pytest.mark.page

GROUPS = ["day", "strategy", "strategy,day", "account", "instrument", "account,strategy", ""]


def test_p_and_l_by_day_and_by_each_other_group_shows_its_rows(desk: Desk) -> None:
    """The fixture fails on any fault of the page: its code took the day of a row that has none."""
    page = desk.open("#/results")
    table = page.get_by_role("table", name="P&L", exact=True)
    for by in GROUPS:
        page.get_by_label("P&L by").select_option(by)
        for name in (by or "account,instrument").split(","):
            expect(
                table.get_by_role("columnheader", name=name.capitalize(), exact=True)
            ).to_be_visible()
        expect(table.locator("tbody tr").first).to_be_visible()
    page.get_by_label("P&L by").select_option("day")
    table.get_by_role("link", name="2026-03-02").click()
    expect(
        page.get_by_text("from 2026-03-02T00:00:00Z to 2026-03-03T00:00:00.000Z")
    ).to_be_visible()
    expect(page.locator("#trade-rows .grid-body [role=row]")).to_have_count(4)


def odd_fills() -> list[Message]:
    order = working("C-1", 1, "V-1", quantity="9")
    return [
        *order,
        fill("C-1", 2, "F-good", "1", "64000"),
        fill("C-1", 3, "F-reused", "1", "64000"),
        fill("C-1", 4, "F-reused", "2", "64000"),
        fill("C-1", 5, "F-bust", "1", "64000"),
        about("fill_busted", "C-1", 6, fill_id="F-bust"),
        fill("C-1", 7, "F-old", "1", "64000"),
        about(
            "fill_corrected",
            "C-1",
            8,
            fill_id="F-new",
            corrects="F-old",
            quantity="1",
            price="64001",
        ),
    ]


@pytest.mark.parametrize("messages", [odd_fills()], ids=["odd fills"])
def test_only_a_fill_that_counts_and_that_nobody_contests_is_green(desk: Desk) -> None:
    page = desk.open("#/order/sim%3Amain/C-1")
    rows = page.get_by_role("table", name="Fills").locator("tbody tr")
    shown = [
        ("F-good", "fill", "good"),
        ("F-reused", "fill, contested", "doubt"),
        ("F-reused", "contested, not counted", "doubt"),
        ("F-bust", "fill, busted", "bad"),
        ("F-bust", "busts it", "bad"),
        ("F-old", "fill, corrected", "bad"),
        ("F-new", "corrects F-old", "good"),
    ]
    expect(rows).to_have_count(len(shown))
    for number, (fill_id, text, tone) in enumerate(shown):
        expect(rows.nth(number)).to_contain_text(fill_id)
        badge = rows.nth(number).locator(".badge")
        expect(badge).to_contain_text(text)
        assert tone in str(badge.get_attribute("class")).split(), (fill_id, text)
    of_events: list[Any] = page.eval_on_selector_all(
        ".event", "(events) => events.map((one) => [...one.classList].at(-1))"
    )
    assert of_events.count("fill") == 2, of_events
    assert of_events.count("doubt") == 2, of_events
