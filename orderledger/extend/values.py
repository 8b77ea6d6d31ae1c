"""Values that leaves compute with: exact numbers, names of streams, clocks, exposure, and the sides
of positions."""

from orderledger.domain import exposure, stream_names
from orderledger.domain.exact import EXACT, ONE, QUOTIENT, ZERO, plain, short, total
from orderledger.domain.values import ENDS, HELD, DatedBy, later
from orderledger.infrastructure.clock import Clock, SteppingClock, SystemClock
from orderledger.projections import sides

__all__ = [
    "ENDS",
    "EXACT",
    "HELD",
    "ONE",
    "QUOTIENT",
    "ZERO",
    "Clock",
    "DatedBy",
    "SteppingClock",
    "SystemClock",
    "exposure",
    "later",
    "plain",
    "short",
    "sides",
    "stream_names",
    "total",
]
