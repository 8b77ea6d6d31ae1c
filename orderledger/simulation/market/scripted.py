"""The operations that script a simulated exchange: each does exactly what its name says, without
matching.

They raise for impossible operations, such as filling more than is left or ending an order twice.
`fill` with `force` does it anyway.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Unpack

from orderledger import Liquidity, OrderType, Side, TimeInForce, TransferKind
from orderledger.extend.values import EXACT, ZERO, Clock
from orderledger.simulation.market.checks import EntryRules, OrderTerms
from orderledger.simulation.market.instruments import FeeSchedule, SimulatedInstrument
from orderledger.simulation.market.numbers import Number, number, positive, positive_or_none
from orderledger.simulation.market.rows import (
    Change,
    Kind,
    OrderStatus,
    SimulatedFill,
    SimulatedFunding,
    SimulatedOrder,
    SimulatedTransfer,
)
from orderledger.simulation.market.state import ExchangeState

LIQUIDATION = "liquidation"
Named = SimulatedOrder | int
"""An order is identified by its id, or by any of its rows, new or old."""


class ScriptedExchange(ExchangeState):
    """Each operation returns the row it made, and calls every subscriber.

    Ids count up from `first_order_id` and `first_fill_id`. Fees are in `currency`, unless the
    instrument or `fees` specify another. Impossible operations raise ValueError, unknown ids
    LookupError.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        accounts: Iterable[str] = (),
        instruments: Iterable[SimulatedInstrument] = (),
        first_order_id: int = 1,
        first_fill_id: int = 1,
        currency: str = "USDC",
        fees: FeeSchedule | None = None,
        rules: EntryRules | None = None,
    ) -> None:
        super().__init__(accounts)
        self.instruments = {instrument.name: instrument for instrument in instruments}
        self.fees = fees or FeeSchedule()
        self.rules = rules or EntryRules()
        self.currency = currency
        self.sequence = 0
        self.clock = clock
        self._next_order_id = first_order_id
        self._next_fill_id = first_fill_id
        self._subscribers: list[Callable[[Change], None]] = []

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call back with every change, at once and in order. Returns a function that
        unsubscribes.
        """
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def place(
        self,
        account: str,
        *,
        is_accepted: bool = True,
        parent_id: int | None = None,
        reason: str | None = None,
        **terms: Unpack[OrderTerms],
    ) -> SimulatedOrder:
        """A new order: `open`, `waiting` if it has a stop, or `received` if it is not accepted
        yet."""
        row = replace(self._new_row(account, **terms), parent_id=parent_id, reason=reason)
        return self._placed(row if is_accepted else replace(row, status=OrderStatus.RECEIVED))

    def accept(self, order: Named) -> SimulatedOrder:
        """A received order begins to work, or to wait for its stop."""
        row = self._standing(order, OrderStatus.RECEIVED)
        status = OrderStatus.OPEN if row.stop_price is None else OrderStatus.WAITING
        return self._order_now(Kind.ACCEPTED, row, status=status)

    def trigger(self, order: Named) -> SimulatedOrder:
        """The stop is reached: a waiting order begins to work."""
        return self._order_now(
            Kind.TRIGGERED, self._standing(order, OrderStatus.WAITING), status=OrderStatus.OPEN
        )

    def cancel(self, order: Named, *, reason: str | None = None) -> SimulatedOrder:
        """The order is canceled, for a reason if given."""
        return self._order_now(
            Kind.CANCELED, self._standing(order), status=OrderStatus.CANCELED, reason=reason
        )

    def expire(self, order: Named, *, reason: str | None = None) -> SimulatedOrder:
        """The order expires."""
        return self._order_now(
            Kind.EXPIRED, self._standing(order), status=OrderStatus.EXPIRED, reason=reason
        )

    def reject(self, order: Named, *, reason: str) -> SimulatedOrder:
        """The order is rejected before any fill."""
        row = self._standing(order)
        if row.filled:
            raise ValueError(f"order {row.order_id} has filled {row.filled}: too late to reject it")
        return self._order_now(Kind.REJECTED, row, status=OrderStatus.REJECTED, reason=reason)

    def modify(
        self,
        order: Named,
        *,
        quantity: Number | None = None,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
        with_new_id: bool,
    ) -> SimulatedOrder:
        """New terms; `quantity` is the new total of this row, including its fills. Returns the row
        that continues to work.

        `with_new_id`: this row is canceled, and a new one with a new id and the same client id
        holds what remains.
        """
        row = self._standing(order, OrderStatus.OPEN, OrderStatus.WAITING)
        total = row.quantity if quantity is None else positive(quantity)
        if total <= row.filled:
            raise ValueError(
                f"order {row.order_id} has filled {row.filled}: a total of {total} leaves nothing "
                "to fill"
            )
        price = row.limit_price if limit_price is None else positive(limit_price)
        stop = row.stop_price if stop_price is None else positive(stop_price)
        if not with_new_id:
            return self._order_now(
                Kind.MODIFIED, row, quantity=total, limit_price=price, stop_price=stop
            )
        return self._replaced(
            row, quantity=EXACT.subtract(total, row.filled), limit_price=price, stop_price=stop
        )

    def fill(
        self,
        order: Named,
        quantity: Number | None = None,
        *,
        price: Number | None = None,
        liquidity: Liquidity | str = Liquidity.MAKER,
        reason: str | None = None,
        fill_id: int | None = None,
        fee: Number | None = None,
        force: bool = False,
    ) -> SimulatedFill:
        """An execution: by default of the whole remainder, at the limit price, at the usual fee,
        with the next id.

        `force` also fills ended orders, and more than is left: an ended order keeps its status.
        """
        row = self.order(self._id(order))
        size = _fillable(row, quantity, force=force)
        at_price, maker_or_taker = _price(row, price), Liquidity(liquidity)
        usual_fee, fee_currency = self._usual_fee(row, size, at_price, maker_or_taker)
        paid = usual_fee if fee is None else number(fee)
        self.sequence += 1
        position = self.position(row.account, row.instrument)
        fill = SimulatedFill(
            account=row.account,
            fill_id=self._next_fill_id if fill_id is None else fill_id,
            order_id=row.order_id,
            client_id=row.client_id,
            instrument=row.instrument,
            side=row.side,
            quantity=size,
            price=at_price,
            liquidity=maker_or_taker,
            fee=paid,
            fee_currency=fee_currency,
            cumulated=EXACT.add(row.filled, size),
            position_before=position.quantity,
            realized=position.realized_by(size if row.side is Side.BUY else -size, at_price),
            reason=reason,
            at=self.clock.now(),
            sequence=self.sequence,
        )
        self._next_fill_id += fill_id is None
        self._keep_fill(fill)
        self._keep_order(row.after(fill))
        self._notify(
            Change(kind=Kind.FILLED, account=row.account, order=self.order(row.order_id), fill=fill)
        )
        return fill

    def liquidate(
        self, account: str, instrument: str, quantity: Number, price: Number
    ) -> SimulatedFill:
        """The venue closes a part of a position, by its own order that is filled at once, and takes
        its fee of liquidations."""
        held, size, at_price = (
            self.position(account, instrument).quantity,
            positive(quantity),
            positive(price),
        )
        if size > abs(held):
            raise ValueError(
                f"{account} holds {held} {instrument}: {size} of it cannot be liquidated"
            )
        side = Side.SELL if held > 0 else Side.BUY
        order = self.place(
            account,
            instrument=instrument,
            side=side,
            quantity=size,
            order_type=OrderType.MARKET,
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
            reason=LIQUIDATION,
        )
        fill = self.fill(order, price=at_price, liquidity=Liquidity.TAKER, reason=LIQUIDATION)
        fee = EXACT.multiply(EXACT.multiply(size, at_price), self.fees.liquidation)
        if fee:
            paid, kind = EXACT.copy_negate(fee), TransferKind.OTHER
            self.transfer(account, self.currency, paid, kind, reason=LIQUIDATION)
        return fill

    def fund(self, account: str, instrument: str, amount: Number) -> SimulatedFunding:
        """A payment for the current position: positive if the account receives it."""
        paid = number(amount)
        self.sequence += 1
        funding = SimulatedFunding(
            account=account,
            instrument=instrument,
            amount=paid,
            currency=self.currency,
            position=self.position(account, instrument).quantity,
            at=self.clock.now(),
            sequence=self.sequence,
        )
        self._keep_funding(funding)
        self._notify(Change(kind=Kind.FUNDED, account=account, funding=funding))
        return funding

    def transfer(
        self,
        account: str,
        currency: str,
        amount: Number,
        kind: TransferKind | str | None = None,
        *,
        reason: str | None = None,
    ) -> SimulatedTransfer:
        """A deposit, or a withdrawal if `amount` is negative. `kind`: another one. `reason`: the
        venue's own word for it."""
        moved = number(amount)
        self.sequence += 1
        transfer = SimulatedTransfer(
            account=account,
            transfer_id=self.sequence,
            kind=TransferKind(kind or ("deposit" if moved > 0 else "withdrawal")),
            currency=currency,
            amount=moved,
            at=self.clock.now(),
            sequence=self.sequence,
            reason=reason,
        )
        self._keep_transfer(transfer)
        self._notify(Change(kind=Kind.TRANSFERRED, account=account, transfer=transfer))
        return transfer

    def _new_row(self, account: str, **terms: Unpack[OrderTerms]) -> SimulatedOrder:
        order_id, now, stop_price = (
            self._next_order_id,
            self.clock.now(),
            positive_or_none(terms.get("stop_price")),
        )
        return SimulatedOrder(
            account=account,
            order_id=order_id,
            client_id=terms.get("client_id"),
            instrument=terms["instrument"],
            side=Side(terms["side"]),
            quantity=positive(terms["quantity"]),
            order_type=OrderType(terms.get("order_type", OrderType.LIMIT)),
            time_in_force=TimeInForce(terms.get("time_in_force", TimeInForce.GTC)),
            limit_price=positive_or_none(terms.get("limit_price")),
            stop_price=stop_price,
            expire_at=terms.get("expire_at"),
            post_only=terms.get("post_only", False),
            reduce_only=terms.get("reduce_only", False),
            status=OrderStatus.OPEN if stop_price is None else OrderStatus.WAITING,
            legs=(order_id,),
            created_at=now,
            updated_at=now,
        )

    def _placed(self, row: SimulatedOrder) -> SimulatedOrder:
        self._next_order_id += 1
        return self._order_now(Kind.PLACED, row, at=row.created_at)

    def _replaced(
        self,
        row: SimulatedOrder,
        *,
        quantity: Decimal,
        limit_price: Decimal | None,
        stop_price: Decimal | None,
    ) -> SimulatedOrder:
        new_id, now = self._next_order_id, self.clock.now()
        self._next_order_id += 1
        self._order_now(
            Kind.CANCELED,
            row,
            at=now,
            status=OrderStatus.CANCELED,
            reason="modified",
            replaced_by=new_id,
        )
        new = replace(
            row, order_id=new_id, quantity=quantity, limit_price=limit_price, stop_price=stop_price
        )
        new = replace(new, filled=ZERO, notional=ZERO)
        return self._order_now(
            Kind.PLACED, replace(new, legs=(*row.legs, new_id), created_at=now), at=now
        )

    def _usual_fee(
        self, row: SimulatedOrder, size: Decimal, price: Decimal, liquidity: Liquidity
    ) -> tuple[Decimal, str]:
        listed, is_maker = self.instruments.get(row.instrument), liquidity is Liquidity.MAKER
        notional, currency = (
            EXACT.multiply(size, price),
            self.currency if listed is None else listed.currency or self.currency,
        )
        if self.fees.is_of_received:
            base, _, quote = row.instrument.partition("/")
            notional, currency = (size, base) if row.side is Side.BUY else (notional, quote)
        return self.fees.fee(notional, is_maker=is_maker, currency=currency)

    def _order_now(
        self, kind: Kind, row: SimulatedOrder, *, at: datetime | None = None, **terms: Any
    ) -> SimulatedOrder:
        self.sequence += 1
        order = replace(row, updated_at=at or self.clock.now(), sequence=self.sequence, **terms)
        self._keep_order(order)
        self._notify(Change(kind=kind, account=order.account, order=order))
        return order

    def _notify(self, change: Change) -> None:
        for subscriber in list(self._subscribers):
            subscriber(change)

    def _standing(self, order: Named, *statuses: OrderStatus) -> SimulatedOrder:
        row = self.order(self._id(order))
        if row.status.is_ended or (statuses and row.status not in statuses):
            raise ValueError(f"order {row.order_id} is {row.status}")
        return row

    def _id(self, order: Named) -> int:
        return order if isinstance(order, int) else order.order_id


def _fillable(row: SimulatedOrder, quantity: Number | None, *, force: bool) -> Decimal:
    size = positive(row.left if quantity is None else quantity)
    if not force and (row.status is not OrderStatus.OPEN or size > row.left):
        raise ValueError(
            f"order {row.order_id} is {row.status} with {row.left} left: {size} cannot be filled"
        )
    return size


def _price(row: SimulatedOrder, price: Number | None) -> Decimal:
    stated = row.limit_price if price is None else price
    if stated is None:
        raise ValueError(f"order {row.order_id} has no limit: give the price of the fill")
    return positive(stated)
