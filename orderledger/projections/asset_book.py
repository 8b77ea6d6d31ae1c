"""The lots of one coin of an account, valued in one currency, and what moved it besides fills."""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from orderledger.domain.exact import EXACT, ZERO, plain
from orderledger.projections.lots import Lot
from orderledger.projections.pnl import PnlGroupRow
from orderledger.projections.positions import COSTS, LotBook, LotChoice, Terms, shown

UNIT = Terms()
FEE, FUNDING, PNL = OF_PNL = ("fee", "funding", "pnl")
"""The payments that are P&L. The others are transfers, which never are."""


class Origin(NamedTuple):
    """Why a coin moved: fee, funding, pnl (of a margined instrument), or the kind of a transfer
    with its cause."""

    kind: str
    cause: str = ""
    instrument: str = ""


class Price(NamedTuple):
    """The price of one coin in the currency of the P&L. `missing`: why there is none."""

    amount: Decimal | None
    missing: str = ""


class Payment:
    """The sum of what one origin moved, and its worth at the rates of the times."""

    def __init__(self) -> None:
        self.amount, self.worth = ZERO, ZERO
        self.is_known = True

    def add(self, amount: Decimal, price: Price) -> None:
        self.amount = EXACT.add(self.amount, amount)
        self.is_known = self.is_known and (price.amount is not None or not amount)
        self.worth = COSTS.add(self.worth, COSTS.multiply(amount, price.amount or ZERO))


class AssetBook:
    """One coin. Its quantity is its balance; its lots have a cost in the currency of the P&L."""

    def __init__(self, method: LotChoice) -> None:
        self._book = LotBook(method, {}, None)
        self._missing: set[str] = set()
        self._payments: dict[Origin, Payment] = {}
        self.quantity = ZERO
        self.fills, self.bought, self.sold = 0, ZERO, ZERO

    def fill(self, quantity: Decimal) -> None:
        """Count what a fill brought or took, before fees."""
        self.fills += 1
        if quantity > ZERO:
            self.bought = EXACT.add(self.bought, quantity)
        else:
            self.sold = EXACT.subtract(self.sold, quantity)

    def trade(self, quantity: Decimal, price: Price, at: datetime) -> None:
        """Take in a change that realizes P&L: what was bought or sold, or paid as a fee."""
        if quantity:
            self._note(price)
            self._change(quantity, price.amount or ZERO, at)

    def transfer(self, quantity: Decimal, price: Price, at: datetime) -> None:
        """Take in a change that realizes nothing: it comes in at its price, and goes out at
        cost."""
        if not quantity:
            return
        left = EXACT.add(self.quantity, quantity)
        is_out = (self.quantity > ZERO) is not (quantity > ZERO)
        if not (self.quantity and is_out and (not left or (left > ZERO) is (quantity < ZERO))):
            self._note(price)
        realized = self._book.realized
        self._change(quantity, price.amount or ZERO, at)
        self._book.realized = realized

    def split(self, quantity: Decimal, at: datetime) -> None:
        """Take in units that a split added or took: the lots keep their cost."""
        to = EXACT.add(self.quantity, quantity)
        if EXACT.multiply(to, self.quantity) > ZERO:
            self._book.split(self.quantity, to)
            self.quantity = to
        else:
            self.transfer(quantity, Price(ZERO), at)

    def open(self, quantity: Decimal, price: Price, at: datetime) -> None:
        """From now on the balance is this. Nothing is realized."""
        self._book.reset(Lot(ZERO, ZERO), UNIT)
        self.quantity = ZERO
        self.transfer(quantity, price, at)

    def pay(self, origin: Origin, amount: Decimal, price: Price) -> None:
        """Note why the coin moved. `amount` is signed as the balance moves."""
        self._payments.setdefault(origin, Payment()).add(amount, price)

    def _note(self, price: Price) -> None:
        if price.amount is None:
            self._missing.add(price.missing)

    def _change(self, quantity: Decimal, price: Decimal, at: datetime) -> None:
        self._book.fill(Lot(quantity, UNIT.value(quantity, price), at=at), price, UNIT)
        self.quantity = EXACT.add(self.quantity, quantity)

    def row(
        self, account: str, asset: str, currency: str | None, mark: Price, unknown: str | None
    ) -> PnlGroupRow:
        """A row of `pnl` by asset. `mark`: what the coin is worth now. `unknown`: why the balance
        is not known, if that is so."""
        reason = unknown or min(self._missing, default=None)
        return {
            "account": account,
            "asset": asset,
            "position_quantity": None if unknown else shown(self.quantity),
            "average_open_price": None if reason else UNIT.price(self.quantity, self._book.cost),
            "realized_pnl": None if reason else shown(self._book.realized),
            "fees": self._sum(FEE, asset, -1),
            "funding": self._sum(FUNDING, asset, 1),
            "net_pnl": None if reason else self._net(),
            "unrealized_pnl": None if reason else self._unrealized(mark.amount),
            "mark_price": mark.amount,
            "currency": currency,
            "moved": [self._moved(origin) for origin in sorted(self._payments)],
            "anomalies": [],
            "reason": reason,
            "method": self._book.method,
            "fills": self.fills,
            "bought_quantity": self.bought,
            "sold_quantity": self.sold,
        }

    def _net(self) -> Decimal | None:
        """Realized P&L with what fees, funding and margined instruments moved."""
        paid = [one for origin, one in self._payments.items() if origin.kind in OF_PNL]
        if not all(one.is_known for one in paid):
            return None
        net = self._book.realized
        for payment in paid:
            net = COSTS.add(net, payment.worth)
        return shown(net)

    def _unrealized(self, mark: Decimal | None) -> Decimal | None:
        if mark is None and self.quantity:
            return None
        value = COSTS.multiply(self.quantity, mark or ZERO)
        return shown(COSTS.subtract(value, self._book.cost))

    def _sum(self, kind: str, asset: str, sign: int) -> dict[str, Decimal]:
        payment = self._payments.get(Origin(kind))
        return {} if payment is None else {asset: EXACT.multiply(payment.amount, Decimal(sign))}

    def _moved(self, origin: Origin) -> dict[str, Any]:
        payment = self._payments[origin]
        return {
            "kind": origin.kind,
            "cause": origin.cause or None,
            "instrument": origin.instrument or None,
            "amount": plain(shown(payment.amount)),
            "worth": plain(shown(payment.worth)) if payment.is_known else None,
        }
