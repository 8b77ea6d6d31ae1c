"""The parts of a gateway that sending, changing and resolving share."""

import math
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from orderledger import Fenced
from orderledger.extend.values import Clock
from orderledger.gateway.book import Book
from orderledger.gateway.lease_keeper import LeaseKeeper
from orderledger.gateway.results import OnResult
from orderledger.gateway.unsettled import Unsettled
from orderledger.gateway.venue_clocks import VenueClocks
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.base.transport import Pacing, Turn
from orderledger.venues.base.transport.pacing import ONE_WINDOW, paced_by
from orderledger.venues.errors import NotSent

if TYPE_CHECKING:
    from orderledger import Ledger

Result = TypeVar("Result")
WAIT_FACTOR, WAIT_MARGIN = 1.5, 1.0
"""How much longer a wait for a turn may be than expected: a request counts until its answer."""


@dataclass(frozen=True, slots=True)
class GatewayParts:
    """The parts of a gateway that sending, changing and resolving share.

    `entries`: by account, where orders are sent. `clocks`: the venues' clocks. `answer_seconds`:
    after this time without an answer, the outcome of a request is unknown. `patience_seconds`: the
    longest wait of a request for the venue's rate limits. `pacings`: by account, of entries that do
    not pace their requests.
    """

    ledger: "Ledger"
    entries: Mapping[str, OrderEntry]
    book: Book
    keeper: LeaseKeeper
    unsettled: Unsettled
    clock: Clock
    clocks: VenueClocks
    answer_seconds: float
    on_result: OnResult
    patience_seconds: float
    pacings: Mapping[str, Pacing]

    def turn(self, account: str, *, is_first: bool = False, seconds: float | None = None) -> Turn:
        """How a request waits for the venue's rate limits. `is_first`: it overtakes others.
        `seconds`: its patience, `patience_seconds` without it. A request that waited is not sent
        if the lease was lost meanwhile.
        """
        turn = Turn(
            is_first=is_first, seconds=self.patience_seconds if seconds is None else seconds
        )
        turn.check = lambda: self.check_lease(account)
        return turn

    def expected_wait(self, account: str, waiting: int) -> int:
        """Estimate of the milliseconds until the turn of a new order after `waiting` others. 0 if
        nothing makes it wait.
        """
        pacing = self._pacing(account)
        seconds = 0.0 if pacing is None else pacing.expected_wait(waiting + 1)
        return math.ceil(1_000 * (WAIT_FACTOR * seconds + WAIT_MARGIN)) if seconds > 0 else 0

    def held_seconds(self, account: str) -> float:
        """Seconds for which nothing is sent, because the venue asked for it."""
        pacing = self._pacing(account)
        return 0.0 if pacing is None else pacing.held_seconds

    def _pacing(self, account: str) -> Pacing | None:
        own: Pacing | None = getattr(self.entries[account], "pacing", None)
        return own or self.pacings.get(account)

    def expiry_of_change(self, account: str, order_type: str | None) -> datetime | None:
        """The expiry for a request to change an order that is recorded now. None if the venue has
        none. A pause that is known now is added.
        """
        at = self.clocks.expiry_of_change(account, order_type)
        return None if at is None else at + timedelta(milliseconds=self.expected_wait(account, 0))

    def check_lease(self, account: str) -> None:
        """Raises NotSent if the lease was lost: the process may have been paused."""
        try:
            self.keeper.fence(account)
        except Fenced as error:
            raise NotSent("fenced", str(error)) from None

    async def paced(self, account: str, sending: Awaitable[Result], count: int = 1) -> Result:
        """Wait for the turn of a request, then send it."""
        try:
            if (pacing := self.pacings.get(account)) is not None:
                await pacing.turn({ONE_WINDOW: count})
        except BaseException:
            if hasattr(sending, "close"):
                sending.close()
            raise
        return await sending


def pacings_of(entries: Mapping[str, OrderEntry]) -> dict[str, Pacing]:
    """The pacing of each entry that states a rate, and does not pace its requests itself."""
    return {
        account: paced_by(rate)
        for account, entry in entries.items()
        if getattr(entry, "pacing", None) is None
        and (rate := entry.abilities.orders_per_second) is not None
    }
