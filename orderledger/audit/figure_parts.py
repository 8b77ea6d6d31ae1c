"""Figures as sums of parts: each part is what one event adds to a figure. The parts add up to the
figure to the last digit.

What rounding takes from or adds to a figure is a part of its own. It is beyond the 34th digit or
the 40th place.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from orderledger.audit.rows import PartRow
from orderledger.extend.events import Recorded
from orderledger.extend.values import EXACT, ZERO, total
from orderledger.extend.views import (
    METHODS,
    Entry,
    Method,
    Position,
    Terms,
    fees_of,
    queries,
)
from orderledger.rows import AccountEventRow, FillPnlRow, PnlRow, TradeRow

OF_FILL = ("client_order_id", "fill_id", "side", "quantity", "price", "at", "position")
OF_EVENT = ("quantity", "price", "at", "position")
PARTS = {
    "fill": "fill",
    "adjust": "adjustment",
    "split": "split",
    "settle": "settlement",
    "delivery": "delivery",
}
"""Kinds of parts by the kinds of entries."""

EMPTY: Any = dict.fromkeys(PartRow.__annotations__)


def part(figure: str, kind: str, **fields: Any) -> PartRow:
    """A part, with None where it has no value."""
    return cast(PartRow, {**EMPTY, "figure": figure, "part": kind, **fields})


def pnl_parts(
    pnl: PnlRow,
    fills: Iterable[FillPnlRow],
    events: Iterable[AccountEventRow],
    others: Iterable[queries.Result],
    conversion: queries.Conversion,
    method: Method,
) -> list[PartRow]:
    """The parts of one row of `pnl`, except its unrealized P&L.

    `fills`: rows of `pnl_of_fills`; `events`: rows of `account_events`; `others`: the results
    of account events. All of this position.
    """
    parts: list[PartRow] = []
    for fill in fills:
        parts += _parts_of_fill(pnl, fill, conversion, method)
    for event in events:
        parts += _parts_of_funding(pnl, event, conversion)
    number = METHODS.index(method)
    for result in others:
        parts += _parts_of_result(pnl, result, number)
    parts.sort(key=lambda one: (one["at"], one["position"] or 0))
    if pnl["net_pnl"] is not None:
        parts += _rounding(
            "net_pnl",
            pnl["net_pnl"],
            [one["net_amount"] for one in parts],
            is_net=True,
            currency=pnl["currency"],
        )
    return parts


def unrealized_parts(
    pnl: PnlRow, terms: Terms, cost: Decimal, mark: Recorded | None
) -> list[PartRow]:
    """The parts of the unrealized P&L: the position at the mark, and what it cost. `mark`: the
    event of the mark."""
    unrealized, quantity = pnl["unrealized_pnl"], pnl["position_quantity"]
    price = pnl["mark_price"]
    if unrealized is None or not quantity or price is None:
        return []
    value = terms.value(quantity, price)
    sign = -1 if terms.inverse else 1
    common: dict[str, Any] = {"quantity": quantity, "currency": pnl["currency"]}
    of_mark = {} if mark is None else {"position": mark.position, "at": mark.at}
    worth, paid = _signed(terms.amount(value), sign), _signed(terms.amount(cost), -sign)
    parts = [
        part(
            "unrealized_pnl",
            "value at the mark",
            amount=worth,
            price=price,
            **common,
            **of_mark,
        ),
        part("unrealized_pnl", "cost", amount=paid, price=pnl["average_open_price"], **common),
    ]
    return [
        *parts,
        *_rounding(
            "unrealized_pnl", unrealized, [one["amount"] for one in parts], currency=pnl["currency"]
        ),
    ]


def position_parts(found: Iterable[Entry], position: Position, method: Method) -> Iterator[PartRow]:
    """Amounts that each entry (`found`) adds to the quantity and the cost of a position.
    `position`: the position before all of them."""
    book = position.books[METHODS.index(method)]
    for entry in found:
        quantity, cost = position.quantity, book.cost
        position.take(entry)
        kind = PARTS[_kind_of(entry)]
        fields = _of_fill(entry) if "fill_id" in entry else _of_event(entry)
        yield part(
            "position_quantity", kind, **fields, amount=EXACT.subtract(position.quantity, quantity)
        )
        yield part(
            "cost",
            kind,
            **fields,
            amount=EXACT.subtract(book.cost, cost),
            currency=position.terms.currency,
        )


def fills_of_order_parts(
    trades: Iterable[TradeRow], *, is_combination: bool = False
) -> Iterator[PartRow]:
    """Amounts that each active fill adds to the order's cumulative quantity, notional and fees.

    The average price is the notional divided by the cumulative quantity. A combination is filled by
    whole units: its fills add to the quantity of their leg.
    """
    for trade in trades:
        fields = _of_fill(trade)
        if is_combination:
            yield part(f"leg_{trade['leg']}_quantity", "fill", **fields, amount=trade["quantity"])
        else:
            value = EXACT.multiply(trade["quantity"], trade["price"])
            yield part("cum_quantity", "fill", **fields, amount=trade["quantity"])
            yield part("notional", "fill", **fields, amount=value)
        for currency, fee in fees_of(trade):
            yield part("fees", "fee", **fields, amount=fee, currency=currency)


def _parts_of_fill(
    pnl: PnlRow, fill: FillPnlRow, conversion: queries.Conversion, method: Method
) -> Iterator[PartRow]:
    realized = {
        "average": fill["realized_pnl_average"],
        "fifo": fill["realized_pnl_fifo"],
        "lifo": fill["realized_pnl_lifo"],
    }[method]
    fields = _of_fill(fill)
    yield part(
        "realized_pnl",
        "fill",
        **fields,
        amount=realized,
        currency=pnl["currency"],
        net_amount=realized,
    )
    for name, fee in fees_of(fill):
        worth = conversion.fee(name, fee, fill["price"], fill["position"])
        yield part(
            "fees",
            "fee",
            **fields,
            amount=fee,
            currency=name or pnl["currency"] or "",
            net_amount=_negative(worth),
        )


def _parts_of_funding(
    pnl: PnlRow, event: AccountEventRow, conversion: queries.Conversion
) -> Iterator[PartRow]:
    if event["kind"] == "funding" and event["state"] is None:
        currency, amount = event["currency"] or "", event["quantity"] or ZERO
        yield part(
            "funding",
            "funding",
            **{**_of_event(event), "quantity": None, "price": None},
            amount=amount,
            currency=event["currency"],
            net_amount=conversion.funding(currency, amount, event["position"]),
        )


def _parts_of_result(pnl: PnlRow, result: queries.Result, number: int) -> Iterator[PartRow]:
    """`number`: of the method."""
    fields, realized = _of_event({"price": None, **result.entry}), result.realized[number]
    yield part(
        "realized_pnl",
        PARTS[_kind_of(result.entry)],
        **fields,
        amount=realized,
        currency=pnl["currency"],
        net_amount=realized,
    )
    for name, fee, worth in result.fees:
        yield part(
            "fees",
            "fee",
            **fields,
            amount=fee,
            currency=name or pnl["currency"] or "",
            net_amount=_negative(worth),
        )


def _kind_of(entry: Entry) -> str:
    return "fill" if "fill_id" in entry else entry["kind"]


def _negative(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.copy_negate()


def _rounding(
    figure: str,
    shown: Decimal,
    amounts: Iterable[Decimal | None],
    *,
    is_net: bool = False,
    currency: str | None,
) -> list[PartRow]:
    """The part that is due to rounding, if any."""
    rest = EXACT.subtract(shown, total(amount for amount in amounts if amount is not None))
    field = "net_amount" if is_net else "amount"
    return [part(figure, "rounding", **{field: rest}, currency=currency)] if rest else []


def _of_fill(fill: Mapping[str, object]) -> dict[str, Any]:
    return {name: fill[name] for name in OF_FILL}


def _of_event(event: Mapping[str, object]) -> dict[str, Any]:
    return {name: event[name] for name in OF_EVENT}


def _signed(amount: Decimal, sign: int) -> Decimal:
    return amount if sign > 0 else amount.copy_negate()
