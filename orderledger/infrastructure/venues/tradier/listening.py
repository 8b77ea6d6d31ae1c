"""Listening to Tradier: a sweep of all orders every few seconds, and the stream of events beside it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from orderledger.infrastructure.errors import VenueError
from orderledger.infrastructure.venues.base.translation import Fault, Translation
from orderledger.infrastructure.venues.base.transport import Ended, Frame, Opened, Socket, ended, happens_within, parsed
from orderledger.infrastructure.venues.base.unread import garbled
from orderledger.infrastructure.venues.base.venue import Down, Heard, Told, Up
from orderledger.infrastructure.venues.tradier.asking import Questions
from orderledger.infrastructure.venues.tradier.context import Context
from orderledger.infrastructure.venues.tradier.rows import key_of
from orderledger.infrastructure.venues.tradier.translate import order_ids, translated, translated_orders

MOST_WAITING = 1000


@dataclass(slots=True)
class Line:
    """One account that is polled. `rows`: each row as it was told last, by its id, so that only news is told; `faults`: what
    could not be read of the last ones that were news. `fault`: why its last sweep failed."""

    account: str
    number: str
    well_at: datetime
    is_up: bool = False
    fault: str | None = None
    has_open: bool = True
    rows: dict[str, Any] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Listener:
    """One listening. Ends when its generator is closed, or after `hang_up`."""

    def __init__(
        self,
        *,
        numbers: Mapping[str, str],
        questions: Questions,
        context_of: Callable[[str], Context],
        now: Callable[[], datetime],
        poll_seconds: float,
        idle_seconds: float,
    ) -> None:
        self._lines = {number: Line(account, number, now()) for account, number in numbers.items()}
        self._questions = questions
        self._context_of = context_of
        self._now = now
        self._poll_seconds = poll_seconds
        self._idle_seconds = idle_seconds
        self._queue: asyncio.Queue[Told | BaseException] = asyncio.Queue(MOST_WAITING)
        self._socket: Socket | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._is_ending = False

    async def told(self, socket: Socket | None) -> AsyncGenerator[Told, None]:
        """All that is heard. A fault of our own ends it, and is raised."""
        works = [self._poll(line) for line in self._lines.values()]
        works += [self._follow(socket)] if socket is not None else []
        self._socket, self._tasks = socket, [asyncio.create_task(self._guarded(work)) for work in works]
        try:
            while True:
                one = await self._queue.get()
                if isinstance(one, Ended):
                    return
                if isinstance(one, BaseException):
                    raise one
                yield one
        finally:
            if socket is not None:
                await socket.aclose()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def fault_of(self, number: str) -> str | None:
        """Why the last sweep failed, or the last attempt to follow the stream."""
        return self._lines[number].fault or (self._socket.fault if self._socket is not None else None)

    async def hang_up(self) -> None:
        """Have `told` end: with what has been heard, and the sweeps that have begun."""
        self._is_ending = True
        self._wake_all()
        if self._socket is not None:
            await self._socket.aclose()
        await ended(self._tasks)
        await self._queue.put(Ended())

    async def greet(self, send: Callable[[str], Any]) -> None:
        """Begin a session. Tradier allows one at a time: each connection asks for its own."""
        session = await self._questions.session()
        await send(json.dumps({"events": ["order"], "sessionid": session, "excludeAccounts": []}))

    async def tell(self, told: Told) -> None:
        """What somebody else has to tell whoever listens."""
        await self._queue.put(told)

    async def _guarded(self, work: Any) -> None:
        try:
            await work
        except Exception as error:
            await self._queue.put(error)

    async def _poll(self, line: Line) -> None:
        while not self._is_ending:
            line.wake.clear()
            await self._sweep(line)
            await happens_within(line.wake, self._poll_seconds if line.has_open or not line.is_up else self._idle_seconds)

    async def _sweep(self, line: Line) -> None:
        asked_at = self._now()
        try:
            rows = await self._questions.orders(line.number)
        except VenueError as error:
            await self._is_down(line, str(error))
            return
        if not line.is_up:
            line.is_up, line.fault = True, None
            await self._queue.put(Up(accounts=[line.account], at=asked_at))
        line.well_at = asked_at
        line.has_open = bool(order_ids(rows, is_open_only=True))
        translation = translated_orders(self._news(line, rows), self._context_of(line.account))
        for venue_order_id in translation.questions:
            line.rows.pop(venue_order_id, None)  # asked for again soon, until it lacks nothing
            line.has_open = True
        known, line.faults = line.faults, translation.faults
        await self._tell(line, replace(translation, faults=[one for one in translation.faults if one not in known]))

    async def _is_down(self, line: Line, reason: str) -> None:
        """Said once, with the last moment at which all was well: before the first answer, when the listening began."""
        is_said, line.is_up, line.fault = line.fault is not None, False, reason
        if not is_said:
            await self._queue.put(Down(accounts=[line.account], at=line.well_at, reason=reason))

    @staticmethod
    def _news(line: Line, rows: list[Any]) -> list[Any]:
        """The rows that are not as they were told last."""
        named = {key_of(row): row for row in rows}
        news = [row for key, row in named.items() if line.rows.get(key) != row]
        line.rows = named
        return news

    async def _tell(self, line: Line, translation: Translation) -> None:
        if translation.messages:
            await self._queue.put(Heard(account=line.account, messages=translation.messages))
        await self._tell_faults([line.account], translation.faults)

    async def _tell_faults(self, accounts: Sequence[str], faults: Sequence[Fault]) -> None:
        for one in garbled(accounts, faults, self._now()):
            await self._queue.put(one)

    async def _follow(self, socket: Socket) -> None:
        """The stream. Nothing is told again after a cut: each connection is followed by a sweep."""
        async for event in socket.events():
            if isinstance(event, Opened):
                for line in self._lines.values():
                    line.wake.set()
            elif isinstance(event, Frame):
                for text in event.text.splitlines():
                    await self._hear(text)

    async def _hear(self, text: str) -> None:
        try:
            document = parsed(text)
        except ValueError as fault:
            await self._tell_faults([line.account for line in self._lines.values()], [Fault(str(fault), text)])
            self._wake_all()
            return
        for line in self._about(document):
            if line.is_up:
                await self._hear_event(line, document)
            else:
                line.wake.set()

    def _about(self, document: Any) -> Iterator[Line]:
        """The accounts that an event is about. One that names none may be about any that is kept alone."""
        named = document.get("account") if isinstance(document, dict) else None
        if isinstance(named, (str, int)):
            yield from [line for number, line in self._lines.items() if number == str(named)]
        elif len(self._lines) == 1:
            yield from self._lines.values()

    async def _hear_event(self, line: Line, document: Any) -> None:
        context = self._context_of(line.account)
        translation = translated(document, context)
        await self._tell(line, translation)
        for venue_order_id in translation.questions:
            try:
                rows = await self._questions.order(line.number, venue_order_id)
            except VenueError:
                line.wake.set()  # the sweep will say what is wrong
                return
            answer = translated_orders(rows or [], context)
            await self._tell(line, answer)
            if answer.questions or not rows:
                line.wake.set()
        if translation.faults:
            line.wake.set()

    def _wake_all(self) -> None:
        for line in self._lines.values():
            line.wake.set()
