"""Messages from the order rows of Hyperliquid's API (`orderStatus`, `historicalOrders`,
`frontendOpenOrders`, `orderUpdates`).

A row describes one *leg*: one venue order, with an `oid` of its own. A modify cancels one leg and
opens the next, so an order of ours has one leg after another. Quantities of a row are of its leg,
in units of the coin; messages give the order's, which includes what earlier legs have filled.
Prices are per coin, in the quote currency. Times are the venue's, to the millisecond.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, assert_never

from orderledger import Message
from orderledger import OrderStatus as Status
from orderledger.extend.messages import numbers_and_times
from orderledger.extend.messages import registry as wire
from orderledger.extend.values import EXACT, ZERO, DatedBy
from orderledger.venues.hyperliquid.legs_memory import Leg, OrderLegs
from orderledger.venues.hyperliquid.message_context import MessageContext
from orderledger.venues.hyperliquid.order_legs import AccountLegs, Known
from orderledger.venues.hyperliquid.order_rows import HyperliquidOrder
from orderledger.venues.hyperliquid.rows import Unreadable, message_of
from orderledger.venues.hyperliquid.vocabulary import CLOID, Meaning

FILLED = "cum_quantity"
NO_CLAIMS = wire.ReportedClaims()
"""Copied with the claims of a row. The values were checked when the row was read; checking them
again would double the cost."""
ENDINGS = frozenset(
    {Meaning.CANCELED_BY_USER, Meaning.CANCELED_BY_VENUE, Meaning.FILLED, Meaning.UNMATCHED}
)


def row_messages(
    row: HyperliquidOrder,
    known: Known | None,
    legs: AccountLegs,
    context: MessageContext,
    *,
    is_conclusive: bool,
) -> list[Message]:
    """The messages of one row. Call it after `legs` has noted all rows of the payload; `known` is
    the result for this row.

    A cancel by the user may be half of a modify. `is_conclusive` means that the payload would
    contain the newer leg of that modify, so the cancel is final. Otherwise `legs` holds the cancel
    until a newer leg appears or the wait is over.
    """
    if known is None:
        return _RowReport(
            row, context, ZERO, has_alias=not legs.is_apart(row.cloid, row.venue_order_id)
        ).alone()
    order_legs, leg = known
    dropped = _introduction_of_dropped(order_legs, legs, context)
    if order_legs.is_superseded(leg):
        return [
            *dropped,
            *_introduction(order_legs, leg, row, context),
            *corrections(order_legs, context),
        ]
    if row.meaning is Meaning.REJECTED and leg.is_void and order_legs.has_earlier(leg):
        return [
            *dropped,
            _row_report(order_legs, leg, row, context).refused_modify(
                order_legs.latest.venue_order_id
            ),
        ]
    if row.meaning is Meaning.CANCELED_BY_USER and not is_conclusive and not order_legs.is_over:
        legs.hold(order_legs, row)
        return [
            *dropped,
            *(_introduction(order_legs, leg, row, context) if order_legs.has_earlier(leg) else []),
        ]
    return [*dropped, *_of_latest(order_legs, leg, row, context)]


def released(row: HyperliquidOrder, legs: AccountLegs, context: MessageContext) -> list[Message]:
    """The messages of a held cancel, once the wait for a newer leg is over. Empty if one has
    appeared."""
    known = legs.of(row)
    return _of_latest(*known, row, context) if known is not None and legs.release(row) else []


def introduced(row: HyperliquidOrder, legs: AccountLegs, context: MessageContext) -> list[Message]:
    """The acknowledgement or replace that introduces the leg of a held cancel. Empty if that was
    reported before."""
    known = legs.of(row)
    return _introduction(*known, row, context) if known is not None else []


def corrections(order_legs: OrderLegs, context: MessageContext) -> list[Message]:
    """The latest leg again, if its reported quantity was wrong: earlier legs have filled more than
    was known then."""
    leg = order_legs.latest
    row = leg.row
    if (
        row is None
        or not row.original_size
        or not leg.is_reported
        or not order_legs.has_earlier(leg)
    ):
        return []
    if EXACT.add(order_legs.filled_before(leg), row.original_size) == leg.reported_quantity:
        return []
    if order_legs.held is row:
        return [_row_report(order_legs, leg, row, context).replaced()]
    return _of_latest(order_legs, leg, row, context)


def waiting(row: HyperliquidOrder, context: MessageContext) -> Message:
    """The status of a child order, which waits until its parent fills."""
    return _RowReport(row, context, ZERO).status(Status.PENDING_NEW, row.created_at)


def _row_report(
    order_legs: OrderLegs, leg: Leg, row: HyperliquidOrder, context: MessageContext
) -> "_RowReport":
    return _RowReport(row, context, order_legs.filled_before(leg), leg=leg)


def _introduction(
    order_legs: OrderLegs, leg: Leg, row: HyperliquidOrder, context: MessageContext
) -> list[Message]:
    """Introduce a leg: acknowledge the first one, report the replace for a later one. Empty if that
    was reported before.

    A fill may be the first report of a later leg. It does not report the replace, which then still
    follows.
    """
    is_replace_reported = leg.reported_quantity is not None and not context.is_asked
    if leg.is_reported and not (order_legs.has_earlier(leg) and not is_replace_reported):
        return []
    leg.is_reported = True
    row_report = _row_report(order_legs, leg, row, context)
    return [row_report.replaced() if order_legs.is_later(leg) else row_report.acknowledged()]


def _introduction_of_dropped(
    order_legs: OrderLegs, legs: AccountLegs, context: MessageContext
) -> list[Message]:
    """Introduce the leg whose held cancel proved to be half of a modify."""
    row, order_legs.dropped = order_legs.dropped, None
    return introduced(row, legs, context) if row is not None else []


def _of_latest(
    order_legs: OrderLegs, leg: Leg, row: HyperliquidOrder, context: MessageContext
) -> list[Message]:
    row_report = _row_report(order_legs, leg, row, context)
    is_later = order_legs.is_later(leg)
    leg.is_reported = True
    if row.meaning in ENDINGS or row.meaning is Meaning.REJECTED:
        order_legs.held = None
        order_legs.is_over = order_legs.is_over or row.meaning is not Meaning.FILLED
    if row.meaning is Meaning.WORKING:
        return row_report.working(is_later=is_later)
    return [*([row_report.replaced()] if is_later else []), *row_report.alone()]


class _RowReport:
    """Makes the messages of one row. `before`: the quantity that earlier legs of its order have
    filled."""

    def __init__(
        self,
        row: HyperliquidOrder,
        context: MessageContext,
        before: Decimal,
        *,
        leg: Leg | None = None,
        has_alias: bool = True,
    ) -> None:
        self._row = row
        self._context = context
        self._before = before
        self._leg = leg
        self._aliases = {CLOID: row.cloid} if row.cloid is not None and has_alias else {}

    def alone(self) -> list[Message]:
        """The messages of the row's status, for an order with one leg, or a leg that is introduced
        already."""
        row, meaning = self._row, self._row.meaning
        at = row.status_at or row.created_at
        match meaning:
            case Meaning.WORKING:
                return self.working(is_later=False)
            case Meaning.TRIGGERED:
                return [self._message(wire.Triggered, at, self._claims(Status.NEW))]
            case Meaning.FILLED if row.is_partly_filled:
                # An immediate-or-cancel order: the venue dropped the unfilled rest.
                return [self._message(wire.Canceled, at, self._claims(), reason=row.status)]
            case Meaning.FILLED:
                return [self.status(Status.FILLED, at)]
            case Meaning.CANCELED_BY_USER | Meaning.CANCELED_BY_VENUE:
                return [self._message(wire.Canceled, at, self._claims(), reason=row.status)]
            case Meaning.REJECTED | Meaning.UNMATCHED if row.filled or self._before:
                return [self._message(wire.Canceled, at, self._claims(), reason=row.status)]
            case Meaning.REJECTED:
                return [self._message(wire.Rejected, at, self._claims(), reason=row.status)]
            case Meaning.UNMATCHED:
                return [self._message(wire.Expired, at, self._claims(), reason=row.status)]
            case Meaning.UNKNOWN:
                return [self.status(row.status, at)]
        assert_never(meaning)

    def working(self, *, is_later: bool) -> list[Message]:
        """The leg is on the book. A list gives the time of its creation, but not the time of its
        fills."""
        row = self._row
        if not is_later and row.is_dated and row.status_at is not None:
            return [
                self._message(
                    wire.Acknowledged, row.status_at, self._claims(self._observed, leaves=row.size)
                )
            ]
        begun = self.replaced() if is_later else self.acknowledged()
        at = row.status_at if row.is_dated else self._context.at
        if row.is_partly_filled and at is not None and not self._is_recorded():
            # By our clock, the leg may have ended or changed since. Only its filled quantity is
            # certain.
            is_venue_time = row.is_dated or self._context.is_venue_time
            claims = self._claims(leaves=row.size)
            return [
                begun,
                self._message(
                    wire.Acknowledged, at, claims if is_venue_time else {FILLED: claims[FILLED]}
                ),
            ]
        return [begun]

    def acknowledged(self) -> Message:
        """The acknowledgement, dated when the leg was created. It omits the filled quantity,
        which has a later time.
        """
        row = self._row
        if self._is_untouched:
            return self._message(
                wire.Acknowledged, row.created_at, self._claims(Status.NEW, leaves=row.size)
            )
        status = self._observed if row.meaning is Meaning.WORKING else Status.NEW
        return self._message(wire.Acknowledged, row.created_at, self._terms(status))

    @property
    def _is_untouched(self) -> bool:
        return self._row.meaning is Meaning.WORKING and self._row.filled == ZERO

    @property
    def _observed(self) -> Status:
        return Status.PARTIALLY_FILLED if self._row.is_partly_filled else Status.NEW

    def _is_recorded(self) -> bool:
        """Check whether the ledger has the filled quantity of the list already, by fills or as a
        claim."""
        records, filled = self._context.records, self._row.filled
        order = (
            records.order(self._context.account, self._row.venue_order_id)
            if records is not None
            else None
        )
        if order is None or filled is None:
            return False
        return EXACT.add(self._before, filled) in (
            order["cum_quantity"],
            order["reported_cum_quantity"],
        )

    def replaced(self) -> Message:
        """The replace that opened a later leg, dated when the leg was created. Its quantity is that
        of the whole order."""
        row, leg = self._row, self._leg
        terms = (
            self._claims(Status.NEW, leaves=row.size)
            if self._is_untouched
            else self._terms(Status.NEW)
        )
        if not self._is_untouched and row.original_size:
            terms |= {
                "cum_quantity": self._before,
                "leaves_quantity": row.original_size,
            }  # at its creation
        quantity = terms.get("quantity")
        if leg is not None:
            leg.reported_quantity = quantity
        prices: dict[str, Any] = {"limit_price": row.limit_price, "stop_price": row.stop_price}
        if quantity is None and row.limit_price is None and row.stop_price is None:
            return self._message(wire.Acknowledged, row.created_at, terms)
        return self._message(wire.Replaced, row.created_at, terms, quantity=quantity, **prices)

    def refused_modify(self, working: str) -> Message:
        """The venue refused to open a new leg: the order continues under the id `working`."""
        row = self._row
        at = row.status_at or row.created_at
        return self._message(
            wire.ReplaceRejected, at, {}, venue_order_id=working, reason=row.status
        )

    def status(self, status: str, at: datetime) -> Message:
        is_of_state = self._row.status_at is not None and self._row.status_at > self._row.created_at
        dated_by = DatedBy.VENUE if is_of_state else DatedBy.RECEIPT
        return self._message(
            wire.StatusObserved, at, self._claims(), status=str(status), dated_by=dated_by
        )

    def _terms(self, status: Status | None = None) -> dict[str, Any]:
        """The venue's claims of the terms, without quantities that change with each fill."""
        terms = dict(self._row.terms)
        if status is not None:
            terms["status"] = str(status)
        if self._row.original_size:
            terms["quantity"] = self._of_order(self._row.original_size)
        return terms

    def _claims(
        self, status: Status | None = None, *, leaves: Decimal | None = None
    ) -> dict[str, Any]:
        row, claims = self._row, self._terms(status)
        if row.filled is not None and not (row.meaning is Meaning.FILLED and row.filled == ZERO):
            claims["cum_quantity"] = self._of_order(row.filled)
            if leaves is not None:
                claims["leaves_quantity"] = leaves
        return claims

    def _of_order(self, quantity: Decimal) -> Decimal:
        """Convert a quantity of the leg to one of the order. Raises Unreadable if the sum is not
        a valid quantity.
        """
        whole = EXACT.add(self._before, quantity)
        try:
            return numbers_and_times.parse_number(whole) if self._before else whole
        except ValueError as error:
            raise Unreadable(f"the legs' quantity {error}", self._row.raw) from None

    def _message(
        self,
        kind: type[Message],
        at: datetime,
        claims: dict[str, Any],
        venue_order_id: str | None = None,
        **fields: Any,
    ) -> Message:
        row, context = self._row, self._context
        return message_of(
            kind,
            row.raw,
            account=context.account,
            at=at,
            source=context.source,
            instrument=context.symbols.instrument(row.coin),
            side=row.side,
            aliases=self._aliases,
            reported=NO_CLAIMS.model_copy(update=claims) if claims else None,
            venue_order_id=venue_order_id or row.venue_order_id,
            **fields,
        )
