"""The button "Reconcile now" of the Reconciliation page, against a simulated venue that is a
process of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from orderledger import Ledger
from tests.serve.operating.venues import FakeVenue, config_of
from tests.serve.page.browser import Watched, context_of
from tests.serve.page.conftest import Desk
from tests.serve.page.service import Service
from tests.serve.page.test_access import OPERATOR, READER, sign_in
from tests.serve.page.test_for_everybody import violations

pytestmark = pytest.mark.page


@dataclass
class Served:
    page: Page
    venue: FakeVenue
    watched: Watched

    def open(self, token: str) -> Page:
        self.page.goto("/#/reconciliation")
        sign_in(self.page, token)
        return self.page


@pytest.fixture
def served(
    browser: Browser, ledger_url: str, tmp_path: Path, orderledger_command: Path
) -> Iterator[Served]:
    """The page of a server that has a configuration and asks for a token."""
    Ledger.open(ledger_url).close()
    tokens = tmp_path / "tokens.toml"
    tokens.write_text(
        f'[[tokens]]\nname = "reader"\ntoken = "{READER}"\nroles = ["read"]\n\n'
        f'[[tokens]]\nname = "anna"\ntoken = "{OPERATOR}"\nroles = ["read", "operate"]\n'
    )
    tokens.chmod(0o600)
    watched = Watched(expected=["status of 401"])
    with (
        FakeVenue("hyperliquid", tmp_path) as venue,
        Service(
            orderledger_command,
            ledger_url,
            tmp_path,
            ["--tokens", str(tokens), "--config", str(config_of(tmp_path, venue))],
        ) as service,
        context_of(browser, base_url=service.url) as context,
    ):
        page = context.new_page()
        page.set_default_timeout(20_000)
        watched.watch(page)
        yield Served(page, venue, watched)
    assert watched.unexpected() == []
    assert watched.hosts <= {"127.0.0.1"}


def test_an_operator_reconciles_and_reads_and_hears_the_progress_and_the_result(
    served: Served,
) -> None:
    page = served.open(OPERATOR)
    button = page.get_by_role("button", name="Reconcile now")
    expect(page.get_by_text("Compares hyperliquid:fake with hyperliquid")).to_be_visible()
    served.venue.pause()
    button.focus()
    page.keyboard.press("Enter")
    said = page.locator(".reconcile [role=status]")
    expect(said).to_have_text("Reconciling hyperliquid:fake with hyperliquid…")
    expect(button).to_be_focused()
    served.venue.resume()
    expect(said).to_contain_text("1 account reconciled;")
    expect(page.locator(".reports li")).to_contain_text("recorded,")
    expect(page.get_by_text("is being reconciled now")).to_have_count(0)
    expect(page.get_by_role("table", name="Certificates")).to_contain_text("hyperliquid:fake")
    assert violations(page) == []


def test_a_venue_that_is_gone_is_told_in_words(served: Served) -> None:
    served.watched.expected.append("status of 502")
    page = served.open(OPERATOR)
    expect(page.get_by_text("Compares hyperliquid:fake with hyperliquid")).to_be_visible()
    served.venue.kill()
    page.get_by_role("button", name="Reconcile now").click()
    said = page.locator(".reconcile [role=status]")
    expect(said).to_contain_text(
        "1 account could not be: hyperliquid:fake: its venue could not be queried:", timeout=60_000
    )
    expect(page.locator(".reports li")).to_have_count(1)


def test_a_reader_may_not_reconcile(served: Served) -> None:
    page = served.open(READER)
    expect(page.get_by_role("button", name="Reconcile now")).to_be_disabled()
    expect(
        page.get_by_text("Your token may not reconcile: it needs the role operate.")
    ).to_be_visible()


def test_without_a_configuration_the_button_says_why_it_is_off(desk: Desk) -> None:
    page = desk.open("#/reconciliation")
    expect(page.get_by_role("button", name="Reconcile now")).to_be_disabled()
    expect(page.get_by_text("The server was started without --config")).to_be_visible()
