"""When the venue is queried again about an order whose outcome is unknown."""

from orderledger.extend.events import Order
from orderledger.gateway.proving import AbsenceProof, Doubt

PAUSES = (1.0, 1.0, 1.0, 2.0, 3.0, 5.0, 8.0)
"""Seconds between the queries about one order. The first query is made at once; the last pause
repeats."""
FAILURE_PAUSES = (0.5, 1.0, 2.0)
"""Seconds until the next query after one that failed, and after more in a row. The last repeats."""
SOON = 2.0
"""Seconds until the next query if an order that was found stays in doubt after its expiry."""


class QueryTimes:
    """Sets the time of the next query, `Doubt.due`. `now`: seconds of this process."""

    def __init__(self, proof: AbsenceProof) -> None:
        self._proof = proof

    def after_answer(self, order: Order, doubt: Doubt, now: float, *, is_found: bool) -> None:
        """After a pause, or as soon as the next answer would be a proof."""
        doubt.due = now + PAUSES[min(doubt.queries, len(PAUSES) - 1)]
        doubt.queries, doubt.failures = doubt.queries + 1, 0
        if is_found:
            left = self._proof.seconds_left(order, doubt, now)
            soonest = None if left is None else left or SOON
        else:
            soonest = self._proof.seconds_to_count(order, doubt, now)
        if soonest is not None:
            doubt.due = min(doubt.due, now + soonest)

    def after_failure(self, order: Order, doubt: Doubt, now: float) -> None:
        """Soon: a query without an answer says nothing about the order."""
        pause = FAILURE_PAUSES[min(doubt.failures, len(FAILURE_PAUSES) - 1)]
        doubt.failures += 1
        doubt.due = now + min(pause, self._proof.seconds_to_count(order, doubt, now) or pause)
