"""The view of marks: the price of each instrument at each time that was recorded."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict, final

from orderledger.domain.accounts import MarkRecorded
from orderledger.domain.recorded import Recorded
from orderledger.projections.view import Table


@final
class MarkRow(TypedDict):
    """One row per account, instrument and time. The later mark in the log counts if two have the
    same time."""

    account: Annotated[str, "Trading account."]
    instrument: Annotated[str, "Instrument."]
    at: Annotated[datetime, "Time of the price."]
    price: Annotated[Decimal, "Price at which open positions are valued."]
    position: Annotated[int, "Log position."]
    recorded_at: Annotated[datetime, "When it was recorded."]
    former_name: Annotated[
        str | None, "Name under which it was recorded, where the instrument has another now."
    ]


MARKS = Table(
    "marks",
    "One row per account, instrument and time. The later mark in the log counts if two have "
    "the same time.",
    ("account", "instrument", "at"),
    MarkRow,
    ("at", "position"),
    version=13,
)


def mark_row(account: str, recorded: Recorded, event: MarkRecorded) -> MarkRow:
    """The columns of `tables.MARKS`."""
    return {
        "account": account,
        "instrument": event.instrument,
        "at": recorded.at,
        "price": event.price,
        "position": recorded.position or 0,
        "recorded_at": recorded.recorded_at,
        "former_name": None,
    }
