"""The equity curve on the page: its points are those of the list, the keyboard reaches each, and a
fill leads to its order."""

import pytest
from playwright.sync_api import expect

from orderledger import Ledger
from tests.serve.page.conftest import Desk
from tests.serve.page.story import MAIN, Message, at, story

pytestmark = pytest.mark.page
CHART = ".chart"


def booked() -> list[Message]:
    """Three trades of one instrument: +10, then -4, and one that stays open and is marked."""
    place = {"account": MAIN, "instrument": "ADA-USD"}
    trades = [
        ("buy", "100", 1),
        ("sell", "110", 2),
        ("buy", "100", 3),
        ("sell", "96", 4),
        ("buy", "100", 5),
    ]
    fills = [
        {"type": "fill", **place, "client_order_id": f"A-{number}", "fill_id": f"AF-{number}",
        "side": side, "quantity": "1",
         "price": price, "at": at(1000 + number)}
        for side, price, number in trades
    ]  # fmt: skip
    return [
        {"type": "instrument", **place, "currency": "USD", "at": at(990)},
        {"type": "mark", **place, "price": "100", "at": at(991)},
        *fills,
        {"type": "mark", **place, "price": "101.25", "at": at(1010)},
    ]


@pytest.fixture
def messages() -> list[Message]:
    return [*story(), *booked()]


def test_each_point_is_reached_by_keys_and_says_its_exact_numbers(desk: Desk) -> None:
    page = desk.open("#/results?instrument=ADA-USD")
    point = page.locator(".curve-point")
    expect(point).to_contain_text("Last:")
    expect(point).to_contain_text("equity 7.25")
    page.locator(CHART).focus()
    for shown in (
        "Mark, ADA-USD",
        "Fill AF-5 of A-5",
        "Fill AF-4 of A-4",
        "Fill AF-3 of A-3",
        "Fill AF-2 of A-2",
        "Fill AF-1 of A-1",
    ):
        page.keyboard.press("ArrowLeft")
        expect(point).to_contain_text(shown)
    for figures in ("equity 10", "equity 10", "equity 6"):
        page.keyboard.press("ArrowRight")
        expect(point).to_contain_text(figures)
    expect(point).to_contain_text("net P&L 6")
    expect(point).to_contain_text("drawdown 4")
    with Ledger.open(desk.ledger_url) as ledger:
        rows = ledger.equity(instrument="ADA-USD")
    assert [(row["fill_id"], str(row["equity"])) for row in rows][-3:] == [
        ("AF-4", "6"),
        ("AF-5", "6"),
        (None, "7.25"),
    ]


def test_a_fill_of_the_curve_leads_to_its_order(desk: Desk) -> None:
    page = desk.open("#/results?instrument=ADA-USD")
    page.locator(CHART).focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(".curve-point")).to_contain_text("AF-4")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("A-4")


def test_the_pointer_shows_a_point_and_a_click_leads_to_its_order(desk: Desk) -> None:
    page = desk.open("#/results?instrument=ADA-USD")
    over = page.locator(f"{CHART} .u-over")
    box = over.bounding_box()
    assert box is not None
    place = {
        "x": box["width"] / 9 + 2,
        "y": box["height"] / 2,
    }  # nine seconds wide: one second after the first fill
    over.hover(position=place)  # type: ignore[arg-type]
    expect(page.locator(".curve-point")).to_contain_text("Fill AF-2 of A-2")
    over.click(position=place)  # type: ignore[arg-type]
    expect(page.locator("h1")).to_contain_text("A-2")


def test_a_point_that_is_no_fill_leads_to_the_trades_since_the_one_before(desk: Desk) -> None:
    page = desk.open("#/results?instrument=ADA-USD")
    page.locator(CHART).focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".curve-point")).to_contain_text("Mark")
    page.keyboard.press("Enter")
    expect(page.locator("#trade-rows .grid-body [role=row]")).to_have_count(1)
    expect(page.locator("#trade-rows")).to_contain_text("AF-5")


def test_the_curve_grows_while_it_is_shown_and_keeps_the_chosen_point(desk: Desk) -> None:
    page = desk.open("#/results?instrument=ADA-USD")
    page.locator(CHART).focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(page.locator(".curve-point")).to_contain_text("AF-4")
    desk.recording.record(
        {"type": "fill", "account": MAIN, "instrument": "ADA-USD", "client_order_id": "A-6",
        "fill_id": "AF-6", "side": "sell",
         "quantity": "1", "price": "90", "at": at(1020)}
    )  # fmt: skip
    expect(page.locator("#trade-rows")).to_contain_text("AF-6")
    page.wait_for_timeout(6_000)
    expect(page.locator(".curve-point")).to_contain_text("AF-4")
    for shown in ("AF-5", "Mark", "AF-6"):
        page.keyboard.press("ArrowRight")
        expect(page.locator(".curve-point")).to_contain_text(shown)
    expect(page.locator(".curve-point")).to_contain_text("equity \u22124")


def test_a_past_moment_has_the_curve_of_then(desk: Desk) -> None:
    page = desk.open(
        f"#/results?instrument=ADA-USD&effective_at={at(1002.5).replace('+00:00', 'Z')}"
    )
    expect(page.locator(".curve-point")).to_contain_text("Fill AF-2 of A-2")
    expect(page.locator(".curve-point")).to_contain_text("equity 10")


def test_without_a_currency_the_page_says_why_there_is_no_curve(desk: Desk) -> None:
    desk.recording.record(
        {"type": "fill", "account": MAIN, "instrument": "DOGE", "client_order_id": "D-1",
        "fill_id": "DF-1", "side": "sell",
         "quantity": "1", "price": "90", "at": at(1020)}
    )  # fmt: skip
    page = desk.open("#/results?instrument=DOGE")
    expect(page.get_by_text("No fill has a P&L in a known currency.")).to_be_visible()
    expect(
        page.get_by_text("1 moment of instruments without a settlement currency is not in it.")
    ).to_be_visible()
