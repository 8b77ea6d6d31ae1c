"""`Listening`: records messages without ever raising into the framework."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from orderledger import Ledger, Message

Found = TypeVar("Found")
LOG = logging.getLogger("orderledger.listening")


class Listening:
    """Records what a framework reports. An error is logged and counted, never raised.

    `recorded`, `refused`, `failed`: messages recorded, messages refused by the ledger, and objects
    that could not be translated or stored.
    """

    def __init__(self, ledger: Ledger, account: str) -> None:
        self.ledger, self.account = ledger, account
        self.recorded = self.refused = self.failed = 0

    def record(self, translate: Callable[[], Sequence[Message]]) -> bool:
        """Record the messages that `translate` returns. Returns whether all are durable now:
        recorded, or duplicates."""
        try:
            outcomes = self.ledger.record_many(list(translate()))
        except Exception:
            self.failed += 1
            LOG.exception("%s: a report was not recorded", self.account)
            return False
        refusals = [one for one in outcomes if one.outcome in ("refused", "invalid")]
        for one in refusals:
            LOG.warning("%s: a message was %s: %s", self.account, one.outcome, one.reason)
        self.refused += len(refusals)
        self.recorded += sum(one.outcome == "recorded" for one in outcomes)
        return not refusals

    def read(self, function: Callable[[], Found]) -> Found | None:
        """The result of a function of the framework, or None if it raises."""
        try:
            return function()
        except Exception:
            self.failed += 1
            LOG.exception("%s: the framework's orders could not be read", self.account)
            return None
