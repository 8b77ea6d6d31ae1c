"""Rows of proposals."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypedDict, assert_never

from orderledger.domain.proposals import (
    AnyProposalEvent,
    ProposalApproved,
    ProposalDeclined,
    ProposalMade,
)
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import OrderType, Role, Side, TimeInForce
from orderledger.projections.orders import links_of
from orderledger.projections.view import Row, Table, columns_of


class StoredProposalRow(TypedDict):
    """One row per proposal."""

    account: Annotated[str, "Trading account."]
    proposal_id: Annotated[str, "Id of the proposal."]
    kind: Annotated[str | None, "entry or exit.", Role]
    strategy: Annotated[str | None, "Strategy that made it."]
    instrument: Annotated[str | None, "Instrument."]
    side: Annotated[str | None, "buy or sell.", Side]
    quantity: Annotated[Decimal | None, "Quantity proposed."]
    order_type: Annotated[str | None, "Order type proposed.", OrderType]
    limit_price: Annotated[Decimal | None, "Limit price proposed."]
    stop_price: Annotated[Decimal | None, "Stop price proposed."]
    time_in_force: Annotated[str | None, "Time in force proposed.", TimeInForce]
    state: Annotated[
        str | None, "proposed, approved or declined.", ("proposed", "approved", "declined")
    ]
    reason: Annotated[str | None, "Why it was decided so."]
    links: Annotated[dict[str, str] | None, "Trade, role, parent and group it belongs to."]
    tags: Annotated[dict[str, Any], "Free labels."]
    proposed_at: Annotated[datetime | None, "When it was made."]
    proposed_by: Annotated[str | None, "Actor of the proposal."]
    source: Annotated[str | None, "Where the proposal came from."]
    correlation_id: Annotated[str | None, "Correlation id of the proposal."]
    causation_id: Annotated[str | None, "Causation id of the proposal."]
    decided_at: Annotated[datetime | None, "When it was approved or declined."]
    decided_by: Annotated[str | None, "Actor of the decision: who approved or declined it."]
    decision_source: Annotated[str | None, "Where the decision came from."]
    has_evidence: Annotated[
        bool, "Whether evidence was recorded with the proposal or the decision."
    ]


class ProposalRow(StoredProposalRow):
    """A proposal with the orders that carry it out."""

    orders: list[str | None]
    cum_quantity: Decimal


PROPOSALS = Table(
    "proposals",
    "One row per proposal.",
    ("account", "proposal_id"),
    columns_of(StoredProposalRow),
    ("account", "proposed_at", "proposal_id"),
    time=("proposed_at", "decided_at"),
    version=11,
)


def proposal_row(
    before: Row | None, account: str, event: AnyProposalEvent, recorded: Recorded
) -> Row:
    """The columns of `tables.PROPOSALS` after the event."""
    row = before or _blank(account, event.proposal_id)
    row = {**row, "has_evidence": row["has_evidence"] or recorded.has_evidence}
    match event:
        case ProposalMade():
            return {**row, **_terms(event), **_made(recorded), "state": row["state"] or "proposed"}
        case ProposalApproved():
            return {**row, **_decided(recorded), "state": "approved", "reason": event.reason}
        case ProposalDeclined():
            return {**row, **_decided(recorded), "state": "declined", "reason": event.reason}
        case _:
            assert_never(event)


def _blank(account: str, proposal_id: str) -> Row:
    known = {"account": account, "proposal_id": proposal_id, "tags": {}, "has_evidence": False}
    return {**dict.fromkeys(PROPOSALS.names), **known}


def _terms(event: ProposalMade) -> Row:
    terms = {
        name: getattr(event, name)
        for name in ("strategy", "instrument", "quantity", "limit_price", "stop_price")
    }
    words = {
        name: _word(getattr(event, name))
        for name in ("kind", "side", "order_type", "time_in_force")
    }
    return {**terms, **words, "links": links_of(event.links), "tags": dict(event.tags)}


def _made(recorded: Recorded) -> Row:
    cause = {"correlation_id": recorded.correlation_id, "causation_id": recorded.causation_id}
    return {
        "proposed_at": recorded.at,
        "proposed_by": recorded.actor,
        "source": recorded.source,
        **cause,
    }


def _decided(recorded: Recorded) -> Row:
    return {
        "decided_at": recorded.at,
        "decided_by": recorded.actor,
        "decision_source": recorded.source,
    }


def _word(value: object) -> str | None:
    return None if value is None else str(value)
