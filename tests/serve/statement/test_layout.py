"""A statement of busy days for people: two pages of rounded figures, and an annex with every
row."""

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ViewportSize

from orderledger.serve.statement.formats import FORMATS
from orderledger.serve.statement.layout import BY_IMPORTANCE, ROWS_OF_PAGES, annexed
from orderledger.serve.statement.rounding import amount_text
from orderledger.serve.statement.sections import SECTIONS
from orderledger.serve.statement.statement import Statement
from tests.serve.page.browser import launched
from tests.serve.statement.books import SMALL, fill, ledger_of, request, told
from tests.serve.statement.test_formats import Page, statement_of

FILLS = 200
SCREEN: ViewportSize = {"width": 1280, "height": 800}
LONG = re.compile(r"\d\.\d{9,}")
ROUNDED = [
    ("75181.93779500000000000000000000000013", "USD", "75181.94"),
    ("-15383.39199565340483533390727600776573", "USD", "-15383.39"),
    ("1.2345678949", "BTC", "1.23456789"),
    ("12345.678", "JPY", "12346"),
    ("12.3456", "KWD", "12.346"),
    ("0.004", "USD", "0.004"),
    ("0.0000000012345", "BTC", "0.0000000012"),
    ("-0.00123", "USD", "-0.0012"),
    ("0", "USD", "0"),
    ("64000.100", "USD", "64000.1"),
    ("0.333333333333", None, "0.33333333"),
]


def busy() -> Statement:
    """Five days of purchases at thirds, so that averages and P&L have 34 digits."""
    messages: list[dict[str, Any]] = [
        told("instrument", "2026-10-20T00:00:00Z", instrument="BTC-USD", currency="USD")
    ]
    for number in range(FILLS):
        at = f"2026-10-{21 + number * 5 // FILLS}T{number % 24:02d}:00:00Z"
        side = "sell" if number % 3 == 2 else "buy"
        messages += [
            request(f"C-{number}", at, side, f"0.{number % 7 + 3}"),
            fill(
                f"C-{number}",
                f"F-{number}",
                at,
                f"0.{number % 7 + 3}",
                f"64{number:03d}.1",
                fee="0.0064",
                fee_currency="USD",
            ),
        ]
    messages.append(told("mark", "2026-10-25T23:00:00Z", instrument="BTC-USD", price="64500.5"))
    with ledger_of(messages) as ledger:
        return ledger.statement(date(2026, 10, 21), date(2026, 10, 25))


@pytest.mark.parametrize(("amount", "currency", "text"), ROUNDED)
def test_an_amount_is_rounded_to_the_last_digit_of_its_currency(
    amount: str, currency: str | None, text: str
) -> None:
    assert amount_text(Decimal(amount), currency) == text


def test_every_section_has_a_place_by_importance() -> None:
    assert sorted(BY_IMPORTANCE) == sorted(SECTIONS)


def test_the_first_pages_have_few_rows_and_the_annex_has_the_others() -> None:
    statement = busy()
    in_annex = annexed(statement.sections)
    assert [section.name for section in in_annex] == ["trades", "orders"]
    assert (
        sum(len(section.rows) for section in statement.sections if section not in in_annex)
        <= ROWS_OF_PAGES
    )
    text = FORMATS["html"](statement)
    first, annex = text.split('<section id="annex">')
    assert (
        first.count("<p>200 rows, in the annex.</p>") == 2
        and first.count("<tr>") < ROWS_OF_PAGES + 14
    )
    assert '<details id="annex-trades"><summary>Trades: 200 rows</summary>' in annex
    assert [len(table) - 1 for table in Page(annex).tables] == [FILLS, FILLS]
    first, annex = FORMATS["md"](statement).split("\n# Annex\n")
    assert (
        "\n## Trades\n\nActive fills that happened in the period.\n\n200 rows, in the annex.\n"
        in first
    )
    assert "\n## Trades: 200 rows\n" in annex and annex.count("F-") == FILLS


def test_figures_are_rounded_for_people_and_exact_for_programs() -> None:
    statement = busy()
    exact = statement["summary"].rows[0]["realized_pnl"]
    assert len(exact.as_tuple().digits) > 25
    assert json.loads(FORMATS["json"](statement))["summary"][0]["realized_pnl"] == str(exact)
    assert str(exact) in FORMATS["csv"](statement)
    assert not LONG.search(FORMATS["md"](statement))
    html = FORMATS["html"](statement)
    assert f'<td class="number" title="{exact}">{amount_text(exact, "USD")}</td>' in html
    assert not any(
        LONG.search(cell) for table in Page(html).tables for row in table for cell in row
    )


def test_the_annex_of_a_small_statement_has_only_the_equity_by_the_hour() -> None:
    assert [section.name for section in annexed(statement_of(SMALL).sections)] == ["equity"]
    assert annexed(statement_of([]).sections) == []


@pytest.mark.page
def test_busy_days_print_on_two_pages(tmp_path: Path) -> None:
    """The rows of the annex take no room until the reader opens them."""
    path = tmp_path / "busy.html"
    path.write_text(FORMATS["html"](busy()), encoding="utf-8")
    with launched(tmp_path) as browser:
        page = browser.new_page(viewport=SCREEN)
        page.goto(path.as_uri())
        height = page.evaluate("document.documentElement.scrollHeight")
        printed = page.pdf(prefer_css_page_size=True)
        page.evaluate("document.getElementById('annex-trades').open = true")
        opened = page.evaluate("document.documentElement.scrollHeight")
    assert height < 4 * SCREEN["height"] < opened
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
