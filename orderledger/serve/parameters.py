"""Query parameters: what each takes, checked before anything is asked, and described for
OpenAPI."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from orderledger.extend.messages import parse_number, parse_time
from orderledger.extend.views import LONGEST_PAGE, ORDERS_OF_PAGES, Kind
from orderledger.serve.problems import Problem, invalid

LONGEST_VALUE = 4_000
LOST_PLUS = re.compile(r" (?=\d\d:\d\d$)")
"""The sign of an offset such as +02:00, which a form decodes as a space."""
LARGEST = (1 << 63) - 1

TIME_SCHEMA = {
    "type": "string",
    "description": "RFC 3339 with an offset, or a count of s, ms, us or ns.",
}
SCHEMAS: Mapping[str, dict[str, Any]] = {
    "text": {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE},
    "number": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    "time": TIME_SCHEMA,
    "moment": {
        "type": "string",
        "description": "A log position, or a time: RFC 3339 with an offset.",
    },
    "flag": {"type": "boolean"},
    "count": {"type": "integer", "minimum": 0, "maximum": LARGEST},
    "names": {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE},
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter. `argument`: the name of the argument that it becomes. `words`: all values
    that it takes, if known."""

    name: str
    kind: str
    meaning: str
    words: tuple[str, ...] = ()
    argument: str = ""
    least: int = 0
    most: int = LARGEST
    is_needed: bool = False

    @property
    def becomes(self) -> str:
        return self.argument or self.name

    def parse(self, text: str) -> Any:
        """The value. Raises Problem naming the parameter and the fault."""
        if not text:
            raise invalid(self.name, "is empty")
        if len(text) > LONGEST_VALUE:
            raise invalid(self.name, f"is longer than {LONGEST_VALUE} characters")
        if "\0" in text:
            raise invalid(self.name, "has characters that cannot be printed")
        try:
            value = PARSERS[self.kind](text)
        except ValueError as fault:
            raise invalid(self.name, str(fault)) from None
        for word in value if self.kind == "names" else (value,):
            if self.words and word not in self.words:
                raise invalid(self.name, f"{str(word)[:100]!r} is none of {', '.join(self.words)}")
        if self.kind == "count" and not self.least <= value <= self.most:
            raise invalid(self.name, f"takes {self.least} to {self.most}")
        return value

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its text."""
        found = dict(SCHEMAS[self.kind])
        if self.kind == "text" and self.words:
            return {"type": "string", "enum": list(self.words)}
        if self.kind == "names" and self.words:
            words = "|".join(map(re.escape, self.words))
            found["pattern"] = f"^({words})(,({words}))*$"
        if self.kind == "count":
            found |= {"minimum": self.least, "maximum": self.most}
        return found


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("is neither true nor false")
    return text == "true"


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 19:
        raise ValueError("is not a whole number")
    return int(text)


def _time(text: str) -> datetime:
    return parse_time(
        int(text) if text.isascii() and text.isdecimal() else LOST_PLUS.sub("+", text)
    )


def _moment(text: str) -> datetime | int:
    if text.isascii() and text.isdecimal():
        return _count(text)
    try:
        return _time(text)
    except ValueError:
        raise ValueError("is neither a log position nor an RFC 3339 time with an offset") from None


def _number(text: str) -> Decimal:
    return parse_number(text)


PARSERS: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "number": _number,
    "time": _time,
    "moment": _moment,
    "flag": _flag,
    "count": _count,
    "names": lambda text: tuple(name.strip() for name in text.split(",")),
}

LIMIT = Parameter("limit", "count", "At most so many rows.", least=1, most=LONGEST_PAGE)
AFTER = Parameter("after", "text", "The cursor `after` of the page before.")
ORDER = Parameter(
    "order",
    "text",
    "asc as the command line, desc, or newest: the latest first, of orders the last updated.",
    ORDERS_OF_PAGES,
)
COUNT = Parameter(
    "count", "flag", "Also give `count`, the number of all rows that match.", argument="with_count"
)
AS_OF = Parameter(
    "as_of",
    "moment",
    "What was known then: at a time of recording, or after the event at a log position.",
)
EFFECTIVE_AT = Parameter("effective_at", "time", "What had happened by then, by the venue's time.")
SINCE = Parameter("since", "time", "Rows whose time is this or later.")
UNTIL = Parameter("until", "time", "Rows whose time is before this.")
TIMES = (AS_OF, EFFECTIVE_AT)
PERIOD = (SINCE, UNTIL)


def columns_parameter(names: Iterable[str]) -> Parameter:
    return Parameter("columns", "names", "Only these columns, separated by commas.", tuple(names))


def filter_of(name: str, kind: Kind, meaning: str, words: tuple[str, ...]) -> Parameter:
    """The filter of a column."""
    return Parameter(name, kind, f"Only rows with this value: {meaning}", words)


def parse_query(query: bytes, known: Mapping[str, Parameter], most: int) -> dict[str, Any]:
    """The arguments that a query string gives. Raises Problem for an unknown, repeated, empty or
    wrong parameter."""
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(query),
            errors="strict",
        )
    except UnicodeDecodeError:
        raise Problem(
            "invalid_request", "the query string is not UTF-8 in percent-encoding"
        ) from None
    except ValueError:
        raise Problem("invalid_request", "the query string is not name=value pairs") from None
    if len(pairs) > most:
        raise Problem("invalid_request", f"the query string has more than {most} parameters")
    asked: dict[str, Any] = {}
    for name, text in pairs:
        parameter = known.get(name)
        if parameter is None:
            raise invalid(name[:100], f"is no parameter here: {', '.join(known)}")
        if parameter.becomes in asked:
            raise invalid(name, "is given twice")
        asked[parameter.becomes] = parameter.parse(text)
    for parameter in known.values():
        if parameter.is_needed and parameter.becomes not in asked:
            raise invalid(parameter.name, "is missing")
    return asked
