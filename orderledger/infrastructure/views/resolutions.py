"""An operator's decision whether an order arrived at the venue, or where the venue has it, as a
message."""

from typing import Any

from orderledger.domain.orders.order import Order
from orderledger.domain.values import later
from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.messages.outcome import Outcome
from orderledger.infrastructure.messages.registry import Acknowledged, Deny, Message
from orderledger.projections.orders import OrderRow
from orderledger.projections.recovery import has_unknown_arrival, has_vanished

NEVER_ARRIVED = "never_arrived"
NOT_IN_DOUBT = "not_in_doubt"
RECORD_END = (
    "If the venue shows that it has ended, record that: the report `canceled` with the source "
    "`operator`"
)


def decision_on(
    row: OrderRow, order: Order, worked_as: str | None, fields: dict[str, Any]
) -> Message | Outcome:
    """The message that an operator's decision is, or why it is refused. `worked_as`: the venue's
    id; None: it never arrived."""
    is_found = worked_as is not None and has_vanished(order)
    if not (has_unknown_arrival(order) or is_found):
        return Outcome("refused", reason=NOT_IN_DOUBT, text=_not_in_doubt(row, order))
    if is_found:
        fields["at"] = later(order.absent_at, fields["at"])
    names = {
        "account": row["account"],
        "client_order_id": row["client_order_id"],
        "source": "operator",
    }
    if worked_as is not None:
        return Acknowledged(**{**names, **fields}, venue_order_id=worked_as)
    return Deny(**{**names, "reason": NEVER_ARRIVED, **fields}, never_arrived=True)


def check_decision(never_arrived: bool, worked_as: str | None) -> None:
    """Raise InvalidSetting unless exactly one of the two is decided."""
    if never_arrived == (worked_as is not None):
        raise InvalidSetting(
            "never_arrived",
            "decide one of the two: never_arrived, or worked_as with the venue's id",
        )


def _not_in_doubt(row: OrderRow, order: Order) -> str:
    name = row["client_order_id"] or row["venue_order_id"]
    if has_vanished(order):
        return (
            f"the venue has shown {name}, so it arrived: {order.summary}. If the venue has it, "
            f"give its id as worked_as. {RECORD_END}"
        )
    if not order.is_requested:
        return (
            f"{name} was not requested here: what the venue reports of it is all that is known, "
            f"{order.summary}"
        )
    if order.is_ended or order.confirmed_at is not None:
        known = f"{name} has ended" if order.is_ended else f"the venue has shown {name}"
        return (
            f"{known}: {order.summary}. An operator decides whether a new order arrived, or where "
            f"one works that the venue no longer knows{'' if order.is_ended else f'. {RECORD_END}'}"
        )
    return f"{name} was never sent: {order.summary}"
