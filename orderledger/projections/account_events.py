"""The view of funding, adjustments, gaps, and losses of the log."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict, final

from orderledger.domain.accounts import (
    FundingRecorded,
    GapRecorded,
    LogWentBack,
    PositionAdjusted,
)
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import PositionSide
from orderledger.projections.view import Table


@final
class AccountEventRow(TypedDict):
    """One row per funding, adjustment, gap, and loss of the log."""

    position: Annotated[int, "Log position."]
    account: Annotated[str, "Trading account."]
    kind: Annotated[
        str,
        "funding, adjust, gap or log_went_back.",
        ("funding", "adjust", "gap", "log_went_back"),
    ]
    instrument: Annotated[str | None, "Instrument of a funding or an adjustment."]
    quantity: Annotated[Decimal | None, "Amount of a funding, quantity of an adjustment."]
    price: Annotated[Decimal | None, "Price of an adjustment."]
    position_side: Annotated[
        str | None,
        "Position that a funding or an adjustment is of, where it was named.",
        PositionSide,
    ]
    position_id: Annotated[str | None, "The venue's id of that position, where it was given."]
    currency: Annotated[str | None, "Currency of a funding."]
    at: Annotated[datetime, "When it happened."]
    from_at: Annotated[datetime | None, "When a gap began."]
    to_at: Annotated[datetime | None, "When a gap ended, null while it is not known to be covered."]
    reason: Annotated[str | None, "Why."]


ACCOUNT_EVENTS = Table(
    "account_events",
    "One row per funding, adjustment, gap, and loss of the log.",
    ("position",),
    AccountEventRow,
    ("at", "position"),
    (("account", "instrument", "kind"),),
    version=13,
)


def account_event_row(
    account: str,
    recorded: Recorded,
    event: FundingRecorded | PositionAdjusted | GapRecorded | LogWentBack,
) -> AccountEventRow:
    """The columns of `tables.ACCOUNT_EVENTS`."""
    row: AccountEventRow = {
        "position": recorded.position or 0,
        "account": account,
        "kind": "gap",
        "instrument": None,
        "quantity": None,
        "price": None,
        "position_side": None,
        "position_id": None,
        "currency": None,
        "at": recorded.at,
        "from_at": None,
        "to_at": None,
        "reason": None if isinstance(event, LogWentBack) else event.reason,
    }
    match event:
        case GapRecorded():
            row["from_at"], row["to_at"] = event.from_at, event.to_at
            return row
        case LogWentBack():
            row["kind"], row["reason"] = event.stream_kind, event.detail
            return row
        case FundingRecorded():
            row["kind"], row["quantity"] = "funding", event.amount
            row["currency"] = event.currency
        case PositionAdjusted():
            row["kind"], row["quantity"], row["price"] = "adjust", event.quantity, event.price
    row["instrument"], row["position_id"] = event.instrument, event.position_id
    row["position_side"] = None if event.position_side is None else str(event.position_side)
    return row
