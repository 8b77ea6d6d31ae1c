"""`analyse equity` and the table `equity` have the figures of `Ledger.equity`, also after a split,
a settlement that delivers, and a rename."""

from collections.abc import Iterator
from typing import Any

import pytest

from orderledger import Ledger
from tests.core.contract.streams import START, fill, of_account, opened, parsed

HOUR = 3_600


def story() -> list[dict[str, Any]]:
    """Two shares of OLD are split in ten, the calls on it are exercised, it is called NEW, and a
    part of it is sold."""
    share = {"instrument": "OLD"}
    call = {"instrument": "OLD-C10"}
    delivered = {"instrument": "OLD", "side": "buy", "quantity": "3", "price": "12"}
    return [
        of_account("instrument", 0, kind="security", quote="USD", **share),
        of_account("instrument", 0, kind="option", quote="USD", multiplier="1", **call),
        fill(None, "1", 10, **share, quantity="2", price="100", venue_order_id="V-1"),
        of_account("mark", 20, price="120", **share),
        fill(None, "2", 30, **call, quantity="3", price="1", venue_order_id="V-2"),
        of_account("mark", 40, price="2", **call),
        of_account("mark", 45, price="90", **share),
        of_account("split", HOUR, ratio=[5, 1], **share),
        of_account("mark", HOUR + 10, price="25", **share),
        of_account("settle", 2 * HOUR, kind="exercise", price="0", premium="carry",
                   into=delivered, **call),
        of_account("mark", 2 * HOUR + 10, price="20", **share),
        of_account("rename", 3 * HOUR, instrument="OLD", to="NEW"),
        fill(None, "3", 3 * HOUR + 10, instrument="NEW", side="sell", quantity="6", price="30",
             venue_order_id="V-3"),
        of_account("mark", 3 * HOUR + 20, instrument="NEW", price="28"),
    ]  # fmt: skip


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
    # 10 shares at 20 and 3 at 12 cost 236, the calls 3; 6 were sold at 30, and 7 are worth 28
    assert found[-1]["equity"] == 180 + 196 - 239


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
    points = ledger.equity(method="fifo", points=None)
    assert [[row[name] for name in names] for row in rows] == [
        [row[name] for name in names] for row in points  # type: ignore[literal-required]
    ]
    for name, of in exact.items():
        assert [row[name] and float(row[name]) for row in rows] == [row[of] for row in points]  # type: ignore[literal-required]


def test_the_analysis_answers_as_of_other_times(ledger: Ledger) -> None:
    asked: dict[str, Any] = {"effective_at": START.replace(hour=START.hour + 1, minute=30)}
    found = ledger.tables.analyse("equity", by="account,hour", **asked).to_rows()
    assert shown(found) == by_hour(ledger.equity(points=None, **asked))
