"""A real ledger, the real service on it, a process that records beside it, and a browser on the
page."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from orderledger import Ledger
from orderledger.infrastructure.messages.parsing import parse_document
from tests.serve.page.browser import Watched, context_of, launched
from tests.serve.page.service import Recording, Service
from tests.serve.page.story import Message, story

# A busy machine is no failure.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with launched(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@dataclass
class Desk:
    """The page on a served ledger, and the process that records into the same ledger."""

    page: Page
    service: Service
    recording: Recording
    watched: Watched
    ledger_url: str

    def open(self, place: str = "#/orders") -> Page:
        self.page.goto("about:blank")
        self.page.goto(f"{self.service.url}/{place}")
        return self.page


@pytest.fixture
def ledger_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/orders.db"


@pytest.fixture
def messages() -> list[Message]:
    return story()


@pytest.fixture
def context_options() -> dict[str, Any]:
    return {}


@pytest.fixture
def desk(
    browser: Browser,
    ledger_url: str,
    messages: list[Message],
    tmp_path: Path,
    orderledger_command: Path,
    context_options: dict[str, Any],
) -> Iterator[Desk]:
    """At the end: no fault in the console, and no request to another host."""
    with Ledger.open(ledger_url) as ledger:
        outcomes = ledger.record_many([parse_document(message) for message in messages])
        assert {str(one.outcome) for one in outcomes} == {"recorded"}, outcomes
    with (
        Service(orderledger_command, ledger_url, tmp_path) as service,
        Recording(orderledger_command, ledger_url) as recording,
        context_of(browser, **context_options) as context,
    ):
        page, watched = context.new_page(), Watched()
        page.set_default_timeout(20_000)
        watched.watch(page)
        yield Desk(page, service, recording, watched, ledger_url)
    assert watched.unexpected() == []
    assert watched.hosts <= {"127.0.0.1"}
