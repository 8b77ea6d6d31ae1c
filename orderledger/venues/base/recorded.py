"""`Recording`: translates recorded payloads of one account one after the other."""

from collections.abc import Sequence
from typing import Any, Protocol

from orderledger import CorrectFill, Fill, Message
from orderledger.extend.views import Row
from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.translation import Translation
from orderledger.venues.base.venue import NoRecords, Records


class Recording(Protocol):
    """Translates one account's payloads in the order of their arrival, each in the context of
    those before it.
    """

    def read(self, document: Any) -> Translation:
        """Translate one payload, parsed with `transport.parsed`. Never raises."""

    def rest(self) -> Translation:
        """The messages that were held back, after the last payload."""

    def terms_of(self, instrument: str) -> Terms | None:
        """The terms of an instrument, as far as its name or earlier payloads show them."""


class Remembering:
    """`records`, and translated fills that may not be recorded yet."""

    def __init__(self, records: Records | None = None) -> None:
        self._records = records or NoRecords()
        self._reported: dict[tuple[str, str], dict[str, Row]] = {}

    def order(self, account: str, name: str) -> Row | None:
        return self._records.order(account, name)

    def trades(self, account: str, venue_order_id: str) -> list[Row]:
        reported = self._reported.get((account, venue_order_id), {})
        recorded = [
            row
            for row in self._records.trades(account, venue_order_id)
            if row["fill_id"] not in reported
        ]
        corrected = {row["corrects"] for row in reported.values()}
        return [row for row in (*recorded, *reported.values()) if row["fill_id"] not in corrected]

    def note(self, messages: Sequence[Message]) -> None:
        """Remember the fills among these messages."""
        for message in messages:
            if isinstance(message, (Fill, CorrectFill)) and message.venue_order_id is not None:
                row = {"corrects": None, **message.model_dump(exclude={"evidence"})}
                self._reported.setdefault((message.account, message.venue_order_id), {})[
                    message.fill_id
                ] = row
