"""Dumps of ccxt's unified orders, trades, positions and fundings, as JSON or NDJSON."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from orderledger import Message
from orderledger.venues.importers.checks import require_known
from orderledger.venues.importers.rows import json_rows
from orderledger.venues.importers.source import (
    Importer,
    LeftOut,
    NothingToRecord,
    Options,
    Row,
    Unreadable,
    row_of,
)
from orderledger.venues.interop.ccxt import part_of, reader
from orderledger.venues.interop.objects import ForeignObject


def read(path: Path, options: Options) -> Iterator[Row]:
    """The rows of the dump, in its order."""
    messages_of = reader(
        account=options.account, exchange=options.exchange, instruments=options.instruments
    )
    for place, row in json_rows(path):
        is_read = not isinstance(row, (Unreadable, LeftOut))
        yield row_of(place, row, partial(_messages, row, messages_of)) if is_read else row


def _messages(row: Any, messages_of: Callable[[object], list[Message]]) -> list[Message]:
    messages = messages_of(row)
    if not messages:
        raise NothingToRecord(f"is a {part_of(row)}, which contains no order, fill or position")
    _check(ForeignObject(row))
    return messages


def _check(given: ForeignObject) -> None:
    """ccxt's manual: cost is price * amount of a trade, filled * average of an order, whose
    filled + remaining is its amount. The cost of a contract (BTC/USDT:USDT) also includes its
    size, which the row does not have.
    """
    is_trade = part_of(given.raw) == "trade"
    if (
        is_trade and given.moment("timestamp", "datetime") is None
    ):  # a collector uses the time of receipt instead
        raise given.fault("timestamp", "is missing, and so is datetime")
    names = ("price", "amount", "cost", "filled", "average", "remaining")
    numbers = {name: given.number(name) for name in names}
    require_known("amount", "filled + remaining", numbers, exact=frozenset({"filled", "remaining"}))
    if ":" in str(given.get("symbol")):
        return
    if is_trade:
        require_known("cost", "price * amount", numbers, exact=frozenset({"amount"}))
    else:
        require_known("cost", "filled * average", numbers, exact=frozenset({"filled"}))


CCXT = Importer(
    "ccxt",
    "Unified orders, trades, positions and fundings of ccxt as JSON: an array, an object of "
    "arrays, or one object a line.",
    "Fills with fees, the state of orders and their ends, positions, fundings. Exact where the "
    "dump has text or plain numbers.",
    "Requests: an exchange's list of orders does not show who sent them. Fills, if the dump has "
    "orders only: their total is then a claim, and `quantity_mismatch` reports it.",
    read,
    checked_with="the structures of ccxt 4.5.90, and its manual",
)
