"""A statement as Markdown."""

import re
from collections.abc import Iterator

from orderledger.serve.statement.layout import annexed, counted
from orderledger.serve.statement.sections import Section
from orderledger.serve.statement.statement import Statement
from orderledger.serve.statement.text import NOTES, cells, described, heading, kind_of

MARKUP = re.compile(r"[\\`*\[\]<>|~&@$#]|(?<!\w)_|_(?!\w)|:(?=//)|(?<=www)\.", re.IGNORECASE)
"""Characters that Markdown, or a reader that looks for links, names and formulas, treats as
markup.
"""


def as_markdown(statement: Statement) -> str:
    """Tables, one for each section. The longer sections are in the annex."""
    return "\n".join(_lines(statement)) + "\n"


def escaped(text: str) -> str:
    """External text, escaped so that it is shown unchanged."""
    return MARKUP.sub(r"\\\g<0>", text)


def _lines(statement: Statement) -> Iterator[str]:
    yield "# Statement"
    yield ""
    yield from (f"- {name}: {escaped(value)}" for name, value in described(statement))
    yield ""
    for note in NOTES:
        yield note
        yield ""
    in_annex = annexed(statement.sections)
    for section in statement.sections:
        yield from (f"## {section.title}", "", section.what, "")
        if section in in_annex:
            yield from (f"{counted(section)}, in the annex.", "")
        else:
            yield from _table(statement, section)
    if in_annex:
        yield from ("# Annex", "")
    for section in in_annex:
        yield from (f"## {section.title}: {counted(section)}", "")
        yield from _table(statement, section)


def _table(statement: Statement, section: Section) -> Iterator[str]:
    if not section.rows:
        yield "None."
        yield ""
        return
    yield f"| {' | '.join(heading(name) for name in section.columns)} |"
    is_number = (kind_of(section, name) == "number" for name in section.columns)
    yield f"|{'|'.join('---:' if is_right else '---' for is_right in is_number)}|"
    for row in section.rows:
        yield f"| {' | '.join(map(escaped, cells(section, row, statement.period.zone)))} |"
    yield ""
