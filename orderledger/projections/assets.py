"""P&L by asset: the lots of each coin of an account, whatever it was traded against.

A coin that a fill buys or sells has the price of the fill. A coin that pays a fee or for another
coin, or comes in as P&L or funding, is worth its rate at that time. Opening balances and
transfers come in at that rate and go out at cost: they never enter P&L. The quantity of a coin is
its total in `balances`.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from heapq import merge
from typing import Any

from orderledger.domain.exact import EXACT, QUOTIENT, ZERO, total
from orderledger.projections.account_events import ACCOUNT_EVENTS, AccountEventRow
from orderledger.projections.asset_book import FEE, FUNDING, PNL, AssetBook, Origin, Price
from orderledger.projections.balances import HELD, Sums
from orderledger.projections.cash import CASH
from orderledger.projections.entries import (
    Entry,
    Trade,
    has_position,
    is_account_entry,
    is_adjustment,
    paid_in,
)
from orderledger.projections.instruments import INSTRUMENTS, modes_of
from orderledger.projections.marks import MARKS, MarkRow
from orderledger.projections.pnl import CURRENCY_UNKNOWN, PnlGroupRow
from orderledger.projections.positions import COSTS, LotChoice, Position, Terms, terms_of
from orderledger.projections.rates import RateRules, Rates, no_rate
from orderledger.projections.shares import Holder, quantities, shared
from orderledger.projections.sides import when
from orderledger.projections.store import Source
from orderledger.projections.trades import TRADES

OF_TRADES = (
    *("account", "instrument", "fill_id", "side", "quantity", "price", "fee", "fee_currency"),
    *("fees", "position_side", "position_id", "at", "position", "rank"),
)
MARKED = ("account", "instrument", "at", "price", "position")

Fact = Trade | AccountEventRow | MarkRow


def asset_rows(
    source: Source,
    at: datetime,
    rules: RateRules,
    *,
    method: LotChoice,
    currency: str | None = None,
    account: str | None = None,
) -> list[PnlGroupRow]:
    """A row for each coin that was ever moved, by account. Without a currency, that of the P&L of
    all positions of the account, if it is one."""
    held, sums = source.rows(HELD, method="average", account=account), Sums()
    currencies: dict[str, set[str]] = {row["account"]: set() for row in held}
    for row in source.rows(CASH, account=account):
        currencies.setdefault(row["account"], set())
    for position in held:
        sums.add(position, None)
        currencies[position["account"]] |= {position["currency"]} - {None}  # type: ignore[arg-type]
    rows: list[PnlGroupRow] = []
    for name, known in sorted(currencies.items()):
        own = currency or (next(iter(known)) if len(known) == 1 else None)
        assets = Assets(source, name, own, rules, method)
        rows += assets.rows(at, sums)
    return rows


class Assets:
    """The coins of one account, from its facts in the order in which they happened."""

    def __init__(
        self,
        source: Source,
        account: str,
        currency: str | None,
        rules: RateRules,
        method: LotChoice,
    ) -> None:
        self._account, self._currency, self._method = account, currency, method
        self._instruments = {
            row["instrument"]: row for row in source.rows(INSTRUMENTS, account=account)
        }
        self._rates = Rates(self._instruments.values(), *rules)
        self._coins: dict[str, AssetBook] = {}
        self._positions: dict[Holder, Position] = {}
        self._held = quantities(self._positions)
        self._adjusts = [
            row
            for row in source.rows(ACCOUNT_EVENTS, account=account, kind="adjust")
            if is_adjustment(row)
        ]
        self._is_opened = False
        for fact in _facts(source, account):
            self._take(fact)

    def rows(self, at: datetime, sums: Sums) -> Iterator[PnlGroupRow]:
        """`at`: the time of the rates that value what is held."""
        for asset, book in sorted(self._coins.items()):
            unknown = sums.undefined.get(self._account) or sums.unknown.get((self._account, asset))
            mark = self._rate(asset, at)
            yield book.row(self._account, asset, self._currency, mark, unknown)

    def _take(self, fact: Fact) -> None:
        if "fill_id" in fact:
            self._enter(fact)
        elif "kind" not in fact:
            self._rates.mark(fact["instrument"], fact["price"], fact["at"])
        elif is_account_entry(fact):
            self._enter(fact)
        elif fact["kind"] == "adjust":
            self._open(fact)
        elif fact["kind"] == "transfer" and fact["state"] == "active":
            self._transfer(fact)

    def _enter(self, entry: Entry) -> None:
        """An entry changes each coin once: by what it pays or brings, less its fees."""
        defined = self._instruments.get(entry["instrument"])
        terms = terms_of(defined)
        if terms.kind is None or terms.currency is None:
            return  # the balances of the account are not known then
        for holder, share in shared(entry, modes_of(defined), self._held):
            if holder not in self._positions:
                self._positions[holder] = Position(
                    *holder[:2], terms, side=holder[2], position_id=holder[3], terms_of=self._terms
                )
            position = self._positions[holder]
            before = position.moved_cash()
            position.take(share)
            changes = {
                name: EXACT.subtract(amount, before.get(name, ZERO))
                for name, amount in position.moved_cash().items()
            }
            self._change(share, terms, changes)

    def _change(self, entry: Entry, terms: Terms, changes: dict[str, Decimal]) -> None:
        """Take in what an entry moved."""
        at, before_fees = entry["at"], dict(changes)
        is_funding = "kind" in entry and entry["kind"] == "funding"
        for currency, paid in paid_in(entry):
            name, origin = currency or terms.currency or "", Origin(FUNDING if is_funding else FEE)
            self._coin(name).pay(origin, paid.copy_negate(), self._price_of(name, entry, terms))
            before_fees[name] = EXACT.add(before_fees.get(name, ZERO), paid)
        for name in (terms.currency or "", terms.coin or ""):
            amount = before_fees.get(name, ZERO)
            if amount and terms.is_margined:
                self._coin(name).pay(Origin(PNL), amount, self._price_of(name, entry, terms))
            elif amount:
                self._coin(name).fill(amount)
        is_split = "kind" in entry and entry["kind"] == "split"
        for name, amount in changes.items():
            if amount and is_split and name == terms.coin:
                self._coin(name).split(amount, at)
            elif amount:
                self._coin(name).trade(amount, self._price_of(name, entry, terms), at)

    def _price_of(self, name: str, entry: Entry, terms: Terms) -> Price:
        """Of a coin that is traded the price of the entry, otherwise its rate."""
        if name == terms.coin and (
            "fill_id" in entry or entry["kind"] == "settle" or entry["kind"] == "delivery"
        ):
            price = entry["price"]
            if "kind" in entry and entry["kind"] == "delivery":
                premium = (entry["terms"].get("premium") or {}).get(self._method, 0)
                price = EXACT.subtract(
                    price,
                    QUOTIENT.divide(
                        Decimal(premium), EXACT.multiply(entry["quantity"], terms.multiplier)
                    ),
                )
            return self._price(terms.currency or "", price, entry["at"])
        return self._rate(name, entry["at"])

    def _transfer(self, row: AccountEventRow) -> None:
        cause: dict[str, Any] = row["cause"] or {}
        origin = Origin(
            row["transfer"] or "", cause.get("kind") or "", cause.get("instrument") or ""
        )
        currency, amount = row["currency"] or "", row["quantity"] or ZERO
        book, price = self._coin(currency), self._rate(currency, row["at"])
        book.transfer(amount, price, row["at"])
        book.pay(origin, amount, price)

    def _open(self, row: AccountEventRow) -> None:
        """The first opening balance of an account opens all of its other coins at 0."""
        at, currency, amount = row["at"], row["currency"] or "", row["quantity"] or ZERO
        for book in () if self._is_opened else self._coins.values():
            book.open(ZERO, Price(ZERO), at)
        self._is_opened = True
        book, parts = self._coin(currency), self._adjusted(currency, at)
        if parts and total(quantity for quantity, _ in parts) == amount:
            book.open(ZERO, Price(ZERO), at)
            for quantity, price in parts:
                book.transfer(quantity, price, at)
        else:
            book.open(amount, self._rate(currency, at), at)

    def _adjusted(self, coin: str, at: datetime) -> list[tuple[Decimal, Price]]:
        """The quantities and prices that adjustments of its instruments state at that time."""
        found = []
        for row in self._adjusts:
            terms = self._terms(row["instrument"])
            if row["at"] == at and terms.coin == coin and terms.currency is not None:
                price = self._price(terms.currency, row["price"], at)
                found.append((row["quantity"], price))
        return found

    def _coin(self, name: str) -> AssetBook:
        if name not in self._coins:
            self._coins[name] = AssetBook(self._method)
        return self._coins[name]

    def _terms(self, instrument: str) -> Terms:
        return terms_of(self._instruments.get(instrument))

    def _rate(self, name: str, at: datetime) -> Price:
        if self._currency is None:
            return Price(None, CURRENCY_UNKNOWN)
        path = self._rates.path(name, self._currency, at)
        return Price(None, no_rate(name, self._currency)) if path is None else Price(path.rate)

    def _price(self, own: str, price: Decimal, at: datetime) -> Price:
        """A price of a trade, in the currency of the P&L."""
        rate = self._rate(own, at)
        return rate if rate.amount is None else Price(COSTS.multiply(price, rate.amount))


def _facts(source: Source, account: str) -> Iterator[Fact]:
    """As they happened: at one time first the marks, then the opening balances."""
    trades = source.each(TRADES, columns=OF_TRADES, account=account, state="active")
    events = source.rows(ACCOUNT_EVENTS, account=account)
    marks = source.each(MARKS, columns=MARKED, account=account)
    parts: Sequence[Iterable[Fact]] = (
        marks,
        (row for row in trades if has_position(row)),
        sorted(events, key=_place),
    )
    return merge(*parts, key=_place)


def _place(fact: Fact) -> tuple[datetime, int, str]:
    at, rank = when(fact)
    if "fill_id" not in fact and "kind" not in fact:
        return at, 0, rank
    is_opening = "fill_id" not in fact and fact["kind"] == "adjust" and not fact["instrument"]
    return at, 1 if is_opening else 2, rank
