"""The trade history: one row per fill."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict, final

from msgspec.structs import replace

from orderledger.domain.orders.combination import number_of, traded_side
from orderledger.domain.orders.fill import Fill
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.reports import FillRecorded
from orderledger.domain.recorded import Recorded
from orderledger.domain.values import Liquidity, PositionSide, Side
from orderledger.projections.account_events import fees_listed
from orderledger.projections.orders import links_of
from orderledger.projections.view import HIDDEN, Table


class TradeRow(TypedDict):
    """One row per fill. Busted and corrected fills stay, with their state."""

    account: Annotated[str, "Trading account."]
    client_order_id: Annotated[
        str | None, "Our id of the order, or the first that reports gave of one from elsewhere."
    ]
    venue_order_id: Annotated[
        str | None, "The venue's id of the order, as the fill gave it, else as it was then."
    ]
    fill_id: Annotated[str, "The venue's id of the fill."]
    instrument: Annotated[str | None, "Instrument, by its latest name."]
    former_name: Annotated[
        str | None, "Name under which it was recorded, where the instrument has another now."
    ]
    side: Annotated[str | None, "buy or sell.", Side]
    quantity: Annotated[Decimal, "Quantity."]
    price: Annotated[Decimal, "Price."]
    fee: Annotated[
        Decimal | None, "Fee, positive when paid. Null where it is in several currencies."
    ]
    fee_currency: Annotated[
        str | None,
        "Currency of the fee, null where it is the settlement currency of the instrument.",
    ]
    fees: Annotated[
        list[dict[str, str]] | None,
        "Several fees, or one of another kind than commission: `currency`, `amount`, `kind`. "
        "Null where `fee` says all.",
    ]
    liquidity: Annotated[str | None, "maker or taker.", Liquidity]
    leg: Annotated[
        int | None,
        "Leg of its combination, from 0: as a report named it, else the only one with its "
        "instrument.",
    ]
    position_side: Annotated[
        str | None,
        "Position it belongs to: as a report of it named, else as its order did.",
        PositionSide,
    ]
    position_id: Annotated[
        str | None, "The venue's id of that position, where a report or the order gave one."
    ]
    at: Annotated[datetime, "When it happened."]
    recorded_at: Annotated[datetime, "When it was recorded."]
    source: Annotated[str, "Where the report came from."]
    position: Annotated[int, "Log position."]
    strategy: Annotated[str | None, "Strategy of the order."]
    links: Annotated[dict[str, str] | None, "Proposal, trade, role, parent and group of the order."]
    state: Annotated[str, "active, busted or corrected.", ("active", "busted", "corrected")]
    stream: Annotated[str, "Stream of the order in the log."]


@final
class StoredTradeRow(TradeRow):
    """With the columns that views leave out."""

    rank: Annotated[
        str,
        "Place among the trades of one time: by the venue's sequence, then by the first log "
        "position.",
        HIDDEN,
    ]
    named_at: Annotated[
        datetime | None,
        "Time at which its request named the instrument, null where the fill itself did.",
        HIDDEN,
    ]


TRADES = Table(
    "trades",
    "One row per fill. Busted and corrected fills stay, with their state.",
    ("stream", "fill_id"),
    StoredTradeRow,
    ("at", "rank", "position"),
    (("account", "instrument", "at", "rank"),),
    version=16,
    paged_by=(("state", "at", "rank"),),
)


@dataclass(slots=True)
class Report:
    """How a fill came into the log: the event that first reported it, and the venue's order id in
    that event."""

    fill: Fill
    version: int
    position: int
    recorded_at: datetime
    source: str
    venue_order_id: str | None


def report_of(recorded: Recorded, fill: Fill) -> Report:
    event = recorded.event
    assert isinstance(event, FillRecorded)
    return Report(
        fill,
        recorded.version,
        recorded.position or 0,
        recorded.recorded_at,
        recorded.source,
        event.venue_order_id,
    )


def trade_row(stream: str, order: Order, fill: Fill, report: Report) -> StoredTradeRow:
    """The columns of `tables.TRADES` for one fill."""
    request, effective = order.terms.request, fill if fill.inherited is None else fill.effective
    legs = request.legs if request else ()
    number = number_of(legs, effective.leg, effective.instrument) if legs else None
    leg = None if number is None else legs[number]
    position_side, side = effective.position_side or order.terms.position_side, order.terms.side
    side = effective.side or (traded_side(leg, side) if leg is not None and side else side)
    return {
        "account": order.account,
        "client_order_id": order.client_order_id,
        "venue_order_id": report.venue_order_id or order.names.venue_order_id_at(fill.at),
        "fill_id": fill.fill_id,
        "instrument": effective.instrument or (leg and leg.instrument) or order.terms.instrument,
        "former_name": None,
        "side": str(side) if side else None,
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": effective.fee,
        "fee_currency": effective.fee_currency,
        "fees": None if effective.fees is None else fees_listed(effective.fees),
        "liquidity": str(effective.liquidity) if effective.liquidity else None,
        "leg": effective.leg if number is None else number,
        "position_side": str(position_side) if position_side else None,
        "position_id": effective.position_id or order.terms.position_id,
        "at": fill.at,
        "recorded_at": report.recorded_at,
        "source": report.source,
        "position": report.position,
        "rank": (
            fill.traded
            if fill.inherited is not None
            else replace(fill.when, position=report.position)
        ).rank,
        "strategy": request.strategy if request else None,
        "links": links_of(request.links) if request else None,
        "state": order.fills.state_of(fill),
        "stream": stream,
        "named_at": order.terms.requested_at if effective.instrument is None else None,
    }
