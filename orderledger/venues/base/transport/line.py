"""One websocket connection: its frames, and the last moment at which it worked."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from websockets.asyncio.client import ClientConnection

AWAY_SECONDS = 0.1
"""If a consumer took this long for a frame, later frames may have waited in the buffer."""
CAUGHT_UP_SECONDS = 0.005
"""A frame that took this long to arrive had not waited in the buffer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The connection was made, and `greet` succeeded, at `at`."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame from the venue, read at `at`."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The connection has ended. `at` is the time of its last frame, or of its opening: messages
    may be missing from then on. A frame that had waited in the buffer does not move `at`.
    """

    at: datetime
    reason: str


Event = Opened | Frame | Closed


class Line:
    """One connection. `well_at` is the last moment at which it worked."""

    def __init__(
        self, connection: ClientConnection, *, quiet_for: float, now: Callable[[], datetime]
    ) -> None:
        self.connection = connection
        self.well_at = now()
        self.is_alive = False
        self._quiet_for = quiet_for
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._opened = self._handed_on = self._loop.time()
        self._is_behind = False

    async def next(self) -> Frame:
        """The next frame. Raises ConnectionClosed, or TimeoutError after too long a silence."""
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
        self.is_alive = True
        return Frame(
            text=received if isinstance(received, str) else received.decode("utf-8", "replace"),
            at=at,
        )

    @property
    def lasted(self) -> float:
        """Seconds since the connection was opened."""
        return self._loop.time() - self._opened
