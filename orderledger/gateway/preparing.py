"""Prepares new orders for their entry: the worst price of a market order, the aliases at the venue,
and the faults of an order."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import cast

from orderledger import Request
from orderledger.extend.values import ONE, Clock
from orderledger.gateway import native_groups
from orderledger.gateway.book import Book
from orderledger.gateway.emulation.marking import fired_terms, is_emulated
from orderledger.gateway.limits import Denial
from orderledger.gateway.proposed import row_of
from orderledger.gateway.terms import fault_of_terms, fault_of_trigger
from orderledger.gateway.worst_prices import with_worst_price
from orderledger.rows import OrderRow
from orderledger.venues.base.order_entry import OrderEntry
from orderledger.venues.errors import NotSent


class Preparer:
    """Prepares the orders of all accounts. `slippage`: of market orders that need a worst price.
    `mark_seconds`: the oldest mark that one is derived from."""

    def __init__(
        self,
        entries: Mapping[str, OrderEntry],
        book: Book,
        clock: Clock,
        *,
        slippage: Decimal | None,
        mark_seconds: float,
    ) -> None:
        self._entries = entries
        self._book = book
        self._clock = clock
        self._slippage = slippage
        self._mark_age = timedelta(seconds=mark_seconds)

    def with_worst_price(self, request: Request) -> Request:
        """The request; of a market order at a venue that has none, with its worst price."""
        scope = (request.account, request.instrument)
        instruments = self._book.instruments
        mark, terms = instruments.mark_of(*scope), instruments.rows.get(scope)
        if mark is not None and self._clock.now() - mark[1] > self._mark_age:
            mark = None
        return with_worst_price(
            request,
            self._entries[request.account].abilities,
            self._slippage,
            None if mark is None else mark[0],
            None if terms is None else terms["tick"],
        )

    def fault_of(self, request: Request) -> Denial | None:
        """Why the entry does not send such an order."""
        late = None
        if request.links is not None and request.links.parent is not None:
            self._book.catch_up_once()
            parent = self._book.order(request.account, request.links.parent)
            late = native_groups.fault_of_late(request, parent)
        return late or self.prepare(row_of(request), request)

    def prepare(self, to_send: OrderRow, request: Request) -> Denial | None:
        """Add the aliases of an order to its row, or return why the entry does not send such an
        order."""
        entry, row, fault = self._entries[request.account], to_send, None
        is_native = native_groups.is_native(request.tags)
        if not is_native and is_emulated(request, entry.abilities):
            fault = fault_of_trigger(row)
            row = cast(OrderRow, {**row, **fired_terms(request.order_type)})
            if self._slippage is not None and row["limit_price"] is None:
                row["limit_price"] = request.stop_price or ONE  # derived when it is sent
        fault = fault or fault_of_terms(row, entry.abilities)
        if fault is not None:
            return fault
        if is_native:  # its group is prepared
            to_send["aliases"] = dict(request.aliases)
            return None
        try:
            to_send["aliases"] = {**request.aliases, **entry.prepare(row)}
        except NotSent as error:
            return Denial(error.reason, error.text or str(error))
        return None
