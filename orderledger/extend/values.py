"""Values that leaves compute with: exact numbers, names of streams, clocks, exposure, and the sides
of positions."""

from orderledger.domain.exact import EXACT, ONE, QUOTIENT, TRAPS, ZERO, plain, short, total
from orderledger.domain.exposure import Interval, Working, interval_of, leaves_with, working_of
from orderledger.domain.values import (
    ENDS,
    DatedBy,
    account_of,
    account_stream,
    alias_text,
    client_order_id_of,
    is_order_stream,
    is_proposal_stream,
    later,
    order_stream,
    proposal_stream,
)
from orderledger.infrastructure.clock import Clock, SteppingClock, SystemClock
from orderledger.projections.instruments import modes_of
from orderledger.projections.sides import (
    HEDGE,
    NAMED,
    NET,
    SIDE_UNKNOWN,
    UNKNOWN,
    Modes,
    Part,
    part_now,
    part_of,
    when,
)

__all__ = [
    "ENDS",
    "EXACT",
    "HEDGE",
    "NAMED",
    "NET",
    "ONE",
    "QUOTIENT",
    "SIDE_UNKNOWN",
    "TRAPS",
    "UNKNOWN",
    "ZERO",
    "Clock",
    "DatedBy",
    "Interval",
    "Modes",
    "Part",
    "SteppingClock",
    "SystemClock",
    "Working",
    "account_of",
    "account_stream",
    "alias_text",
    "client_order_id_of",
    "interval_of",
    "is_order_stream",
    "is_proposal_stream",
    "later",
    "leaves_with",
    "modes_of",
    "order_stream",
    "part_now",
    "part_of",
    "plain",
    "proposal_stream",
    "short",
    "total",
    "when",
    "working_of",
]
