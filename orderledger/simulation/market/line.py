"""The line between a simulated venue and its client: virtual time, latency, lost answers and dropped connections.

Everything that will happen is an event in one queue, ordered by virtual time and then by the order of scheduling.
"""

from __future__ import annotations

import copy
import heapq
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from orderledger.simulation.market.terms import Faults, Message

Fate = Literal["answered", "answer_lost", "request_lost", "request_late"]
Event = tuple[str, dict[str, Any]]

MICROSECOND = timedelta(microseconds=1)


class LossyLine:
    """A clock, a queue of events, and what has arrived at the client and was not yet fetched."""

    def __init__(self, chance: random.Random, *, start: datetime, faults: Faults) -> None:
        self.now = start
        self.faults = faults
        self.outages: list[tuple[datetime, datetime]] = []
        self._chance = chance
        self._queue: list[tuple[datetime, int, str, dict[str, Any]]] = []
        self._scheduled = 0
        self._inbox: list[Message] = []
        self._channel_free_at: dict[str, datetime] = {}
        self._next_fate: Fate | None = None

    def tick(self) -> datetime:
        """A time that was never given before: the clock moves on by a microsecond."""
        self.now += MICROSECOND
        return self.now

    def schedule(self, at: datetime, name: str, payload: dict[str, Any]) -> None:
        """Let something happen at a later time."""
        self._scheduled += 1
        heapq.heappush(self._queue, (at, self._scheduled, name, payload))

    def until(self, until: datetime) -> Iterator[Event]:
        """Move the clock to `until` and yield what falls due, one event at a time; deliveries and drops are the line's own."""
        while self._queue and self._queue[0][0] <= until:
            at, _, name, payload = heapq.heappop(self._queue)
            self.now = max(self.now, at)
            if name == "deliver":
                self._deliver(payload)
            elif name == "drop":
                self.drop(self.seconds(self.faults.drop_seconds))
                self.schedule_drop()
            else:
                yield name, payload
        self.now = max(self.now, until)

    def push(self, message: Message, *, channel: str) -> None:
        """Send a message to the client; one channel keeps its order, two may overtake each other."""
        arrives_at = max(self.now + self.latency(), self._channel_free_at.get(channel, self.now))
        self._channel_free_at[channel] = arrives_at
        self.schedule(arrives_at, "deliver", {"message": copy.deepcopy(message), "sent_at": self.now})

    def fetch(self) -> list[Message]:
        """What has arrived since the last time, in order of arrival."""
        arrived, self._inbox = self._inbox, []
        return arrived

    def drop(self, duration: timedelta) -> None:
        """Take the connection down from now on."""
        self.outages.append((self.now, self.now + duration))

    def schedule_drop(self) -> None:
        """Let chance decide when the connection drops next, if it may."""
        interval = self.faults.drop_interval_seconds
        if interval is not None:
            self.schedule(self.now + self.seconds((interval / 2, interval * 3 / 2)), "drop", {})

    def was_down(self, *, since: datetime) -> bool:
        """Whether the connection was down at any moment from `since` until now."""
        return any(down_at <= self.now and since < up_at for down_at, up_at in self.outages)

    def choose_fate(self, fate: Fate) -> None:
        """Decide the fate of the next call in advance."""
        self._next_fate = fate

    def draw_fate(self) -> Fate:
        """The fate of a call: the chosen one, else chance's."""
        chosen, self._next_fate = self._next_fate, None
        if chosen is not None:
            return chosen
        if self._chance.random() >= self.faults.lost_answer_rate:
            return "answered"
        return self._chance.choice(("answer_lost", "answer_lost", "request_lost", "request_late"))

    def latency(self) -> timedelta:
        """How long one message is on its way."""
        return self.seconds(self.faults.latency_seconds)

    def seconds(self, least_and_most: tuple[float, float]) -> timedelta:
        """A time by chance, at least a microsecond long."""
        return max(timedelta(seconds=self._chance.uniform(*least_and_most)), MICROSECOND)

    def state(self) -> dict[str, Any]:
        """All that `restore` needs to go on."""
        return {
            "now": self.now,
            "queue": self._queue,
            "scheduled": self._scheduled,
            "inbox": self._inbox,
            "channel_free_at": self._channel_free_at,
            "outages": self.outages,
            "next_fate": self._next_fate,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self.now = state["now"]
        self._queue = [(at, number, name, payload) for at, number, name, payload in state["queue"]]
        self._scheduled = state["scheduled"]
        self._inbox = state["inbox"]
        self._channel_free_at = state["channel_free_at"]
        self.outages = [(down_at, up_at) for down_at, up_at in state["outages"]]
        self._next_fate = state["next_fate"]

    def _deliver(self, payload: dict[str, Any]) -> None:
        if not self.was_down(since=payload["sent_at"]):
            self._inbox.append(payload["message"])
