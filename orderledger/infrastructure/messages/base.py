"""Fields that all messages share."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from orderledger.domain.fields import MEANINGS, NeededRole
from orderledger.domain.recorded import AnyFact
from orderledger.domain.values import Source
from orderledger.infrastructure.messages.fields import Identifier, Text, Time

__all__ = ["Message"]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Message(Model):
    """Fields that every message may carry: those around the event, and three of most events.

    Each message type is derived from `fact`, the event that it proposes.
    """

    fact: ClassVar[type[AnyFact]]
    needs_role: ClassVar[NeededRole]
    default_source: ClassVar[Source]
    needs_one_of: ClassVar[tuple[str, ...]]
    forms: ClassVar[dict[str, tuple[str, ...]]]

    account: Identifier = Field(description=MEANINGS["account"])
    at: Time | None = Field(default=None, description=MEANINGS["at"])
    source: Source | None = Field(
        default=None,
        description="Origin of the message. Default: strategy for commands, venue_push for "
        "reports.",
    )
    message_id: Identifier | None = Field(default=None, description=MEANINGS["message_id"])
    evidence: Any = Field(default=None, description="Raw payload of the venue, kept unchanged.")
    reason: Identifier | None = Field(default=None, description=MEANINGS["reason"])
    text: Text | None = Field(default=None, description="Sentence for people.")
    actor: Identifier | None = Field(
        default=None,
        description="Person or program that caused it. Over HTTP with tokens: always the name of "
        "the token.",
    )
    on_behalf_of: Identifier | None = Field(
        default=None,
        description="Party for whom the actor acted, if named. Over HTTP with tokens: the value "
        "that the sender gave in `actor`.",
    )
    correlation_id: Identifier | None = Field(
        default=None, description="Id shared by related messages."
    )
    causation_id: Identifier | None = Field(default=None, description="Id of the cause.")

    if TYPE_CHECKING:  # each message type has it as a field

        @property
        def type(self) -> str: ...

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy and validate: pydantic would accept any `update`, and recorded messages cannot be
        changed.

        Raises ValidationError.
        """
        copied = super().model_copy(update=update, deep=deep)
        return (
            type(self).model_validate(
                {name: copied.__dict__[name] for name in copied.model_fields_set}
            )
            if update
            else copied
        )
