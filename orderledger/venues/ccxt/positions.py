"""Reads side and hedge-mode position from the exchange's own fields, by the tables in `sending`."""

from dataclasses import dataclass
from typing import Any

from orderledger import PositionSide, Side
from orderledger.venues.base.fields import Document
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.sending.tables import language_of, meaning


@dataclass(frozen=True, slots=True)
class Sides:
    """The side of an order or a trade, if ccxt reads it wrong, and the side of its position.
    None: not stated.
    """

    side: Side | None = None
    position_side: PositionSide | None = None


def sides_of(row: Document, context: CcxtContext) -> Sides:
    """The values in `info`. A net position is not reported: accounts without position sides have
    one.
    """
    language, info = (
        None if context.exchange is None else language_of(context.exchange),
        row.get("info"),
    )
    if language is None or not isinstance(info, dict):
        return Sides()
    fields = {
        name: str(value)
        for name, value in info.items()
        if isinstance(value, (str, int)) and not isinstance(value, bool)
    }
    found: dict[str, Any] = {}
    for places, words in language.reported.items():
        found_meaning = meaning(places, fields, words)
        found |= (found_meaning[1] or {}) if found_meaning is not None else {}
    side, position = found.get("side"), found.get("position_side")
    return Sides(
        None if side is None else Side(side), None if position is None else PositionSide(position)
    )
