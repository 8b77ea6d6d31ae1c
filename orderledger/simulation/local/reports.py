"""The reports of a local venue: every change of the market as a message of the contract, pushed
over the line and remembered.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from orderledger.extend.values import EXACT, ZERO, plain
from orderledger.simulation.local.line import LossyLine
from orderledger.simulation.local.requests import Message
from orderledger.simulation.market import (
    Change,
    ExchangeSimulator,
    Kind,
    OrderStatus,
    SimulatedFill,
    SimulatedOrder,
)

TYPES = {
    Kind.PLACED: "acknowledged",
    Kind.MODIFIED: "replaced",
    Kind.CANCELED: "canceled",
    Kind.EXPIRED: "expired",
    Kind.FILLED: "fill",
}


@dataclass(frozen=True, kw_only=True)
class VenueAnswer:
    """The result of a call. `message` is the venue's report, ready to be recorded; a lost answer
    has none."""

    outcome: Literal["accepted", "rejected", "lost"]
    message: Message | None = None

    @classmethod
    def of(cls, message: Message | None) -> "VenueAnswer":
        """The answer made from a report; None is a lost one."""
        if message is None:
            return cls(outcome="lost")
        return cls(
            outcome="rejected" if message["type"].endswith("rejected") else "accepted",
            message=message,
        )

    @property
    def reason(self) -> str | None:
        """Why the venue refused, or `timeout` for a lost answer."""
        return "timeout" if self.message is None else self.message.get("reason")


class VenueUnreachable(ConnectionError):
    """The venue was queried while the connection was down."""

    def __init__(self, account: str, *, at: datetime) -> None:
        super().__init__(f"{account} was queried at {utc_text(at)} while the connection was down")
        self.account = account
        self.at = at

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), at=self.at), (self.account,), self.__dict__


class Reports:
    """The reports of one account, oldest first, in `sent`. Each has its own time.

    An order is identified by its client order id. Its numbers are those of the whole order, under
    all of its ids.
    """

    def __init__(self, exchange: ExchangeSimulator, account: str, line: LossyLine) -> None:
        self.sent: list[Message] = []
        self._rejected: set[str] = set()
        self._exchange, self._account, self._line = exchange, account, line
        self._lost: int | None = None
        exchange.subscribe(self._changed)

    def lose_next(self) -> None:
        """The next report is remembered and not pushed."""
        self._lost = len(self.sent)

    def add(self, kind: str, subject: SimulatedOrder | str, **fields: Any) -> Message:
        """Remember and push a report about an order, or about a client order id without an
        order.
        """
        report = self.message(kind, subject, source="venue_push", **fields)
        self.sent.append(report)
        if kind == "rejected" and isinstance(subject, str):
            self._rejected.add(subject)
        if self._lost != len(self.sent) - 1:
            self._line.push(report, channel="fills" if kind == "fill" else "orders")
        return report

    def message(
        self, kind: str, subject: SimulatedOrder | str, *, source: str, **fields: Any
    ) -> Message:
        """A message of the contract, with its own time. Fields that are None are left out."""
        if isinstance(subject, SimulatedOrder):
            ids = {"client_order_id": subject.client_id, "venue_order_id": f"V{subject.order_id}"}
        else:
            ids = {"client_order_id": subject}
        at = utc_text(self._line.tick())
        named = {"type": kind, "account": self._account, **ids, "at": at, "source": source}
        return {name: value for name, value in {**named, **fields}.items() if value is not None}

    def status(self, order: SimulatedOrder, *, source: str) -> Message:
        """The venue's answer to a query about an order."""
        claims = self.claims(order)
        return self.message(
            "status_observed", order, source=source, status=claims["status"], reported=claims
        )

    def status_of(self, client_order_id: str, *, listed_until: datetime) -> Message:
        """The venue's current state of a client order id: a `status_observed` or `absent`. Orders
        that were accepted after `listed_until` are not listed yet."""
        order = self._exchange.named(self._account, client_id=client_order_id)
        first = None if order is None else self._exchange.order(order.legs[0])
        if first is not None and first.created_at > listed_until:
            return self.message("absent", client_order_id, source="venue_poll")
        if order is not None:
            return self.status(order, source="venue_poll")
        if not self.is_rejected(client_order_id):
            return self.message("absent", client_order_id, source="venue_poll")
        claims = {"status": "rejected", "cum_quantity": "0", "leaves_quantity": "0"}
        return self.message(
            "status_observed",
            client_order_id,
            source="venue_poll",
            status="rejected",
            reported=claims,
        )

    def is_rejected(self, client_order_id: str) -> bool:
        """Whether an order with this id was refused."""
        return client_order_id in self._rejected

    def restore(self, sent: list[Message]) -> None:
        """Continue from earlier reports."""
        self.sent = sent
        self._rejected = {
            each["client_order_id"]
            for each in sent
            if each["type"] == "rejected" and "venue_order_id" not in each
        }

    def claims(self, order: SimulatedOrder) -> dict[str, str]:
        """Further claims of the venue about an order, for cross-checks."""
        before = self._exchange.filled_before(order)
        filled = EXACT.add(before, order.filled)
        return {
            "status": _status(order, filled),
            "quantity": plain(EXACT.add(before, order.quantity)),
            "cum_quantity": plain(filled),
            "leaves_quantity": plain(order.left),
        }

    def _changed(self, change: Change) -> None:
        order = change.order
        if order is None or order.account != self._account or order.replaced_by is not None:
            return
        fields: dict[str, Any] = {"reported": self.claims(order), "reason": order.reason}
        kind = TYPES[change.kind]
        if change.fill is not None:
            fields |= _fill(change.fill)
        elif kind == "replaced" or (len(order.legs) > 1 and kind == "acknowledged"):
            kind, quantity = "replaced", fields["reported"]["quantity"]
            fields |= {"quantity": quantity, "limit_price": plain(order.limit_price or ZERO)}
        self.add(kind, order, **fields)


def polled(reports: Iterable[Message]) -> list[Message]:
    """The same reports, as an answer to a query."""
    return [{**copy.deepcopy(report), "source": "venue_poll"} for report in reports]


def utc_text(at: datetime) -> str:
    """RFC 3339 in UTC, always with microseconds; the time must have an offset."""
    if at.tzinfo is None:
        raise ValueError(f"a time needs an offset, found {at.isoformat()}")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _status(order: SimulatedOrder, filled: Decimal) -> str:
    """The contract's word."""
    if order.status is not OrderStatus.OPEN:
        return str(order.status)
    return "partially_filled" if filled else "new"


def _fill(fill: SimulatedFill) -> dict[str, Any]:
    return {
        "fill_id": f"T{fill.fill_id}",
        "instrument": fill.instrument,
        "side": str(fill.side),
        "quantity": plain(fill.quantity),
        "price": plain(fill.price),
        "fee": plain(fill.fee),
        "fee_currency": fill.fee_currency,
        "liquidity": str(fill.liquidity),
        "reason": fill.reason,
    }
