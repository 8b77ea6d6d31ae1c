"""A long list: only what is in sight is in the document, and every row can be reached."""

import pytest
from playwright.sync_api import expect

from tests.serve.page.conftest import Desk
from tests.serve.page.story import Message, cancel, request

pytestmark = pytest.mark.page

ORDERS = 3000
ROW = 26  # pixels


class TestThreeThousandOrders:
    @pytest.fixture
    def messages(self) -> list[Message]:
        pairs = (
            (request(f"L-{index}", index), cancel(f"L-{index}", index + 0.5))
            for index in range(ORDERS)
        )
        return [message for pair in pairs for message in pair]

    def test_the_document_holds_a_screen_of_rows_and_end_reaches_the_oldest(
        self, desk: Desk
    ) -> None:
        page = desk.open("#/orders")
        grid = page.locator("#orders")
        expect(grid).to_have_attribute("aria-rowcount", str(ORDERS + 1))
        rows = page.locator("#orders .grid-body [role=row]")
        assert rows.count() < 80
        expect(rows.first).to_contain_text(f"L-{ORDERS - 1}")
        grid.focus()
        page.keyboard.press("End")
        expect(rows.last).to_contain_text("L-0")
        assert rows.count() < 80
        page.keyboard.press("End")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text("L-0")

    def test_no_row_is_shown_twice(self, desk: Desk) -> None:
        page = desk.open("#/orders")
        grid = page.locator("#orders")
        expect(grid).to_have_attribute("aria-rowcount", str(ORDERS + 1))
        names: set[str] = set()
        for top in range(0, ORDERS * ROW, 500):
            grid.evaluate("(element, top) => (element.scrollTop = top)", top)
            last = min(ORDERS - 1, (top + 600) // ROW)
            expect(page.locator(f"#orders [aria-rowindex='{last + 2}'] a")).to_be_attached()
            names.update(page.locator("#orders .grid-body a").all_inner_texts())
        assert len(names) == ORDERS
