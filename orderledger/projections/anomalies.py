"""The anomaly view."""

from datetime import datetime
from typing import Annotated, TypedDict

from orderledger.domain.orders.judgements import AnomalyDetected
from orderledger.domain.orders.order import Order
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import Anomaly
from orderledger.projections.view import Table


class AnomalyRow(TypedDict):
    """One row per anomaly ever detected."""

    position: Annotated[int, "Log position."]
    account: Annotated[str, "Trading account."]
    client_order_id: Annotated[
        str | None, "Our id of the order, or the first that reports gave of one from elsewhere."
    ]
    code: Annotated[str, "Kind of anomaly.", Anomaly]
    detail: Annotated[str, "The finding, in a sentence."]
    detected_at: Annotated[datetime, "When it was detected."]
    cleared_at: Annotated[datetime | None, "When it was cleared, null while it is open."]
    stream: Annotated[str, "Stream of the order in the log."]


ANOMALIES = Table(
    "anomalies",
    "One row per anomaly ever detected.",
    ("position",),
    AnomalyRow,
    ("position",),
    (("stream", "code"),),
    ("detected_at",),
    version=11,
)


def anomaly_row(order: Order, recorded: Recorded, event: AnomalyDetected) -> AnomalyRow:
    """The columns of `tables.ANOMALIES` for an anomaly that is open."""
    return {
        "position": recorded.position or 0,
        "account": order.account,
        "client_order_id": order.client_order_id,
        "code": event.code.value,
        "detail": event.detail,
        "detected_at": recorded.recorded_at,
        "cleared_at": None,
        "stream": recorded.stream,
    }
