"""Interactive Brokers' Flex queries as XML: trades, trade confirmations and orders of a Flex statement."""

import warnings
from collections.abc import Iterator
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from orderledger.infrastructure.errors import InvalidMessage, InvalidSetting
from orderledger.infrastructure.extras import needed
from orderledger.infrastructure.importers.source import Importer, Options, Row, Unreadable, row_of
from orderledger.infrastructure.interop.context import Context
from orderledger.infrastructure.messages.registry import Message
from orderledger.infrastructure.time_zones import zone_named

ROOT = "FlexQueryResponse"
TRADES = frozenset({"Trade", "TradeConfirm"})
SUMMARIES = frozenset({"ORDER", "CLOSED_LOT", "SYMBOL_SUMMARY", "ASSET_SUMMARY", "WASH_SALE", "LOT"})
"""Levels of detail that repeat what single executions say."""

ZONE = "America/New_York"
"""The zone of times in Flex queries, unless the account is set to another."""


def read(path: Path, options: Options) -> Iterator[Row]:
    """The rows of the file: executions, in the order of the file; each instrument is defined before its first."""
    parser, zone = needed("ibflex.parser", "imports"), options.zone or zone_named(ZONE)
    known: set[str] = set()
    try:
        for number, (event, element) in enumerate(ElementTree.iterparse(path, events=("start", "end"))):
            if number == 0 and element.tag != ROOT:
                raise InvalidSetting("FILE", f"{path} is no Flex query: it begins with {element.tag!r:.50}, not {ROOT}")
            if event == "start":
                continue
            if element.tag in TRADES and element.get("levelOfDetail", "EXECUTION").upper() not in SUMMARIES:
                place = f"{element.tag} {element.get('tradeID') or element.get('execID') or number}"
                row = dict(element.attrib)
                yield row_of(place, row, partial(_trade, parser, element, zone, options, known))
            if element.tag in TRADES or element.tag == "Order":
                element.clear()
    except ElementTree.ParseError as error:
        yield Unreadable(f"line {error.position[0]}", "", f"is not XML from here on: {error}", None)


def _trade(parser: Any, element: ElementTree.Element, zone: tzinfo, options: Options, known: set[str]) -> list[Message]:
    raw, context = dict(element.attrib), options.context(dict(element.attrib))
    try:
        with warnings.catch_warnings(action="ignore"):  # attributes that are newer than the library: they are in the evidence
            trade = parser.parse_data_element(element)
    except Exception as error:  # the library raises several kinds, with the attribute in the text
        raise InvalidMessage("", f"cannot be read: {str(error)[:200]}") from error
    at = _moment(trade, zone)
    instrument = context.instrument(_needed(trade, "symbol"))
    assert instrument is not None
    messages = [] if instrument in known else [_instrument(trade, context, instrument, at)]
    known.add(instrument)
    return [*messages, *_executions(trade, raw, context, instrument, at)]


def _executions(trade: Any, raw: dict[str, str], context: Context, instrument: str, at: datetime) -> list[Message]:
    """The fill, or the bust of an earlier one."""
    names = {"venue_order_id": str(_first(trade, "ibOrderID", "orderID") or _needed(trade, "brokerageOrderID"))}
    kind = str(getattr(trade, "transactionType", "") or "").rpartition(".")[2].upper()
    if kind == "TRADECANCEL" or "(Ca.)" in raw.get("buySell", ""):
        busted = str(_first(trade, "origTradeID") or _needed(trade, "tradeID"))
        return [context.message("bust_fill", at=at, **names, fill_id=busted, instrument=instrument)]
    quantity, commission = Decimal(_needed(trade, "quantity")), _first(trade, "ibCommission", "commission")
    fee = (
        {}
        if commission is None
        else {"fee": -commission + 0, "fee_currency": _first(trade, "ibCommissionCurrency", "commissionCurrency")}
    )
    return [
        context.message(
            "fill",
            at=at,
            **names,
            fill_id=str(_first(trade, "tradeID") or _needed(trade, "execID")),
            instrument=instrument,
            side="buy" if quantity > 0 else "sell",
            quantity=abs(quantity),
            price=_first(trade, "tradePrice", "price"),
            **fee,
        )
    ]


def _instrument(trade: Any, context: Context, instrument: str, at: datetime) -> Message:
    multiplier = getattr(trade, "multiplier", None)
    told = {"multiplier": multiplier, "currency": getattr(trade, "currency", None)}
    return context.message("instrument", at=at, instrument=instrument, **told)


def _moment(trade: Any, zone: tzinfo) -> datetime:
    """The time of the execution. A query can leave out the time of day: then there is none to order fills by."""
    found = _first(trade, "dateTime")
    if isinstance(found, datetime):
        return found.replace(tzinfo=zone)
    day, clock = _first(trade, "tradeDate"), _first(trade, "tradeTime")
    if day is None or clock is None:
        raise InvalidMessage("dateTime", "is missing: include Date/Time in the Flex query")
    return datetime.combine(day, clock, zone)


def _first(trade: Any, *names: str) -> Any:
    found = (getattr(trade, name, None) for name in names)
    return next((value for value in found if value is not None and value != ""), None)


def _needed(trade: Any, name: str) -> Any:
    value = _first(trade, name)
    if value is None:
        raise InvalidMessage(name, "is missing: include it in the Flex query")
    return value


IB_FLEX = Importer(
    "ib-flex",
    "Interactive Brokers' Flex query as XML, with Trades (level of detail: executions) or Trade Confirmations.",
    "Fills with commission and currency, canceled trades, multiplier and currency of instruments.",
    "Requests, terms and ends of orders: Flex queries hold executions. Times are America/New_York, unless --timezone says "
    "otherwise.",
    read,
)
