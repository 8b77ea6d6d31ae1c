"""The view of certificates, the results of reconciliations."""

from datetime import datetime
from typing import Annotated, TypedDict

from orderledger.domain.accounts import ReconciliationCertified
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


CERTIFICATES = Table(
    "certificates",
    "One row per certificate: what agreed with the venue when they were compared.",
    ("position",),
    CertificateRow,
    ("at", "position"),
    (("account",),),
    version=11,
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
    }
