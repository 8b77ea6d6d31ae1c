"""Money of a Flex statement: dividends, taxes, interest, fees, deposits, and what IB says that the
account holds at the end."""

from datetime import time
from decimal import Decimal
from typing import Any

from orderledger import InvalidMessage, Message
from orderledger.venues.importers.ib_flex_rows import KINDS, FlexContext, FlexRow
from orderledger.venues.importers.source import NothingToRecord

DEPOSITED = "deposit"
Meaning = tuple[str, str]
"""The kind of a transfer, and of its cause."""

CASH: dict[str, Meaning] = {
    "Dividends": ("dividend", "dividend"),
    "Payment In Lieu Of Dividends": ("dividend", "payment_in_lieu"),
    "Withholding Tax": ("tax", "withholding_tax"),
    "Broker Interest Paid": ("interest", "broker_interest"),
    "Broker Interest Received": ("interest", "broker_interest"),
    "Bond Interest Paid": ("interest", "bond_interest"),
    "Bond Interest Received": ("interest", "bond_interest"),
    "Other Fees": ("other", "fee"),
    "Advisor Fees": ("other", "advisor_fee"),
    "Commission Adjustments": ("other", "commission_adjustment"),
    **dict.fromkeys(("Deposits & Withdrawals", "Deposits/Withdrawals"), (DEPOSITED, "")),
}
"""`type` of a CashTransaction. Source: ibflex.enums.CashAction; statements also have
`Deposits/Withdrawals`. Dividends, taxes and payments in lieu name their instrument."""
BORROWING = "BORROW FEE"
"""In the description of interest that is paid for shares sold short."""
STANDALONE = "STANDALONE"
"""`source` of a TransactionTax that is not in `taxes` of a Trade."""
LOT = "LOT"
WHOLE_ACCOUNT = "BASE_SUMMARY"
END_OF_DAY = time.max


def cash_transaction(row: FlexRow, context: FlexContext, seen: dict[str, str]) -> list[Message]:
    """The transfer of a CashTransaction. `seen`: the content of each id in the file. Raises
    InvalidMessage for a type that is not known."""
    word = row.needed("type")
    if word not in CASH:
        raise InvalidMessage("type", f"{word[:50]!r} is not a cash transaction that is known")
    kind, cause = CASH[word]
    if cause == "broker_interest" and BORROWING in row.get("description").upper():
        cause = "borrow_fee"
    amount = row.needed_amount("amount")
    if kind == DEPOSITED and amount < 0:
        kind = "withdrawal"
    name = row.needed("transactionID")
    content = f"{row.get('currency')} {row.get('amount')} {row.get('dateTime')}"
    if seen.setdefault(f"{kind} {name}", content) != content:
        name = f"{name}:{row.get('amount')}"
    return _transfer(row, context, kind, cause, amount, name)


def transaction_tax(row: FlexRow, context: FlexContext) -> list[Message]:
    """The transfer of a tax that stands alone. Raises NothingToRecord for one that the row of its
    trade has too."""
    if row.get("source") != STANDALONE:
        raise NothingToRecord("is a TransactionTax that the row of its trade has too")
    amount = row.needed_amount("taxAmount")
    trade = row.get("tradeId") or row.get("tradeID")
    name = f"tax:{trade}:{row.get('taxDescription')}"
    return _transfer(row, context, "tax", "transaction_tax", amount, name)


def transfer(row: FlexRow, context: FlexContext) -> list[Message]:
    """Money that came from another account, or went there. Raises InvalidMessage for securities:
    the row does not state their cost."""
    moved = row.amount("cashTransfer")
    if row.amount("quantity") and row.get("assetCategory") != "CASH":
        raise InvalidMessage(
            "quantity",
            "is a transfer of securities, without their cost: record the position as adjust",
        )
    if moved is None:
        raise InvalidMessage("cashTransfer", "is missing: include it in the Flex query")
    kind = "internal" if row.get("type") in ("INTERNAL", "INTERCOMPANY") else "other"
    return _transfer(row, context, kind, "", moved, row.needed("transactionID"))


def _transfer(
    row: FlexRow, context: FlexContext, kind: str, cause: str, amount: Decimal, name: str
) -> list[Message]:
    made = context.of(row)
    if not amount:
        raise NothingToRecord(f"is a {row.tag} of the amount 0")
    symbol = row.get("symbol")
    named = {"instrument": context.name(made, symbol)} if symbol else {}
    given: dict[str, Any] = {"cause": {"kind": cause, **named}} if cause else {}
    return [
        made.message(
            "transfer",
            at=row.moment(context.options.zone, "dateTime", "date", "reportDate"),
            currency=row.needed("currency"),
            amount=amount,
            kind=kind,
            venue_id=name,
            text=row.get("description")[:1_000] or None,
            **given,
        )
    ]


def open_position(row: FlexRow, context: FlexContext) -> list[Message]:
    """The position at the end of the day of the report, as IB states it."""
    if row.get("assetCategory") not in KINDS:
        raise NothingToRecord(f"is an OpenPosition of {row.get('assetCategory') or 'no category'}")
    if row.get("levelOfDetail").upper() == LOT:
        raise NothingToRecord("is an OpenPosition with levelOfDetail LOT, which repeats others")
    made = context.of(row)
    return [
        made.message(
            "balance",
            at=row.moment(context.options.zone, "reportDate", day_at=END_OF_DAY),
            instrument=context.name(made, row.needed("symbol")),
            quantity=row.needed_amount("position"),
            average_price=row.amount("costBasisPrice"),
        )
    ]


def cash_report(row: FlexRow, context: FlexContext) -> list[Message]:
    """The balance of a currency at the end of the statement, as IB states it."""
    if row.get("currency") == WHOLE_ACCOUNT:
        raise NothingToRecord("is a CashReportCurrency of the whole account, in its base currency")
    made = context.of(row)
    return [
        made.message(
            "balance",
            at=row.moment(context.options.zone, "toDate", day_at=END_OF_DAY),
            currency=row.needed("currency"),
            amount=row.needed_amount("endingCash"),
        )
    ]
