"""Cases of accounts worked out by hand: a question's answer against the figures of the case.

The form of a case is that of `account_cases.json` in the shared data. Figures that a case leaves
out are not compared.
"""

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from tests.auditing.facts import Row, instant

CODES = {
    "position_side_unknown",
    "position_side_conflict",
    "transfer_id_reused",
    "impossible_price",
}
"""The anomalies of accounts: a case has no other of them than those it names."""

KINDS = {
    "hedge_mode",
    "fees",
    "spot_round_trip",
    "cash",
    "opening_balance",
    "inverse",
    "rates",
}
KINDS_OF_EVENTS = {"split", "option", "future", "rename", "lot_choice"}
"""Cases of what happens to instruments."""
OWN_CASES = Path(__file__).parents[1] / "harness" / "account_cases_more.json"
EVENT_CASES = OWN_CASES.with_name("account_cases_events.json")

Case = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]


class Answers(Protocol):
    """The questions about one account at one moment, as the auditor and the ledger answer them."""

    def positions(self, method: str) -> Rows: ...
    def lots(self, method: str) -> Rows: ...
    def balances(self) -> Rows: ...
    def valuation(self, currency: str, parities: Sequence[str]) -> Mapping[str, Any]: ...
    def orders(self) -> Rows: ...
    def codes(self) -> set[str]: ...


def cases_in(path: Path, kinds: Container[str] = KINDS) -> list[Case]:
    found = json.loads(path.read_text())["cases"]
    return [case for case in found if case["kind"] in kinds and not case.get("later")]


def moment_of(case: Case) -> datetime:
    asked = (case.get("ask") or {}).get("effective_at")
    return instant(asked or max(message["at"] for message in case["input"]))


def faults_of(case: Case, answers: Answers) -> list[str]:
    """Every figure that is not the case's, as sentences."""
    expected, method = case["expected"], case["method"]
    faults = [
        *faults_of_positions(expected["positions"], answers.positions(method)),
        *faults_of_lots(expected["positions"], answers.lots(method)),
        *faults_of_balances(expected, answers.balances()),
    ]
    if total := expected.get("equity_in"):
        found = answers.valuation(total["currency"], case["ask"].get("parities") or ())
        faults += faults_of_valuation(total, found)
    if "orders" in expected:
        orders = {row["client_order_id"]: row for row in answers.orders()}
        for row in expected["orders"]:
            name = row["client_order_id"]
            faults += faults_of_row(f"order {name}", row, orders.get(name, {}))
    codes = answers.codes()
    if set(expected["anomalies"]) - codes or (codes & CODES) - set(expected["anomalies"]):
        faults.append(f"anomalies: {sorted(codes)}, expected {expected['anomalies']}")
    return faults


def is_same(found: Any, expected: Any) -> bool:
    """Numbers to 25 digits, since no decimal holds every fraction; times as instants."""
    if found is None or expected is None:
        return found is expected
    if isinstance(expected, dict):
        keys = {*expected, *found}
        return all(is_same(found.get(key, "0"), expected.get(key, "0")) for key in keys)
    if isinstance(found, datetime):
        return found == instant(expected)
    try:
        one, other = Fraction(str(found)), Fraction(str(expected))
    except ValueError:
        return str(found) == str(expected)
    return abs(one - other) <= Fraction(1, 10**25) * max(Fraction(1), abs(other))


def faults_of_row(where: str, expected: Row, found: Mapping[str, Any]) -> list[str]:
    def agrees(name: str, value: Any) -> bool:
        if name == "average_open_price" and value is None:
            return found.get(name) in (None, 0, "0")
        return name in found and is_same(found[name], value)

    return [
        f"{where} {name}: {found.get(name, 'missing')}, expected {value}"
        for name, value in expected.items()
        if not agrees(name, value)
    ]


def key_of(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["instrument"], row.get("position_side") or "net"


def faults_of_positions(expected: Iterable[Row], found: Rows) -> list[str]:
    rows, faults = {key_of(row): row for row in found}, list[str]()
    for row in expected:
        figures = {name: value for name, value in row.items() if name != "lots"}
        faults += faults_of_row(f"position {key_of(row)}", figures, rows.pop(key_of(row), {}))
    return faults + [
        f"position {key} is not expected"
        for key, row in rows.items()
        if not is_same(row["position_quantity"], "0")
    ]


def faults_of_lots(expected: Iterable[Row], found: Rows) -> list[str]:
    faults = []
    for row in expected:
        lots = [lot for lot in found if key_of(lot) == key_of(row)]
        wanted = row.get("lots", lots)
        if len(lots) != len(wanted):
            faults.append(f"lots {key_of(row)}: {len(lots)}, expected {len(wanted)}")
        elif "lots" in row:
            for index, pair in enumerate(zip(wanted, lots, strict=True)):
                faults += faults_of_row(f"lot {key_of(row)} {index}", *pair)
    return faults


def faults_of_balances(expected: Mapping[str, Any], found: Rows) -> list[str]:
    rows = {row["currency"]: row for row in found}
    faults = []
    for name, column in (("balances", "total"), ("owed", "owed")):
        figures = {currency: row[column] for currency, row in rows.items()}
        if name in expected and not is_same(figures, expected[name]):
            faults.append(f"{name}: {figures}, expected {expected[name]}")
    for currency, row in expected.get("differences", {}).items():
        found_row = dict(rows.get(currency, {}))
        stated, difference = found_row.get("reported"), found_row.get("difference")
        then = None if difference is None else Fraction(str(stated)) - Fraction(str(difference))
        figures = {
            "reported": row["venue"],
            "difference": row["difference"],
            "total_then": row["total"],
        }
        faults += faults_of_row(f"balance {currency}", figures, found_row | {"total_then": then})
    equity = {currency: row["equity"] for currency, row in rows.items()}
    known = {name: value for name, value in equity.items() if value is not None}
    if not is_same(known, expected["equity"] or {}) or (expected["equity"] is None and known):
        faults.append(f"equity: {equity}, expected {expected['equity']}")
    reasons = {row["equity_reason"] for row in found} or {expected.get("equity_reason")}
    if expected["equity"] is None and expected.get("equity_reason") not in reasons:
        faults.append(f"equity_reason: {reasons}, expected {expected.get('equity_reason')}")
    return faults


def faults_of_valuation(expected: Row, found: Mapping[str, Any]) -> list[str]:
    figures = {name: value for name, value in expected.items() if name != "paths"}
    faults = faults_of_row("valuation", figures, found)
    for currency, way in expected["paths"].items():
        other = found["paths"].get(currency)
        if not is_same_way(other, way):
            faults.append(f"valuation {currency}: {other}, expected {way}")
    return faults


def is_same_way(found: Mapping[str, Any] | None, expected: Mapping[str, Any] | None) -> bool:
    if found is None or expected is None:
        return found is expected
    steps, others = found["path"], expected["path"]
    return (
        is_same(found["rate"], expected["rate"])
        and len(steps) == len(others)
        and not any(
            faults_of_row("", other, step) for step, other in zip(steps, others, strict=True)
        )
    )
