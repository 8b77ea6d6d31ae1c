"""Enumerations named after FIX, and small values."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from orderledger.domain.fields import NotNegative, PositiveCount

__all__ = [
    "Anomaly",
    "BalanceState",
    "Certainty",
    "FeeKind",
    "HaltEnd",
    "HaltMode",
    "InstrumentKind",
    "LinkKind",
    "Liquidity",
    "OrderStatus",
    "OrderType",
    "Origin",
    "Pending",
    "PositionMode",
    "PositionSide",
    "Role",
    "Side",
    "Source",
    "TimeInForce",
    "TrailOffsetType",
    "TransferKind",
    "TriggerSource",
]
"""The public names. `Status` is public as `OrderStatus`: a message has that name."""


class Side(StrEnum):
    """FIX Side (54)."""

    BUY = "buy"
    SELL = "sell"


class PositionSide(StrEnum):
    """The position that an order or a fill belongs to. `long` and `short` are two positions of one
    instrument (hedge mode)."""

    LONG = "long"
    SHORT = "short"
    NET = "net"


class PositionMode(StrEnum):
    """Whether the venue keeps one net position of an instrument, or a long and a short one
    (hedge)."""

    UNKNOWN = "unknown"
    NET = "net"
    HEDGE = "hedge"


class HaltMode(StrEnum):
    """The orders that pass while a halt holds. `stop`: none. `reduce`: those that only reduce a
    position, in the worst case of all open and unresolved orders."""

    STOP = "stop"
    REDUCE = "reduce"


class HaltEnd(StrEnum):
    """The one that may end a halt. `operator`: only `resume_trading`. `auto`: also the breaker
    that recorded it, when its condition is over."""

    OPERATOR = "operator"
    AUTO = "auto"


class InstrumentKind(StrEnum):
    """The balances that a fill of an instrument moves. `spot`: base and quote. `security` and
    `option`: its full price, in the quote. `margined` (perpetuals, futures): realized P&L, in
    the settlement currency."""

    SPOT = "spot"
    SECURITY = "security"
    OPTION = "option"
    MARGINED = "margined"


class FeeKind(StrEnum):
    """Purpose of a fee. A rebate is negative."""

    COMMISSION = "commission"
    EXCHANGE = "exchange"
    TAX = "tax"
    REBATE = "rebate"
    BUILDER = "builder"


class SettlementKind(StrEnum):
    """Cause that ended a position without a trade."""

    EXPIRY = "expiry"
    EXERCISE = "exercise"
    ASSIGNMENT = "assignment"
    DELIVERY = "delivery"
    REDEMPTION = "redemption"


class Premium(StrEnum):
    """Where the result of a settled option goes. `realize`: it is P&L of the option. `carry`: it
    is a part of the cost, or of the proceeds, of what is delivered."""

    REALIZE = "realize"
    CARRY = "carry"


class TransferKind(StrEnum):
    """Why money or coins moved without a trade."""

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    INTEREST = "interest"
    BORROW = "borrow"
    REPAY = "repay"
    DIVIDEND = "dividend"
    TAX = "tax"
    AIRDROP = "airdrop"
    INTERNAL = "internal"
    OTHER = "other"


class BalanceState(StrEnum):
    """State of a balance in a certificate. `unstable`: it changed during every query. `unknown`: it
    could not be compared. Nothing is certified for these two."""

    CLOSES = "closes"
    DIFFERS = "differs"
    UNSTABLE = "unstable"
    UNKNOWN = "unknown"


class DatedBy(StrEnum):
    """Clock of a report's `at`: the venue's own time of the fact, or the time at which the report
    was received."""

    VENUE = "venue"
    RECEIPT = "receipt"


class OrderType(StrEnum):
    """FIX OrdType (40): Market (1), Limit (2), Stop (3), Stop limit (4). `trailing_stop` is Pegged
    (P) with PegPriceType (1094) Trailing stop peg (8). `take_profit` is Market if touched (J).
    `take_profit_limit`, a limit order at `limit_price` once touched, has no code."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    OTHER = "other"


class TrailOffsetType(StrEnum):
    """Unit of a trail offset. FIX PegOffsetType (836): Price (0), Percentage (4)."""

    AMOUNT = "amount"
    PERCENT = "percent"


class TriggerSource(StrEnum):
    """Price that a trigger price is compared with. FIX TriggerPriceType (1107): Last trade (2);
    FIX has no code for a mark or an index price."""

    LAST = "last"
    MARK = "mark"
    INDEX = "index"


class TimeInForce(StrEnum):
    """FIX TimeInForce (59). An order without one counts as a day order."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"


class Status(StrEnum):
    """FIX OrdStatus (39), without the pending states, which are in `Pending`."""

    PENDING_NEW = "pending_new"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    DENIED = "denied"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    STOPPED = "stopped"
    DONE_FOR_DAY = "done_for_day"


OrderStatus = Status


class Pending(StrEnum):
    """A request that awaits the venue's answer."""

    CANCEL = "cancel"
    REPLACE = "replace"


class Certainty(StrEnum):
    """Whether the outcome of our messages about the order is known."""

    CONFIRMED = "confirmed"
    UNRESOLVED = "unresolved"


class Origin(StrEnum):
    """`own`: requested through this ledger. `external`: known from the venue's reports alone."""

    OWN = "own"
    EXTERNAL = "external"


class Liquidity(StrEnum):
    """FIX LastLiquidityInd (851)."""

    MAKER = "maker"
    TAKER = "taker"


class Role(StrEnum):
    """Role of an order or a proposal in a trade."""

    ENTRY = "entry"
    EXIT = "exit"


class LinkKind(StrEnum):
    """How the orders of a group depend on each other. FIX ContingencyType (1385): One cancels the
    other (1), One triggers the other (2). `bracket`: an entry that triggers orders to take profit
    and to stop the loss."""

    OCO = "oco"
    OTO = "oto"
    BRACKET = "bracket"


class Source(StrEnum):
    """Origin of a message."""

    STRATEGY = "strategy"
    OPERATOR = "operator"
    VENUE_PUSH = "venue_push"
    VENUE_POLL = "venue_poll"
    RECONCILIATION = "reconciliation"
    IMPORT = "import"


class Anomaly(StrEnum):
    """Kinds of anomalies of a report or an order. Reports with anomalies are recorded too."""

    OVERFILL = "overfill"
    FILL_ID_REUSED = "fill_id_reused"
    FILL_AFTER_END = "fill_after_end"
    UNKNOWN_ORDER = "unknown_order"
    QUANTITY_MISMATCH = "quantity_mismatch"
    STATUS_CONFLICT = "status_conflict"
    LATE_REPORT = "late_report"
    UNKNOWN_STATUS = "unknown_status"
    CLIENT_ORDER_ID_REUSED = "client_order_id_reused"
    VENUE_ORDER_ID_REUSED = "venue_order_id_reused"
    TERMS_CONFLICT = "terms_conflict"
    MESSAGE_ID_REUSED = "message_id_reused"
    IMPOSSIBLE_PRICE = "impossible_price"
    POSITION_SIDE_UNKNOWN = "position_side_unknown"
    POSITION_SIDE_CONFLICT = "position_side_conflict"
    TRANSFER_ID_REUSED = "transfer_id_reused"
    BALANCE_CONFLICT = "balance_conflict"
    KIND_CONFLICT = "kind_conflict"
    LOG_WENT_BACK = "log_went_back"
    OCO_BOTH_FILLED = "oco_both_filled"
    CHILD_FILLED_FIRST = "child_filled_first"
    CHILDREN_EXCEED_PARENT = "children_exceed_parent"
    TERMS_BEFORE_SPLIT = "terms_before_split"


ENDS = frozenset({Status.CANCELED, Status.EXPIRED, Status.REJECTED, Status.DENIED})
"""The statuses of facts that end an order. `filled` follows from its fills, `done_for_day` from its
time in force."""


HELD = "gateway.held"
"""Tag of a request that a gateway holds until its condition is met. Until it is submitted, such an
order cannot be filled."""


class Reported(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    forbid_unknown_fields=True,
):
    """Further claims in a venue's report: a cross-check, never a source of fills.

    For an order that was not requested here, they are its terms.
    """

    status: str | None = None
    quantity: NotNegative | None = None
    cum_quantity: NotNegative | None = None
    leaves_quantity: NotNegative | None = None
    average_price: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    order_type: OrderType | None = None
    time_in_force: TimeInForce | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None


class Links(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    forbid_unknown_fields=True,
):
    """Proposal, trade, parent and group that an order belongs to."""

    proposal_id: str | None = None
    trade_id: str | None = None
    role: Role | None = None
    parent: str | None = None
    group: str | None = None
    kind: Annotated[
        LinkKind | None,
        Meta(
            description="How the orders of the group depend on each other. The children of `oto` "
            "and `bracket` name their `parent`."
        ),
    ] = None


class Leg(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """One leg of a combination."""

    instrument: Annotated[str, Meta(description="Instrument of the leg. FIX LegSymbol (600).")]
    side: Annotated[
        Side, Meta(description="Side of the leg if the combination is bought. FIX LegSide (624).")
    ]
    ratio: Annotated[
        PositiveCount, Meta(description="Units of it in one combination. FIX LegRatioQty (623).")
    ]


class Fee(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """One of several fees of a fill."""

    currency: Annotated[str, Meta(description="Currency or coin in which it is paid.")]
    amount: Annotated[
        Decimal, Meta(description="Positive when paid, negative when received (a rebate).")
    ]
    kind: Annotated[FeeKind, Meta(description="Its purpose.")] = FeeKind.COMMISSION


class Cause(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    forbid_unknown_fields=True,
):
    """Why a balance moved, e.g. the dividend of an instrument."""

    kind: Annotated[str, Meta(description="E.g. dividend, borrow_fee, spin_off.")]
    instrument: Annotated[str | None, Meta(description="The instrument that it comes from.")] = None


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two times, either of which may be missing."""
    return one if other is None or (one is not None and one > other) else other
