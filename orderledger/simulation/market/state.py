"""`ExchangeState`: the orders, fills, fundings, positions and books of a simulated exchange, and
queries of them."""

from collections.abc import Iterable
from datetime import datetime

from orderledger.simulation.market.book import OrderBook
from orderledger.simulation.market.rows import (
    SimulatedFill,
    SimulatedFunding,
    SimulatedOrder,
    SimulatedPosition,
    SimulatedTransfer,
)


class ExchangeState:
    """All rows in the order in which they were made, and queries of them. It changes nothing."""

    def __init__(self, accounts: Iterable[str] = ()) -> None:
        self._accounts: dict[str, None] = dict.fromkeys(accounts)
        self._orders: dict[int, SimulatedOrder] = {}
        self._standing_ids: dict[int, None] = {}
        self._by_client_id: dict[tuple[str, str], list[int]] = {}
        self._fills: dict[str, list[SimulatedFill]] = {}
        self._fundings: dict[str, list[SimulatedFunding]] = {}
        self._transfers: dict[str, list[SimulatedTransfer]] = {}
        self._positions: dict[tuple[str, str], SimulatedPosition] = {}
        self._books: dict[str, OrderBook] = {}

    @property
    def accounts(self) -> list[str]:
        """All accounts, in the order of their opening, or of their first order."""
        return list(self._accounts)

    def open_account(self, account: str) -> None:
        """Add an account without any order."""
        self._accounts[account] = None

    def order(self, order_id: int) -> SimulatedOrder:
        """The current state of the order. LookupError if there is none."""
        if order_id not in self._orders:
            raise LookupError(f"no order {order_id}")
        return self._orders[order_id]

    def orders(self, account: str) -> list[SimulatedOrder]:
        """All orders of the account, ended or not, oldest first."""
        return [order for order in self._orders.values() if order.account == account]

    def open_orders(self, account: str) -> list[SimulatedOrder]:
        """All orders that have not ended, oldest first."""
        return [
            order
            for order in map(self._orders.__getitem__, self._standing_ids)
            if order.account == account
        ]

    def orders_by_client_id(self, account: str, client_id: str) -> list[SimulatedOrder]:
        """All orders with the client id, oldest first."""
        return [
            self._orders[order_id] for order_id in self._by_client_id.get((account, client_id), ())
        ]

    def children(self, order_id: int) -> list[SimulatedOrder]:
        """The orders that are parts of this one."""
        return [order for order in self._orders.values() if order.parent_id == order_id]

    def fills(
        self, account: str, since: datetime | None = None, *, order_id: int | None = None
    ) -> list[SimulatedFill]:
        """Fills from `since` on, oldest first; of one order if it is given."""
        fills = self._fills.get(account, [])
        return [
            fill
            for fill in fills
            if (since is None or fill.at >= since)
            and (order_id is None or fill.order_id == order_id)
        ]

    def fundings(self, account: str, since: datetime | None = None) -> list[SimulatedFunding]:
        """Payments from `since` on, oldest first."""
        return [
            funding
            for funding in self._fundings.get(account, [])
            if since is None or funding.at >= since
        ]

    def transfers(self, account: str, since: datetime | None = None) -> list[SimulatedTransfer]:
        """Transfers from `since` on, oldest first."""
        rows = self._transfers.get(account, [])
        return [row for row in rows if since is None or row.at >= since]

    def position(self, account: str, instrument: str) -> SimulatedPosition:
        """The position in the instrument, which may be flat."""
        flat = SimulatedPosition(account=account, instrument=instrument)
        return self._positions.get((account, instrument), flat)

    def positions(self, account: str) -> list[SimulatedPosition]:
        """All positions of the account that are not flat, in the order in which they were first
        entered."""
        return [
            position
            for position in self._positions.values()
            if position.account == account and position.quantity
        ]

    def book(self, instrument: str) -> OrderBook:
        """The order book of an instrument. It follows all changes of the orders in it."""
        return self._books.setdefault(instrument, OrderBook())

    def _keep_order(self, order: SimulatedOrder) -> None:
        if order.order_id not in self._orders:
            self._accounts[order.account] = None
            if order.client_id is not None:
                self._by_client_id.setdefault((order.account, order.client_id), []).append(
                    order.order_id
                )
        self._orders[order.order_id] = order
        if order.status.is_ended:
            self._standing_ids.pop(order.order_id, None)
        else:
            self._standing_ids[order.order_id] = None
        if order.order_id in self.book(order.instrument):
            self.book(order.instrument).update(order)

    def _keep_fill(self, fill: SimulatedFill) -> None:
        self._fills.setdefault(fill.account, []).append(fill)
        position = self.position(fill.account, fill.instrument)
        self._positions[fill.account, fill.instrument] = position.after(
            fill.signed_quantity, fill.price
        )

    def _keep_funding(self, funding: SimulatedFunding) -> None:
        self._accounts[funding.account] = None
        self._fundings.setdefault(funding.account, []).append(funding)

    def _keep_transfer(self, transfer: SimulatedTransfer) -> None:
        self._accounts[transfer.account] = None
        self._transfers.setdefault(transfer.account, []).append(transfer)
