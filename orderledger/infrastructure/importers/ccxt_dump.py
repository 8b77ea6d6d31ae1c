"""Dumps of ccxt's unified orders, trades, positions and fundings, as JSON or NDJSON."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from orderledger.infrastructure.importers.rows import json_rows
from orderledger.infrastructure.importers.source import Importer, Options, Row, Unreadable, row_of
from orderledger.infrastructure.interop.ccxt import from_ccxt
from orderledger.infrastructure.messages.registry import Message


def read(path: Path, options: Options) -> Iterator[Row]:
    """The rows of the dump, in its order."""
    for place, row in json_rows(path):
        yield row if isinstance(row, Unreadable) else row_of(place, row, partial(_messages, row, options))


def _messages(row: Any, options: Options) -> list[Message]:
    return from_ccxt(row, account=options.account, exchange=options.exchange, instruments=options.instruments)


CCXT = Importer(
    "ccxt",
    "Unified orders, trades, positions and fundings of ccxt as JSON: an array, an object of arrays, or one object a line.",
    "Fills with fees, the state of orders and their ends, positions, fundings. Exact where the dump has text or plain numbers.",
    "Requests: an exchange's list of orders does not say who asked for them. Fills, where the dump has orders only: their total "
    "is then a claim, and `quantity_mismatch` tells it.",
    read,
)
