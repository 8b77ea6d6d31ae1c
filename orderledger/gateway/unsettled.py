"""Keeps what the store could not take: answers to record later, and orders whose outcome is unknown
because of that.
"""

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

from orderledger import Certainty, Message, Pending, Unresolved
from orderledger.extend.events import Order
from orderledger.extend.values import Clock
from orderledger.gateway.book import Book

if TYPE_CHECKING:
    from orderledger import Ledger

Key = tuple[str, str]
"""Account and client order id."""


class Unsettled:
    """Keeps what a failed commit has left, until the store works again.

    A venue's answer is kept unchanged: a report may be recorded at any time. Nothing else is
    recorded late. Where the log shows an order as sent and unanswered, its outcome becomes unknown,
    and the venue is queried.
    """

    def __init__(self, ledger: "Ledger", book: Book, clock: Clock) -> None:
        self._ledger = ledger
        self._book = book
        self._clock = clock
        self._answers: list[Sequence[Message]] = []
        self._orders: dict[Key, str] = {}

    def keep(
        self, key: Key, reason: str = "store_failed", *, answer: Sequence[Message] = ()
    ) -> None:
        """Keep an order whose submission or answer may not be recorded. `reason`: why its outcome
        is unknown.
        """
        self._orders.setdefault(key, reason)
        if answer:
            self._answers.append(answer)

    async def settle(self, *, besides: Container[Key]) -> None:
        """Record what was kept, except for orders that are being sent now. Raises StoreError if the
        store still fails.
        """
        while self._answers:
            await self._ledger.recording.arecord_together(self._answers[0])
            self._answers.pop(0)
        for key, reason in list(self._orders.items()):
            if key not in besides:
                await self._settle(key, reason)

    async def _settle(self, key: Key, reason: str) -> None:
        self._book.catch_up()
        order = self._book.order(*key)
        if order is None or is_in_doubt(
            order
        ):  # only the ledger knows whether a failed commit happened
            account, name = key
            await self._ledger.arecord(
                Unresolved(
                    account=account, client_order_id=name, at=self._clock.now(), reason=reason
                )
            )
        self._orders.pop(key, None)


def is_in_doubt(order: Order) -> bool:
    """Whether the log shows the order, or a change of it, as sent, not answered, and not
    unresolved.
    """
    if order.is_ended or order.certainty is Certainty.UNRESOLVED:
        return False
    return order.pending is Pending.REPLACE or (
        order.submitted_at is not None and order.confirmed_at is None
    )
