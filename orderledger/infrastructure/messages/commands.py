"""What we want, and what we have done about it. A command may be refused."""

from typing import Literal

from pydantic import Field

from orderledger.domain.values import Role
from orderledger.infrastructure.messages.base import LinksTo, Message, OrderMessage, OrderTerms
from orderledger.infrastructure.messages.fields import Identifier, Number, Quantity, Tags


class Request(OrderMessage, OrderTerms):
    """We want this order. Recorded before it is sent."""

    type: Literal["request"] = "request"
    client_order_id: Identifier = Field(description="Our id, the key of the order inside the account, never changed.")
    strategy: Identifier | None = None
    links: LinksTo | None = None
    tags: Tags = Field(default_factory=dict)


class Deny(OrderMessage):
    """Refused by our own checks, never sent."""

    type: Literal["deny"] = "deny"
    reason: Identifier


class Submit(OrderMessage):
    """Handed to the venue."""

    type: Literal["submit"] = "submit"


class Unresolved(OrderMessage):
    """Sending ended without an answer (timeout, 5xx, dropped connection): the outcome is unknown."""

    type: Literal["unresolved"] = "unresolved"
    reason: Identifier


class RequestCancel(OrderMessage):
    """We want the order to end."""

    type: Literal["request_cancel"] = "request_cancel"
    request_id: Identifier | None = None


class RequestReplace(OrderMessage):
    """We want other terms. At least one of quantity (the new total, FIX OrderQty), limit_price and stop_price."""

    type: Literal["request_replace"] = "request_replace"
    quantity: Quantity | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    replacement_client_order_id: Identifier | None = None
    request_id: Identifier | None = None


class Propose(Message, OrderTerms):
    """A strategy would like to do this."""

    type: Literal["propose"] = "propose"
    proposal_id: Identifier
    kind: Role
    strategy: Identifier
    links: LinksTo | None = None
    tags: Tags = Field(default_factory=dict)


class Approve(Message):
    """The proposal may be carried out."""

    type: Literal["approve"] = "approve"
    proposal_id: Identifier


class Decline(Message):
    """The proposal will not be carried out."""

    type: Literal["decline"] = "decline"
    proposal_id: Identifier


COMMANDS: tuple[type[Message], ...] = (
    Request,
    Deny,
    Submit,
    Unresolved,
    RequestCancel,
    RequestReplace,
    Propose,
    Approve,
    Decline,
)
