"""Commands: what our side wants, and what it has done. The ledger may refuse a command."""

from typing import ClassVar, Literal

from pydantic import Field

from orderledger.domain.orders.commands import (
    CancelRequested,
    OrderDenied,
    OrderRequested,
    OrderSubmitted,
    ReplaceRequested,
    SubmissionUnresolved,
)
from orderledger.domain.proposals import ProposalApproved, ProposalDeclined, ProposalMade
from orderledger.domain.values import Role, Source
from orderledger.infrastructure.messages.base import LinksTo, Message, OrderMessage, OrderTerms
from orderledger.infrastructure.messages.fields import Flag, Identifier, Number, Quantity, Tags

__all__ = [
    "Approve",
    "Decline",
    "Deny",
    "Propose",
    "Request",
    "RequestCancel",
    "RequestReplace",
    "Submit",
    "Unresolved",
]


class Command(Message):
    """Message of our side, not of the venue."""

    default_source: ClassVar = Source.STRATEGY


class Request(Command, OrderMessage, OrderTerms):
    """New order. Recorded before it is sent."""

    fact: ClassVar = OrderRequested
    needs_role: ClassVar = "record"
    type: Literal["request"] = "request"
    client_order_id: Identifier = Field(
        description="Our id, the key of the order inside the account, never changed."
    )
    strategy: Identifier | None = None
    links: LinksTo | None = None
    tags: Tags = Field(default_factory=dict)


class Deny(Command, OrderMessage):
    """Order that our own checks refused. It is never sent."""

    fact: ClassVar = OrderDenied
    needs_role: ClassVar = "record"
    type: Literal["deny"] = "deny"
    reason: Identifier
    not_sent: Flag = Field(
        default=False,
        description="Proof that nothing of a recorded `submit` left us: connection refused.",
    )
    never_arrived: Flag = Field(
        default=False,
        description="Proof or an operator's decision that the venue never received a recorded "
        "`submit`.",
    )


class Submit(Command, OrderMessage):
    """Order handed to the venue."""

    fact: ClassVar = OrderSubmitted
    needs_role: ClassVar = "record"
    type: Literal["submit"] = "submit"
    is_forced: Flag = Field(
        default=False,
        description="Sent again by an operator's decision, without proof that it never arrived.",
    )


class Unresolved(Command, OrderMessage):
    """Sending ended without an answer (timeout, 5xx, dropped connection). The outcome is
    unknown."""

    fact: ClassVar = SubmissionUnresolved
    needs_role: ClassVar = "record"
    type: Literal["unresolved"] = "unresolved"
    reason: Identifier


class RequestCancel(Command, OrderMessage):
    """Request to cancel an order."""

    fact: ClassVar = CancelRequested
    needs_role: ClassVar = "record"
    type: Literal["request_cancel"] = "request_cancel"
    request_id: Identifier | None = None


class RequestReplace(Command, OrderMessage):
    """Request to change an order. At least one of quantity (the new total, FIX OrderQty),
    limit_price and stop_price."""

    fact: ClassVar = ReplaceRequested
    needs_role: ClassVar = "record"
    needs_one_of: ClassVar = ("quantity", "limit_price", "stop_price")
    type: Literal["request_replace"] = "request_replace"
    quantity: Quantity | None = None
    limit_price: Number | None = None
    stop_price: Number | None = None
    replacement_client_order_id: Identifier | None = None
    request_id: Identifier | None = None


class Propose(Command, OrderTerms):
    """Order that a strategy proposes."""

    fact: ClassVar = ProposalMade
    needs_role: ClassVar = "record"
    type: Literal["propose"] = "propose"
    proposal_id: Identifier
    kind: Role
    strategy: Identifier
    links: LinksTo | None = None
    tags: Tags = Field(default_factory=dict)


class Approve(Command):
    """Decision for a proposal: it may be carried out."""

    fact: ClassVar = ProposalApproved
    needs_role: ClassVar = "operate"
    type: Literal["approve"] = "approve"
    proposal_id: Identifier


class Decline(Command):
    """Decision against a proposal: it will not be carried out."""

    fact: ClassVar = ProposalDeclined
    needs_role: ClassVar = "operate"
    type: Literal["decline"] = "decline"
    proposal_id: Identifier
