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
"""Followed by the leg's id: the venue's ids of an order's legs are names of that order."""

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
changes no order; of the statuses that change nothing, `pending_new` claims the least.
"""

SAYS_MORE = frozenset({"held", "accepted_for_bidding", "calculated", "submitted", "error"})
"""Words that are more precise than the message: kept as `reason`."""

WORKING = frozenset({"open", "partially_filled", "accepted_for_bidding"})
UNFILLED_ENDS = frozenset({"canceled", "expired", "rejected", "error"})
ENDS = UNFILLED_ENDS | {"filled"}
HAS_WORKED = WORKING | {"filled", "canceled", "expired"}
"""Statuses for which the row's prices are in force, or were until the end. The prices of a
waiting or refused order are only a request.
"""
HAS_LEAVES = WORKING | {"filled"}
"""Statuses for which Tradier does not document `remaining_quantity`, such as after a cancel or
before routing: it is not claimed.
"""

ROW_HAS_MORE = frozenset({"filled", "rejected", "error"})
"""Statuses for which the order's row has more than an event: the prices, or the reason."""

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
"""Several orders sent as one: some of their quantities may never be filled."""

STANDARD_OPTION = re.compile(r"[A-Z]{1,6}[0-9]{6}[CP][0-9]{8}", re.ASCII)
"""Root, expiry, call or put, strike. An adjusted option has a digit in its root, and its
deliverable is not known.
"""
SHARE = re.compile(r"[A-Z]{1,6}([./][A-Z]{1,2})?", re.ASCII)
OPTION_MULTIPLIER = Decimal(100)
CURRENCY = "USD"
