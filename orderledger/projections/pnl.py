"""The P&L view: positions put beside fees, funding and marks, and added up as asked."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NotRequired, TypedDict

from orderledger.domain.exact import EXACT, ONE, ZERO, plain, total
from orderledger.projections.positions import METHODS, Method, Position, Terms, position_row, shown, when
from orderledger.projections.view import Row

GROUPS = ("account", "instrument", "strategy", "day")
MONEY = ("realized_pnl", "net_pnl", "unrealized_pnl")
Marks = dict[tuple[str, str], Decimal]
Key = tuple[Any, ...]


CURRENCY_UNKNOWN, RATE_UNKNOWN = "currency_unknown", "rate_unknown"
"""Why a row has no net P&L: nobody has said what the instrument is settled in, or an amount in another currency has no mark that
converts it."""


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
    method: str
    fills: int
    bought_quantity: Decimal
    sold_quantity: Decimal


class PnlRow(_Amounts):
    """P&L of one account and instrument."""

    account: str
    instrument: str


class PnlGroupRow(_Amounts):
    """P&L of one group of a query with `by`: of `account`, `instrument`, `strategy` and `day` it has the columns in `by`."""

    account: NotRequired[str]
    instrument: NotRequired[str]
    strategy: NotRequired[str | None]
    day: NotRequired[str]


class PositionRow(PnlRow):
    """A P&L row with the exposure from open and unresolved orders, and the quantity that the venue last reported."""

    open_buy_quantity: Decimal
    open_sell_quantity: Decimal
    unresolved_orders: int
    reported_quantity: Decimal | None


def pnl_row(position: Row, marks: Marks, *, is_of_day: bool = False) -> Row:
    """One row of the `pnl` view from one of `tables.POSITIONS`. `marks`: price by account and instrument.

    The settlement currency is that of the instrument's definition, and is never guessed from what was paid. What was open at the
    end of a day is not valued.
    """
    account, currency = position["account"], position["currency"]
    fees = _named({name: Decimal(amount) for name, amount in position["fees"].items()}, currency)
    funding = {name: Decimal(amount) for name, amount in position["funding"].items()}
    mark = None if is_of_day else marks.get((account, position["instrument"]))
    net = None if currency is None else _net(account, position["realized_pnl"], fees, funding, currency, marks)
    return {
        **{name: position[name] for name in ("account", "instrument", "position_quantity", "average_open_price", "realized_pnl")},
        "fees": fees,
        "funding": funding,
        "net_pnl": net,
        "unrealized_pnl": None if mark is None else _unrealized(position, mark),
        "mark_price": mark,
        "currency": currency,
        "anomalies": [CURRENCY_UNKNOWN] if currency is None else [RATE_UNKNOWN] if net is None else [],
        **{name: position[name] for name in ("method", "fills", "bought_quantity", "sold_quantity")},
    }


def group_rows(rows: Iterable[Row], by: tuple[str, ...]) -> list[Row]:
    """P&L rows added up by some of their columns, each currency apart. Positions are shown where a row is one instrument's.

    Amounts of instruments whose settlement currency is unknown are not added to each other.
    """
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        key = (*(row.get(name) for name in by), row["currency"], row["instrument"] if "instrument" in by else None)
        groups.setdefault(key, []).append(row)
    return [_added_up(group, by) for group in groups.values()]


def rows_by(entries: Iterable[Row], terms: Callable[[str, str], Terms], by: tuple[str, ...], method: Method) -> list[Row]:
    """Rows like those of `tables.POSITIONS`, apart by strategy and day, from trades and account events.

    A strategy has a position of its own, and keeps it when the whole is adjusted. A day (UTC) shows what was realized on it, and
    the position at its end.
    """
    positions: dict[Key, Position] = {}
    latest: dict[Key, Key] = {}
    begun: dict[Key, Row] = {}
    ended: dict[Key, Row] = {}
    for entry in sorted(entries, key=when):
        strategy = entry.get("strategy") if "strategy" in by else None
        holder = (entry["account"], entry["instrument"], strategy)
        position = positions.setdefault(holder, Position(holder[0], holder[1], terms(holder[0], holder[1])))
        day = (*holder, entry["at"].date().isoformat() if "day" in by else None)
        if day not in begun:
            begun[day] = _row_of(position, method)
            if holder in latest:
                ended[latest[holder]] = begun[day]
            latest[holder] = day
        position.take(_left_to_nobody(entry, positions) if entry.get("kind") == "adjust" else entry)
    ended |= {day: _row_of(positions[holder], method) for holder, day in latest.items()}
    return [{**_change(before, ended[day]), "strategy": day[2], "day": day[3]} for day, before in begun.items()]


def _left_to_nobody(adjustment: Row, positions: dict[Key, Position]) -> Row:
    """An adjustment states the position of the whole: what the strategies do not hold of it is nobody's."""
    whole = (adjustment["account"], adjustment["instrument"])
    held = total(position.quantity for holder, position in positions.items() if holder[:2] == whole and holder[2] is not None)
    return {**adjustment, "quantity": EXACT.subtract(adjustment["quantity"], held)}


def _row_of(position: Position, method: Method) -> Row:
    """With what was realized as it is kept, not yet rounded to what is shown: days are to add up."""
    book = position.books[METHODS.index(method)]
    realized = Decimal(plain(position.terms.amount(book.realized)))
    return {**position_row(position, book, {"cost": plain(book.cost)}), "realized_pnl": realized}


def _change(before: Row, after: Row) -> Row:
    """What came to the one row until it was the other; the position is as it was in the end."""
    row = {**after, "fills": after["fills"] - before["fills"]}
    for name in ("realized_pnl", "bought_quantity", "sold_quantity"):
        row[name] = EXACT.subtract(after[name], before[name])
    row["realized_pnl"] = shown(row["realized_pnl"])
    for name in ("fees", "funding"):
        changes = {c: EXACT.subtract(Decimal(amount), Decimal(before[name].get(c, 0))) for c, amount in after[name].items()}
        row[name] = {c: plain(amount) for c, amount in changes.items() if amount}
    return row


def _named(amounts: dict[str, Decimal], currency: str | None) -> dict[str, Decimal]:
    """A fee that came without a currency is in the settlement currency, once that is known."""
    if "" not in amounts or currency is None:
        return amounts
    named = {name: amount for name, amount in amounts.items() if name}
    named[currency] = EXACT.add(named.get(currency, ZERO), amounts[""])
    return dict(sorted(named.items()))


def _net(
    account: str, realized: Decimal, fees: dict[str, Decimal], funding: dict[str, Decimal], currency: str, marks: Marks
) -> Decimal | None:
    """Realized less fees plus funding. None where an amount in another currency has no mark that converts it."""
    net = realized
    for amounts, change in ((fees, EXACT.subtract), (funding, EXACT.add)):
        for name, amount in amounts.items():
            rate = _rate(account, name, currency, marks) if amount else ZERO
            if rate is None:
                return None
            net = change(net, EXACT.multiply(amount, rate))
    return shown(net)


def _rate(account: str, name: str, currency: str, marks: Marks) -> Decimal | None:
    """What one unit of a currency is worth in another: the mark of their pair, where the account has one."""
    if name == currency:
        return ONE
    pairs = (f"{name}{separator}{currency}" for separator in ("-", "/", "_", ""))
    return next((marks[account, pair] for pair in pairs if (account, pair) in marks), None)


def _unrealized(position: Row, mark: Decimal) -> Decimal:
    terms = Terms(position["multiplier"], bool(position["inverse"]), position["currency"])
    quantity = position["position_quantity"]
    if not quantity:
        return ZERO
    return shown(terms.amount(terms.gain(terms.value(quantity, mark), Decimal(position["book"]["cost"]))))


def _added_up(group: list[Row], by: tuple[str, ...]) -> Row:
    first = group[0]
    is_one = len(group) == 1
    row = {name: first.get(name) for name in by}
    for name in ("position_quantity", "average_open_price", "mark_price"):
        row[name] = first[name] if is_one and "instrument" in by else None
    held = group if is_one or "day" in by else [member for member in group if member["position_quantity"]]
    is_one_currency = first["currency"] is not None or len({(row["account"], row["instrument"]) for row in group}) == 1
    for name in ("realized_pnl", "net_pnl", "unrealized_pnl", "bought_quantity", "sold_quantity"):
        amounts = [member[name] for member in (held if name == "unrealized_pnl" else group)]  # what is flat needs no mark
        is_unknown = any(amount is None for amount in amounts) or (name in MONEY and not is_one_currency)
        row[name] = None if is_unknown else total(amounts)
    for name in ("fees", "funding"):
        names = sorted({currency for member in group for currency in member[name]})
        row[name] = {currency: total(member[name].get(currency, ZERO) for member in group) for currency in names}
    anomalies = sorted({code for member in group for code in member["anomalies"]})
    return {
        **row,
        "currency": first["currency"],
        "anomalies": anomalies,
        "method": first["method"],
        "fills": sum(member["fills"] for member in group),
    }
