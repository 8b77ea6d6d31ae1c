"""The value of an account in one currency: the equity of each currency at its rate."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, TypedDict

from orderledger.domain.exact import EXACT, ZERO
from orderledger.projections.balances import NO_OPENING, BalanceRow, balances, first_reason
from orderledger.projections.fill_changes import FillEvents
from orderledger.projections.instruments import INSTRUMENTS
from orderledger.projections.positions import shown
from orderledger.projections.rates import Path, RateRules, Rates, no_rate
from orderledger.projections.store import Source
from orderledger.projections.view import Table


class ValuationRow(TypedDict):
    """One row per account."""

    account: Annotated[str, "Trading account."]
    currency: Annotated[str, "The currency that was asked for."]
    amount: Annotated[Decimal | None, "The equity in it. Null where `reason` says why."]
    reason: Annotated[
        str | None, "Why the amount is null: a reason of `balances`, or no_rate:CUR->CUR."
    ]
    paths: Annotated[
        dict[str, Any],
        "By currency: `rate`, and `path`, the steps that it follows from: `instrument`, `use` "
        "(direct or inverse), `price` and `at` of its mark, or `parity`. Null without a rate.",
    ]


VALUATION = Table(
    "valuation",
    "One row per account: its equity in one currency, with the rates. Computed when asked.",
    ("account",),
    ValuationRow,
    ("account",),
)


def valuation(
    source: Source,
    currency: str,
    at: datetime,
    parities: Sequence[tuple[str, str]],
    serves: timedelta | None,
    account: str | None = None,
    *,
    events_of: FillEvents,
) -> list[ValuationRow]:
    """A row for the account, or for each that has balances. `at`: a mark serves for `serves` from
    its time on, by default the setting. `parities` come after those of the settings."""
    rules = source.rate_rules.with_parities(parities)
    rules = rules if serves is None else rules._replace(serves=serves)
    by_account: dict[str, list[BalanceRow]] = {} if account is None else {account: []}
    for row in balances(source, at, rules.serves, account=account, events_of=events_of):
        by_account.setdefault(row["account"], []).append(row)
    return [
        valuation_row(name, rows, currency, at, rates_of(source, name, rules))
        for name, rows in sorted(by_account.items())
    ]


def rates_of(source: Source, account: str, rules: RateRules) -> Rates:
    """The rates of an account, by the last mark of each instrument."""
    instruments = source.rows(INSTRUMENTS, account=account)
    rates = Rates(instruments, *rules)
    for row in instruments:
        if row["mark_price"] is not None and row["marked_at"] is not None:
            rates.mark(row["instrument"], row["mark_price"], row["marked_at"])
    return rates


def valuation_row(
    account: str, rows: Sequence[BalanceRow], currency: str, at: datetime, rates: Rates
) -> ValuationRow:
    """The value of an account, from its balances."""
    amount, paths = ZERO, dict[str, Any]()
    reasons = [] if rows else [NO_OPENING]
    reasons += [row["equity_reason"] for row in rows if row["equity_reason"]]
    unrated: list[str] = []
    for row in rows:
        equity = row["equity"]
        if equity == ZERO:
            continue
        path = rates.path(row["currency"], currency, at)
        paths[row["currency"]] = path_shown(path)
        if path is None:
            unrated.append(no_rate(row["currency"], currency))
        elif equity is not None:
            amount = EXACT.add(amount, EXACT.multiply(equity, path.rate))
    reason = first_reason(reasons) if reasons else min(unrated, default=None)
    return {
        "account": account,
        "currency": currency,
        "amount": None if reason else shown(amount),
        "reason": reason,
        "paths": paths,
    }


def path_shown(path: Path | None) -> dict[str, Any] | None:
    """As the view shows it."""
    return None if path is None else {"rate": path.rate, "path": path.steps}
