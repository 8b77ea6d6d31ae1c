"""`Turn`: how one request of the gateway waits until it may be sent, and whether it can have left.
`OneByOne`: requests that must follow each other.
"""

import asyncio
import time
from bisect import insort
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from itertools import count

from orderledger.venues.errors import NotSent

WITHDRAWN, NOT_IN_TIME = "withdrawn", "not_sent_in_time"
LONGEST_NAP = 1.0
"""A waiting request looks again after this time, because one before it may have been withdrawn."""


class Turn:
    """How one request of the gateway waits for its turn.

    `is_first`: it overtakes requests that are not (cancels). `seconds`: its patience; a request
    that would wait longer is not sent. `on_wait` and `on_begin` are called when it begins to wait,
    and when it may be sent. `check` is called before: it raises NotSent if the request must not be
    sent any more.

    `has_left`: a request of this turn may have left. `is_prepared`: its order entry has stated that
    nothing has left yet (`prepares`), and not that it hands the request over (`leaves`). An entry
    that states neither may have sent at any time.
    """

    def __init__(self, *, is_first: bool = False, seconds: float | None = None) -> None:
        self.is_first, self.is_waiting, self.has_waited = is_first, False, False
        self.has_left = self.is_prepared = False
        self.on_wait: Callable[[], None] = lambda: None
        self.on_begin: Callable[[], None] = lambda: None
        self.check: Callable[[], None] = lambda: None
        self.charged: list[Callable[[], None]] = []
        self._until = None if seconds is None else time.monotonic() + seconds
        self._withdrawn = asyncio.Event()

    @property
    def remaining(self) -> float | None:
        """Seconds of patience that are left."""
        return None if self._until is None else self._until - time.monotonic()

    def withdraw(self) -> None:
        """End the wait: the request is not sent. Without effect once the turn has begun."""
        self._withdrawn.set()

    async def nap(self, seconds: float, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Wait. Raises NotSent once the request is withdrawn."""
        if not self.is_waiting:
            self.is_waiting = self.has_waited = True
            self.on_wait()
        ended = asyncio.ensure_future(self._withdrawn.wait())
        slept = asyncio.ensure_future(sleep(seconds))
        try:
            await asyncio.wait((ended, slept), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            slept.cancel()
        if self._withdrawn.is_set():
            raise NotSent(WITHDRAWN, "it was canceled before it was sent")

    def end(self) -> None:
        """The request is answered. It counts from now on, because the venue counts it at some
        time before its answer.
        """
        for end in self.charged:
            end()
        self.charged.clear()

    def begin(self) -> None:
        """The request may be sent now."""
        if self.is_waiting:
            self.check()
            self.is_waiting = False
            self.on_begin()

    @property
    def is_unsent(self) -> bool:
        """Whether certainly nothing has left: it waits, or its order entry states it."""
        return not self.has_left and (self.is_waiting or self.is_prepared)


_present: ContextVar[Turn | None] = ContextVar("turn", default=None)


@contextmanager
def taking(turn: Turn | None) -> Iterator[None]:
    """Requests in this block wait as this turn says."""
    token = _present.set(turn)
    try:
        yield
    finally:
        _present.reset(token)
        if turn is not None:
            turn.end()


def present_turn() -> Turn | None:
    """The turn of the request that is being sent here. None for a query."""
    return _present.get()


def prepares() -> None:
    """Note that nothing of the present turn has left yet, until `leaves`. Without effect once a
    request of the turn has left: a batch may be sent in parts.
    """
    turn = _present.get()
    if turn is not None:
        turn.is_prepared = not turn.has_left


def leaves() -> None:
    """Note that a request of the present turn is handed over now: from here on it may arrive."""
    turn = _present.get()
    if turn is not None:
        turn.has_left = True


class OneByOne:
    """Requests of which each is sent after the answer to the one before, such as those with
    consecutive nonces. Those with `Turn.is_first` (cancels) go first. A request that waits has not
    left: it can be withdrawn, and its wait counts as one for its turn.
    """

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: list[tuple[bool, int]] = []
        self._numbers = count()
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def next(self) -> AsyncIterator[None]:
        """Wait until the requests before this one are answered. Raises NotSent for a request that
        is withdrawn, or whose patience ends before.
        """
        turn = _present.get()
        place = (not (turn is not None and turn.is_first), next(self._numbers))
        insort(self._waiting, place)
        try:
            while self._is_taken or self._waiting[0] != place:
                await self._wait(turn)
            self._is_taken = True
        finally:
            self._waiting.remove(place)
            self._wake()
        try:
            if turn is not None:
                turn.begin()
            yield
        finally:
            self._is_taken = False
            self._wake()

    async def _wait(self, turn: Turn | None) -> None:
        changed = self._changed
        if turn is None:
            await changed.wait()
            return
        left = LONGEST_NAP if turn.remaining is None else turn.remaining
        if left <= 0:
            raise NotSent(
                NOT_IN_TIME, "the requests before it were not answered in time: it was not sent"
            )

        async def woken(seconds: float) -> None:
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), seconds)

        await turn.nap(min(left, LONGEST_NAP), woken)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
