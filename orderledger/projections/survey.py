"""Which orders may be open, from as little of the log as that takes: a recovery need not fold
orders that have plainly ended."""

from decimal import Decimal

from orderledger.domain.exact import EXACT, ZERO


class Survey:
    """Reads the events that may open or end an order. At the end `candidates` holds every order
    that is open, and some more.

    An order has plainly ended when it was canceled, expired or rejected, or when fills with
    distinct ids add up to the requested quantity. Any event that might change that makes it a
    candidate again.
    """

    def __init__(self, *, is_from_beginning: bool) -> None:
        self._is_from_beginning = is_from_beginning
        self._unfilled: dict[str, tuple[Decimal, tuple[str, ...]]] = {}
        self._doubtful: dict[str, None] = {}
        self._reinstated: set[str] = set()

    @property
    def candidates(self) -> list[str]:
        """Streams of the orders that have not plainly ended."""
        return [*self._unfilled, *self._doubtful]

    def request(self, stream: str, version: int, quantity: Decimal) -> None:
        if version == 1:
            self._unfilled[stream] = quantity, ()
        else:
            self.doubt(stream)

    def fill(self, stream: str, fill_id: str, quantity: Decimal) -> None:
        left, fill_ids = self._unfilled.get(stream, (ZERO, ()))
        if left <= ZERO or fill_id in fill_ids:
            self.doubt(stream)
            return
        left = EXACT.subtract(left, quantity)
        if left > ZERO:
            self._unfilled[stream] = left, (*fill_ids, fill_id)
        else:
            del self._unfilled[stream]

    def reinstate(self, stream: str) -> None:
        """Ignore ends that happened before this event, wherever they are in the log."""
        self._reinstated.add(stream)
        self.doubt(stream)

    def end(self, stream: str) -> None:
        """A fact that only a reinstatement takes back has ended the order."""
        if stream in self._reinstated or not self._is_from_beginning:
            self.doubt(stream)
            return
        self._unfilled.pop(stream, None)
        self._doubtful.pop(stream, None)

    def touch(self, stream: str, version: int) -> None:
        """Anything that neither ends an order, nor opens one that has plainly ended."""
        if version == 1 or (not self._is_from_beginning and stream not in self._unfilled):
            self.doubt(stream)

    def doubt(self, stream: str) -> None:
        """Something that only the whole fold can judge."""
        self._unfilled.pop(stream, None)
        self._doubtful[stream] = None
