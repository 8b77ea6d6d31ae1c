"""The panel of balances: each currency of each account, with the venue's balance and the
difference."""

import pytest
from playwright.sync_api import expect

from tests.serve.page.conftest import Desk
from tests.serve.page.story import MAIN, Message, at

pytestmark = pytest.mark.page

OTHER = "sim:second"


def message(kind: str, second: int, account: str = MAIN, **fields: str) -> Message:
    return {"type": kind, "account": account, "at": at(second), **fields}


def deposit(second: int, amount: str, account: str = MAIN) -> Message:
    return message("transfer", second, account, currency="USDT", amount=amount) | {
        "kind": "deposit"
    }


MESSAGES = [
    message("adjust", 1, currency="USDT", amount="100.5", reason="opening_balance"),
    deposit(2, "20"),
    message("transfer", 3, currency="USDT", amount="30") | {"kind": "borrow"},
    message("balance", 4, currency="USDT", amount="149.25"),
    message("adjust", 4, currency="BTC", amount="2", reason="opening_balance"),
    message("balance", 5, currency="BTC", amount="2"),
    deposit(6, "7", OTHER),
]


@pytest.mark.parametrize("messages", [MESSAGES], ids=["two accounts"])
def test_balances_stand_beside_those_of_the_venue(desk: Desk) -> None:
    page = desk.open("#/results")
    rows = page.get_by_role("table", name="Balances").locator("tbody tr")
    expect(rows).to_have_count(3)
    usdt = rows.filter(has_text="USDT").filter(has_text=MAIN)
    for figure in ("150.5", "30", "120.5", "149.25", "1.25"):
        expect(usdt).to_contain_text(figure)
    expect(rows.filter(has_text="BTC")).to_contain_text("none")
    expect(rows.filter(has_text=OTHER)).to_contain_text("no opening balance")
    page.get_by_label("Account", exact=True).fill(OTHER)
    expect(rows).to_have_count(1)


@pytest.mark.parametrize("messages", [MESSAGES], ids=["two accounts"])
def test_p_and_l_is_shown_by_asset(desk: Desk) -> None:
    page = desk.open("#/results?by=account%2Casset")
    table = page.get_by_role("table", name="P&L")
    expect(table).to_contain_text("Asset")
    expect(table.locator("tbody tr").filter(has_text="BTC")).to_have_count(1)
