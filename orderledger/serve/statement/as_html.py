"""A statement as one HTML file: no script, no request, dark and light, and readable on paper."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from html import escape

from orderledger.serve.statement.chart import chart
from orderledger.serve.statement.layout import annexed, counted
from orderledger.serve.statement.sections import Section
from orderledger.serve.statement.statement import Statement
from orderledger.serve.statement.text import (
    NOTES,
    UNKNOWN,
    cells,
    described,
    exact_cells,
    heading,
    kind_of,
)

STYLE = """
:root{color-scheme:light dark;--text:#1a1a1a;--page:#fff;--soft:#5f6368;--rule:#d5d8dc;--line:#1a5fb4;
--fall:#c01c28;--bad:#a51d2d}
@media (prefers-color-scheme:dark){:root{--text:#e8e8e8;--page:#15171a;--soft:#a0a6ad;--rule:#3a3f45;
--line:#78aeed;--fall:#f66151;--bad:#ff938a}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem;max-width:80rem;font:15px/1.45 system-ui,sans-serif;color:var(--text);background:var(--page)}
h1{font-size:1.6rem;margin:0 0 .5rem}h2{font-size:1.15rem;margin:2rem 0 .25rem}h3{font-size:1rem;margin:1rem 0 .25rem}
p{margin:.25rem 0 .5rem;color:var(--soft)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:0 0 1rem}dt{color:var(--soft)}dd{margin:0}
.short{display:flex;flex-wrap:wrap;gap:0 .75rem;align-items:baseline}.short h2{margin:.75rem 0 .25rem}.short p{margin:0}
.short h3,.short svg{flex-basis:100%}
summary{padding:.25rem 0;cursor:pointer}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;min-width:50%}
th,td{padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--rule);text-align:left;vertical-align:top;
overflow-wrap:anywhere}
th{color:var(--soft);font-weight:600;overflow-wrap:normal}.number,.time,.amounts{overflow-wrap:normal}
td.number,td.time{white-space:nowrap}.number{text-align:right}
.unknown{color:var(--bad)}
svg{width:100%;height:auto}svg text{font-size:10px;fill:var(--soft)}
.line{fill:none;stroke:var(--line);stroke-width:1.5;vector-effect:non-scaling-stroke}
.fall{fill:var(--fall);fill-opacity:.35}.zero,.frame{fill:none;stroke:var(--rule);vector-effect:non-scaling-stroke}
@page{size:A4 landscape;margin:12mm}
@media print{:root{--text:#000;--page:#fff;--soft:#444;--rule:#bbb;--line:#1a5fb4;--fall:#c01c28;--bad:#a51d2d}
body{padding:0;max-width:none;font-size:8pt;line-height:1.3}.wide{overflow:visible}
table{width:100%;font-size:7pt}summary{padding:0}
td.time{white-space:normal}
h1{font-size:13pt;margin:0}h2{font-size:10pt;margin:.6rem 0 0}h3{font-size:8pt;margin:0}.short h2{margin:0}
p,dl{margin:0 0 .2rem}body>p{display:inline}td.amounts{white-space:nowrap}
th,td{padding:.1rem .4rem .1rem 0}dl{grid-template-columns:repeat(3,max-content 1fr)}svg{max-height:32mm}
h2,h3{break-after:avoid}tr,svg{break-inside:avoid}thead{display:table-header-group}details[open]{break-before:page}}
""".strip()  # noqa: E501 (a style sheet)
POLICY = (
    "default-src 'none'; style-src "
    f"'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
"""A browser that obeys it loads nothing and runs nothing, whatever the ids in the statement
contain.
"""


def as_html(statement: Statement) -> str:
    """Tables, one for each section, and a chart of equity for each currency. The longer sections
    are in an annex."""
    return "\n".join(_lines(statement)) + "\n"


def _lines(statement: Statement) -> Iterator[str]:
    title = f"Statement {described(statement)[0][1]}"
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
    yield (
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta '
        'name="referrer" content="no-referrer">'
    )
    yield (
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        "<body>\n<h1>Statement</h1>\n<dl>"
    )
    yield from (
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in described(statement)
    )
    yield "</dl>"
    yield from (f"<p>{escape(note)}</p>" for note in NOTES)
    in_annex = annexed(statement.sections)
    for section in statement.sections:
        is_short = section in in_annex or not section.rows
        yield f'<section id="{section.name}"{_class("short" if is_short else "text")}>'
        yield f"<h2>{escape(section.title)}</h2>\n<p>{escape(section.what)}</p>"
        if section in in_annex:
            yield f"<p>{counted(section)}, in the annex.</p>"
        if section.name == "equity":
            yield from _charts(statement)
        if section not in in_annex:
            yield from _table(statement, section)
        yield "</section>"
    yield from _annex(statement, in_annex)
    yield "</body>\n</html>"


def _annex(statement: Statement, sections: Sequence[Section]) -> Iterator[str]:
    """The longer sections, closed: a browser lays out and prints only those that the reader
    opens.
    """
    if not sections:
        return
    yield '<section id="annex">\n<h2>Annex</h2>\n<p>Open a section to read or print its rows.</p>'
    for section in sections:
        yield (
            f'<details id="annex-{section.name}"><summary>{escape(section.title)}: '
            f"{counted(section)}</summary>"
        )
        yield from _table(statement, section)
        yield "</details>"
    yield "</section>"


def _charts(statement: Statement) -> Iterator[str]:
    for curve in statement.curves:
        drawn = chart(curve, statement.period)
        if drawn:
            yield f"<h3>{escape(curve.currency)}</h3>\n{drawn}"


def _table(statement: Statement, section: Section) -> Iterator[str]:
    if not section.rows:
        yield "<p>None.</p>"
        return
    kinds = [kind_of(section, name) for name in section.columns]
    yield '<div class="wide"><table><thead><tr>'
    yield "".join(
        f'<th scope="col"{_class(kind)}>{escape(heading(name))}</th>'
        for name, kind in zip(section.columns, kinds, strict=True)
    )
    yield "</tr></thead><tbody>"
    for row in section.rows:
        zone = statement.period.zone
        shown, exact = cells(section, row, zone), exact_cells(section, row, zone)
        yield f"<tr>{''.join(map(_cell, shown, exact, kinds))}</tr>"
    yield "</tbody></table></div>"


def _cell(value: str, exact: str, kind: str) -> str:
    """A cell. Pointing at a rounded figure shows all its digits."""
    is_unknown = value == UNKNOWN and kind != "text"
    title = "" if value == exact else f' title="{escape(exact)}"'
    return f"<td{_class(f'{kind} unknown' if is_unknown else kind)}{title}>{escape(value)}</td>"


def _class(names: str) -> str:
    return "" if names == "text" else f' class="{names}"'
