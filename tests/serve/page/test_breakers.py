"""Breakers on the Health page, of a gateway that is a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.serve.operating.test_breakers import trading
from tests.serve.page.browser import Watched, context_of
from tests.serve.page.conftest import Desk
from tests.serve.page.service import Service
from tests.serve.page.test_for_everybody import violations

pytestmark = pytest.mark.page


@pytest.fixture
def traded(
    browser: Browser, ledger_url: str, tmp_path: Path, orderledger_command: Path
) -> Iterator[Page]:
    """The Health page of a ledger whose gateway has lost three answers in a row."""
    watched = Watched()
    with (
        trading(ledger_url, failures=3),
        Service(orderledger_command, ledger_url, tmp_path) as service,
        context_of(browser, base_url=service.url) as context,
    ):
        page = context.new_page()
        page.set_default_timeout(20_000)
        watched.watch(page)
        page.goto("/#/health")
        yield page
    assert watched.unexpected() == []


def test_a_tripped_breaker_stands_first_with_its_limit_and_why_and_is_armed_after_a_resume(
    traded: Page,
) -> None:
    section = traded.get_by_role("region", name="Breakers")
    expect(section.get_by_role("status")).to_have_text("■1 breaker tripped")
    first = section.get_by_role("row").nth(1)
    for text in (
        "sending failures",
        "sim:main",
        "tripped",
        "3 in a row",
        "3 requests in a row were not sent or not answered",
        "runs",
    ):
        expect(first).to_contain_text(text)
    expect(section.get_by_role("row", name="drawdown")).to_contain_text("sim:main, strategy grid")
    assert violations(traded) == []
    traded.get_by_role("button", name="Resume…").click()
    traded.get_by_role("dialog").get_by_role("button", name="Resume sim:main").click()
    expect(section.get_by_role("status")).to_have_text("✓No breaker has tripped")


def test_without_a_gateway_it_says_where_breakers_are_set(desk: Desk) -> None:
    page = desk.open("#/health")
    expect(page.get_by_role("region", name="Breakers")).to_contain_text(
        "They are set in its limits file"
    )
