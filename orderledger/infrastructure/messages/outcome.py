"""The outcome of a message, given when the message is durable."""

from typing import Literal, NamedTuple

__all__ = ["Outcome"]

OutcomeWord = Literal["recorded", "duplicate", "refused", "invalid"]


class Outcome(NamedTuple):
    """Outcome of one message.

    `position`: log position, if the message was recorded. `reason`: code of a refusal, or the field
    and the fault of an invalid message. `anomalies`: codes of the anomalies that it raised. `text`:
    a sentence: why a message is refused or invalid, or a hint at a possible mistake in a recorded
    one. `field`: the field at fault.
    """

    outcome: OutcomeWord
    position: int | None = None
    reason: str | None = None
    anomalies: tuple[str, ...] = ()
    text: str | None = None
    field: str | None = None


DUPLICATE = Outcome("duplicate")
