"""The view of funding, transfers, adjustments, gaps, and losses of the log."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypedDict, final

from orderledger.domain.accounts import (
    FundingRecorded,
    GapRecorded,
    LogWentBack,
    PositionAdjusted,
    TransferRecorded,
)
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import Cause, PositionSide, TransferKind
from orderledger.projections.view import Table


@final
class AccountEventRow(TypedDict):
    """One row per funding, transfer, adjustment, gap, and loss of the log."""

    position: Annotated[int, "Log position."]
    account: Annotated[str, "Trading account."]
    kind: Annotated[
        str,
        "funding, transfer, adjust, gap or log_went_back.",
        ("funding", "transfer", "adjust", "gap", "log_went_back"),
    ]
    instrument: Annotated[
        str | None, "Instrument of a funding or an adjustment. Null for an adjusted balance."
    ]
    quantity: Annotated[
        Decimal | None,
        "Amount of a funding, a transfer or an adjusted balance; quantity of an adjusted position.",
    ]
    price: Annotated[Decimal | None, "Price of an adjusted position."]
    position_side: Annotated[
        str | None,
        "Position that a funding or an adjustment is of, where it was named.",
        PositionSide,
    ]
    position_id: Annotated[str | None, "The venue's id of that position, where it was given."]
    currency: Annotated[str | None, "Currency of a funding, a transfer or a balance."]
    transfer: Annotated[str | None, "Kind of a transfer.", TransferKind]
    venue_id: Annotated[str | None, "The venue's id of a transfer."]
    cause: Annotated[
        dict[str, Any] | None, "Origin of a transfer or an adjusted balance: `kind`, `instrument`."
    ]
    state: Annotated[
        str | None,
        "Of a transfer: active; repeated, if its id was recorded before with the same numbers; "
        "reused, if with others. Only active ones count.",
        ("active", "repeated", "reused"),
    ]
    at: Annotated[datetime, "When it happened."]
    from_at: Annotated[datetime | None, "When a gap began."]
    to_at: Annotated[datetime | None, "When a gap ended, null while it is not known to be covered."]
    reason: Annotated[str | None, "Why."]


ACCOUNT_EVENTS = Table(
    "account_events",
    "One row per funding, transfer, adjustment, gap, and loss of the log.",
    ("position",),
    AccountEventRow,
    ("at", "position"),
    (("account", "instrument", "kind"), ("account", "venue_id")),
    version=14,
)


def account_event_row(
    account: str,
    recorded: Recorded,
    event: FundingRecorded | TransferRecorded | PositionAdjusted | GapRecorded | LogWentBack,
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
        "transfer": None,
        "venue_id": None,
        "cause": None,
        "state": None,
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
        case TransferRecorded():
            row["kind"], row["quantity"], row["currency"] = "transfer", event.amount, event.currency
            row["transfer"], row["venue_id"] = str(event.kind), event.venue_id
            row["cause"], row["state"] = cause_row(event.cause), "active"
            return row
        case PositionAdjusted() if event.currency is not None:
            row["kind"], row["quantity"], row["currency"] = "adjust", event.amount, event.currency
            row["cause"] = cause_row(event.cause)
            return row
        case PositionAdjusted():
            row["kind"], row["quantity"], row["price"] = "adjust", event.quantity, event.price
    row["instrument"], row["position_id"] = event.instrument, event.position_id
    row["position_side"] = None if event.position_side is None else str(event.position_side)
    return row


def cause_row(cause: Cause | None) -> dict[str, Any] | None:
    """As the view shows it."""
    return None if cause is None else {"kind": cause.kind, "instrument": cause.instrument}
