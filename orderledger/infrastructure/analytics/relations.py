"""What can be asked for as a table: every view, the log, and the P&L of each fill."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypedDict

from orderledger.projections.names import ORDER_NAMES
from orderledger.projections.pnl_of_fills import PNL_OF_FILLS
from orderledger.projections.position_tables import INNER
from orderledger.projections.tables import BY_NAME
from orderledger.projections.view import Column, Table, columns_of


class EventColumns(TypedDict):
    """The columns of the log: those of `EventRow`, with JSON as text."""

    position: Annotated[int, "Log position."]
    account: Annotated[str, "Trading account."]
    stream: Annotated[str, "Stream of the event."]
    version: Annotated[int, "Number of the event in its stream."]
    name: Annotated[str, "Name of the event."]
    recorded_at: Annotated[datetime, "When it was recorded."]
    at: Annotated[datetime, "When it happened."]
    source: Annotated[str, "Where it came from."]
    actor: Annotated[str | None, "Who."]
    correlation_id: Annotated[str | None, "Sender's id of what it belongs to."]
    causation_id: Annotated[str | None, "Sender's id of its cause."]
    text: Annotated[str | None, "A sentence."]
    payload: Annotated[dict[str, Any], "Fields of the event."]
    evidence: Annotated[dict[str, Any] | None, "Payload of the venue, as it came."]
    attributed_from: Annotated[dict[str, Any] | None, "Stream and version of the first report, where it came by attribution."]


EVENTS = Table("events", "One row per event: the log.", ("position",), columns_of(EventColumns), ("position",))

NOTIONAL = Column("notional", "number", "Quantity times price, before the multiplier of the instrument.")
"""An additional column of tables with a quantity and a price of fills."""

OF_FILLS = ("trades", PNL_OF_FILLS.name)

RELATIONS: Mapping[str, Table] = {
    **{name: table.public for name, table in BY_NAME.items() if name not in INNER and table is not ORDER_NAMES},
    PNL_OF_FILLS.name: PNL_OF_FILLS,
    EVENTS.name: EVENTS,
}
"""All tables by name, with the columns that a view shows."""


def columns_shown(table: Table) -> tuple[Column, ...]:
    """The columns of a table as `ledger.table` and SQL show it."""
    return (*table.columns, NOTIONAL) if table.name in OF_FILLS else table.columns
