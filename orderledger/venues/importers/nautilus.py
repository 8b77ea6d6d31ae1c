"""NautilusTrader's reports (`generate_fills_report`, `generate_orders_report`) as CSV files, and
its order events as NDJSON."""

import ast
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from orderledger import InvalidMessage, InvalidSetting, Message
from orderledger.venues.importers.checks import require_known
from orderledger.venues.importers.rows import csv_rows, json_rows
from orderledger.venues.importers.source import (
    Importer,
    LeftOut,
    NothingToRecord,
    Options,
    Row,
    Unreadable,
    row_of,
)
from orderledger.venues.interop.context import ObjectContext
from orderledger.venues.interop.nautilus import ORDER_TYPES, TIMES_IN_FORCE, from_nautilus
from orderledger.venues.interop.objects import ForeignObject

FILLS = {"trade_id", "last_qty", "last_px", "order_side"}
ORDERS = {"side", "quantity", "filled_qty", "status"}
EMPTY = ("", "None", "nan", "NaN", "<NA>")
"""How pandas writes a missing value."""

STATUSES = {
    "ACCEPTED": "new",
    "CANCELED": "canceled",
    "DENIED": "denied",
    "EXPIRED": "expired",
    "FILLED": "filled",
    "PARTIALLY_FILLED": "partially_filled",
    "REJECTED": "rejected",
    "TRIGGERED": "new",
}
ENDS = {"CANCELED": "canceled", "DENIED": "deny", "EXPIRED": "expired", "REJECTED": "rejected"}


def read(path: Path, options: Options) -> Iterator[Row]:
    """The rows of a report or of a file of events."""
    if path.suffix.lower() not in (".csv", ".tsv"):
        for place, document in json_rows(path):
            is_read = not isinstance(document, (Unreadable, LeftOut))
            yield (
                row_of(place, document, partial(_event, document, options)) if is_read else document
            )
        return
    for place, row in csv_rows(path):
        if not isinstance(row, dict):
            yield row
            continue
        given = {name: None if value in EMPTY else value for name, value in row.items()}
        yield row_of(place, row, partial(_translation(path, given), given, options))


def _event(document: Any, options: Options) -> list[Message]:
    messages = from_nautilus(document, account=options.account, instruments=options.instruments)
    if not messages:
        raise NothingToRecord(
            f"is {ForeignObject(document).class_name}, an event without the venue"
        )
    return messages


def _translation(path: Path, row: Mapping[str, Any]) -> Any:
    if row.keys() >= FILLS:
        return _fill
    if row.keys() >= ORDERS:
        return _order
    raise InvalidSetting(
        "FILE",
        f"{path} is not a report of fills or orders: it lacks "
        f"{', '.join(sorted(FILLS - row.keys()))}",
    )


def _fill(row: Mapping[str, Any], options: Options) -> list[Message]:
    """A row of the report of fills: the event, without its type."""
    return _event(
        {**row, "type": "OrderFilled", "reconciliation": str(row.get("reconciliation")) == "True"},
        options,
    )


def _order(row: Mapping[str, Any], options: Options) -> list[Message]:
    """A row of the report of orders: the request, and the order's state."""
    given, context = ForeignObject(row), options.context(row)
    names = {
        "client_order_id": given.identifier("client_order_id"),
        "venue_order_id": given.identifier("venue_order_id"),
    }
    began, when, state = (
        given.moment("ts_init"),
        given.moment("ts_last", "ts_init"),
        given.word("status") or "",
    )
    _check(given, state)
    side, instrument = (
        str(given.needed("side")).lower(),
        context.instrument(given.needed("instrument_id")),
    )
    order_type = ORDER_TYPES.get(given.word("type") or "", "other")
    request = context.message(
        "request",
        at=began,
        client_order_id=names["client_order_id"],
        instrument=instrument,
        side=side,
        quantity=given.needed_number("quantity"),
        order_type=order_type,
        limit_price=given.number("price") if order_type in ("limit", "stop_limit") else None,
        stop_price=given.number("trigger_price"),
        time_in_force=TIMES_IN_FORCE.get(given.word("time_in_force") or ""),
        strategy=given.identifier("strategy_id"),
        tags=_tags(given),
    )
    if state == "INITIALIZED":
        return [request]
    if state == "DENIED":
        return [
            request,
            context.message(
                "deny", at=when, client_order_id=names["client_order_id"], reason="denied"
            ),
        ]
    recorded = [
        request,
        context.message("submit", at=began, client_order_id=names["client_order_id"]),
    ]
    if state == "SUBMITTED":
        return recorded
    return [*recorded, _state(state, given, context, names, when)]


def _check(given: ForeignObject, state: str) -> None:
    """Check that the filled quantity and the rest add up to the order's quantity."""
    numbers = {name: given.number(name) for name in ("quantity", "filled_qty", "leaves_qty")}
    if state == "FILLED":
        require_known("quantity", "filled_qty", numbers, exact=frozenset({"filled_qty"}))
    if state in ("ACCEPTED", "PARTIALLY_FILLED"):
        require_known(
            "quantity",
            "filled_qty + leaves_qty",
            numbers,
            exact=frozenset({"filled_qty", "leaves_qty"}),
        )


def _state(
    state: str, given: ForeignObject, context: ObjectContext, names: dict[str, Any], when: Any
) -> Message:
    filled = given.number("filled_qty")
    reported = {} if filled is None else {"cum_quantity": filled}
    if state in ENDS:
        return context.message(ENDS[state], at=when, **names, reported=reported)
    if state in ("PENDING_CANCEL", "PENDING_UPDATE"):
        pending = "cancel" if state == "PENDING_CANCEL" else "replace"
        return context.message(
            "status_observed", at=when, **names, pending=pending, reported=reported
        )
    return context.message(
        "status_observed",
        at=when,
        **names,
        status=STATUSES.get(state, state.lower()),
        reported=reported,
    )


def _tags(given: ForeignObject) -> dict[str, Any]:
    """The tags of an order: a list, as pandas writes it."""
    text = given.get("tags")
    if text is None:
        return {}
    try:
        found = ast.literal_eval(text) if isinstance(text, str) else text
    except (ValueError, SyntaxError):
        raise InvalidMessage("tags", f"{text[:50]!r} is not a list") from None
    return {"nautilus": json.loads(json.dumps(found))}


NAUTILUS = Importer(
    "nautilus",
    "NautilusTrader's report of fills or of orders as CSV (`.csv`), or its order events as NDJSON.",
    "Fills with fee and liquidity; requests with strategy and tags, and the state of each order; "
    "all content of events.",
    "A report of orders has no fills: import the report of fills after it. Reports have no "
    "refused cancels and no earlier terms.",
    read,
    checked_with="order events that NautilusTrader 1.221.0 makes; its reports are unchecked",
)
