"""Interactive Brokers' Flex queries as XML: trades, trade confirmations and orders of a Flex
statement."""

import re
import warnings
from collections.abc import Iterator
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from orderledger import InvalidMessage, InvalidSetting, Message
from orderledger.extend.runtime import needed
from orderledger.extend.values import ONE
from orderledger.venues.importers.checks import require_known
from orderledger.venues.importers.source import (
    Importer,
    LeftOut,
    Options,
    Row,
    Unreadable,
    in_zone,
    row_of,
)
from orderledger.venues.interop.context import ObjectContext

ROOT = "FlexQueryResponse"
TRADES = frozenset({"Trade", "TradeConfirm"})
SUMMARIES = frozenset(
    {"ORDER", "CLOSED_LOT", "SYMBOL_SUMMARY", "ASSET_SUMMARY", "WASH_SALE", "LOT"}
)
"""Levels of detail that repeat single executions."""

KINDS = {
    "STK": ("security", "quote"),
    "OPT": ("option", "quote"),
    "FUT": ("margined", "settlement"),
}
"""The kind of an `assetCategory`, and the term that its currency is. Source: ibkrguides.com,
Activity Flex Query Reference, Asset Class."""

CONTAINERS = frozenset({ROOT, "FlexStatements", "FlexStatement"})

NUMBERS = (
    *("quantity", "tradePrice", "price", "tradeMoney", "proceeds", "netCash"),
    *("ibCommission", "commission", "taxes", "multiplier"),
)
THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
"""The only form in which a number may have commas. ibflex drops them all, including a decimal
comma.
"""

OFFSET = re.compile(r"[;, ][0-9:]+(?P<offset>[+-][0-9]{2}:?[0-9]{2})$")
"""The offset from UTC after a date and a time. ibflex drops it."""


def read(path: Path, options: Options) -> Iterator[Row]:
    """The rows of the file: executions, in the order of the file; each instrument is defined before
    its first."""
    parser = needed("ibflex.parser", "imports")
    known: set[str] = set()
    accounts: dict[str, None] = {}
    try:
        for number, (event, element) in enumerate(
            ElementTree.iterparse(path, events=("start", "end"))
        ):
            if number == 0 and element.tag != ROOT:
                raise InvalidSetting(
                    "FILE",
                    f"{path} is not a Flex query: it begins with {element.tag!r:.50}, not {ROOT}",
                )
            if event == "start":
                continue
            reason = _left_out(element)
            if reason is not None:
                yield LeftOut(f"{element.tag} {number}", reason)
            elif element.tag in TRADES:
                place = f"{element.tag} {element.get('tradeID') or element.get('execID') or number}"
                row = dict(element.attrib)
                accounts[row.get("accountId", "")] = None
                translate = partial(_trade, parser, element, options, known, next(iter(accounts)))
                yield row_of(place, row, translate)
            if element.tag in TRADES or reason is not None:
                element.clear()
    except ElementTree.ParseError as error:
        yield Unreadable(f"line {error.position[0]}", "", f"is not XML from here on: {error}", None)


def _left_out(element: ElementTree.Element) -> str | None:
    """Why an element is left out. None for executions, and for elements that contain others."""
    if element.tag in TRADES:
        level = element.get("levelOfDetail", "EXECUTION").upper()
        return (
            f"is a {element.tag} with levelOfDetail {level}, which repeats executions"
            if level in SUMMARIES
            else None
        )
    is_container = len(element) > 0 or not element.attrib or element.tag in CONTAINERS
    return None if is_container else f"is a {element.tag}, not an execution"


def _check(raw: dict[str, str], account: str) -> None:
    """Refuse a row of another account, and one with a decimal comma or the wrong sign."""
    if raw.get("accountId", "") != account:
        raise InvalidMessage(
            "accountId",
            f"is {raw.get('accountId')!r}, but the file begins with {account!r}: make a Flex "
            "query of one account",
        )
    for name in NUMBERS:
        if "," in (text := raw.get(name, "")) and THOUSANDS.fullmatch(text) is None:
            raise InvalidMessage(
                name, f"{text[:50]!r} has a comma that does not separate thousands"
            )
    side, is_sale = raw.get("buySell", "").upper(), raw.get("quantity", "").startswith("-")
    is_cancel = raw.get("transactionType", "").upper() == "TRADECANCEL"
    if side in ("BUY", "SELL") and not is_cancel and is_sale != (side == "SELL"):
        raise InvalidMessage(
            "buySell", f"is {side}, but quantity is {raw.get('quantity', '')[:50]}"
        )
    _check_amounts(raw)


def _check_amounts(raw: dict[str, str]) -> None:
    """For stocks and options, trade money is quantity * price * multiplier, and proceeds its
    opposite. Net cash also includes commission and taxes. Source: the Flex query reference of
    Interactive Brokers, which does not document multipliers of other assets.
    """
    if raw.get("assetCategory") not in ("STK", "OPT"):
        return
    names = (
        "quantity",
        "tradePrice",
        "tradeMoney",
        "proceeds",
        "netCash",
        "ibCommission",
        "taxes",
        "multiplier",
    )
    numbers = {name: _number(name, raw[name]) for name in names if raw.get(name)}
    numbers.setdefault("multiplier", ONE if raw["assetCategory"] == "STK" else None)
    exact = frozenset({"quantity", "multiplier"})
    require_known("tradeMoney", "quantity * tradePrice * multiplier", numbers, exact=exact)
    require_known("proceeds", "-quantity * tradePrice * multiplier", numbers, exact=exact)
    require_known("netCash", "proceeds + ibCommission + taxes", numbers)


def _number(name: str, text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise InvalidMessage(name, f"{text[:50]!r} is not a number") from None


def _trade(
    parser: Any, element: ElementTree.Element, options: Options, known: set[str], account: str
) -> list[Message]:
    raw, context = dict(element.attrib), options.context(dict(element.attrib))
    try:
        with warnings.catch_warnings(
            action="ignore"
        ):  # attributes newer than the library: they are in the evidence
            trade = parser.parse_data_element(element)
    except Exception as error:  # the library raises several kinds, with the attribute in the text
        raise InvalidMessage("", f"cannot be read: {str(error)[:200]}") from error
    _check(raw, account)
    at = _moment(trade, raw, options.zone)
    instrument = context.instrument(_needed(trade, "symbol"))
    assert instrument is not None
    definition = [] if instrument in known else [_instrument(trade, raw, context, instrument, at)]
    messages = [*definition, *_executions(trade, raw, context, instrument, at)]
    known.add(instrument)
    return messages


def _executions(
    trade: Any, raw: dict[str, str], context: ObjectContext, instrument: str, at: datetime
) -> list[Message]:
    """The fill, or the bust of an earlier one."""
    names = {
        "venue_order_id": str(
            _first(trade, "ibOrderID", "orderID") or _needed(trade, "brokerageOrderID")
        )
    }
    kind = str(getattr(trade, "transactionType", "") or "").rpartition(".")[2].upper()
    if kind == "TRADECANCEL" or "(Ca.)" in raw.get("buySell", ""):
        busted = str(_first(trade, "origTradeID") or _needed(trade, "tradeID"))
        return [
            context.message("fill_busted", at=at, **names, fill_id=busted, instrument=instrument)
        ]
    quantity, commission = (
        Decimal(_needed(trade, "quantity")),
        _first(trade, "ibCommission", "commission"),
    )
    fee = (
        {}
        if commission is None
        else {
            "fee": -commission + 0,
            "fee_currency": _first(trade, "ibCommissionCurrency", "commissionCurrency"),
        }
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


def _instrument(
    trade: Any, raw: dict[str, str], context: ObjectContext, instrument: str, at: datetime
) -> Message:
    multiplier, currency = (getattr(trade, name, None) for name in ("multiplier", "currency"))
    asset = raw.get("assetCategory", "")
    terms: dict[str, Any] = {"multiplier": multiplier, "currency": currency}
    if currency is not None and asset in KINDS:
        terms |= {"kind": KINDS[asset][0], KINDS[asset][1]: currency}
    return context.message("instrument", at=at, instrument=instrument, **terms)


def _moment(trade: Any, raw: dict[str, str], zone: tzinfo | None) -> datetime:
    """The time of the execution. A query can leave out the time of day: then fills cannot be put
    in order.
    """
    found, text = _first(trade, "dateTime"), raw.get("dateTime", "")
    if not isinstance(found, datetime):
        day, clock, text = (
            _first(trade, "tradeDate"),
            _first(trade, "tradeTime"),
            raw.get("tradeDate", ""),
        )
        if day is None or clock is None:
            raise InvalidMessage("dateTime", "is missing: include Date/Time in the Flex query")
        found = datetime.combine(day, clock)
    if "/" in text:
        raise InvalidSetting(
            "FILE",
            f"writes dates such as {text!r:.50}: set the date format of the Flex query to yyyyMMdd",
        )
    offset = OFFSET.search(text)
    if offset is not None:
        return found.replace(tzinfo=datetime.strptime(offset["offset"], "%z").tzinfo)
    if zone is None:
        raise InvalidSetting(
            "timezone",
            f"is needed, because {text!r:.50} is in the zone of the account's settings. Give "
            "--timezone",
        )
    return in_zone(found, zone, "dateTime")


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
    "Interactive Brokers' Flex query as XML, with Trades (level of detail: executions) or Trade "
    "Confirmations.",
    "Fills with commission and currency, canceled trades, multiplier and currency of instruments.",
    "Requests, terms and ends of orders: Flex queries contain only executions. Times are in the "
    "zone of the account's settings, which the file does not name: give --timezone. Dates with "
    "slashes are refused: set the date format to yyyyMMdd.",
    read,
    checked_with="rows of statements in the tests of github.com/csingley/ibflex "
    "(tests/test_types.py)",
)
