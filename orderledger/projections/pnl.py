"""The P&L view: positions with fees, funding and marks, summed by the requested groups."""

from decimal import Decimal
from typing import Any, NotRequired, TypedDict

from orderledger.domain.exact import EXACT, ONE, ZERO
from orderledger.projections.position_tables import StoredPositionRow
from orderledger.projections.positions import LotBook, Position, Terms, shown
from orderledger.projections.rates import no_rate
from orderledger.projections.sides import IMPOSSIBLE_PRICE

GROUPS = ("account", "instrument", "strategy", "day")
ASSET = "asset"
Marks = dict[tuple[str, str], Decimal]

FeesPaid = tuple[Decimal, tuple[str, ...]]
"""The worth of fees in third coins, and the currencies of which some had no rate."""

NOTHING_PAID: FeesPaid = (ZERO, ())

CURRENCY_UNKNOWN, RATE_UNKNOWN = "currency_unknown", "rate_unknown"
"""Why a row has no net P&L: the settlement currency of the instrument is unknown, or no mark
converts an amount in another currency."""


class _Amounts(TypedDict):
    position_quantity: Decimal | None
    average_open_price: Decimal | None
    realized_pnl: Decimal | None
    fees: dict[str, Decimal]
    funding: dict[str, Decimal]
    net_pnl: Decimal | None
    unrealized_pnl: Decimal | None
    mark_price: Decimal | None
    currency: str | None
    anomalies: list[str]
    reason: str | None
    method: str
    fills: int
    bought_quantity: Decimal
    sold_quantity: Decimal


class PnlRow(_Amounts):
    """P&L of one position: of an account and instrument, and of a position side where the venue
    keeps two."""

    account: str
    instrument: str
    position_side: str
    position_id: str


class PnlGroupRow(_Amounts):
    """P&L of one group of a query with `by`: of `account`, `instrument`, `strategy` and `day` it
    has the columns in `by`. With `instrument` it also has the position's side and id: positions are
    never netted. By `asset` it has `account`, `asset` and `moved`, the sums of fees, funding and
    transfers by kind and cause."""

    account: NotRequired[str]
    instrument: NotRequired[str]
    position_side: NotRequired[str]
    position_id: NotRequired[str]
    strategy: NotRequired[str | None]
    day: NotRequired[str]
    asset: NotRequired[str]
    moved: NotRequired[list[dict[str, Any]]]


class WorkingQuantities(TypedDict):
    """The exposure from open and unresolved orders."""

    open_buy_quantity: Decimal
    open_sell_quantity: Decimal
    unresolved_orders: int


class PositionRow(PnlRow, WorkingQuantities):
    """A P&L row with the exposure from open and unresolved orders, and the quantity that the venue
    last reported."""

    reported_quantity: Decimal | None


class PnlPartRow(PnlRow):
    """P&L of one strategy's part of a position, on one day."""

    strategy: str | None
    day: str | None


class PositionChange(StoredPositionRow):
    """The change of a position in a period or on a day, and the position at its end. `opening`: the
    position at its beginning."""

    opening: StoredPositionRow
    strategy: str | None
    day: str | None


def pnl_row(
    position: StoredPositionRow,
    marks: Marks,
    *,
    is_of_day: bool = False,
    paid: FeesPaid = NOTHING_PAID,
) -> PnlRow:
    """One row of the `pnl` view from one of `tables.POSITIONS`. `marks`: price by account and
    instrument.

    The settlement currency is that of the instrument's definition, and is never guessed from
    payments. Positions open at the end of a day are not valued. `paid`: fees in third coins that
    the row's `book` does not have.
    """
    account, currency = position["account"], position["currency"]
    fees = _named({name: Decimal(amount) for name, amount in position["fees"].items()}, currency)
    funding = {name: Decimal(amount) for name, amount in position["funding"].items()}
    mark = None if is_of_day else marks.get((account, position["instrument"]))
    realized, reason = position["realized_pnl"], position["reason"]
    book = position["book"]
    unrated = [*book.get("unconverted", ()), *paid[1]]
    own, worth = _own(book, fees, currency), EXACT.add(Decimal(book.get("worth", 0)), paid[0])
    net = (
        None
        if currency is None or realized is None or unrated
        else _net(
            account,
            EXACT.subtract(realized, worth),
            own,
            _own(book, funding, currency),
            currency,
            marks,
        )
    )
    unrealized = None if mark is None or reason else _unrealized(position, mark)
    is_unvalued = mark is not None and unrealized is None
    missing = (
        CURRENCY_UNKNOWN
        if currency is None
        else no_rate(min(unrated), currency)
        if unrated
        else RATE_UNKNOWN
        if net is None and reason is None
        else IMPOSSIBLE_PRICE
        if is_unvalued and reason is None
        else None
    )
    return {
        "account": account,
        "instrument": position["instrument"],
        "position_side": position["position_side"],
        "position_id": position["position_id"],
        "position_quantity": position["position_quantity"],
        "average_open_price": position["average_open_price"],
        "realized_pnl": realized,
        "fees": fees,
        "funding": funding,
        "net_pnl": net,
        "unrealized_pnl": unrealized,
        "mark_price": mark,
        "currency": currency,
        "anomalies": [*(position["anomalies"] or ()), *([missing] if missing else [])],
        "reason": reason or missing,
        "method": position["method"],
        "fills": position["fills"],
        "bought_quantity": position["bought_quantity"],
        "sold_quantity": position["sold_quantity"],
    }


def pnl_of_period(change: PositionChange, opening_marks: Marks, marks: Marks) -> PnlRow:
    """A row of the `pnl` view for a period, from a row of `rows_by` with its `opening`. Unrealized
    P&L is its change from the beginning of the period to its end, at the marks of then. A position
    that is flat at one of them needs no mark there.
    """
    key = (change["account"], change["instrument"])
    ends: tuple[tuple[StoredPositionRow, Decimal | None], ...] = (
        (change["opening"], opening_marks.get(key)),
        (change, marks.get(key)),
    )
    values = [
        _unrealized(row, ZERO if mark is None else mark)
        for row, mark in ends
        if row["position_quantity"] is not None
        and (mark is not None or not row["position_quantity"])
    ]
    known = [value for value in values if value is not None]
    unrealized = EXACT.subtract(known[1], known[0]) if len(known) == len(ends) else None
    unrealized = None if change["reason"] else unrealized
    return {**pnl_row(change, marks), "unrealized_pnl": unrealized}


def net_of(position: Position, book: LotBook, marks: Marks) -> Decimal | None:
    """Net P&L of a position by the method of one of its books, as `pnl_row` has it."""
    terms = position.terms
    if terms.currency is None or position.reason or position.unconverted:
        return None
    fees = _named(position.fees, terms.currency)
    return _net(
        position.account,
        EXACT.subtract(shown(terms.amount(book.realized)), position.worth),
        _own({"kind": terms.kind}, fees, terms.currency),
        _own({"kind": terms.kind}, position.funding, terms.currency),
        terms.currency,
        marks,
    )


def unrealized_of(position: Position, book: LotBook, marks: Marks) -> Decimal | None:
    """Unrealized P&L of a position, likewise."""
    mark = marks.get((position.account, position.instrument))
    return (
        None
        if mark is None or position.reason
        else _gained(position.terms, position.quantity, book.cost, mark)
    )


def equity_in(quantity: Decimal, net: Decimal | None, unrealized: Decimal | None) -> Decimal | None:
    """Net and unrealized P&L together. A flat position needs no mark."""
    if net is None or not quantity:
        return net
    return None if unrealized is None else EXACT.add(net, unrealized)


def _named(amounts: dict[str, Decimal], currency: str | None) -> dict[str, Decimal]:
    """A fee that came without a currency is in the settlement currency, once that is known."""
    if "" not in amounts or currency is None:
        return amounts
    named = {name: amount for name, amount in amounts.items() if name}
    named[currency] = EXACT.add(named.get(currency, ZERO), amounts[""])
    return dict(sorted(named.items()))


def _own(
    book: dict[str, Any], fees: dict[str, Decimal], currency: str | None
) -> dict[str, Decimal]:
    """The amounts that marks of today convert. Of an instrument of a known kind only those in its
    currency: the others have their worth."""
    if book.get("kind") is None or currency is None:
        return fees
    return {name: amount for name, amount in fees.items() if name == currency}


def _net(
    account: str,
    realized: Decimal,
    fees: dict[str, Decimal],
    funding: dict[str, Decimal],
    currency: str,
    marks: Marks,
) -> Decimal | None:
    """Realized less fees plus funding. None where an amount in another currency has no mark that
    converts it."""
    net = realized
    for amounts, change in ((fees, EXACT.subtract), (funding, EXACT.add)):
        for name, amount in amounts.items():
            rate = rate_of(account, name, currency, marks) if amount else ZERO
            if rate is None:
                return None
            net = change(net, EXACT.multiply(amount, rate))
    return shown(net)


def rate_of(account: str, name: str, currency: str, marks: Marks) -> Decimal | None:
    """Value of one unit of a currency in another: the mark of their pair, where the account has
    one."""
    if name == currency:
        return ONE
    return next(
        (marks[account, pair] for pair in pairs_of(name, currency) if (account, pair) in marks),
        None,
    )


def pairs_of(name: str, currency: str) -> tuple[str, ...]:
    """The instruments whose mark is the rate of one currency in another: the first that has a mark
    counts."""
    return tuple(f"{name}{separator}{currency}" for separator in ("-", "/", "_", ""))


def _unrealized(position: StoredPositionRow, mark: Decimal) -> Decimal | None:
    terms = Terms(position["multiplier"], bool(position["inverse"]), position["currency"])
    quantity = position["position_quantity"] or ZERO
    return _gained(terms, quantity, Decimal(position["book"]["cost"]), mark)


def _gained(terms: Terms, quantity: Decimal, cost: Decimal, mark: Decimal) -> Decimal | None:
    """Unrealized gain of a position with this cost, at a mark. None where it has no value at it."""
    if quantity and not terms.has_value_at(mark):
        return None
    return shown(terms.amount(terms.gain(terms.value(quantity, mark), cost))) if quantity else ZERO
