"""Instruments and legs of FIX messages.

Source: the public FIX 4.4 specification: components Instrument and InstrumentLeg. LegPutOrCall is
of 5.0.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from orderledger import InvalidMessage
from orderledger.venues.importers.fix_tags import Tags
from orderledger.venues.importers.fix_words import PUT_OR_CALL, SIDES
from orderledger.venues.interop.context import ObjectContext

NO_SYMBOL = "[N/A]"
"""Symbol of an instrument that only SecurityID names."""

ROOT = re.compile(r"[A-Z][A-Z.]{0,5}[0-9]?")
DAY = re.compile(r"[0-9]{8}")
MONTH = re.compile(r"[0-9]{6}")
THOUSANDTHS = Decimal(1000)


class Block(NamedTuple):
    """The tags of a block about one instrument."""

    symbol: int
    security_id: int
    strike: int
    put_or_call: int
    cfi: int
    maturity: int
    month: int
    day: int | None


INSTRUMENT = Block(55, 48, 202, 201, 461, 541, 200, 205)
LEG = Block(600, 602, 612, 1358, 608, 611, 610, None)


def instrument_named(tags: Tags, context: ObjectContext, block: Block = INSTRUMENT) -> str | None:
    """The instrument of a block; None if it has none. An option that is given by root, day, strike
    and put or call has the name that OCC gives it."""
    symbol = tags.get(block.symbol)
    if symbol in (None, NO_SYMBOL):
        return context.instrument(tags.get(block.security_id) or symbol)
    return context.instrument(_option(symbol or "", tags, block) or symbol)


def _option(root: str, tags: Tags, block: Block) -> str | None:
    strike, right, day = tags.above_zero(block.strike), _right(tags, block), _day(tags, block)
    if not ROOT.fullmatch(root) or strike is None or right is None or day is None:
        return None
    scaled = strike * THOUSANDTHS
    if scaled != scaled.to_integral_value():
        return None
    return f"{root}{day[2:]}{right}{int(scaled):08d}"


def _right(tags: Tags, block: Block) -> str | None:
    """C or P: of PutOrCall, or of the second letter of a CFICode."""
    right = (tags.get(block.cfi) or "")[:2].removeprefix("O")
    return tags.word(block.put_or_call, PUT_OR_CALL) or (right if right in ("C", "P") else None)


def _day(tags: Tags, block: Block) -> str | None:
    month = tags.get(block.month) or ""
    day = tags.get(block.day) if block.day else None
    if day is not None and MONTH.fullmatch(month):
        month += day.zfill(2)
    for found in (tags.get(block.maturity) or "", month):
        if DAY.fullmatch(found):
            return found
    return None


def legs_of(tags: Tags, context: ObjectContext) -> Sequence[dict[str, Any]]:
    """The legs of a combination, as bought. Raises InvalidMessage."""
    return [_leg(leg, context) for leg in tags.groups(555, 600)]


def _leg(leg: Tags, context: ObjectContext) -> dict[str, Any]:
    side = leg.word(624, SIDES)
    if side is None:
        raise InvalidMessage("624", f"{leg.get(624)!r} is not a side that the ledger supports")
    ratio = leg.number(623) or Decimal(1)
    if ratio != ratio.to_integral_value():
        raise InvalidMessage("623", f"{ratio} is not a whole number of units")
    instrument = instrument_named(leg, context, LEG)
    return {"instrument": instrument, "side": side, "ratio": int(ratio)}
