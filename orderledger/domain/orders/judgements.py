"""Judgements of the ledger about an order: anomalies, and the order that a report belongs to."""

from typing import Annotated

from msgspec import Meta

from orderledger.domain.orders.events import OrderJudgement
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.when import When
from orderledger.domain.values import Anomaly
from orderledger.domain.wording import because, order_name, with_readable_times

ANOMALIES = {
    Anomaly.OVERFILL: ("more was filled than was ordered", "All fills count."),
    Anomaly.FILL_ID_REUSED: (
        "one fill id came with different numbers",
        "The earlier one counts; the other is kept as evidence.",
    ),
    Anomaly.FILL_AFTER_END: ("a fill happened after the order had ended", "The fill counts."),
    Anomaly.UNKNOWN_ORDER: (
        "the ledger has no request for this order",
        "Its fills count in position and P&L.",
    ),
    Anomaly.QUANTITY_MISMATCH: (
        "a number that the venue claims disagrees with the recorded fills",
        "The fills count.",
    ),
    Anomaly.STATUS_CONFLICT: (
        "the venue contradicts the recorded status",
        "Someone should look at it.",
    ),
    Anomaly.LATE_REPORT: (
        "a report came in after the order's end, about a time before it",
        "It is kept.",
    ),
    Anomaly.UNKNOWN_STATUS: (
        "the venue used a status that the ledger does not know",
        "It changes nothing.",
    ),
    Anomaly.CLIENT_ORDER_ID_REUSED: (
        "one client order id refers to several orders of the venue",
        "Someone should look at it.",
    ),
    Anomaly.VENUE_ORDER_ID_REUSED: (
        "two of our orders carry one id of the venue",
        "Someone should look at it.",
    ),
    Anomaly.TERMS_CONFLICT: (
        "the venue's terms contradict those of the order",
        "Fills count as the venue reported them.",
    ),
    Anomaly.MESSAGE_ID_REUSED: (
        "the message id of an earlier report came with other content",
        "Both reports are recorded.",
    ),
    Anomaly.IMPOSSIBLE_PRICE: (
        "a fill of an inverse instrument has a price of 0 or less",
        "It has no P&L until corrected.",
    ),
    Anomaly.POSITION_SIDE_UNKNOWN: (
        "a fill in hedge mode names no position side",
        "Position and P&L are unknown.",
    ),
    Anomaly.POSITION_SIDE_CONFLICT: (
        "a fill names a position side of a net position",
        "The fill counts in the net position.",
    ),
    Anomaly.KIND_CONFLICT: (
        "the definition of an instrument contradicts itself or its fills",
        "Position and P&L are unknown.",
    ),
    Anomaly.TRANSFER_ID_REUSED: (
        "a transfer has the id of another one with other numbers",
        "The earlier counts.",
    ),
    Anomaly.BALANCE_CONFLICT: (
        "the venue reported two amounts of a currency for one time",
        "None of them counts.",
    ),
    Anomaly.OCO_BOTH_FILLED: (
        "two orders of a one-cancels-the-other group have fills",
        "All fills count.",
    ),
    Anomaly.CHILD_FILLED_FIRST: (
        "an order has a fill before its parent",
        "The fill counts.",
    ),
    Anomaly.CHILDREN_EXCEED_PARENT: (
        "the children of an order filled more than it did",
        "The fills count.",
    ),
    Anomaly.TERMS_BEFORE_SPLIT: (
        "open orders have terms from before a split of their instrument",
        "The venue has not reported whether it adjusted or canceled them.",
    ),
    Anomaly.LOG_WENT_BACK: (
        "the database came back with an older log",
        "Later facts are lost.",
    ),
}
"""For each anomaly: the finding and its consequence."""

ALWAYS_EQUAL = frozenset({Anomaly.FILL_ID_REUSED, Anomaly.UNKNOWN_ORDER})
"""Anomalies whose detail is always the same, and adds nothing."""


class AnomalyDetected(OrderJudgement, frozen=True, kw_only=True):
    """Anomaly detected. `detail` describes it in a sentence."""

    stored_name = "anomaly_detected.v1"
    may_reopen = False
    code: Anomaly
    detail: str

    def apply(self, order: Order, when: When) -> None:
        order.raised[self.code] = self.detail

    def sentence(self, before: Order) -> str:
        found, follows = ANOMALIES[self.code]
        detail = "" if self.code in ALWAYS_EQUAL else f" ({with_readable_times(self.detail)})"
        return f"Anomaly {self.code}: {found}{detail}. {follows}"


class AnomalyCleared(OrderJudgement, frozen=True, kw_only=True):
    """Anomaly cleared: it no longer exists."""

    stored_name = "anomaly_cleared.v1"
    may_reopen = False
    code: Anomaly

    def apply(self, order: Order, when: When) -> None:
        order.raised.pop(self.code, None)

    def sentence(self, before: Order) -> str:
        return f"Anomaly {self.code} is cleared: it no longer holds."


class EvidenceForgotten(OrderJudgement, frozen=True, kw_only=True):
    """Evidence and text of the earlier events of this stream were deleted. The order is as
    before."""

    stored_name = "evidence_forgotten.v1"
    may_reopen = False
    reason: str

    def apply(self, order: Order, when: When) -> None:
        return

    def sentence(self, before: Order) -> str:
        return (
            "The payloads and texts recorded with the order so far were "
            f"deleted{because(self.reason)}. Their hashes remain, for proofs."
        )


class OrderAttributed(OrderJudgement, frozen=True, kw_only=True):
    """The reports of this unknown order belong to the order in stream `to`, and are recorded
    there."""

    stored_name = "order_attributed.v1"
    to: Annotated[
        str, Meta(description="Stream of the order, where the reports are recorded again.")
    ]

    def apply(self, order: Order, when: When) -> None:
        order.attributed_to = self.to

    def sentence(self, before: Order) -> str:
        return f"These reports belong to {order_name(self.to)}. They count there from here on."
