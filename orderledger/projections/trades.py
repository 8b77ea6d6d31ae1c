"""The trade history: one row per fill."""

from dataclasses import dataclass
from datetime import datetime

from orderledger.domain.events import FillRecorded
from orderledger.domain.fills import Fill
from orderledger.domain.recorded import Recorded
from orderledger.domain.state import Order
from orderledger.projections.orders import links_of
from orderledger.projections.tables import Row


@dataclass(slots=True)
class Report:
    """How the fill came into the log."""

    position: int
    recorded_at: datetime
    source: str
    venue_order_id: str | None


def report_of(recorded: Recorded) -> Report:
    event = recorded.event
    assert isinstance(event, FillRecorded)
    return Report(recorded.position or 0, recorded.recorded_at, recorded.source, event.venue_order_id)


def trade_row(stream: str, order: Order, fill: Fill, report: Report) -> Row:
    """The columns of `tables.TRADES` for one fill."""
    request = order.request
    side = fill.side or order.side
    return {
        "account": order.account,
        "client_order_id": order.client_order_id,
        "venue_order_id": report.venue_order_id or order.venue_order_id_at(fill.at),
        "fill_id": fill.fill_id,
        "instrument": fill.instrument or order.instrument,
        "side": str(side) if side else None,
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": fill.fee,
        "fee_currency": fill.fee_currency,
        "liquidity": str(fill.liquidity) if fill.liquidity else None,
        "at": fill.at,
        "recorded_at": report.recorded_at,
        "source": report.source,
        "position": report.position,
        "strategy": request.strategy if request else None,
        "links": links_of(request.links) if request else None,
        "state": "standing" if fill.is_standing else "busted" if order.fills.is_busted(fill.fill_id) else "corrected",
        "stream": stream,
    }
