"""The version of the tables and of the stored events, and the fence of writers of an older one.

An upgrade replaces what every append runs in its own transaction: on SQLite the trigger on the log,
on PostgreSQL the function that appends. The trigger names a function which only connections of this
version have, so that no other can even prepare its statement. The function in PostgreSQL takes the
number of the writer. Neither reads anything.
"""

import re

from orderledger.infrastructure.errors import StoreVersion

SCHEMA_VERSION = 10
"""Version of the tables, their functions and the stored events. Raised with every change of these;
CHANGELOG.md says what changed. The contents of each view have a version of their own:
`Table.version`."""

NEW_EVENTS: dict[int, tuple[str, ...]] = {
    9: (
        "transfer_recorded.v1",
        "instrument_renamed.v1",
        "settlement_busted.v1",
        "instrument_settled.v1",
        "instrument_settled.v1.into",
        "instrument_split.v1",
        "instrument_split.v1.cash_in_lieu",
        "anomaly_detected.v1.code=balance_conflict",
        "anomaly_detected.v1.code=kind_conflict",
        "anomaly_detected.v1.code=transfer_id_reused",
        "anomaly_detected.v1.code=child_filled_first",
        "anomaly_detected.v1.code=children_exceed_parent",
        "anomaly_detected.v1.code=oco_both_filled",
        "anomaly_detected.v1.code=terms_before_split",
        "anomaly_cleared.v1.code=terms_before_split",
        "anomaly_cleared.v1.code=balance_conflict",
        "anomaly_cleared.v1.code=kind_conflict",
        "anomaly_cleared.v1.code=transfer_id_reused",
        "anomaly_cleared.v1.code=child_filled_first",
        "anomaly_cleared.v1.code=children_exceed_parent",
        "anomaly_cleared.v1.code=oco_both_filled",
        "balance_reported.v1.amount",
        "balance_reported.v1.currency",
        "fill_corrected.v1.fees",
        "fill_corrected.v1.leg",
        "fill_recorded.v1.fees",
        "fill_recorded.v1.leg",
        "instrument_defined.v1.base",
        "instrument_defined.v1.kind",
        "instrument_defined.v1.quote",
        "instrument_defined.v1.settlement",
        "position_adjusted.v1.amount",
        "position_adjusted.v1.cause",
        "position_adjusted.v1.currency",
        "reconciliation_certified.v1.balances",
        "reconciliation_certified.v1.not_reported",
        "order_replaced.v1.display_quantity",
        "order_replaced.v1.quote_quantity",
        "order_replaced.v1.trail_offset",
        "order_replaced.v1.trail_offset_type",
        "order_replaced.v1.trigger_source",
        "order_requested.v1.order_type=take_profit",
        "order_requested.v1.order_type=take_profit_limit",
        "order_requested.v1.legs",
        "order_requested.v1.display_quantity",
        "order_requested.v1.quote_quantity",
        "order_requested.v1.trail_offset",
        "order_requested.v1.trail_offset_type",
        "order_requested.v1.trigger_source",
        "order_restated.v1.display_quantity",
        "order_restated.v1.quote_quantity",
        "order_restated.v1.trail_offset",
        "order_restated.v1.trail_offset_type",
        "order_restated.v1.trigger_source",
        "proposal_made.v1.order_type=take_profit",
        "proposal_made.v1.order_type=take_profit_limit",
        "proposal_made.v1.legs",
        "proposal_made.v1.display_quantity",
        "proposal_made.v1.quote_quantity",
        "proposal_made.v1.trail_offset",
        "proposal_made.v1.trail_offset_type",
        "proposal_made.v1.trigger_source",
        "replace_requested.v1.display_quantity",
        "replace_requested.v1.quote_quantity",
        "replace_requested.v1.trail_offset",
        "replace_requested.v1.trail_offset_type",
        "replace_requested.v1.trigger_source",
        "links.kind",
        "reported.order_type=take_profit",
        "reported.order_type=take_profit_limit",
    ),
    10: (
        "order_submitted.v1.request_expires_at",
        "replace_requested.v1.request_expires_at",
        "trading_halted.v1.mode",
        "trading_halted.v1.resumes",
        "trading_resumed.v1.halt_reason",
    ),
}
"""Events that versions before this schema cannot read: new names, new fields as `NAME.FIELD`, new
words as `NAME.FIELD=WORD`. `tests/core/test_shapes.py` compares them with all that is stored."""

FENCE = "needs_schema_"
"""Begins the function of a connection to SQLite, and the error for a writer of an older version."""

_NEEDED = re.compile(rf"{FENCE}([0-9]+)")


def outdated_writer(error: Exception) -> StoreVersion | None:
    """The error for a writer that is older than the store, if the database refused it as such."""
    needed = _NEEDED.search(str(error))
    if needed is None or int(needed[1]) <= SCHEMA_VERSION:
        return None
    return StoreVersion(
        f"a newer version has upgraded this ledger to schema {needed[1]}, and this process writes "
        f"schema {SCHEMA_VERSION}: nothing was stored. Stop it, install the newer version and "
        "start it again"
    )


def new_events(since: int) -> list[str]:
    """Names, fields and words that a version with the schema `since` cannot read."""
    return [name for number, names in NEW_EVENTS.items() if number > since for name in names]
