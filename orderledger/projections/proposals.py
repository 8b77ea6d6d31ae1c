"""Rows of proposals."""

from typing import assert_never

from orderledger.domain.proposals import AnyProposalEvent, ProposalApproved, ProposalDeclined, ProposalMade
from orderledger.domain.recorded import Recorded
from orderledger.projections.orders import links_of
from orderledger.projections.tables import PROPOSALS, Row


def proposal_row(before: Row | None, account: str, event: AnyProposalEvent, recorded: Recorded) -> Row:
    """The columns of `tables.PROPOSALS` after the event."""
    row = before or _blank(account, event.proposal_id)
    row = {**row, "has_evidence": row["has_evidence"] or recorded.evidence is not None}
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
    terms = {name: getattr(event, name) for name in ("strategy", "instrument", "quantity", "limit_price", "stop_price")}
    words = {name: _word(getattr(event, name)) for name in ("kind", "side", "order_type", "time_in_force")}
    return {**terms, **words, "links": links_of(event.links), "tags": dict(event.tags)}


def _made(recorded: Recorded) -> Row:
    cause = {"correlation_id": recorded.correlation_id, "causation_id": recorded.causation_id}
    return {"proposed_at": recorded.at, "proposed_by": recorded.actor, "source": recorded.source, **cause}


def _decided(recorded: Recorded) -> Row:
    return {"decided_at": recorded.at, "decided_by": recorded.actor, "decision_source": recorded.source}


def _word(value: object) -> str | None:
    return None if value is None else str(value)
