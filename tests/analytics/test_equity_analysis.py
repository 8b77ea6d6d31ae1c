"""`analyse equity` and the table `equity` have the figures of `Ledger.equity`, also after a split,
a settlement that delivers, and a rename."""

from collections.abc import Iterator
from typing import Any

import pytest

from orderledger import Ledger
from tests.core.contract.streams import START, opened, parsed
from tests.core.equity.of_events import story


@pytest.fixture
def ledger(durable_store_url: str) -> Iterator[Ledger]:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*story()))
        yield ledger


def by_hour(points: Any) -> list[tuple[Any, ...]]:
    """The last point of each hour, and the deepest."""
    found: dict[str, list[Any]] = {}
    for row in points:
        found.setdefault(row["at"].strftime("%Y-%m-%d %H:00"), []).append(row)
    return [
        (
            hour,
            *(rows[-1][name] for name in ("equity", "peak", "drawdown")),
            max((row["drawdown"] for row in rows if row["drawdown"] is not None), default=None),
        )
        for hour, rows in found.items()
    ]


def shown(rows: Any) -> list[tuple[Any, ...]]:
    names = ("hour", "equity", "peak", "drawdown", "drawdown_most")
    return [tuple(row[name] for name in names) for row in rows]


@pytest.mark.parametrize("method", ["average", "fifo", "lifo"])
def test_each_hour_ends_as_the_curve_does(ledger: Ledger, method: Any) -> None:
    found = ledger.tables.analyse("equity", by="account,hour", method=method).to_rows()
    assert shown(found) == by_hour(ledger.equity(method=method, points=None))
    # 239 were paid for 10 shares at 20, 3 at 12 and the calls; 6 sold at 30, 7 are worth 28 each
    assert found[-1]["equity"] == 137


def test_each_instrument_has_a_curve_of_its_own(ledger: Ledger) -> None:
    found = ledger.tables.analyse("equity", by="account,instrument,hour").to_rows()
    for name in ("NEW", "OLD-C10"):
        own = shown(row for row in found if row["instrument"] == name)
        assert own == by_hour(ledger.equity(instrument=name, points=None)), name
    assert {row["instrument"] for row in found} == {"NEW", "OLD-C10"}


def test_the_table_has_every_moment_of_the_curve(ledger: Ledger) -> None:
    names = ("at", "position", "kind", "instrument", "fill_id", "currency")
    exact = {"equity_exact": "equity", "peak_exact": "peak"}
    rows = ledger.tables.sql("FROM equity WHERE method = 'fifo' ORDER BY rank").to_rows()
    points: list[Any] = list(ledger.equity(method="fifo", points=None))
    assert [[row[name] for name in names] for row in rows] == [
        [row[name] for name in names] for row in points
    ]
    for name, of in exact.items():
        assert [row[name] and float(row[name]) for row in rows] == [row[of] for row in points]


def test_the_analysis_answers_as_of_other_times(ledger: Ledger) -> None:
    asked: dict[str, Any] = {"effective_at": START.replace(hour=START.hour + 1, minute=30)}
    found = ledger.tables.analyse("equity", by="account,hour", **asked).to_rows()
    assert shown(found) == by_hour(ledger.equity(points=None, **asked))
