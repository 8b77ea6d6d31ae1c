"""What comes of reading a venue's payload."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orderledger.infrastructure.wire.messages import Message


@dataclass(frozen=True, slots=True)
class Fault:
    """A row, a field of one, or a whole payload, that could not be read."""

    fault: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Translation:
    """The messages of a payload in its order, what of it could not be read, and the orders it leaves a question about."""

    messages: Sequence[Message] = ()
    faults: Sequence[Fault] = ()
    questions: Sequence[str] = ()

    def __add__(self, other: "Translation") -> "Translation":
        return Translation((*self.messages, *other.messages), (*self.faults, *other.faults), (*self.questions, *other.questions))
