"""Twenty odd orders: for each the messages, with the time at which each is recorded.

`said(when, type, **fields)`: a message recorded at second `when` after nine o'clock. It happened
then, unless it says `at`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Said = tuple[float, dict[str, Any]]

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TERMS: dict[str, Any] = {
    "instrument": "BTC-USD",
    "side": "buy",
    "quantity": "10",
    "order_type": "limit",
    "limit_price": "100",
}


def moment(second: float) -> str:
    return (START + timedelta(seconds=second)).isoformat()


def said(
    when: float, type_: str, /, *, at: float | None = None, order: str | None = "C-1", **fields: Any
) -> Said:
    names = {} if order is None else {"client_order_id": order}
    return when, {
        "type": type_,
        "account": "sim:main",
        "at": moment(when if at is None else at),
        **names,
        **fields,
    }


def request(when: float = 0, **fields: Any) -> Said:
    return said(when, "request", **{**TERMS, "time_in_force": "gtc", **fields})


def fill(when: float, fill_id: str, quantity: str, price: str = "100", **fields: Any) -> Said:
    return said(
        when,
        "fill",
        **{
            "fill_id": fill_id,
            "quantity": quantity,
            "price": price,
            "fee": "0.1",
            "fee_currency": "USD",
            **fields,
        },
    )


def working(**fields: Any) -> list[Said]:
    return [
        request(**fields),
        said(0.2, "submit"),
        said(0.35, "acknowledged", venue_order_id="V-1"),
    ]


ODD_ORDERS: dict[str, list[Said]] = {
    "overfill": [*working(), fill(1, "F-1", "7"), fill(2, "F-2", "4", "99.5")],
    "fill_after_cancel": [
        *working(),
        said(5, "request_cancel", request_id="Q-1", actor="anna", source="operator", reason="risk"),
        said(5.4, "canceled", reason="client"),
        fill(65, "F-1", "3", at=5.2),
        fill(66, "F-2", "1", at=6),
    ],
    "deny_then_fill": [
        request(),
        said(0.1, "deny", reason="max_notional", text="1000 USD is over the limit of 500 USD"),
        fill(2, "F-1", "10"),
    ],
    "bust_of_the_last_fill": [
        *working(),
        fill(1, "F-1", "6"),
        fill(2, "F-2", "4", "101"),
        said(600, "fill_busted", fill_id="F-2", reason="clearly_erroneous"),
    ],
    "correction_chain": [
        *working(),
        fill(1, "F-1", "5"),
        said(300, "fill_corrected", fill_id="F-2", corrects="F-1", quantity="5", price="99"),
        said(7500, "fill_corrected", fill_id="F-3", corrects="F-2", quantity="4", price="99",
        reason="allocation"),
    ],
    "replace_race": [
        *working(),
        said(3, "request_replace", quantity="12", limit_price="101",
        replacement_client_order_id="C-1b", request_id="Q-1"),
        fill(3.1, "F-1", "10"),
        said(3.2, "replace_rejected", request_id="Q-1", reason="too_late"),
    ],
    "replaced_by_less": [
        *working(),
        fill(1, "F-1", "6"),
        said(3, "request_replace", quantity="5", request_id="Q-1"),
        said(3.2, "replaced", quantity="6", venue_order_id="V-2"),
    ],
    "unknown_order_adopted": [
        fill(1, "F-1", "2", order=None, venue_order_id="V-7", instrument="BTC-USD", side="sell"),
        said(4, "canceled", order=None, venue_order_id="V-7", reason="liquidation"),
    ],
    "late_id_mapping": [
        request(),
        said(0.2, "submit"),
        fill(0.5, "F-1", "2", order=None, venue_order_id="V-1", instrument="BTC-USD", side="buy",
        evidence={"tid": 7}),
        said(30, "acknowledged", at=0.3, venue_order_id="V-1"),
    ],
    "unresolved_then_working": [
        request(),
        said(0.2, "submit"),
        said(5.2, "unresolved", reason="timeout"),
        said(20, "status_observed", status="new", venue_order_id="V-1", source="venue_poll"),
        fill(25, "F-1", "10"),
    ],
    "unresolved_and_absent": [
        request(),
        said(0.2, "submit"),
        said(5.2, "unresolved", reason="dropped_connection"),
        said(20, "absent", source="reconciliation"),
    ],
    "expired": [
        *working(time_in_force="gtd", expire_at=moment(3600)),
        fill(9, "F-1", "1"),
        said(3600, "expired"),
    ],
    "stop_triggered": [
        *working(order_type="stop_limit", stop_price="98", side="sell", limit_price="97"),
        said(50, "triggered"),
        fill(51, "F-1", "10", "97.5", liquidity="taker"),
    ],
    "suspended_and_resumed": [
        *working(),
        said(10, "suspended", reason="volatility_halt"),
        said(310, "resumed"),
        fill(320, "F-1", "10"),
    ],
    "restated": [*working(), said(86_400, "restated", quantity="8", reason="corporate_action")],
    "fill_id_reused": [*working(), fill(1, "F-1", "2"), fill(2, "F-1", "3"), fill(3, "F-1", "2",
    at=1, liquidity="maker")],
    "canceled_without_reason": [*working(), said(77, "canceled")],
    "venue_claims_more": [
        *working(),
        fill(1, "F-1", "2", reported={"cum_quantity": "4", "status": "partially_filled"}),
        fill(9, "F-2", "2", at=0.9),
    ],
    "done_for_the_day": [*working(time_in_force="day"), fill(5, "F-1", "1"), said(30_000,
    "done_for_day")],
    "reinstated": [*working(), said(5, "canceled", reason="self_trade"), said(60, "reinstated"),
    fill(61, "F-1", "10")],
    "rejected_as_duplicate": [
        request(),
        said(0.2, "submit"),
        said(5, "unresolved", reason="timeout"),
        said(6, "absent"),
        said(7, "submit"),
        said(7.2, "rejected", reason="duplicate_order"),
        said(9, "status_observed", status="new", venue_order_id="V-1", source="venue_poll"),
    ],
    "cancel_refused": [
        *working(),
        said(5, "request_cancel", request_id="Q-1"),
        said(5.2, "cancel_rejected", request_id="Q-1", reason="unknown_order"),
        said(9, "status_observed", status="held", source="venue_poll"),
    ],
    "proposed_and_approved": [
        said(0, "propose", order=None, proposal_id="P-1", kind="entry", strategy="condor", **TERMS),
        said(40, "approve", order=None, proposal_id="P-1", actor="anna", source="operator",
        reason="plan"),
        request(41, links={"proposal_id": "P-1", "role": "entry", "trade_id": "T-1"},
        strategy="condor", causation_id="P-1"),
        said(41.2, "submit", correlation_id="morning"),
        said(41.3, "acknowledged", at=43.3, venue_order_id="V-1"),
        fill(44, "F-1", "10"),
    ],
}  # fmt: skip
"""By name: what is recorded, in this order."""

NAMES: dict[str, str] = {"unknown_order_adopted": "V-7"}
"""The order's id, where it is not C-1."""


class SetClock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment


def record(
    record_one: Callable[[dict[str, Any]], Any], clock: SetClock, messages: list[Said]
) -> None:
    """Record each message at its time."""
    for when, message in messages:
        clock.moment = START + timedelta(seconds=when)
        outcome = record_one(message)
        assert outcome.outcome == "recorded", (message, outcome)
