"""An operator's decision whether an order arrived at the venue, where the venue has it, or that it
has ended there, as a message."""

from typing import Any

from orderledger.domain.orders.order import Order
from orderledger.domain.values import later
from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.messages.outcome import Outcome
from orderledger.infrastructure.messages.registry import Acknowledged, Canceled, Deny, Message
from orderledger.projections.orders import OrderRow
from orderledger.projections.recovery import has_unknown_arrival, has_vanished

NEVER_ARRIVED = "never_arrived"
NOT_IN_DOUBT = "not_in_doubt"
ONE_OF = "decide one of the three: never_arrived, worked_as with the venue's id, or canceled"
RECORD_END = (
    "If the venue shows that it has ended, record that: the report `canceled` with the source "
    "`operator`"
)


def decision_on(
    row: OrderRow, order: Order, worked_as: str | None, canceled: bool, fields: dict[str, Any]
) -> Message | Outcome:
    """The message that an operator's decision is, or why it is refused. `worked_as`: the venue's
    id. `canceled`: it has ended there. Without both, it never arrived."""
    is_found = (worked_as is not None or canceled) and has_vanished(order)
    is_ended = canceled and _has_disputed_end(order)
    if not (has_unknown_arrival(order) or is_found or is_ended):
        return Outcome("refused", reason=NOT_IN_DOUBT, text=_not_in_doubt(row, order))
    if is_found:
        fields["at"] = later(order.absent_at, fields["at"])
    if is_ended and order.shown is not None:
        fields["at"] = later(order.shown.at, fields["at"])
    names = {
        "account": row["account"],
        "client_order_id": row["client_order_id"],
        "source": "operator",
    }
    if canceled:
        return Canceled(**{**names, **fields})
    if worked_as is not None:
        return Acknowledged(**{**names, **fields}, venue_order_id=worked_as)
    return Deny(**{**names, "reason": NEVER_ARRIVED, **fields}, never_arrived=True)


def check_decision(never_arrived: bool, worked_as: str | None, canceled: bool) -> None:
    """Raise InvalidSetting unless exactly one of the three is decided."""
    if [never_arrived, worked_as is not None, canceled].count(True) != 1:
        raise InvalidSetting("never_arrived", ONE_OF)


def _has_disputed_end(order: Order) -> bool:
    """Whether the venue has reported an end, and has shown the order working at a later time."""
    return not order.is_ended and order.undone_end is not None


def _not_in_doubt(row: OrderRow, order: Order) -> str:
    name = row["client_order_id"] or row["venue_order_id"]
    if _has_disputed_end(order):
        return (
            f"the venue has reported an end of {name}, and shown it working later: "
            f"{order.summary}. If it has ended there, decide canceled"
        )
    if has_vanished(order):
        return (
            f"the venue has shown {name}, so it arrived: {order.summary}. If the venue has it, "
            "give its id as worked_as; if it has ended there, decide canceled"
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
