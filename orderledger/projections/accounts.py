"""Rows about an account besides its orders: instruments with their marks, funding, adjustments, gaps, certificates."""

from datetime import datetime

from orderledger.domain.accounts import (
    BalanceReported,
    FundingRecorded,
    GapRecorded,
    InstrumentDefined,
    MarkRecorded,
    PositionAdjusted,
    ReconciliationCertified,
)
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import later
from orderledger.projections.tables import ACCOUNT_EVENTS, CERTIFICATES, INSTRUMENTS, Row


def account_event_row(account: str, recorded: Recorded, event: FundingRecorded | PositionAdjusted | GapRecorded) -> Row:
    """The columns of `tables.ACCOUNT_EVENTS`."""
    row = {**dict.fromkeys(ACCOUNT_EVENTS.names), "position": recorded.position, "account": account, "at": recorded.at}
    match event:
        case FundingRecorded():
            return {
                **row,
                "kind": "funding",
                "instrument": event.instrument,
                "quantity": event.amount,
                "currency": event.currency,
                "reason": event.reason,
            }
        case PositionAdjusted():
            terms = {"instrument": event.instrument, "quantity": event.quantity, "price": event.price}
            return {**row, "kind": "adjust", **terms, "reason": event.reason}
        case GapRecorded():
            return {**row, "kind": "gap", "from_at": event.from_at, "to_at": event.to_at, "reason": event.reason}


def certificate_row(account: str, recorded: Recorded, event: ReconciliationCertified) -> Row:
    """The columns of `tables.CERTIFICATES`."""
    told = {name: getattr(event, name) for name in ("covered_from", "covered_to", "orders", "fills", "positions")}
    left = [{"id": one.id, "since": one.since.isoformat()} for one in event.open_breaks]
    row = {"position": recorded.position, "account": account, "at": recorded.at, **told, "open_breaks": left}
    return {name: row[name] for name in CERTIFICATES.names}


TERMS = ("multiplier", "inverse", "currency", "tick", "lot")


def defined(before: Row | None, account: str, event: InstrumentDefined, at: datetime) -> Row:
    """The columns of `tables.INSTRUMENTS` after a definition: of each term that it gives the latest holds."""
    row = before or _blank(account, event.instrument)
    given = {name: value for name in TERMS if (value := getattr(event, name)) is not None}
    terms_at: dict[str, str] = row["terms_at"]
    newer = {name: value for name, value in given.items() if name not in terms_at or datetime.fromisoformat(terms_at[name]) <= at}
    times = {"terms_at": {**terms_at, **dict.fromkeys(newer, at.isoformat())}, "defined_at": later(row["defined_at"], at)}
    return {**row, **newer, **times}


def marked(before: Row | None, account: str, event: MarkRecorded, at: datetime) -> Row:
    """The same after a mark: the latest holds."""
    row = before or _blank(account, event.instrument)
    return row if row["marked_at"] is not None and at < row["marked_at"] else {**row, "mark_price": event.price, "marked_at": at}


def reported(before: Row | None, account: str, event: BalanceReported, at: datetime) -> Row:
    """The same after the venue has said what the position is: the latest holds."""
    row = before or _blank(account, event.instrument)
    is_older = row["reported_at"] is not None and at < row["reported_at"]
    return row if is_older else {**row, "reported_quantity": event.quantity, "reported_at": at}


def _blank(account: str, instrument: str) -> Row:
    return {**dict.fromkeys(INSTRUMENTS.names), "account": account, "instrument": instrument, "inverse": False, "terms_at": {}}
