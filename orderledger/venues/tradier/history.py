"""Translates an account's history to transfers and settlements.

Sources: docs.tradier.com, "History" (`amount`, `date`, `type`); developer.tradier.com, "Get an
account's history": its types; updated every night, with days instead of times, and without ids. So
a row is identified by its fields, and by its number among equal rows of the day. The parts of a row
(`option`, `journal`, …) and the words of `option_type`: see `ROWS`.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from orderledger import Message, Settle, Transfer, TransferKind
from orderledger.extend.values import EXACT, plain
from orderledger.venues.base.fields import Document, Unreadable, moment, needed_word, word
from orderledger.venues.base.row_meanings import RowMeaning
from orderledger.venues.base.translation import (
    Fault,
    Translation,
    as_text,
    guarded,
    joined,
)
from orderledger.venues.tradier.context import TradierContext
from orderledger.venues.tradier.reading import number
from orderledger.venues.tradier.vocabulary import CURRENCY, OPTION_MULTIPLIER, STANDARD_OPTION

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
OPTION = "option"
EXPIRED, ASSIGNED = "optexp", "assignment"
"""Words of `option_type`, in lower case."""
STRIKE_DIGITS = 8
THOUSANDTH = Decimal("0.001")
END_OF_DAY = timedelta(days=1) - timedelta(seconds=1)
"""A row has only the day. An option ends after the last trade of its day."""
DIGITS = 16

CLIENT = "github.com/phileaton/tradier-python, pull request 2: found in a history"
ROWS = (
    RowMeaning(
        "trade", "counted: the fills of orders report it", "developer.tradier.com, Get history"
    ),
    RowMeaning(
        "option, option_type OPTEXP, with a symbol",
        "`settle` (expiry) at price 0, at the end of the day",
        "the sample of docs.tradier.com, which has no symbol",
    ),
    RowMeaning(
        "option, option_type assignment, with a symbol",
        "`settle` (assignment) into the shares at the strike, with `premium` carry",
        CLIENT,
    ),
    RowMeaning("option without a symbol, or of another option_type", "listed", "as above"),
    RowMeaning(
        "ach, wire, check, transfer",
        "`transfer` (deposit, withdrawal)",
        "the sample of docs.tradier.com; real rows of ach and transfer in public clients' tests",
    ),
    RowMeaning("dividend", "`transfer` (dividend)", "the sample of docs.tradier.com"),
    RowMeaning("interest, tax", "`transfer` (interest, tax)", "the list of types alone"),
    RowMeaning("fee, adjustment", "`transfer` (other)", "the list of types alone"),
    RowMeaning("journal", "`transfer` (internal)", "the sample of docs.tradier.com"),
    RowMeaning(
        "a row of money with a quantity",
        "listed besides: it names no security",
        "the list of fields of the parts",
    ),
    RowMeaning("a split, and any other type", "listed", "none was found"),
)


def history_messages(rows: Sequence[Any], context: TradierContext) -> Translation:
    """The transfers and settlements among the rows of some whole days."""
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
    kind, amount = needed_word(row, "type"), number(row, "amount")
    if kind in TRADES:
        return Translation()
    at = moment(row, "date")
    if at is None:
        raise Unreadable("date is missing")
    given: Document = {"account": context.account, "source": context.source, "evidence": row}
    if kind == OPTION:
        if amount:
            raise Unreadable(f"an option event moves {plain(amount)}, which is not documented")
        return Translation([_settled(row, at, name, given)])
    if kind not in KINDS or amount is None:
        raise Unreadable(f"an event {kind} of the history is not a transfer that is known")
    return _moved(row, kind, amount, at, name, given)


def _moved(
    row: Document, kind: str, amount: Decimal, at: datetime, name: str, given: Document
) -> Translation:
    """The transfer, and a fault for securities that moved with it."""
    of = KINDS[kind]
    if kind in MONEY:
        of = TransferKind.DEPOSIT if amount > 0 else TransferKind.WITHDRAWAL
    moved: list[Message] = []
    if amount:
        named = {"venue_id": f"{at:%Y-%m-%d}-{kind}-{name}", **_cause(row, kind)}
        moved = [Transfer(**given, at=at, currency=CURRENCY, amount=amount, kind=of, **named)]
    quantity = number(_part(row, kind), "quantity")
    faults = (
        [Fault(f"an event {kind} moves {plain(quantity)} of a security that it does not name", row)]
        if quantity
        else []
    )
    return Translation(moved, faults)


def _cause(row: Document, kind: str) -> Document:
    symbol = _symbol(row, kind)
    return {} if symbol is None else {"cause": {"kind": kind, "instrument": symbol}}


def _settled(row: Document, at: datetime, name: str, given: Document) -> Message:
    """The settlement of an option. Raises Unreadable if the row does not say which, or how."""
    part, symbol = _part(row, OPTION), _symbol(row, OPTION)
    what = needed_word(part, "option_type")
    quantity = number(part, "quantity")
    if what.lower() not in (EXPIRED, ASSIGNED):
        raise Unreadable(f"an option event {what} is not known")
    if symbol is None or STANDARD_OPTION.fullmatch(symbol) is None or not quantity:
        raise Unreadable(f"an option event {what} names no standard option with a quantity")
    leg = _delivered(symbol, abs(quantity)) if what.lower() == ASSIGNED else {}
    return Settle(
        **given,
        at=at + END_OF_DAY,
        message_id=f"{at:%Y-%m-%d}-{OPTION}-{name}",
        instrument=symbol,
        kind="assignment" if leg else "expiry",
        price=Decimal(0),
        quantity=abs(quantity),
        **leg,
    )


def _delivered(symbol: str, quantity: Decimal) -> Document:
    """The shares of an assigned option: a writer sells by a call, and buys by a put. The premium
    is a part of their price (IRS Publication 550, Puts and calls: writers)."""
    digits = symbol[-STRIKE_DIGITS:]
    is_put = symbol[-STRIKE_DIGITS - 1] == "P"
    return {
        "premium": "carry",
        "into": {
            "instrument": symbol[: -STRIKE_DIGITS - 7],
            "side": "buy" if is_put else "sell",
            "quantity": EXACT.multiply(quantity, OPTION_MULTIPLIER),
            "price": EXACT.multiply(Decimal(digits), THOUSANDTH),
        },
    }


def _part(row: Document, kind: str) -> Document:
    """The details of a row, which have the name of its type."""
    part = row.get(kind)
    return part if isinstance(part, dict) else {}


def _symbol(row: Document, kind: str) -> str | None:
    return word(_part(row, kind), "symbol") or word(row, "symbol")
