"""Balances of a statement: by account and currency, at its start and its end."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from orderledger.rows import BalanceRow


class BalanceChangeRow(TypedDict):
    """The balance of one currency at the start and the end of the period, and the equity. Without
    an opening balance the equity is not known: the statement then has the P&L only."""

    account: Annotated[str, "Trading account."]
    currency: Annotated[str, "Currency or coin."]
    opening: Annotated[Decimal | None, "The balance from the log when the period began."]
    closing: Annotated[Decimal | None, "The balance from the log when it ended."]
    owed: Annotated[Decimal, "Borrowed and not repaid when it ended."]
    equity: Annotated[
        Decimal | None,
        "The equity of the account in this currency when the period ended: as in `balances`.",
    ]
    equity_reason: Annotated[
        str | None,
        "Why it is null. no_opening_balance: the statement has the P&L of the account only.",
    ]
    reported: Annotated[Decimal | None, "The balance that the venue last reported by then."]
    reported_at: Annotated[datetime | None, "When it reported it."]
    difference: Annotated[
        Decimal | None, "The reported balance less the total from the log at that time."
    ]


def balance_changes(
    start: Iterable[BalanceRow], end: Iterable[BalanceRow]
) -> list[BalanceChangeRow]:
    """The rows of the balances at the end, with those at the start. A currency of which the ledger
    knows no balance is left out."""
    opening = {(row["account"], row["currency"]): row["total"] for row in start}
    return [
        {
            "account": row["account"],
            "currency": row["currency"],
            "opening": opening.get((row["account"], row["currency"]), Decimal(0)),
            "closing": row["total"],
            "owed": row["owed"],
            "equity": row["equity"],
            "equity_reason": row["equity_reason"],
            "reported": row["reported"],
            "reported_at": row["reported_at"],
            "difference": row["difference"],
        }
        for row in end
        if row["total"] is not None or row["reported"] is not None
    ]
