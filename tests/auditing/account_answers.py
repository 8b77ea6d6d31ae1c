"""The answers of a ledger about an account against those of the oracle, question by question."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from tests.auditing.account_cases import Answers, Rows, faults_of_row, is_same, is_same_way

METHODS = ("average", "fifo", "lifo")
ALL_METHODS = (*METHODS, "hifo")
KEYS = {
    "positions": ("instrument", "position_side", "position_id"),
    "balances": ("currency",),
}
POSITION = (
    "position_quantity",
    "average_open_price",
    "realized_pnl",
    "fees",
    "funding",
    "net_pnl",
    "unrealized_pnl",
    "mark_price",
    "currency",
    "reason",
)
BALANCE = ("total", "owed", "equity", "equity_reason", "reported", "difference")
LOT = ("instrument", "position_side", "position_id", "at", "quantity", "price", "cost")
FIGURES = {"positions": POSITION, "balances": BALANCE, "lots": LOT}


def compare(question: str, found: Rows, expected: Rows) -> list[str]:
    """The figures in which the rows of one question differ. Lots are compared in their order, other
    rows by their key; a balance of nothing may be missing."""
    if question == "lots":
        return compare_in_order(found, expected)
    by_key = {key_of(question, row): row for row in found}
    faults = []
    for row in expected:
        other = by_key.pop(key_of(question, row), None)
        if other is not None or not is_empty(row):
            figures = {name: row[name] for name in FIGURES[question]}
            faults += faults_of_row(f"{question} {key_of(question, row)}", figures, other or {})
    return faults + [
        f"{question}: a row {key} too many" for key, row in by_key.items() if not is_empty(row)
    ]


def compare_in_order(found: Rows, expected: Rows) -> list[str]:
    """Lots, oldest first within each position."""

    def ordered(rows: Rows) -> list[Mapping[str, Any]]:
        return sorted(rows, key=lambda row: key_of("positions", row))

    if len(found) != len(expected):
        return [f"lots: {len(found)}, expected {len(expected)}"]
    return [
        fault
        for one, other in zip(ordered(found), ordered(expected), strict=True)
        for fault in faults_of_row("lots", {name: other[name] for name in LOT}, one)
    ]


def key_of(question: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row.get(name) or "" for name in KEYS[question])


def is_empty(row: Mapping[str, Any]) -> bool:
    """Whether a balance has only zeros, and says nothing that other rows do not say."""
    names = ("total", "owed", "reported", "difference")
    is_balance = "total" in row
    return is_balance and all(row[name] is None or is_same(row[name], "0") for name in names)


def compare_valuations(
    found: Mapping[str, Any], expected: Mapping[str, Any], empty: Container[str] = ()
) -> list[str]:
    """`empty`: currencies with a balance of 0, which may be missing."""
    figures = {name: expected[name] for name in ("currency", "amount", "reason")}
    faults = faults_of_row("valuation", figures, found)
    return faults + [
        f"valuation {name}: {found['paths'].get(name)}, expected {way}"
        for name, way in expected["paths"].items()
        if not is_same_way(found["paths"].get(name), way)
        and not (name in empty and name not in found["paths"])
    ]


def faults_between(
    found: Answers,
    expected: Answers,
    currencies: Iterable[str],
    parities: Sequence[str] = (),
    methods: Sequence[str] = METHODS,
) -> list[str]:
    """Every question about an account, as of one moment: what the ledger answers otherwise than the
    oracle."""
    faults = compare("balances", found.balances(), expected.balances())
    for method in methods:
        for question in ("positions", "lots"):
            rows = getattr(found, question)(method), getattr(expected, question)(method)
            faults += [f"{method}: {fault}" for fault in compare(question, *rows)]
    empty = {row["currency"] for row in expected.balances() if row["total"] == 0}
    for currency in currencies:
        ours, theirs = (one.valuation(currency, parities) for one in (expected, found))
        faults += compare_valuations(theirs, ours, empty)
    return faults
