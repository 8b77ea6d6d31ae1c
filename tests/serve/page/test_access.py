"""Tokens and roles: what the page shows without one, with a wrong one, and with one that may not do
everything."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from orderledger import Ledger
from orderledger.infrastructure.messages.parsing import parse_document
from tests.serve.page.browser import Watched, context_of
from tests.serve.page.conftest import Desk
from tests.serve.page.service import Service
from tests.serve.page.story import story

pytestmark = pytest.mark.page

REFUSED = r"status of 40[13]"
READER, OPERATOR = "reader-token-for-tests-0123456789", "operator-token-for-tests-0123456789"


@pytest.fixture
def guarded(
    browser: Browser, ledger_url: str, tmp_path: Path, orderledger_command: Path
) -> Iterator[Page]:
    """The page of a server that asks for a token."""
    with Ledger.open(ledger_url) as ledger:
        ledger.record_many([parse_document(message) for message in story()])
    tokens = tmp_path / "tokens.toml"
    tokens.write_text(
        f'[[tokens]]\nname = "reader"\ntoken = "{READER}"\nroles = ["read"]\n\n'
        f'[[tokens]]\nname = "operator"\ntoken = "{OPERATOR}"\nroles = ["read", "operate"]\n'
    )
    tokens.chmod(0o600)
    watched = Watched(expected=[REFUSED])
    with (
        Service(orderledger_command, ledger_url, tmp_path, ["--tokens", str(tokens)]) as service,
        context_of(browser, base_url=service.url) as context,
    ):
        page = context.new_page()
        page.set_default_timeout(20_000)
        watched.watch(page)
        page.goto("/#/orders")
        yield page
    assert watched.unexpected() == []
    assert watched.hosts <= {"127.0.0.1"}


def sign_in(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Use this token").click()


def test_without_a_token_the_page_asks_for_one_and_shows_nothing(guarded: Page) -> None:
    expect(guarded.get_by_role("heading", name="A token is needed")).to_be_visible()
    assert guarded.locator("#orders").count() == 0


def test_a_wrong_token_is_refused_in_words_and_a_right_one_opens_the_page(guarded: Page) -> None:
    sign_in(guarded, "wrong")
    expect(guarded.get_by_role("alert")).to_contain_text("refuses this token")
    assert guarded.locator("#orders").count() == 0
    sign_in(guarded, READER)
    expect(guarded.locator("#orders .grid-body [role=row]")).to_have_count(9)
    expect(guarded.locator(".connection")).to_contain_text("Live")


def test_the_token_lasts_as_long_as_the_tab_and_is_in_no_url(guarded: Page) -> None:
    sign_in(guarded, READER)
    expect(guarded.locator("#orders")).to_be_visible()
    guarded.reload()
    expect(guarded.locator("#orders .grid-body [role=row]")).to_have_count(9)
    assert READER not in guarded.url
    assert guarded.evaluate("localStorage.length + document.cookie.length") <= 1  # the theme
    guarded.get_by_role("button", name="Sign out").click()
    expect(guarded.get_by_role("heading", name="A token is needed")).to_be_visible()


def test_a_reader_may_not_halt(guarded: Page) -> None:
    sign_in(guarded, READER)
    guarded.get_by_role("link", name="Health").click()
    expect(guarded.get_by_role("button", name="Halt trading…")).to_be_disabled()
    expect(guarded.get_by_text("it needs the role operate")).to_be_visible()


def test_an_operator_halts_and_resumes_after_a_confirmation(guarded: Page) -> None:
    sign_in(guarded, OPERATOR)
    guarded.get_by_role("link", name="Health").click()
    guarded.get_by_role("button", name="Halt trading…").click()
    dialog = guarded.get_by_role("dialog")
    dialog.get_by_label("Account").fill("sim:main")
    dialog.get_by_label("Why, in a sentence").fill("the feed looks wrong")
    dialog.get_by_role("button", name="Halt sim:main").click()
    expect(guarded.get_by_text("1 halt in force")).to_be_visible()
    expect(guarded.get_by_role("table", name="Halts")).to_contain_text("the feed looks wrong")
    guarded.get_by_role("button", name="Resume…").click()
    guarded.get_by_role("dialog").get_by_role("button", name="Resume sim:main").click()
    expect(guarded.get_by_text("Nothing is halted")).to_be_visible()


def test_the_dialog_offers_what_the_ledger_knows_and_asks_about_the_rest(desk: Desk) -> None:
    desk.watched.expected.append("status of 409")
    page = desk.open("#/health")
    page.get_by_role("button", name="Halt trading…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Account").fill("sim:main")
    expect(dialog.locator("#halt-known-account option[value='sim:main']")).to_have_count(1)
    expect(dialog.locator("#halt-known-instrument option").first).to_be_attached()
    dialog.get_by_label("Account").fill("sim:mian")
    dialog.get_by_role("button", name="Halt sim:mian").click()
    expect(dialog.get_by_role("alert")).to_contain_text("did you mean sim:main?")
    expect(page.get_by_text("Nothing is halted")).to_be_visible()
    dialog.get_by_label("Account").fill("sim:miaan")
    expect(dialog.get_by_role("button", name="Halt sim:miaan all the same")).to_have_count(0)
    dialog.get_by_role("button", name="Halt sim:miaan").click()
    dialog.get_by_role("button", name="Halt sim:miaan all the same").click()
    expect(page.get_by_role("table", name="Halts")).to_contain_text("sim:miaan")
    expect(page.get_by_text("1 halt in force")).to_be_visible()


def test_a_dialog_that_is_canceled_halts_nothing(desk: Desk) -> None:
    page = desk.open("#/health")
    page.get_by_role("button", name="Halt trading…").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("Nothing is halted")).to_be_visible()


def test_an_order_that_is_not_there_is_told_in_words(desk: Desk) -> None:
    desk.watched.expected.append("status of 404")
    page = desk.open("#/order/sim%3Amain/NOBODY")
    expect(page.get_by_role("alert")).to_contain_text("NOBODY")
