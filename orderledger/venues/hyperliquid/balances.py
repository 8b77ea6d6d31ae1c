"""Balances of spot tokens."""

from typing import Any

from orderledger import Balance
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.message_context import MessageContext, Translated
from orderledger.venues.hyperliquid.rows import Row, Unreadable, message_of
from orderledger.venues.hyperliquid.vocabulary import SPOT


def spot_balances(payload: Any, context: MessageContext) -> Translated:
    """The balances of a `spotClearinghouseState`: each token with its `total`, which includes what
    is on hold."""
    try:
        rows = Row(payload).rows("balances")
    except Unreadable as error:
        return payload_rows.failed(error)
    return payload_rows.one_by_one(rows, lambda row: [_balance(row, context)])


def _balance(raw: Any, context: MessageContext) -> Balance:
    """The balance of a token gets a name of its own, because a perpetual may have the token's
    name.
    """
    row = Row(raw)
    return message_of(
        Balance,
        row.raw,
        account=context.account,
        at=context.at,
        source=context.source,
        instrument=f"{row.need('coin', row.word('coin'))}{SPOT}",
        quantity=row.need("total", row.number("total")),
    )
