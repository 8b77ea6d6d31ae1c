"""Rows of proposals."""

from datetime import datetime
from typing import assert_never

from orderledger.domain.proposals import ProposalApproved, ProposalDeclined, ProposalFact, ProposalMade
from orderledger.projections.orders import links_of
from orderledger.projections.tables import PROPOSALS, Row


def proposal_row(before: Row | None, account: str, event: ProposalFact, at: datetime) -> Row:
    """The columns of `tables.PROPOSALS` after the event."""
    row = before or {**dict.fromkeys(PROPOSALS.names), "account": account, "proposal_id": event.proposal_id, "tags": {}}
    match event:
        case ProposalMade():
            terms = {name: getattr(event, name) for name in ("strategy", "instrument", "quantity", "limit_price", "stop_price")}
            words = {name: _word(getattr(event, name)) for name in ("kind", "side", "order_type", "time_in_force")}
            links = {"links": links_of(event.links), "tags": dict(event.tags)}
            return {**row, **terms, **words, **links, "state": row["state"] or "proposed", "proposed_at": at}
        case ProposalApproved():
            return {**row, "state": "approved", "reason": event.reason, "decided_at": at}
        case ProposalDeclined():
            return {**row, "state": "declined", "reason": event.reason, "decided_at": at}
        case _:
            assert_never(event)


def _word(value: object) -> str | None:
    return None if value is None else str(value)
