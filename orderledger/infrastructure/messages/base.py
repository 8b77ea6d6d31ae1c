"""What all messages share: the fields around a fact, and the terms of an order."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from orderledger.domain.recorded import AnyFact
from orderledger.domain.values import OrderType, Role, Side, Source, TimeInForce
from orderledger.infrastructure.messages.fields import Flag, Identifier, Names, NotNegative, Number, Quantity, Text, Time

__all__ = ["LinksTo", "Message", "ReportedClaims"]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ReportedClaims(Model):
    """What the venue claims besides the fact itself. Used to cross-check, never to invent a fill."""

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
    """What an order belongs to."""

    proposal_id: Identifier | None = None
    trade_id: Identifier | None = None
    role: Role | None = None
    parent: Identifier | None = None
    group: Identifier | None = None


class Message(Model):
    """What every message may carry.

    A type of message is a class with `fact`, the event it proposes, and `type`, its name. `default_source` is its source where
    the message gives none. Of the fields in `needs_one_of` a message gives at least one.
    """

    fact: ClassVar[type[AnyFact]]
    default_source: ClassVar[Source] = Source.VENUE_PUSH
    needs_one_of: ClassVar[tuple[str, ...]] = ()

    account: Identifier = Field(description="The trading account, one at one venue, e.g. hyperliquid:main.")
    at: Time | None = Field(
        default=None, description="When it happened, by the sender's clock. Defaults to the time of recording."
    )
    source: Source | None = Field(
        default=None, description="Where it comes from. Default: strategy for commands, venue_push for reports."
    )
    message_id: Identifier | None = Field(default=None, description="Idempotency key of the sender.")
    evidence: Any = Field(default=None, description="The raw venue payload, any JSON, kept as it came.")
    reason: Identifier | None = Field(default=None, description="A code.")
    text: Text | None = Field(default=None, description="A sentence.")
    actor: Identifier | None = Field(default=None, description="Who.")
    correlation_id: Identifier | None = Field(default=None, description="What belongs together.")
    causation_id: Identifier | None = Field(default=None, description="Because of what.")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Looked at like any message: pydantic takes over whatever `update` says, and what is recorded stays. Raises
        ValidationError."""
        copied = super().model_copy(update=update, deep=deep)
        return type(self).model_validate({name: copied.__dict__[name] for name in copied.model_fields_set}) if update else copied


class OrderMessage(Message):
    """What every message about an order may carry. It needs one of client_order_id, venue_order_id and aliases."""

    client_order_id: Identifier | None = Field(default=None, description="Our id, or any id the order has borne.")
    venue_order_id: Identifier | None = Field(
        default=None, description="The venue's id. An order can have several over its life."
    )
    aliases: Names = Field(default_factory=dict, description="Other names under which the venue speaks of this order.")
    reported: ReportedClaims | None = Field(default=None, description="What the venue claims besides.")


class OrderTerms(Model):
    """What is to be traded, and how."""

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
