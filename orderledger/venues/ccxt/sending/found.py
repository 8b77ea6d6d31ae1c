"""`found_terms`: the terms of an order in a request that ccxt is about to send. Needs no ccxt."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from orderledger.extend.values import EXACT
from orderledger.venues.ccxt.sending.requests import NOT_AS_MEANT, Fields, number_in
from orderledger.venues.ccxt.sending.tables import Shape, meaning
from orderledger.venues.errors import NotSent

NO_NUMBER = ("", "0", "-1")
"""Values that mean no price."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EXPIRIES: Mapping[str, timedelta | None] = {
    "expire_seconds": timedelta(seconds=1),
    "expire_milliseconds": timedelta(milliseconds=1),
    "expire_time": None,
}
"""The unit of an expiry, by the value's name. None: it is RFC 3339."""
TRAILS: Mapping[str, tuple[str, Decimal]] = {
    "trail_amount": ("amount", Decimal(1)),
    "trail_percent": ("percent", Decimal(1)),
    "trail_ratio": ("percent", Decimal(100)),
    "trail_points": ("percent", Decimal("0.01")),
}
"""The unit of a trail offset, and the factor of its number, by the value's name."""


def found_terms(fields: Fields, shape: Shape) -> dict[str, Any]:
    """The terms of an order in a request. Raises NotSent for a word that is not in the table."""
    found: dict[str, Any] = {
        "time_in_force": "gtc",
        "post_only": False,
        "reduce_only": False,
        "quantity_in": "base",
        "trails": False,
    }
    for places, words in shape.words.items():
        if (pair := meaning(places, fields, words)) is not None:
            written, terms = pair
            if terms is None:
                raise NotSent(
                    NOT_AS_MEANT, f"ccxt would send {places} {written!r}, whose meaning is unknown"
                )
            found |= terms
    for pattern, terms in shape.has.items():
        found |= terms if any(fnmatchcase(name, pattern) for name in fields) else {}
    for term, listed in shape.values.items():
        value = next(
            (fields[name] for place in listed for name in fields if fnmatchcase(name, place)), None
        )
        found |= {} if value is None else _value(term, value)
    is_stop = found.pop("is_stop", not shape.marks_stops and "stop_price" in found)
    if is_stop is not ("stop_price" in found):
        found["stop_price"] = "missing" if is_stop else "a field without effect"
    return completed(found, shape)


def completed(found: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """Terms derived from the others: the currency in which a market buy counts, reduce-only, and
    whether an order takes profit. In hedge mode, an order on the other side of its position only
    reduces it.
    """
    side, position = found.get("side"), found.get("position_side")
    if shape.buys_by_cost and (side, found.get("order_type")) == ("buy", "market"):
        found["quantity_in"] = "quote"
    if "quote_quantity" in found:
        found["quantity_in"] = "quote"
    elif found["quantity_in"] == "quote" and "quantity" in found:
        found["quote_quantity"] = found.pop("quantity")
    if position is not None:
        found["reduce_only"] = (side == "sell") is (position == "long")
    if "stop_direction" in found:
        found.setdefault("takes_profit", (found["stop_direction"] == "up") is not (side == "buy"))
    found.setdefault("takes_profit", False)
    if "stop_price" in found:
        rises = (side == "buy") is not found["takes_profit"]
        found.setdefault("stop_direction", "up" if rises else "down")
    return found


def _value(term: str, value: str) -> dict[str, Any]:
    if term in ("instrument", "client_order_id"):
        return {term: value}
    if term in EXPIRIES:
        return {"expire_at": _time(value, EXPIRIES[term])}
    if term in TRAILS:
        unit, factor = TRAILS[term]
        number = number_in(value.removesuffix("%"))
        scaled = None if number is None else EXACT.multiply(number, factor)
        return {"trail_offset": scaled, "trail_offset_type": unit}
    if value in NO_NUMBER:
        return {}
    number = number_in(value)
    if term == "signed_quantity" and number is not None:
        return {"quantity": abs(number), "side": "buy" if number > 0 else "sell"}
    return {term: number}


def _time(value: str, unit: timedelta | None) -> datetime | None:
    """A Unix time in this unit, or RFC 3339."""
    try:
        return datetime.fromisoformat(value) if unit is None else EPOCH + int(value) * unit
    except (ValueError, OverflowError):
        return None
