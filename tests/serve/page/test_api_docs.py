"""The page of the HTTP API."""

import pytest
from playwright.sync_api import expect

from tests.serve.page.conftest import Desk

pytestmark = pytest.mark.page


def test_every_path_of_the_api_is_explained(desk: Desk) -> None:
    page = desk.page
    page.goto(f"{desk.service.url}/api/docs")
    expect(page.get_by_role("heading", name="GET /api/orders", exact=True)).to_be_visible()
    section = page.locator(
        "section", has=page.get_by_role("heading", name="GET /api/orders", exact=True)
    )
    expect(section).to_contain_text("as_of")
    expect(page.get_by_role("heading", name="POST /api/messages")).to_be_visible()
    page.get_by_role("link", name="/api/stream").first.click()
    expect(page.get_by_role("heading", name="GET /api/stream")).to_be_in_viewport()
