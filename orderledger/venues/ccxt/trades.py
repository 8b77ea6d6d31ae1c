"""Translates a unified trade to a fill."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from orderledger import Fill
from orderledger.extend.messages import facts
from orderledger.extend.values import EXACT, ZERO, plain
from orderledger.venues.base.fields import Document, Unreadable, is_nothing
from orderledger.venues.base.translation import (
    NO_ORDER,
    Translation,
    guarded,
    joined,
    whole_order,
)
from orderledger.venues.ccxt.conditional import of_maker
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.positions import sides_of
from orderledger.venues.ccxt.reading import (
    UNREADABLE,
    lenient,
    needed_text,
    number,
    optional,
    positive,
    remark,
    text,
    time_of,
)
from orderledger.venues.ccxt.trade_identity import Identity, identity_of
from orderledger.venues.ccxt.vocabulary import LIQUIDITY, SIDES

LONGEST_NUMBER = 18


def trade_messages(rows: Sequence[Any], context: CcxtContext) -> Translation:
    """The fills of an answer or an update. Equal trades without an id in one answer are
    different trades.
    """
    seen: Counter[str] = Counter() if context.equal_trades is None else context.equal_trades
    return joined(guarded(partial(_read, row, context, seen), row) for row in rows)


def is_hollow(row: Document) -> bool:
    """Whether a trade has no amount and no price: kraken lists only the ids of an order's
    trades.
    """
    return all(is_nothing(row.get(name)) for name in ("amount", "price"))


def fill_of(
    row: Document, context: CcxtContext, *, identity: Identity, evidence: facts.Evidence
) -> Fill:
    """The fill of a trade. The amount of a contract is the number of contracts."""
    fill_id, venue_order_id = identity
    sides, amount, price = sides_of(row, context), positive(row, "amount"), number(row, "price")
    side = sides.side or SIDES.get(text(row, "side") or "")
    if side is None or amount is None or price is None:
        raise Unreadable("side, amount or price is missing")
    notes = [str(row[UNREADABLE])] if row.get(UNREADABLE) else []
    fees, others = optional(notes, partial(_fees, row)) or ({}, None)
    needed: Document = {
        "account": context.account,
        "venue_order_id": venue_order_id or f"{NO_ORDER}{fill_id}",
        "instrument": needed_text(row, "symbol"),
        "side": side,
        "fill_id": fill_id,
        "quantity": amount,
        "price": price,
        "at": optional(notes, partial(time_of, row, "timestamp", "datetime"))
        or context.received_at,
        "source": context.source,
        "evidence": evidence,
    }
    extras: Document = {
        **fees,
        "liquidity": LIQUIDITY.get(
            (optional(notes, partial(text, row, "takerOrMaker")) or "").lower()
        ),
        "position_side": sides.position_side,
        "sequence": _sequence(row, context),
    }
    fill = lenient(Fill, notes, needed, extras)
    fill = fill.model_copy(update={"text": remark(others, *map("not read: {}".format, notes))})
    return fill if venue_order_id is not None else whole_order(fill)


def _read(raw: Any, context: CcxtContext, seen: Counter[str]) -> Translation:
    if isinstance(raw, str):  # trades that may be missing, see `trade_pages`
        raise Unreadable(raw)
    if not isinstance(raw, dict):
        raise Unreadable("is not a row")
    # also a row that ccxt could not read unchanged: the required fields may be there
    row = facts.Evidence(raw)
    if is_hollow(row):
        return Translation()
    fill = fill_of(row, context, identity=identity_of(row, context, seen), evidence=row)
    return of_maker(raw, context) + Translation((fill,))


def _sequence(row: Document, context: CcxtContext) -> int | None:
    """The number of the trade, if trades of one instrument are numbered in their order."""
    name = row.get("id")
    is_number = (
        isinstance(name, str) and name.isascii() and name.isdigit() and len(name) <= LONGEST_NUMBER
    )
    return int(name) if is_number and context.quirks.orders_trades else None  # type: ignore[arg-type]


def _fees(row: Document) -> tuple[Document, str | None]:
    """The fields of the fees, and a note about fees without a currency beside others. `fees` of
    ccxt has a row for each currency (docs.ccxt.com, "Trade structure"). Rebates are negative.
    """
    listed = row.get("fees")
    rows = listed if isinstance(listed, list) and listed else [row.get("fee")]
    paid: dict[str | None, Decimal] = {}
    for one in rows:
        cost = number(one, "cost") if isinstance(one, dict) else None
        if isinstance(one, dict) and cost is not None:
            currency = text(one, "currency")
            paid[currency] = EXACT.add(paid.get(currency, ZERO), cost)
    owed = {currency: cost for currency, cost in paid.items() if cost} or dict([*paid.items()][:1])
    nameless = owed.pop(None, None) if len(owed) > 1 else None
    note = None if nameless is None else f"further fees: {plain(nameless)} ?"
    if len(owed) > 1:
        return {"fees": [{"currency": name, "amount": cost} for name, cost in owed.items()]}, note
    return next(({"fee": cost, "fee_currency": name} for name, cost in owed.items()), {}), note
