"""The files of a statement: the bytes of a small one, what HTML and Markdown show, and hostile text
in them."""

import csv
import io
import json
import os
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from orderledger.domain.exact import plain
from orderledger.serve.statement.formats import FORMATS
from orderledger.serve.statement.layout import annexed
from orderledger.serve.statement.sections import SECTIONS, Section
from orderledger.serve.statement.statement import Statement
from orderledger.serve.statement.text import cells
from tests.serve.statement.books import DAY, SMALL, fill, ledger_of, request, told

GOLDEN = Path(__file__).with_name("golden")
SAFE_TAGS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "dl", "dt", "dd", "p",
    "section", "div", "table", "thead",
    "tbody", "tr", "th", "td", "svg", "path", "text", "details", "summary",
}  # fmt: skip
SAFE_ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "id", "class", "scope", "viewbox", "role",
    "aria-label", "d", "x", "y",
}  # fmt: skip
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=http://evil.example/x onerror=alert(1)>',
    "</td></table><iframe src=//evil.example>",
    "' onmouseover='alert(1)",
    "&lt;b&gt; &amp; &#60;",
    "[a](http://evil.example) ![b](http://evil.example/i) <http://evil.example> www.evil.example",
    "|`x`|**y**|~~z~~|$t$|\\|",
    "=HYPERLINK(\"http://evil.example\")",
    "--> ]]> <!-- <![CDATA[",
    "{{7*7}} ${7*7} %s",
)  # fmt: skip


class Page(HTMLParser):
    """The tables of a page by the id of their section, and every tag and attribute in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.tables: list[list[list[str]]] = []
        self._cell: list[str] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1][-1].append("".join(self._cell))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


def statement_of(
    messages: list[dict[str, Any]], since: Any = None, until: Any = None, **asked: Any
) -> Statement:
    day = date.fromisoformat(DAY)
    with ledger_of(messages) as ledger:
        return ledger.statement(since or day, until or day, **asked)


def hostile() -> Statement:
    """Every text that others may choose is hostile."""
    messages: list[dict[str, Any]] = []
    for number, text in enumerate(HOSTILE):
        about = {"account": text, "instrument": text}
        at = f"09:00:{number:02d}"
        messages += [
            told("instrument", at, **about, currency=text),
            told("mark", at, **about, price="5"),
            request(text, at, **about, strategy=text),
            fill(text, text, at, "0.5", "4", account=text, fee="1", fee_currency=text),
            told("funding", at, **about, amount="1", currency=text, reason=text),
            told("unresolved", at, account=text, client_order_id=text, reason=text),
            told("certify", at, account=text, covered_from=f"{DAY}T00:00:00Z",
            covered_to=f"{DAY}T01:00:00Z", orders=1, fills=1,
                 positions=1, open_breaks=[{"id": text, "since": f"{DAY}T00:00:00Z"}]),
        ]  # fmt: skip
    return statement_of(messages)


def in_order(statement: Statement) -> list[Section]:
    """The sections with rows, in the order of their tables: those of the first pages, then those of
    the annex."""
    in_annex = annexed(statement.sections)
    return [
        section for section in statement.sections if section.rows and section not in in_annex
    ] + in_annex


@pytest.mark.parametrize("form", FORMATS)
def test_a_small_statement_has_the_bytes_of_the_golden_file(form: str) -> None:
    written = FORMATS[form](statement_of(SMALL, timezone="Europe/Berlin"))
    path = GOLDEN / f"small.{form}"
    if os.environ.get("ORDERLEDGER_WRITE_GOLDEN"):
        path.write_text(written, encoding="utf-8")
    assert written == path.read_text(encoding="utf-8")


def test_html_shows_every_row_as_it_is_and_nothing_runs_or_is_loaded() -> None:
    statement = hostile()
    text = FORMATS["html"](statement)
    page = Page(text)
    assert page.tags == SAFE_TAGS
    assert page.attributes <= SAFE_ATTRIBUTES
    assert "url(" not in text and "@import" not in text
    shown = in_order(statement)
    assert len(page.tables) == len(shown) > 10
    for section, (head, *rows) in zip(shown, page.tables, strict=True):
        assert len(head) == len(section.columns)
        assert rows == [cells(section, row, statement.period.zone) for row in section.rows], (
            section.name
        )
    assert [row["client_order_id"] for row in statement["trades"].rows] == list(HOSTILE)


def test_markdown_shows_every_row_as_it_is() -> None:
    statement = hostile()
    html = (
        MarkdownIt("commonmark", {"html": True})
        .enable(["table", "strikethrough"])
        .render(FORMATS["md"](statement))
    )
    page = Page(html)
    assert page.tags == {"h1", "h2", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}
    shown = in_order(statement)
    assert len(page.tables) == len(shown)
    for section, (_, *rows) in zip(shown, page.tables, strict=True):
        assert rows == [
            [cell.strip() for cell in cells(section, row, statement.period.zone)]
            for row in section.rows
        ]
    assert not re.search(r"(?<!\\)\bwww\.|https?:/", FORMATS["md"](statement))


def test_csv_and_json_have_every_field_and_digit_and_csv_no_formula() -> None:
    statement = hostile()
    document = json.loads(FORMATS["json"](statement))
    assert (
        list(document)
        == ["statement", *SECTIONS]
        == ["statement", *(section.name for section in statement.sections)]
    )
    lines = list(csv.DictReader(io.StringIO(FORMATS["csv"](statement))))
    for section in statement.sections:
        assert len(document[section.name]) == len(section.rows)
        for number, (row, written) in enumerate(
            zip(section.rows, document[section.name], strict=True), 1
        ):
            assert list(written) == list(row)
            values = {
                line["column"]: line["value"]
                for line in lines
                if (line["section"], line["row"]) == (section.name, str(number))
            }
            assert list(values) == list(row)
            for name, value in row.items():
                if isinstance(value, Decimal):
                    assert Decimal(written[name]) == Decimal(values[name]) == value
                elif isinstance(value, datetime):
                    assert (
                        datetime.fromisoformat(written[name])
                        == datetime.fromisoformat(values[name])
                        == value
                    )
                elif isinstance(value, str):
                    assert (
                        written[name]
                        == value
                        == values[name].removeprefix("'" if value[:1] in tuple("=+-@") else "")
                    )
    for line in lines:
        assert line["value"][:1] not in ("=", "+", "@") and not line["value"].startswith("-->")


def test_an_empty_day_has_every_section_and_no_figure() -> None:
    for messages in ([], SMALL):
        statement = statement_of(messages, date(2020, 1, 1), date(2020, 1, 1))
        assert not any(section.rows for section in statement.sections)
        assert (
            FORMATS["html"](statement).count("None.")
            == FORMATS["md"](statement).count("None.")
            == len(SECTIONS)
        )
        assert all(
            rows == []
            for name, rows in json.loads(FORMATS["json"](statement)).items()
            if name != "statement"
        )


def test_days_begin_in_their_time_zone_also_when_clocks_change() -> None:
    seen = []
    for day, zone in (
        (DAY, "Europe/Berlin"),
        ("2026-03-29", "Europe/Berlin"),
        (DAY, "UTC"),
        ("2026-09-06", "America/Santiago"),
    ):
        period = statement_of(
            [], date.fromisoformat(day), date.fromisoformat(day), timezone=zone
        ).period
        seen.append(((period.until - period.since) / timedelta(hours=1), len(list(period.ends()))))
    assert seen == [
        (25, 25),
        (23, 23),
        (24, 24),
        (23, 23),
    ]  # at midnight in Santiago it is one o'clock
    edges = [fill("C", f"F-{at}", f"2026-10-{at}Z", "1", "1", instrument="A", side="buy")
             for at in ("24T21:59:59.999999", "24T22:00:00", "25T22:59:59.999999",
                 "25T23:00:00")]  # fmt: skip
    statement = statement_of(edges, timezone="Europe/Berlin")
    assert [row["fill_id"].removeprefix("F-") for row in statement["trades"].rows] == [
        "24T22:00:00",
        "25T22:59:59.999999",
    ]
    assert [
        statement[name].rows[0]["position_quantity"]
        for name in ("positions_start", "positions_end")
    ] == [1, 3]


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Apia", "America/New_York"])
def test_a_period_may_be_as_long_as_the_calendar_or_as_short_as_an_instant(
    form: str, zone: str
) -> None:
    begin = datetime.fromisoformat(f"{DAY}T09:00:00Z")
    for since, until, ends in (
        (date(1, 1, 3), date(9999, 12, 29), 9999),
        (date(2020, 1, 1), date(2026, 12, 31), 84),
        (date(2026, 10, 1), date(2026, 10, 31), 31),
        (begin, begin + timedelta(microseconds=1), 1),
    ):
        statement = statement_of(SMALL, since, until, timezone=zone)
        assert len([row for row in statement["equity"].rows if row["currency"] == "USD"]) == ends
        assert len(FORMATS[form](statement)) > 1000


def test_an_unknown_currency_and_an_unresolved_order_are_said_and_never_guessed() -> None:
    statement = statement_of(SMALL, timezone="Europe/Berlin")
    known, unknown = statement["summary"].rows
    assert known["currency"] == "USD" and unknown["currency"] is None
    assert (unknown["realized_pnl"], unknown["net_pnl"], unknown["equity_end"]) == (0, None, None)
    assert [row["anomalies"] for row in statement["results"].rows] == [
        [],
        ["currency_unknown", "mark_unknown"],
    ]
    assert [row["client_order_id"] for row in statement["unresolved_orders"].rows] == ["C-2"]
    assert [row["id"] for row in statement["breaks"].rows] == ["missing_order C-2"]


def test_figures_worked_out_by_hand() -> None:
    """Long 1 at 64000, 0.3 sold at 65000.10 for 0.001 BNB at 600, funding of -1.25, marks of 64500,
    63000 and 66000.

    The peak is 643.03, when the fee was first convertible; the lowest value is -408.22.
    """
    row = statement_of(SMALL, timezone="Europe/Berlin")["summary"].rows[0]
    found = {name: plain(value) for name, value in row.items() if isinstance(value, Decimal)}
    assert found == {
        "realized_pnl": "300.03",
        "net_pnl": "298.18",
        "unrealized_pnl_start": "500",
        "unrealized_pnl_end": "1400",
        "equity_start": "493.6",
        "equity_end": "1691.78",
        "equity_change": "1198.18",
        "drawdown": "1051.25",
    }
