"""The trade history: one row per fill."""

from dataclasses import dataclass
from datetime import datetime

from orderledger.domain.orders.fill import Fill
from orderledger.domain.orders.order import Order
from orderledger.domain.orders.reports import FillRecorded
from orderledger.domain.recorded import Recorded
from orderledger.projections.orders import links_of
from orderledger.projections.tables import Row


@dataclass(slots=True)
class Report:
    """How a fill came into the log: the event that first told it, and the venue's order id in it."""

    fill: Fill
    version: int
    position: int
    recorded_at: datetime
    source: str
    venue_order_id: str | None


def report_of(recorded: Recorded, fill: Fill) -> Report:
    event = recorded.event
    assert isinstance(event, FillRecorded)
    return Report(fill, recorded.version, recorded.position or 0, recorded.recorded_at, recorded.source, event.venue_order_id)


def trade_row(stream: str, order: Order, fill: Fill, report: Report) -> Row:
    """The columns of `tables.TRADES` for one fill."""
    request, told = order.terms.request, fill.effective
    side = told.side or order.terms.side
    return {
        "account": order.account,
        "client_order_id": order.client_order_id,
        "venue_order_id": report.venue_order_id or order.names.venue_order_id_at(told.at),
        "fill_id": fill.fill_id,
        "instrument": told.instrument or order.terms.instrument,
        "side": str(side) if side else None,
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": told.fee,
        "fee_currency": told.fee_currency,
        "liquidity": str(told.liquidity) if told.liquidity else None,
        "at": told.at,
        "recorded_at": report.recorded_at,
        "source": report.source,
        "position": report.position,
        "strategy": request.strategy if request else None,
        "links": links_of(request.links) if request else None,
        "state": order.fills.state_of(fill),
        "stream": stream,
    }
