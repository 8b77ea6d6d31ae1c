"""`OrderDesk`: how a local venue handles the requests that reach it."""

import random

from msgspec import structs

from orderledger.simulation.local.line import LossyLine
from orderledger.simulation.local.reports import Reports
from orderledger.simulation.local.requests import (
    CancelRequest,
    Message,
    ReplaceRequest,
    Request,
    SubmitRequest,
)
from orderledger.simulation.market import ExchangeSimulator, Kind, Reason, Refusal, SimulatedOrder

RANDOM_REJECTS = ("rate_limited", "insufficient_margin")


class OrderDesk:
    """Sends the requests of one account to the exchange, and reports refusals. The line's faults
    refuse some at random.
    """

    def __init__(
        self,
        exchange: ExchangeSimulator,
        account: str,
        reports: Reports,
        line: LossyLine,
        chance: random.Random,
    ) -> None:
        self._exchange, self._account, self._reports = exchange, account, reports
        self._line, self._chance = line, chance
        exchange.rules.judge = self._random_reject

    def refusal(self, request: Request) -> Message | None:
        """The refusal of a request that arrives after its expiry. The venue keeps no trace of
        it."""
        expires_at = getattr(request, "request_expires_at", None)
        if expires_at is None or self._line.now() <= expires_at:
            return None
        kind = "rejected" if isinstance(request, SubmitRequest) else "replace_rejected"
        named = {"request_id": getattr(request, "request_id", None), "reason": "request_expired"}
        return self._reports.message(kind, request.client_order_id, source="venue_push", **named)

    def execute(self, request: Request, *, is_answer_lost: bool = False) -> Message:
        """Execute the request, or refuse it. The answer is its first report, and is also pushed,
        unless it is to be lost.
        """
        first = len(self._reports.sent)
        if is_answer_lost:
            self._reports.lose_next()
        match request:
            case SubmitRequest():
                self._submit(request)
            case CancelRequest(client_order_id=name):
                self._refused(
                    "cancel_rejected",
                    request,
                    self._exchange.request_cancel(self._account, client_id=name),
                )
            case ReplaceRequest(client_order_id=name):
                quantity, limit_price = request.quantity, request.limit_price
                done = self._exchange.request_replace(
                    self._account,
                    client_id=name,
                    quantity=quantity,
                    limit_price=limit_price,
                    with_new_id=None,
                )
                self._refused("replace_rejected", request, done)
        return self._reports.sent[first]

    def _submit(self, request: SubmitRequest) -> None:
        terms = structs.asdict(request)
        name = terms.pop("client_order_id")
        del terms["request_expires_at"]
        if self._reports.is_rejected(name):
            done: SimulatedOrder | Refusal = Refusal(reason=Reason.DUPLICATE_ORDER)
        else:
            done = self._exchange.submit(self._account, client_id=name, **terms)
        if isinstance(done, Refusal):
            self._reports.add("rejected", done.order or name, reason=str(done.reason))

    def _refused(
        self, kind: str, request: CancelRequest | ReplaceRequest, done: SimulatedOrder | Refusal
    ) -> None:
        if not isinstance(done, Refusal):
            return
        claims = None if done.order is None else self._reports.claims(done.order)
        subject = done.order or request.client_order_id
        self._reports.add(
            kind, subject, reported=claims, reason=str(done.reason), request_id=request.request_id
        )

    def _random_reject(self, kind: Kind, order: SimulatedOrder) -> str | None:
        """The line's faults reject some requests of this account."""
        is_rejected = (
            order.account == self._account and self._chance.random() < self._line.faults.reject_rate
        )
        return self._chance.choice(RANDOM_REJECTS) if is_rejected else None
