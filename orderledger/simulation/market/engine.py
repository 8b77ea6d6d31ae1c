"""The inside of a simulated venue: it executes requests in its books and says what happened, to whoever listens."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, assert_never

from orderledger.domain.exact import ZERO, plain
from orderledger.simulation.market.flow import BackgroundFlow
from orderledger.simulation.market.line import LossyLine
from orderledger.simulation.market.order_book import BookOrder, Execution, Match, OrderBook
from orderledger.simulation.market.terms import (
    AccountOrder,
    CancelRequest,
    FeeSchedule,
    Message,
    ReplaceRequest,
    Request,
    SimulatedInstrument,
    SubmitRequest,
    is_multiple,
    utc_text,
)

RANDOM_REJECTS = ("rate_limited", "insufficient_margin")


class VenueEngine:
    """The books, the account's orders and every report ever made of them."""

    def __init__(
        self,
        account: str,
        *,
        instruments: dict[str, SimulatedInstrument],
        fees: FeeSchedule,
        chance: random.Random,
        line: LossyLine,
    ) -> None:
        self.account, self.instruments, self.fees = account, instruments, fees
        self.flows = {name: BackgroundFlow(each, OrderBook(), chance) for name, each in instruments.items()}
        self.orders: dict[str, AccountOrder] = {}
        self.reports: list[Message] = []
        self._chance, self._line = chance, line
        self._order_number, self._fill_number = 1000, 5000

    def execute(self, request: Request, *, is_answer_lost: bool = False) -> Message:
        """Do what is asked, or refuse it. The answer is pushed too, unless it is to be lost."""
        match request:
            case SubmitRequest():
                return self._submit(request, is_answer_lost)
            case CancelRequest():
                return self._cancel(request, is_answer_lost)
            case ReplaceRequest():
                return self._replace(request, is_answer_lost)
        assert_never(request)

    def flow(self, instrument: str) -> None:
        """Let another trader act."""
        self._settle(None, self.flows[instrument].step())

    def expire(self, client_order_id: str) -> None:
        """End an order whose time is over, if it still works."""
        order = self.orders[client_order_id]
        if order.is_open:
            self._book(order).cancel(order)
            order.ended_as = "expired"
            self._report("expire", order)

    def status(self, order: AccountOrder, *, source: str) -> Message:
        """What the venue says of an order when asked."""
        return self.message("status", order, source=source, status=order.status(), reported=order.reported())

    def message(self, kind: str, order: AccountOrder | str, *, source: str, **fields: Any) -> Message:
        """A message of the ledger's contract about an order, or about an unknown client order id, at a time of its own."""
        client_order_id = order if isinstance(order, str) else order.client_order_id
        venue_order_id = None if isinstance(order, str) else order.order_id or None
        at = utc_text(self._line.tick())
        named = {"type": kind, "account": self.account, "client_order_id": client_order_id, "venue_order_id": venue_order_id}
        return {name: value for name, value in {**named, "at": at, "source": source, **fields}.items() if value is not None}

    def positions(self) -> dict[str, Decimal]:
        """The sum of the account's fills per instrument, signed."""
        positions: dict[str, Decimal] = {}
        for fill in (report for report in self.reports if report["type"] == "fill"):
            signed = Decimal(fill["quantity"]) * (1 if fill["side"] == "buy" else -1)
            positions[fill["instrument"]] = positions.get(fill["instrument"], ZERO) + signed
        return positions

    def state(self) -> dict[str, Any]:
        """All that `restore` needs to go on."""
        return {
            "flows": {name: flow.state() for name, flow in self.flows.items()},
            "orders": [vars(order) for order in self.orders.values()],
            "reports": self.reports,
            "numbers": [self._order_number, self._fill_number],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`; this engine must be new."""
        for name, flow in self.flows.items():
            flow.restore(state["flows"][name])
        for terms in state["orders"]:
            order = AccountOrder(**terms)
            self.orders[order.client_order_id] = order
            if order.is_open:
                self._book(order).place(order)
        self.reports = state["reports"]
        self._order_number, self._fill_number = state["numbers"]

    def _submit(self, request: SubmitRequest, is_answer_lost: bool) -> Message:
        if request.client_order_id in self.orders:
            known = self.orders[request.client_order_id]
            return self._report("reject", known, is_lost=is_answer_lost, reason="duplicate_order")
        order = request.as_order(owner=self.account)
        self.orders[order.client_order_id] = order
        reason = self._why_not_submit(request, order)
        if reason is not None:
            order.ended_as = "rejected"
            return self._report("reject", order, is_lost=is_answer_lost, reason=reason)
        order.order_id = self._next_order_id()
        answer = self._report("acknowledge", order, is_lost=is_answer_lost)
        expires_at = self._expires_at(order)
        if expires_at is not None:
            self._line.schedule(expires_at, "expire", {"client_order_id": order.client_order_id})
        self._settle(order, self._book(order).submit(order))
        return answer

    def _cancel(self, request: CancelRequest, is_answer_lost: bool) -> Message:
        order = self.orders.get(request.client_order_id)
        reason = self._why_not_change(order, "too_late_to_cancel")
        if order is None or reason is not None:
            subject = order or request.client_order_id
            return self._report("reject_cancel", subject, is_lost=is_answer_lost, reason=reason, request_id=request.request_id)
        self._book(order).cancel(order)
        order.ended_as = "canceled"
        return self._report("cancel", order, is_lost=is_answer_lost)

    def _replace(self, request: ReplaceRequest, is_answer_lost: bool) -> Message:
        order = self.orders.get(request.client_order_id)
        reason = self._why_not_change(order, "too_late_to_replace")
        if order is not None and reason is None:
            reason = self._why_not_terms(order, *request.terms_for(order))
        if order is None or reason is not None:
            subject = order or request.client_order_id
            return self._report("reject_replace", subject, is_lost=is_answer_lost, reason=reason, request_id=request.request_id)
        quantity, limit_price = request.terms_for(order)
        cum_quantity, sequence = order.cum_quantity, order.sequence
        execution = self._book(order).replace(order, quantity=quantity, limit_price=limit_price)
        if order.sequence != sequence or execution.matches:
            order.order_id = self._next_order_id()
        terms = {"quantity": plain(order.quantity), "limit_price": plain(order.limit_price or ZERO)}
        reported = order.reported(cum_quantity=cum_quantity)
        answer = self._report("replace", order, is_lost=is_answer_lost, reported=reported, **terms)
        self._settle(order, execution)
        return answer

    def _settle(self, taker: AccountOrder | None, execution: Execution) -> None:
        for resting in execution.self_trades:
            if isinstance(resting, AccountOrder):
                resting.ended_as = "canceled"
                self._report("cancel", resting, reason="self_trade")
        for match in execution.matches:
            self._fill(match.maker, match, cum_quantity=match.maker_cum_quantity)
            self._fill(match.taker, match, cum_quantity=match.taker_cum_quantity)
        if taker is not None and execution.reason is not None:
            taker.ended_as = "canceled"
            self._report("cancel", taker, reason=execution.reason)

    def _fill(self, order: BookOrder, match: Match, *, cum_quantity: Decimal) -> None:
        if not isinstance(order, AccountOrder):
            return
        is_maker = order is match.maker
        currency = self.instruments[order.instrument].currency
        fee, fee_currency = self.fees.fee(match.price * match.quantity, is_maker=is_maker, currency=currency)
        self._fill_number += 1
        self._report(
            "fill",
            order,
            reported=order.reported(cum_quantity=cum_quantity),
            fill_id=f"T{self._fill_number}",
            instrument=order.instrument,
            side=order.side,
            quantity=plain(match.quantity),
            price=plain(match.price),
            fee=plain(fee),
            fee_currency=fee_currency,
            liquidity="maker" if is_maker else "taker",
        )

    def _report(self, kind: str, order: AccountOrder | str, *, is_lost: bool = False, **fields: Any) -> Message:
        if isinstance(order, AccountOrder) and kind != "reject":
            fields = {"reported": order.reported(), **fields}
        report = self.message(kind, order, source="venue_push", **fields)
        self.reports.append(report)
        if not is_lost:
            self._line.push(report, channel="fills" if kind == "fill" else "orders")
        return report

    def _why_not_submit(self, request: SubmitRequest, order: AccountOrder) -> str | None:
        if order.instrument not in self.instruments:
            return "unknown_instrument"
        if request.order_type not in ("market", "limit"):
            return "unsupported_order_type"
        if (request.order_type == "limit") != (order.limit_price is not None):
            return "incorrect_price"
        if order.time_in_force == "gtd" and (order.expire_at is None or order.expire_at <= self._line.now):
            return "incorrect_expire_at"
        return self._why_not_terms(order, order.quantity, order.limit_price) or self._random_reject()

    def _why_not_change(self, order: AccountOrder | None, too_late: str) -> str | None:
        if order is None:
            return "unknown_order"
        return self._random_reject() if order.is_open else too_late

    def _why_not_terms(self, order: AccountOrder, quantity: Decimal, limit_price: Decimal | None) -> str | None:
        instrument = self.instruments[order.instrument]
        if not is_multiple(quantity, of=instrument.lot):
            return "incorrect_quantity"
        if limit_price is not None and not is_multiple(limit_price, of=instrument.tick):
            return "incorrect_price"
        if order.is_post_only and self._book(order).would_match(order, limit_price=limit_price):
            return "post_only_would_match"
        return None

    def _random_reject(self) -> str | None:
        return self._chance.choice(RANDOM_REJECTS) if self._chance.random() < self._line.faults.reject_rate else None

    def _expires_at(self, order: AccountOrder) -> datetime | None:
        if order.time_in_force == "gtd":
            return order.expire_at
        if order.time_in_force == "day":
            return datetime.combine(self._line.now.date() + timedelta(days=1), time(), tzinfo=UTC)
        return None

    def _book(self, order: AccountOrder) -> OrderBook:
        return self.flows[order.instrument].book

    def _next_order_id(self) -> str:
        self._order_number += 1
        return f"V{self._order_number}"
