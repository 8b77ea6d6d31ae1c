"""The exposure of the accounts: what the positions may become if open orders are filled.

Orders and changes that were checked count at once, before the log shows them.
"""

from collections.abc import Container, Iterator

from orderledger import Side
from orderledger.extend.values import EXACT, ZERO, exposure, sides, stream_names
from orderledger.gateway.limits import Proposed
from orderledger.gateway.positions import NET_PART, Positions
from orderledger.gateway.proposed import working_of
from orderledger.gateway.working import Instrument, WorkingOrders


class Exposures:
    """The open quantities of some accounts. `working`: of the orders in the log. `reserved`: of
    orders that were checked and are not in the log yet, by stream; they count as open. `growing`:
    by request id, what changes of open orders add that were checked and are not answered yet.
    """

    def __init__(self, positions: Positions) -> None:
        self.working = WorkingOrders()
        self.reserved = WorkingOrders()
        self.growing: dict[str, tuple[Instrument, exposure.Working]] = {}
        self._positions = positions

    def reserve(self, order: Proposed, client_order_id: str) -> None:
        """Count an order as open and submitted before the log shows it."""
        stream = stream_names.order_stream(order.account, client_order_id)
        working = working_of(order, client_order_id, order.quantity)
        self.reserved.put(stream, [((order.account, order.instrument), working)])

    def release(self, account: str, client_order_id: str) -> None:
        """Forget a reservation: the log shows the order, or it was not recorded."""
        self.reserved.discard(stream_names.order_stream(account, client_order_id))

    def all_working(self) -> Iterator[tuple[Instrument, exposure.Working]]:
        """Every open order."""
        yield from self.working.items()
        yield from self.reserved.items()

    def all_at_stake(self) -> Iterator[tuple[Instrument, exposure.Working]]:
        """All quantities that may be filled: open orders, and additions to them that are about to
        be sent.
        """
        yield from self.all_working()
        yield from self.growing.values()

    def working_in(self, account: str, instrument: str) -> Iterator[exposure.Working]:
        """The quantities of one instrument that may be filled."""
        scope = (account, instrument)
        yield from self.working.of(scope)
        yield from self.reserved.of(scope)
        yield from (working for other, working in self.growing.values() if other == scope)

    def interval(
        self,
        account: str,
        instrument: str,
        strategy: str | None = None,
        part: sides.Part = NET_PART,
        besides: Container[str] = (),
    ) -> exposure.Interval:
        """One position of an instrument, and what open orders may make of it. `besides`: client
        order ids of orders that do not count."""
        part_of = self._positions.instruments.part
        mine = (
            one
            for one in self.working_in(account, instrument)
            if strategy in (None, one.strategy)
            and one.client_order_id not in besides
            and part_of((account, instrument), one.position_side, one.position_id) == part
        )
        return exposure.interval_of(self._positions.of(account, instrument, strategy, part), mine)

    def only_reduces(
        self, order: Proposed, besides: Container[str] = (), *, is_exit: bool = False
    ) -> bool:
        """Whether an order can only reduce its position, whatever open and unresolved orders do.

        An order that the venue fills only against a position does. Another does if its whole
        quantity fits into the position that is left when all orders of its side have filled.
        `besides`: orders that do not count. `is_exit`: it may turn the position, e.g. by a fee
        that was paid in the coin, but not into a larger one.
        """
        scope = (order.account, order.instrument)
        if order.reduces:
            return True
        if order.added is None or scope in self._positions.unknown:
            return is_exit
        part = self._positions.instruments.part(scope, order.position_side, order.position_id)
        least, most = self.interval(*scope, part=part, besides=besides)
        held = self._positions.of(*scope, None, part) if is_exit else ZERO
        if order.side is Side.SELL:
            rest = None if least is None else EXACT.subtract(least, order.added)
            return rest is not None and rest >= min(ZERO, -held) and held >= ZERO
        rest = None if most is None else EXACT.add(most, order.added)
        return rest is not None and rest <= max(ZERO, -held) and held <= ZERO
