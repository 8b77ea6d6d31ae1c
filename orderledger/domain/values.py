"""The words of the trade: enumerations named after FIX, small values, and how streams are named."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256

import msgspec

__all__ = [
    "Anomaly",
    "Certainty",
    "Liquidity",
    "OrderStatus",
    "OrderType",
    "Origin",
    "Pending",
    "Role",
    "Side",
    "Source",
    "TimeInForce",
]
"""The public names. `Status` is public as `OrderStatus`: a message has that name."""


class Side(StrEnum):
    """FIX 54."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """FIX 40."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TRAILING_STOP = "trailing_stop"
    OTHER = "other"


class TimeInForce(StrEnum):
    """FIX 59. An order without one is taken as a day order."""

    DAY = "day"
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"


class Status(StrEnum):
    """FIX 39, without the pending states, which are told apart in `Pending`."""

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
    """What we asked for and the venue has not answered yet."""

    CANCEL = "cancel"
    REPLACE = "replace"


class Certainty(StrEnum):
    """Whether we know what became of what we sent."""

    CONFIRMED = "confirmed"
    UNRESOLVED = "unresolved"


class Origin(StrEnum):
    """`own`: requested through this ledger. `external`: known from the venue's reports alone."""

    OWN = "own"
    EXTERNAL = "external"


class Liquidity(StrEnum):
    """FIX 851."""

    MAKER = "maker"
    TAKER = "taker"


class Role(StrEnum):
    """What an order or a proposal is to a trade."""

    ENTRY = "entry"
    EXIT = "exit"


class Source(StrEnum):
    """Where a message came from."""

    STRATEGY = "strategy"
    OPERATOR = "operator"
    VENUE_PUSH = "venue_push"
    VENUE_POLL = "venue_poll"
    RECONCILIATION = "reconciliation"
    IMPORT = "import"


class Anomaly(StrEnum):
    """What can be odd about a report or an order. Odd reports are recorded all the same."""

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


ALIAS_SHOWN = 100

ENDS = frozenset({Status.CANCELED, Status.EXPIRED, Status.REJECTED, Status.DENIED})
"""The facts that end an order. `filled` follows from its fills, `done_for_day` from its time in force."""


class Reported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, forbid_unknown_fields=True):
    """What the venue claims besides the fact itself: a cross-check, never a source of fills.

    The terms of an order that was not requested here are what the venue claims they are.
    """

    status: str | None = None
    quantity: Decimal | None = None
    cum_quantity: Decimal | None = None
    leaves_quantity: Decimal | None = None
    average_price: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    order_type: OrderType | None = None
    time_in_force: TimeInForce | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None


class Links(msgspec.Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """What an order belongs to: the proposal it carries out, the trade it opens or closes, its parent and group."""

    proposal_id: str | None = None
    trade_id: str | None = None
    role: Role | None = None
    parent: str | None = None
    group: str | None = None


@lru_cache(maxsize=4096)
def quoted(account: str) -> str:
    """The account as it stands in stream names, where `/` and `#` separate."""
    return account.replace("%", "%25").replace("/", "%2F").replace("#", "%23")


def order_stream(account: str, client_order_id: str) -> str:
    return f"{quoted(account)}/{client_order_id}"


def venue_order_stream(account: str, venue_order_id: str) -> str:
    """The stream of an order known by the venue's id alone."""
    return f"{quoted(account)}#venue/{venue_order_id}"


def alias_text(name: str, value: str) -> str:
    """An alias in one word, which no other alias has."""
    if "=" in name or "%" in name:
        name = name.replace("%", "%25").replace("=", "%3D")
    return f"{name}={value}"


def alias_stream(account: str, name: str, value: str) -> str:
    """The stream of an order known by one of its aliases alone. A long alias stands there as its SHA-256."""
    alias = alias_text(name, value)
    return f"{quoted(account)}#alias/{alias if len(alias) <= ALIAS_SHOWN else sha256(alias.encode()).hexdigest()}"


def proposal_stream(account: str, proposal_id: str) -> str:
    return f"{quoted(account)}#proposal/{proposal_id}"


def account_stream(account: str, kind: str, name: str) -> str:
    """One stream per account, kind of message and instrument, e.g. the marks of one instrument."""
    return f"{quoted(account)}#{kind}/{name}"


def is_order_stream(stream: str) -> bool:
    """Whether the stream holds an order: one of ours, or one known from reports alone."""
    return _kind_of(stream) in ("", "venue", "alias")


def is_proposal_stream(stream: str) -> bool:
    """Whether the stream holds a proposal."""
    return _kind_of(stream) == "proposal"


def _kind_of(stream: str) -> str:
    return stream.partition("/")[0].partition("#")[2]


def account_of(stream: str) -> str:
    """The account that a stream belongs to."""
    name = stream.partition("/")[0].partition("#")[0]
    return name.replace("%23", "#").replace("%2F", "/").replace("%25", "%")


def client_order_id_of(stream: str) -> str | None:
    """The client order id in the name of an order's stream, None where the order is known by another id alone."""
    head, _, client_order_id = stream.partition("/")
    return None if "#" in head else client_order_id


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two times, of which either may be missing."""
    return one if other is None or (one is not None and one > other) else other
