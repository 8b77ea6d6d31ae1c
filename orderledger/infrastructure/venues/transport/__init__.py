"""How adapters reach their venues: HTTP that tries again within a budget, and a websocket that comes back."""

from orderledger.infrastructure.venues.transport.backoff import Backoff
from orderledger.infrastructure.venues.transport.budget import Budget
from orderledger.infrastructure.venues.transport.ending import Ended, ended, happens_within
from orderledger.infrastructure.venues.transport.http import Http
from orderledger.infrastructure.venues.transport.secrecy import Secrecy
from orderledger.infrastructure.venues.transport.text import parsed, parsed_first
from orderledger.infrastructure.venues.transport.websocket import Closed, Event, Frame, Opened, Send, Socket

__all__ = [
    "Backoff",
    "Budget",
    "Closed",
    "Ended",
    "Event",
    "Frame",
    "Http",
    "Opened",
    "Secrecy",
    "Send",
    "Socket",
    "ended",
    "happens_within",
    "parsed",
    "parsed_first",
]
