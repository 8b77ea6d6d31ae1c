"""The base class of all stored events."""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar

import msgspec

from orderledger.domain.fields import NeededRole
from orderledger.domain.values import Source

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
    """One fact as immutable data, and everything that the package knows about its kind.

    `stored_name` is its name in the store: written by hand, never changed. `wire_name` is the type
    of the message that proposes it; empty for events that the ledger adds. `former_wire_name` is an
    older one, which is read for ever and never written. The message needs one of
    `needs_one_of`, and all of `needs`, each with its meaning. Of the fields that `forms` names it
    has exactly one, with the fields that this one needs. `needs_role` has no default, so that
    no new message is open to everybody. `fix` is what the message is in FIX.

    Two events are equal if all fields except those in `NOT_COMPARED` are. Prices and quantities are
    exact decimals in the units of the instrument.
    """

    stored_name: ClassVar[str] = ""
    wire_name: ClassVar[str] = ""
    former_wire_name: ClassVar[str] = ""
    fix: ClassVar[str] = ""
    default_source: ClassVar[Source] = Source.VENUE_PUSH
    needs_role: ClassVar[NeededRole]
    needs_one_of: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[dict[str, str]] = {}
    forms: ClassVar[dict[str, tuple[str, ...]]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not vars(cls).get("stored_name"):
            return
        if "sentence" not in vars(cls):
            raise TypeError(f"{cls.__name__} has no sentence")
        if cls.wire_name and not hasattr(cls, "needs_role"):
            raise TypeError(f"{cls.__name__} has no needs_role, so nobody could record it")

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
