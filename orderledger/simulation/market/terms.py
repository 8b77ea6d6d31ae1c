"""The terms of a simulated venue: its instruments, fees and faults, its answers, and how its memory is kept in a file."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from orderledger.domain.exact import ZERO, plain
from orderledger.simulation.market.order_book import BookOrder, Side, TimeInForce

Message = dict[str, Any]

FEE_STEP = Decimal("0.00000001")


@dataclass(frozen=True, kw_only=True)
class SimulatedInstrument:
    """What is traded: prices are multiples of `tick`, quantities of `lot`; background flow begins around `price`."""

    name: str
    currency: str
    tick: Decimal
    lot: Decimal
    price: Decimal

    def definition(self, account: str, *, at: datetime) -> Message:
        """The `instrument` message that defines it."""
        return {
            "type": "instrument",
            "account": account,
            "at": utc_text(at),
            "instrument": self.name,
            "multiplier": "1",
            "inverse": False,
            "currency": self.currency,
            "tick": plain(self.tick),
            "lot": plain(self.lot),
        }


@dataclass(frozen=True, kw_only=True)
class FeeSchedule:
    """Shares of the notional; a negative fee is a rebate.

    Fees are charged in the instrument's currency, those of takers in `taker_currency` if one is given, worth
    `taker_currency_price` of the instrument's.
    """

    taker: Decimal = Decimal("0.0004")
    maker: Decimal = Decimal("-0.0001")
    taker_currency: str | None = None
    taker_currency_price: Decimal = Decimal(1)

    def fee(self, notional: Decimal, *, is_maker: bool, currency: str) -> tuple[Decimal, str]:
        """The fee of one fill and its currency."""
        if is_maker:
            return (notional * self.maker).quantize(FEE_STEP), currency
        fee = notional * self.taker
        if self.taker_currency is None:
            return fee.quantize(FEE_STEP), currency
        return (fee / self.taker_currency_price).quantize(FEE_STEP), self.taker_currency


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What goes wrong, and how often. Rates are chances per call; times are seconds; ranges are (least, most).

    The connection drops about every `drop_interval_seconds` (None: only on demand), each time for `drop_seconds`.
    """

    reject_rate: float = 0.03
    lost_answer_rate: float = 0.03
    latency_seconds: tuple[float, float] = (0.005, 0.15)
    answer_timeout_seconds: float = 5.0
    drop_interval_seconds: float | None = 300.0
    drop_seconds: tuple[float, float] = (2.0, 20.0)


CALM = Faults(reject_rate=0.0, lost_answer_rate=0.0, drop_interval_seconds=None)


@dataclass(frozen=True, kw_only=True)
class VenueAnswer:
    """What a call came back with. `message` is the venue's report, ready to be recorded; a lost answer has none."""

    outcome: Literal["accepted", "rejected", "lost"]
    message: Message | None = None

    @classmethod
    def of(cls, message: Message | None) -> VenueAnswer:
        """The answer that a report makes; none is a lost one."""
        if message is None:
            return cls(outcome="lost")
        return cls(outcome="rejected" if message["type"].startswith("reject") else "accepted", message=message)

    @property
    def reason(self) -> str | None:
        """Why the venue refused, or `timeout` for a lost answer."""
        return "timeout" if self.message is None else self.message.get("reason")


class VenueUnreachable(ConnectionError):
    """The venue was asked while the connection was down."""

    def __init__(self, account: str, *, at: datetime) -> None:
        super().__init__(f"{account} was asked at {utc_text(at)} while the connection was down")
        self.account = account
        self.at = at


@dataclass(kw_only=True, eq=False)
class AccountOrder(BookOrder):
    """An order of the account. `ended_as` is empty while it works and when it is filled; a rejected one has no `order_id`."""

    client_order_id: str
    instrument: str
    expire_at: datetime | None = None
    ended_as: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it can still be filled."""
        return not self.ended_as and self.leaves_quantity > 0

    def status(self, *, cum_quantity: Decimal | None = None) -> str:
        """The contract's word for its state, now or as it stood at an earlier `cum_quantity`."""
        filled = self.cum_quantity if cum_quantity is None else cum_quantity
        if self.ended_as or filled == self.quantity:
            return self.ended_as or "filled"
        return "partially_filled" if filled else "new"

    def reported(self, *, cum_quantity: Decimal | None = None) -> dict[str, str]:
        """What the venue claims of it besides, for cross-checks."""
        filled = self.cum_quantity if cum_quantity is None else cum_quantity
        leaves_quantity = ZERO if self.ended_as else self.quantity - filled
        return {
            "status": self.status(cum_quantity=cum_quantity),
            "quantity": plain(self.quantity),
            "cum_quantity": plain(filled),
            "leaves_quantity": plain(leaves_quantity),
        }


@dataclass(frozen=True, kw_only=True)
class SubmitRequest:
    """An order on its way to the venue."""

    client_order_id: str
    instrument: str
    side: Side
    quantity: Decimal
    order_type: str
    limit_price: Decimal | None
    time_in_force: TimeInForce
    expire_at: datetime | None
    is_post_only: bool

    def as_order(self, *, owner: str) -> AccountOrder:
        """The order as the venue keeps it, still without an id of the venue's."""
        return AccountOrder(
            order_id="",
            owner=owner,
            client_order_id=self.client_order_id,
            instrument=self.instrument,
            side=self.side,
            quantity=self.quantity,
            limit_price=self.limit_price,
            time_in_force=self.time_in_force,
            expire_at=self.expire_at,
            is_post_only=self.is_post_only,
        )


@dataclass(frozen=True, kw_only=True)
class CancelRequest:
    """A cancel on its way to the venue."""

    client_order_id: str
    request_id: str | None


@dataclass(frozen=True, kw_only=True)
class ReplaceRequest:
    """New terms on their way to the venue; None leaves a term as it is."""

    client_order_id: str
    request_id: str | None
    quantity: Decimal | None
    limit_price: Decimal | None

    def terms_for(self, order: AccountOrder) -> tuple[Decimal, Decimal | None]:
        """The quantity and the limit price that the order is to have."""
        quantity = order.quantity if self.quantity is None else self.quantity
        return quantity, order.limit_price if self.limit_price is None else self.limit_price


Request = SubmitRequest | CancelRequest | ReplaceRequest
REQUESTS: dict[str, type[Request]] = {each.__name__: each for each in (SubmitRequest, CancelRequest, ReplaceRequest)}


def is_multiple(number: Decimal, *, of: Decimal) -> bool:
    """Whether a number is a positive multiple of a step."""
    return number > 0 and number % of == 0


def utc_text(at: datetime) -> str:
    """RFC 3339 in UTC, always with microseconds; the time must have an offset."""
    if at.tzinfo is None:
        raise ValueError(f"a time needs an offset, found {at.isoformat()}")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def polled(reports: Iterable[Message]) -> list[Message]:
    """The same reports, as an answer to a question."""
    return [{**copy.deepcopy(report), "source": "venue_poll"} for report in reports]


def write_memory(path: Path, state: dict[str, Any]) -> None:
    """Replace the file in one step: a reader finds the old state or the new one, whenever the writer dies."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.write_text(json.dumps(state, default=_tagged), encoding="utf-8")
    os.replace(unfinished, path)


def read_memory(path: Path) -> dict[str, Any]:
    """What `write_memory` wrote."""
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), object_hook=_untagged)
    return state


def _tagged(value: object) -> dict[str, str]:
    match value:
        case Decimal():
            return {"$decimal": str(value)}
        case datetime():
            return {"$at": value.isoformat()}
    raise TypeError(f"{type(value).__name__} has no place in a venue's memory")


def _untagged(value: dict[str, Any]) -> Any:
    match value:
        case {"$decimal": str(digits)}:
            return Decimal(digits)
        case {"$at": str(text)}:
            return datetime.fromisoformat(text)
    return value
