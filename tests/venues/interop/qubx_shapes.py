"""Classes with the attributes of Qubx's, of three generations; the real ones are used by `make
test-interop`."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Moment:
    """A datetime64 in ns, as far as reading needs it."""

    dtype = "datetime64[ns]"

    def __init__(self, nanoseconds: int) -> None:
        self.nanoseconds = nanoseconds

    def astype(self, kind: str) -> "Moment | int":
        return self.nanoseconds if kind == "int64" else self


NOT_A_TIME = Moment(-(2**63))


@dataclass
class Instrument:
    symbol: str
    market_type: str
    exchange: str
    tick_size: float = 0.01

    def __str__(self) -> str:
        return f"{self.exchange}:{self.market_type}:{self.symbol}"


ETH = Instrument("ETHUSDC", "SWAP", "LIGHTER")
BTC = Instrument("BTCUSDT", "SWAP", "BINANCE.UM")


@dataclass
class FirstRequest:
    """0.7.3."""

    instrument: Instrument
    quantity: float
    price: float | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class OrderRequest:
    """0.7.20 and later."""

    instrument: Instrument
    quantity: float
    price: float | None = None
    order_type: str = "LIMIT"
    side: str = "BUY"
    time_in_force: str = "gtc"
    client_id: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class FirstDeal:
    """0.7.3 and 0.7.20."""

    id: str
    order_id: str
    time: Any
    amount: float
    price: float
    aggressive: bool
    fee_amount: float | None = None
    fee_currency: str | None = None


@dataclass
class FirstOrder:
    """0.7.3 and 0.7.20."""

    id: str
    type: str
    instrument: Instrument
    time: Any
    quantity: float
    price: float
    side: str
    status: str
    time_in_force: str
    client_id: str | None = None
    cost: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)


class OrderStatus(StrEnum):
    INITIALIZED = "INITIALIZED"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    PENDING_CANCEL = "PENDING_CANCEL"
    PENDING_UPDATE = "PENDING_UPDATE"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    LOST = "LOST"


@dataclass(slots=True, kw_only=True)
class Deal:
    """The head's."""

    trade_id: str
    order_id: str
    time: Any
    amount: float
    price: float
    aggressive: bool
    fee_amount: float | None = None
    fee_currency: str | None = None


@dataclass(slots=True, kw_only=True)
class Order:
    """The head's."""

    client_order_id: str
    instrument: Instrument
    quantity: float
    side: str
    type: str = "LIMIT"
    time_in_force: str = "GTC"
    status: OrderStatus = OrderStatus.INITIALIZED
    venue_order_id: str | None = None
    price: float | None = None
    filled_quantity: float = 0.0
    avg_fill_price: float | None = None
    submitted_at: Any = None
    accepted_at: Any = None
    last_update_time: Any = None
    rejected_reason: str | None = None
    error_code: str | None = None
    reduce_only: bool = False
    post_only: bool = False
    origin: str = "FRAMEWORK"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    instrument: Instrument | None = None
    client_order_id: str | None = None
    venue_order_id: str | None = None
    last_update_time: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAccepted(Event):
    accepted_at: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(Event):
    reason: str
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPartiallyFilled(Event):
    fill: Deal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilled(Event):
    fill: Deal
    venue_filled_quantity: float | None = None
    venue_avg_price: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DealEvent(Event):
    deal: Deal
    historical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCanceled(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderExpired(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLost(Event):
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdated(Event):
    new_price: float | None = None
    new_quantity: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelRejected(Event):
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdateRejectedEvent(Event):
    """Some versions append `Event` to the names."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceUpdate:
    as_of: Any = None


@dataclass
class Position:
    instrument: Instrument
    quantity: float
    position_avg_price: float = 0.0
    last_update_time: float = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSnapshot:
    exchange: str
    as_of: Any
    open_orders: list[Any] | None = None
    positions: list[Position] | None = None
    balances: list[Any] | None = None
    equity: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSnapshotEvent:
    snapshot: AccountSnapshot
