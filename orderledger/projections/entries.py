"""The entries of positions: trades that count, adjustments and funding."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias, TypedDict, TypeGuard, final

from orderledger.domain.exact import EXACT, ZERO
from orderledger.domain.values import Premium
from orderledger.projections.account_events import AccountEventRow
from orderledger.projections.sides import NAMED, NET, Modes, Part, part_of
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
    former_name: str | None
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


class _OfInstrument(TypedDict):
    position: int
    account: str
    instrument: str
    former_name: str | None
    position_side: str | None
    position_id: str | None
    currency: str | None
    at: datetime
    terms: dict[str, Any]


@final
class Split(_OfInstrument):
    """A row of `ACCOUNT_EVENTS` that splits the lots of a position. `terms`: `ratio` and
    `cash_in_lieu`."""

    kind: Literal["split"]
    quantity: Decimal | None


@final
class Settlement(_OfInstrument):
    """A row of `ACCOUNT_EVENTS` that closes a position without a trade. `terms`: `fees`, and
    whether its result is carried into a delivery."""

    kind: Literal["settle"]
    quantity: Decimal | None
    price: Decimal


@final
class Delivery(_OfInstrument):
    """A row of `ACCOUNT_EVENTS` that buys (positive) or sells what a settlement delivers. `terms`:
    `fees`, and by method the `premium` that is carried into its cost."""

    kind: Literal["delivery"]
    quantity: Decimal
    price: Decimal


AccountEntry: TypeAlias = Adjustment | Funding | Split | Settlement | Delivery
Ordered: TypeAlias = Trade | Adjustment | Split | Settlement | Delivery
"""Entries whose order counts."""
Entry: TypeAlias = Trade | Adjustment | Funding | Split | Settlement | Delivery

ORDERED = ("adjust", "split", "settle", "delivery")
"""Kinds of account events whose order counts."""


NOT_COUNTED = ("busted", "reused", "repeated")
"""States of fundings, splits and settlements that change nothing."""


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
    return row["kind"] == "funding" and row["state"] not in NOT_COUNTED


def is_account_entry(row: AccountEventRow) -> TypeGuard[AccountEntry]:
    """Whether an account event counts in a position."""
    return is_ordered(row) or (is_funding(row) and row["instrument"] is not None)


def is_ordered(row: AccountEventRow) -> TypeGuard[Adjustment | Split | Settlement | Delivery]:
    """Whether an account event counts in a position, and its order too."""
    if row["kind"] not in ORDERED or row["instrument"] is None:
        return False
    return row["state"] not in NOT_COUNTED


OF_INSTRUMENT = ("split", "settle")
"""Kinds of account events that change what is open in an instrument."""


def is_of_instrument(entry: Entry) -> TypeGuard[Split | Settlement]:
    """Whether an entry is a split or a settlement. It changes the open positions of its instrument:
    without a side all of them."""
    return "kind" in entry and (entry["kind"] == "split" or entry["kind"] == "settle")


def needs_side(entry: Split | Settlement) -> bool:
    """Whether it can change one position only, and does not name it."""
    is_partial = entry["quantity"] is not None or bool(entry["terms"].keys() & PARTIAL)
    return is_partial and entry["position_side"] not in NAMED


PARTIAL = {"cash_in_lieu", "fees", "into"}
"""Terms of a split or a settlement that are of one position."""


def concerns(entry: Entry, part: Part, modes: Modes) -> bool:
    """Whether an entry changes this position of its instrument. A side that is named may mean the
    net position, if that has its direction."""
    if not is_of_instrument(entry):
        return part_of(entry, modes) == part
    side, position_id = entry["position_side"], entry["position_id"]
    is_side = side not in NAMED or part[0] in (side, NET)
    return is_side and position_id in (None, part[1])


def is_against(entry: Split | Settlement, held: Decimal) -> bool:
    """Whether a net position has not the direction that an entry names."""
    return entry["position_side"] == ("short" if held > ZERO else "long")


class Paid(TypedDict):
    """The columns of a trade that name its fees."""

    fee: Decimal | None
    fee_currency: str | None
    fees: list[dict[str, str]] | None


def traded_quantity(entry: Trade | Settlement | Delivery) -> Decimal:
    """The quantity that an entry buys (positive) or sells. A settlement trades nothing: it closes
    what is open."""
    if "fill_id" in entry:
        quantity = entry["quantity"]
        return quantity if entry["side"] == "buy" else quantity.copy_negate()
    return entry["quantity"] if entry["kind"] == "delivery" else ZERO


def carries_premium(entry: Settlement) -> bool:
    """Whether the result is to go into the cost of what is delivered."""
    terms = entry["terms"]
    return "into" in terms and terms.get("premium") == Premium.CARRY


def fees_of(trade: Paid) -> list[tuple[str, Decimal]]:
    """The fees of a trade by currency. An empty one: the settlement currency."""
    if trade["fees"] is not None:
        return _summed(trade["fees"])
    return [] if trade["fee"] is None else [(trade["fee_currency"] or "", trade["fee"])]


def payment_key(entry: Entry) -> int:
    """Tells payments apart: a settlement and what it delivers have one log position."""
    is_delivery = "kind" in entry and entry["kind"] == "delivery"
    return -entry["position"] if is_delivery else entry["position"]


def paid_in(entry: Entry) -> list[tuple[str, Decimal]]:
    """Payments of an entry in each currency: fees, and funding with the opposite sign."""
    if "fill_id" not in entry and entry["kind"] == "funding":
        return [(entry["currency"], entry["quantity"].copy_negate())]
    return fees_in(entry)


def fees_in(entry: Entry) -> list[tuple[str, Decimal]]:
    """The fees of an entry by currency, likewise."""
    if "fill_id" in entry:
        return fees_of(entry)
    if entry["kind"] == "settle" or entry["kind"] == "delivery":
        return _summed(entry["terms"].get("fees", ()))
    return []


def _summed(fees: Iterable[dict[str, str]]) -> list[tuple[str, Decimal]]:
    sums: dict[str, Decimal] = {}
    for one in fees:
        amount = Decimal(one["amount"])
        sums[one["currency"]] = EXACT.add(sums.get(one["currency"], ZERO), amount)
    return list(sums.items())


def is_entry(row: TradeRow | AccountEventRow) -> TypeGuard[Entry]:
    """Whether a row counts in a position."""
    if "fill_id" not in row:
        return is_account_entry(row)
    return row["instrument"] is not None and row["side"] is not None and row["state"] == "active"
