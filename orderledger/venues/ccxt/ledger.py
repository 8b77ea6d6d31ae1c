"""Translates unified ledger entries to transfers.

Sources: docs.ccxt.com, "Ledger entry structure"; the own words of an exchange in its row of
`quirks`. Trades, their fees and fundings are read elsewhere. Deposits and withdrawals have other
ids here than in their own lists. So they are read here only if the exchange has no such list. An
unknown word is unreadable: it is counted and shown.
"""

from collections.abc import Sequence, Set
from decimal import Decimal
from functools import partial
from typing import Any

from orderledger import Transfer, TransferKind
from orderledger.extend.values import EXACT, ZERO
from orderledger.venues.base.fields import Document, Unreadable
from orderledger.venues.base.translation import Translation, guarded, joined
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.ledger_words import (
    CROSSING,
    DELIVERED,
    READ_ELSEWHERE,
    UNIFIED,
    Meaning,
)
from orderledger.venues.ccxt.reading import needed_text, number, row_of, text, time_of
from orderledger.venues.ccxt.settlements import settlement_messages

IN, OUT = "in", "out"
CROSSINGS = {IN: TransferKind.DEPOSIT, OUT: TransferKind.WITHDRAWAL}


def ledger_messages(
    rows: Sequence[Any], context: CcxtContext, listed: Set[TransferKind] = frozenset()
) -> Translation:
    """The transfers of ledger entries. `listed`: deposits, withdrawals or both, if other lists have
    them."""
    return joined(guarded(partial(_entry, row, context, listed), row) for row in rows)


def _entry(raw: Any, context: CcxtContext, listed: Set[TransferKind]) -> Translation:
    row = row_of(raw)
    word, meaning = _meaning(row, context)
    if meaning is READ_ELSEWHERE or text(row, "status") in ("pending", "failed", "canceled"):
        return Translation()
    if meaning is DELIVERED:
        return settlement_messages([row], context)
    direction = text(row, "direction")
    if direction not in (IN, OUT):
        raise Unreadable(f"a {word} has no direction")
    kind = CROSSINGS[direction] if meaning is CROSSING else TransferKind(meaning)
    if kind in listed:
        return Translation()
    amount, note = _moved(row, direction, context)
    if not amount:
        return Translation()
    name, is_plain = needed_text(row, "id"), meaning is CROSSING or word == "transfer"
    message = Transfer(
        account=context.account,
        currency=needed_text(row, "currency"),
        amount=amount,
        kind=kind,
        venue_id=name if is_plain else f"{word}:{name}",  # ids may be unique within a word only
        reason=None if is_plain else word,
        text=note,
        at=time_of(row, "timestamp", "datetime") or context.received_at,
        source=context.source,
        evidence=row,
    )
    return Translation([message])


def _meaning(row: Document, context: CcxtContext) -> tuple[str, Meaning]:
    """The word of an entry and its meaning: the exchange's own word if it has a table."""
    words, word = context.quirks.ledger_words, text(row, "type")
    if words is not None:
        word = needed_text(row_of(row.get("info")), context.quirks.ledger_field)
    meaning = (words or UNIFIED).get(word or "")
    if word is None or meaning is None:
        raise Unreadable(f"a ledger entry {word} is not known")
    return _named(word, text(row, "type")).lower(), meaning


def _named(word: str, unified: str | None) -> str:
    """The word that names an entry. A code has ccxt's word, unless that means a fact that is read
    elsewhere."""
    is_code = word.isdigit() and UNIFIED.get(unified or "") not in (None, READ_ELSEWHERE)
    return unified if is_code and unified else word


def _moved(row: Document, direction: str, context: CcxtContext) -> tuple[Decimal, str | None]:
    """The signed change of the balance, and a note about the fee."""
    size, fee = number(row, "amount"), row.get("fee")
    if size is None:
        raise Unreadable("amount is missing")
    moved = abs(size) if direction == IN else EXACT.copy_negate(abs(size))
    cost = (number(fee, "cost") if isinstance(fee, dict) else None) or ZERO
    if not cost:
        return moved, None
    if context.quirks.ledger_pays_fee:
        return EXACT.subtract(moved, cost), f"includes the fee {cost:f}"
    return moved, f"fee {cost:f}: not documented whether the amount includes it"
