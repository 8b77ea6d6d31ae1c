"""The claims of a row or event: numbers to cross-check, and terms; never a fill."""

from decimal import Decimal

from orderledger import OrderStatus as Status
from orderledger import OrderType, ReportedClaims
from orderledger.extend.values import ZERO, plain, total
from orderledger.extend.views import Row
from orderledger.venues.tradier.rows import TradierOrder
from orderledger.venues.tradier.vocabulary import (
    ENDS,
    GROUPS,
    HAS_LEAVES,
    LEG_ALIAS,
    STATUSES,
    UNFILLED_ENDS,
    WORKING,
)


def claims_of(row: TradierOrder, *, is_in_units: bool = False) -> ReportedClaims:
    """The claims of a row. A filled quantity or average price of 0 with the status `filled` is not
    known yet. `is_in_units`: whether the ledger counts the order in combinations, as Tradier
    does."""
    quantity, cumulated = row.quantity, row.exec_quantity
    if row.is_compound and not is_in_units:
        quantity, cumulated = (leg_quantity(row) if counts_legs(row) else None), _leg_cumulated(row)
    if row.status == "filled" and not cumulated:
        cumulated = None
    has_leaves = (
        row.status in HAS_LEAVES and not row.is_compound and cumulated is not None and row.has_fills
    )
    return ReportedClaims(
        status=_claimed_status(row, cumulated),
        quantity=quantity,
        cum_quantity=cumulated,
        leaves_quantity=row.remaining_quantity if has_leaves else None,
        average_price=row.average_price if cumulated and not row.is_compound else None,
        limit_price=row.limit_price,
        stop_price=row.stop_price,
        order_type=row.order_type,
        time_in_force=row.time_in_force,
    )


def event_claims_of(row: TradierOrder, known: Row | None) -> ReportedClaims:
    """The claims of an event. It does not show whether it counts spreads or contracts: for a
    possible spread it claims no numbers.
    """
    has_legs = known is not None and any(
        name.startswith(LEG_ALIAS) for name in known.get("aliases") or {}
    )
    is_spread = has_legs or row.order_type is OrderType.OTHER
    cumulated = (
        None
        if is_spread or (row.status == "filled" and not row.exec_quantity)
        else row.exec_quantity
    )
    return ReportedClaims(
        status=_claimed_status(row, row.exec_quantity),
        cum_quantity=cumulated,
        average_price=row.average_price if cumulated else None,
        limit_price=row.limit_price,
        stop_price=row.stop_price,
        order_type=row.order_type,
    )


def _claimed_status(row: TradierOrder, cumulated: Decimal | None) -> str | None:
    status = (
        STATUSES[row.status][1] if row.status in STATUSES and row.status != "calculated" else None
    )
    if row.status in WORKING and cumulated:
        status = Status.PARTIALLY_FILLED
    return status.value if status else None


def counts_legs(row: TradierOrder) -> bool:
    """Whether the order's quantity is the sum over all its legs: once it works, or any of it has
    filled.
    """
    return (
        row.status in WORKING
        or row.status == "filled"
        or any(leg.exec_quantity for leg in row.legs)
    )


def leg_quantity(row: TradierOrder) -> Decimal | None:
    """The quantity that all legs together can reach. When a leg of a group ends, its unfilled
    quantity is dropped, unless the group itself was ended.
    """
    if not row.legs or not row.has_all_legs or any(leg.quantity is None for leg in row.legs):
        return None
    is_dropping = row.kind in GROUPS and row.status not in UNFILLED_ENDS
    quantities = [
        (leg.exec_quantity or ZERO)
        if is_dropping and leg.status in ENDS
        else (leg.quantity or ZERO)
        for leg in row.legs
    ]
    return total(quantities) or None


def _leg_cumulated(row: TradierOrder) -> Decimal | None:
    if not row.legs or not row.has_all_legs:
        return None
    return total(leg.exec_quantity or ZERO for leg in row.legs)


def story_of(row: TradierOrder) -> str | None:
    """The state of each leg, in a line."""
    if not row.legs:
        return None
    return "; ".join(
        f"{leg.venue_order_id} {leg.side or '?'} {leg.instrument}: {leg.status}, "
        f"{plain(leg.exec_quantity or ZERO)} of {plain(leg.quantity or ZERO)}"
        for leg in row.legs
    )
