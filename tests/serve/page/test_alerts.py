"""Alerts on the page: raised and cleared while it is shown, counted in the header, each leading to
what it is about."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from orderledger import Ledger
from orderledger.serve.alerts.settings import AlertSettings
from orderledger.serve.alerts.watcher import Watcher
from tests.serve.page.conftest import Desk
from tests.serve.page.story import MAIN, about, at, request, submit

pytestmark = pytest.mark.page
RULES = [{"kind": "halt", "severity": "critical"}, {"kind": "unresolved", "seconds": 1}]
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def watcher(desk: Desk) -> Iterator[Watcher]:
    with Ledger.open(desk.ledger_url, update_views=False) as ledger:
        watcher = Watcher(ledger, AlertSettings.model_validate({"rules": RULES}))
        yield watcher


def halt(type_: str, **more: Any) -> dict[str, Any]:
    return {"type": type_, "account": MAIN, "at": at(2000), **more}


def test_an_alert_is_raised_and_cleared_while_the_page_is_shown(
    desk: Desk, watcher: Watcher
) -> None:
    page = desk.open("#/health")
    expect(page.get_by_text("Nobody is watching")).to_be_visible()
    expect(page.get_by_text("No watcher has looked yet.")).to_be_visible()
    expect(page.get_by_text("No alert is open")).to_have_count(0)
    count = page.locator(".alert-count")
    expect(count).to_have_count(0)
    watcher.look()
    rows = page.get_by_role("table", name="Open alerts").locator("tbody tr")
    expect(rows).to_have_count(1)  # an order of the story is unresolved
    expect(count).to_have_text("⚠ 1 open alert")
    desk.recording.record(halt("halt", reason="review", text=HOSTILE))
    watcher.look()
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="trading is halted")).to_contain_text("critical")
    expect(rows.filter(has_text="trading is halted")).to_contain_text(HOSTILE)
    expect(count).to_have_text("⚠ 2 open alerts")
    desk.recording.record(halt("resume_trading"))
    watcher.look()
    expect(rows).to_have_count(1)
    expect(count).to_have_text("⚠ 1 open alert")
    page.get_by_text("Cleared lately: 1").click()
    expect(page.get_by_role("table", name="Cleared alerts")).to_contain_text("trading is halted")


def test_no_alert_is_open_is_said_only_where_a_watcher_has_looked_lately(desk: Desk) -> None:
    with Ledger.open(desk.ledger_url, update_views=False) as ledger:
        settings = AlertSettings.model_validate({"rules": [RULES[0]]})
        page = desk.open("#/health")
        expect(page.get_by_text("Nobody is watching")).to_be_visible()
        with Watcher(ledger, settings):
            expect(page.get_by_text("No alert is open")).to_be_visible()
            expect(page.get_by_text("A watcher looked")).to_be_visible()
            expect(page.get_by_text("Nobody is watching")).to_have_count(0)
        expect(page.get_by_text("Nobody is watching")).to_be_visible()
        expect(page.get_by_text("No alert is open")).to_have_count(0)


def test_the_gravest_alert_comes_first(desk: Desk, watcher: Watcher) -> None:
    desk.recording.record(halt("halt", reason="review"))
    watcher.look()
    desk.recording.record(
        request("C-9", 700), submit("C-9", 700.5), about("unresolved", "C-9", 701, reason="timeout")
    )
    watcher.look()  # this alert is newer than that of the halt, and less grave
    rows = desk.open("#/health").get_by_role("table", name="Open alerts").locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("critical")
    expect(rows.nth(1)).to_contain_text("C-9")
    expect(rows.nth(2)).to_contain_text("C-3")


def test_an_alert_leads_to_its_order_now_and_at_the_position_that_caused_it(
    desk: Desk, watcher: Watcher
) -> None:
    watcher.look()
    with Ledger.open(desk.ledger_url, update_views=False) as ledger:
        (order,) = ledger.orders(certainty="unresolved")
    page = desk.open("#/orders")
    page.locator(".alert-count").click()
    cause = page.get_by_role("table", name="Open alerts").locator("tbody tr")
    then = cause.get_by_role("link", name="#")
    order_page = f"#/order/{MAIN.replace(':', '%3A')}/{order['client_order_id']}"
    expect(then).to_have_attribute("href", f"{order_page}?as_of={int(position(then))}")
    cause.get_by_role("link", name=str(order["client_order_id"])).click()
    expect(page.locator("h1")).to_contain_text(str(order["client_order_id"]))
    page.go_back()
    then.click()
    expect(page.locator("h1")).to_contain_text(str(order["client_order_id"]))
    expect(page.locator(".connection")).to_contain_text("Past moment")


def position(link: Any) -> str:
    return str(link.text_content()).lstrip("#").replace(",", "")


def test_an_alert_without_an_order_leads_to_its_account(desk: Desk, watcher: Watcher) -> None:
    desk.recording.record(halt("halt", reason="review"))
    watcher.look()
    page = desk.open("#/health")
    page.get_by_role("table", name="Open alerts").get_by_role("link", name=MAIN).click()
    expect(page.get_by_label("Account")).to_have_value(MAIN)
