"""The answer to a message, given only when it is durable."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Outcome"]

Answer = Literal["recorded", "duplicate", "refused", "invalid"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`position`: where the message stands in the log, if it was recorded. `reason`: why it was refused, or the field and
    the fault. `text`: what is known, in a sentence. `anomalies`: codes of what is odd about it."""

    outcome: Answer
    position: int | None = None
    reason: str | None = None
    anomalies: tuple[str, ...] = ()
    text: str | None = None


DUPLICATE = Outcome("duplicate")
