"""Sends new orders: prepare, check, record, send, record the answer. The order of these steps is what the gateway guarantees."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.limits import Denial, Limits, Proposed, check
from orderledger.domain.values import OrderType, Side
from orderledger.infrastructure.clock import Clock
from orderledger.infrastructure.errors import Fenced, NotSent
from orderledger.infrastructure.gateway.answers import Answer, Failure, answer_of, answered, as_answer, record_answer
from orderledger.infrastructure.gateway.book import Book
from orderledger.infrastructure.gateway.lease_keeper import LeaseKeeper
from orderledger.infrastructure.gateway.results import GatewayLedger, Sending
from orderledger.infrastructure.gateway.settings import UnresolvedPolicy
from orderledger.infrastructure.gateway.situation import BookSituation
from orderledger.infrastructure.messages.commands import Deny, Request, Submit
from orderledger.infrastructure.messages.outcome import Outcome
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.venues.base.order_entry import OrderEntry
from orderledger.projections.orders import ORDERS
from orderledger.projections.view import Row

ORDERS_PER_COMMIT = 400
"""A commit takes a thousand messages; each order brings two."""
WITHDRAWN = NotSent("withdrawn", "it was canceled before it was sent")
Key = tuple[str, str]
"""Account and client order id."""

OnResult = Callable[[Sending, Row, bool], None]


@dataclass(slots=True)
class Flight:
    """An order between the call and the recorded answer. `is_withdrawn`: canceled before it was sent."""

    request: Request
    row: Row
    denial: Denial | None = None
    is_sent: bool = False
    is_withdrawn: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def key(self) -> Key:
        return self.request.account, self.request.client_order_id


class Sender:
    """Sends the new orders of all accounts of a gateway. `on_result` is called with the result of every order that was recorded
    as submitted, its row, and whether sending failed."""

    def __init__(
        self,
        ledger: GatewayLedger,
        entries: Mapping[str, OrderEntry],
        book: Book,
        keeper: LeaseKeeper,
        *,
        rules: Sequence[Limits],
        policy: UnresolvedPolicy,
        clock: Clock,
        answer_seconds: float,
        on_result: OnResult,
    ) -> None:
        self.flights: dict[Key, Flight] = {}
        self._ledger = ledger
        self._entries = entries
        self._book = book
        self._keeper = keeper
        self._rules = rules
        self._policy = policy
        self._clock = clock
        self._answer_seconds = answer_seconds
        self._on_result = on_result
        self._situation = BookSituation(book)

    async def send(self, account: str, requests: Sequence[Request]) -> list[Sending]:
        """Check, record and send orders of one account: one commit, and one call where the venue has one."""
        results: list[Sending] = []
        for start in range(0, len(requests), ORDERS_PER_COMMIT):
            results += await self._send(account, requests[start : start + ORDERS_PER_COMMIT])
        return results

    async def resend(self, row: Row) -> Sending:
        """Send an order again that the venue did not know. The ledger refuses that if no absence is recorded."""
        account, name = row["account"], row["client_order_id"]
        submit = Submit(account=account, client_order_id=name, at=self._clock.now())
        (outcome,) = await self._ledger.arecord_together([submit], fence=self._keeper.fence(account))
        if outcome.outcome != "recorded":
            return Sending("refused", account, name, outcome.reason, outcome.text, outcome=outcome)
        (answer,) = await self._submit(account, [row])
        return await self._record(row, answer, outcome)

    def why_not(self, order: Proposed, *, is_new: bool = True) -> Denial | None:
        """Why the order, or the change of one, must not be sent now."""
        self._book.catch_up()
        account, instrument = order.account, order.instrument
        halt = self._book.halt_of(account, instrument, order.strategy)
        if halt is not None:
            since = halt["halted_at"].isoformat()
            return Denial("halted", f"trading is halted since {since}: {halt['text'] or halt['reason'] or 'no reason given'}")
        if is_new and self._policy != "allow":
            unknown = self._book.unresolved_in(account, instrument if self._policy == "block_instrument" else None)
            if unknown is not None:
                return Denial("unresolved_order", f"the outcome of order {unknown} is not known yet")
        return check(order, self._situation, self._rules)

    async def _send(self, account: str, requests: Sequence[Request]) -> list[Sending]:
        fence = self._keeper.fence(account)
        flights = [self._checked(request) for request in requests]
        try:
            messages = [message for flight in flights for message in self._to_record(flight)]
            outcomes = await self._ledger.arecord_together(messages, fence=fence)
            pairs = list(zip(outcomes[::2], outcomes[1::2], strict=True))
            going = [flight for flight, (_, last) in zip(flights, pairs, strict=True) if _is_to_be_sent(flight, last)]
            for flight in going:
                flight.is_sent = not flight.is_withdrawn
            sent = [flight for flight in going if flight.is_sent]
            answers = dict(zip((id(one) for one in sent), await self._submit(account, [one.row for one in sent]), strict=True))
            results = await asyncio.gather(
                *(
                    self._record(flight.row, answers.get(id(flight), WITHDRAWN), last)
                    if _is_to_be_sent(flight, last)
                    else _unsent(flight, requested, last)
                    for flight, (requested, last) in zip(flights, pairs, strict=True)
                )
            )
        finally:
            for flight in flights:
                self._forget(flight)
        return results

    def _checked(self, request: Request) -> Flight:
        """Prepare and check one order, and count it as open from now on unless it is denied."""
        flight = Flight(request, row_of(request))
        try:
            aliases = self._entries[request.account].prepare(flight.row)
        except NotSent as error:
            flight.denial = Denial(error.reason, error.text or str(error))
        else:
            flight.row["aliases"] = {**request.aliases, **aliases}
            flight.denial = self.why_not(proposed_of(flight.row))
        if flight.denial is None:
            self._book.reserve(proposed_of(flight.row), request.client_order_id)
            self.flights[flight.key] = flight
        return flight

    def _to_record(self, flight: Flight) -> list[Message]:
        request, now = flight.request, self._clock.now()
        named = request.model_copy(update={"aliases": flight.row["aliases"], "at": request.at or now})
        account, name, denial = request.account, request.client_order_id, flight.denial
        if denial is not None:
            return [named, Deny(account=account, client_order_id=name, at=now, reason=denial.reason, text=denial.text)]
        return [named, Submit(account=account, client_order_id=name, at=now)]

    async def _submit(self, account: str, rows: Sequence[Row]) -> list[Answer]:
        """Hand orders to the venue, and wait for the answer to each."""
        if not rows:
            return []
        try:
            self._keeper.fence(account)  # the process may have been paused since the commit
        except Fenced as error:
            return [NotSent("fenced", str(error)) for _ in rows]
        entry = self._entries[account]
        size = entry.abilities.batch
        if size <= 1 or len(rows) == 1:
            return list(await asyncio.gather(*(answer_of(entry.submit(row), self._answer_seconds) for row in rows)))
        answers: list[Answer] = []
        for start in range(0, len(rows), size):
            batch = rows[start : start + size]
            found = await answered(entry.submit_many(batch), self._answer_seconds)
            answers += _each(found, len(batch))
        return answers

    async def _record(self, row: Row, answer: Answer, outcome: Outcome) -> Sending:
        result = await record_answer(self._ledger, row, answer, self._clock.now(), outcome)
        self._on_result(result, row, isinstance(answer, Failure) and answer is not WITHDRAWN)
        return result

    def _forget(self, flight: Flight) -> None:
        if self.flights.get(flight.key) is flight:
            del self.flights[flight.key]
            self._book.release(*flight.key)
        flight.done.set()


def _each(found: object, count: int) -> list[Answer]:
    """The answers of a batch. One that does not have an answer for each order says nothing about any."""
    if isinstance(found, Sequence) and not isinstance(found, str) and len(found) == count:
        return [as_answer(one) for one in found]
    return [as_answer(found if isinstance(found, Failure) else None)] * count


def _is_to_be_sent(flight: Flight, submitted: Outcome) -> bool:
    return flight.denial is None and submitted.outcome == "recorded"


async def _unsent(flight: Flight, requested: Outcome, last: Outcome) -> Sending:
    """The result of an order that is not sent."""
    if flight.denial is not None and last.outcome == "recorded":
        return Sending("denied", *flight.key, flight.denial.reason, flight.denial.text, outcome=requested)
    refused = requested if requested.outcome == "refused" else last
    return Sending("refused", *flight.key, refused.reason, refused.text, outcome=refused)


def row_of(request: Request) -> Row:
    """The terms of a request as a row of the order view."""
    terms = {name: value for name, value in request.__dict__.items() if name in ORDERS.by_name}
    words = {name: str(terms[name]) for name in ("side", "order_type", "time_in_force") if terms[name] is not None}
    links = None if request.links is None else request.links.model_dump(mode="json", exclude_none=True)
    row = {**dict.fromkeys(ORDERS.names), **terms, **words, "links": links, "cum_quantity": ZERO}
    row["working_client_order_id"] = request.client_order_id
    row["venue_order_ids"] = [] if request.venue_order_id is None else [request.venue_order_id]
    return row


def proposed_of(row: Row, *, replaces: Row | None = None) -> Proposed:
    """The order as the limits see it. `replaces`: the order before the change."""
    before = replaces["quantity"] if replaces is not None and replaces["quantity"] is not None else ZERO
    return Proposed(
        account=row["account"],
        instrument=row["instrument"],
        side=Side(row["side"]),
        quantity=row["quantity"],
        added=max(ZERO, EXACT.subtract(row["quantity"], before)),
        order_type=OrderType(row["order_type"]),
        limit_price=row["limit_price"],
        strategy=row["strategy"],
        reduce_only=bool(row["reduce_only"]),
    )
