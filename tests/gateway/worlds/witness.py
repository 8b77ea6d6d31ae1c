"""What is watched at the venue, at each of its changes: every order is recorded as submitted
before, none works twice, and no limit is exceeded. Uses no code of the ledger or the gateway: SQL
and sums of its own."""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from orderledger.simulation.local import LocalVenue
from orderledger.simulation.market import Change, Kind, SimulatedOrder

ZERO = Decimal(0)


class Witness:
    """`requests`: the orders of all bots by client order id. `limits`: the tables of the settings.
    `faults`: what is wrong. `days`: how many days have begun by the clocks of the gateways; one
    that is set forward over midnight begins another day."""

    def __init__(
        self,
        venue: LocalVenue,
        database: Path,
        requests: Mapping[str, Any],
        limits: list[dict[str, Any]],
    ) -> None:
        self.faults: list[str] = []
        self.days = 1
        self.placed: Counter[str] = Counter()
        self._venue = venue
        self._requests = requests
        self._limits = limits
        self._log = sqlite3.connect(database)
        self._positions: dict[tuple[str, str | None], Decimal] = {}
        venue.exchange.subscribe(self._see)

    def close(self) -> None:
        self._log.close()

    def _see(self, change: Change) -> None:
        order = change.order
        if order is None or order.account != self._venue.account or order.client_id is None:
            return
        if change.fill is not None:
            key = (order.instrument, self._strategy(order))
            self._positions[key] = self._positions.get(key, ZERO) + change.fill.signed_quantity
        if change.kind is Kind.PLACED and len(order.legs) == 1:
            self._see_new(order)
        if change.kind is Kind.CANCELED and order.reason == "self_trade":
            self._check(
                "self_crossing",
                lambda limit: (
                    f"{order.client_id} was canceled, it would have traded with another of ours"
                ),
            )
        if change.kind in (Kind.PLACED, Kind.MODIFIED):
            self._see_limits(order)

    def _see_new(self, order: SimulatedOrder) -> None:
        name = order.client_id or ""
        self.placed[name] += 1
        if self.placed[name] > 1:
            self.faults.append(f"{name} works {self.placed[name]} times")
        stream = f"{order.account}/{name}"
        found = self._log.execute(
            "SELECT count(*) FROM orderledger_events WHERE originator_id = ? AND topic LIKE "
            "'order_submitted%'",
            (stream,),
        ).fetchone()[0]
        asked = self._requests.get(name)
        if asked is not None and order.quantity not in (asked.quantity, 2 * asked.quantity):
            self.faults.append(
                f"{name} came to the venue with {order.quantity}, and was requested with "
                f"{asked.quantity}"
            )
        if not found:
            self.faults.append(f"{name} came to the venue and was not recorded as submitted")

    def _see_limits(self, order: SimulatedOrder) -> None:
        opened = [
            one
            for one in self._venue.exchange.open_orders(order.account)
            if one.order_id != order.order_id
        ] + [order]
        name, price = order.client_id, order.limit_price
        for limit in self._limits:
            if not self._covers(limit, order):
                continue
            if "order_quantity" in limit and order.quantity > Decimal(limit["order_quantity"]):
                self.faults.append(f"{name}: its quantity {order.quantity} is beyond {limit}")
            if (
                "order_notional" in limit
                and price
                and order.quantity * price > Decimal(limit["order_notional"])
            ):
                self.faults.append(
                    f"{name}: its notional {order.quantity * price} is beyond {limit}"
                )
            covered = [
                one for one in opened if self._covers(limit, one) and not one.status.is_ended
            ]
            if "open_orders" in limit and len(covered) > limit["open_orders"]:
                self.faults.append(f"{name}: {len(covered)} open orders are beyond {limit}")
            if "position_quantity" in limit:
                self._see_position(
                    limit, order, [one for one in covered if one.instrument == order.instrument]
                )
        placed = sum(self.placed.values())
        self._check(
            "orders_per_day",
            lambda limit: (
                f"{name}: the order {placed} of {self.days} days"
                if placed > limit * self.days
                else None
            ),
        )

    def _see_position(
        self, limit: dict[str, Any], order: SimulatedOrder, opened: list[SimulatedOrder]
    ) -> None:
        is_buy = order.side == "buy"
        held = sum(
            (
                quantity
                for (instrument, strategy), quantity in self._positions.items()
                if instrument == order.instrument and limit.get("strategy") in (None, strategy)
            ),
            ZERO,
        )
        leaves = sum((one.left for one in opened if one.side == order.side), ZERO)
        worst = held + leaves if is_buy else leaves - held
        if worst > Decimal(limit["position_quantity"]):
            self.faults.append(
                f"{order.client_id}: the position in {order.instrument} may become {worst}, beyond "
                f"{limit}"
            )

    def _check(self, name: str, fault: Any) -> None:
        for limit in self._limits:
            if name in limit and (found := fault(limit[name])):
                self.faults.append(f"{found}, beyond {json.dumps(limit)}")

    def _covers(self, limit: dict[str, Any], order: SimulatedOrder) -> bool:
        is_instrument = limit.get("instrument") in (None, order.instrument)
        return is_instrument and limit.get("strategy") in (None, self._strategy(order))

    def _strategy(self, order: SimulatedOrder) -> str | None:
        request = self._requests.get(order.client_id or "")
        return None if request is None else request.strategy
