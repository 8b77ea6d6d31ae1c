"""The state that the gateway decides by: open orders, positions, marks, halts and the day's P&L,
kept up to date from the log.

It is loaded from the views once, and then follows the log event by event in memory. A check before
sending costs one small read and no commit.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time
from zoneinfo import ZoneInfo

from orderledger import Certainty
from orderledger.extend.events import Order, Recorded, accounts, codec, commands, evolve
from orderledger.extend.store import Store, reaching
from orderledger.extend.values import Clock, exposure, stream_names
from orderledger.extend.views import NoDuplicates, halt_row, order_row
from orderledger.gateway.exposures import Exposures
from orderledger.gateway.instruments import Instruments
from orderledger.gateway.positions import Positions
from orderledger.gateway.submissions import Submissions
from orderledger.rows import HaltRow, OrderRow

EVENTS_AT_ONCE = 1_000
ENDED_KEPT = 1_000


class Book:
    """The live state of some accounts. Not thread-safe: it belongs to the gateway's event loop.

    `orders`: those that are open, or ended lately, by stream. `halts`: those in force, by log
    position. `open_breaks`: by account, how many the last reconciliation left.
    """

    def __init__(
        self,
        store: Store,
        accounts: Iterable[str],
        clock: Clock,
        zone: ZoneInfo,
        load: Callable[["Book"], None],
    ) -> None:
        self.accounts = frozenset(accounts)
        self.log_position = 0
        self.orders: dict[str, Order] = {}
        self.instruments = Instruments()
        self.positions = Positions(self.instruments)
        self.exposures = Exposures(self.positions)
        self.submissions = Submissions()
        self.halts: dict[int, HaltRow] = {}
        self.open_breaks: dict[str, int] = {}
        self.on_event: Callable[[Recorded], None] = lambda recorded: None
        self.store = store
        self.clock = clock
        self._zone = zone
        self._load = load
        self._awaiting: dict[str, None] = {}
        self._ended: dict[str, None] = {}
        self.day_began = self.midnight()
        self._must_reload = False
        self._is_fresh = False
        self._epoch = store.epoch.number

    # Loading and following

    def catch_up(self) -> None:
        """Follow the log to its end. Raises StoreError if it cannot be read."""
        with reaching(self.store.url or "the store"):
            self._follow()

    def catch_up_once(self) -> None:
        """Follow the log to its end, once for all orders that the event loop begins to send in one
        round.

        The loop forgets this reading before it begins the orders that it is handed later. Each
        order is checked with everything that was recorded before it.
        """
        if not self._is_fresh:
            self.catch_up()
            self._is_fresh = True
            asyncio.get_running_loop().call_soon(self._expect_more)

    def _expect_more(self) -> None:
        self._is_fresh = False

    def _follow(self) -> None:
        today = self.midnight()
        if today > self.day_began:
            self.begin_day()
        # the clock was set back, so no new day has begun
        self._must_reload |= today < self.day_began
        self._must_reload |= self.store.epoch.number != self._epoch
        while not self._must_reload and (
            rows := self.store.recorder.rows_after(self.log_position, EVENTS_AT_ONCE)
        ):
            for row in rows:
                self.log_position = row.position
                self.take(codec.decode(*row))
            if len(rows) < EVENTS_AT_ONCE:
                break
        if self._must_reload or self.store.epoch.number != self._epoch:
            self._epoch = self.store.epoch.number
            self._load(self)
            self._must_reload = False

    def forget_orders(self) -> None:
        """Before they are loaded again."""
        self.orders.clear()
        self.exposures.working.clear()
        self.submissions.clear()
        self._awaiting.clear()

    def midnight(self) -> datetime:
        """The begin of this day in the time zone of the settings."""
        today = self.clock.now().astimezone(self._zone).date()
        return datetime.combine(today, time(), tzinfo=self._zone)

    def begin_day(self) -> None:
        """Begin a new day with the current positions and marks."""
        self.day_began = self.midnight()
        self.positions.begin_day()
        self.submissions.clear()

    # Queries

    def order(self, account: str, client_order_id: str) -> Order | None:
        """One of our orders that is open, or ended lately."""
        return self.orders.get(stream_names.order_stream(account, client_order_id))

    def open_orders(self) -> Iterator[tuple[str, Order]]:
        """The open orders with their streams."""
        return ((stream, self.orders[stream]) for stream in list(self.exposures.working))

    def is_working(self, key: tuple[str, str]) -> bool:
        """Whether the order of this account and id may still be filled."""
        return stream_names.order_stream(*key) in self.exposures.working

    def awaiting_answers(self) -> list[Order]:
        """The open orders about which the venue has a question to answer. Nothing shows them yet,
        their outcome or their end is in doubt, or a request is outstanding."""
        return [self.orders[stream] for stream in self._awaiting]

    # Events

    def take(self, recorded: Recorded) -> None:
        """Take an event of the log."""
        account, event = stream_names.account_of(recorded.stream), recorded.event
        if account not in self.accounts and account != accounts.EVERY_ACCOUNT:
            return
        if stream_names.is_order_stream(recorded.stream):
            self._take_order_event(recorded)
        else:
            self._take_account_fact(account, recorded)
        if isinstance(event, commands.OrderSubmitted):
            self.exposures.reserved.discard(recorded.stream)
        self.positions.raise_highs()
        self.on_event(recorded)

    def _take_account_fact(self, account: str, recorded: Recorded) -> None:
        match recorded.event:
            case accounts.InstrumentDefined() as event:
                self._must_reload |= self.instruments.define(account, recorded, event)
            case accounts.MarkRecorded() as event:
                self.instruments.mark(account, event, recorded.at)
            case accounts.FundingRecorded() as event:
                self.positions.fund(account, event, recorded.at)
            case accounts.PositionAdjusted() as event:
                self._must_reload |= event.instrument is not None
            case (
                accounts.InstrumentSplit()
                | accounts.InstrumentSettled()
                | accounts.InstrumentRenamed()
                | accounts.SettlementBusted()
            ):
                self._must_reload = True
            case accounts.ReconciliationCertified() as event:
                self.open_breaks[account] = len(event.open_breaks)
            case accounts.TradingHalted() as event:
                self.halts[recorded.position or 0] = halt_row(account, recorded, event)
            case accounts.TradingResumed() as event:
                self.halts = {
                    place: row
                    for place, row in self.halts.items()
                    if row["account"] != account
                    or not event.ends(row["instrument"], row["strategy"], row["reason"])
                }
            case _:
                pass

    def _take_order_event(self, recorded: Recorded) -> None:
        order = self.orders.get(recorded.stream) or self._before(recorded)
        before = self.positions.contributions(order)
        evolve(order, recorded.event, recorded.when)  # type: ignore[arg-type]
        after = self.positions.contributions(order)
        if before != after:
            self._must_reload |= self.positions.take(order, before, after)
        if (
            isinstance(recorded.event, commands.OrderSubmitted)
            and recorded.recorded_at >= self.day_began
        ):
            request = order.terms.request
            strategy = request.strategy if request is not None else None
            self.submissions.add(
                recorded.at, (order.account, order.terms.instrument or "", strategy)
            )
        self.keep(recorded.stream, order)

    def _before(self, recorded: Recorded) -> Order:
        """The order of an event, as the log shows it before."""
        stream = recorded.stream
        events = self.store.events_of([stream]).get(stream, ()) if recorded.version > 1 else ()
        return folded(stream, (one for one in events if one.version < recorded.version))

    def keep(self, stream: str, order: Order) -> None:
        """Count an order, and forget the first of those that ended."""
        self.orders[stream] = order
        self._awaiting.pop(stream, None)
        parts = [
            (self.instruments.of_order(order, instrument), working)
            for instrument, working in exposure.workings_of(order)
        ]
        if parts:
            self.exposures.working.put(stream, parts)
            is_unconfirmed = order.submitted_at is not None and order.confirmed_at is None
            if is_unconfirmed or is_open_question(order) or order.pending is not None:
                self._awaiting[stream] = None
            return
        self.exposures.working.discard(stream)
        if order.is_held and not order.is_ended:  # works nothing yet, and must not be forgotten
            self._ended.pop(stream, None)
            return
        self._ended[stream] = None
        while len(self._ended) > ENDED_KEPT:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            if oldest not in self.exposures.working:
                self.orders.pop(oldest, None)


def folded(stream: str, events: Iterable[Recorded]) -> Order:
    """An order from its events."""
    order = Order.of(stream)
    order.seen = NoDuplicates()
    for recorded in events:
        evolve(order, recorded.event, recorded.when)  # type: ignore[arg-type]
    return order


def is_open_question(order: Order) -> bool:
    """Whether to query the venue: the outcome is unknown, or a later sign that the order works
    disputes its end.
    """
    return order.certainty is Certainty.UNRESOLVED or order.undone_end is not None


def row_now(order: Order, account: str, client_order_id: str) -> OrderRow:
    """One of our orders as a row of the order view, in its current state, with every term of its
    request.
    """
    return order_row(stream_names.order_stream(account, client_order_id), order, 0)
