"""A simulated venue: a real matching engine behind a lossy connection, for demos, tests and dry runs.

One seed makes one world. The venue owns its clock (virtual: nothing sleeps) and its chance, so the same calls
give the same messages to the byte. Other traders come and go in the background and fill our orders in parts.
What the venue says, it says in the ledger's messages (JSON form), each at a time of its own that never repeats:

- a call (`submit`, `cancel`, `replace`) takes a round trip of virtual time. It may stay without an answer: the
  request was lost, or is late and will still arrive, or it was obeyed and what the venue said of it was lost;
- `advance` delivers what the venue pushed, in order of arrival. Fills come by a channel of their own and may
  overtake the acknowledgement. What is pushed while the connection is down is lost;
- `order_status`, `open_orders`, `fills_since`, `order_history` answer from the venue's memory; what was pushed
  before comes back with the same ids, numbers and times.

The venue outlives its client. Given a `memory` file it writes itself there, atomically, before any call returns;
`SimulatedVenue.load` continues the same world, whatever became of the process that began it.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Self

from orderledger.domain.exact import plain
from orderledger.simulation.market.engine import VenueEngine
from orderledger.simulation.market.flow import default_instruments
from orderledger.simulation.market.line import Fate, LossyLine
from orderledger.simulation.market.order_book import Side, TimeInForce
from orderledger.simulation.market.terms import (
    CALM,
    REQUESTS,
    CancelRequest,
    Faults,
    FeeSchedule,
    Message,
    ReplaceRequest,
    Request,
    SimulatedInstrument,
    SubmitRequest,
    VenueAnswer,
    VenueUnreachable,
    polled,
    read_memory,
    utc_text,
    write_memory,
)

__all__ = ["CALM", "Faults", "FeeSchedule", "SimulatedInstrument", "SimulatedVenue", "VenueAnswer", "VenueUnreachable"]


class SimulatedVenue:
    """One account at one venue. All numbers and times it returns are the venue's; it never reads a real clock."""

    def __init__(
        self,
        seed: int,
        *,
        start: datetime,
        instruments: Sequence[SimulatedInstrument] = (),
        account: str = "sim:main",
        fees: FeeSchedule | None = None,
        faults: Faults | None = None,
        flow_interval_seconds: float | None = 0.5,
        memory: Path | None = None,
    ) -> None:
        """`flow_interval_seconds`: how often, about, the others act in each instrument; None leaves our orders alone."""
        if start.tzinfo is None:
            raise ValueError(f"start needs an offset, found {start.isoformat()}")
        self.account, self.memory = account, memory
        self.instruments = {instrument.name: instrument for instrument in instruments or default_instruments()}
        self.fees = fees or FeeSchedule()
        self._flow_interval_seconds = flow_interval_seconds
        self._chance = random.Random(seed)
        self._line = LossyLine(self._chance, start=start.astimezone(UTC), faults=faults or Faults())
        self._engine = VenueEngine(account, instruments=self.instruments, fees=self.fees, chance=self._chance, line=self._line)
        self._line.schedule_drop()
        if flow_interval_seconds is not None:
            for name, flow in self._engine.flows.items():
                flow.open()
                self._schedule_flow(name)
        self._remember()

    @property
    def now(self) -> datetime:
        """The venue's time, which is the client's too."""
        return self._line.now

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up at this moment."""
        return not self._line.was_down(since=self.now)

    @property
    def outages(self) -> list[tuple[datetime, datetime]]:
        """When the connection was down, from and to, the coming end of a present outage included."""
        return list(self._line.outages)

    def submit(
        self,
        *,
        client_order_id: str,
        instrument: str,
        side: Side,
        quantity: Decimal | str,
        order_type: str = "limit",
        limit_price: Decimal | str | None = None,
        time_in_force: TimeInForce = "gtc",
        expire_at: datetime | None = None,
        post_only: bool = False,
    ) -> VenueAnswer:
        """Send an order. The answer carries `acknowledge` or `reject`; a lost one says nothing of what the venue did."""
        request = SubmitRequest(
            client_order_id=client_order_id,
            instrument=instrument,
            side=side,
            quantity=Decimal(quantity),
            order_type=order_type,
            limit_price=None if limit_price is None else Decimal(limit_price),
            time_in_force=time_in_force,
            expire_at=expire_at,
            is_post_only=post_only,
        )
        return self._call(request)

    def cancel(self, client_order_id: str, *, request_id: str | None = None) -> VenueAnswer:
        """Ask for an order's end. The answer carries `cancel` or `reject_cancel`."""
        return self._call(CancelRequest(client_order_id=client_order_id, request_id=request_id))

    def replace(
        self,
        client_order_id: str,
        *,
        quantity: Decimal | str | None = None,
        limit_price: Decimal | str | None = None,
        request_id: str | None = None,
    ) -> VenueAnswer:
        """Ask for a new total quantity, a new price or both. The answer carries `replace` or `reject_replace`.

        An order that loses its priority by it bears a new venue order id from then on.
        """
        request = ReplaceRequest(
            client_order_id=client_order_id,
            request_id=request_id,
            quantity=None if quantity is None else Decimal(quantity),
            limit_price=None if limit_price is None else Decimal(limit_price),
        )
        return self._call(request)

    def advance(self, until: datetime) -> list[Message]:
        """Let time pass (none if `until` is behind `now`) and fetch what the venue pushed, in order of arrival."""
        self._run(until)
        arrived = self._line.fetch()
        self._remember()
        return arrived

    def drop(self, for_seconds: float) -> None:
        """Take the connection down now: pushes are lost, calls stay without an answer, questions raise."""
        self._line.drop(timedelta(seconds=for_seconds))
        self._remember()

    def lose_next_answer(self, fate: Fate = "answer_lost") -> None:
        """Decide what becomes of the next call: `answer_lost` (the venue obeys), `request_lost`, `request_late`."""
        self._line.choose_fate(fate)
        self._remember()

    def open_orders(self) -> list[Message]:
        """A `status` message for each order that works at the venue: the full list."""
        self._require_connection()
        working = [order for order in self._engine.orders.values() if order.is_open]
        answers = [self._engine.status(order, source="reconciliation") for order in working]
        self._remember()
        return answers

    def order_status(self, client_order_id: str) -> Message:
        """What the venue knows of one order now: a `status` message, or `absent`."""
        self._require_connection()
        order = self._engine.orders.get(client_order_id)
        if order is not None:
            answer = self._engine.status(order, source="venue_poll")
        else:
            answer = self._engine.message("absent", client_order_id, source="venue_poll")
        self._remember()
        return answer

    def fills_since(self, since: datetime) -> list[Message]:
        """The account's fills at or after a time, oldest first, as they were pushed."""
        self._require_connection()
        since_text = utc_text(since)
        return polled(each for each in self._engine.reports if each["type"] == "fill" and each["at"] >= since_text)

    def order_history(self, client_order_id: str) -> list[Message]:
        """All that the venue ever said of one order, oldest first, whether it arrived or not."""
        self._require_connection()
        return polled(each for each in self._engine.reports if each["client_order_id"] == client_order_id)

    def marks(self) -> list[Message]:
        """A `mark` message per instrument: the price around which the others trade now."""
        at, flows = utc_text(self.now), self._engine.flows.items()
        return [
            {"type": "mark", "account": self.account, "at": at, "instrument": name, "price": plain(flow.price)}
            for name, flow in flows
        ]

    def definitions(self) -> list[Message]:
        """An `instrument` message per instrument."""
        return [each.definition(self.account, at=self.now) for each in self.instruments.values()]

    def positions(self) -> dict[str, Decimal]:
        """The venue's own sum of the account's fills per instrument, signed."""
        self._require_connection()
        return self._engine.positions()

    @classmethod
    def load(cls, path: Path) -> Self:
        """The venue as it stood when it last wrote itself to the file, which is its `memory` from now on."""
        state = read_memory(path)
        terms = state["terms"]
        venue = cls(
            0,
            start=state["line"]["now"],
            instruments=[SimulatedInstrument(**each) for each in terms["instruments"]],
            account=terms["account"],
            fees=FeeSchedule(**terms["fees"]),
            faults=Faults(**terms["faults"]),
            flow_interval_seconds=None,
        )
        venue.memory, venue._flow_interval_seconds = path, terms["flow_interval_seconds"]
        version, numbers, gauss_next = state["chance"]
        venue._chance.setstate((version, tuple(numbers), gauss_next))
        venue._line.restore(state["line"])
        venue._engine.restore(state["engine"])
        return venue

    def save(self, path: Path) -> None:
        """Write the whole venue to a file, in one step."""
        terms = {
            "account": self.account,
            "instruments": [asdict(each) for each in self.instruments.values()],
            "fees": asdict(self.fees),
            "faults": asdict(self._line.faults),
            "flow_interval_seconds": self._flow_interval_seconds,
        }
        state = {"terms": terms, "chance": self._chance.getstate(), "line": self._line.state(), "engine": self._engine.state()}
        write_memory(path, state)

    def _call(self, request: Request) -> VenueAnswer:
        started_at = self.now
        fate = self._line.draw_fate()
        if fate == "request_late":
            arrives_at = started_at + self._answer_timeout + self._line.latency()
            self._line.schedule(arrives_at, "request", {"type": type(request).__name__, "terms": asdict(request)})
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
        answer = self._engine.execute(request, is_answer_lost=fate == "answer_lost")
        answered_at = self.now
        self._run(answered_at + self._line.latency())
        is_lost = fate == "answer_lost" or self._line.was_down(since=answered_at)
        return None if is_lost else copy.deepcopy(answer)

    def _run(self, until: datetime) -> None:
        for name, payload in self._line.until(until):
            match name:
                case "flow":
                    self._engine.flow(payload["instrument"])
                    self._schedule_flow(payload["instrument"])
                case "expire":
                    self._engine.expire(payload["client_order_id"])
                case "request":
                    self._engine.execute(REQUESTS[payload["type"]](**payload["terms"]))

    def _schedule_flow(self, instrument: str) -> None:
        mean = self._flow_interval_seconds or 0.0
        self._line.schedule(self.now + self._line.seconds((mean / 2, mean * 3 / 2)), "flow", {"instrument": instrument})

    @property
    def _answer_timeout(self) -> timedelta:
        return timedelta(seconds=self._line.faults.answer_timeout_seconds)

    def _require_connection(self) -> None:
        if not self.is_connected:
            raise VenueUnreachable(self.account, at=self.now)

    def _remember(self) -> None:
        if self.memory is not None:
            self.save(self.memory)
