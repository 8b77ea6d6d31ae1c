"""Our own trading in a world: orders are requested in the ledger first, then sent, and not every
answer comes back."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from orderledger import Ledger, Message, RequestCancel, RequestReplace, Submit, Unresolved
from orderledger.infrastructure.clock import Clock
from orderledger.infrastructure.messages.registry import Acknowledged, Request
from orderledger.simulation.market import (
    ExchangeSimulator,
    OrderStatus,
    SimulatedInstrument,
    SimulatedOrder,
)
from orderledger.testing import VenueUnderTest

Say = Callable[[str], None]


@dataclass(slots=True)
class Desk:
    """`sent`: the client id under which each of our orders reached the venue, by account and our
    id; None where it never did. `is_reachable`: whether anything that is sent arrives."""

    ledger: Ledger
    exchange: ExchangeSimulator
    kind: VenueUnderTest
    clock: Clock
    chance: Random
    say: Say
    is_reachable: bool = True
    sent: dict[tuple[str, str], str | None] = field(default_factory=dict)
    unanswered: set[tuple[str, str]] = field(default_factory=set)

    async def request(self) -> None:
        """One more order. What became of the sending, chance decides: it may be lost before it
        arrives, or after."""
        account = self.chance.choice(list(self.kind.names))
        instrument = self.chance.choice(self.kind.instruments)
        name = f"OWN-{len(self.sent) + 1}"
        client_id = self.kind.client_id(account, name)
        request = self._request(account, name, instrument, {self.kind.alias: client_id})
        arrives, is_answered = (
            self.chance.random() < 0.9 and self.is_reachable,
            self.chance.random() < 0.7,
        )
        is_crossed, is_told = self.chance.random() < 0.2, self.chance.random() < 0.4
        self.sent[account, name] = client_id if arrives else None
        self.say(f"we request {name} for {account}, which {'arrives' if arrives else 'is lost'}")
        submit = Submit(account=account, client_order_id=name, at=self.clock.now())
        await self._record(request, *(() if is_crossed else (submit,)))
        order = self._place(request, client_id) if arrives else None
        await self._record(*((submit,) if is_crossed else ()))
        if order is None or not is_answered:
            self.unanswered.add((account, name))
            await self._record(
                Unresolved(
                    account=account, client_order_id=name, at=self.clock.now(), reason="timeout"
                )
            )
        elif is_told:
            name_there = self.kind.venue_id(order)
            told = Acknowledged(
                account=account,
                client_order_id=name,
                venue_order_id=name_there,
                at=order.created_at,
            )
            await self._record(told)

    async def cancel(self) -> None:
        """We want one of our orders to end. The venue may never hear of it."""
        found = self._own_open(OrderStatus.OPEN, OrderStatus.WAITING)
        arrives = self.chance.random() < 0.8 and self.is_reachable
        if found is None:
            return
        (account, name), order = found
        self.say(f"we cancel {name}, which {'arrives' if arrives else 'is lost'}")
        await self._record(
            RequestCancel(account=account, client_order_id=name, at=self.clock.now())
        )
        if arrives:
            self.exchange.cancel(order)

    async def replace(self) -> None:
        """We want other terms: another price, and where the venue can change it, another quantity
        too."""
        found = self._own_open(OrderStatus.OPEN)
        arrives = self.chance.random() < 0.8 and self.is_reachable
        price_ticks, lots = self.chance.randint(-20, 20), self.chance.randint(1, 30)
        if found is None or not self.kind.can_modify:
            return
        (account, name), order = found
        instrument = next(one for one in self.kind.instruments if one.name == order.instrument)
        price = instrument.price + price_ticks * instrument.tick
        row_quantity = (
            order.filled + lots * instrument.lot if self.kind.can_resize else order.quantity
        )
        total = row_quantity + sum(
            (self.exchange.order(leg).filled for leg in order.legs[:-1]), Decimal(0)
        )
        self.say(
            f"we replace {name} by {total} at {price}, which {'arrives' if arrives else 'is lost'}"
        )
        asked = RequestReplace(
            account=account,
            client_order_id=name,
            at=self.clock.now(),
            quantity=total,
            limit_price=price,
        )
        await self._record(asked)
        if arrives:
            self.exchange.modify(
                order, quantity=row_quantity, limit_price=price, with_new_id=self.kind.new_ids
            )

    def _own_open(self, *statuses: OrderStatus) -> tuple[tuple[str, str], SimulatedOrder] | None:
        open_orders = [
            (key, order)
            for key, client_id in self.sent.items()
            if client_id is not None
            and key not in self.unanswered  # what may not be there is left alone
            for order in self.exchange.orders_by_client_id(self.kind.names[key[0]], client_id)
            if order.status in statuses
        ]
        return self.chance.choice(open_orders) if open_orders else None

    def _request(
        self, account: str, name: str, instrument: SimulatedInstrument, aliases: dict[str, str]
    ) -> Request:
        return Request(
            account=account,
            client_order_id=name,
            instrument=instrument.name,
            side=self.chance.choice(("buy", "sell")),
            quantity=self.chance.randint(1, instrument.most_lots) * instrument.lot,
            order_type="limit",
            limit_price=instrument.price + self.chance.randint(-20, 20) * instrument.tick,
            time_in_force="gtc",
            aliases=aliases,
            at=self.clock.now(),
        )

    def _place(self, request: Request, client_id: str) -> SimulatedOrder:
        assert request.quantity is not None
        return self.exchange.place(
            self.kind.names[request.account],
            client_id=client_id,
            instrument=request.instrument,
            side=request.side,
            quantity=request.quantity,
            limit_price=request.limit_price,
        )

    async def _record(self, *messages: Message) -> None:
        """Each is durable, and not refused, before anything else is done."""
        if not messages:
            return
        for outcome in await asyncio.to_thread(self.ledger.record_many, messages):
            if outcome.outcome != "recorded":
                self.say(f"  the ledger answers {outcome.outcome}: {outcome.reason}")
