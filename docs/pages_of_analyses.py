"""analyses.md, from the headers of the SQL files."""

# ruff: noqa: E501  (lines of a page)

from markdown import code, table

from orderledger.analytics.questions import HEADER, Question, questions
from orderledger.analytics.relations import RELATIONS, columns_shown

INTRODUCTION = """# Analyses

`orderledger analyse NAME` and `Ledger.tables.analyse(NAME)` answer these questions: see [the guide](../how-to/analyse-a-ledger.md). Each is one plain
SQL file in `orderledger/analytics/questions`, in DuckDB's dialect, over the tables of [sql](#tables). The groups that you
name with `by` are the first columns of the result. `hour`, `day`, `week` and `month` are those of `--timezone` (UTC by default).

A realized amount is an exact decimal, rounded to 12 places. What is valued at marks is a floating-point number; its column says so. A column
without data is null.
"""

TABLES = """## Tables

The tables of `Ledger.tables.read`, `orderledger sql` and the analyses. They have the columns of the [views](views.md). Numbers are
decimal128(38, s) with the smallest scale s that fits the column, else text: the metadata of the field says which. Times are timestamp[us, UTC],
JSON is text. `trades` has all fills: `state = 'active'` chooses those that stand. `trades` and `pnl_of_fills` also have
`notional`: quantity times price, before the multiplier of the instrument.
"""


def analyses() -> str:
    return "\n".join([INTRODUCTION, *map(_question, questions().values()), TABLES, _tables()])


def _question(question: Question) -> str:
    known = ", ".join(f"`{name}`" for name in question.by)
    default = ", ".join(f"`{name}`" for name in question.default)
    needed = (
        f" It needs {' and '.join(f'`{name}`' for name in question.needs)}."
        if question.needs
        else ""
    )
    rows = [(f"`{name}`", meaning) for name, meaning in question.columns.items()]
    body = "\n".join(
        line for line in question.text.rstrip().split("\n") if not HEADER.fullmatch(line)
    )
    return "\n".join(
        [
            f"## {question.name}\n",
            f"{question.sentence}\n",
            f"Groups: {known}. Without `by`: {default}.{needed}\n",
            table(("column", "meaning"), rows),
            "<details><summary>SQL</summary>\n",
            code("sql", body),
            "</details>\n",
        ]
    )


def _tables() -> str:
    rows = [
        (f"`{name}`", one.meaning, ", ".join(f"`{c.name}`" for c in columns_shown(one)))
        for name, one in RELATIONS.items()
    ]
    return table(("table", "holds", "columns"), rows)
