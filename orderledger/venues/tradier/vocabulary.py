"""Tradier's words, as data: statuses, sides, order types, durations, classes, option symbols."""

import re
from decimal import Decimal

from orderledger import Acknowledge, Cancel, Expire, OrderType, Reject, Side, TimeInForce
from orderledger import OrderStatus as Status
from orderledger import Status as StatusReport
from orderledger.extend.messages import Report

NAME = "tradier"
TAG_ALIAS = "tradier.tag"
"""The alias under which an order is recorded before it is sent: Tradier's `tag`."""

LEG_ALIAS = "tradier.leg_id."
"""With the leg's id behind it: the venue's ids of the legs of an order are names of that order."""

STATUSES: dict[str, tuple[type[Report], Status]] = {
    "pending": (StatusReport, Status.PENDING_NEW),
    "submitted": (StatusReport, Status.PENDING_NEW),
    "held": (StatusReport, Status.PENDING_NEW),
    "open": (Acknowledge, Status.NEW),
    "accepted_for_bidding": (Acknowledge, Status.NEW),
    "partially_filled": (Acknowledge, Status.PARTIALLY_FILLED),
    "filled": (StatusReport, Status.FILLED),
    "canceled": (Cancel, Status.CANCELED),
    "expired": (Expire, Status.EXPIRED),
    "rejected": (Reject, Status.REJECTED),
    "error": (Reject, Status.REJECTED),
    "calculated": (StatusReport, Status.PENDING_NEW),
}
"""The message for a status, and the ledger's word for it. `calculated` is about settlement and
moves no order: of what changes nothing, `pending_new` says the least."""

SAYS_MORE = frozenset({"held", "accepted_for_bidding", "calculated", "submitted", "error"})
"""Words that say more than what they are mapped to: kept as `reason`."""

WORKING = frozenset({"open", "partially_filled", "accepted_for_bidding"})
UNFILLED_ENDS = frozenset({"canceled", "expired", "rejected", "error"})
ENDS = UNFILLED_ENDS | {"filled"}
HAS_WORKED = WORKING | {"filled", "canceled", "expired"}
"""The prices in the row of such an order are in force, or were to the end. Those of one that waits
or was refused are a wish."""
TELLS_LEAVES = WORKING | {"filled"}
"""What `remaining_quantity` is after a cancel, or before an order is routed, Tradier does not say:
it is not claimed."""

TELLS_MORE = frozenset({"filled", "rejected", "error"})
"""Of an order that has come to this, its row tells more than an event: the prices, or the
reason."""

SIDES = {
    "buy": Side.BUY,
    "buy_to_cover": Side.BUY,
    "buy_to_open": Side.BUY,
    "buy_to_close": Side.BUY,
    "sell": Side.SELL,
    "sell_short": Side.SELL,
    "sell_to_open": Side.SELL,
    "sell_to_close": Side.SELL,
}

ORDER_TYPES = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "stop": OrderType.STOP,
    "stop_limit": OrderType.STOP_LIMIT,
    "debit": OrderType.OTHER,
    "credit": OrderType.OTHER,
    "even": OrderType.OTHER,
}
NET_PRICED = frozenset({"debit", "credit", "even"})
"""Types that only an order with legs can have: its price and quantity are those of the spread."""

DURATIONS = {
    "day": TimeInForce.DAY,
    "pre": TimeInForce.DAY,
    "post": TimeInForce.DAY,
    "gtc": TimeInForce.GTC,
}
"""`pre` and `post` are sessions of the day: the evidence says which."""

SPREADS = frozenset({"multileg", "combo"})
"""One trade in several instruments: all legs fill together."""
GROUPS = frozenset({"oto", "oco", "otoco"})
"""Several orders sent as one: of their quantities not all may come to be filled."""

STANDARD_OPTION = re.compile(r"[A-Z]{1,6}[0-9]{6}[CP][0-9]{8}", re.ASCII)
"""Root, expiry, call or put, strike. An adjusted option has a digit in its root, and what it
delivers is its own affair."""
SHARE = re.compile(r"[A-Z]{1,6}([./][A-Z]{1,2})?", re.ASCII)
OPTION_MULTIPLIER = Decimal(100)
CURRENCY = "USD"
