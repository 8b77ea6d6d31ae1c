"""Ready-made analyses: one SQL file each in `questions`, which begins with a sentence and the
meaning of its columns."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from orderledger import InvalidQuery
from orderledger.analytics.sql import MEMORY_LIMIT, Source, answer
from orderledger.analytics.table import LedgerTable
from orderledger.extend.views import METHODS, arguments

PERIODS = {
    "hour": ("hour", "%Y-%m-%d %H:00"),
    "day": ("day", "%Y-%m-%d"),
    "week": ("week", "%G-W%V"),
    "month": ("month", "%Y-%m"),
}
"""Groups that are periods: the unit to which their start is truncated, and how it is shown."""

TOO_LONG = (
    "It holds 26 digits before the point and 12 after it: choose another account, or ask in SQL"
)

MARK = re.compile(r"/\*(by|keys|strategy|method)\*/ .*? /\*end\*/", re.DOTALL)
"""A part of the SQL that depends on the groups. The file contains it for the default groups, so
that it can be run unchanged.
"""

OF_METHOD = "/*method*/"
"""An analysis with this part reads rows of the asked method only."""

HEADER = re.compile(r"-- (?:(\w+): )?(.*)")


@dataclass(frozen=True, slots=True)
class Question:
    """An analysis. `by`: the groups that it supports; `default`: the groups if none is given;
    `needs`: groups that cannot be left out. `columns`: the meaning of each column besides the
    groups.
    """

    name: str
    sentence: str
    by: tuple[str, ...]
    default: tuple[str, ...]
    needs: tuple[str, ...]
    columns: Mapping[str, str]
    text: str

    def sql(self, by: tuple[str, ...], method: str = "average") -> str:
        """The query for these groups."""
        parts = {
            "by": ", ".join(map(_expression, by)),
            "keys": ", ".join(by),
            "method": f"'{method}'",
            **dict(zip(by, by, strict=True)),
        }
        shown = MARK.sub(
            lambda found: _marked(found[1], parts[found[1]]) if found[1] in parts else found[0],
            self.text,
        )
        return shown.replace("realized_pnl_average", f"realized_pnl_{method}")


def _marked(mark: str, text: str) -> str:
    return f"/*{mark}*/ {text} /*end*/"


def _expression(group: str) -> str:
    if group not in PERIODS:
        return group
    unit, shown = PERIODS[group]
    return f"strftime(date_trunc('{unit}', \"at\"), '{shown}') AS {group}"


@cache
def questions() -> dict[str, Question]:
    """All analyses by name."""
    folder = files("orderledger.analytics") / "questions"
    texts = {
        one.name.removesuffix(".sql"): one.read_text("utf-8")
        for one in folder.iterdir()
        if one.name.endswith(".sql")
    }
    return {name: _parsed(name, texts[name]) for name in sorted(texts)}


def _parsed(name: str, text: str) -> Question:
    header = text[: text.index("\nWITH ")].split("\n")
    sentences: list[str] = []
    meanings: dict[str, str] = {}
    for line in header:
        found = HEADER.fullmatch(line)
        assert found is not None, f"{name}: {line!r} is not a line of a header"
        if found[1] is None or (not meanings and found[1] != "by"):
            sentences.append(line.removeprefix("-- "))
        else:
            meanings[found[1]] = found[2]
    by, default, needs = (
        arguments.groups_of(meanings.pop(one, "")) for one in ("by", "default", "needs")
    )
    return Question(name, " ".join(sentences), by, default, needs, meanings, text)


def analyse(
    source: Source,
    name: str,
    by: Iterable[str] | str | None = None,
    *,
    method: str = "average",
    timezone: str = "UTC",
    memory_limit: str = MEMORY_LIMIT,
    where: Mapping[str, Any] | None = None,
) -> LedgerTable:
    """The result of an analysis. Raises ValueError for an unknown name, group or method."""
    question = asked_for(name)
    groups = question.default if by is None else arguments.groups_of(by)  # type: ignore[arg-type]
    if unknown := [group for group in groups if group not in question.by]:
        raise ValueError(f"{unknown[0]!r} is not a group of {name}: {', '.join(question.by)}")
    if missing := [group for group in question.needs if group not in groups]:
        raise ValueError(
            f"{name} needs the group {missing[0]}: by "
            f"{', '.join(dict.fromkeys((*question.needs, *groups)))}"
        )
    if not groups:
        raise ValueError(f"{name} needs a group: any of {', '.join(question.by)}")
    if method not in METHODS:
        raise ValueError(f"{method!r} is not a method: {', '.join(METHODS)}")
    query = question.sql(tuple(dict.fromkeys(groups)), method)
    asked = {**(where or {}), **({"method": method} if OF_METHOD in question.text else {})}
    settings = {"timezone": timezone, "memory_limit": memory_limit, "where": asked}
    try:
        found = answer(source, query, of_each=groups, **settings)  # type: ignore[arg-type]
    except InvalidQuery as error:
        if str(error).startswith(("Conversion Error", "Out of Range Error")):
            raise InvalidQuery(
                f"{name}: a number has more digits than an analysis can hold ({error}). {TOO_LONG}"
            ) from None
        raise
    return LedgerTable(name, found.to_arrow())


def asked_for(name: str) -> Question:
    """The analysis of this name. Raises ValueError if there is none."""
    found = questions().get(name)
    if found is None:
        raise ValueError(f"{name!r:.100} is not an analysis: {', '.join(questions())}")
    return found
