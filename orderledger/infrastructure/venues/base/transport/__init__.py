"""Connections to venues: HTTP with attempts and a rate limit, and a websocket that reconnects."""

from orderledger.infrastructure.secrecy import Secrecy
from orderledger.infrastructure.venues.base.transport.backoff import Backoff
from orderledger.infrastructure.venues.base.transport.ending import Ended, ended, happens_within
from orderledger.infrastructure.venues.base.transport.http import Http
from orderledger.infrastructure.venues.base.transport.rate_limiter import RateLimiter
from orderledger.infrastructure.venues.base.transport.text import parsed, parsed_first
from orderledger.infrastructure.venues.base.transport.websocket import (
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
    "RateLimiter",
    "Secrecy",
    "Send",
    "Socket",
    "ended",
    "happens_within",
    "parsed",
    "parsed_first",
]
