"""Translates unified positions, balances and fundings to messages."""

from collections.abc import Container, Sequence
from functools import partial
from typing import Any

from orderledger import Balance, Funding, PositionSide
from orderledger.venues.base.fields import Document, Unreadable
from orderledger.venues.base.translation import Translation, guarded, joined
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.positions import sides_of
from orderledger.venues.ccxt.reading import (
    needed_text,
    number,
    positive,
    row_of,
    text,
    time_of,
)

TOTALS = ("info", "timestamp", "datetime", "free", "used", "total", "debt")
"""Fields of a balance that are not currencies."""
WALLET = "wallet"


def position_messages(rows: Sequence[Any], context: CcxtContext) -> Translation:
    """The positions, as numbers of contracts, negative if short. A long and a short position of
    one instrument are its two sides.
    """
    hedged = _hedged(rows)
    return joined(guarded(partial(_position, row, context, hedged), row) for row in rows)


def _hedged(rows: Sequence[Any]) -> frozenset[str]:
    """The instruments with both a long and a short position."""
    sides: dict[str, list[Any]] = {}
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("symbol"), str):
            sides.setdefault(row["symbol"], []).append(row.get("side"))
    return frozenset(
        symbol for symbol, found in sides.items() if found in (["long", "short"], ["short", "long"])
    )


def balance_messages(
    document: Any, context: CcxtContext, *, is_wallet: bool = False
) -> Translation:
    """The currencies of a balance. `is_wallet`: of a spot account, whose `total` is free and used
    (docs.ccxt.com, "Balance structure"). That of a contract account may contain unrealized P&L: it
    has the name of an instrument, and is not compared. The wallet of some exchanges does not.
    """
    if not isinstance(document, dict):
        return Translation()
    named = {
        name: row for name, row in document.items() if name not in TOTALS and isinstance(row, dict)
    }
    if not is_wallet:
        named |= _wallets(document.get("info"), context.quirks.wallet, named)
    return joined(
        guarded(partial(_currency, name, row, context, is_wallet), row)
        for name, row in named.items()
    )


def _wallets(
    info: Any, where: tuple[str, str, str] | None, named: Container[str]
) -> dict[str, Document]:
    """The rows of a contract account's wallet, by currency. `named`: the currencies that ccxt takes
    for valid."""
    if where is None or not isinstance(info, dict):
        return {}
    rows, name, held = where
    listed = info.get(rows)
    found = (row for row in listed if isinstance(row, dict)) if isinstance(listed, list) else ()
    return {
        row[name]: {WALLET: row[held], "info": row}
        for row in found
        if isinstance(row.get(name), str) and row[name] in named and row.get(held) is not None
    }


def funding_messages(rows: Sequence[Any], context: CcxtContext) -> Translation:
    """The fundings, positive if received."""
    return joined(guarded(partial(_funding, row, context), row) for row in rows)


def _position(raw: Any, context: CcxtContext, hedged: frozenset[str]) -> Translation:
    row = row_of(raw)
    contracts, side = number(row, "contracts"), text(row, "side")
    if contracts is None or (contracts and side not in ("long", "short")):
        raise Unreadable("contracts or side is missing")
    quantity = -abs(contracts) if side == "short" else abs(contracts)
    instrument, position_side = needed_text(row, "symbol"), sides_of(row, context).position_side
    if position_side is None and instrument in hedged and side is not None:
        position_side = PositionSide(side)
    price = positive(row, "entryPrice")
    held: Document = {
        "instrument": instrument,
        "quantity": quantity,
        "average_price": price,
        "position_side": position_side,
    }
    at = context.received_at or time_of(row, "timestamp", "datetime")
    return Translation(
        [Balance(account=context.account, **held, at=at, source=context.source, evidence=row)]
    )


def _currency(name: str, raw: Any, context: CcxtContext, is_wallet: bool) -> Translation:
    row = row_of(raw)
    wallet = number(row, WALLET)
    total = number(row, "total") if wallet is None else wallet
    if total is None:
        return Translation()
    is_compared = is_wallet or wallet is not None
    subject, figure = ("currency", "amount") if is_compared else ("instrument", "quantity")
    held: Document = {subject: name, figure: total}
    return Translation(
        [
            Balance(
                account=context.account,
                **held,
                at=context.received_at,
                source=context.source,
                evidence=row,
            )
        ]
    )


def _funding(raw: Any, context: CcxtContext) -> Translation:
    row = row_of(raw)
    amount, name = number(row, "amount"), text(row, "id")
    if amount is None:
        raise Unreadable("amount is missing")
    return Translation(
        [
            Funding(
                account=context.account,
                instrument=needed_text(row, "symbol"),
                amount=amount,
                currency=needed_text(row, "code"),
                at=time_of(row, "timestamp", "datetime") or context.received_at,
                message_id=None if name is None else f"funding:{name}",
                source=context.source,
                evidence=row,
            )
        ]
    )
