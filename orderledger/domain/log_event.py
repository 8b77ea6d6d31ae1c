"""The base class of all stored events."""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar

import msgspec

NOT_COMPARED = frozenset({"message_id", "tags", "dated_by", "asked_at"})
NOT_HASHED = NOT_COMPARED | {"aliases"}


class LogEvent(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    eq=False,
    forbid_unknown_fields=True,
):
    """One fact as immutable data. `stored_name` is its name in the store: written by hand, never
    changed.

    Two events are equal if all fields except those in `NOT_COMPARED` are. Prices and quantities are
    exact decimals in the units of the instrument.
    """

    stored_name: ClassVar[str] = ""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and _compared(type(self))(self) == _compared(type(self))(
            other
        )

    def has_content_of(self, other: object) -> bool:
        """Check for the same content, whatever the time."""
        return type(self) is type(other) and _content(type(self))(self) == _content(type(self))(
            other
        )

    def __hash__(self) -> int:
        return hash((type(self), _hashed(type(self))(self)))


@cache
def _compared(kind: type[LogEvent]) -> Callable[[Any], Any]:
    return attrgetter(*(name for name in kind.__struct_fields__ if name not in NOT_COMPARED))


@cache
def _content(kind: type[LogEvent]) -> Callable[[Any], Any]:
    return attrgetter(
        *(name for name in kind.__struct_fields__ if name not in NOT_COMPARED and name != "at"),
        "__class__",
    )


@cache
def _hashed(kind: type[LogEvent]) -> Callable[[Any], Any]:
    return attrgetter(*(name for name in kind.__struct_fields__ if name not in NOT_HASHED))
