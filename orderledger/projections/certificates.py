"""The view of certificates, the results of reconciliations."""

from datetime import datetime
from typing import Annotated, TypedDict

from orderledger.domain.accounts import ReconciliationCertified
from orderledger.domain.recorded import Recorded
from orderledger.projections.view import Row, Table, columns_of


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
    columns_of(CertificateRow),
    ("at", "position"),
    (("account",),),
    version=11,
)


def certificate_row(account: str, recorded: Recorded, event: ReconciliationCertified) -> Row:
    """The columns of `tables.CERTIFICATES`."""
    told = {
        name: getattr(event, name)
        for name in ("covered_from", "covered_to", "orders", "fills", "positions")
    }
    left = [{"id": one.id, "since": one.since.isoformat()} for one in event.open_breaks]
    row = {
        "position": recorded.position,
        "account": account,
        "at": recorded.at,
        **told,
        "open_breaks": left,
    }
    return {name: row[name] for name in CERTIFICATES.names}
