"""For each field of an order, the last event that changed it."""

from collections.abc import Iterable, Mapping

from orderledger.audit.figure_parts import part
from orderledger.audit.rows import PartRow
from orderledger.extend.events import Order, Recorded, evolve
from orderledger.extend.views import order_row

FIELDS = (
    "status", "pending", "certainty", "ended_at", "reason", "instrument", "side", "order_type",
    "time_in_force", "expire_at",
    "quantity", "limit_price", "stop_price", "quote_quantity", "display_quantity",
    "trail_offset", "trail_offset_type", "trigger_source",
    "cum_quantity", "leaves_quantity", "average_price",
    "venue_order_id",
    "working_client_order_id", "anomalies",
)  # fmt: skip
"""The fields that are explained."""


def changes_of_order(stream: str, events: Iterable[Recorded], anomalies: object) -> list[PartRow]:
    """A part per field that has a value: the event that gave it that value. `anomalies`: those of
    the order, with what other orders of its group add."""
    order = Order.of(stream)
    before: Mapping[str, object] = order_row(stream, order, 0)
    last: dict[str, Recorded] = {}
    for recorded in events:
        evolve(order, recorded.event, recorded.when)  # type: ignore[arg-type]
        after: Mapping[str, object] = order_row(stream, order, recorded.version)
        last |= {name: recorded for name in FIELDS if after[name] != before[name]}
        before = after
    return [
        part(
            name,
            "term",
            value=anomalies if name == "anomalies" else before[name],
            client_order_id=before["client_order_id"],
            at=event.at,
            position=event.position,
        )
        for name, event in last.items()
        if before[name] not in (None, [])
    ]
