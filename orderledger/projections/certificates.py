"""The view of certificates, the results of reconciliations."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, TypedDict

from orderledger.domain.accounts import CertifiedBalance, ReconciliationCertified
from orderledger.domain.recorded import Recorded
from orderledger.projections.view import Table


class CertificateRow(TypedDict):
    """One row per certificate: what agreed with the venue when they were compared."""

    position: Annotated[int, "Log position."]
    account: Annotated[str, "Trading account."]
    at: Annotated[datetime, "When they were compared."]
    covered_from: Annotated[datetime, "Every fill was asked for from here on."]
    covered_to: Annotated[datetime, "Up to here."]
    orders: Annotated[int, "Open orders that agreed."]
    fills: Annotated[int, "Active fills in the ledger."]
    positions: Annotated[int, "Positions that agreed."]
    open_breaks: Annotated[
        list[dict[str, str]], "Unsettled differences: id, and since when they are known."
    ]
    balances: Annotated[
        list[dict[str, Any]] | None,
        "By currency: state, total, reported, difference, residual, place, rows and reason. Null: "
        "they were not compared.",
    ]
    not_reported: Annotated[
        list[str] | None, "Positions and balances that the venue does not state."
    ]


CERTIFICATES = Table(
    "certificates",
    "One row per certificate: what agreed with the venue when they were compared.",
    ("position",),
    CertificateRow,
    ("at", "position"),
    (("account",),),
    version=12,
)


def certificate_row(
    account: str, recorded: Recorded, event: ReconciliationCertified
) -> CertificateRow:
    """The columns of `tables.CERTIFICATES`."""
    return {
        "position": recorded.position or 0,
        "account": account,
        "at": recorded.at,
        "covered_from": event.covered_from,
        "covered_to": event.covered_to,
        "orders": event.orders,
        "fills": event.fills,
        "positions": event.positions,
        "open_breaks": [
            {"id": one.id, "since": one.since.isoformat()} for one in event.open_breaks
        ],
        "balances": None
        if event.balances is None
        else [_balance_row(one) for one in event.balances],
        "not_reported": None if event.not_reported is None else list(event.not_reported),
    }


def _balance_row(balance: CertifiedBalance) -> dict[str, Any]:
    return {name: _plain(getattr(balance, name)) for name in balance.__struct_fields__}


def _plain(value: Decimal | str | int | None) -> str | int | None:
    """The value for JSON. A number keeps its digits."""
    match value:
        case Decimal():
            return f"{value:f}"
        case str():
            return str(value)
        case _:
            return value
