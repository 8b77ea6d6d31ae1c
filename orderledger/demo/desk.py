"""The desk of a trading process, between its venue and its ledger. It records first and sends
second.

A recorded message is durable, so a restart finds everything that was ever sent.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger import (
    Ledger,
    Message,
    Request,
    RequestCancel,
    RequestReplace,
    Side,
    Submit,
    Unresolved,
    parse_document,
)
from orderledger.demo.words import clock, number, price
from orderledger.demo.world import ACCOUNT, TICKS
from orderledger.simulation.local import LocalVenue, VenueAnswer

Print = Callable[[str], None]
Outcomes = Counter[str]


class Desk:
    """One account at the simulated venue, kept in one ledger."""

    def __init__(self, ledger: Ledger, venue: LocalVenue, print_line: Print) -> None:
        self.ledger, self.venue = ledger, venue
        self._print = print_line

    def print_line(self, text: str) -> None:
        """Print a line with the time."""
        self._print(f"{clock(self.venue.now)}  {text}")

    def record(self, *messages: Message) -> Outcomes:
        """Record our own messages. Raises AssertionError if the ledger refuses one."""
        outcomes = self.ledger.record_many(messages)
        for message, outcome in zip(messages, outcomes, strict=True):
            if outcome.outcome == "refused":
                raise AssertionError(f"{message} was refused: {outcome.reason}, {outcome.text}")
        return Counter(outcome.outcome for outcome in outcomes)

    def record_reports(
        self, reports: Iterable[dict[str, Any]], *, source: str | None = None
    ) -> Outcomes:
        """Record reports of the venue. A known report is a duplicate and changes nothing."""
        changed = {} if source is None else {"source": source}
        return self.record(*(parse_document({**report, **changed}) for report in reports))

    def note_gap(self, down_at: datetime, up_at: datetime, *, reason: str) -> None:
        """Record a gap: a time without a connection to the venue."""
        self.record_reports(
            [{"type": "gap", "account": ACCOUNT, "from": down_at, "to": up_at, "reason": reason}]
        )

    def place(self, request: Request) -> str:
        """Record an order, send it and record the answer. Returns the result in words."""
        self.record(request)
        return self.record_answer(request.client_order_id, self.send(request))

    def send(self, request: Request) -> VenueAnswer:
        """Send a recorded order to the venue."""
        self.record(Submit(account=ACCOUNT, client_order_id=request.client_order_id))
        assert request.quantity is not None
        return self.venue.submit(
            client_order_id=request.client_order_id,
            instrument=request.instrument,
            side="buy" if request.side is Side.BUY else "sell",
            quantity=request.quantity,
            limit_price=request.limit_price,
            post_only=request.post_only,
        )

    def cancel(self, name: str, *, request_id: str) -> str:
        """Cancel an order. Returns the result in words."""
        self.record(RequestCancel(account=ACCOUNT, client_order_id=name, request_id=request_id))
        return self.record_answer(name, self.venue.cancel(name, request_id=request_id))

    def replace(self, name: str, *, limit_price: Decimal, request_id: str) -> str:
        """Change the price of an order. Returns the result in words."""
        self.record(
            RequestReplace(
                account=ACCOUNT,
                client_order_id=name,
                limit_price=limit_price,
                request_id=request_id,
            )
        )
        return self.record_answer(
            name, self.venue.replace(name, limit_price=limit_price, request_id=request_id)
        )

    def record_answer(self, name: str, answer: VenueAnswer) -> str:
        """Record the answer of a call, or that there was none. Returns it in words."""
        if answer.message is None:
            self.record(
                Unresolved(account=ACCOUNT, client_order_id=name, reason=answer.reason or "timeout")
            )
            return "NO ANSWER, recorded as unresolved"
        self.record_reports([answer.message])
        venue_order_id = answer.message.get("venue_order_id")
        if answer.outcome == "rejected":
            return f"the venue refuses: {answer.reason}"
        word = {"acknowledged": "accepted", "canceled": "canceled", "replaced": "replaced"}[
            answer.message["type"]
        ]
        return f"{word} as {venue_order_id}" if word != "canceled" else word

    def wait(self, seconds: float) -> None:
        """Let time pass, record the venue's reports, and print the fills."""
        pushed = self.venue.advance(self.venue.now + timedelta(seconds=seconds))
        self.record_reports(pushed)
        self.print_fills(report for report in pushed if report["type"] == "fill")

    def print_fills(self, fills: Iterable[dict[str, Any]]) -> None:
        """Print one line with all fills, order by order."""
        counts = Counter(fill["client_order_id"] for fill in fills)
        parts = []
        for name in sorted(counts):
            order = self.ledger.order(name, account=ACCOUNT)
            filled = (
                f"{number(order['cum_quantity'])} of {number(order['quantity'])}"
                if order["quantity"]
                else ""
            )
            parts.append(
                f"{name} {filled or number(order['cum_quantity'])} at "
                f"{price(order['average_price'])}"
            )
        if parts:
            self.print_line(f"filled so far: {', '.join(parts)}")

    def is_open(self, name: str) -> bool:
        """Check that the ledger has no end of the order."""
        return bool(self.ledger.order(name, account=ACCOUNT)["leaves_quantity"])

    def price(self, instrument: str, *, ticks: int) -> Decimal:
        """A limit price, `ticks` from the market."""
        marks = {mark["instrument"]: Decimal(mark["price"]) for mark in self.venue.marks()}
        return marks[instrument] + ticks * TICKS[instrument]
