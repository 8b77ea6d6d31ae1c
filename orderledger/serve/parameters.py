"""Query parameters: their types, checked before any query, and described for OpenAPI."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from orderledger.extend.messages import numbers_and_times
from orderledger.extend.runtime import zone_named
from orderledger.extend.views import paging, parameters, questions
from orderledger.serve.problems import Problem, invalid

LONGEST_VALUE = 4_000
LARGEST = parameters.Between().most
LOST_PLUS = re.compile(r" (?=\d\d:\d\d$)")
"""The sign of an offset such as +02:00, which a form decodes as a space."""

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
    "texts": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_VALUE,
        "description": "Several are separated by commas.",
    },
    "zone": {"type": "string", "minLength": 1, "maxLength": 100},
    "seconds": {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})?$"},
}


def parsed(parameter: questions.Parameter, text: str) -> Any:
    """The value of a parameter. Raises Problem naming the parameter and the fault."""
    name = parameter.name
    if not text:
        raise invalid(name, "is empty")
    if len(text) > LONGEST_VALUE:
        raise invalid(name, f"is longer than {LONGEST_VALUE} characters")
    if "\0" in text:
        raise invalid(name, "has characters that cannot be printed")
    try:
        value = PARSERS[parameter.kind](text)
    except ValueError as fault:
        raise invalid(name, str(fault)) from None
    words = parameter.words
    for word in value if parameter.kind == "names" else (value,):
        if words and word not in words:
            raise invalid(name, f"{str(word)[:100]!r} is not one of {', '.join(words)}")
    if parameter.kind == "count" and not parameter.least <= value <= parameter.most:
        raise invalid(name, f"takes {parameter.least} to {parameter.most}")
    return value


def schema_of(parameter: questions.Parameter) -> dict[str, Any]:
    """The JSON Schema of the parameter's text."""
    words = parameter.words
    if parameter.kind == "text" and words:
        return {"type": "string", "enum": list(words)}
    found = dict(SCHEMAS[parameter.kind])
    if parameter.kind == "names" and words:
        either = "|".join(map(re.escape, words))
        found["pattern"] = f"^({either})(,({either}))*$"
    if parameter.kind == "count":
        found |= {"minimum": parameter.least, "maximum": parameter.most}
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
    return numbers_and_times.parse_time(
        int(text) if text.isascii() and text.isdecimal() else LOST_PLUS.sub("+", text)
    )


def _moment(text: str) -> datetime | int:
    if text.isascii() and text.isdecimal():
        return _count(text)
    try:
        return _time(text)
    except ValueError:
        raise ValueError("is neither a log position nor an RFC 3339 time with an offset") from None


def _seconds(text: str) -> timedelta:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        raise ValueError("is not a number of seconds")
    return timedelta(seconds=float(text))


def _number(text: str) -> Decimal:
    return numbers_and_times.parse_number(text)


PARSERS: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "number": _number,
    "time": _time,
    "moment": _moment,
    "flag": _flag,
    "count": _count,
    "names": lambda text: tuple(name.strip() for name in text.split(",")),
    "texts": lambda text: tuple(name.strip() for name in text.split(",")),
    "zone": zone_named,
    "seconds": _seconds,
}

LIMIT = questions.Parameter(
    "limit", "count", "The most rows to return.", least=1, most=paging.LONGEST_PAGE
)
AFTER = questions.Parameter("after", "text", "The cursor `after` of the page before.")
ORDER = questions.Parameter(
    "order",
    "text",
    "asc as the command line, desc, or newest: the latest first, of orders the last updated.",
    paging.ORDERS_OF_PAGES,
)
COUNT = questions.Parameter(
    "count", "flag", "Also give `count`, the number of all rows that match.", argument="with_count"
)


AFTER_POSITION = questions.Parameter(
    "after", "count", "A log position: later events, in descending order earlier ones."
)


def columns_parameter(names: Iterable[str]) -> questions.Parameter:
    return questions.Parameter(
        "columns", "names", "Only these columns, separated by commas.", tuple(names)
    )


def parse_query(
    query: bytes, known: Mapping[str, questions.Parameter], most: int
) -> dict[str, Any]:
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
            raise invalid(name[:100], f"is not a parameter here: {', '.join(known)}")
        if parameter.becomes in asked:
            raise invalid(name, "is given twice")
        asked[parameter.becomes] = parsed(parameter, text)
    for parameter in known.values():
        if parameter.is_needed and parameter.becomes not in asked:
            raise invalid(parameter.name, "is missing")
    return asked
