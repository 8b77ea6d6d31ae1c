"""Reads the exchange's own fields by the tables in `sending`: side, hedge-mode position, and the
terms that ccxt reads wrong or leaves out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orderledger import PositionSide, Side
from orderledger.venues.base.fields import Document
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.sending.requests import flat
from orderledger.venues.ccxt.sending.tables import Language, language_of, meaning


@dataclass(frozen=True, slots=True)
class Sides:
    """The side of an order or a trade, if ccxt reads it wrong, and the side of its position.
    None: not stated.
    """

    side: Side | None = None
    position_side: PositionSide | None = None


def stated_terms(row: Document, context: CcxtContext) -> Mapping[str, Any]:
    """The terms in `info` that have a meaning in `[reported]`."""
    language = None if context.exchange is None else language_of(context.exchange)
    if language is None or not language.reported:
        return {}
    fields = _fields(row.get("info"), language)
    found: dict[str, Any] = {}
    for places, words in language.reported.items():
        found_meaning = meaning(places, fields, words)
        found |= (found_meaning[1] or {}) if found_meaning is not None else {}
    return found


def sides_of(row: Document, context: CcxtContext) -> Sides:
    """The values in `info`. A net position is not reported: accounts without position sides have
    one.
    """
    found = stated_terms(row, context)
    side, position = found.get("side"), found.get("position_side")
    return Sides(
        None if side is None else Side(side), None if position is None else PositionSide(position)
    )


def _fields(info: Any, language: Language) -> Mapping[str, str]:
    """The fields of `info`: nested ones only if the table names one, or if `info` is a list."""
    if isinstance(info, list) or any("." in places for places in language.reported):
        return flat(info) if isinstance(info, (dict, list)) else {}
    if not isinstance(info, dict):
        return {}
    return {
        name: str(value)
        for name, value in info.items()
        if isinstance(value, (str, int, float, Decimal)) and not isinstance(value, bool)
    }
