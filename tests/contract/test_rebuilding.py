"""Views built anew, by one process or by several, are the views that were there."""

import threading
from itertools import count
from pathlib import Path

import pytest

from orderledger import Ledger, parse_document
from tests.contract.streams import IDS, fill, parsed, request, story


@pytest.mark.parametrize("jobs", [1, 3])
def test_rebuilt_views_are_the_views_that_were_there(durable_store_url: str, jobs: int) -> None:
    with Ledger.open(durable_store_url, follow=False) as ledger:
        ledger.record_many(parsed(*story()))
        before = (ledger.orders(), ledger.trades(with_busted=True), ledger.pnl(), ledger.anomalies())
        assert ledger.rebuild(jobs=jobs).is_equal
        assert (ledger.orders(), ledger.trades(with_busted=True), ledger.pnl(), ledger.anomalies()) == before


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_row_that_was_tampered_with_is_found_and_put_right(tmp_path: Path, jobs: int) -> None:
    import sqlite3

    with Ledger.open(str(tmp_path / "orders.db"), follow=False) as ledger:
        ledger.record_many(parsed(*story()))
        expected = ledger.trades()
        with sqlite3.connect(tmp_path / "orders.db") as tampered:
            tampered.execute("UPDATE trades SET quantity = '1000'")
        assert ledger.check().differences
        assert not ledger.rebuild(("trades",), jobs=jobs).is_equal
        assert ledger.trades() == expected
        assert not ledger.check().differences


def test_a_view_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        Ledger.open(str(tmp_path / "orders.db"), follow=False) as ledger,
        pytest.raises(ValueError, match="'moon' is no view: orders, trades"),
    ):
        ledger.rebuild(("moon",))


def test_many_rows_at_once_hold_what_a_few_hold(durable_store_url: str) -> None:
    said = "back\\slash, \\N, \\t, 'quote', \"quotes\", größe"
    odd = f"tab\t, line\n, return\r, {said}"
    ids = [f"{name}{number}" for name in IDS if len(name) < 100 for number in range(20)]
    requests = [request(name, number, tags={"note": odd, "\\t": [odd]}, strategy="a\\b") for number, name in enumerate(ids)]
    fills = [fill(name, f"F\\{number}", number + 1) for number, name in enumerate(ids)]
    ends = [{"type": "cancel", "account": "sim:main", "client_order_id": name, "reason": said} for name in ids]
    with Ledger.open(durable_store_url, follow=False) as ledger:
        ledger.record_many(parsed(*requests, *fills, *ends))
        rows = ledger.orders()
        assert {row["client_order_id"] for row in rows} == set(ids)
        assert {(row["reason"], row["tags"]["note"], row["tags"]["\\t"][0]) for row in rows} == {(said, odd, odd)}
        assert {row["fill_id"] for row in ledger.trades()} == {f"F\\{number}" for number in range(len(ids))}
        assert ledger.check().differences == ()
        ledger.record_many(parsed(*({**fill(name, f"G{number}", number + 2)} for number, name in enumerate(ids))))
        assert {row["cum_quantity"] for row in ledger.orders()} == {2}
        assert ledger.check().differences == () and ledger.rebuild().is_equal


def test_views_are_rebuilt_while_another_writer_records(tmp_path: Path) -> None:
    path = str(tmp_path / "orders.db")
    is_over = threading.Event()

    def record(other: Ledger) -> None:
        for number in count():
            if is_over.is_set():
                return
            other.record(parse_document(request(f"N-{number}")))

    with Ledger.open(path, follow=False) as ledger, Ledger.open(path, follow=False, synchronous="OFF") as other:
        ledger.record_many(parsed(*story()))
        recording = threading.Thread(target=record, args=(other,))
        recording.start()
        try:
            assert all(ledger.rebuild().is_equal for _ in range(5))
        finally:
            is_over.set()
            recording.join()
        assert ledger.check().differences == ()
