"""The trade history as a beancount file: fills, fees, funding and adjustments as balanced
transactions, and each position as an assertion that `bean-check` verifies.

A buy takes units in and pays their value; a sell is the reverse. So the cash account has the
realized P&L less what open positions cost. An adjustment changes units only. Numbers are exact: the
value of a fill is given as a total (`@@`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any, Protocol

from orderledger.extend.runtime import printable
from orderledger.extend.values import EXACT, ZERO, plain, sides
from orderledger.extend.views import (
    Entry,
    Position,
    Terms,
    fees_in,
    instruments,
    is_entry,
    shared,
    terms_of,
)
from orderledger.rows import AccountEventRow, InstrumentRow, TradeRow

CASH, POSITIONS, VALUE, FEES, FUNDING = KINDS = (
    "Assets:Cash", "Assets:Positions", "Equity:Value", "Expenses:Fees", "Income:Funding",
)  # fmt: skip
"""The accounts that each trading account has. `Equity:Value` is the other side of cash where a fill
has no price that beancount takes: inverse instruments, and prices below zero."""

UNKNOWN = "UNKNOWN"
"""The commodity of an amount whose currency the ledger does not know."""

LONGEST_COMMODITY = 24
RESERVED = frozenset({"NULL", "TRUE", "FALSE"})
"""Words that beancount reserves, which cannot name a commodity."""

NOT_IN_COMMODITY = re.compile(r"[^A-Z0-9'._-]+")
NOT_IN_ACCOUNT = re.compile(r"[^A-Za-z0-9-]+")


class ExportedRows(Protocol):
    """The rows that an export needs."""

    def trades(self) -> Iterable[TradeRow]: ...
    def account_events(self) -> Iterable[AccountEventRow]: ...
    def instruments(self) -> Iterable[InstrumentRow]: ...


class BeancountNames:
    """Names that beancount accepts, each for one name of the ledger."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], str] = {}
        self._taken: set[tuple[str, str]] = set()

    def commodity(self, name: str) -> str:
        """A commodity: capitals and digits, two to 24 characters."""
        clean = NOT_IN_COMMODITY.sub("-", name.upper()).strip("'._-")
        clean = clean if clean[:1].isalpha() else f"X{clean}"
        return self._once("commodity", name, clean[: LONGEST_COMMODITY - 4].rstrip("'._-"), "X")

    def account(self, name: str) -> str:
        """A part of an account's name: it begins with a capital or a digit."""
        clean = NOT_IN_ACCOUNT.sub("-", name).strip("-")
        return self._once("account", name, clean[:1].upper() + clean[1:], "-")

    def _once(self, kind: str, name: str, clean: str, joint: str) -> str:
        if (kind, name) not in self._given:
            usable = clean if len(clean) > 1 and clean not in RESERVED else f"{clean or 'X'}X"
            found, number = usable, 1
            while (kind, found) in self._taken:
                number += 1
                found = f"{usable}{joint}{number}"
            self._taken.add((kind, found))
            self._given[kind, name] = found
        return self._given[kind, name]


def beancount_lines(books: ExportedRows) -> Iterator[str]:
    """The lines of the file: accounts, then transactions in the order of time, then the
    positions."""
    definitions = {(row["account"], row["instrument"]): row for row in books.instruments()}
    terms = {key: terms_of(row) for key, row in definitions.items()}
    rows = chain[TradeRow | AccountEventRow](books.trades(), books.account_events())
    found = sorted(filter(is_entry, rows), key=lambda row: (row["at"], row["position"]))
    if not found:
        return
    writer = BeancountWriter(
        terms, {key: instruments.modes_of(row) for key, row in definitions.items()}
    )
    yield 'option "title" "Order ledger"\n'
    for account in sorted({row["account"] for row in found}):
        yield from writer.opened(account, _day(found[0]["at"]))
    for row in found:
        yield from writer.transaction(row)
    yield from writer.positions(_day(found[-1]["at"]) + timedelta(days=1))


class BeancountWriter:
    """Writes transactions, and adds up the positions that they make."""

    def __init__(
        self, terms: Mapping[tuple[str, str], Terms], modes: Mapping[tuple[str, str], sides.Modes]
    ) -> None:
        self._terms = terms
        self._modes = modes
        self._names = BeancountNames()
        self._held: dict[tuple[str, str], Decimal] = {}
        self._positions: dict[Any, Position] = {}
        self._quantities: dict[Any, Decimal] = {}

    def opened(self, account: str, day: date) -> Iterator[str]:
        """The accounts of one trading account."""
        name = self._names.account(account)
        yield f"; {_text(account)}"
        for kind in KINDS:
            yield f"{day} open {kind}:{name}"
        yield ""

    def transaction(self, row: Entry) -> Iterator[str]:
        """One fill, funding or adjustment."""
        account = self._names.account(row["account"])
        kind = row["side"] if "fill_id" in row else row["kind"]
        yield f'{_day(row["at"])} * "{kind} {_text(row["instrument"])}"'
        values: Mapping[str, object] = row
        for name in (
            "at",
            "client_order_id",
            "venue_order_id",
            "fill_id",
            "strategy",
            "reason",
            "position",
        ):
            if values.get(name) is not None:
                yield f'  {name}: "{_text(str(values[name]))}"'
        modes = self._modes.get((row["account"], row["instrument"]), ())
        for holder, share in shared(row, modes, lambda: self._quantities):
            if holder not in self._positions:
                terms = self._terms.get(holder[:2], Terms())
                self._positions[holder] = Position(
                    *holder[:2], terms, side=holder[2], position_id=holder[3]
                )
            yield from self._postings(share, account, self._positions[holder])
            self._quantities[holder] = self._positions[holder].quantity
        yield ""

    def _postings(self, row: Entry, account: str, position: Position) -> Iterator[str]:
        before, book = position.quantity, position.books[0]
        settled = book.settled
        position.take(row)
        change = EXACT.subtract(position.quantity, before)
        if "fill_id" in row:
            quantity = row["quantity"] if row["side"] == "buy" else -row["quantity"]
            yield from self._fill(row, position, account, quantity, row["price"])
        elif row["kind"] == "delivery":
            yield from self._fill(row, position, account, row["quantity"], row["price"])
        elif row["kind"] == "settle":
            yield from self._fill(row, position, account, change, row["price"])
        elif row["kind"] == "funding":
            currency = self._names.commodity(row["currency"] or UNKNOWN)
            yield f"  {CASH}:{account}  {plain(row['quantity'])} {currency}"
            yield f"  {FUNDING}:{account}  {plain(-row['quantity'])} {currency}"
        else:
            yield self._units(position, account, change, ZERO, UNKNOWN)
            if paid := position.terms.amount(EXACT.subtract(book.settled, settled)):
                commodity = self._names.commodity(position.terms.currency or UNKNOWN)
                yield f"  {CASH}:{account}  {plain(paid)} {commodity}"
                yield f"  {VALUE}:{account}  {plain(-paid)} {commodity}"

    def _fill(
        self,
        row: Entry,
        position: Position,
        account: str,
        quantity: Decimal,
        price: Decimal,
    ) -> Iterator[str]:
        terms = position.terms
        currency, value = terms.currency or UNKNOWN, terms.amount(terms.value(quantity, price))
        commodity = self._names.commodity(currency)
        if terms.inverse or price < 0:  # beancount's prices are above zero, and a buy costs
            paid = value if terms.inverse else -value
            yield self._units(position, account, quantity, ZERO, currency)
            yield f"  {CASH}:{account}  {plain(paid)} {commodity}"
            yield f"  {VALUE}:{account}  {plain(-paid)} {commodity}"
        else:
            yield self._units(position, account, quantity, abs(value), currency)
            yield f"  {CASH}:{account}  {plain(-value)} {commodity}"
        for name, amount in fees_in(row):
            if amount:
                fee = self._names.commodity(name or currency)
                yield f"  {FEES}:{account}  {plain(amount)} {fee}"
                yield f"  {CASH}:{account}  {plain(-amount)} {fee}"

    def _units(
        self,
        position: Position,
        account: str,
        quantity: Decimal,
        value: Decimal,
        currency: str,
    ) -> str:
        key = position.account, position.instrument
        self._held[key] = EXACT.add(self._held.get(key, ZERO), quantity)
        unit = self._names.commodity(position.instrument)
        paid_in = self._names.commodity(currency)
        return f"  {POSITIONS}:{account}  {plain(quantity)} {unit} @@ {plain(value)} {paid_in}"

    def positions(self, day: date) -> Iterator[str]:
        """The final holdings, for `bean-check` to verify."""
        for (account, instrument), quantity in sorted(self._held.items()):
            unit = self._names.commodity(instrument)
            yield (
                f"{day} balance {POSITIONS}:{self._names.account(account)}  {plain(quantity)} "
                f"{unit}"
            )


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _text(value: str) -> str:
    return printable(value).replace("\\", "\\\\").replace('"', '\\"')
