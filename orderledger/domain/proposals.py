"""Proposals of strategies, and the decisions on them. Orders refer to them by `links`."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from orderledger.domain.decision import ACCEPTED, DUPLICATE, Decision, Reason, Refused
from orderledger.domain.fields import NotNegative, Positive
from orderledger.domain.log_event import LogEvent
from orderledger.domain.values import (
    Leg,
    Links,
    OrderType,
    PositionSide,
    Role,
    Side,
    Source,
    TimeInForce,
    TrailOffsetType,
    TriggerSource,
)
from orderledger.domain.wording import because, described


class ProposalEvent(LogEvent, frozen=True, kw_only=True):
    """Base of facts about a proposal. `at`: time by the sender's clock; None means the time of
    recording."""

    default_source = Source.STRATEGY
    proposal_id: str
    at: datetime | None = None
    reason: str | None = None
    message_id: str | None = None

    def sentence(self) -> str:
        """The event in a sentence for people."""
        raise NotImplementedError


class ProposalMade(ProposalEvent, frozen=True, kw_only=True):
    """Order that a strategy proposes."""

    stored_name = "proposal_made.v1"
    wire_name = "propose"
    needs_role = "record"
    forms: ClassVar = {"quantity": (), "quote_quantity": ()}
    kind: Role
    strategy: str
    instrument: str
    side: Side
    quantity: Positive | None = None
    order_type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    quote_quantity: Positive | None = None
    display_quantity: NotNegative | None = None
    trail_offset: Positive | None = None
    trail_offset_type: TrailOffsetType | None = None
    trigger_source: TriggerSource | None = None
    time_in_force: TimeInForce | None = None
    expire_at: datetime | None = None
    post_only: bool = False
    reduce_only: bool = False
    position_side: PositionSide | None = None
    position_id: str | None = None
    legs: Annotated[tuple[Leg, ...], Meta(extra={"most": 100})] = ()
    links: Links | None = None
    tags: dict[str, object] = msgspec.field(default_factory=dict)

    def sentence(self) -> str:
        return (
            f"Strategy {self.strategy} proposed an {self.kind} as proposal "
            f"{self.proposal_id}{because(self.reason)}: a {described(self)}."
        )


class ProposalApproved(ProposalEvent, frozen=True, kw_only=True):
    """Decision for a proposal: it may be carried out."""

    stored_name = "proposal_approved.v1"
    wire_name = "approve"
    needs_role = "operate"

    def sentence(self) -> str:
        return f"Proposal {self.proposal_id} was approved{because(self.reason)}."


class ProposalDeclined(ProposalEvent, frozen=True, kw_only=True):
    """Decision against a proposal: it will not be carried out."""

    stored_name = "proposal_declined.v1"
    wire_name = "decline"
    needs_role = "operate"

    def sentence(self) -> str:
        return f"Proposal {self.proposal_id} was declined{because(self.reason)}."


AnyProposalEvent = ProposalMade | ProposalApproved | ProposalDeclined
"""Union type for a `match` with `assert_never`."""


@dataclass(slots=True)
class Proposal:
    """The known state of one proposal."""

    made: ProposalMade | None = None
    decided: ProposalApproved | ProposalDeclined | None = None
    by_message_id: dict[str, tuple[AnyProposalEvent, ...]] = field(default_factory=dict)


def decide_proposal(proposal: Proposal, fact: AnyProposalEvent) -> Decision:
    """Decide on a fact: a proposal is made once and decided once."""
    with_this_id = (
        () if fact.message_id is None else proposal.by_message_id.get(fact.message_id, ())
    )
    if fact in (proposal.made, proposal.decided) or any(
        fact.has_content_of(known) for known in with_this_id
    ):
        return DUPLICATE
    if with_this_id:
        return Refused(Reason.MESSAGE_ID_REUSED, f"message {fact.message_id} had other content")
    if isinstance(fact, ProposalMade):
        return (
            ACCEPTED
            if proposal.made is None
            else Refused(
                Reason.DUPLICATE_PROPOSAL_ID, f"{fact.proposal_id} was made with other terms"
            )
        )
    if proposal.made is None:
        return Refused(Reason.UNKNOWN_PROPOSAL, f"{fact.proposal_id} was never made")
    if proposal.decided is not None:
        word = "approved" if isinstance(proposal.decided, ProposalApproved) else "declined"
        return Refused(Reason.PROPOSAL_DECIDED, f"{fact.proposal_id} was {word}")
    return ACCEPTED


def evolve_proposal(proposal: Proposal, event: AnyProposalEvent) -> Proposal:
    match event:
        case ProposalMade():
            proposal.made = proposal.made or event
        case ProposalApproved() | ProposalDeclined():
            proposal.decided = proposal.decided or event
    if event.message_id is not None:
        proposal.by_message_id[event.message_id] = (
            *proposal.by_message_id.get(event.message_id, ()),
            event,
        )
    return proposal
