"""Judgements of the ledger about an order: anomalies, and the order that a report belongs to."""

from typing import TYPE_CHECKING, ClassVar

from orderledger.domain.orders.events import OrderJudgement
from orderledger.domain.orders.when import When
from orderledger.domain.values import Anomaly

if TYPE_CHECKING:
    from orderledger.domain.orders.order import Order


class AnomalyDetected(OrderJudgement, frozen=True, kw_only=True):
    """Anomaly detected. `detail` describes it in a sentence."""

    stored_name: ClassVar[str] = "anomaly_detected.v1"
    code: Anomaly
    detail: str

    def apply(self, order: "Order", when: When) -> None:
        order.raised[self.code] = self.detail


class AnomalyCleared(OrderJudgement, frozen=True, kw_only=True):
    """Anomaly cleared: it no longer exists."""

    stored_name: ClassVar[str] = "anomaly_cleared.v1"
    code: Anomaly

    def apply(self, order: "Order", when: When) -> None:
        order.raised.pop(self.code, None)


class EvidenceForgotten(OrderJudgement, frozen=True, kw_only=True):
    """Evidence and text of the earlier events of this stream were deleted. The order is as
    before."""

    stored_name: ClassVar[str] = "evidence_forgotten.v1"
    reason: str

    def apply(self, order: "Order", when: When) -> None:
        return


class OrderAttributed(OrderJudgement, frozen=True, kw_only=True):
    """The reports of this unknown order belong to the order in stream `to`, and are recorded
    there."""

    stored_name: ClassVar[str] = "order_attributed.v1"
    to: str

    def apply(self, order: "Order", when: When) -> None:
        order.attributed_to = self.to
