"""The line between a local venue and its client: virtual time, latency, lost answers and dropped
connections.

Every future event is in one queue, ordered by virtual time and then by the order of scheduling.
"""

import copy
import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from orderledger.simulation.local.requests import Delivery, Drop, Event, Message

Fate = Literal["answered", "answer_lost", "request_lost", "request_late"]

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class LineFaults:
    """The kinds of faults and their rates. Rates are chances per call; times are seconds; ranges
    are (least, most).

    The connection drops about every `drop_interval_seconds` (None: only on demand), each time for
    `drop_seconds`.

    A late request arrives `late_seconds` after its client has stopped waiting. The venue executes a
    request up to `engine_seconds` after it was taken. Binance's API waits 10 s for the matching
    engine (rest-api.md, General API Information). Queries do not show an order until
    `listed_after_seconds` after its acceptance (Binance: "Memory => Database"; MEXC: ccxt issue
    21614).
    """

    reject_rate: float = 0.03
    lost_answer_rate: float = 0.03
    latency_seconds: tuple[float, float] = (0.005, 0.15)
    answer_timeout_seconds: float = 5.0
    drop_interval_seconds: float | None = 300.0
    drop_seconds: tuple[float, float] = (2.0, 20.0)
    late_seconds: tuple[float, float] = (0.0, 0.0)
    engine_seconds: float = 0.0
    listed_after_seconds: float = 0.0


CALM = LineFaults(reject_rate=0.0, lost_answer_rate=0.0, drop_interval_seconds=None)
"""No faults by themselves."""


@dataclass(kw_only=True)
class LineState:
    """The clock, the future events, messages that have arrived at the client and were not yet
    fetched, and the outages (from, to).
    """

    now: datetime
    queue: list[tuple[datetime, int, Event]] = field(default_factory=list)
    scheduled: int = 0
    inbox: list[Message] = field(default_factory=list)
    channel_free_at: dict[str, datetime] = field(default_factory=dict)
    outages: list[tuple[datetime, datetime]] = field(default_factory=list)
    next_fate: Fate | None = None


class LossyLine:
    """The line of one client. It is the venue's clock too: `now` moves only by `until` and
    `tick`."""

    def __init__(self, chance: random.Random, *, faults: LineFaults, state: LineState) -> None:
        self.faults, self.state = faults, state
        self._chance = chance

    def now(self) -> datetime:
        """The virtual time."""
        return self.state.now

    def tick(self) -> datetime:
        """A unique time: the clock advances by a microsecond."""
        self.state.now += MICROSECOND
        return self.state.now

    def schedule(self, at: datetime, event: Event) -> None:
        """Schedule an event for a later time."""
        self.state.scheduled += 1
        heapq.heappush(self.state.queue, (at, self.state.scheduled, event))

    def until(self, until: datetime) -> Iterator[Event]:
        """Move the clock to `until` and yield due events one at a time; the line handles
        deliveries and drops itself.
        """
        state = self.state
        while state.queue and state.queue[0][0] <= until:
            at, _, event = heapq.heappop(state.queue)
            state.now = max(state.now, at)
            match event:
                case Delivery():
                    self._deliver(event)
                case Drop():
                    self.drop(self.seconds(self.faults.drop_seconds))
                    self.schedule_drop()
                case _:
                    yield event
        state.now = max(state.now, until)

    def push(self, message: Message, *, channel: str) -> None:
        """Send a message to the client; one channel keeps its order, two may overtake each
        other.
        """
        state = self.state
        arrives_at = max(state.now + self.latency(), state.channel_free_at.get(channel, state.now))
        state.channel_free_at[channel] = arrives_at
        self.schedule(arrives_at, Delivery(copy.deepcopy(message), state.now))

    def fetch(self) -> list[Message]:
        """The messages since the last call, in order of arrival."""
        arrived, self.state.inbox = self.state.inbox, []
        return arrived

    def drop(self, duration: timedelta) -> None:
        """Take the connection down from now on."""
        self.state.outages.append((self.state.now, self.state.now + duration))

    def schedule_drop(self) -> None:
        """Choose at random when the connection drops next, if it may."""
        interval = self.faults.drop_interval_seconds
        if interval is not None:
            self.schedule(self.state.now + self.seconds((interval / 2, interval * 3 / 2)), Drop())

    def was_down(self, *, since: datetime) -> bool:
        """Whether the connection was down at any moment from `since` until now."""
        return any(
            down_at <= self.state.now and since < up_at for down_at, up_at in self.state.outages
        )

    def draw_fate(self) -> Fate:
        """The result of a call: the chosen one, else a random one."""
        chosen, self.state.next_fate = self.state.next_fate, None
        if chosen is not None:
            return chosen
        if self._chance.random() >= self.faults.lost_answer_rate:
            return "answered"
        return self._chance.choice(("answer_lost", "answer_lost", "request_lost", "request_late"))

    def latency(self) -> timedelta:
        """The transit time of one message."""
        return self.seconds(self.faults.latency_seconds)

    def seconds(self, least_and_most: tuple[float, float]) -> timedelta:
        """A random time, at least a microsecond long."""
        return max(timedelta(seconds=self._chance.uniform(*least_and_most)), MICROSECOND)

    def _deliver(self, delivery: Delivery) -> None:
        if not self.was_down(since=delivery.sent_at):
            self.state.inbox.append(delivery.message)
