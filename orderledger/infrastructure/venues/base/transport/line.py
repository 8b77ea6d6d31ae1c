"""One websocket connection: what is heard on it, and until when all was well."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from websockets.asyncio.client import ClientConnection

AWAY_SECONDS = 0.1
"""Who takes this long for a frame may find others lying there that came long before."""
CAUGHT_UP_SECONDS = 0.005
"""After so long a wait nothing was lying there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Connected, and greeted, at `at`."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the venue said, read at `at`."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The connection is gone. `at` is the last moment at which a frame was heard on it, or when it was opened: from then on
    something may be missing. A frame that had been lying there, while the last ones were worked on, moves it no further."""

    at: datetime
    reason: str


Event = Opened | Frame | Closed


class Line:
    """One connection, its frames, and `well_at`, the last moment at which all was well."""

    def __init__(self, connection: ClientConnection, *, quiet_for: float, now: Callable[[], datetime]) -> None:
        self.connection = connection
        self.well_at = now()
        self.is_heard_from = False
        self._quiet_for = quiet_for
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._opened = self._handed_on = self._loop.time()
        self._is_behind = False

    async def next(self) -> Frame:
        """The next frame. ConnectionClosed, or TimeoutError after too long a silence."""
        asked = self._loop.time()
        async with asyncio.timeout(self._quiet_for):
            received = await self.connection.recv()
        self._handed_on, before = self._loop.time(), self._handed_on
        if self._handed_on - asked >= CAUGHT_UP_SECONDS:
            self._is_behind = False
        elif asked - before >= AWAY_SECONDS:
            self._is_behind = True
        at = self._now()
        if not self._is_behind:
            self.well_at = at
        self.is_heard_from = True
        return Frame(text=received if isinstance(received, str) else received.decode("utf-8", "replace"), at=at)

    @property
    def lasted(self) -> float:
        """Seconds since it was opened."""
        return self._loop.time() - self._opened
