"""`VenueContext`: the parts that the streams and polls of all accounts share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from orderledger import Source
from orderledger.extend.values import Clock
from orderledger.venues.base.base_venue import BaseVenue
from orderledger.venues.base.transport import Backoff, RateLimiter
from orderledger.venues.base.venue import Records
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.endpoints import HyperliquidEndpoints
from orderledger.venues.hyperliquid.limits import (
    MOST_HISTORY_WEIGHT,
    HyperliquidLimits,
    weight_of,
)
from orderledger.venues.hyperliquid.message_context import MessageContext, Translated
from orderledger.venues.hyperliquid.vocabulary import Symbols
from orderledger.venues.hyperliquid.watching import Gone, WatchedAccount

MAIN_EXCHANGE = ""
MOST_ASKED_SINGLY = MOST_HISTORY_WEIGHT // weight_of("orderStatus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Waits and intervals, in seconds.

    `hold`: how long to hold a cancel that may be half of a modify. `acknowledge`: how long
    subscriptions may go unanswered. `ping`: time between two pings; the venue disconnects after 60
    s without having sent anything. `quiet`: how long the venue may send nothing. `round`: the
    shortest time between two polls of an account. `fundings`: time between two queries of a polled
    account's fundings.
    """

    hold: float = 2.0
    acknowledge: float = 10.0
    ping: float = 25.0
    quiet: float = 60.0
    round: float = 10.0
    fundings: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueContext:
    """The parts of the venue that one account's stream or poll needs. `base` delivers the
    messages.
    """

    websocket_url: str
    base: BaseVenue
    endpoints: HyperliquidEndpoints
    clock: Clock
    limits: HyperliquidLimits
    pace: Pace
    backoff: Backoff
    connections: RateLimiter
    symbols: Symbols
    exchanges: Sequence[str]
    is_legacy: bool
    records: Records | None = None

    def pushed(self, account: WatchedAccount) -> MessageContext:
        """The context of pushed payloads. A list has no time: with two machines' clocks, the
        time of its state cannot be determined.
        """
        return MessageContext(
            account=account.name,
            source=Source.VENUE_PUSH,
            address=account.address,
            symbols=self.symbols,
        )

    def polled(self, account: WatchedAccount, at: datetime | None) -> MessageContext:
        """The context of the answer to a query made at `at`: it is not valid for an earlier
        moment.
        """
        return replace(self.pushed(account), source=Source.VENUE_POLL, at=at, records=self.records)

    async def deliver_all(
        self, account: WatchedAccount, translated: Translated, *, at: datetime, frames: int = 1
    ) -> None:
        """Deliver the messages of a payload, and its unreadable parts."""
        account.counts["unreadable"] += len(translated.faults)
        messages = account.changed(translated.messages)
        account.counts["messages"] += len(messages)
        await self.base.deliver(account.name, messages, frames=frames)
        await self.base.deliver_faults((account.name,), translated.faults, at)

    async def explain(self, account: WatchedAccount) -> Translated:
        """Query the result of orders that are missing from the lists."""
        gone = account.gone()
        if not gone:
            return Translated()
        asked_at = self.clock.now()
        rows = await self.rows_of(account, gone)
        account.note_statuses(rows)
        account.explained(gone)
        return payload_rows.statuses(rows, account.legs, self.polled(account, asked_at))

    async def rows_of(self, account: WatchedAccount, orders: Sequence[Gone]) -> list[Any]:
        """The latest rows of some orders, queried one by one or from the history, whichever
        costs less.
        """
        return await (self._history if len(orders) > MOST_ASKED_SINGLY else self._singly)(
            account, orders
        )

    async def _history(self, account: WatchedAccount, gone: Sequence[Gone]) -> list[Any]:
        names = {order.venue_order_id for order in gone} | {
            order.cloid for order in gone if order.cloid is not None
        }
        rows = await self.endpoints.historical_orders(account.address)
        return [row for row in rows if not names.isdisjoint(_names_of(row))]

    async def _singly(self, account: WatchedAccount, gone: Sequence[Gone]) -> list[Any]:
        rows: dict[str, Any] = {}
        for order in gone:
            # The cloid first: its answer is the leg that replaced this one, if there is one.
            for name in (order.cloid, order.venue_order_id):
                if name is None or order.venue_order_id in rows:
                    continue
                row = await self.endpoints.order_status(account.address, name)
                if row is not None:
                    rows.update(dict.fromkeys(_names_of(row)[:1], row))
        return list(rows.values())


def _names_of(row: Any) -> list[str]:
    """The id and the cloid of a row with a status, as far as they can be read."""
    order = row.get("order") if isinstance(row, dict) else None
    names = (order.get("oid"), order.get("cloid")) if isinstance(order, dict) else ()
    return [str(name).lower() for name in names if name is not None]
