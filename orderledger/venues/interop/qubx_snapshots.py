"""Qubx's positions and account snapshots."""

from collections.abc import Iterable
from datetime import datetime

from orderledger import Message, Source
from orderledger.extend.values import sides
from orderledger.extend.views import Row
from orderledger.venues.interop.context import ObjectContext
from orderledger.venues.interop.objects import ForeignObject
from orderledger.venues.interop.qubx_orders import order_messages, order_names


def position_message(
    given: ForeignObject, context: ObjectContext, at: datetime | None, source: Source | None = None
) -> Message:
    """A position as the venue reports it."""
    quantity = given.needed_number("quantity")
    return context.message(
        "balance",
        at=at or given.moment("last_update_time"),
        instrument=context.instrument(given.needed("instrument")),
        quantity=quantity,
        average_price=given.above_zero("position_avg_price") if quantity else None,
        source=source,
    )


def snapshot_messages(
    given: ForeignObject,
    context: ObjectContext,
    open_orders: Iterable[Row],
    positions: Iterable[Row],
) -> list[Message]:
    """The orders and positions of a snapshot, and the rows missing from its lists. A list that
    is None was not observed.
    """
    at = given.moment("as_of", "timestamp")
    messages: list[Message] = []
    listed_orders, listed_positions = given.parts("open_orders"), given.parts("positions")
    if listed_orders is not None:
        for order in listed_orders:
            messages += order_messages(order, context, source=Source.VENUE_POLL)
        messages += _missing_orders(listed_orders, open_orders, context, at)
    if listed_positions is not None:
        reported = [
            position_message(position, context, at, Source.VENUE_POLL)
            for position in listed_positions
        ]
        messages += reported + _missing_positions(reported, positions, context, at)
    return messages


def _missing_orders(
    listed: list[ForeignObject],
    recorded: Iterable[Row],
    context: ObjectContext,
    at: datetime | None,
) -> list[Message]:
    """`absent` for the recorded open orders that a complete list lacks, unless they are younger
    than the list, or not sent.
    """
    names = {name for order in listed for name in _all_names(order)}
    return [
        context.message(
            "absent", at=at, client_order_id=row["client_order_id"],
            venue_order_id=row["venue_order_id"], aliases=row["aliases"],
            source=Source.VENUE_POLL, reason="not_listed",
        )
        for row in recorded
        if row["account"] == context.account
        and not names & _recorded_names(row)
        and not _is_younger(row, at)
    ]  # fmt: skip


def _all_names(order: ForeignObject) -> set[str]:
    reported = order_names(order)
    return {
        name
        for name in (
            reported["client_order_id"],
            reported["venue_order_id"],
            *reported["aliases"].values(),
        )
        if name
    }


def _recorded_names(row: Row) -> set[str]:
    ids = (
        row["client_order_id"],
        row["working_client_order_id"],
        *row["venue_order_ids"],
        *row["aliases"].values(),
    )
    return {name for name in ids if name}


def _is_younger(row: Row, at: datetime | None) -> bool:
    """Whether, as far as the ledger knows, the order was not at the venue at that time."""
    shown_at = row["acknowledged_at"] or row["submitted_at"] or row["last_fill_at"]
    return shown_at is None or (at is not None and shown_at >= at)


def _missing_positions(
    reported: list[Message], recorded: Iterable[Row], context: ObjectContext, at: datetime | None
) -> list[Message]:
    """A position of 0 for the recorded positions that a complete list lacks."""
    listed = {getattr(message, "instrument", None) for message in reported}
    return [
        context.message(
            "balance",
            at=at,
            instrument=row["instrument"],
            quantity=0,
            source=Source.VENUE_POLL,
            **{
                name: row[name]
                for name in ("position_side", "position_id")
                if row[name] not in (sides.NET, "")
            },
        )
        for row in recorded
        if row["account"] == context.account
        and row["position_quantity"]
        and row["instrument"] not in listed
    ]
