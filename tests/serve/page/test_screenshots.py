"""The pictures of docs/images, made of the demo's ledger by `make screenshots`. Otherwise they are
made and thrown away."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.serve.page.browser import context_of
from tests.serve.page.service import Service

pytestmark = pytest.mark.page

IMAGES = Path(__file__).resolve().parents[3] / "docs" / "images"
MOST_BYTES = 200_000
PICTURES = {
    # name: (place, colours, height)
    "page-orders": ("#/orders?as_of=66", "dark", 560),
    "page-order": ("#/order/sim%3Amain/M-3", "dark", 700),
    "page-proposals": ("#/proposals", "light", 640),
    "page-results": ("#/results", "light", 800),
    "page-reconciliation": ("#/reconciliation", "dark", 640),
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, orderledger_command: Path) -> Iterator[Service]:
    """The service on the ledger that the demo leaves: its times are those of its simulated venue,
    always the same."""
    folder = tmp_path_factory.mktemp("demo")
    subprocess.run(
        [str(orderledger_command), "demo", "--folder", str(folder)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with Service(orderledger_command, str(folder / "orders.db"), folder) as service:
        yield service


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_of_the_page(demo: Service, browser: Browser, name: str, tmp_path: Path) -> None:
    place, scheme, height = PICTURES[name]
    with context_of(
        browser, viewport={"width": 1280, "height": height}, color_scheme=scheme
    ) as context:
        page = context.new_page()
        page.goto(f"{demo.url}/{place}")
        expect(page.locator("[role=grid], .events, .proposal").first).to_be_visible()
        expect(page.get_by_text("Loading…")).to_have_count(0)
        page.wait_for_timeout(300)
        folder = IMAGES if "ORDERLEDGER_SCREENSHOTS" in os.environ else tmp_path
        folder.mkdir(exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", animations="disabled")
    assert 10_000 < (folder / f"{name}.png").stat().st_size < MOST_BYTES
