"""`RowRecording`: recorded payloads of a polled spot venue."""

from typing import Any

from orderledger.venues.base.definitions import Terms
from orderledger.venues.base.translation import Translation
from orderledger.venues.base.venue import NoRecords
from orderledger.venues.polled.order_rows import FillTimes, RowContext
from orderledger.venues.polled.reader import Reader
from orderledger.venues.polled.table import SpotTable


class RowRecording:
    """`Recording` of payloads that are independent of one another."""

    def __init__(self, account: str, table: SpotTable) -> None:
        self._reader = Reader(table)
        self._fills = FillTimes(account, NoRecords())
        self._context = RowContext(account=account, fills=self._fills)
        self._terms: dict[str, Terms] = {}

    def read(self, document: Any) -> Translation:
        if isinstance(document, dict):
            self._terms.update(self._reader.terms(document))
        read = self._reader.translated(document, self._context)
        self._fills.note(read.messages)
        return read

    def rest(self) -> Translation:
        return Translation()

    def terms_of(self, instrument: str) -> Terms | None:
        return self._terms.get(instrument) or self._reader.table.markets.terms(instrument)
