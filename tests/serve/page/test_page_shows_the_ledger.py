"""Every page shows what the ledger holds: the same rows, digits and words as the command line."""

import re

import pytest
from playwright.sync_api import expect

from tests.serve.page.conftest import Desk

pytestmark = pytest.mark.page


def test_orders_in_doubt_come_first_then_those_in_flight_then_open_ones_then_ended_ones(
    desk: Desk,
) -> None:
    page = desk.open("#/orders")
    rows = page.locator("#orders .grid-body [role=row]")
    expect(rows).to_have_count(9)
    assert rows.nth(0).inner_text().split("\n")[0] == "C-3"
    assert "unresolved" in rows.nth(0).inner_text()
    assert rows.nth(1).inner_text().startswith("C-6")
    assert {rows.nth(index).locator("a").inner_text() for index in range(6, 9)} == {
        "C-1",
        "C-4",
        "C-5",
    }
    expect(page.locator(".counts")).to_contain_text("1 unresolved")
    expect(page.locator(".counts")).to_contain_text("3 ended")


def test_any_id_that_an_order_has_borne_finds_it(desk: Desk) -> None:
    page = desk.open("#/orders")
    page.get_by_label("Any id").fill("V-2")
    expect(page.locator("#orders .grid-body [role=row]")).to_have_count(1)
    expect(page.locator("#orders .grid-body")).to_contain_text("C-2")
    assert "search=V-2" in page.url


def test_filters_are_in_the_url_so_that_a_colleague_sees_the_same(desk: Desk) -> None:
    page = desk.open("#/orders?side=sell")
    expect(page.locator("#orders .grid-body [role=row]")).to_have_count(1)
    assert page.get_by_label("Side").input_value() == "sell"


def test_an_order_tells_its_story_on_both_clocks_with_evidence(desk: Desk) -> None:
    page = desk.open("#/order/sim%3Amain/C-2")
    expect(page.locator("h1")).to_contain_text("C-2")
    events = page.locator(".event")
    expect(events).to_have_count(6)
    expect(events.nth(0)).to_contain_text("We requested a limit order to sell 0.5 BTC-USD at 64400")
    expect(events.nth(4)).to_contain_text("limit price from 64400 to 64350")
    events.nth(2).get_by_role("button").click()
    expect(page.locator(".evidence")).to_contain_text('"state": "resting"')
    terms = page.get_by_role("table", name="Terms over time")
    expect(terms).to_contain_text("64,400")
    expect(terms).to_contain_text("64,350")
    expect(page.get_by_role("table", name="Other orders of the same")).to_contain_text("C-1")
    expect(page.get_by_role("table", name="Fills")).to_contain_text("F-3")
    assert page.locator(".point circle").count() == 6


def test_proposals_lead_to_orders_and_fills(desk: Desk) -> None:
    page = desk.open("#/proposals")
    first = page.locator(".proposal").filter(has_text="P-1")
    expect(first).to_contain_text("entry")
    expect(first).to_contain_text("approved")
    expect(first).to_contain_text("filled")
    expect(first).to_contain_text("V-1")
    expect(first).to_contain_text("0.3 at 63,999.5")
    expect(page.locator(".proposal").filter(has_text="P-3")).to_contain_text("declined")
    first.get_by_role("link", name="C-1").click()
    expect(page.locator("h1")).to_contain_text("C-1")


def test_p_and_l_is_that_of_the_command_line_and_uncertain_while_an_order_is_unresolved(
    desk: Desk,
) -> None:
    page = desk.open("#/results")
    totals = page.get_by_role("list", name="Totals")
    expect(totals).to_contain_text("+31.28")
    expect(totals).to_contain_text("1 with unresolved orders")
    positions = page.get_by_role("table", name="Positions")
    expect(positions).to_contain_text("0.5")
    expect(positions).to_contain_text("unresolved orders")
    expect(page.locator("#trade-rows .grid-body [role=row]")).to_have_count(4)
    expect(page.locator(".chart canvas")).to_be_visible()
    page.get_by_label("Method").select_option("fifo")
    expect(page).to_have_url(re.compile("method=fifo"))
    expect(totals).to_contain_text("Net P&L, USD")


def test_reconciliation_shows_how_each_order_was_matched_and_what_time_is_covered(
    desk: Desk,
) -> None:
    page = desk.open("#/reconciliation")
    rows = page.locator("#match-rows .grid-body [role=row]")
    expect(rows.filter(has_text="C-1")).to_contain_text("client order id C-1")
    expect(rows.filter(has_text="V-77")).to_contain_text("venue order id V-77")
    expect(rows.filter(has_text="C-3")).to_contain_text("differ")
    band = page.get_by_role("img", name="sim:main: covered from 2026-03-02 09:30:00")
    expect(band).to_be_attached()
    expect(page.locator(".band .gap")).to_have_count(1)
    expect(page.locator(".break")).to_contain_text("position_differs:BTC-USD")
    expect(page.get_by_role("table", name="Certificates").locator("tbody tr")).to_have_count(2)


def test_watched_accounts_are_tiles_that_lead_to_their_orders(desk: Desk) -> None:
    page = desk.open("#/accounts")
    expect(page.locator(".tiles li")).to_have_count(2)
    page.locator(".tiles").get_by_role("link", name="sim:second").click()
    expect(page.locator("#orders .grid-body [role=row]")).to_have_count(1)
    expect(page.locator("#orders .grid-body")).to_contain_text("S-1")


def test_health_shows_positions_and_latency(desk: Desk) -> None:
    page = desk.open("#/health")
    expect(page.get_by_role("list", name="The ledger")).to_contain_text("Log position41")
    expect(page.get_by_role("table", name="Latency")).to_contain_text("submit to acknowledge")
    expect(page.get_by_text("Nothing is halted")).to_be_visible()
