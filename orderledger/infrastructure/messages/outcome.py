"""The answer to a message, given only when it is durable."""

from typing import Literal, NamedTuple

__all__ = ["Outcome"]

Answer = Literal["recorded", "duplicate", "refused", "invalid"]


class Outcome(NamedTuple):
    """`position`: where the message stands in the log, if it was recorded. `reason`: the code of a refusal; of what is no
    message, the field and the fault. `anomalies`: codes of what is odd about it. `text`: a sentence: why
    a message is refused or invalid; of a recorded one, a hint at what may be a mistake. `field`: the field at fault."""

    outcome: Answer
    position: int | None = None
    reason: str | None = None
    anomalies: tuple[str, ...] = ()
    text: str | None = None
    field: str | None = None


DUPLICATE = Outcome("duplicate")
