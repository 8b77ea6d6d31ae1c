"""The fields of an order record by MiFID II RTS 24 (Delegated Regulation (EU) 2017/580, Annex,
Table 2), from the log.

A field that the log does not know is null, and `MISSING` says why. Nothing is invented: where the
log leaves a choice between two codes, the field is null too.

A transaction is one record: a fill that was reported twice has one, and a corrected fill that of
its correction. A busted fill is not a transaction; its bust is a record with a code of our own,
since the table has none for it. The order in each record has only the fills that count.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from orderledger import Liquidity, OrderType, Side, TimeInForce
from orderledger import OrderStatus as Status
from orderledger.extend.events import Effective, Fills, Order, Recorded, commands, evolve, reports
from orderledger.extend.values import stream_names

VALIDITY = {
    TimeInForce.DAY: "DAVY",
    TimeInForce.GTC: "GTCV",
    TimeInForce.GTD: "GTDV",
    TimeInForce.IOC: "IOCV",
    TimeInForce.FOK: "FOKV",
}
CLASSES = {
    OrderType.LIMIT: "LMTO",
    OrderType.MARKET: "LMTO",
    OrderType.STOP: "STOP",
    OrderType.STOP_LIMIT: "STOP",
    OrderType.TRAILING_STOP: "STOP",
    OrderType.TAKE_PROFIT: "STOP",
    OrderType.TAKE_PROFIT_LIMIT: "STOP",
}
SIDES = {Side.BUY: "BUYI", Side.SELL: "SELL"}
LIQUIDITY = {Liquidity.MAKER: "PASV", Liquidity.TAKER: "AGRE"}
BUST = "X-BUST"
"""Our code of field 21 for a bust. The table has no code for one."""
CHANGED_BY_MARKET = (
    reports.OrderSuspended | reports.OrderResumed | reports.OrderStopped | reports.OrderDoneForDay
)


class Moment(NamedTuple):
    """An event that is reported: the order after it, and what was asked for before it. `effective`:
    of a fill, its time and details from all its reports, and from the fill that it corrects."""

    recorded: Recorded
    order: Order
    code: str | None
    effective: Effective | None


Value = Callable[[Moment], Any]


class Field(NamedTuple):
    """A field of the table. `value` is None where the log never knows it, and `missing` says
    why."""

    number: int
    name: str
    value: Value | None
    missing: str | None = None


def _fill(of: Moment) -> reports.FillRecorded | None:
    return of.recorded.event if isinstance(of.recorded.event, reports.FillRecorded) else None


def _validity(of: Moment) -> str | None:
    request = of.order.terms.request
    return (
        None
        if request is None or request.time_in_force is None
        else VALIDITY[request.time_in_force]
    )


def _venue_order_id(of: Moment) -> str | None:
    ids = of.order.names.venue_order_ids
    return ids[-1] if ids else None


def _expiry(of: Moment) -> datetime | None:
    request = of.order.terms.request
    return None if request is None else request.expire_at


def _class(of: Moment) -> str | None:
    term = of.order.term("order_type")
    return CLASSES.get(term) if isinstance(term, OrderType) else None


def _type(of: Moment) -> str | None:
    term = of.order.term("order_type")
    return str(term) if isinstance(term, OrderType) else None


def _status(of: Moment) -> str | None:
    """ACTI while the order works, SUSP while it is suspended."""
    status = of.order.status
    if status is Status.SUSPENDED:
        return "SUSP"
    return "ACTI" if status in (Status.NEW, Status.PARTIALLY_FILLED, Status.STOPPED) else None


def _initial(of: Moment) -> Decimal | None:
    request = of.order.terms.request
    return None if request is None else request.quantity


def _side(of: Moment) -> str | None:
    side = (of.effective and of.effective.side) or of.order.terms.side
    return None if side is None else SIDES[side]


def _liquidity(of: Moment) -> str | None:
    return (
        None
        if of.effective is None or of.effective.liquidity is None
        else LIQUIDITY[of.effective.liquidity]
    )


def _transaction(of: Moment) -> str | None:
    event = of.recorded.event
    return event.fill_id if isinstance(event, reports.FillRecorded | reports.FillBusted) else None


def _passive_only(of: Moment) -> bool | None:
    request = of.order.terms.request
    return None if request is None else request.post_only


def _links(of: Moment) -> str | None:
    request = of.order.terms.request
    return (
        None
        if request is None or request.links is None
        else request.links.group or request.links.parent
    )


FIELDS = (
    Field(1, "Identification of the entity that submitted "
             "the order", None, "the log has accounts, no LEI"),
    Field(2, "Direct electronic access", None, "the log does not say how the account is connected"),
    Field(3, "Client identification code", None, "the log has accounts, no client codes"),
    Field(4, "Investment decision within "
             "firm", None, "the log has our names of people and "
                                                      "programs, no official ids"),
    Field(5, "Execution within firm", None, "as field 4"),
    Field(6, "Non-executing broker", None, "the log has no brokers"),
    Field(7, "Trading capacity", None, "the log does not say in which capacity the account trades"),
    Field(8, "Liquidity provision activity", None, "the log knows no market-making agreements"),
    Field(9, "Date and time", lambda of: of.effective.when.at if of.effective else of.recorded.at),
    Field(10, "Validity period", _validity),
    Field(11, "Order restriction", None, "the log has no auction restrictions"),
    Field(12, "Validity period date and time", _expiry),
    Field(13, "Priority time stamp", None, "the venue does not report its queue"),
    Field(14, "Priority size", None, "as field 13"),
    Field(15, "Sequence number", lambda of: of.recorded.position),
    Field(16, "Segment MIC code", None, "the log names accounts, no market identifier codes"),
    Field(17, "Order book code", None, "the log has no order book codes"),
    Field(18, "Financial instrument identification code", lambda of: of.order.terms.instrument),
    Field(19, "Date of receipt", lambda of: of.order.acknowledged_at),
    Field(20, "Order identification code", _venue_order_id),
    Field(21, "New order, modification, cancellation, rejection, execution", lambda of: of.code),
    Field(22, "Order type", _type),
    Field(23, "Order type classification", _class),
    Field(24, "Limit price", lambda of: of.order.limit_price),
    Field(25, "Additional limit price", None, "the log has one limit price per order"),
    Field(26, "Stop price", lambda of: of.order.stop_price),
    Field(27, "Pegged limit price", None, "the log has no pegged orders"),
    Field(28, "Transaction price", lambda of: fill.price if (fill := _fill(of)) else None),
    Field(29, "Price currency", None, "the log has the settlement currency of an instrument, not "
                                      "the currency of its price"),
    Field(30, "Currency of leg 2", None, "the log has no swaps"),
    Field(31, "Price notation", None, "the log does not say how a price is quoted"),
    Field(32, "Buy-sell indicator", _side),
    Field(33, "Order status", _status),
    Field(34, "Quantity notation", None, "the log does not say what a quantity counts"),
    Field(35, "Quantity currency", None, "as field 34"),
    Field(36, "Initial quantity", _initial),
    Field(37, "Remaining quantity, including hidden", lambda of: of.order.leaves_quantity),
    Field(38, "Displayed quantity", None, "the log has no iceberg orders"),
    Field(39, "Traded quantity", lambda of: fill.quantity if (fill := _fill(of)) else None),
    Field(40, "Minimum acceptable quantity", None, "the log has no minimum quantities"),
    Field(41, "Minimum executable size", None, "as field 40"),
    Field(42, "Minimum executable size, first execution only", None, "as field 40"),
    Field(43, "Passive only indicator", _passive_only),
    Field(44, "Passive or aggressive indicator", _liquidity),
    Field(45, "Self-execution prevention", None, "the log does not say whether the venue was "
                                                 "asked for it"),
    Field(46, "Strategy linked order identification", _links),
    Field(47, "Routing strategy", None, "the log has no routing"),
    Field(48, "Trading venue transaction identification code", _transaction),
    Field(49, "Trading phases", None, "the log has no trading phases"),
    Field(50, "Indicative auction price", None, "the log has no auctions"),
    Field(51, "Indicative auction volume", None, "the log has no auctions"),
)  # fmt: skip

MISSING = {
    field.number: f"{field.name}: {field.missing}" for field in FIELDS if field.value is None
}
"""The fields that the log never knows, and why."""

CAVEATS = {
    15: "the log position, not the venue's number",
    18: "our name of the instrument, no ISIN",
    19: "when the venue accepted the order, by its report",
    20: "the venue's id of the order, which may not be the code of its regulator",
    21: "null for a change by the venue: the log does not say whether a person or a program made "
    f"it; {BUST} is our code for a "
    "bust, for which the table has none",
    22: "our word, not the venue's name of the type",
    46: "our group or parent of linked orders",
}
"""The fields that the log knows in its own terms."""


class Records:
    """Takes the events of one order in turn, and makes the record of each that is reported.

    `fills`: all fills of the order, after its last event. They say which reports of fills count.
    """

    def __init__(self, stream: str, fills: Fills) -> None:
        self._order = Order.of(stream)
        self._fills = fills
        self._reported: set[str] = set()
        self._account = stream_names.account_of(stream)
        self._is_cancel_asked = False
        self._is_replace_asked = False

    def take(self, recorded: Recorded) -> dict[str, Any] | None:
        """The record of this event, if it must be reported."""
        event = recorded.event
        if isinstance(event, reports.FillRecorded | reports.FillBusted):
            return self._take_fill(recorded, event)
        evolve(self._order, event, recorded.when)  # type: ignore[arg-type]
        self._is_cancel_asked |= isinstance(event, commands.CancelRequested)
        self._is_replace_asked |= isinstance(event, commands.ReplaceRequested)
        is_reported, code = self._code(recorded)
        return self._record(Moment(recorded, self._order, code, None)) if is_reported else None

    def _take_fill(
        self, recorded: Recorded, event: reports.FillRecorded | reports.FillBusted
    ) -> dict[str, Any] | None:
        """The record of a transaction, or of a bust: of its first report alone. Only fills that
        count change the order."""
        if isinstance(event, reports.FillRecorded):
            if not self._counts(event):
                return None
            evolve(self._order, event, recorded.when)
            effective, code = self._fills.by_id[event.fill_id].effective, self._code(recorded)[1]
            key = event.fill_id
        else:
            effective, code, key = None, BUST, f"bust of {event.fill_id}"
        if key in self._reported:
            return None
        self._reported.add(key)
        return self._record(Moment(recorded, self._order, code, effective))

    def _counts(self, event: reports.FillRecorded) -> bool:
        counted = self._fills.by_id[event.fill_id]
        corrects = event.corrects if isinstance(event, reports.FillCorrected) else None
        return counted.is_active and counted.numbers == (event.quantity, event.price, corrects)

    def _record(self, of: Moment) -> dict[str, Any]:
        return {
            "position": of.recorded.position,
            "account": self._account,
            "client_order_id": self._order.client_order_id,
            "name": of.recorded.event.stored_name,
            "fields": {
                str(field.number): None if field.value is None else field.value(of)
                for field in FIELDS
            },
        }

    def _code(self, recorded: Recorded) -> tuple[bool, str | None]:
        """Whether the event is reported, and its code of field 21."""
        match recorded.event:
            case reports.OrderAcknowledged():
                return True, "NEWO"
            case reports.OrderRejected():
                return True, "REMO"
            case reports.OrderReplaced():
                return True, "REME" if self._is_replace_asked else None
            case reports.OrderRestated():
                return True, None
            case reports.OrderCanceled():
                return True, "CAME" if self._is_cancel_asked else "CAMO"
            case reports.OrderExpired():
                return True, "EXPI"
            case reports.OrderTriggered():
                return True, "TRIG"
            case reports.FillRecorded():
                return True, "FILL" if self._order.status is Status.FILLED else "PARF"
            case event if isinstance(event, CHANGED_BY_MARKET):
                return True, "CHMO"
        return False, None
