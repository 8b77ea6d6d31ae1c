"""What could not be read, on its way to people: by whoever listens, else by the log."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from orderledger.infrastructure.errors import VenueUnavailable
from orderledger.infrastructure.messages.registry import Balance, Message
from orderledger.infrastructure.venues.base.translation import Fault, as_text
from orderledger.infrastructure.venues.base.venue import Garbled

logger = logging.getLogger(__name__)

MOST_SHOWN = 10_000
"""Characters of a payload that could not be read."""

Tell = Callable[[Garbled], Awaitable[None]]
Hide = Callable[[str], str]
"""Takes secrets out of a text."""


def garbled(
    accounts: Sequence[str], faults: Iterable[Fault], at: datetime, hidden: Hide = str, *, is_answer: bool = False
) -> list[Garbled]:
    """What whoever listens is told of faults: each payload as text, of so many characters at the most, and without secrets."""
    return [
        Garbled(
            accounts=accounts,
            at=at,
            fault=hidden(one.fault),
            payload=hidden(as_text(one.payload))[:MOST_SHOWN],
            is_answer=is_answer,
        )
        for one in faults
    ]


class Unread:
    """What could not be read of answers. Each fault is said once: to whoever listens, or in the log where nobody does."""

    def __init__(self, now: Callable[[], datetime], hidden: Hide = str) -> None:
        self._now = now
        self._hidden = hidden
        self._tell: Tell | None = None

    @contextmanager
    def told_to(self, tell: Tell) -> Iterator[None]:
        """While somebody listens."""
        self._tell = tell
        try:
            yield
        finally:
            self._tell = None

    async def say(self, account: str, faults: Iterable[Fault]) -> list[Fault]:
        """Say them. As the answer is to bear them."""
        said = garbled((account,), faults, self._now(), self._hidden, is_answer=True)
        for one in said:
            if self._tell is None:
                logger.warning("a row of an answer about %s cannot be read: %s", account, one.fault)
            else:
                await self._tell(one)
        return [Fault(one.fault, one.payload) for one in said]

    def held(self, messages: Iterable[Message], faults: Sequence[Fault]) -> list[Balance]:
        """What is not flat. VenueUnavailable where a position cannot be read: left out, it would be taken for flat."""
        if faults:
            raise VenueUnavailable(f"a position cannot be read: {self._hidden(faults[0].fault)}")
        return [message for message in messages if isinstance(message, Balance) and message.quantity]
