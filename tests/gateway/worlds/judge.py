"""Compares the ledger's file with the venue after the world has healed, by SQL and sums: uses no
code of the ledger."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

from orderledger.simulation.market import OrderStatus, SimulatedOrder
from tests.gateway.worlds.world import ACCOUNT, World

DENIED_LAST = """
SELECT originator_id FROM orderledger_events AS denied WHERE topic LIKE 'order_denied%'
AND NOT EXISTS (
    SELECT 1 FROM orderledger_events AS sent WHERE sent.originator_id = denied.originator_id
    AND sent.topic LIKE 'order_submitted%' AND sent.originator_version > denied.originator_version
)
"""
"""Orders that were denied and not sent again."""
Row = Any
ZERO = Decimal(0)
OPEN = ("new", "partially_filled", "pending_new")


def faults_of(world: World) -> list[str]:
    """All that is wrong, in sentences."""
    with closing(sqlite3.connect(world.database)) as log:
        log.row_factory = sqlite3.Row
        return [
            *world.odd,
            *world.unfinished(),
            *_of_orders(world, log),
            *_of_fills(world, log),
            *_of_positions(world, log),
            *_of_answers(world, log),
            *_of_senders(world, log),
        ]


def _legs(world: World, name: str) -> list[SimulatedOrder]:
    found = world.venue.exchange.orders_by_client_id(ACCOUNT, name)
    return [world.venue.exchange.order(leg) for leg in found[-1].legs] if found else []


def _of_orders(world: World, log: sqlite3.Connection) -> Iterator[str]:
    rows = {
        row["client_order_id"]: row
        for row in log.execute("SELECT * FROM orders WHERE account = ?", (ACCOUNT,))
    }
    for order in world.venue.exchange.orders(ACCOUNT):
        if order.client_id not in rows:
            yield f"{order.client_id} is at the venue and not in the ledger"
    for name, row in rows.items():
        legs = _legs(world, name)
        expected: dict[str, Any] = {"certainty": "confirmed", "cum_quantity": ZERO, "is_open": 0}
        if legs:
            before = sum((leg.filled for leg in legs[:-1]), ZERO)
            last = legs[-1]
            is_open = last.status is OrderStatus.OPEN
            expected |= {"cum_quantity": before + last.filled, "is_open": int(is_open)}
            expected |= {"quantity": before + last.quantity, "status": str(last.status)}
            if is_open:
                expected |= {
                    "status": "partially_filled" if before + last.filled else "new",
                    "limit_price": last.limit_price,
                }
        for column, value in expected.items():
            told = Decimal(row[column]) if isinstance(value, Decimal) else row[column]
            if told != value:
                yield (
                    f"{name}: {column} is {told}, and should be {value}; status {row['status']} "
                    f"{row['reason']}"
                )
        if row["pending"] == "cancel" and row["is_open"]:
            yield f"{name}: its cancel is outstanding"


def _of_fills(world: World, log: sqlite3.Connection) -> Iterator[str]:
    rows = log.execute("SELECT * FROM trades WHERE account = ? AND state = 'active'", (ACCOUNT,))
    told = Counter(
        (
            row["fill_id"],
            row["client_order_id"],
            row["side"],
            Decimal(row["quantity"]),
            Decimal(row["price"]),
        )
        for row in rows
    )
    orders = {order.order_id: order.client_id for order in world.venue.exchange.orders(ACCOUNT)}
    true = Counter(
        (f"T{fill.fill_id}", orders[fill.order_id], str(fill.side), fill.quantity, fill.price)
        for fill in world.venue.exchange.fills(ACCOUNT)
    )
    yield from (f"a fill is missing: {one}" for one in (true - told).elements())
    yield from (f"a fill is not one of the venue's: {one}" for one in (told - true).elements())


def _of_positions(world: World, log: sqlite3.Connection) -> Iterator[str]:
    rows = log.execute(
        "SELECT * FROM positions WHERE account = ? AND method = 'average'", (ACCOUNT,)
    )
    told = {row["instrument"]: Decimal(row["position_quantity"]) for row in rows}
    fills = world.venue.exchange.fills(ACCOUNT)
    for instrument in sorted({*told, *(fill.instrument for fill in fills)}):
        true = sum((fill.signed_quantity for fill in fills if fill.instrument == instrument), ZERO)
        if told.get(instrument, ZERO) != true:
            yield f"the position in {instrument} is {told.get(instrument)}, and should be {true}"


def _of_answers(world: World, log: sqlite3.Connection) -> Iterator[str]:
    """What a gateway told is true at the venue."""
    for name, times in world.sent.items():
        submitted = log.execute(
            "SELECT count(*) FROM orderledger_events WHERE originator_id = ? AND topic LIKE "
            "'order_submitted%'",
            (f"{ACCOUNT}/{name}",),
        ).fetchone()[0]
        if times > submitted:
            yield f"{name} was sent {times} times, and recorded as submitted {submitted} times"
    for (stream,) in log.execute(DENIED_LAST):
        if _legs(world, stream.rpartition("/")[2]):
            yield f"{stream} was recorded as denied, and is at the venue"
    for told in world.told:
        sending = told.sending
        name, legs = sending.client_order_id, _legs(world, sending.client_order_id)
        is_new = told.kind in ("submit", "submit_many", "submit_soon")
        if is_new and sending.state == "denied" and legs and not _is_sent_later(world, name):
            yield f"{name} was denied ({sending.reason}), and is at the venue"
        if sending.reason == "withdrawn" and legs:
            yield f"{name} was told to be canceled before it was sent, and is at the venue"
        if is_new and sending.state == "acknowledged" and not legs:
            yield f"{name} was acknowledged, and is not at the venue"
        if (
            told.kind in ("cancel", "cancel_all")
            and sending.state == "acknowledged"
            and legs
            and not legs[-1].status.is_ended
        ):
            yield f"{name} was told to be canceled, and works at the venue"


def _is_sent_later(world: World, name: str) -> bool:
    """Whether it was denied once and then asked for again."""
    return (
        sum(
            told.sending.client_order_id == name and told.sending.state != "denied"
            for told in world.told
        )
        > 0
    )


def _of_senders(world: World, log: sqlite3.Connection) -> Iterator[str]:
    """A gateway records a submission only between its own change of the sender and the next one."""
    holder = None
    for topic, stream, state in log.execute(
        "SELECT topic, originator_id, state FROM orderledger_events ORDER BY notification_id"
    ):
        if topic.startswith("sender_changed"):
            holder = json.loads(state)
            holder = str(_found(holder, "holder")).rpartition(":")[2]
        elif topic.startswith("order_submitted"):
            name = stream.rpartition("/")[2]
            first = name.partition("-")[0]
            if (
                holder != first
                and world.requests[name].client_order_id == name
                and not _was_repeated(world, name)
            ):
                yield f"{name} was submitted while {holder} was the sender"


def _was_repeated(world: World, name: str) -> bool:
    return any(name in one.bot.repeated for one in world.all)


def _found(document: Any, name: str) -> Any:
    if isinstance(document, dict):
        if name in document:
            return document[name]
        for value in document.values():
            if (found := _found(value, name)) is not None:
                return found
    return None
