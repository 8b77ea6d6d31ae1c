"""Unreadable rows and frames: delivered to the listener, else logged."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from orderledger import Balance, Message
from orderledger.extend.runtime import EventLogger
from orderledger.venues.base.translation import Fault, as_text
from orderledger.venues.base.venue import UnreadablePayload
from orderledger.venues.errors import VenueUnavailable

logger = EventLogger(__name__)

MOST_SHOWN = 10_000
"""Characters shown of an unreadable payload."""

Deliver = Callable[[UnreadablePayload], Awaitable[None]]
Hide = Callable[[str], str]
"""Removes secrets from a text."""


def unreadable_payloads(
    accounts: Sequence[str],
    faults: Iterable[Fault],
    at: datetime,
    hidden: Hide = str,
    *,
    is_answer: bool = False,
) -> list[UnreadablePayload]:
    """The faults as events: each payload as text, cut to `MOST_SHOWN` characters and without
    secrets."""
    return [
        UnreadablePayload(
            accounts=accounts,
            at=at,
            fault=hidden(one.fault),
            payload=hidden(as_text(one.payload))[:MOST_SHOWN],
            is_answer=is_answer,
        )
        for one in faults
    ]


class Unread:
    """Reports the unreadable rows of answers to the listener, or to the log if there is none."""

    def __init__(self, now: Callable[[], datetime], hidden: Hide = str) -> None:
        self._now = now
        self._hidden = hidden
        self._deliver: Deliver | None = None

    @contextmanager
    def delivering_to(self, deliver: Deliver) -> Iterator[None]:
        """Report to `deliver` while somebody listens."""
        self._deliver = deliver
        try:
            yield
        finally:
            self._deliver = None

    async def report(self, account: str, faults: Iterable[Fault]) -> list[Fault]:
        """Report the faults, and return them in the form for the answer."""
        payloads = unreadable_payloads(
            (account,), faults, self._now(), self._hidden, is_answer=True
        )
        for one in payloads:
            if self._deliver is None:
                logger.warning("row_not_read", account=account, why=one.fault)
            else:
                await self._deliver(one)
        return [Fault(one.fault, one.payload) for one in payloads]

    def held(self, messages: Iterable[Message], faults: Sequence[Fault]) -> list[Balance]:
        """The balances that are not flat. Raises VenueUnavailable if a row cannot be read:
        without it, the position would count as flat.
        """
        if faults:
            raise VenueUnavailable(f"a position cannot be read: {self._hidden(faults[0].fault)}")
        return [
            message
            for message in messages
            if isinstance(message, Balance) and (message.quantity or message.amount)
        ]
