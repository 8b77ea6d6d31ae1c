"""The view of funding, adjustments and gaps."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from orderledger.domain.accounts import FundingRecorded, GapRecorded, PositionAdjusted
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import PositionSide
from orderledger.projections.view import Row, Table, columns_of


class AccountEventRow(TypedDict):
    """One row per funding, adjustment and gap."""

    position: Annotated[int, "Log position."]
    account: Annotated[str, "Trading account."]
    kind: Annotated[str, "funding, adjust or gap.", ("funding", "adjust", "gap")]
    instrument: Annotated[str | None, "Instrument, null for a gap."]
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
    "One row per funding, adjustment and gap.",
    ("position",),
    columns_of(AccountEventRow),
    ("at", "position"),
    (("account", "instrument", "kind"),),
    version=12,
)


def account_event_row(
    account: str, recorded: Recorded, event: FundingRecorded | PositionAdjusted | GapRecorded
) -> Row:
    """The columns of `tables.ACCOUNT_EVENTS`."""
    row = {
        **dict.fromkeys(ACCOUNT_EVENTS.names),
        "position": recorded.position,
        "account": account,
        "at": recorded.at,
    }
    match event:
        case FundingRecorded():
            return {
                **row,
                "kind": "funding",
                "instrument": event.instrument,
                "quantity": event.amount,
                "currency": event.currency,
                **_position_of(event),
                "reason": event.reason,
            }
        case PositionAdjusted():
            terms = {
                "instrument": event.instrument,
                "quantity": event.quantity,
                "price": event.price,
            }
            return {**row, "kind": "adjust", **terms, **_position_of(event), "reason": event.reason}
        case GapRecorded():
            return {
                **row,
                "kind": "gap",
                "from_at": event.from_at,
                "to_at": event.to_at,
                "reason": event.reason,
            }


def _position_of(event: FundingRecorded | PositionAdjusted) -> Row:
    side = event.position_side
    return {"position_side": None if side is None else str(side), "position_id": event.position_id}
