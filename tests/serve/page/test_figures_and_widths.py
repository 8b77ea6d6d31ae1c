"""Figures are shown whole and with the digits that matter, at a desk and on a telephone. An empty
ledger says so."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.serve.page.conftest import Desk
from tests.serve.page.story import MAIN, Message, acknowledge, at, fill, request, submit

pytestmark = pytest.mark.page

TELEPHONE = {"viewport": {"width": 400, "height": 800}}
FORMATTED = {
    "0.00001": "0.00001", "-0.0000123456": "\N{MINUS SIGN}0.000012", "0.034": "0.034",
    "0.03": "0.03", "0.349": "0.35",
    "0.005": "0.005",
    "1.004": "1.00", "0": "0.00", "0.000": "0.00", "12": "12.00", "1234.567": "1,234.57",
    "0.996": "1.00",
}  # fmt: skip
AVERAGES = {
    "63997.8125": "63,997.81",
    "64000.166667": "64,000.17",
    "140.03": "140.03",
    "1.23456789": "1.234568",
    "64000": "64,000",
}


def instrument(name: str, currency: str) -> Message:
    terms = {"multiplier": "100", "inverse": currency == "BTC", "currency": currency}
    return {"type": "instrument", "account": MAIN, "instrument": name, **terms, "at": at(0)}


def two_currencies() -> list[Message]:
    """A purchase of bitcoin for dollars in two fills, and an inverse contract that settles in
    bitcoin and costs a tiny fee."""
    return [
        instrument("BTC-USD", "USD"),
        instrument("BTC-PERP", "BTC"),
        *[request("C-1", 1, quantity="0.55"), submit("C-1", 2), acknowledge("C-1", 3, "V-1")],
        fill("C-1", 4, "F-1", "0.25", "63997.1"),
        fill("C-1", 5, "F-2", "0.3", "63998.35"),
        *[
            request("C-2", 6, instrument="BTC-PERP", quantity="10"),
            submit("C-2", 7),
            acknowledge("C-2", 8, "V-2"),
        ],
        fill("C-2", 9, "F-3", "10", "64000", fee="0.00001", fee_currency="BTC"),
    ]


def test_small_amounts_keep_two_digits_and_averages_about_seven(desk: Desk) -> None:
    page = desk.open()
    shown: dict[str, Any] = page.evaluate(
        "async ([amounts, averages]) => { const {rounded, shortPrice} = await "
        "import('/assets/format.js');return {amounts: amounts.map((text) => rounded(text)), "
        "averages: averages.map(shortPrice)}; }",
        [list(FORMATTED), list(AVERAGES)],
    )
    assert dict(zip(FORMATTED, shown["amounts"], strict=True)) == FORMATTED
    assert dict(zip(AVERAGES, shown["averages"], strict=True)) == AVERAGES


@pytest.mark.parametrize("messages", [two_currencies()], ids=["two currencies"])
def test_each_total_names_its_currency_if_there_are_several(desk: Desk) -> None:
    totals = desk.open("#/results").get_by_role("list", name="Totals")
    expect(totals.get_by_role("listitem").filter(has_text="Fees, BTC")).to_contain_text("0.00001")
    expect(totals.get_by_role("listitem").filter(has_text="Fees, USD")).to_contain_text("2.50")
    expect(totals.get_by_text("Realized", exact=True)).to_have_count(0)


@pytest.mark.parametrize("messages", [two_currencies()], ids=["two currencies"])
@pytest.mark.parametrize(
    "context_options",
    [{"viewport": {"width": 1280, "height": 800}}, TELEPHONE],
    ids=["desk", "telephone"],
)
def test_no_quantity_or_price_of_an_order_is_cut_off(desk: Desk) -> None:
    page = desk.open("#/orders")
    expect(page.locator("#orders .grid-body [role=row]")).to_have_count(2)
    cut = page.eval_on_selector_all(
        "#orders .grid-body [role=row] .end",
        "(cells) => cells.filter((one) => one.scrollWidth > one.clientWidth).map((one) => "
        "one.innerText)",
    )
    assert cut == []


@pytest.mark.parametrize("context_options", [TELEPHONE], ids=["telephone"])
def test_on_a_telephone_the_page_that_is_shown_is_in_sight_among_the_pages(desk: Desk) -> None:
    for place, name in (("health", "Health"), ("orders", "Orders"), ("accounts", "Accounts")):
        box = desk.open(f"#/{place}").get_by_role("link", name=name, exact=True).bounding_box()
        assert box is not None
        assert box["x"] >= 0, place
        assert box["x"] + box["width"] <= 400, place


@pytest.mark.parametrize("context_options", [TELEPHONE], ids=["telephone"])
def test_on_a_telephone_the_story_of_an_order_takes_the_width(desk: Desk) -> None:
    page = desk.open("#/order/sim%3Amain/C-2")
    expect(page.locator(".event .what").first).to_be_visible()
    box = page.locator(".event .what").first.bounding_box()
    assert box is not None
    assert box["width"] > 300


@pytest.mark.parametrize(
    "messages",
    [[{"type": "mark", "account": MAIN, "instrument": "BTC-USD", "price": "1", "at": at(0)}]],
    ids=["empty"],
)
def test_a_ledger_without_orders_says_so_and_a_filter_that_finds_none_says_that(desk: Desk) -> None:
    expect(desk.open("#/orders").get_by_text("No order is recorded yet.")).to_be_visible()
    expect(desk.open("#/orders?side=buy").get_by_text("No order matches.")).to_be_visible()
    expect(
        desk.open("#/accounts")
        .get_by_text("1 account", exact=True)
        .or_(desk.page.get_by_text("No account is recorded yet."))
    ).to_be_visible()
