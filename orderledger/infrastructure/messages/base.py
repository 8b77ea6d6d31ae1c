"""Fields that all messages share, and the terms of an order."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from orderledger.domain.recorded import AnyFact
from orderledger.domain.values import OrderType, PositionSide, Role, Side, Source, TimeInForce
from orderledger.infrastructure.messages.fields import (
    Flag,
    Identifier,
    Names,
    NotNegative,
    Number,
    Quantity,
    Sequence,
    Text,
    Time,
)

__all__ = ["LinksTo", "Message", "ReportedClaims"]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ReportedClaims(Model):
    """Further claims in a venue's report. They serve as a cross-check, and never create a fill."""

    status: Identifier | None = None
    quantity: NotNegative | None = None
    cum_quantity: NotNegative | None = None
    leaves_quantity: NotNegative | None = None
    average_price: Number | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    order_type: OrderType | None = None
    time_in_force: TimeInForce | None = None
    post_only: Flag | None = None
    reduce_only: Flag | None = None


class LinksTo(Model):
    """Proposal, trade and orders that an order belongs to."""

    proposal_id: Identifier | None = None
    trade_id: Identifier | None = None
    role: Role | None = None
    parent: Identifier | None = None
    group: Identifier | None = None


class Message(Model):
    """Fields that every message may carry.

    A message type is a subclass. `fact` is the event that it proposes, and `type` is its name.
    `default_source` is the source of a message that gives none. A message gives at least one field
    of `needs_one_of`. `needs_role`: of a token, to record it over HTTP. It has no default, so that
    no new message is open to everybody.
    """

    fact: ClassVar[type[AnyFact]]
    needs_role: ClassVar[Literal["record", "collect", "operate"]]
    default_source: ClassVar[Source] = Source.VENUE_PUSH
    needs_one_of: ClassVar[tuple[str, ...]] = ()

    account: Identifier = Field(
        description="The trading account, one at one venue, e.g. hyperliquid:main."
    )
    at: Time | None = Field(
        default=None,
        description="Time of the event, by the sender's clock. Default: the time of recording.",
    )
    source: Source | None = Field(
        default=None,
        description="Origin of the message. Default: strategy for commands, venue_push for "
        "reports.",
    )
    message_id: Identifier | None = Field(
        default=None, description="Idempotency key of the sender."
    )
    evidence: Any = Field(default=None, description="Raw payload of the venue, kept unchanged.")
    reason: Identifier | None = Field(default=None, description="Reason code.")
    text: Text | None = Field(default=None, description="Sentence for people.")
    actor: Identifier | None = Field(
        default=None,
        description="Person or program that caused it. Over HTTP with tokens: always the name of "
        "the token.",
    )
    on_behalf_of: Identifier | None = Field(
        default=None,
        description="For whom, as the actor says. Over HTTP with tokens: what the sender said in "
        "`actor`.",
    )
    correlation_id: Identifier | None = Field(
        default=None, description="Id shared by related messages."
    )
    causation_id: Identifier | None = Field(default=None, description="Id of the cause.")

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


class OrderMessage(Message):
    """Fields that every message about an order may carry. It needs one of client_order_id,
    venue_order_id and aliases."""

    client_order_id: Identifier | None = Field(
        default=None, description="Our id, or any earlier id of the order."
    )
    venue_order_id: Identifier | None = Field(
        default=None, description="The venue's id. An order can have several over time."
    )
    aliases: Names = Field(
        default_factory=dict, description="Other names that the venue uses for this order."
    )
    reported: ReportedClaims | None = Field(
        default=None, description="Further claims in the venue's report."
    )
    sequence: Sequence | None = Field(
        default=None, description="The venue's order of facts that have the same `at`."
    )


class OrderTerms(Model):
    """Terms of an order."""

    instrument: Identifier
    side: Side
    quantity: Quantity
    order_type: OrderType
    limit_price: Number | None = None
    stop_price: Number | None = None
    time_in_force: TimeInForce | None = None
    expire_at: Time | None = None
    post_only: Flag = False
    reduce_only: Flag = False
    position_side: PositionSide | None = Field(
        default=None, description="Position in hedge mode: long or short. Default: not said."
    )
    position_id: Identifier | None = Field(
        default=None, description="Where the venue keeps several positions of one side."
    )
