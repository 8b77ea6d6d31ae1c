"""The rows of a simulated exchange. All frozen: a change makes a new row.

Quantities and prices are exact decimals in the instrument's own units, times are aware and in UTC,
ids are whole numbers.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from orderledger import Liquidity, OrderType, Side, TimeInForce, TransferKind
from orderledger.extend.values import EXACT, QUOTIENT, ZERO


class OrderStatus(StrEnum):
    """The status of an order at the venue. A partially filled order is `open`."""

    RECEIVED = "received"
    WAITING = "waiting"
    OPEN = "open"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"

    @property
    def is_ended(self) -> bool:
        """Nothing more can be filled."""
        return self not in (OrderStatus.RECEIVED, OrderStatus.WAITING, OrderStatus.OPEN)


class Kind(StrEnum):
    """The kind of change."""

    PLACED = "placed"
    ACCEPTED = "accepted"
    TRIGGERED = "triggered"
    MODIFIED = "modified"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FUNDED = "funded"
    TRANSFERRED = "transferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedOrder:
    """The state of an order, one row per id of the venue.

    `quantity` is that of this id alone: a modify with a new id puts what remained into a new row.
    `legs` are the ids of this order, oldest first, its own last. `parent_id` is the order that this
    one is a part of. `waiting` is an order whose stop was not reached, `received` one that is not
    yet accepted. `sequence` numbers all changes of the venue. `notional` is the sum of price times
    quantity of its fills. `reason`: why it ended, or how it came to exist, if its owner did not
    cause it.
    """

    account: str
    order_id: int
    client_id: str | None
    instrument: str
    side: Side
    quantity: Decimal
    order_type: OrderType
    time_in_force: TimeInForce
    limit_price: Decimal | None
    status: OrderStatus
    legs: tuple[int, ...]
    created_at: datetime
    updated_at: datetime
    stop_price: Decimal | None = None
    post_only: bool = False
    reduce_only: bool = False
    expire_at: datetime | None = None
    parent_id: int | None = None
    sequence: int = 0
    filled: Decimal = ZERO
    notional: Decimal = ZERO
    reason: str | None = None
    replaced_by: int | None = None

    @property
    def left(self) -> Decimal:
        """The quantity that may still be filled: 0 once the order has ended."""
        return ZERO if self.status.is_ended else self.unfilled

    @property
    def unfilled(self) -> Decimal:
        """The unfilled quantity, ended or not. Negative after an overfill."""
        return EXACT.subtract(self.quantity, self.filled)

    @property
    def average_price(self) -> Decimal | None:
        """The average price of its fills; None without fills."""
        return QUOTIENT.divide(self.notional, self.filled) if self.filled else None

    def after(self, fill: "SimulatedFill") -> "SimulatedOrder":
        """The order after a fill. An ended order keeps its status."""
        is_done = not self.status.is_ended and fill.cumulated >= self.quantity
        notional = EXACT.add(self.notional, EXACT.multiply(fill.quantity, fill.price))
        status = OrderStatus.FILLED if is_done else self.status
        return replace(
            self,
            filled=fill.cumulated,
            notional=notional,
            status=status,
            updated_at=fill.at,
            sequence=fill.sequence,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFill:
    """One side of an execution. `cumulated` is the order's filled quantity including it,
    `position_before` the signed position before it, `realized` its profit before the fee. The
    fee is negative for a rebate.
    """

    account: str
    fill_id: int
    order_id: int
    client_id: str | None
    instrument: str
    side: Side
    quantity: Decimal
    price: Decimal
    liquidity: Liquidity
    fee: Decimal
    fee_currency: str
    cumulated: Decimal
    position_before: Decimal
    realized: Decimal
    reason: str | None
    at: datetime
    sequence: int

    @property
    def signed_quantity(self) -> Decimal:
        """Positive for a buy."""
        return self.quantity if self.side is Side.BUY else -self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFunding:
    """A payment for holding a position: positive when the account received it."""

    account: str
    instrument: str
    amount: Decimal
    currency: str
    position: Decimal
    at: datetime
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedTransfer:
    """Money or coins that moved without a trade: positive when the account received them. `reason`:
    the venue's own word."""

    account: str
    transfer_id: int
    kind: TransferKind
    currency: str
    amount: Decimal
    at: datetime
    sequence: int
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPosition:
    """The signed sum of all fills, and the exact average entry price."""

    account: str
    instrument: str
    quantity: Decimal = ZERO
    entry: Fraction = Fraction(0)

    @property
    def average_price(self) -> Decimal | None:
        """As a decimal; None while flat."""
        return (
            QUOTIENT.divide(Decimal(self.entry.numerator), Decimal(self.entry.denominator))
            if self.quantity
            else None
        )

    def after(self, quantity: Decimal, price: Decimal) -> "SimulatedPosition":
        """The position after a further fill of a signed quantity at the price."""
        held, added, at = Fraction(self.quantity), Fraction(quantity), Fraction(price)
        sum_of_both = held + added
        if held * added >= 0:
            entry = (held * self.entry + added * at) / sum_of_both if sum_of_both else Fraction(0)
        else:
            entry = self.entry if held * sum_of_both > 0 else at if sum_of_both else Fraction(0)
        return SimulatedPosition(
            account=self.account,
            instrument=self.instrument,
            quantity=EXACT.add(self.quantity, quantity),
            entry=entry,
        )

    def realized_by(self, quantity: Decimal, price: Decimal) -> Decimal:
        """The profit that this fill realizes, for the part that closes."""
        held, added = Fraction(self.quantity), Fraction(quantity)
        if held * added >= 0:
            return ZERO
        closed = min(abs(held), abs(added)) * (1 if held > 0 else -1)
        realized = closed * (Fraction(price) - self.entry)
        return QUOTIENT.divide(Decimal(realized.numerator), Decimal(realized.denominator))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change, as subscribers receive it. `order` is the row after the change; a fill comes
    with its order.
    """

    kind: Kind
    account: str
    order: SimulatedOrder | None = None
    fill: SimulatedFill | None = None
    funding: SimulatedFunding | None = None
    transfer: SimulatedTransfer | None = None
