"""The classes of rows for python.md: what they are, and the fields of one that is not a view."""

import inspect
import re
from collections.abc import Iterator
from typing import get_args, get_type_hints, is_typeddict

from markdown import table

from orderledger import audit, rows


def row_classes() -> Iterator[tuple[str, str]]:
    """The classes of rows, with what they are."""
    for package in (rows, audit):
        for name in dir(package):
            kind = getattr(package, name)
            if is_typeddict(kind):
                yield f"`{kind.__name__}`", inspect.cleandoc(kind.__doc__ or "")


def fields_of(kind: type) -> Iterator[str]:
    """A class of rows with its fields, as in the source."""
    fields = []
    for name, hint in get_type_hints(kind, include_extras=True).items():
        taken, meaning = get_args(hint)[:2]
        shown = taken.__name__ if isinstance(taken, type) and not get_args(taken) else str(taken)
        shown = re.sub(r"\b(?:datetime|decimal)\.", "", shown)
        fields.append((f"`{name}`", f"`{shown}`", meaning))
    yield f"`{kind.__name__}`: {inspect.cleandoc(kind.__doc__ or '')}\n"
    yield table(("field", "type", "meaning"), fields)
