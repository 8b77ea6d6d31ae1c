"""`ExchangeSimulator`: a whole venue in this process, scripted by tests or used by trading clients.

How a protocol sends to it:

    match exchange.submit("main", client_id="C-1", instrument="BTC-USD", side="buy", quantity="0.5",
    limit_price="64000"):
        case Refusal(reason=reason):         # nothing has changed
            ...
        case order:                          # placed, and matched with what was there: the row as
        it stands now
            ...

Subscribers get each change as it happens: the order placed, then each fill of either side. An
account trades with all others and never with itself: its resting order is canceled (`self_trade`).
The rest of an order that may not rest is canceled (`no_liquidity`, `immediate_or_cancel`,
`fill_or_kill`). Both fills of a match have the same fill id.
"""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Unpack

from orderledger import Side, TimeInForce
from orderledger.extend.values import EXACT, total
from orderledger.simulation.market.book import keeps_priority
from orderledger.simulation.market.checks import (
    OrderTerms,
    Reason,
    Refusal,
    parsed,
    why_not_numbers,
    why_not_order,
)
from orderledger.simulation.market.matching import MatchingExchange
from orderledger.simulation.market.numbers import Number
from orderledger.simulation.market.rows import Kind, OrderStatus, SimulatedOrder


class ExchangeSimulator(MatchingExchange):
    """A venue: the operations of `ScriptedExchange` for tests, and order entry with checks and
    order books for clients.

    `instruments`: those listed. If none is listed, any instrument trades with any tick and lot.
    `rules`: see `EntryRules`.
    """

    def submit(self, account: str, **terms: Unpack[OrderTerms]) -> SimulatedOrder | Refusal:
        """Accept an order and match it at once, or refuse it. Returns the order's row after its
        fills, or the refusal.

        Raises ValueError for an unknown side or time in force, TypeError for a float.
        """
        terms["expire_at"] = self._expiry(terms)
        client_id = terms.get("client_id")
        terms["client_id"] = None if client_id is None else self.rules.client_id_as(client_id)
        known = self._taken(account, terms.get("client_id"))
        reason: str | None = (
            Reason.DUPLICATE_ORDER if known is not None else self._why_not_terms(terms)
        )
        if reason is not None:
            return Refusal(reason=reason, order=known)
        row = self._new_row(account, **terms)
        reason = self._why_not_match(row) or self.rules.judge(Kind.PLACED, row)
        if reason is not None:
            return Refusal(reason=reason)
        order = self._placed(row)
        return order if order.status is OrderStatus.WAITING else self.enter(order)

    def request_cancel(
        self, account: str, *, order_id: int | None = None, client_id: str | None = None
    ) -> SimulatedOrder | Refusal:
        """Cancel an open order of the account, identified by its id or its client id. Returns
        its last row, or the refusal.
        """
        order = self.named(account, order_id=order_id, client_id=client_id)
        if order is None or order.status.is_ended:
            return Refusal(
                reason=Reason.UNKNOWN_ORDER if order is None else Reason.TOO_LATE_TO_CANCEL,
                order=order,
            )
        reason = self.rules.judge(Kind.CANCELED, order)
        return self.cancel(order) if reason is None else Refusal(reason=reason, order=order)

    def request_replace(
        self,
        account: str,
        *,
        order_id: int | None = None,
        client_id: str | None = None,
        quantity: Number | None = None,
        limit_price: Number | None = None,
        with_new_id: bool | None = False,
    ) -> SimulatedOrder | Refusal:
        """Give an open order new terms, and match it at once. Returns the row that continues to
        work, or the refusal.

        `quantity` is the new total, including what the order has filled under all its ids. If the
        order has filled more, that becomes the total, and the order is filled. The order keeps its
        place in the book if only its quantity falls. `with_new_id`: whether the venue gives it a
        new id; None: only if it loses its place.
        """
        order = self.named(account, order_id=order_id, client_id=client_id)
        if order is None or order.status not in (OrderStatus.OPEN, OrderStatus.WAITING):
            return Refusal(reason=_why_not_replace(order), order=order)
        before = self.filled_before(order)
        whole = EXACT.add(order.quantity, before) if quantity is None else parsed(quantity)
        price = order.limit_price if limit_price is None else parsed(limit_price)
        reason = self.rules.judge(Kind.MODIFIED, order) or self._why_not_new_terms(
            order, whole, price
        )
        if reason is not None or whole is None:
            return Refusal(reason=reason or Reason.INCORRECT_QUANTITY, order=order)
        return self._replaced_with(order, EXACT.subtract(whole, before), price, with_new_id)

    def named(
        self, account: str, *, order_id: int | None = None, client_id: str | None = None
    ) -> SimulatedOrder | None:
        """The account's order with this id, or the newest one with this client id."""
        if order_id is not None:
            order = self._orders.get(order_id)
            return order if order is not None and order.account == account else None
        found = self.orders_by_client_id(account, client_id) if client_id is not None else []
        return found[-1] if found else None

    def filled_before(self, order: SimulatedOrder) -> Decimal:
        """The filled quantity of the order's earlier ids."""
        return total(self.order(leg).filled for leg in order.legs[:-1])

    def _taken(self, account: str, client_id: str | None) -> SimulatedOrder | None:
        """The order that has the client id, if it may not be reused."""
        known = self.named(account, client_id=client_id)
        is_free = known is None or self.rules.client_ids == "any"
        is_free = is_free or (
            self.rules.client_ids == "unique_while_open"
            and known is not None
            and known.status.is_ended
        )
        return None if is_free else known

    def _why_not_terms(self, terms: OrderTerms) -> Reason | None:
        instrument, expire_at = self.instruments.get(terms["instrument"]), terms.get("expire_at")
        if self.instruments and instrument is None:
            return Reason.UNKNOWN_INSTRUMENT
        reason = why_not_order(terms, instrument, self.rules.order_types)
        is_gtd = terms.get("time_in_force") == TimeInForce.GTD
        is_past = is_gtd and (expire_at is None or expire_at <= self.clock.now())
        return Reason.INCORRECT_EXPIRE_AT if reason is None and is_past else reason

    def _why_not_new_terms(
        self, order: SimulatedOrder, quantity: Decimal | None, limit_price: Decimal | None
    ) -> Reason | None:
        reason = why_not_numbers(
            quantity,
            limit_price,
            self.instruments.get(order.instrument),
            has_price=order.limit_price is not None,
        )
        return reason or self._why_not_match(replace(order, limit_price=limit_price))

    def _why_not_match(self, row: SimulatedOrder) -> Reason | None:
        held = self.position(row.account, row.instrument).quantity
        is_reducing = held < 0 if row.side is Side.BUY else held > 0
        if self.rules.has_reduce_only and row.reduce_only and not is_reducing:
            return Reason.REDUCE_ONLY_WOULD_INCREASE
        would_match = row.post_only and self.book(row.instrument).would_match(row)
        return Reason.POST_ONLY_WOULD_MATCH if would_match else None

    def _replaced_with(
        self,
        order: SimulatedOrder,
        quantity: Decimal,
        limit_price: Decimal | None,
        with_new_id: bool | None,
    ) -> SimulatedOrder:
        if quantity <= order.filled:
            status = OrderStatus.FILLED
            return self._order_now(
                Kind.MODIFIED, order, quantity=order.filled, limit_price=limit_price, status=status
            )
        loses_place = not keeps_priority(order, quantity=quantity, limit_price=limit_price)
        new_id = loses_place if with_new_id is None else with_new_id
        return self.modify(order, quantity=quantity, limit_price=limit_price, with_new_id=new_id)

    def _expiry(self, terms: OrderTerms) -> datetime | None:
        match TimeInForce(terms.get("time_in_force", TimeInForce.GTC)):
            case TimeInForce.DAY:
                return datetime.combine(
                    self.clock.now().date() + timedelta(days=1), time(), tzinfo=UTC
                )
            case TimeInForce.GTD:
                return terms.get("expire_at")
            case _:
                return None


def _why_not_replace(order: SimulatedOrder | None) -> Reason:
    if order is None:
        return Reason.UNKNOWN_ORDER
    return Reason.TOO_LATE_TO_REPLACE if order.status.is_ended else Reason.NOT_ACCEPTED_YET
