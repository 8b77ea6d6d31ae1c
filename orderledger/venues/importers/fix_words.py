"""FIX codes, and the ledger's words for them. Source: the public FIX 4.2 and 4.4 specifications."""

from orderledger.extend.messages import registry

SIDES = {"1": "buy", "2": "sell", "3": "buy", "4": "sell", "5": "sell", "6": "sell"}
"""Side (54): 3 buy minus, 4 sell plus, 5 sell short, 6 sell short exempt."""

SIDES_OF_ORDERS = {**SIDES, "B": "buy", "C": "sell"}
"""The same, and those of combinations: B as defined, C opposite: the legs have the sides that they
state, or the others."""

PUT_OR_CALL = {"0": "P", "1": "C"}
"""PutOrCall (201) and LegPutOrCall (1358)."""

ORDER_TYPES = {"1": "market", "2": "limit", "3": "stop", "4": "stop_limit", "J": "take_profit"}
"""OrdType (40); all others are `other`, but P (pegged) with PegPriceType (1094) 8."""

TRAIL_OFFSET_TYPES = {"0": "amount", "4": "percent"}
"""PegOffsetType (836), by default 0. 4 is of 5.0."""

TRIGGER_SOURCES = {"2": "last"}
"""TriggerPriceType (1107). The others are bid and offer prices."""

TIMES_IN_FORCE = {"0": "day", "1": "gtc", "3": "ioc", "4": "fok", "6": "gtd"}
"""TimeInForce (59)."""

STATUSES = {
    "0": "new",
    "1": "partially_filled",
    "2": "filled",
    "3": "done_for_day",
    "4": "canceled",
    "5": "new",
    "6": "pending_cancel",
    "7": "stopped",
    "8": "rejected",
    "9": "suspended",
    "A": "pending_new",
    "C": "expired",
    "E": "pending_replace",
}
"""OrdStatus (39). 5 (replaced) exists only in 4.2: the order works."""

EXEC_TYPES = {
    "0": {"1": "F", "2": "F"},
    "1": dict.fromkeys("0123456789ABCDEFGHI", "H"),
    "2": dict.fromkeys("0123456789ABCDEFGHI", "G"),
    "3": dict.fromkeys("0123456789ABCDEFGHI", "I"),
}
"""ExecTransType (20, of 4.2) -> ExecType (150) -> ExecType of 4.4."""

REPORT_TYPES = {
    getattr(model.fact, "exec_type", ""): kind for kind, model in registry.MESSAGES.items()
}
"""ExecType -> message."""

PLAIN_REPORTS = frozenset("4C397L")
"""ExecTypes of reports that need nothing else: ends, pauses, a triggered stop."""

FIXED_STATES = {
    "A": {"status": "pending_new"},
    "6": {"pending": "cancel"},
    "E": {"pending": "replace"},
}
"""ExecType -> fields of a `status_observed`."""

LIQUIDITY = {"1": "maker", "2": "taker"}
"""LastLiquidityInd (851). 3 (routed out) is neither."""

ORDER_REJECT_REASONS = {
    "1": "unknown_symbol",
    "2": "exchange_closed",
    "3": "exceeds_limit",
    "4": "too_late",
    "5": "unknown_order",
    "6": "duplicate_order",
    "8": "stale_order",
    "11": "unsupported",
    "13": "wrong_quantity",
    "15": "unknown_account",
}
"""OrdRejReason (103)."""

CANCEL_REJECT_REASONS = {
    "0": "too_late",
    "1": "unknown_order",
    "2": "broker_option",
    "3": "already_pending",
    "6": "duplicate_order",
}
"""CxlRejReason (102)."""
