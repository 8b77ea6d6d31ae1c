"""The entries of positions: trades that count, adjustments and funding."""

from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias, TypedDict, TypeGuard, final

from orderledger.domain.exact import EXACT, ZERO
from orderledger.projections.account_events import AccountEventRow
from orderledger.projections.trades import StoredTradeRow, TradeRow


@final
class Trade(TypedDict):
    """A row of `TRADES` that is active, and whose instrument and side are known."""

    account: str
    client_order_id: str | None
    venue_order_id: str | None
    fill_id: str
    instrument: str
    side: str
    quantity: Decimal
    price: Decimal
    fee: Decimal | None
    fee_currency: str | None
    fees: list[dict[str, str]] | None
    liquidity: str | None
    position_side: str | None
    position_id: str | None
    at: datetime
    recorded_at: datetime
    position: int
    rank: str
    strategy: str | None
    stream: str


@final
class Adjustment(TypedDict):
    """A row of `ACCOUNT_EVENTS` that sets a position."""

    position: int
    account: str
    kind: Literal["adjust"]
    instrument: str
    quantity: Decimal
    price: Decimal
    position_side: str | None
    position_id: str | None
    currency: str | None
    at: datetime


@final
class Funding(TypedDict):
    """A row of `ACCOUNT_EVENTS` that pays or charges a position."""

    position: int
    account: str
    kind: Literal["funding"]
    instrument: str
    quantity: Decimal
    position_side: str | None
    position_id: str | None
    currency: str
    at: datetime


Entry: TypeAlias = Trade | Adjustment | Funding


def has_position(row: StoredTradeRow) -> TypeGuard[Trade]:
    """Whether an active trade counts in a position: its instrument and side are known."""
    return row["instrument"] is not None and row["side"] is not None


def is_trade(row: StoredTradeRow) -> TypeGuard[Trade]:
    """Whether a trade counts in a position: it is active, of a known instrument and side."""
    return row["state"] == "active" and has_position(row)


def is_adjustment(row: AccountEventRow) -> TypeGuard[Adjustment]:
    """Whether an account event sets a position."""
    return row["kind"] == "adjust" and row["instrument"] is not None


def is_funding(row: AccountEventRow) -> TypeGuard[Funding]:
    """Whether an account event pays or charges a position."""
    return row["kind"] == "funding"


def is_account_entry(row: AccountEventRow) -> TypeGuard[Adjustment | Funding]:
    """Whether an account event counts in a position."""
    return row["kind"] in ("adjust", "funding") and row["instrument"] is not None


class Paid(TypedDict):
    """The columns of a trade that name its fees."""

    fee: Decimal | None
    fee_currency: str | None
    fees: list[dict[str, str]] | None


def fees_of(trade: Paid) -> list[tuple[str, Decimal]]:
    """The fees of a trade by currency. An empty one: the settlement currency."""
    if trade["fees"] is not None:
        sums: dict[str, Decimal] = {}
        for one in trade["fees"]:
            amount = Decimal(one["amount"])
            sums[one["currency"]] = EXACT.add(sums.get(one["currency"], ZERO), amount)
        return list(sums.items())
    return [] if trade["fee"] is None else [(trade["fee_currency"] or "", trade["fee"])]


def is_entry(row: TradeRow | AccountEventRow) -> TypeGuard[Entry]:
    """Whether a row counts in a position."""
    if "fill_id" not in row:
        return is_account_entry(row)
    return row["instrument"] is not None and row["side"] is not None and row["state"] == "active"
