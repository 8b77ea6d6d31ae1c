"""`LocalVenue`: the simulated market behind an unreliable connection, in this process, for demos,
tests and dry runs.

A seed determines everything. The venue owns its clock (virtual: nothing sleeps) and its random
numbers, so the same calls give the same messages to the byte. Other traders come and go in the
background and fill our orders in parts. It uses the ledger's messages (JSON form), each with its
own unique time:

- a call (`submit`, `cancel`, `replace`) takes a round trip of virtual time. It may get no answer:
  the request was lost, or is late and will still arrive, or it was executed and its answer was
  lost;
- `advance` delivers the pushed messages, in order of arrival. Fills have their own channel and may
  overtake the acknowledgement. Messages pushed while the connection is down are lost;
- `order_status`, `open_orders`, `fills_since`, `order_history` answer from the venue's memory;
  earlier reports keep their ids, numbers and times.

The venue outlives its client. Given a `memory` file it saves itself there, atomically, before any
call returns. `LocalVenue.load` continues the same world, even after its process was killed.
"""

import copy
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self

from orderledger import OrderType
from orderledger.extend.values import plain
from orderledger.simulation.local.desk import OrderDesk
from orderledger.simulation.local.line import Fate, LineFaults, LineState, LossyLine
from orderledger.simulation.local.memory import LocalMemory, read_memory, write_memory
from orderledger.simulation.local.reports import (
    Reports,
    VenueAnswer,
    VenueUnreachable,
    polled,
    utc_text,
)
from orderledger.simulation.local.requests import (
    Admitted,
    CancelRequest,
    Expiry,
    Flow,
    Message,
    ReplaceRequest,
    Request,
    SubmitRequest,
)
from orderledger.simulation.market import (
    BackgroundFlow,
    Change,
    EntryRules,
    ExchangeSimulator,
    FeeSchedule,
    Kind,
    SimulatedInstrument,
)

INSTRUMENTS = (
    SimulatedInstrument(
        name="BTC-USD",
        currency="USD",
        tick=Decimal("0.5"),
        lot=Decimal("0.001"),
        price=Decimal(64000),
    ),
    SimulatedInstrument(
        name="ETH-USD",
        currency="USD",
        tick=Decimal("0.05"),
        lot=Decimal("0.01"),
        price=Decimal(3200),
    ),
)
FEES = FeeSchedule(taker=Decimal("0.0004"), maker=Decimal("-0.0001"), decimals=8)


class LocalVenue:
    """One account at one venue. All numbers and times it returns are the venue's; it never uses a
    real clock.

    `exchange` is its market: other accounts may trade there, and tests may script it.
    """

    def __init__(
        self,
        seed: int,
        *,
        start: datetime,
        instruments: Sequence[SimulatedInstrument] = INSTRUMENTS,
        account: str = "sim:main",
        fees: FeeSchedule = FEES,
        faults: LineFaults | None = None,
        flow_interval_seconds: float | None = 0.5,
        memory: Path | None = None,
    ) -> None:
        """`flow_interval_seconds`: about how often the others act in each instrument; None
        leaves our orders alone.
        """
        if start.tzinfo is None:
            raise ValueError(f"start needs an offset, found {start.isoformat()}")
        self.account, self.memory = account, memory
        self._flow_interval_seconds = flow_interval_seconds
        self._chance = random.Random(seed)
        self._line = LossyLine(
            self._chance, faults=faults or LineFaults(), state=LineState(now=start.astimezone(UTC))
        )
        types = frozenset({OrderType.MARKET, OrderType.LIMIT})
        self.exchange = ExchangeSimulator(
            clock=self._line,
            accounts=[account],
            instruments=instruments,
            fees=fees,
            rules=EntryRules(order_types=types, client_ids="unique"),
            first_order_id=1001,
            first_fill_id=5001,
        )
        self._reports = Reports(self.exchange, account, self._line)
        self._desk = OrderDesk(self.exchange, account, self._reports, self._line, self._chance)
        self._flows = {
            each.name: BackgroundFlow(self.exchange, each, self._chance) for each in instruments
        }
        self.exchange.subscribe(self._schedule_expiry)
        self._line.schedule_drop()
        if flow_interval_seconds is not None:
            for name, flow in self._flows.items():
                flow.open(self.now)
                self._schedule_flow(name)
        self._remember()

    @property
    def now(self) -> datetime:
        """The venue's time, which is the client's too."""
        return self._line.now()

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up at this moment."""
        return not self._line.was_down(since=self.now)

    @property
    def outages(self) -> list[tuple[datetime, datetime]]:
        """When the connection was down, from and to, including the coming end of a current
        outage.
        """
        return list(self._line.state.outages)

    def submit(
        self,
        *,
        client_order_id: str,
        instrument: str,
        side: Literal["buy", "sell"],
        quantity: Decimal | str,
        order_type: str = "limit",
        limit_price: Decimal | str | None = None,
        time_in_force: Literal["day", "gtc", "ioc", "fok", "gtd"] = "gtc",
        expire_at: datetime | None = None,
        post_only: bool = False,
        request_expires_at: datetime | None = None,
    ) -> VenueAnswer:
        """Send an order. The answer carries `acknowledged` or `rejected`; a lost answer does not
        show what the venue did. `request_expires_at`: a request that arrives later is refused.
        """
        request = SubmitRequest(
            client_order_id=client_order_id,
            instrument=instrument,
            side=side,
            quantity=Decimal(quantity),
            order_type=order_type,
            limit_price=None if limit_price is None else Decimal(limit_price),
            time_in_force=time_in_force,
            expire_at=expire_at,
            post_only=post_only,
            request_expires_at=request_expires_at,
        )
        return self._call(request)

    def cancel(self, client_order_id: str, *, request_id: str | None = None) -> VenueAnswer:
        """Request to cancel an order. The answer carries `canceled` or `cancel_rejected`."""
        return self._call(CancelRequest(client_order_id=client_order_id, request_id=request_id))

    def replace(
        self,
        client_order_id: str,
        *,
        quantity: Decimal | str | None = None,
        limit_price: Decimal | str | None = None,
        request_id: str | None = None,
        request_expires_at: datetime | None = None,
    ) -> VenueAnswer:
        """Request a new total quantity, a new price or both. The answer carries `replaced` or
        `replace_rejected`.

        An order that thereby loses its priority gets a new venue order id.
        """
        request = ReplaceRequest(
            client_order_id=client_order_id,
            request_id=request_id,
            quantity=None if quantity is None else Decimal(quantity),
            limit_price=None if limit_price is None else Decimal(limit_price),
            request_expires_at=request_expires_at,
        )
        return self._call(request)

    def advance(self, until: datetime) -> list[Message]:
        """Advance the time (unless `until` is before `now`) and fetch the pushed messages, in
        order of arrival.
        """
        self._run(until)
        arrived = self._line.fetch()
        self._remember()
        return arrived

    def drop(self, for_seconds: float) -> None:
        """Take the connection down now: pushes are lost, calls get no answer, queries raise."""
        self._line.drop(timedelta(seconds=for_seconds))
        self._remember()

    def lose_next_answer(self, fate: Fate = "answer_lost") -> None:
        """Choose the result of the next call: `answer_lost` (the venue executes it),
        `request_lost`, `request_late`.
        """
        self._line.state.next_fate = fate
        self._remember()

    def open_orders(self) -> list[Message]:
        """A `status_observed` message for each working order: the full list."""
        self._require_connection()
        answers = [
            self._reports.status(order, source="reconciliation")
            for order in self.exchange.open_orders(self.account)
        ]
        self._remember()
        return answers

    def order_status(self, client_order_id: str) -> Message:
        """The venue's current state of one order: a `status_observed` message, or `absent`."""
        self._require_connection()
        listed_after = timedelta(seconds=self._line.faults.listed_after_seconds)
        answer = self._reports.status_of(client_order_id, listed_until=self.now - listed_after)
        self._remember()
        return answer

    def fills_since(self, since: datetime) -> list[Message]:
        """The account's fills at or after a time, oldest first, as they were pushed."""
        self._require_connection()
        since_text = utc_text(since)
        return polled(
            each
            for each in self._reports.sent
            if each["type"] == "fill" and each["at"] >= since_text
        )

    def order_history(self, client_order_id: str) -> list[Message]:
        """All reports of the venue about one order, oldest first, whether they arrived or not."""
        self._require_connection()
        return polled(
            each for each in self._reports.sent if each["client_order_id"] == client_order_id
        )

    def marks(self) -> list[Message]:
        """A `mark` message per instrument: the price around which the others trade now."""
        common = {"type": "mark", "account": self.account, "at": utc_text(self.now)}
        return [
            {**common, "instrument": name, "price": plain(flow.price)}
            for name, flow in self._flows.items()
        ]

    def definitions(self) -> list[Message]:
        """An `instrument` message per instrument."""
        common = {
            "type": "instrument",
            "account": self.account,
            "at": utc_text(self.now),
            "multiplier": "1",
            "inverse": False,
        }
        return [
            {
                **common,
                "instrument": each.name,
                "currency": each.currency,
                "tick": plain(each.tick),
                "lot": plain(each.lot),
            }
            for each in self.exchange.instruments.values()
        ]

    def positions(self) -> dict[str, Decimal]:
        """The account's positions by instrument, signed, including those that are flat again."""
        self._require_connection()
        traded = dict.fromkeys(fill.instrument for fill in self.exchange.fills(self.account))
        return {
            instrument: self.exchange.position(self.account, instrument).quantity
            for instrument in traded
        }

    @classmethod
    def load(cls, path: Path) -> Self:
        """The venue as it last saved itself to the file, which is its `memory` from now on."""
        memory = read_memory(path)
        venue = cls(
            0,
            start=memory.line.now,
            instruments=memory.instruments,
            account=memory.account,
            fees=memory.fees,
            faults=memory.faults,
            flow_interval_seconds=None,
        )
        venue.memory, venue._flow_interval_seconds = path, memory.flow_interval_seconds
        venue._chance.setstate(memory.chance)
        venue._line.state = memory.line
        venue.exchange.restore(memory.exchange)
        venue._reports.restore(memory.sent)
        for name, state in memory.flows.items():
            venue._flows[name].state = state
        return venue

    def save(self, path: Path) -> None:
        """Save the whole venue to a file, atomically."""
        memory = LocalMemory(
            account=self.account,
            instruments=list(self.exchange.instruments.values()),
            fees=self.exchange.fees,
            faults=self._line.faults,
            flow_interval_seconds=self._flow_interval_seconds,
            chance=self._chance.getstate(),
            line=self._line.state,
            exchange=self.exchange.saved(),
            sent=self._reports.sent,
            flows={name: flow.state for name, flow in self._flows.items()},
        )
        write_memory(path, memory)

    def _call(self, request: Request) -> VenueAnswer:
        started_at = self.now
        fate = self._line.draw_fate()
        if fate == "request_late":
            arrives_at = started_at + self._answer_timeout + self._line.latency()
            if self._line.faults.late_seconds[1]:
                arrives_at += self._line.seconds(self._line.faults.late_seconds)
            self._line.schedule(arrives_at, request)
        message = self._round_trip(request, fate) if fate in ("answered", "answer_lost") else None
        if message is None:
            self._run(started_at + self._answer_timeout)
        self._remember()
        return VenueAnswer.of(message)

    def _round_trip(self, request: Request, fate: Fate) -> Message | None:
        sent_at = self.now
        self._run(sent_at + self._line.latency())
        if self._line.was_down(since=sent_at):
            return None
        answer = self._desk.refusal(request)
        if answer is None and self._line.faults.engine_seconds:
            self._run(self.now + self._in_engine())
        if answer is None:
            answer = self._desk.execute(request, is_answer_lost=fate == "answer_lost")
        answered_at = self.now
        self._run(answered_at + self._line.latency())
        is_lost = fate == "answer_lost" or self._line.was_down(since=answered_at)
        return None if is_lost else copy.deepcopy(answer)

    def _run(self, until: datetime) -> None:
        for event in self._line.until(until):
            match event:
                case Flow(instrument=instrument):
                    self._flows[instrument].step(self.now)
                    self._schedule_flow(instrument)
                case Expiry():
                    self.exchange.expire_due(self.now)
                case SubmitRequest() | CancelRequest() | ReplaceRequest():
                    if self._desk.refusal(event) is None:
                        self._take(event)
                case Admitted(request=request):
                    self._desk.execute(request)

    def _take(self, request: Request) -> None:
        """Take a late request. Nobody waits for its answer."""
        if self._line.faults.engine_seconds:
            self._line.schedule(self.now + self._in_engine(), Admitted(request))
        else:
            self._desk.execute(request)

    def _in_engine(self) -> timedelta:
        return self._line.seconds((0.0, self._line.faults.engine_seconds))

    def _schedule_flow(self, instrument: str) -> None:
        mean = self._flow_interval_seconds or 0.0
        self._line.schedule(
            self.now + self._line.seconds((mean / 2, mean * 3 / 2)), Flow(instrument)
        )

    def _schedule_expiry(self, change: Change) -> None:
        if (
            change.kind is Kind.PLACED
            and change.order is not None
            and change.order.expire_at is not None
        ):
            self._line.schedule(change.order.expire_at, Expiry())

    @property
    def _answer_timeout(self) -> timedelta:
        return timedelta(seconds=self._line.faults.answer_timeout_seconds)

    def _require_connection(self) -> None:
        if not self.is_connected:
            raise VenueUnreachable(self.account, at=self.now)

    def _remember(self) -> None:
        if self.memory is not None:
            self.save(self.memory)
