"""Translates settlements of contracts: unified rows of `fetchMySettlementHistory`, and entries of a
ledger that book a delivery or an exercise.

Sources: docs.ccxt.com, "Settlement history structure"; okx.py of ccxt 4.5.90, `parse_settlement`,
for the fields of a bill; docs.deribit.com, private/get_settlement_history_by_currency. ccxt has no
method for Deribit's: its rows are read in ccxt's form, as parts of documents. Other exchanges are
unreadable: they are counted and shown.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from orderledger import Settle
from orderledger.extend.values import EXACT, ZERO, plain
from orderledger.venues.base.fields import Document, Unreadable
from orderledger.venues.base.numbers import PRICE
from orderledger.venues.base.row_meanings import RowMeaning
from orderledger.venues.base.translation import Translation, guarded, joined
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.reading import needed_text, number, row_of, text, time_of

OPTION, FUTURE = "OPTION", "FUTURES"
"""`instType` of OKX."""
CALL_OR_PUT = ("-C", "-P")
"""Ends of the name of an option at Deribit."""
DELIVERY, DAILY = "delivery", "settlement"
"""`type` of Deribit. A daily settlement pays out a result that the ledger shows as unrealized."""

ROWS = (
    RowMeaning(
        "okx, bill type 3 (delivery) of a future",
        "`settle` (delivery) of `sz` at `px`",
        "okx.py of ccxt 4.5.90, parse_settlement",
    ),
    RowMeaning(
        "okx, bill type 3 of an option",
        "`settle` (exercise, or expiry if nothing is paid) at what is paid for a contract",
        "okx.py of ccxt 4.5.90, parse_ledger_entry and parse_settlement",
    ),
    RowMeaning(
        "okx, bill type 7 (interest deduction)",
        "`transfer` (interest)",
        "okx.py of ccxt 4.5.90, parse_ledger_entry_type",
    ),
    RowMeaning(
        "okx, bill types 4, 10, 11 (conversions, clawback)",
        "`transfer` (other)",
        "okx.py of ccxt 4.5.90, parse_ledger_entry_type",
    ),
    RowMeaning("okx, another bill type", "listed", "okx.py of ccxt 4.5.90"),
    RowMeaning(
        "deribit, type delivery of a future",
        "`settle` (delivery) of all that is open, at `mark_price`; by `translate ccxt`",
        "the sample of docs.deribit.com, private/get_settlement_history_by_currency",
    ),
    RowMeaning(
        "deribit, type delivery of an option, type bankruptcy",
        "listed: the price of the option is not stated",
        "docs.deribit.com",
    ),
    RowMeaning("deribit, type settlement (daily)", "counted: it ends no position", "as above"),
    RowMeaning("settlements of another exchange", "listed", "none was found"),
)


def settlement_messages(rows: Sequence[Any], context: CcxtContext) -> Translation:
    """The settlements of unified rows."""
    return joined(guarded(partial(_settlement, row, context), row) for row in rows)


def _settlement(raw: Any, context: CcxtContext) -> Translation:
    row = row_of(raw)
    info = row.get("info")
    read = READERS.get(context.exchange or "")
    if read is None or not isinstance(info, dict):
        raise Unreadable(f"settlements of {context.exchange} are not read")
    fields = read(info, needed_text(row, "symbol"), context)
    if not fields:
        return Translation()
    at = time_of(row, "timestamp", "datetime") or context.received_at
    if at is None:
        raise Unreadable("timestamp is missing")
    given: Document = {"account": context.account, "source": context.source, "evidence": row}
    return Translation([Settle(**given, at=at, **fields)])


def okx_delivery(info: Document, symbol: str, context: CcxtContext) -> Document:
    """A bill of OKX about the end of a future or of an option."""
    kind, quantity = needed_text(info, "instType"), number(info, "sz")
    if kind not in (OPTION, FUTURE) or not quantity:
        raise Unreadable(f"a delivery of {kind} is not known")
    price = number(info, "px") if kind == FUTURE else _paid(info, symbol, quantity, context)
    if price is None:
        raise Unreadable("px is missing")
    ended = "delivery" if kind == FUTURE else "exercise" if price else "expiry"
    fee = number(info, "fee") or ZERO
    paid = {"currency": text(info, "ccy"), "amount": -fee, "kind": "commission"}
    name = text(info, "billId")
    return {
        "instrument": symbol,
        "kind": ended,
        "price": price,
        "quantity": quantity,
        "fees": [paid] if fee else [],
        "message_id": None if name is None else f"{DELIVERY}:{name}",
    }


def _paid(info: Document, symbol: str, quantity: Decimal, context: CcxtContext) -> Decimal:
    """The value of one option, by the change of the balance before the fee."""
    change, fee = number(info, "balChg"), number(info, "fee") or ZERO
    if change is None:
        raise Unreadable("balChg is missing")
    worth = abs(EXACT.subtract(change, fee))
    if not worth:
        return ZERO
    size = context.size_of(symbol)
    if size is None:
        raise Unreadable(f"the size of a contract of {symbol} is not known")
    return Decimal(plain(PRICE.divide(worth, EXACT.multiply(quantity, size))))


def deribit_delivery(info: Document, symbol: str, context: CcxtContext) -> Document:
    """A row of Deribit's settlement history. Empty for a daily settlement."""
    kind, name = needed_text(info, "type"), needed_text(info, "instrument_name")
    if kind == DAILY:
        return {}
    price = number(info, "mark_price")
    if kind != DELIVERY or name.endswith(CALL_OR_PUT) or price is None:
        raise Unreadable(f"a {kind} of {name} does not state the price at which it ends")
    return {"instrument": symbol, "kind": "delivery", "price": price}


READERS: Mapping[str, Callable[[Document, str, CcxtContext], Document]] = {
    **dict.fromkeys(("okx", "myokx", "okxus"), okx_delivery),
    "deribit": deribit_delivery,
}
