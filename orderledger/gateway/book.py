"""The state that the gateway decides by: open orders, positions, marks, halts and the day's P&L,
kept up to date from the log.

It is loaded from the views once, and then follows the log event by event in memory. A check before
sending costs one small read and no commit.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from orderledger import Certainty, HaltMode, PositionSide, Side
from orderledger.extend.events import Order, Recorded, accounts, codec, commands, evolve
from orderledger.extend.store import Store, reaching
from orderledger.extend.values import EXACT, QUOTIENT, ZERO, Clock, exposure, sides, stream_names
from orderledger.extend.views import (
    NoDuplicates,
    Renames,
    Terms,
    halt_row,
    instruments,
    order_row,
    terms_of,
)
from orderledger.gateway.day import DayPnl, Key
from orderledger.gateway.limits import Denial, Limits, Proposed
from orderledger.gateway.submissions import Submissions
from orderledger.gateway.working import Instrument, WorkingOrders
from orderledger.rows import HaltRow, OrderRow

EVENTS_AT_ONCE = 1_000
ENDED_KEPT = 1_000


class Contribution(NamedTuple):
    """The change of a position by an order, and what its fills paid (negative) or received
    (positive).
    """

    key: Key | None = None
    quantity: Decimal = ZERO
    cash: Decimal = ZERO
    fees: Mapping[str, Decimal] = {}


class Part(NamedTuple):
    """The active fills of an order; of a combination, those of one leg."""

    instrument: str
    side: Side
    quantity: Decimal
    notional: Decimal
    leg: int | None = None


NET_PART: sides.Part = (sides.NET, "")


class Book:
    """The live state of some accounts. Not thread-safe: it belongs to the gateway's event loop.

    `reserved`: orders that were checked and are not in the log yet, by stream; they count as open.
    `growing`: by request id, what changes of open orders add that were checked and are not answered
    yet. `unknown`: the instruments whose positions cannot be counted, because the position side of
    a fill is not known.
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
        self.working = WorkingOrders()
        self.reserved = WorkingOrders()
        self.growing: dict[str, tuple[Instrument, exposure.Working]] = {}
        self.instruments: dict[Instrument, instruments.StoredInstrumentRow] = {}
        self.renames: dict[str, Renames] = {}
        self.set_at: dict[Instrument, datetime] = {}
        """When the position of an instrument was last set otherwise than by trades. Fills from
        before are inside it."""
        self.halts: dict[int, HaltRow] = {}
        self.open_breaks: dict[str, int] = {}
        self.on_event: Callable[[Recorded], None] = lambda recorded: None
        self.store = store
        self.clock = clock
        self._zone = zone
        self._load = load
        self.positions: dict[Key, Decimal] = {}
        self.unknown: dict[Instrument, None] = {}
        self._awaiting: dict[str, None] = {}
        self.sided: dict[Instrument, None] = {}
        self._ended: dict[str, None] = {}
        self.submissions = Submissions()
        self.highs: dict[Limits, dict[str, Decimal]] = {}
        self.day_began = self.midnight()
        self.day = DayPnl({}, {})
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

        The loop runs its ready tasks in turn. So all events that were recorded before an order was
        handed to it are read before the order is checked.
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
        self._must_reload |= (
            today < self.day_began
        )  # the clock was set back, so no new day has begun
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
        self.working.clear()
        self.submissions.clear()
        self._awaiting.clear()

    def reserve(self, order: Proposed, client_order_id: str) -> None:
        """Count an order as open and submitted before the log shows it."""
        stream = stream_names.order_stream(order.account, client_order_id)
        working = exposure.Working(
            client_order_id,
            client_order_id,
            order.side,
            order.quantity,
            order.limit_price,
            False,
            order.strategy,
            order.position_side,
            order.position_id,
        )
        self.reserved.put(stream, [((order.account, order.instrument), working)])

    def release(self, account: str, client_order_id: str) -> None:
        """Forget a reservation: the log shows the order, or it was not recorded."""
        self.reserved.discard(stream_names.order_stream(account, client_order_id))

    # Queries

    def order(self, account: str, client_order_id: str) -> Order | None:
        """One of our orders that is open, or ended lately."""
        return self.orders.get(stream_names.order_stream(account, client_order_id))

    def instrument_of(self, order: Order) -> str:
        """The latest name of the instrument of an order."""
        return self._latest(order, order.terms.instrument or "")

    def open_orders(self) -> Iterator[tuple[str, Order]]:
        """The open orders with their streams."""
        return ((stream, self.orders[stream]) for stream in list(self.working))

    def is_working(self, key: tuple[str, str]) -> bool:
        """Whether the order of this account and id may still be filled."""
        return stream_names.order_stream(*key) in self.working

    def awaiting_answers(self) -> list[Order]:
        """The open orders about which the venue has a question to answer: their outcome or their
        end is in doubt, or a request is outstanding."""
        return [self.orders[stream] for stream in self._awaiting]

    def halt_of(self, order: Proposed) -> HaltRow | None:
        """A halt that applies to an order: the first that stops everything, else the first that
        lets pass what reduces a position."""
        scope = (order.instrument, order.strategy)
        found = [
            row
            for row in self.halts.values()
            if row["account"] in (order.account, accounts.EVERY_ACCOUNT)
            and all(
                value in (None, own)
                for value, own in zip((row["instrument"], row["strategy"]), scope, strict=True)
            )
        ]
        stops = (row for row in found if row["mode"] == HaltMode.STOP)
        return next(stops, None) or next(iter(found), None)

    def only_reduces(self, order: Proposed) -> bool:
        """Whether an order can only reduce its position, whatever open and unresolved orders do.

        An order that the venue fills only against a position does. Another does if its whole
        quantity fits into the position that is left when all orders of its side have filled.
        """
        if order.reduces:
            return True
        if order.added is None or (order.account, order.instrument) in self.unknown:
            return False
        part = self.part_of(order.account, order.instrument, order)
        least, most = self.exposure_in(order.account, order.instrument, part=part)
        if order.side is Side.SELL:
            return least is not None and EXACT.subtract(least, order.added) >= ZERO
        return most is not None and EXACT.add(most, order.added) <= ZERO

    def unresolved_in(self, account: str, instrument: str | None) -> str | None:
        """An order with an unknown outcome, in the instrument or in the whole account."""
        return self.working.unresolved(account, instrument)

    def exposure_in(
        self,
        account: str,
        instrument: str,
        strategy: str | None = None,
        part: sides.Part = NET_PART,
    ) -> exposure.Interval:
        """One position of an instrument, and what open orders may make of it."""
        working = self.working_in(account, instrument)
        mine = (
            one
            for one in working
            if strategy in (None, one.strategy) and self.part_of(account, instrument, one) == part
        )
        return exposure.interval_of(self.held(account, instrument, strategy, part), mine)

    def part_of(
        self, account: str, instrument: str, order: exposure.Working | Proposed
    ) -> sides.Part:
        """The position side and id that an order counts in, by the position mode in force now."""
        return self._part((account, instrument), order.position_side, order.position_id)

    def position_denial(self, order: Proposed) -> Denial | None:
        """Why the positions of the instrument forbid the order. If a position is unknown, only
        orders that reduce it are allowed.
        """
        scope, side = (order.account, order.instrument), order.position_side
        mode = self._mode(scope)
        if side in sides.NAMED and mode == sides.NET:
            return Denial(
                "position_side_conflict",
                f"{order.instrument} has one net position in this account, so an order cannot "
                f"name {side}",
            )
        if scope in self.unknown and not order.reduces:
            return Denial(
                "position_unknown",
                f"the position side of a fill in {order.instrument} is not known",
            )
        if side not in sides.NAMED and mode == sides.HEDGE and not order.reduces:
            return Denial(
                "position_unknown",
                f"{order.instrument} has a long and a short position, and the order does not say "
                "which",
            )
        return None

    def mark_of(self, account: str, instrument: str) -> tuple[Decimal, datetime] | None:
        """The last mark, and its time."""
        row = self.instruments.get((account, instrument))
        if row is None or row["mark_price"] is None or row["marked_at"] is None:
            return None
        return row["mark_price"], row["marked_at"]

    # Internals

    def midnight(self) -> datetime:
        today = self.clock.now().astimezone(self._zone).date()
        return datetime.combine(today, time(), tzinfo=self._zone)

    def begin_day(self) -> None:
        """Begin a new day with the current positions and marks."""
        marks = {
            scope: row["mark_price"]
            for scope, row in self.instruments.items()
            if row["mark_price"] is not None
        }
        self.day_began = self.midnight()
        self.day = DayPnl(
            {key: quantity for key, quantity in self.positions.items() if quantity}, marks
        )
        self.submissions.clear()
        self.highs = {rule: {} for rule in self.highs}

    def take(self, recorded: Recorded) -> None:
        account, event = stream_names.account_of(recorded.stream), recorded.event
        if account not in self.accounts and account != accounts.EVERY_ACCOUNT:
            return
        if stream_names.is_order_stream(recorded.stream):
            self._take_order_event(recorded)
        else:
            self._take_account_fact(account, recorded)
        if isinstance(event, commands.OrderSubmitted):
            self.reserved.discard(recorded.stream)
        self._raise_highs()
        self.on_event(recorded)

    def _take_account_fact(self, account: str, recorded: Recorded) -> None:
        match recorded.event:
            case accounts.InstrumentDefined() as event:
                scope = self._scope(account, event.instrument, recorded.at)
                coin = self.terms(scope).coin
                self._must_reload |= (
                    event.position_mode is not None and event.position_mode != self._mode(scope)
                )
                self.instruments[scope] = instruments.defined(
                    self._instrument(scope),
                    instruments.definition_of(event, recorded.at, recorded.position or 0),
                    recorded.at,
                )
                self._must_reload |= coin != self.terms(scope).coin
            case accounts.MarkRecorded() as event:
                scope = self._scope(account, event.instrument, recorded.at)
                self.instruments[scope] = instruments.marked(
                    self._instrument(scope), event.price, recorded.at
                )
            case accounts.FundingRecorded() as event:
                scope = self._scope(account, event.instrument, recorded.at)
                part = self._part(scope, event.position_side, event.position_id)
                self.day.fee((*scope, None, *part), event.currency, -event.amount)
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
        stream = recorded.stream
        order = self.orders.get(stream)
        if order is None:
            order = blank(stream)
            if recorded.version > 1:
                for earlier in self.store.events_of([stream]).get(stream, ()):
                    if earlier.version < recorded.version:
                        evolve(order, earlier.event, earlier.when)  # type: ignore[arg-type]
        before = self._contributions(order)
        evolve(order, recorded.event, recorded.when)  # type: ignore[arg-type]
        after = self._contributions(order)
        if before != after:
            self._add(before, after)
            for changed in after:
                self._note_sides(changed)
            self._must_reload |= self._is_older_than_set(order)
        if (
            isinstance(recorded.event, commands.OrderSubmitted)
            and recorded.recorded_at >= self.day_began
        ):
            request = order.terms.request
            strategy = request.strategy if request is not None else None
            self.submissions.add(
                recorded.at, (order.account, order.terms.instrument or "", strategy)
            )
        self.keep(stream, order)

    def _contributions(self, order: Order) -> list[Contribution]:
        """The changes by the fills of an order, for each leg of a combination. Fees count with
        the first leg."""
        terms, sums = order.terms, order.fills.sums
        if (
            order.attributed_to is not None
            or terms.instrument is None
            or terms.side is None
            or not order.fills.by_id
        ):
            return []
        if not order.legs:
            whole = Part(
                self._latest(order, terms.instrument), terms.side, sums.cum_quantity, sums.notional
            )
            return [self._contribution(order, whole)]
        return [
            self._contribution(
                order,
                Part(
                    self._latest(order, one.leg.instrument),
                    one.side,
                    one.quantity,
                    one.notional,
                    number,
                ),
            )
            for number, one in enumerate(order.filled_legs)
        ]

    def _contribution(self, order: Order, part: Part) -> Contribution:
        terms = order.terms
        request = terms.request
        scope = (order.account, part.instrument)
        is_buy, paid = part.side is Side.BUY, part.notional
        fees = {} if part.leg else order.fills.sums.fees
        if self.terms(scope).inverse:
            active = order.fills_of_leg(part.leg)
            paid = -sum(
                (self.terms(scope).value(fill.quantity, fill.price) for fill in active), ZERO
            )
        coin = self.terms(scope).coin
        in_coin = fees.get(coin, ZERO) if coin else ZERO
        filled = part.quantity if is_buy else -part.quantity
        if part.quantity:
            self.day.last_prices[scope] = QUOTIENT.divide(part.notional, part.quantity)
        return Contribution(
            (
                *scope,
                request.strategy if request is not None else None,
                *self._part(scope, terms.position_side, terms.position_id),
            ),
            EXACT.subtract(filled, in_coin),
            -paid if is_buy else paid,
            {name: fee for name, fee in fees.items() if name != coin},
        )

    def _add(self, before: list[Contribution], after: list[Contribution]) -> None:
        for one, is_added in (*((one, False) for one in before), *((one, True) for one in after)):
            if one.key is not None:
                held = self.positions.get(one.key, ZERO)
                self.positions[one.key] = EXACT.add(
                    held, one.quantity if is_added else -one.quantity
                )
                self.day.trade(one.key, one.cash if is_added else -one.cash)
                for currency, amount in one.fees.items():
                    self.day.fee(one.key, currency, amount if is_added else -amount)

    def keep(self, stream: str, order: Order) -> None:
        self.orders[stream] = order
        self._awaiting.pop(stream, None)
        parts = [
            ((order.account, self._latest(order, instrument)), working)
            for instrument, working in exposure.workings_of(order)
        ]
        if parts:
            self.working.put(stream, parts)
            if is_open_question(order) or order.pending is not None:
                self._awaiting[stream] = None
            return
        self.working.discard(stream)
        if order.is_held and not order.is_ended:  # works nothing yet, and must not be forgotten
            self._ended.pop(stream, None)
            return
        self._ended[stream] = None
        while len(self._ended) > ENDED_KEPT:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            if oldest not in self.working:
                self.orders.pop(oldest, None)

    def _is_older_than_set(self, order: Order) -> bool:
        """Whether the order has a fill from before its position was last set."""
        first, name = order.fills.sums.first_fill_at, order.terms.instrument
        if not self.set_at or first is None or name is None:
            return False
        set_at = self.set_at.get((order.account, self._latest(order, name)))
        return set_at is not None and first < set_at

    def _latest(self, order: Order, name: str) -> str:
        """The latest name of an instrument of an order."""
        named_at = order.terms.requested_at or order.fills.sums.first_fill_at
        renames = self.renames.get(order.account)
        return renames.latest(name, named_at) if renames and named_at else name

    def _scope(self, account: str, name: str, at: datetime) -> Instrument:
        """The instrument that had this name at a time, by its latest."""
        renames = self.renames.get(account)
        return account, renames.latest(name, at) if renames else name

    def _instrument(self, scope: Instrument) -> instruments.StoredInstrumentRow:
        return self.instruments.get(scope) or instruments.blank(*scope)

    def terms(self, scope: Instrument) -> Terms:
        return terms_of(self.instruments.get(scope))

    def held(
        self, account: str, instrument: str, strategy: str | None, part: sides.Part = NET_PART
    ) -> Decimal:
        if strategy is not None:
            return self.positions.get((account, instrument, strategy, *part), ZERO)
        held = ZERO
        for key, quantity in self.positions.items():
            if (*key[:2], *key[3:]) == (account, instrument, *part):
                held = EXACT.add(held, quantity)
        return held

    def _mode(self, scope: Instrument) -> str:
        modes = instruments.modes_of(self.instruments.get(scope))
        return modes[-1][2] if modes else sides.UNKNOWN

    def _part(
        self, scope: Instrument, side: PositionSide | None, position_id: str | None
    ) -> sides.Part:
        named = None if side is None else str(side)
        modes = instruments.modes_of(self.instruments.get(scope))
        return sides.part_now({"position_side": named, "position_id": position_id}, modes)

    def _note_sides(self, changed: Contribution) -> None:
        """Mark positions of an instrument as unknown from the first fill without a position side,
        if others have one.

        If the fill has a side, it may be the missing one: check the views.
        """
        if changed.key is None:
            return
        scope, is_named = changed.key[:2], changed.key[3] in sides.NAMED
        if scope in self.unknown:
            self._must_reload |= is_named
            return
        if is_named:
            self.sided[scope] = None
        is_hedge = self._mode(scope) == sides.HEDGE or (
            scope in self.sided and self._mode(scope) != sides.NET
        )
        if is_hedge and any(
            held for key, held in self.positions.items() if key[:2] == scope and key[3] == sides.NET
        ):
            self.unknown[scope] = None

    def all_working(self) -> Iterator[tuple[Instrument, exposure.Working]]:
        """Every open order."""
        yield from self.working.items()
        yield from self.reserved.items()

    def all_at_stake(self) -> Iterator[tuple[Instrument, exposure.Working]]:
        """All quantities that may be filled: open orders, and additions to them that are about to
        be sent.
        """
        yield from self.all_working()
        yield from self.growing.values()

    def working_in(self, account: str, instrument: str) -> Iterator[exposure.Working]:
        """The quantities of one instrument that may be filled."""
        scope = (account, instrument)
        yield from self.working.of(scope)
        yield from self.reserved.of(scope)
        yield from (working for other, working in self.growing.values() if other == scope)

    def gains(self, rule: Limits) -> dict[str, Decimal]:
        """The gain in the scope of the rule since midnight, by settlement currency."""
        gains: dict[str, Decimal] = {}
        for key in self.day.touched():
            account, instrument, strategy = key[:3]
            if rule.covers(account, instrument, strategy):
                mark = self.mark_of(account, instrument)
                held = self.positions.get(key, ZERO)
                for currency, amount in self.day.gains(
                    key, held, mark and mark[0], self.terms((account, instrument))
                ):
                    gains[currency] = EXACT.add(gains.get(currency, ZERO), amount)
        return gains

    def _raise_highs(self) -> None:
        for rule, highs in self.highs.items():
            for currency, gain in self.gains(rule).items():
                highs[currency] = max(highs.get(currency, ZERO), gain)


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


def blank(stream: str) -> Order:
    order = Order.of(stream)
    order.seen = NoDuplicates()
    return order
