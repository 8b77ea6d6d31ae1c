"""Pre-trade checks: the halts, unresolved orders, positions and limits that forbid an order."""

from collections.abc import Container, Sequence

from orderledger import HaltMode
from orderledger.extend.events import accounts
from orderledger.gateway.book import Book
from orderledger.gateway.limit_checks import check
from orderledger.gateway.limits import Denial, Limits, Proposed
from orderledger.gateway.proposed import change_of
from orderledger.gateway.settings import UnresolvedPolicy
from orderledger.gateway.situation import BookSituation
from orderledger.rows import HaltRow, OrderRow


class PreTradeChecks:
    """The checks of all orders and changes of a gateway before they are sent."""

    def __init__(self, book: Book, rules: Sequence[Limits], policy: UnresolvedPolicy) -> None:
        self._book = book
        self._rules = rules
        self._policy = policy
        self._situation = BookSituation(book)

    def why_not(self, order: Proposed, *, is_new: bool = True) -> Denial | None:
        """Why the order or change must not be sent, as far as the book has followed the log."""
        account, instrument = order.account, order.instrument
        halted = self.halted(order)
        if halted is not None:
            return halted
        if is_new and self._policy != "allow":
            unknown = self._book.exposures.working.unresolved(
                account, instrument if self._policy == "block_instrument" else None
            )
            if unknown is not None:
                return Denial(
                    "unresolved_order", f"the outcome of order {unknown} is not known yet"
                )
        return self._book.positions.denial(order) or check(order, self._situation, self._rules)

    def halted_now(self, row: OrderRow) -> Denial | None:
        """The halt that applies now to an order that counts as open already."""
        self._book.catch_up()
        return self.halted(change_of(row, {}))

    def why_not_hold(self, order: Proposed, besides: Container[str]) -> Denial | None:
        """Why the gateway must not take an order to send it when its price is reached. The other
        limits are checked then. `besides`: the orders that are canceled before."""
        halted = self.halted(order, besides)
        return halted or check(order, self._situation, self._rules, ("order_quantity",))

    def halted(self, order: Proposed, besides: Container[str] = ()) -> Denial | None:
        """The halt that applies to an order, as far as the book has followed the log. `besides`:
        client order ids of open orders that do not count."""
        halt = self._halt_of(order)
        is_reducing = halt is not None and halt["mode"] == HaltMode.REDUCE
        if halt is None or (is_reducing and self._book.exposures.only_reduces(order, besides)):
            return None
        since, why = halt["halted_at"].isoformat(), halt["text"] or halt["reason"]
        passing = ". Only orders that reduce the position pass" if is_reducing else ""
        return Denial(
            "halted", f"trading is halted since {since}: {why or 'no reason given'}{passing}"
        )

    def _halt_of(self, order: Proposed) -> HaltRow | None:
        """A halt that applies to an order: the first that stops everything, else the first that
        lets pass what reduces a position."""
        found = [
            row
            for row in self._book.halts.values()
            if row["account"] in (order.account, accounts.EVERY_ACCOUNT)
            and row["instrument"] in (None, order.instrument)
            and row["strategy"] in (None, order.strategy)
        ]
        stops = (row for row in found if row["mode"] == HaltMode.STOP)
        return next(stops, None) or next(iter(found), None)
