"""An event loop in virtual time that is run step by step: it can be paused, and killed between any
two awaits.

One step is one callback, which is what a task does between two awaits. What is meant for another
thread runs at once, so that a seed repeats everything.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from itertools import count
from typing import Any

Loop: Any = asyncio.AbstractEventLoop
"""Of any type: a machine implements what a gateway needs of a loop, and neither sockets nor
processes."""


class Machine(Loop):  # type: ignore[misc]
    """`now`: the virtual time in seconds. `kill_in`: steps left until it is killed. A dead machine
    never runs again.

    `errors`: exceptions that nobody has caught.
    """

    def __init__(self, name: str, now: Callable[[], float]) -> None:
        self.name = name
        self.is_dead = False
        self.paused_until = 0.0
        self.kill_in: int | None = None
        self.errors: list[str] = []
        self._now = now
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = count()

    # For the world

    def is_ready(self) -> bool:
        """Whether there is a step to run now."""
        if self.is_dead or self.paused_until > self._now():
            return False
        while self._timers and (
            self._timers[0][0] <= self._now() or self._timers[0][2].cancelled()
        ):
            self._ready.append(heapq.heappop(self._timers)[2])
        while self._ready and self._ready[0].cancelled():
            self._ready.popleft()
        return bool(self._ready)

    def wakes_at(self) -> float | None:
        """The time of its next step, if it has none now."""
        if self.is_dead or not (self._timers or self._ready):
            return None
        return max(self.paused_until, self._timers[0][0] if not self._ready else 0.0)

    def step(self) -> None:
        """Run one callback."""
        if self.kill_in is not None:
            self.kill_in -= 1
            if self.kill_in < 0:
                self.is_dead = True
                return
        handle = self._ready.popleft()
        asyncio._set_running_loop(self)
        try:
            handle._run()
        finally:
            asyncio._set_running_loop(None)

    # For asyncio

    def time(self) -> float:
        return self._now()

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return not self.is_dead

    def is_closed(self) -> bool:
        return False

    def call_soon(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A canceled timer is passed over when its time comes."""

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(self, coro: Coroutine[Any, Any, Any], **named: Any) -> "asyncio.Task[Any]":
        return asyncio.Task(coro, loop=self, **named)

    def run_in_executor(
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> "asyncio.Future[Any]":
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        if not self.is_dead:
            self.errors.append(f"{context.get('message')}: {context.get('exception')!r}")
