"""Every figure of a statement, asked of the ledger's queries one by one."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from orderledger import Ledger
from orderledger.domain.exact import EXACT, ZERO, total
from orderledger.serve.statement.statement import Statement

INSTANT = timedelta(microseconds=1)
Row = Any


def check_statement(
    ledger: Ledger, since: datetime | date, until: datetime | date, **asked: Any
) -> Statement:
    """Make the statement and compare it. Returns it."""
    statement = ledger.statement(since, until, **asked)
    period = statement.period
    where: dict[str, Any] = {"as_of": asked.get("as_of") or statement.position}
    if statement.account is not None:
        where["account"] = statement.account
    start: dict[str, Any] = {**where, "effective_at": period.since - INSTANT}
    end: dict[str, Any] = {**where, "effective_at": period.until - INSTANT}
    between: dict[str, Any] = {"since": period.since, "until": period.until, **end}
    found = {section.name: list(section.rows) for section in statement.sections}
    method = statement.method
    anomalies = ledger.anomalies(**end)
    expected: dict[str, Any] = {
        "positions_start": ledger.positions(method=method, **start),
        "positions_end": ledger.positions(method=method, **end),
        "trades": ledger.trades(**between),
        "orders": ledger.orders(**between),
        "open_orders": ledger.open_orders(**end),
        "unresolved_orders": ledger.orders(certainty="unresolved", **end),
        "account_events": [
            row
            for row in ledger.log.account_events(**end)
            if period.since <= row["at"] < period.until
        ],
        "certificates": [
            row
            for row in ledger.reconciliations.certificates(**end)
            if period.since <= row["at"] < period.until
        ],
        "anomalies": [
            row
            for row in anomalies
            if row["cleared_at"] is None or row["detected_at"] >= period.since
        ],
    }
    check_balances(found["balances"], ledger.balances(**start), ledger.balances(**end))
    for name, rows in expected.items():
        assert repr(found[name]) == repr(list(rows)), name
    check_results(found, ledger.pnl(method=method, **start), ledger.pnl(method=method, **end))
    check_equity(ledger, statement, where)
    return statement


def check_balances(found: list[Row], start: list[Row], end: list[Row]) -> None:
    """The balances are those of the queries at both ends."""
    opening = {(row["account"], row["currency"]): row["total"] for row in start}
    end = [row for row in end if row["total"] is not None or row["reported"] is not None]
    assert [row["closing"] for row in found] == [row["total"] for row in end]
    for row, last in zip(found, end, strict=True):
        for name in ("account", "currency", "owed", "equity", "equity_reason", "difference"):
            assert row[name] == last[name], name
        assert row["opening"] == opening.get((row["account"], row["currency"]), ZERO)


POSITION = ("account", "instrument", "position_side", "position_id")


def check_results(found: dict[str, list[Row]], start: list[Row], end: list[Row]) -> None:
    """What the period added is the difference of the P&L view at its ends."""
    before, after = (
        {tuple(row[name] for name in POSITION): row for row in rows} for rows in (start, end)
    )
    assert [tuple(row[name] for name in POSITION) for row in found["results"]] == sorted(
        {*before, *after}
    )
    for row in found["results"]:
        key = tuple(row[name] for name in POSITION)
        first, last = before.get(key), after.get(key)
        for name in ("realized_pnl", "net_pnl", "bought_quantity", "sold_quantity"):
            assert row[name] == less(
                last[name] if last else ZERO, first[name] if first else ZERO
            ), name
        for name, ends in (("start", first), ("end", last)):
            assert row[f"position_{name}"] == (ends["position_quantity"] if ends else 0)
            assert row[f"unrealized_pnl_{name}"] == (
                ends["unrealized_pnl"] if ends and ends["position_quantity"] else 0
            )
        assert row["fills"] == (last["fills"] if last else 0) - (first["fills"] if first else 0)
        for name in ("fees", "funding"):
            assert sum(row[name].values()) == sum(last[name].values() if last else []) - sum(
                first[name].values() if first else []
            )
    for name in ("fees", "funding"):
        paid = total(row[name] for row in found["paid"])
        assert paid == EXACT.subtract(total_of(end, name), total_of(start, name))
    for row in found["summary"]:
        if row["currency"] is not None:
            own = [result for result in found["results"] if result["currency"] == row["currency"]]
            for name in ("realized_pnl", "net_pnl", "unrealized_pnl_start", "unrealized_pnl_end"):
                amounts = [result[name] for result in own]
                assert row[name] == (None if None in amounts else total(amounts)), name


def check_equity(ledger: Ledger, statement: Statement, where: dict[str, Any]) -> None:
    """Every point of every curve, the ends of the curves, and the drawdown, from the P&L view at
    each moment."""

    def equity(at: datetime) -> dict[str, Decimal | None]:
        return equity_of(ledger.pnl(method=statement.method, effective_at=at, **where))

    start, end = equity(statement.period.since - INSTANT), equity(statement.period.until - INSTANT)
    moments = sorted({at for curve in statement.curves for at, _, _ in curve.points})
    asked = {at: equity(at) for at in moments}
    for curve in statement.curves:
        values = [value for _, value, _ in curve.points]
        first, *later = [at for at, _, _ in curve.points]
        assert first == statement.period.since
        expected = [
            start.get(curve.currency, Decimal(0)),
            *(asked[at].get(curve.currency, Decimal(0)) for at in later),
        ]
        assert values == expected, curve.currency
        known = [value for value in values if value is not None]
        falls = [
            EXACT.subtract(max(known[: number + 1]), value) for number, value in enumerate(known)
        ]
        assert curve.drawdown.largest == (max(falls) if falls else None)
    for row in statement["summary"].rows:
        if row["currency"] is not None:
            assert row["equity_start"] == start.get(row["currency"], Decimal(0))
            assert row["equity_end"] == end.get(row["currency"], Decimal(0))
    assert {curve.currency for curve in statement.curves} >= {*start, *end}
    for curve in statement.curves:
        last = [row for row in statement["equity"].rows if row["currency"] == curve.currency][-1]
        assert last["at"] == statement.period.until and last["equity"] == end.get(
            curve.currency, Decimal(0)
        )


def equity_of(rows: list[Row]) -> dict[str, Decimal | None]:
    equity: dict[str, Decimal | None] = {}
    for row in rows:
        if row["currency"] is not None:
            unrealized = row["unrealized_pnl"] if row["position_quantity"] else Decimal(0)
            amounts = [equity.get(row["currency"], Decimal(0)), row["net_pnl"], unrealized]
            equity[row["currency"]] = (
                None if None in amounts else EXACT.add(amounts[0], EXACT.add(*amounts[1:]))
            )
    return equity


def less(last: Decimal | None, first: Decimal | None) -> Decimal | None:
    return None if last is None or first is None else EXACT.subtract(last, first)


def total_of(rows: list[Row], name: str) -> Decimal:
    return total(amount for row in rows for amount in row[name].values())
