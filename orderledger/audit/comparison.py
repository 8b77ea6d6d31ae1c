"""Two books of the same trading, side by side: e.g. the bot's own and the venue's.

Orders are the same if they share a venue's id, a client order id or an alias; else if each of their
fills is the same. Fills are the same if they share an id, or instrument, side, quantity and price
at about the same time. A book that keeps totals only, one fill an order, agrees with one that has
all fills, if quantity and value of the order agree.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, TypedDict, get_args

from orderledger.extend.values import EXACT, ZERO, sides, total
from orderledger.extend.views import fees_of
from orderledger.rows import OrderRow, PositionRow, TradeRow

ROUNDING = Decimal("1e-9")
"""Numbers agree within this part of the larger: other books compute averages in floating point."""

ComparedTerm = Literal["side", "quantity", "status"]
COMPARED: tuple[ComparedTerm, ...] = get_args(ComparedTerm)


class DifferenceRow(TypedDict):
    """A difference between two books."""

    kind: Annotated[str, "order, fill, fee or position.", ("order", "fill", "fee", "position")]
    subject: Annotated[str, "The order, the fill, the currency or the instrument."]
    instrument: Annotated[str | None, "Instrument."]
    missing_in: Annotated[
        str | None, "a or b: the book that lacks it. Null where both have it.", ("a", "b")
    ]
    field: Annotated[str | None, "Name of the differing field, if both books have the row."]
    a: Annotated[Any, "The row in the first book, or its value."]
    b: Annotated[Any, "The row in the second book, or its value."]


@dataclass(frozen=True, slots=True)
class AccountRows:
    """The rows of one account: its orders, its active fills and its positions."""

    orders: Sequence[OrderRow]
    trades: Sequence[TradeRow]
    positions: Sequence[PositionRow]

    @property
    def is_empty(self) -> bool:
        return not (self.orders or self.trades or self.positions)


@dataclass
class Compared:
    """The counts of matching rows, and the differences."""

    orders: int = 0
    fills: int = 0
    positions: int = 0
    orders_with_other_fills: int = 0
    differences: list[DifferenceRow] = field(default_factory=list)


def compare(
    a: AccountRows, b: AccountRows, *, names: Mapping[str, str], within: timedelta
) -> Compared:
    """Compare two books. `names`: instruments of the second book by their names in the first, where
    they differ. `within`: fills without a common id are the same if their times differ by no
    more."""
    compared = Compared()
    fills_a, fills_b = _by_order(a.trades), _by_order(b.trades)
    instrument_in_b: Callable[[str | None], str | None] = lambda name: names.get(name or "", name)  # noqa: E731
    pairs, rest_a, rest_b = _paired(a.orders, b.orders)
    for one, other in pairs:
        _compare_orders(
            one,
            other,
            fills_a[one["stream"]],
            fills_b[other["stream"]],
            instrument_in_b,
            within,
            compared,
        )
    _compare_rest(rest_a, rest_b, fills_a, fills_b, instrument_in_b, within, compared)
    _compare_fees(a.trades, b.trades, compared)
    _compare_positions(a.positions, b.positions, instrument_in_b, compared)
    return compared


def _by_order(trades: Iterable[TradeRow]) -> dict[str, list[TradeRow]]:
    found: dict[str, list[TradeRow]] = defaultdict(list)
    for trade in trades:
        found[trade["stream"]].append(trade)
    return found


def _paired(
    a: Sequence[OrderRow], b: Sequence[OrderRow]
) -> tuple[list[tuple[OrderRow, OrderRow]], list[OrderRow], list[OrderRow]]:
    """Orders with a common name, and those of either book without one."""
    bearers: dict[tuple[str, str], OrderRow] = {}
    for row in b:
        for name in _names(row):
            bearers.setdefault(name, row)
    pairs, rest, taken = [], [], set()
    for row in a:
        found = (bearers[name] for name in _names(row) if name in bearers)
        other = next((candidate for candidate in found if candidate["stream"] not in taken), None)
        if other is None:
            rest.append(row)
        else:
            taken.add(other["stream"])
            pairs.append((row, other))
    return pairs, rest, [row for row in b if row["stream"] not in taken]


def _names(row: OrderRow) -> Iterator[tuple[str, str]]:
    """The names of an order, those of the venue first."""
    for venue_order_id in row["venue_order_ids"] or ():
        yield "venue", venue_order_id
    for client_order_id in (row["client_order_id"], row["working_client_order_id"]):
        if client_order_id is not None:
            yield "client", client_order_id
    yield from (row["aliases"] or {}).items()


def _compare_orders(
    one: OrderRow,
    other: OrderRow,
    fills: list[TradeRow],
    others: list[TradeRow],
    instrument_in_b: Callable[[str | None], str | None],
    within: timedelta,
    compared: Compared,
) -> None:
    before = len(compared.differences)
    if (
        None not in (one["instrument"], other["instrument"])
        and instrument_in_b(one["instrument"]) != other["instrument"]
    ):
        compared.differences.append(
            _differing("order", one, "instrument", one["instrument"], other["instrument"])
        )
    for name in COMPARED:
        if None not in (one[name], other[name]) and not _agree(one[name], other[name]):
            compared.differences.append(_differing("order", one, name, one[name], other[name]))
    same, rest, others_rest = _same_fills(fills, others, instrument_in_b, within)
    if (
        (rest or others_rest)
        and _agree(_value(fills), _value(others))
        and _agree(_quantity(fills), _quantity(others))
    ):
        compared.orders_with_other_fills += 1
    else:
        compared.differences += [_missing("fill", row["fill_id"], row, "b") for row in rest]
        compared.differences += [_missing("fill", row["fill_id"], row, "a") for row in others_rest]
    compared.fills += same
    compared.orders += len(compared.differences) == before


def _same_fills(
    fills: Sequence[TradeRow],
    others: Sequence[TradeRow],
    instrument_in_b: Callable[[str | None], str | None],
    within: timedelta,
) -> tuple[int, list[TradeRow], list[TradeRow]]:
    """The number of fills that both have, and the rest of each."""
    by_id = {row["fill_id"]: row for row in others}
    left: list[TradeRow] = []
    taken: set[tuple[str, str]] = set()
    for row in fills:
        other = by_id.get(row["fill_id"])
        if other is not None and _is_same_trade(row, other, instrument_in_b):
            taken.add((other["stream"], other["fill_id"]))
        else:
            left.append(row)
    alike: dict[Any, list[TradeRow]] = defaultdict(list)
    for row in others:
        if (row["stream"], row["fill_id"]) not in taken:
            alike[row["instrument"], row["side"]].append(row)
    rest = []
    for row in left:
        candidates = alike[instrument_in_b(row["instrument"]), row["side"]]
        near = [
            c
            for c in candidates
            if _is_same_trade(row, c, instrument_in_b) and abs(c["at"] - row["at"]) <= within
        ]
        if near:
            found = min(near, key=lambda c: (abs(c["at"] - row["at"]), c["fill_id"]))
            candidates.remove(found)
        else:
            rest.append(row)
    return len(fills) - len(rest), rest, [row for rows in alike.values() for row in rows]


def _is_same_trade(
    row: TradeRow, other: TradeRow, instrument_in_b: Callable[[str | None], str | None]
) -> bool:
    is_named_alike = (
        instrument_in_b(row["instrument"]) == other["instrument"] and row["side"] == other["side"]
    )
    return (
        is_named_alike
        and _agree(row["quantity"], other["quantity"])
        and _agree(row["price"], other["price"])
    )


def _compare_rest(
    a: list[OrderRow],
    b: list[OrderRow],
    fills_a: dict[str, list[TradeRow]],
    fills_b: dict[str, list[TradeRow]],
    instrument_in_b: Callable[[str | None], str | None],
    within: timedelta,
    compared: Compared,
) -> None:
    """Orders without a common name: the fills decide."""
    pool_a, pool_b = _pool(a, fills_a), _pool(b, fills_b)
    same, rest, others = _same_fills(pool_a, pool_b, instrument_in_b, within)
    compared.fills += same
    for orders, fills, missing, other in ((a, fills_a, rest, "b"), (b, fills_b, others, "a")):
        lacking = {row["stream"] for row in missing}
        compared.differences += [_missing("fill", row["fill_id"], row, other) for row in missing]
        for row in orders:
            if row["stream"] in lacking or not fills[row["stream"]]:
                compared.differences.append(_missing("order", _subject(row), row, other))
            elif other == "b":
                compared.orders += 1


def _pool(orders: Iterable[OrderRow], fills: dict[str, list[TradeRow]]) -> list[TradeRow]:
    return [row for order in orders for row in fills[order["stream"]]]


def _compare_fees(a: Iterable[TradeRow], b: Iterable[TradeRow], compared: Compared) -> None:
    """Totals by currency. A fee without a currency is in the settlement currency of its instrument,
    so it has no total here."""
    fees_a, fees_b = _fees(a), _fees(b)
    for currency in sorted({*fees_a, *fees_b}):
        one, other = fees_a.get(currency, ZERO), fees_b.get(currency, ZERO)
        if not _agree(one, other):
            row: DifferenceRow = {
                "kind": "fee",
                "subject": currency,
                "instrument": None,
                "missing_in": None,
                "field": "fee",
                "a": one,
                "b": other,
            }
            compared.differences.append(row)


def _fees(trades: Iterable[TradeRow]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in trades:
        for currency, fee in fees_of(row):
            if currency:
                found[currency] = EXACT.add(found.get(currency, ZERO), fee)
    return found


def _compare_positions(
    a: Iterable[PositionRow],
    b: Iterable[PositionRow],
    instrument_in_b: Callable[[str | None], str | None],
    compared: Compared,
) -> None:
    held_a = {
        (named, *_part(row)): row["position_quantity"]
        for row in a
        if (named := instrument_in_b(row["instrument"]))
    }
    held_b = {(row["instrument"], *_part(row)): row["position_quantity"] for row in b}
    for key in sorted({*held_a, *held_b}):
        one, other = held_a.get(key, ZERO), held_b.get(key, ZERO)
        if _agree(one, other):
            compared.positions += 1
            continue
        subject = " ".join(word for word in key if word and word != sides.NET)
        compared.differences.append(
            {
                "kind": "position",
                "subject": subject,
                "instrument": key[0],
                "missing_in": None,
                "field": "position_quantity",
                "a": one,
                "b": other,
            }
        )


def _part(row: PositionRow) -> tuple[str, str]:
    return row["position_side"], row["position_id"]


def _quantity(fills: Iterable[TradeRow]) -> Decimal:
    return total(row["quantity"] for row in fills)


def _value(fills: Iterable[TradeRow]) -> Decimal:
    return total(EXACT.multiply(row["quantity"], row["price"]) for row in fills)


def _agree(one: Any, other: Any) -> bool:
    if not isinstance(one, Decimal) or not isinstance(other, Decimal):
        return bool(one == other)
    return abs(EXACT.subtract(one, other)) <= EXACT.multiply(max(abs(one), abs(other)), ROUNDING)


def _subject(row: OrderRow | TradeRow) -> str:
    return str(row["venue_order_id"] or row["client_order_id"] or row["stream"])


def _missing(kind: str, subject: str, row: OrderRow | TradeRow, book: str) -> DifferenceRow:
    return {
        "kind": kind,
        "subject": subject,
        "instrument": row["instrument"],
        "missing_in": book,
        "field": None,
        "a": row if book == "b" else None,
        "b": row if book == "a" else None,
    }


def _differing(kind: str, row: OrderRow, name: str, one: Any, other: Any) -> DifferenceRow:
    return {
        "kind": kind,
        "subject": _subject(row),
        "instrument": row["instrument"],
        "missing_in": None,
        "field": name,
        "a": one,
        "b": other,
    }
