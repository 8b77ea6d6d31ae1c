"""Translates unified transactions to transfers.

Source: docs.ccxt.com, "Transaction structure". The `amount` is absolute and does not include the
fee. The `status` is pending, ok, failed or canceled. Other types are unreadable: they are counted
and shown.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from orderledger import Message, Transfer, TransferKind
from orderledger.extend.values import EXACT
from orderledger.venues.base.fields import Document, Unreadable
from orderledger.venues.base.translation import Translation, guarded, joined
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.reading import needed_text, number, row_of, text, time_of

KINDS = {
    "deposit": TransferKind.DEPOSIT,
    "withdrawal": TransferKind.WITHDRAWAL,
    "transfer": TransferKind.INTERNAL,
}
"""By `type`."""
IN, OUT = "in", "out"
DIRECTIONS = {"deposit": IN, "withdrawal": OUT}
"""Of transactions. A ledger entry says its own."""


def transfer_messages(rows: Sequence[Any], context: CcxtContext) -> Translation:
    """Deposits and withdrawals that are complete, and transfers between wallets."""
    return joined(guarded(partial(_transfer, row, context), row) for row in rows)


def _transfer(raw: Any, context: CcxtContext) -> Translation:
    row = row_of(raw)
    name, amount = needed_text(row, "type"), number(row, "amount")
    direction = DIRECTIONS.get(name) or text(row, "direction")
    if name not in KINDS or direction not in (IN, OUT):
        raise Unreadable(f"a {name} {direction or ''} is not a transfer that is known")
    if amount is None:
        raise Unreadable("amount is missing")
    if text(row, "status") not in (None, "ok"):
        return Translation()
    moved = abs(amount) if direction == IN else EXACT.copy_negate(abs(amount))
    given: Document = {
        "account": context.account,
        "at": time_of(row, "timestamp", "datetime") or context.received_at,
        "source": context.source,
        "evidence": row,
    }
    name_of = needed_text(row, "id")
    message = Transfer(
        **given,
        currency=needed_text(row, "currency"),
        amount=moved,
        kind=KINDS[name],
        venue_id=name_of,
    )
    return Translation([message, *_fee(row, name_of, direction, given)])


def _fee(row: Document, name: str, direction: str, given: Document) -> list[Message]:
    """The fee of a withdrawal, which is paid besides its amount."""
    fee = row.get("fee")
    cost = number(fee, "cost") if isinstance(fee, dict) else None
    if not isinstance(fee, dict) or not cost or direction == IN:
        return []
    currency = text(fee, "currency") or needed_text(row, "currency")
    paid = EXACT.copy_negate(cost)
    return [
        Transfer(
            **given,
            currency=currency,
            amount=paid,
            kind=TransferKind.OTHER,
            venue_id=f"{name}:fee",
            reason="withdrawal_fee",
        )
    ]
