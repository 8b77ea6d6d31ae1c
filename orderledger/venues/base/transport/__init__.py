"""Connections to venues: HTTP with retries and a rate limit, and a websocket that reconnects."""

from orderledger.venues.base.transport.backoff import Backoff
from orderledger.venues.base.transport.ending import Ended, ended, happens_within
from orderledger.venues.base.transport.http import Http
from orderledger.venues.base.transport.pacing import Pacing, Share, pacing_of
from orderledger.venues.base.transport.rate_limiter import RateLimiter
from orderledger.venues.base.transport.secrecy import Secrecy
from orderledger.venues.base.transport.text import parsed, parsed_first
from orderledger.venues.base.transport.turns import Turn, taking
from orderledger.venues.base.transport.websocket import (
    Closed,
    Event,
    Frame,
    Opened,
    Send,
    Socket,
)

__all__ = [
    "Backoff",
    "Closed",
    "Ended",
    "Event",
    "Frame",
    "Http",
    "Opened",
    "Pacing",
    "RateLimiter",
    "Secrecy",
    "Send",
    "Share",
    "Socket",
    "Turn",
    "ended",
    "happens_within",
    "pacing_of",
    "parsed",
    "parsed_first",
    "taking",
]
