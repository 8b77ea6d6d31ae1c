"""Updates of the views leave nothing in memory, previews hold a limited number of orders, and the
write-ahead log shrinks again."""

import gc
import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from orderledger import Ledger, Message
from orderledger.infrastructure.engine.writer import PREVIEWED_AT_ONCE
from orderledger.infrastructure.storage.sqlite.connections import WAL_BYTES_KEPT
from tests.core.contract.streams import fill, opened, parsed, request

ORDERS_MAX = 2_000


def orders(count: int, first: int = 0) -> list[Message]:
    names = [f"C-{number}" for number in range(first, first + count)]
    found = [(request(name), fill(name, f"F-{name}")) for name in names]
    return parsed(*(document for pair in found for document in pair))


def iterators() -> int:
    return sum(type(one) is type(iter(())) for one in gc.get_objects())


def test_an_update_of_the_views_leaves_nothing_behind() -> None:
    with opened("memory://", update_views=False) as ledger:
        counts = []
        for number in range(40):
            ledger.record_many(orders(1, first=number))
            ledger.views.catch_up()
            counts.append(iterators())
    assert counts[-1] <= counts[20]


def peak_of_a_preview(ledger: Ledger, messages: list[Message]) -> int:
    tracemalloc.start()
    try:
        outcomes = ledger.recording.preview(messages)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        assert {one.outcome for one in outcomes} == {"duplicate"}


def test_a_preview_of_known_fills_holds_a_limited_number_of_orders(tmp_path: Path) -> None:
    """Each reconciliation previews the fills of its overlap: thousands for a busy account."""
    many = 8
    with opened(str(tmp_path / "orders.db"), synchronous="OFF", update_views=False) as ledger:
        messages = orders(many * PREVIEWED_AT_ONCE)
        ledger.record_many(messages)
        fills = messages[1::2]
        few = peak_of_a_preview(ledger, fills[:PREVIEWED_AT_ONCE])
        assert peak_of_a_preview(ledger, fills) < few * many / 2


def test_a_preview_in_groups_sees_the_messages_before(tmp_path: Path) -> None:
    with opened(str(tmp_path / "orders.db"), update_views=False) as ledger:
        ledger.record_many(orders(2))
        fresh = orders(1, first=10)
        known = orders(2) * (PREVIEWED_AT_ONCE // 2)
        outcomes = [one.outcome for one in ledger.recording.preview([*fresh, *known, *fresh])]
    assert outcomes[:2] == ["recorded"] * 2
    assert set(outcomes[2:]) == {"duplicate"}


@pytest.mark.slow
def test_the_write_ahead_log_shrinks_after_a_long_read(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    log = tmp_path / "orders.db-wal"
    with opened(str(path), synchronous="OFF", update_views=False) as ledger:
        ledger.record_many(orders(1))
        written = 1
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM orderledger_events").fetchone()
            while log.stat().st_size < 2 * WAL_BYTES_KEPT and written < 100_000:
                ledger.record_many(orders(ORDERS_MAX, first=written))
                written += ORDERS_MAX
        assert log.stat().st_size >= 2 * WAL_BYTES_KEPT
        for number in range(written, written + 10):
            ledger.record_many(orders(1, first=number))
        assert log.stat().st_size <= WAL_BYTES_KEPT
