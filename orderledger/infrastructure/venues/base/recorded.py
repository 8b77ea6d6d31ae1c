"""Payloads that were kept, read one after the other, as if they came now."""

from collections.abc import Sequence
from typing import Any, Protocol

from orderledger.infrastructure.messages.registry import CorrectFill, Fill, Message
from orderledger.infrastructure.venues.base.translation import Translation
from orderledger.infrastructure.venues.base.venue import NoRecords, Records
from orderledger.projections.view import Row


class Recording(Protocol):
    """One account's payloads, in the order in which they came. What was told of one is known when the next is read."""

    def read(self, document: Any) -> Translation:
        """What a payload says, parsed with `transport.parsed`. Never raises."""

    def rest(self) -> Translation:
        """What was held back, after the last payload."""


class Remembering:
    """`records`, and besides the fills that were told and may not be recorded yet."""

    def __init__(self, records: Records | None = None) -> None:
        self._records = records or NoRecords()
        self._told: dict[tuple[str, str], dict[str, Row]] = {}

    def order(self, account: str, name: str) -> Row | None:
        return self._records.order(account, name)

    def trades(self, account: str, venue_order_id: str) -> list[Row]:
        told = self._told.get((account, venue_order_id), {})
        recorded = [row for row in self._records.trades(account, venue_order_id) if row["fill_id"] not in told]
        corrected = {row["corrects"] for row in told.values()}
        return [row for row in (*recorded, *told.values()) if row["fill_id"] not in corrected]

    def note(self, messages: Sequence[Message]) -> None:
        """Learn what was told."""
        for message in messages:
            if isinstance(message, (Fill, CorrectFill)) and message.venue_order_id is not None:
                row = {"corrects": None, **message.model_dump(exclude={"evidence"})}
                self._told.setdefault((message.account, message.venue_order_id), {})[message.fill_id] = row
