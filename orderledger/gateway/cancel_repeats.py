"""When an outstanding cancel is sent again, and when that ends.

A venue that only confirms the receipt of a cancel may never carry it out. Each repetition counts in
its rate limits, so the pauses grow.
"""

from dataclasses import dataclass

from orderledger.gateway.answers import Answer
from orderledger.venues.errors import NotSent, Unanswered

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds after the first receipt without a result, and at most. Each receipt doubles them."""
LONGEST_FAILURE_PAUSE = 8.0
"""The same after a cancel without an answer: it may not have arrived."""
MOST_RECEIPTS = 10
"""Receipts without a result after which the cancel is given up, in about five minutes."""
NOT_CARRIED_OUT = "not_carried_out"


@dataclass(slots=True)
class Outstanding:
    """A recorded cancel that the venue has not answered. `is_busy`: it is being recorded or sent
    now. `waits_until`: it is not sent again before, in seconds of the event loop; the venue may
    report it until then. `receipts` and `failures`: how often the venue has only confirmed its
    receipt, and has not answered.
    """

    request_id: str
    is_busy: bool = False
    waits_until: float = 0.0
    receipts: int = 0
    failures: int = 0

    @property
    def is_given_up(self) -> bool:
        """Whether the venue has confirmed its receipt too often without a result."""
        return self.receipts >= MOST_RECEIPTS

    def note(self, answer: Answer, now: float) -> None:
        """Set the time of the next sending, after an answer that does not end the cancel. One that
        was not sent may be sent in the next round.
        """
        if isinstance(answer, NotSent):
            return
        if isinstance(answer, Unanswered):
            self.failures += 1
            pause = min(FIRST_PAUSE * 2 ** (self.failures - 1), LONGEST_FAILURE_PAUSE)
        else:
            self.receipts += 1
            pause = min(FIRST_PAUSE * 2 ** (self.receipts - 1), LONGEST_PAUSE)
        self.waits_until = now + pause

    @property
    def end_text(self) -> str:
        """Why it is given up, and what can be done."""
        return (
            f"the venue has confirmed the receipt of the cancel {self.receipts} times, and carried "
            "out none: the order is still open. Cancel it again, or at the venue"
        )
