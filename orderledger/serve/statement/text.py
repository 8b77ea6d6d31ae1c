"""The values of a statement as text for people: rounded amounts, times in the zone of the
statement."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Literal

from orderledger.extend.runtime import printable
from orderledger.extend.values import plain
from orderledger.serve.statement.rounding import PAID, shown
from orderledger.serve.statement.sections import Section
from orderledger.serve.statement.statement import Statement

UNKNOWN = "unknown"
AMOUNTS = frozenset({"summary", "equity", "results"})
"""Sections in which a missing number is an unknown amount. In rows of a view it is a missing
value.
"""


def text(value: Any, zone: tzinfo) -> str:
    """One value. Without a value it is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return time_in(value, zone)
    if isinstance(value, Mapping):
        return "; ".join(
            f"{text(name, zone)} {text(item, zone)}".strip() for name, item in value.items()
        )
    if isinstance(value, (list, tuple)):
        return ", ".join(text(item, zone) for item in value)
    return printable(str(value))


def time_in(moment: datetime, zone: tzinfo) -> str:
    """A time in a zone, with its offset, and with a fraction if it has one."""
    local = moment.astimezone(zone)
    return local.isoformat(sep=" ", timespec="microseconds" if moment.microsecond else "seconds")


def cells(section: Section, row: Mapping[str, Any], zone: tzinfo) -> list[str]:
    """The values of the columns shown to people."""
    return [_cell(section, shown(row, name), zone) for name in section.columns]


def exact_cells(section: Section, row: Mapping[str, Any], zone: tzinfo) -> list[str]:
    """The same with every digit."""
    return [_cell(section, row[name], zone) for name in section.columns]


def _cell(section: Section, value: Any, zone: tzinfo) -> str:
    return UNKNOWN if section.name in AMOUNTS and value is None else text(value, zone)


def heading(column: str) -> str:
    """The name of a column for people."""
    words = column.removesuffix("_at").replace("_", " ")
    return (words[0].upper() + words[1:]).replace("pnl", "P&L")


def kind_of(section: Section, column: str) -> Literal["number", "amounts", "time", "text"]:
    """The kind of the values in a column. `amounts`: an amount for each currency."""
    if column in PAID and section.name == "results":
        return "amounts"
    value = next((row[column] for row in section.rows if row[column] is not None), None)
    is_number = isinstance(value, (Decimal, int)) and not isinstance(value, bool)
    return "number" if is_number else "time" if isinstance(value, datetime) else "text"


def described(statement: Statement) -> list[tuple[str, str]]:
    """The statement's subject: names and values."""
    zone = statement.period.zone
    return [
        ("From", time_in(statement.period.since, zone)),
        ("To", time_in(statement.period.until, zone)),
        ("Time zone", zone.key),
        ("Account", "all accounts" if statement.account is None else printable(statement.account)),
        ("Closing method", statement.method),
        ("Log position", str(statement.position)),
    ]


NOTES = (
    "Equity is net and unrealized P&L since the ledger began: it contains no deposits.",
    (
        "Net P&L is realized P&L minus fees plus funding. Amounts in other currencies are "
        "converted at the marks of the time."
    ),
    (
        "An amount is unknown if no definition gives the settlement currency, or a mark is "
        "missing. It is never guessed."
    ),
    (
        "Amounts are rounded to the last digit of their currency, or to eight places. JSON and CSV "
        "have every digit."
    ),
)
