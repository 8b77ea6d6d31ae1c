"""Checks of the arguments of public methods, by their signatures, before the method runs.

An error names the argument. A value of another type is a TypeError. A wrong word or number is an
InvalidQuery, and so is a moment that the ledger has not reached.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import wraps
from inspect import Parameter, isfunction, signature
from os import PathLike
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from orderledger.infrastructure.errors import InvalidQuery
from orderledger.infrastructure.views.arguments import LARGEST
from orderledger.infrastructure.views.questions import Between, types_of, words_of

MOMENT = {datetime, int}

TAKES: dict[Any, str] = {
    str: "text",
    bool: "True or False",
    int: "an int",
    Decimal: "a Decimal",
    date: "a date",
    datetime: "a datetime with an offset",
    timedelta: "a timedelta",
    tzinfo: "a time zone",
    dict: "a dictionary",
    PathLike: "a path",
    Sequence: "a list",
    Iterable: "an iterable",
    Callable: "a function",
}
"""The types that are checked. An argument of any other type is left to the method."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of one argument."""

    name: str
    types: tuple[Any, ...]
    is_needed: bool
    is_of_texts: bool
    words: tuple[Any, ...]
    bounds: Between

    @property
    def is_moment(self) -> bool:
        return set(self.types) == MOMENT

    def check(self, value: Any) -> None:
        """Raise TypeError or InvalidQuery."""
        if value is None and not self.is_needed:
            return
        if not any(self._is_of(one, value) for one in self.types):
            takes = " or ".join(TAKES[one] for one in self.types)
            raise TypeError(f"{self.name} takes {takes}, not {value!r:.100}")
        fault = self._fault(value)
        if fault is not None:
            raise InvalidQuery(f"{self.name}{fault}", field=self.name)

    def _is_of(self, kind: Any, value: Any) -> bool:
        if isinstance(value, bool):
            return kind is bool
        if kind not in (Sequence, Iterable):
            return isinstance(value, kind)
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, kind):
            return False
        return not self.is_of_texts or all(isinstance(one, str) for one in value)

    def _fault(self, value: Any) -> str | None:
        if isinstance(value, datetime) and value.tzinfo is None:
            return f": {value.isoformat()} has no offset, give a time with one"
        if isinstance(value, str) and self.words and value not in self.words:
            return f": {value!r:.100} is not one of {', '.join(_without_versions(self.words))}"
        if isinstance(value, int) and value < self.bounds.least:
            return f" takes {self.bounds.least} or more, not {value!r:.100}"
        if isinstance(value, int) and value > self.bounds.most:
            return f" takes at most {self.bounds.most}, not {value!r:.100}"
        return None


def check_arguments(owner: type) -> None:
    """Let each public method of the class check its arguments."""
    for name, method in list(vars(owner).items()):
        if isfunction(method) and not name.startswith("_"):
            given = list(signature(method).parameters.values())[1:]
            rules = {one.name: rule for one in given if (rule := _rule(one)) is not None}
            if rules:
                setattr(owner, name, _checked(method, [one.name for one in given], rules))


def _checked(
    method: Callable[..., Any], names: Sequence[str], rules: Mapping[str, Rule]
) -> Callable[..., Any]:
    @wraps(method)
    def checked(self: Any, *values: Any, **named: Any) -> Any:
        for name, value in (*zip(names, values, strict=False), *named.items()):
            rule = rules.get(name)
            if rule is not None:
                rule.check(value)
                if rule.is_moment and value is not None:
                    self._check_reached(name, value)
        return method(self, *values, **named)

    return checked


def _rule(given: Parameter) -> Rule | None:
    """The rule of a parameter. None if its types are not checked here."""
    is_annotated = get_origin(given.annotation) is Annotated
    hint, *more = get_args(given.annotation) if is_annotated else (given.annotation,)
    options = types_of(hint)
    types = tuple(str if get_origin(one) is Literal else get_origin(one) or one for one in options)
    if given.kind is given.VAR_KEYWORD or any(one not in TAKES for one in types):
        return None
    literal = next((get_args(one) for one in options if get_origin(one) is Literal), None)
    bounds = next((one for one in more if isinstance(one, Between)), Between(-LARGEST))
    return Rule(
        given.name,
        types,
        is_needed=None not in get_args(hint) and NoneType not in get_args(hint),
        is_of_texts=any(get_args(one) == (str,) for one in options),
        words=literal or (words_of(more) if types == (str,) else ()),
        bounds=bounds,
    )


def _without_versions(words: Iterable[str]) -> list[str]:
    return [word for word in words if "." not in word]
