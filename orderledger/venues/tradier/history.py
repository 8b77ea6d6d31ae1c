"""Translates an account's history to transfers.

Sources: docs.tradier.com, "History" (`amount`, `date`, `type`); developer.tradier.com, "Get an
account's history": its types; updated every night, with days instead of times, and without ids. So
a row is identified by its fields, and by its number among equal rows of the day.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from orderledger import Transfer, TransferKind
from orderledger.venues.base.fields import Document, Unreadable, moment, needed_word
from orderledger.venues.base.translation import Translation, as_text, guarded, joined
from orderledger.venues.tradier.context import TradierContext
from orderledger.venues.tradier.reading import number
from orderledger.venues.tradier.vocabulary import CURRENCY

KINDS = {
    **dict.fromkeys(("ach", "check", "transfer", "wire", "adjustment", "fee"), TransferKind.OTHER),
    "dividend": TransferKind.DIVIDEND,
    "interest": TransferKind.INTEREST,
    "journal": TransferKind.INTERNAL,
    "tax": TransferKind.TAX,
}
"""By `type`. The amount is signed: a deposit is positive."""
MONEY = frozenset({"ach", "check", "transfer", "wire"})
"""Types of deposits and withdrawals."""
TRADES = frozenset({"trade"})
"""Types that the fills of orders report."""
DIGITS = 16


def history_messages(rows: Sequence[Any], context: TradierContext) -> Translation:
    """The transfers among the rows of some whole days."""
    numbers: Counter[str] = Counter()
    found = []
    for row in rows:
        name = sha256(as_text(row).encode()).hexdigest()[:DIGITS]
        numbers[name] += 1
        found.append((row, f"{name}-{numbers[name]}"))
    return joined(
        guarded(lambda row=row, name=name: _event(row, name, context), row)  # type: ignore[misc]
        for row, name in found
    )


def _event(row: Any, name: str, context: TradierContext) -> Translation:
    if not isinstance(row, dict):
        raise Unreadable("is not a row")
    word, amount = needed_word(row, "type"), number(row, "amount")
    if word in TRADES or (amount is not None and not amount):
        return Translation()
    if word not in KINDS or amount is None:
        raise Unreadable(f"an event {word} of the history is not a transfer that is known")
    kind = KINDS[word]
    if word in MONEY:
        kind = TransferKind.DEPOSIT if amount > 0 else TransferKind.WITHDRAWAL
    at = moment(row, "date")
    if at is None:
        raise Unreadable("date is missing")
    given: Document = {"account": context.account, "at": at, "source": context.source}
    return Translation(
        [
            Transfer(
                **given,
                currency=CURRENCY,
                amount=amount,
                kind=kind,
                venue_id=f"{at:%Y-%m-%d}-{word}-{name}",
                evidence=row,
            )
        ]
    )
