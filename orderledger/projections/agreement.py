"""Whether the venue's reports about an order agree with what the ledger knows of it.

The ledger compares each report when it is recorded: a difference is an open anomaly, or leaves the
outcome unknown. So the row of an order shows whether it differs, and no report has to be read
again.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, TypedDict, get_args

from orderledger.domain.orders.events import OrderReport
from orderledger.domain.orders.reports import StatusObserved
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import Anomaly, Certainty, Status
from orderledger.projections.certificates import CertificateRow
from orderledger.projections.orders import OrderRow

AGREEMENTS = ("differs", "unmatched", "agrees")
"""An order differs, or the venue has never reported anything about it, or all that it reported
agrees."""

DIFFERENCES = (
    Anomaly.QUANTITY_MISMATCH,
    Anomaly.STATUS_CONFLICT,
    Anomaly.TERMS_CONFLICT,
    Anomaly.FILL_ID_REUSED,
    Anomaly.CLIENT_ORDER_ID_REUSED,
    Anomaly.VENUE_ORDER_ID_REUSED,
)
"""Anomalies that say that the venue's reports disagree with the ledger, or with each other."""

Sign = Literal["venue_order_id", "acknowledged_at", "first_fill_at", "reported_cum_quantity"]
SIGNS: tuple[Sign, ...] = get_args(Sign)
"""Columns of an order that only a report of the venue fills."""
SILENT = (Status.PENDING_NEW, Status.DENIED)
"""The status of an order that no report has changed."""

MATCHES = ("client_order_id", "other_id", "venue_order_id", "alias", "late_id", "stream")
"""How a report found its order. `late_id`: an id that became known after the report. `stream`: the
report has no id."""

COLUMNS = (
    "account", "client_order_id", "venue_order_id", "instrument", "origin", "status", "pending",
    "certainty", "is_open",
    "quantity", "cum_quantity", "reported_cum_quantity", "anomalies", "updated_at", "stream",
)  # fmt: skip
"""The columns of an order that its row shows."""
NEEDED = (*COLUMNS, *SIGNS)


class ReconciliationRow(TypedDict):
    """One row per account: how many orders agree with the venue's reports, and when the account was
    last reconciled."""

    account: Annotated[str, "Trading account."]
    orders: Annotated[int, "Orders, all of which were compared for this answer."]
    differing_orders: Annotated[
        int, "Orders whose outcome is unknown, or that the venue reports otherwise."
    ]
    unmatched_orders: Annotated[int, "Orders that the venue has never reported anything about."]
    agreeing_orders: Annotated[int, "Orders that agree with all that the venue reported."]
    reconciled_at: Annotated[
        datetime | None,
        "When the account was last compared with the venue. Null: nobody has looked.",
    ]
    covered_from: Annotated[datetime | None, "That comparison asked for every fill from here on."]
    covered_to: Annotated[datetime | None, "Up to here."]
    certified_orders: Annotated[int | None, "Open orders that agreed then."]
    certified_fills: Annotated[int | None, "Active fills in the ledger then."]
    certified_positions: Annotated[int | None, "Positions that agreed then."]
    certified_balances: Annotated[
        list[dict[str, Any]] | None,
        "Balances by currency, as compared then. Null: they were not compared.",
    ]
    not_reported: Annotated[
        list[str] | None, "Positions and balances that the venue did not state then."
    ]
    open_breaks: Annotated[
        list[dict[str, str]] | None,
        "Differences that it left open: id, and since when they are known.",
    ]
    certificate_position: Annotated[int | None, "Log position of its certificate."]


class ReconciledOrderRow(TypedDict):
    """One row per order, with the newest report of the venue about it."""

    account: Annotated[str, "Trading account."]
    client_order_id: Annotated[str | None, "Our id."]
    venue_order_id: Annotated[str | None, "The venue's id now."]
    instrument: Annotated[str | None, "Instrument."]
    origin: Annotated[str, "own or external."]
    status: Annotated[str, "Status by the ledger."]
    pending: Annotated[str | None, "cancel or replace, while the venue has not answered one."]
    certainty: Annotated[str, "confirmed or unresolved."]
    is_open: Annotated[bool, "Whether it has not ended."]
    quantity: Annotated[Decimal | None, "Total quantity in force."]
    cum_quantity: Annotated[Decimal, "Sum of the active fills."]
    reported_cum_quantity: Annotated[
        Decimal | None, "Cumulative quantity that the venue last reported."
    ]
    anomalies: Annotated[list[str], "Codes of its open anomalies."]
    updated_at: Annotated[datetime | None, "When the newest fact about it happened."]
    stream: Annotated[str, "Stream of the order in the log."]
    agreement: Annotated[str, "differs, unmatched or agrees.", AGREEMENTS]
    differences: Annotated[list[str], "Why it differs: `unresolved`, and codes of anomalies."]
    reported_status: Annotated[str | None, "Status that the venue last claimed."]
    reported_at: Annotated[datetime | None, "Time of the newest report. Null: there is none."]
    reported_source: Annotated[str | None, "Where that report came from."]
    reported_position: Annotated[int | None, "Its log position."]
    matched_by: Annotated[str | None, "By which id that report found the order.", MATCHES]
    matched_id: Annotated[str | None, "That id."]


def differences_of(order: OrderRow) -> list[str]:
    """Why an order differs from the venue's reports. Empty: it does not."""
    doubt = [str(Certainty.UNRESOLVED)] if order["certainty"] == Certainty.UNRESOLVED else []
    return [*doubt, *(code for code in order["anomalies"] if code in DIFFERENCES)]


def agreement_of(order: OrderRow) -> str:
    """One of `AGREEMENTS`, from a row of the order view."""
    if differences_of(order):
        return "differs"
    is_silent = order["status"] in SILENT and all(order[name] is None for name in SIGNS)
    return "unmatched" if is_silent else "agrees"


def agreement_counts(orders: Iterable[OrderRow]) -> dict[str, dict[str, int]]:
    """By account, the number of orders of each agreement."""
    found: dict[str, dict[str, int]] = {}
    for order in orders:
        counts = found.setdefault(order["account"], dict.fromkeys(AGREEMENTS, 0))
        counts[agreement_of(order)] += 1
    return found


def reconciliation_row(
    account: str, counts: dict[str, int] | None, certificate: CertificateRow | None
) -> ReconciliationRow:
    """A `ReconciliationRow`. `certificate`: the last one of the account."""
    counts = counts or dict.fromkeys(AGREEMENTS, 0)
    last = certificate
    return {
        "account": account,
        "orders": sum(counts.values()),
        "differing_orders": counts["differs"],
        "unmatched_orders": counts["unmatched"],
        "agreeing_orders": counts["agrees"],
        "reconciled_at": last and last["at"],
        "covered_from": last and last["covered_from"],
        "covered_to": last and last["covered_to"],
        "certified_orders": last and last["orders"],
        "certified_fills": last and last["fills"],
        "certified_positions": last and last["positions"],
        "certified_balances": last and last["balances"],
        "not_reported": last and last["not_reported"],
        "open_breaks": last and last["open_breaks"],
        "certificate_position": last and last["position"],
    }


class Report(NamedTuple):
    """The newest report of the venue about an order, and the status that it last claimed."""

    recorded: Recorded | None
    status: str | None


def last_report(events: Iterable[Recorded]) -> Report:
    """The newest report of these events, by the log."""
    newest: Recorded | None = None
    status: str | None = None
    for recorded in events:
        event = recorded.event
        if not isinstance(event, OrderReport):
            continue
        newest = recorded
        claimed = (
            event.status
            if isinstance(event, StatusObserved)
            else event.reported and event.reported.status
        )
        status = str(claimed) if claimed is not None else status
    return Report(newest, status)


def reconciled_order_row(order: OrderRow, report: Report) -> ReconciledOrderRow:
    """A `ReconciledOrderRow`."""
    newest = report.recorded
    by, name = (None, None) if newest is None else _match(order, newest)
    return {
        "account": order["account"],
        "client_order_id": order["client_order_id"],
        "venue_order_id": order["venue_order_id"],
        "instrument": order["instrument"],
        "origin": order["origin"],
        "status": order["status"],
        "pending": order["pending"],
        "certainty": order["certainty"],
        "is_open": order["is_open"],
        "quantity": order["quantity"],
        "cum_quantity": order["cum_quantity"],
        "reported_cum_quantity": order["reported_cum_quantity"],
        "anomalies": order["anomalies"],
        "updated_at": order["updated_at"],
        "stream": order["stream"],
        "agreement": agreement_of(order),
        "differences": differences_of(order),
        "reported_status": report.status,
        "reported_at": None if newest is None else newest.at,
        "reported_source": None if newest is None else newest.source,
        "reported_position": None if newest is None else newest.position,
        "matched_by": by,
        "matched_id": name,
    }


def _match(order: OrderRow, report: Recorded) -> tuple[str, str | None]:
    """By which id a report found its order."""
    event: Any = report.event
    if report.attributed_from is not None:
        return "late_id", event.venue_order_id or event.client_order_id
    if event.client_order_id is not None:
        return "client_order_id" if event.client_order_id == order[
            "client_order_id"
        ] else "other_id", event.client_order_id
    if event.venue_order_id is not None:
        return "venue_order_id", event.venue_order_id
    alias = next(iter((event.aliases or {}).items()), None)
    return ("alias", "=".join(map(str, alias))) if alias else ("stream", None)
