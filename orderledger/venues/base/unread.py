"""Rows and frames that cannot be read: delivered to whoever listens, else logged."""

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
"""Characters of an unreadable payload."""

Tell = Callable[[UnreadablePayload], Awaitable[None]]
Hide = Callable[[str], str]
"""Takes secrets out of a text."""


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
    """Reports the unreadable rows of answers: to whoever listens, or to the log if nobody does."""

    def __init__(self, now: Callable[[], datetime], hidden: Hide = str) -> None:
        self._now = now
        self._hidden = hidden
        self._tell: Tell | None = None

    @contextmanager
    def delivering_to(self, tell: Tell) -> Iterator[None]:
        """Deliver with `tell` while somebody listens."""
        self._tell = tell
        try:
            yield
        finally:
            self._tell = None

    async def say(self, account: str, faults: Iterable[Fault]) -> list[Fault]:
        """Report the faults, and return them as the answer shall hold them."""
        said = unreadable_payloads((account,), faults, self._now(), self._hidden, is_answer=True)
        for one in said:
            if self._tell is None:
                logger.warning("row_not_read", account=account, why=one.fault)
            else:
                await self._tell(one)
        return [Fault(one.fault, one.payload) for one in said]

    def held(self, messages: Iterable[Message], faults: Sequence[Fault]) -> list[Balance]:
        """The balances that are not flat. Raises VenueUnavailable if one cannot be read: left out,
        it would count as flat."""
        if faults:
            raise VenueUnavailable(f"a position cannot be read: {self._hidden(faults[0].fault)}")
        return [
            message for message in messages if isinstance(message, Balance) and message.quantity
        ]
