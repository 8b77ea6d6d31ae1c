"""Classes with the attributes of Hummingbot's; the real ones are used by `make test-interop`, where
they can be installed."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple


class OrderType(Enum):
    MARKET = 1
    LIMIT = 2
    LIMIT_MAKER = 3
    AMM_SWAP = 4


class TradeType(Enum):
    BUY = 1
    SELL = 2


class PositionSide(Enum):
    LONG = "LONG"
    SHORT = "SHORT"


class OrderState(Enum):
    PENDING_CREATE = 0
    OPEN = 1
    PENDING_CANCEL = 2
    CANCELED = 3
    PARTIALLY_FILLED = 4
    FILLED = 5
    FAILED = 6


@dataclass
class TokenAmount:
    token: str
    amount: Decimal


@dataclass
class AddedToCostTradeFee:
    percent: Decimal = Decimal(0)
    percent_token: str | None = None
    flat_fees: list[TokenAmount] = field(default_factory=list)


@dataclass
class BuyOrderCreatedEvent:
    timestamp: float
    type: OrderType
    trading_pair: str
    amount: Decimal
    price: Decimal
    order_id: str
    creation_timestamp: float
    exchange_order_id: str | None = None
    leverage: int = 1
    position: str = "NIL"


class SellOrderCreatedEvent(BuyOrderCreatedEvent):
    pass


class OrderFilledEvent(NamedTuple):
    timestamp: float
    order_id: str
    trading_pair: str
    trade_type: TradeType
    order_type: OrderType
    price: Decimal
    amount: Decimal
    trade_fee: AddedToCostTradeFee
    exchange_trade_id: str = ""
    exchange_order_id: str = ""
    leverage: int = 1
    position: str = "NIL"


@dataclass
class OrderCancelledEvent:
    timestamp: float
    order_id: str
    exchange_order_id: str | None = None


class OrderExpiredEvent(NamedTuple):
    timestamp: float
    order_id: str


class MarketOrderFailureEvent(NamedTuple):
    timestamp: float
    order_id: str
    order_type: OrderType
    error_message: str | None = None
    error_type: str | None = None


@dataclass
class BuyOrderCompletedEvent:
    timestamp: float
    order_id: str
    base_asset: str
    quote_asset: str
    base_asset_amount: Decimal
    quote_asset_amount: Decimal
    order_type: OrderType
    exchange_order_id: str | None = None


@dataclass
class FundingPaymentCompletedEvent:
    timestamp: float
    market: str
    trading_pair: str
    amount: Decimal
    funding_rate: Decimal


@dataclass
class PositionUpdateEvent:
    timestamp: float
    trading_pair: str
    position_side: PositionSide | None
    unrealized_pnl: Decimal
    entry_price: Decimal
    amount: Decimal
    leverage: Decimal


@dataclass
class BalanceUpdateEvent:
    timestamp: float
    asset_name: str


class OrderUpdate(NamedTuple):
    trading_pair: str
    update_timestamp: float
    new_state: OrderState
    client_order_id: str | None = None
    exchange_order_id: str | None = None
    misc_updates: dict[str, Any] | None = None


class TradeUpdate(NamedTuple):
    trade_id: str
    client_order_id: str
    exchange_order_id: str
    trading_pair: str
    fill_timestamp: float
    fill_price: Decimal
    fill_base_amount: Decimal
    fill_quote_amount: Decimal
    fee: AddedToCostTradeFee
    is_taker: bool = True


class InFlightOrder:
    def __init__(
        self, state: OrderState, *fills: TradeUpdate, exchange_order_id: str | None = "X-1"
    ) -> None:
        self.client_order_id = "HB-1"
        self.creation_timestamp = 1_777_888_800.0
        self.trading_pair = "BTC-USDT"
        self.order_type = OrderType.LIMIT
        self.trade_type = TradeType.BUY
        self.price = Decimal("64000.1")
        self.amount = Decimal("0.3")
        self.exchange_order_id = exchange_order_id
        self.current_state = state
        self.executed_amount_base = sum((fill.fill_base_amount for fill in fills), Decimal(0))
        self.last_update_timestamp = 1_777_888_803.0
        self.order_fills = {fill.trade_id: fill for fill in fills}
        self.completely_filled_event = asyncio.Event()
