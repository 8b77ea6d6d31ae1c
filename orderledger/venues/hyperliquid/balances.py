"""Balances of spot tokens.

A token that is collateral of perpetuals is held in several wallets. How they add up depends on the
mode of the account (hyperliquid.gitbook.io, "Account abstraction modes"). So its spot wallet is not
the balance of the currency, and has a name of its own.
"""

from collections.abc import Container
from typing import Any

from orderledger import Balance
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.message_context import MessageContext, Translated
from orderledger.venues.hyperliquid.rows import Row, Unreadable, message_of
from orderledger.venues.hyperliquid.vocabulary import SETTLEMENT_CURRENCY, SPOT


def spot_balances(
    payload: Any,
    context: MessageContext,
    collaterals: Container[str] = frozenset({SETTLEMENT_CURRENCY}),
) -> Translated:
    """The balances of a `spotClearinghouseState`: each token with its `total`, which includes what
    is on hold (hyperliquid.gitbook.io, "Spot"). `collaterals`: tokens of other wallets too."""
    try:
        rows = Row(payload).rows("balances")
    except Unreadable as error:
        return payload_rows.failed(error)
    return payload_rows.one_by_one(rows, lambda row: [_balance(row, context, collaterals)])


def _balance(raw: Any, context: MessageContext, collaterals: Container[str]) -> Balance:
    row = Row(raw)
    token, total = row.need("coin", row.word("coin")), row.need("total", row.number("total"))
    held = (
        {"instrument": f"{token}{SPOT}", "quantity": total}
        if token in collaterals
        else {"currency": token, "amount": total}
    )
    return message_of(
        Balance,
        row.raw,
        account=context.account,
        at=context.at,
        source=context.source,
        **held,
    )
