"""A statement as Markdown."""

import re
from collections.abc import Iterator

from orderledger.infrastructure.statement.sections import Section
from orderledger.infrastructure.statement.statement import Statement
from orderledger.infrastructure.statement.text import NOTES, cells, described, heading, kind_of

MARKUP = re.compile(r"[\\`*\[\]<>|~&@$#]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.", re.IGNORECASE)
"""What Markdown, or a reader of Markdown that looks for links, names and formulas, takes for markup."""


def as_markdown(statement: Statement) -> str:
    """A page of tables, one for each section."""
    return "\n".join(_lines(statement)) + "\n"


def escaped(text: str) -> str:
    """Text of others, so that it is shown as it is."""
    return MARKUP.sub(r"\\\g<0>", text)


def _lines(statement: Statement) -> Iterator[str]:
    yield "# Statement"
    yield ""
    yield from (f"- {name}: {escaped(value)}" for name, value in described(statement))
    yield ""
    for note in NOTES:
        yield note
        yield ""
    for section in statement.sections:
        yield from _section(statement, section)


def _section(statement: Statement, section: Section) -> Iterator[str]:
    yield f"## {section.title}"
    yield ""
    yield section.what
    yield ""
    if not section.rows:
        yield "None."
        yield ""
        return
    yield f"| {' | '.join(heading(name) for name in section.columns)} |"
    yield f"|{'|'.join('---:' if kind_of(section, name) == 'number' else '---' for name in section.columns)}|"
    for row in section.rows:
        yield f"| {' | '.join(map(escaped, cells(section, row, statement.period.zone)))} |"
    yield ""
