"""Interactive Brokers' Flex queries as XML: executions, settlements, corporate actions and money
of a Flex statement."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from orderledger import InvalidMessage, InvalidSetting, Message
from orderledger.extend.runtime import needed
from orderledger.venues.importers.ib_flex_actions import corporate_action
from orderledger.venues.importers.ib_flex_cash import (
    cash_report,
    cash_transaction,
    open_position,
    transaction_tax,
    transfer,
)
from orderledger.venues.importers.ib_flex_kinds import ROWS
from orderledger.venues.importers.ib_flex_names import new_names
from orderledger.venues.importers.ib_flex_rows import FlexContext, FlexRow
from orderledger.venues.importers.ib_flex_settlements import settlement
from orderledger.venues.importers.ib_flex_survey import (
    SUMMARIES,
    TRADES,
    Survey,
    is_delivery,
    settled_as,
)
from orderledger.venues.importers.ib_flex_trades import execution
from orderledger.venues.importers.source import (
    Importer,
    LeftOut,
    NothingToRecord,
    Options,
    Row,
    Unreadable,
    row_of,
)

ROOT = "FlexQueryResponse"
CONTAINERS = frozenset({ROOT, "FlexStatements", "FlexStatement"})
DELIVERED = "is a delivery, recorded with the option that brought it"
DETAILED = frozenset({*TRADES, "CashTransaction", "CorporateAction"})
"""Rows that a statement may also have in sums. Other rows have one level of detail."""

Read = Callable[[FlexRow, FlexContext, Survey], list[Message]]


def read(path: Path, options: Options) -> Iterator[Row]:
    """The rows of the file, in its order; each instrument is defined before its first row. Names
    that changed follow at the end."""
    parser = needed("ibflex.parser", "imports")
    _check_root(path)
    survey, context = Survey.of(path), FlexContext(options, set())
    translations = _translations(parser)
    for row in _elements(path):
        if isinstance(row, Unreadable):
            yield row
        elif (reason := _left_out(row)) is not None:
            yield LeftOut(f"{row.tag} {row.number}", reason)
        else:
            translate = partial(translations[row.tag], row, context, survey)
            yield row_of(row.place, dict(row.raw), translate)
    yield from new_names(context, survey)


def _check_root(path: Path) -> None:
    """Raise InvalidSetting for a file that is not a Flex query."""
    try:
        _, element = next(ElementTree.iterparse(path, events=("start",)))
    except (ElementTree.ParseError, StopIteration):
        return  # reading reports it
    if element.tag != ROOT:
        raise InvalidSetting(
            "FILE", f"{path} is not a Flex query: it begins with {element.tag!r:.50}, not {ROOT}"
        )


def _elements(path: Path) -> Iterator[FlexRow | Unreadable]:
    """The elements that contain no others, and the fault at which the XML ends."""
    try:
        for number, (_, element) in enumerate(ElementTree.iterparse(path, events=("end",))):
            if len(element) == 0 and element.attrib and element.tag not in CONTAINERS:
                yield FlexRow(element.tag, number, dict(element.attrib))
            if element.tag not in CONTAINERS:
                element.clear()
    except ElementTree.ParseError as error:
        yield Unreadable(f"line {error.position[0]}", "", f"is not XML from here on: {error}", None)


def _left_out(row: FlexRow) -> str | None:
    """Why a row is left out. None for one that is read."""
    level = row.get("levelOfDetail").upper()
    if row.tag in TRADES and level in SUMMARIES:
        return f"is a {row.tag} with levelOfDetail {level}, which repeats executions"
    if row.tag in DETAILED and level in SUMMARIES:
        return f"is a {row.tag} with levelOfDetail {level}, which repeats others"
    return None if row.tag in TRANSLATED else f"is a {row.tag}, not an execution"


def _trade(row: FlexRow, context: FlexContext, survey: Survey, *, parser: Any) -> list[Message]:
    """An execution, or the booking of a settlement."""
    if settled_as(row):
        return settlement(row, context, survey)
    if row.number in survey.taken:
        raise NothingToRecord(DELIVERED)
    return execution(row, parser, context)


def _option_event(row: FlexRow, context: FlexContext, survey: Survey) -> list[Message]:
    """A row of OptionEAE. Raises InvalidMessage for a delivery whose option is not in the file."""
    if settled_as(row):
        return settlement(row, context, survey)
    if not is_delivery(row):
        raise InvalidMessage(
            "transactionType", f"{row.get('transactionType')[:50]!r} is not one that is known"
        )
    if row.number in survey.taken or survey.repeats(row):
        raise NothingToRecord(DELIVERED)
    raise InvalidMessage("tradeID", "is a delivery whose option is not in the file")


def _translations(parser: Any) -> Mapping[str, Read]:
    seen: dict[str, str] = {}
    trade = partial(_trade, parser=parser)
    return {
        **dict.fromkeys(sorted(TRADES), trade),
        "OptionEAE": _option_event,
        "CorporateAction": corporate_action,
        "CashTransaction": lambda row, context, survey: cash_transaction(row, context, seen),
        "TransactionTax": lambda row, context, survey: transaction_tax(row, context),
        "Transfer": lambda row, context, survey: transfer(row, context),
        "OpenPosition": lambda row, context, survey: open_position(row, context),
        "CashReportCurrency": lambda row, context, survey: cash_report(row, context),
    }


TRANSLATED = frozenset(_translations(None))

IB_FLEX = Importer(
    "ib-flex",
    "Interactive Brokers' Flex query as XML, with Trades (level of detail: executions) or Trade "
    "Confirmations; also with Option Exercises, Assignments and Expirations, Corporate Actions, "
    "Cash Transactions, Transaction Fees, Transfers, Open Positions and the Cash Report.",
    "Fills with commission and taxes, canceled and corrected trades, multiplier and currency of "
    "instruments. Settlements with what they deliver, splits, new names, mergers, spin-offs, "
    "dividends, taxes, interest and fees. Positions and balances as IB states them.",
    "Requests, terms and ends of orders: Flex queries contain only executions. The legs of a "
    "combination are orders of their own, and groups are not named. A spin-off has no cost. Times "
    "are in the zone of the account's settings, which the file does not name: give --timezone. "
    "Dates with slashes are refused: set the date format to yyyyMMdd.",
    read,
    checked_with="rows of statements in the tests of github.com/csingley/ibflex "
    "(tests/test_types.py), and those named below",
    rows=ROWS,
)
