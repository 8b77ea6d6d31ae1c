"""The page while the ledger grows: another process records, the server dies and returns, nothing is
lost or repeated."""

import re

import pytest
from playwright.sync_api import expect

from tests.serve.page.conftest import Desk
from tests.serve.page.story import MAIN, cancel, fill, working

pytestmark = pytest.mark.page

LOST = r"Failed to load resource|ERR_|Failed to fetch|network error"


def test_an_order_that_ends_while_it_is_shown_moves_to_the_ended_ones_and_keeps_the_focus(
    desk: Desk,
) -> None:
    page = desk.open("#/orders")
    row = page.locator("#orders .grid-body [role=row]").filter(has_text="C-2")
    expect(row).to_contain_text("partially filled")
    page.locator("#orders").focus()
    while "C-2" not in page.locator("#orders .grid-body .focused").inner_text():
        page.keyboard.press("ArrowDown")
    desk.recording.record(fill("C-2", 400, "F-4", "0.4", "64350"))
    expect(row).to_contain_text("0.5 of 0.5")
    expect(row).to_contain_text(re.compile("^(?!.*partially).*filled", re.S))
    expect(row).to_have_class(re.compile("is-ended"))
    expect(row).to_have_attribute("aria-selected", "true")
    expect(page.locator(".counts")).to_contain_text("4 ended")


def test_an_open_order_page_follows_its_order(desk: Desk) -> None:
    page = desk.open("#/order/sim%3Amain/C-2")
    expect(page.locator(".event")).to_have_count(6)
    desk.recording.record(cancel("C-2", 500))
    expect(page.locator(".event")).to_have_count(7)
    expect(page.locator(".order-head")).to_contain_text("canceled")


def test_new_orders_appear_once_each(desk: Desk) -> None:
    page = desk.open("#/orders")
    rows = page.locator("#orders .grid-body [role=row]")
    expect(rows).to_have_count(9)
    desk.recording.record(
        *[
            message
            for index in range(8)
            for message in working(f"N-{index}", 600 + index, f"NV-{index}")
        ]
    )
    expect(rows).to_have_count(17)
    names = page.locator("#orders .grid-body a").all_inner_texts()
    assert len(set(names)) == 17


def test_a_killed_server_is_seen_and_what_was_recorded_meanwhile_arrives_when_it_is_back(
    desk: Desk,
) -> None:
    desk.watched.expected.append(LOST)
    page = desk.open("#/orders")
    state = page.locator(".connection")
    expect(state).to_contain_text("Live")
    desk.service.kill()
    expect(state).to_contain_text("Reconnecting")
    desk.recording.record(*working("D-1", 700, "DV-1"), cancel("C-2", 701))
    desk.service.start()
    expect(state).to_contain_text("Live", timeout=30_000)
    rows = page.locator("#orders .grid-body [role=row]")
    expect(rows.filter(has_text="D-1")).to_have_count(1)
    expect(rows.filter(has_text="C-2")).to_contain_text("canceled")
    desk.recording.record(*working("D-2", 710, "DV-2"))
    expect(rows.filter(has_text="D-2")).to_have_count(1)


def test_repeated_kills_lose_and_repeat_nothing(desk: Desk) -> None:
    desk.watched.expected.append(LOST)
    page = desk.open("#/orders")
    expect(page.locator(".connection")).to_contain_text("Live")
    for turn in range(4):
        desk.recording.record(*working(f"K-{turn}a", 800 + turn, f"KV-{turn}a"))
        desk.service.kill()
        desk.recording.record(*working(f"K-{turn}b", 800 + turn, f"KV-{turn}b"))
        desk.service.start()
        expect(page.locator(".connection")).to_contain_text("Live", timeout=30_000)
    rows = page.locator("#orders .grid-body [role=row]")
    expect(rows).to_have_count(17)
    shown = page.locator("#orders .grid-body a").all_inner_texts()
    assert sorted(name for name in shown if name.startswith("K-")) == [
        f"K-{turn}{part}" for turn in range(4) for part in "ab"
    ]


def test_a_filter_holds_for_what_arrives(desk: Desk) -> None:
    page = desk.open("#/orders?instrument=ETH-USD")
    rows = page.locator("#orders .grid-body [role=row]")
    expect(rows).to_have_count(1)
    desk.recording.record(
        *working("E-1", 900, "EV-1", account=MAIN),
        *working("E-2", 901, "EV-2", instrument="ETH-USD"),
    )
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="E-2")).to_have_count(1)
