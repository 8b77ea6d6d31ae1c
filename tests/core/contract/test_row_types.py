"""Rows are what their classes say: the same keys, values of the declared types; in every store, now
and as of another time."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain, combinations
from typing import Any, get_args

import msgspec
import pytest

from orderledger import Ledger
from orderledger.projections.latency import GROUPS as LATENCY_GROUPS
from orderledger.projections.pnl import GROUPS
from orderledger.projections.positions import Method
from orderledger.rows import (
    AccountEventRow,
    AnomalyRow,
    CertificateRow,
    EventRow,
    ExposureRow,
    FillPnlRow,
    InstrumentRow,
    LatencyRow,
    MarkRow,
    OrderRow,
    PnlGroupRow,
    PnlRow,
    PositionRow,
    ProposalRow,
    TradeRow,
)
from tests.core.contract.streams import (
    START,
    fill,
    moment,
    of_account,
    parsed,
    report,
    request,
    story,
)

MIDDLE = START + timedelta(seconds=5, milliseconds=500)
"""Some of the story has happened by then."""


def streaming(view: str, **where: Any) -> Callable[..., list[Any]]:
    """Streams the rows of a view."""
    return lambda ledger, **when: list(ledger.views.stream(view, **where, **when))


ASKS: tuple[tuple[type, Callable[..., Iterable[Any]]], ...] = (
    (OrderRow, Ledger.orders),
    (OrderRow, Ledger.open_orders),
    (TradeRow, lambda ledger, **when: ledger.trades(include_busted=True, **when)),
    *(
        (PnlRow, lambda ledger, method=method, **when: ledger.pnl(method=method, **when))
        for method in get_args(Method)
    ),
    *(
        (PositionRow, lambda ledger, method=method, **when: ledger.positions(method=method, **when))
        for method in get_args(Method)
    ),
    (PnlRow, lambda ledger, **when: ledger.pnl(strategy="s1", **when)),
    (FillPnlRow, Ledger.pnl_of_fills),
    (ExposureRow, Ledger.exposure),
    (LatencyRow, lambda ledger, **when: ledger.metrics.latency(by=(), **when)),
    (AnomalyRow, Ledger.anomalies),
    (ProposalRow, Ledger.proposals),
    (InstrumentRow, Ledger.instruments),
    (MarkRow, Ledger.marks),
    (AccountEventRow, lambda ledger, **when: ledger.log.account_events(**when)),
    (CertificateRow, lambda ledger, **when: ledger.reconciliations.certificates(**when)),
    (OrderRow, lambda ledger, **when: [ledger.order("C-1", account="sim:main", **when)]),
    (EventRow, lambda ledger, **when: ledger.history("C-1", account="sim:main", **when)),
    (OrderRow, streaming("orders")),
    (TradeRow, streaming("trades", include_busted=True)),
    (AnomalyRow, streaming("anomalies")),
    (MarkRow, streaming("marks")),
    (AccountEventRow, streaming("account_events")),
    (CertificateRow, streaming("certificates")),
)
TIMES = (
    "now",
    "as of a position",
    "as of a time",
    "effective at the middle",
    "effective at the end",
)


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    ledger.record_many(parsed(*story(), *more()))
    return ledger


def more() -> list[dict[str, Any]]:
    """What is odd beyond the story: terms that nobody gave, approvals of nothing, breaks,
    currencies without a rate."""
    covered = {"covered_from": moment(0), "covered_to": moment(4)}
    second = {"account": "sim:two", "strategy": "s2", "instrument": "DOGE-USD"}
    return [
        of_account("approve", 2, proposal_id="P-3", actor="me"),
        of_account("gap", 4, **{"from": moment(0)}, reason="process_killed"),
        of_account(
            "certify",
            5,
            **covered,
            orders=0,
            fills=0,
            positions=0,
            open_breaks=[{"id": "B-1", "since": moment(0)}],
        ),
        of_account("instrument", 1, instrument="SOL-USD", currency="USD"),
        fill(
            None,
            "F-X",
            2,
            venue_order_id="V-X",
            instrument="SOL-USD",
            fee="1",
            fee_currency="BNB",
            liquidity="taker",
        ),
        report("fill", "X-1", 3, fill_id="F-Y", quantity="1", price="10"),
        request(
            "C-9",
            1,
            links={"proposal_id": "P-1"},
            time_in_force="gtd",
            expire_at=MIDDLE.isoformat(),
            post_only=True,
        ),
        request("D-1", 1, **second),
        fill("D-1", "F-D", 2, "sim:two", instrument="DOGE-USD", fee="0.5"),
        fill("D-1", "F-E", 90_000, "sim:two", instrument="DOGE-USD"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("time", TIMES)
def test_every_row_has_the_keys_and_the_types_of_its_class(ledger: Ledger, time: str) -> None:
    last = max(event["position"] for event in ledger.events())
    asked: dict[str, dict[str, Any]] = {
        "now": {},
        "as of a position": {"as_of": last // 2},
        "as of a time": {"as_of": next(event["recorded_at"] for event in ledger.events())},
        "effective at the middle": {"effective_at": MIDDLE},
        "effective at the end": {"effective_at": START + timedelta(days=9)},
    }
    when = asked[time]
    found = [(kind, list(ask(ledger, **when))) for kind, ask in ASKS]
    for kind, rows in found:
        check(kind, rows, kind.__required_keys__)  # type: ignore[attr-defined]
    # An anomaly happens when it is detected, which is after all that the messages tell of.
    assert {kind for kind, rows in found if not rows} == (
        {AnomalyRow} if time == "effective at the middle" else set()
    )
    for by in groups(GROUPS, time):
        check(
            PnlGroupRow,
            ledger.pnl(by=by, **when),
            PnlGroupRow.__required_keys__
            | set(by)
            | ({"position_side", "position_id"} if "instrument" in by else set()),
        )
    for by in groups(LATENCY_GROUPS, time):
        check(
            LatencyRow,
            ledger.metrics.latency(by=by, **when),
            LatencyRow.__required_keys__ | set(by),
        )


def groups(names: tuple[str, ...], time: str) -> Iterable[tuple[str, ...]]:
    """Every choice of columns. The rows of another time come from the same code, by a fold of the
    log each: none, and all."""
    return (
        chain.from_iterable(combinations(names, count) for count in range(len(names) + 1))
        if time == "now"
        else ((), names)
    )


def test_every_event_has_the_keys_and_the_types_of_its_class(ledger: Ledger) -> None:
    check(EventRow, ledger.events(), EventRow.__required_keys__)


def test_every_order_of_a_recovery_has_the_keys_and_the_types_of_its_class(ledger: Ledger) -> None:
    found = ledger.recover()
    for rows in (found.open, found.in_flight, found.unresolved, found.pending):
        check(OrderRow, rows, OrderRow.__required_keys__)


def check(kind: type, rows: Iterable[Any], keys: frozenset[str]) -> None:
    for row in rows:
        assert set(row) == keys, kind
        assert type(row) is dict
        assert msgspec.convert(row, kind, strict=True, builtin_types=(Decimal, datetime)) == row, (
            kind
        )
