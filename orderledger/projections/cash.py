"""Balances by currency, as far as they follow from account events: opening balances, transfers,
what is owed, and the venue's own statements. Fills and fees stand with their positions.

The first adjustment of a currency opens the cash of the account: balances that no adjustment names
opened at 0 at that time. Facts dated before an opening are inside it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from orderledger.domain.exact import ZERO
from orderledger.projections.account_events import AccountEventRow
from orderledger.projections.sides import when
from orderledger.projections.view import Table


class CashRow(TypedDict):
    """One row per account and currency that transfers, adjustments or the venue's statements
    name."""

    account: Annotated[str, "Trading account."]
    currency: Annotated[str, "Currency or coin."]
    opened_at: Annotated[
        datetime | None, "Time of the opening balance. Null: the account was never opened."
    ]
    opening: Annotated[Decimal, "The balance at that time."]
    transferred: Annotated[Decimal, "Sum of the transfers since."]
    owed: Annotated[Decimal, "Borrowed since the account was opened, less repaid."]
    reported: Annotated[
        Decimal | None, "The balance that the venue last reported. Null if it reported two."
    ]
    reported_at: Annotated[datetime | None, "Time of that report."]
    reported_position: Annotated[int | None, "Log position of the last such report."]
    conflicting: Annotated[
        list[str] | None, "The amounts that the venue reported for that time, if they differ."
    ]
    reused: Annotated[int, "Transfers that do not count, because their id has other numbers."]


CASH = Table(
    "cash",
    "One row per account and currency: its opening balance, transfers since, what is owed, and the "
    "venue's last statement. `balances` adds what fills and fees moved.",
    ("account", "currency"),
    CashRow,
    ("account", "currency"),
    time=("opened_at",),
)


@dataclass(slots=True)
class Openings:
    """When the cash of an account was opened: of some currencies by an adjustment of their own."""

    first: datetime | None = None
    own: dict[str, tuple[datetime, Decimal]] = field(default_factory=dict)

    def of(self, currency: str) -> tuple[datetime | None, Decimal]:
        """Time and balance from which a currency counts. Without an opening it counts from the
        beginning of the ledger, from 0."""
        return self.own.get(currency) or (self.first, ZERO)

    def has(self, currency: str, at: datetime) -> bool:
        """Whether something at that time is not inside the opening balance."""
        opened = self.own[currency][0] if currency in self.own else self.first
        return opened is None or at >= opened


def openings_of(rows: Iterable[AccountEventRow]) -> Openings:
    """From the adjustments of an account, in any order."""
    openings = Openings()
    for row in sorted((row for row in rows if row["currency"] is not None), key=when):
        if row["kind"] == "adjust" and row["instrument"] is None:
            openings.first = openings.first or row["at"]
            openings.own[row["currency"] or ""] = row["at"], row["quantity"] or ZERO
    return openings
