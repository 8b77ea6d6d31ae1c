"""Executions of a Flex statement: fills with commission and taxes, and canceled trades."""

import re
import warnings
from collections.abc import Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from orderledger import InvalidMessage, Message
from orderledger.extend.values import ONE
from orderledger.venues.importers.checks import require_known
from orderledger.venues.importers.ib_flex_rows import (
    FlexContext,
    FlexRow,
    needed_zone,
    refuse_slashes,
)
from orderledger.venues.importers.source import in_zone
from orderledger.venues.interop.context import ObjectContext

NUMBERS = (
    *("quantity", "tradePrice", "price", "tradeMoney", "proceeds", "netCash"),
    *("ibCommission", "commission", "taxes", "multiplier"),
)
OFFSET = re.compile(r"[;, ][0-9:]+(?P<offset>[+-][0-9]{2}:?[0-9]{2})$")
"""The offset from UTC after a date and a time. ibflex drops it."""
FIRST_EXECUTION = "01"
"""The last part of an `ibExecID`. A correction has the same id with another last part, such as 02
(interactivebrokers.github.io, Execution, ExecId), and the `tradeID` of what it corrects."""


def execution(row: FlexRow, parser: Any, context: FlexContext) -> list[Message]:
    """The fill of an execution, or the bust of an earlier one. The first execution of an
    instrument also defines it."""
    made = context.of(row)
    trade = _parsed(row, parser)
    _check(row)
    at = _moment(trade, row, context.options.zone)
    instrument = context.name(made, _needed(trade, "symbol"))
    definition = context.definition(row, made, instrument, at)
    messages = [*definition, *_executions(trade, row, made, instrument, at)]
    context.defined.add(instrument)
    return messages


def _parsed(row: FlexRow, parser: Any) -> Any:
    """The row, as ibflex reads it."""
    element = ElementTree.Element(row.tag, dict(row.raw))
    try:
        with warnings.catch_warnings(
            action="ignore"
        ):  # attributes newer than the library: they are in the evidence
            return parser.parse_data_element(element)
    except Exception as error:  # the library raises several kinds, with the attribute in the text
        raise InvalidMessage("", f"cannot be read: {str(error)[:200]}") from error


def _check(row: FlexRow) -> None:
    """Refuse a row with a decimal comma or the wrong sign."""
    for name in NUMBERS:
        row.amount(name)
    side, is_sale = row.get("buySell").upper(), row.get("quantity").startswith("-")
    is_cancel = row.get("transactionType").upper() == "TRADECANCEL"
    if side in ("BUY", "SELL") and not is_cancel and is_sale != (side == "SELL"):
        raise InvalidMessage("buySell", f"is {side}, but quantity is {row.get('quantity')[:50]}")
    _check_amounts(row)


def _check_amounts(row: FlexRow) -> None:
    """For stocks and options, trade money is quantity * price * multiplier, and proceeds its
    opposite. Net cash also includes commission and taxes. Source: the Flex query reference of
    Interactive Brokers, which does not document multipliers of other assets.
    """
    if row.get("assetCategory") not in ("STK", "OPT"):
        return
    names = (
        *("quantity", "tradePrice", "tradeMoney", "proceeds"),
        *("netCash", "ibCommission", "taxes", "multiplier"),
    )
    numbers = {name: row.amount(name) for name in names if row.get(name)}
    numbers.setdefault("multiplier", ONE if row.get("assetCategory") == "STK" else None)
    exact = frozenset({"quantity", "multiplier"})
    require_known("tradeMoney", "quantity * tradePrice * multiplier", numbers, exact=exact)
    require_known("proceeds", "-quantity * tradePrice * multiplier", numbers, exact=exact)
    require_known("netCash", "proceeds + ibCommission + taxes", numbers)


def _executions(
    trade: Any, row: FlexRow, made: ObjectContext, instrument: str, at: datetime
) -> list[Message]:
    """The fill, or the bust of an earlier one."""
    names = {
        "venue_order_id": str(
            _first(trade, "ibOrderID", "orderID") or _needed(trade, "brokerageOrderID")
        )
    }
    kind = str(getattr(trade, "transactionType", "") or "").rpartition(".")[2].upper()
    if kind == "TRADECANCEL" or "(Ca.)" in row.get("buySell"):
        busted = str(_first(trade, "origTradeID") or _needed(trade, "tradeID"))
        return [made.message("fill_busted", at=at, **names, fill_id=busted, instrument=instrument)]
    quantity = Decimal(_needed(trade, "quantity"))
    return [
        made.message(
            "fill",
            at=at,
            **names,
            fill_id=_fill_id(trade, row),
            instrument=instrument,
            side="buy" if quantity > 0 else "sell",
            quantity=abs(quantity),
            price=_first(trade, "tradePrice", "price"),
            **_fees(trade),
        )
    ]


def _fill_id(trade: Any, row: FlexRow) -> str:
    """IB's number of the trade, with the number of the correction if it is one."""
    name = str(_first(trade, "tradeID") or _needed(trade, "execID"))
    last = row.get("ibExecID").rpartition(".")[2] or FIRST_EXECUTION
    return name if last == FIRST_EXECUTION else f"{name}.{last}"


def _fees(trade: Any) -> Mapping[str, Any]:
    """The commission, and the taxes that IB books with the trade."""
    commission, taxes = (
        _first(trade, "ibCommission", "commission"),
        _first(trade, "taxes", "tax"),
    )
    currency = _first(trade, "ibCommissionCurrency", "commissionCurrency")
    if not taxes:
        named = {"fee": None, "fee_currency": currency}
        return {} if commission is None else {**named, "fee": -commission + 0}
    paid = [(commission or Decimal(0), currency, "commission"), (taxes, trade.currency, "tax")]
    listed = [
        {"currency": currency or trade.currency, "amount": -amount, "kind": kind}
        for amount, currency, kind in paid
        if amount
    ]
    return {"fees": listed}


def _moment(trade: Any, row: FlexRow, zone: tzinfo | None) -> datetime:
    """The time of the execution. A query can leave out the time of day: then fills cannot be put
    in order.
    """
    found, text = _first(trade, "dateTime"), row.get("dateTime")
    if not isinstance(found, datetime):
        day, clock, text = (
            _first(trade, "tradeDate"),
            _first(trade, "tradeTime"),
            row.get("tradeDate"),
        )
        if day is None or clock is None:
            raise InvalidMessage("dateTime", "is missing: include Date/Time in the Flex query")
        found = datetime.combine(day, clock)
    refuse_slashes(text)
    offset = OFFSET.search(text)
    if offset is not None:
        return found.replace(tzinfo=datetime.strptime(offset["offset"], "%z").tzinfo)
    return in_zone(found, needed_zone(zone, text), "dateTime")


def _first(trade: Any, *names: str) -> Any:
    found = (getattr(trade, name, None) for name in names)
    return next((value for value in found if value is not None and value != ""), None)


def _needed(trade: Any, name: str) -> Any:
    value = _first(trade, name)
    if value is None:
        raise InvalidMessage(name, "is missing: include it in the Flex query")
    return value
