"""The view of instruments: definitions, marks, and the position that the venue reports."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from orderledger.domain.accounts import BalanceReported, InstrumentDefined, MarkRecorded
from orderledger.domain.values import later
from orderledger.projections.view import Row, Table, columns_of, hidden


class InstrumentRow(TypedDict):
    """One row per account and instrument: its definition and its last mark."""

    account: Annotated[str, "Trading account."]
    instrument: Annotated[str, "Instrument."]
    multiplier: Annotated[Decimal | None, "Units of the underlying in one unit of quantity."]
    inverse: Annotated[bool | None, "Whether quantity is worth quantity * multiplier / price."]
    currency: Annotated[str | None, "Settlement currency."]
    tick: Annotated[Decimal | None, "Smallest step of the price."]
    lot: Annotated[Decimal | None, "Smallest step of the quantity."]
    defined_at: Annotated[datetime | None, "When a definition was last given."]
    mark_price: Annotated[Decimal | None, "Price at which open positions are valued."]
    marked_at: Annotated[datetime | None, "When that price was."]
    reported_quantity: Annotated[Decimal | None, "What the venue last said the position is."]
    reported_at: Annotated[datetime | None, "When it said so."]


INSTRUMENTS = Table(
    "instruments",
    "One row per account and instrument: its definition and its last mark.",
    ("account", "instrument"),
    (*columns_of(InstrumentRow), hidden("terms_at", "json", "Of each term, when the definition in force gave it.")),
    ("account", "instrument"),
    version=11,
)


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
