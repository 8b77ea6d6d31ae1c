"""The identity of a trade: its id and its order or, without an id, its order, time, price and
amount.

A trade may be repeated without its order, with its id in other letters, or with its time in another
form. It keeps the id and the order of its first report.
"""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from orderledger.extend.values import ZERO, plain
from orderledger.venues.base.fields import Document, Unreadable, is_nothing
from orderledger.venues.base.translation import NO_ORDER
from orderledger.venues.ccxt.context import CcxtContext, KnownTrade
from orderledger.venues.ccxt.reading import (
    folded_id,
    milliseconds_of,
    needed_text,
    number,
    optional,
    text,
)

TIMES = ("timestamp", "datetime")


class Identity(NamedTuple):
    """The id of a fill, and the order that it belongs to. `venue_order_id` is None for a trade
    without an order."""

    fill_id: str
    venue_order_id: str | None


def identity_of(row: Document, context: CcxtContext, seen: Counter[str]) -> Identity:
    """The identity of a trade. `seen`: the trades without an id in the same answer. Raises
    Unreadable if it cannot be determined.
    """
    order = optional([], partial(text, row, "order"))
    venue_order_id = None if order is None else context.spelling_of(order)
    fill_id = fill_id_of(row, venue_order_id, context)
    if fill_id is None:
        return _without_id(row, venue_order_id, context, seen)
    return identity_with_id(row, fill_id, venue_order_id, context)


def fill_id_of(row: Document, venue_order_id: str | None, context: CcxtContext) -> str | None:
    """The id of a trade within its order at this exchange, as the ledger has it already, else in
    one spelling. None if the exchange gives trades no ids.
    """
    if is_nothing(row.get("id")):
        return None
    given = needed_text(row, "id")
    as_given, folded = (":".join(_parts(row, name, context)) for name in (given, folded_id(given)))
    is_known = as_given != folded and context.has_fill(
        venue_order_id or f"{NO_ORDER}{as_given}", as_given
    )
    return as_given if is_known else folded


def identity_with_id(
    row: Document, fill_id: str, venue_order_id: str | None, context: CcxtContext
) -> Identity:
    """The identity of a trade with an id: that of its first report, if it was reported before."""
    found = Identity(fill_id, venue_order_id)
    key = (text(row, "symbol"), text(row, "side"), fill_id.casefold())
    trade = KnownTrade(
        fill_id,
        venue_order_id,
        number(row, "price"),
        number(row, "amount"),
        milliseconds_of(row, *TIMES),
    )
    known = context.memory.trades.get(key)
    if known is None:
        if venue_order_id is not None and context.known(f"{NO_ORDER}{fill_id}") is not None:
            trade = trade._replace(venue_order_id=None)
        context.memory.remember_trade(key, trade)
        return Identity(fill_id, trade.venue_order_id)
    if not _may_be_one(known.venue_order_id, venue_order_id):
        return found
    is_same = known.fill_id == fill_id or known[2:] == trade[2:]
    return Identity(known.fill_id, known.venue_order_id) if is_same else found


def _may_be_one(one: str | None, other: str | None) -> bool:
    """Whether two ids may identify the same order."""
    return one is None or other is None or one.casefold() == other.casefold()


def _without_id(
    row: Document, venue_order_id: str | None, context: CcxtContext, seen: Counter[str]
) -> Identity:
    """An id made from the order (else symbol and side), the time, price and amount, and the trade's
    number among equals.

    Raises Unreadable if the time has no milliseconds, or if an equal trade came with an order and
    another without.
    """
    at = _needed_milliseconds(row)
    amount, price = number(row, "amount") or ZERO, number(row, "price") or ZERO
    symbol, side = text(row, "symbol"), text(row, "side")
    numbers = ":".join((at, plain(price), plain(amount)))
    without_order = f"{symbol}:{side}:{numbers}"
    spellings = context.memory.orders_of_trades(without_order)
    order = (
        None if venue_order_id is None else spellings.get(venue_order_id.casefold(), venue_order_id)
    )
    _require_order(spellings, order, context, f"{NO_ORDER}{without_order}:1")
    spellings["" if order is None else order.casefold()] = order
    made_up = without_order if order is None else f"{order}:{numbers}"
    seen[made_up] += 1
    return Identity(f"{made_up}:{seen[made_up]}", order)


def _require_order(
    spellings: dict[str, str | None], order: str | None, context: CcxtContext, without_order: str
) -> None:
    """Refuse a trade without an id that may be a repetition, once with an order and once
    without.
    """
    others = [other for other in spellings.values() if other is not None]
    if order is None and others:
        raise Unreadable(
            f"order and id are missing: the trade may be one of order {others[0]}, which was "
            "reported with its order"
        )
    if order is not None and (
        None in spellings.values() or context.known(without_order) is not None
    ):
        raise Unreadable(
            f"order is {order}, and id is missing: the trade may be one that was reported without "
            "an order"
        )


def _parts(row: Document, name: str, context: CcxtContext) -> Iterator[str]:
    """The parts of the id of a fill. `name`: the id of the trade."""
    for part in context.quirks.fill_parts:
        if part == "id":
            yield name
        else:
            yield _needed_milliseconds(row) if part in TIMES else needed_text(row, part)


def _needed_milliseconds(row: Document) -> str:
    found = milliseconds_of(row, *TIMES)
    if found is None:
        name = next((name for name in TIMES if not is_nothing(row.get(name))), TIMES[0])
        fault = "is missing" if is_nothing(row.get(name)) else "has no milliseconds"
        raise Unreadable(f"{name} {fault}: they are needed to make an id for the trade")
    return str(found)
