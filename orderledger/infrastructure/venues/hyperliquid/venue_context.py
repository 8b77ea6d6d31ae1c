"""What streams and polls share: the way to the venue, the line to the listener, and the settings of both."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from orderledger.domain.values import Source
from orderledger.infrastructure.clock import Clock
from orderledger.infrastructure.venues.base.translation import Fault
from orderledger.infrastructure.venues.base.transport import Backoff, Budget
from orderledger.infrastructure.venues.base.unread import Unread, garbled
from orderledger.infrastructure.venues.base.venue import Records
from orderledger.infrastructure.venues.hyperliquid import payload_rows
from orderledger.infrastructure.venues.hyperliquid.limits import MOST_HISTORY_WEIGHT, Limits, weight_of
from orderledger.infrastructure.venues.hyperliquid.message_context import Context, Translated
from orderledger.infrastructure.venues.hyperliquid.outbox import Outbox
from orderledger.infrastructure.venues.hyperliquid.questions import Questions
from orderledger.infrastructure.venues.hyperliquid.vocabulary import Symbols
from orderledger.infrastructure.venues.hyperliquid.watching import Account, Gone

MAIN_EXCHANGE = ""
MOST_ASKED_SINGLY = MOST_HISTORY_WEIGHT // weight_of("orderStatus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long things may take, in seconds.

    `hold`: how long a cancel is held that may be half of a modify. `acknowledge`: how long subscriptions may go unanswered.
    `ping`: how often the venue is told that we are there; it hangs up after 60 s in which it had nothing to say. `quiet`: how
    long the venue may be silent. `round`: how often a polled account is looked at, at most. `fundings`: how often a polled
    account's fundings are asked for.
    """

    hold: float = 2.0
    acknowledge: float = 10.0
    ping: float = 25.0
    quiet: float = 60.0
    round: float = 10.0
    fundings: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything that one account's stream or poll needs of the whole venue."""

    websocket_url: str
    questions: Questions
    clock: Clock
    limits: Limits
    pace: Pace
    backoff: Backoff
    connections: Budget
    symbols: Symbols
    exchanges: Sequence[str]
    is_legacy: bool
    unread: Unread
    records: Records | None = None
    outbox: Outbox = field(default_factory=Outbox)

    def pushed(self, account: Account) -> Context:
        """What the venue says unasked. A list is not dated: by when it was true, the clocks of two machines do not tell."""
        return Context(account=account.name, source=Source.VENUE_PUSH, address=account.address, symbols=self.symbols)

    def polled(self, account: Account, at: datetime | None) -> Context:
        """What the venue answers to a question asked at `at`: true of no earlier moment."""
        return replace(self.pushed(account), source=Source.VENUE_POLL, at=at, records=self.records)

    async def say(self, account: Account, told: Translated, *, at: datetime, frames: int = 1) -> None:
        """Hand on what a payload says, and what of it could not be read."""
        account.counts["garbled"] += len(told.faults)
        messages = account.changed(told.messages)
        account.counts["messages"] += len(messages)
        await self.outbox.hear(account.name, messages, frames=frames)
        for one in garbled((account.name,), told.faults, at):
            await self.outbox.tell(one)

    async def say_unread(self, account: Account, told: Translated) -> list[Fault]:
        """Say what could not be read of an answer. As the answer is to bear it."""
        account.counts["garbled"] += len(told.faults)
        return await self.unread.say(account.name, told.faults)

    async def explain(self, account: Account) -> Translated:
        """What became of orders that the lists no longer have."""
        gone = account.gone()
        if not gone:
            return Translated()
        asked_at = self.clock.now()
        rows = await self.rows_of(account, gone)
        account.note_statuses(rows)
        account.explained(gone)
        return payload_rows.statuses(rows, account.legs, self.polled(account, asked_at))

    async def rows_of(self, account: Account, orders: Sequence[Gone]) -> list[Any]:
        """The latest rows of some orders, one by one or out of the history, whichever costs less."""
        return await (self._history if len(orders) > MOST_ASKED_SINGLY else self._singly)(account, orders)

    async def _history(self, account: Account, gone: Sequence[Gone]) -> list[Any]:
        names = {order.venue_order_id for order in gone} | {order.cloid for order in gone if order.cloid is not None}
        rows = await self.questions.historical_orders(account.address)
        return [row for row in rows if not names.isdisjoint(_names_of(row))]

    async def _singly(self, account: Account, gone: Sequence[Gone]) -> list[Any]:
        rows: dict[str, Any] = {}
        for order in gone:
            # Its cloid first: that answers with the leg that took its place, if there is one.
            for name in (order.cloid, order.venue_order_id):
                if name is None or order.venue_order_id in rows:
                    continue
                row = await self.questions.order_status(account.address, name)
                if row is not None:
                    rows.update(dict.fromkeys(_names_of(row)[:1], row))
        return list(rows.values())


def _names_of(row: Any) -> list[str]:
    """The id and the cloid in a row with its status, as far as they can be read."""
    order = row.get("order") if isinstance(row, dict) else None
    names = (order.get("oid"), order.get("cloid")) if isinstance(order, dict) else ()
    return [str(name).lower() for name in names if name is not None]
