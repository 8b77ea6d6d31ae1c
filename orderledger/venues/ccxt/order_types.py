"""The type of a unified order, which ccxt reports as a price, a word or a direction."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orderledger import OrderType
from orderledger.venues.base.fields import Document, is_nothing
from orderledger.venues.ccxt.reading import positive, text
from orderledger.venues.ccxt.vocabulary import (
    ATTACHED,
    ORDER_TYPES,
    PROFIT_TYPES,
    STOPPED_TYPES,
    TRIGGERS,
    TYPE_WORDS,
)

TAKES_PROFIT = re.compile(r"take.?profit|profit_plan|^tp$| tp$")
CONDITIONAL = re.compile(r"stop|take.?profit|profit|loss|conditional|trigger|^tp$|^sl$")
PLAIN = ("limit", "market")
TRAILS = re.compile(r"trailing.?stop|move_order_stop")


def conditional(
    row: Document, stated: Mapping[str, Any]
) -> tuple[OrderType | None, Decimal | None]:
    """The type, and the trigger price. An attached order is not a trigger. `stated`: the terms in
    the exchange's own fields. A trailing stop has no trigger price of its own.
    """
    kind = (
        None
        if is_nothing(row.get("type"))
        else ORDER_TYPES.get(text(row, "type") or "", OrderType.OTHER)
    )
    words = _type_words(row)
    if stated.get("trails") or TRAILS.search(words):
        return OrderType.TRAILING_STOP, None
    stop, loss, profit = positive(row, *TRIGGERS), *(positive(row, name) for name in ATTACHED)
    is_profit = (
        stated.get("takes_profit")
        or TAKES_PROFIT.search(words) is not None
        or (stop is not None and stop == profit and loss is None)
    )
    if stop is None and CONDITIONAL.search(words):
        stop = profit if is_profit or loss is None else loss
        is_profit = is_profit or loss is None
    named = stated.get("order_type")
    if named is not None and (stop is not None or named in PLAIN):
        return OrderType(named), stop
    if stop is None or kind is None:
        return kind, stop
    return (PROFIT_TYPES if is_profit else STOPPED_TYPES).get(kind, kind), stop


def _type_words(row: Document) -> str:
    """The exchange's own words for the type, in lower case."""
    info = row.get("info")
    found = [info, info.get("descr")] if isinstance(info, dict) else []
    words = (one.get(name) for one in found if isinstance(one, dict) for name in TYPE_WORDS)
    return " ".join(word.lower() for word in words if isinstance(word, str))
