"""Rows of proposals."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypedDict, assert_never, cast

from orderledger.domain.proposals import (
    AnyProposalEvent,
    ProposalApproved,
    ProposalDeclined,
    ProposalMade,
)
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import OrderType, Role, Side, TimeInForce
from orderledger.projections.orders import links_of
from orderledger.projections.view import Table


class StoredProposalRow(TypedDict):
    """One row per proposal."""

    account: Annotated[str, "Trading account."]
    proposal_id: Annotated[str, "Id of the proposal."]
    kind: Annotated[str | None, "entry or exit.", Role]
    strategy: Annotated[str | None, "Strategy that made it."]
    instrument: Annotated[str | None, "Instrument."]
    side: Annotated[str | None, "buy or sell.", Side]
    quantity: Annotated[Decimal | None, "Quantity proposed."]
    quote_quantity: Annotated[Decimal | None, "Amount of quote currency proposed."]
    legs: Annotated[
        list[dict[str, Any]] | None,
        "Legs of the combination proposed: `instrument`, `side`, `ratio`. Null for others.",
    ]
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
    StoredProposalRow,
    ("account", "proposed_at", "proposal_id"),
    time=("proposed_at", "decided_at"),
    version=12,
)


def proposal_row(
    before: StoredProposalRow | None,
    account: str,
    event: AnyProposalEvent,
    recorded: Recorded,
) -> StoredProposalRow:
    """The columns of `tables.PROPOSALS` after the event."""
    row = before.copy() if before else _blank(account, event.proposal_id)
    row["has_evidence"] = row["has_evidence"] or recorded.has_evidence
    match event:
        case ProposalMade():
            _make(row, event, recorded)
        case ProposalApproved():
            _decide(row, event, recorded)
            row["state"] = "approved"
        case ProposalDeclined():
            _decide(row, event, recorded)
            row["state"] = "declined"
        case _:
            assert_never(event)
    return row


def _make(row: StoredProposalRow, event: ProposalMade, recorded: Recorded) -> None:
    row["kind"], row["strategy"] = _word(event.kind), event.strategy
    row["instrument"], row["side"] = event.instrument, _word(event.side)
    row["quantity"], row["order_type"] = event.quantity, _word(event.order_type)
    row["quote_quantity"] = event.quote_quantity
    row["legs"] = [
        {"instrument": leg.instrument, "ratio": leg.ratio, "side": str(leg.side)}
        for leg in event.legs
    ] or None
    row["limit_price"], row["stop_price"] = event.limit_price, event.stop_price
    row["time_in_force"] = _word(event.time_in_force)
    row["state"] = row["state"] or "proposed"
    row["links"], row["tags"] = links_of(event.links), dict(event.tags)
    row["proposed_at"], row["proposed_by"] = recorded.at, recorded.actor
    row["source"] = recorded.source
    row["correlation_id"], row["causation_id"] = recorded.correlation_id, recorded.causation_id


def _decide(
    row: StoredProposalRow, event: ProposalApproved | ProposalDeclined, recorded: Recorded
) -> None:
    row["decided_at"], row["decided_by"] = recorded.at, recorded.actor
    row["decision_source"], row["reason"] = recorded.source, event.reason


def _blank(account: str, proposal_id: str) -> StoredProposalRow:
    row = dict.fromkeys(PROPOSALS.names)
    known = {"account": account, "proposal_id": proposal_id, "tags": {}, "has_evidence": False}
    return cast(StoredProposalRow, row | known)


def _word(value: object) -> str | None:
    return None if value is None else str(value)
