"""The two parts of a statement for people: about two pages of figures, and an annex with the rows
of the longer sections."""

from collections.abc import Sequence

from orderledger.serve.statement.sections import Section

ROWS_OF_PAGES = 24
"""Rows on the first pages, over all sections. With the headings and a chart they take two pages
of A4 landscape.
"""

BY_IMPORTANCE = (
    "summary", "paid", "balances", "results", "positions_end", "breaks", "unresolved_orders",
    "positions_start", "anomalies", "open_orders",
    "account_events", "certificates", "equity", "trades", "orders",
)  # fmt: skip
"""The order in which sections get a place on the first pages."""


def annexed(sections: Sequence[Section]) -> list[Section]:
    """The sections whose rows are in the annex, because the first pages have no room for them. In
    the order of the statement."""
    left, beyond = ROWS_OF_PAGES, set()
    for section in sorted(sections, key=lambda section: BY_IMPORTANCE.index(section.name)):
        if len(section.rows) > left:
            beyond.add(section.name)
        else:
            left -= len(section.rows)
    return [section for section in sections if section.name in beyond]


def counted(section: Section) -> str:
    """How many rows a section has."""
    return f"{len(section.rows):,} {'row' if len(section.rows) == 1 else 'rows'}"
