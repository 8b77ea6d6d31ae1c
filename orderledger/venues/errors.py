"""The exceptions of queries and requests to a venue.

LedgerError
└── VenueError          the venue could not be queried, or refused
    ├── VenueUnavailable    no answer: the state at the venue is unknown
    ├── VenueRefused        a negative answer
    ├── NotSent             a request of ours that certainly did not reach the venue
    └── Unanswered          a request of ours that may have reached the venue, and was not answered
"""

from orderledger import LedgerError

__all__ = ["NotSent", "Unanswered", "VenueError", "VenueRefused", "VenueUnavailable"]


class VenueError(LedgerError):
    """The venue could not be queried, or refused."""


class VenueUnavailable(VenueError):
    """No answer: timeout, dropped connection, 5xx, or 429 until the last retry. The state at the
    venue is unknown."""


class VenueRefused(VenueError):
    """A negative answer: HTTP `status`, and the text `said`. The same request would fail again."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"HTTP {status}: {said[:500]}")
        self.status = status
        self.said = said


class NotSent(VenueError):
    """A request of ours that certainly did not reach the venue: refused connection, unknown host,
    or a check of our own.

    `reason`: a code, e.g. `not_connected` or `quantity_step`. `text`: a sentence.
    """

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(f"{reason}: {text}" if text else reason)
        self.reason = reason
        self.text = text


class Unanswered(VenueError):
    """A request of ours that may have reached the venue, and was not answered: timeout, 5xx, cut
    connection, unreadable answer.

    `reason`: a code, e.g. `timeout`. `text`: a sentence. The state at the venue is unknown until it
    is queried.
    """

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(f"{reason}: {text}" if text else reason)
        self.reason = reason
        self.text = text
