"""When the venue is queried again about an order whose outcome is unknown."""

from orderledger.extend.events import Order
from orderledger.gateway.proving import AbsenceProof, Doubt

PAUSES = (1.0, 1.0, 2.0, 3.0, 5.0, 8.0)
"""Seconds between the queries about one order. The first query is made at once; the last pause
repeats."""
FAILURE_PAUSES = (0.5, 1.0, 2.0)
"""Seconds until the next query after one that failed, and after more in a row. The last repeats."""
SOON = 2.0
"""Seconds until the next query if an order that was found stays in doubt after its expiry."""
NEAR = 1.0
"""A query less than this many seconds before one that counts is left out: it could delay that."""


class QueryTimes:
    """Sets the time of the next query, `Doubt.due`. `now`: seconds of this process."""

    def __init__(self, proof: AbsenceProof) -> None:
        self._proof = proof

    def after_answer(self, order: Order, doubt: Doubt, now: float, *, is_found: bool) -> None:
        """After a pause, or as soon as the next answer would be a proof."""
        doubt.due = now + PAUSES[min(doubt.queries, len(PAUSES) - 1)]
        doubt.queries, doubt.failures = doubt.queries + 1, 0
        left = self._proof.seconds_left(order, doubt, now)
        counts_in = self._proof.seconds_to_count(order, doubt, now)
        if is_found:
            doubt.due = min(doubt.due, now + (left or SOON)) if left is not None else doubt.due
        elif counts_in is not None:
            is_next = left == 0 or now + counts_in < doubt.due + NEAR
            doubt.due = now + counts_in if is_next else doubt.due

    def after_failure(self, order: Order, doubt: Doubt, now: float) -> None:
        """Soon: a query without an answer says nothing about the order."""
        doubt.due = now + FAILURE_PAUSES[min(doubt.failures, len(FAILURE_PAUSES) - 1)]
        doubt.failures += 1
        left = self._proof.seconds_left(order, doubt, now)
        counts_in = self._proof.seconds_to_count(order, doubt, now)
        if counts_in:
            doubt.due = now + counts_in if left == 0 else min(doubt.due, now + counts_in)
