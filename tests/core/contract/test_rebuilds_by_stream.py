"""A rebuild reads the log stream by stream. Rows that depend on several streams, or on the log's
order, are right as well."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orderledger import Ledger
from orderledger.infrastructure import process_pool
from orderledger.infrastructure.views import building, projector
from tests.core.contract.sql import connected
from tests.core.contract.streams import fill, lives, of_account, parsed, report, request, story
from tests.core.contract.test_killed_rebuilds import wait_until


@pytest.fixture
def ledger(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """A ledger that reads a few events, and writes a few rows, at a time."""
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", 3)
    monkeypatch.setattr(building, "ROWS_AT_ONCE", 2)
    with Ledger.open(store_url, update_views=False) as ledger:
        yield ledger


@pytest.mark.slow
def test_every_kind_of_event_gives_the_same_rows(ledger: Ledger) -> None:
    for message in parsed(*story()):
        ledger.record(message)
    ledger.views.catch_up()
    assert ledger.views.rebuild().is_equal
    assert ledger.views.check().differences == ()


def test_a_fill_that_came_by_attribution_keeps_its_first_place_in_the_log(ledger: Ledger) -> None:
    ledger.record_many(
        parsed(fill(None, "F-1", 1, venue_order_id="V-1"), request("A-1"), fill("A-1", "F-0", 1))
    )
    ledger.record_many(
        parsed(request("Z-1"), report("acknowledged", "Z-1", 2, venue_order_id="V-1"))
    )
    before = ledger.trades()
    assert [(row["fill_id"], row["client_order_id"], row["position"]) for row in before] == [
        ("F-1", "Z-1", 1),
        ("F-0", "A-1", 4),
    ]
    assert ledger.views.rebuild().is_equal
    assert ledger.trades() == before


def test_of_two_orders_that_bear_a_name_the_first_in_the_log_has_it(ledger: Ledger) -> None:
    """The second comes first in the order of streams."""
    ledger.record_many(
        parsed(request("Z-1"), report("acknowledged", "Z-1", 1, venue_order_id="V-1"))
    )
    ledger.record_many(
        parsed(request("A-1"), report("acknowledged", "A-1", 2, venue_order_id="V-1"))
    )
    assert ledger.views.rebuild().is_equal
    assert ledger.order("V-1")["client_order_id"] == "Z-1"


def test_positions_take_fills_and_adjustments_as_they_happened(ledger: Ledger) -> None:
    told = [request("B-1", quantity="9"), request("A-1", quantity="9", side="sell")]
    told += [
        fill("B-1", "F-1", 4, price="90"),
        fill("A-1", "F-2", 2, side="sell", price="110"),
        fill("B-1", "F-3", 1),
    ]
    told += [
        of_account("adjust", 3, instrument="BTC-USD", quantity="7", price="80", reason="opening")
    ]
    told += [of_account("funding", 2, instrument="BTC-USD", amount="-0.5", currency="USD")]
    for message in parsed(*told):
        ledger.record(message)
        ledger.views.catch_up()
    assert ledger.pnl(method="fifo")[0]["position_quantity"] == 8
    assert ledger.views.rebuild().is_equal


def test_the_end_of_a_gap_finds_its_beginning(ledger: Ledger) -> None:
    for end in ({}, {"to": "2026-03-02T10:00:00Z"}):
        ledger.record_many(parsed(of_account("gap", 1, **{"from": "2026-03-02T09:00:00Z"}, **end)))
        ledger.record_many(parsed(request(f"C-{len(end)}")))
    assert ledger.views.rebuild().is_equal
    assert len(ledger.log.account_events()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_grows_up_to_the_number_of_events(
    durable_store_url: str, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", 100)
    monkeypatch.setattr(process_pool, "LOOK_SECONDS", 0.001)  # a process takes longer to start
    seen: list[int] = []
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(200)))
        built = ledger.views.rebuild(jobs=jobs, progress=lambda done, total: seen.append(done))
    assert built.is_equal and built.events == 800
    assert seen == sorted(seen) and len(seen) > 1 and seen[-1] == 800


@pytest.mark.slow
def test_processes_that_end_between_two_looks_at_them_are_counted(
    durable_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_pool, "LOOK_SECONDS", 3_600)
    seen: list[int] = []
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(10)))
        ledger.views.rebuild(jobs=2, progress=lambda done, total: seen.append(done))
    assert seen == [40]


@pytest.mark.slow
def test_a_rebuild_with_one_process_that_is_killed_leaves_the_views_and_the_next_one_clears_up(
    tmp_path: Path, orderledger_command: Path
) -> None:
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
        ledger.record_many(parsed(*lives(1_500)))
        before = ledger.orders()
    with subprocess.Popen(
        [orderledger_command, "rebuild", "--db", "orders.db"],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    ) as one:
        wait_until(lambda: any(tmp_path.glob("*/views__rebuilt.0")) or one.poll() is not None)
        one.kill()
    assert any(tmp_path.glob("*/views__rebuilt.0"))
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
        assert ledger.orders() == before and ledger.views.check().differences == ()
        assert ledger.views.rebuild().is_equal
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_views_far_behind_the_log_are_built_stream_by_stream(
    durable_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "WORTH_BUILDING_ANEW", 100)
    monkeypatch.setattr(building, "EVENTS_AT_ONCE", 100)
    seen: list[int] = []
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(100)))
        assert ledger.views.catch_up(seen.append) == 400
        assert seen[0] == 100  # not a batch of the update
        ledger.record_many(
            parsed(fill("C-1", "late", 0), report("fill_busted", "C-2", 500, fill_id="F-2-1"))
        )
        assert ledger.views.catch_up() == 403  # with an anomaly
        assert ledger.views.check().differences == ()


@pytest.mark.slow
def test_an_update_of_views_far_behind_can_be_stopped(
    durable_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "WORTH_BUILDING_ANEW", 100)
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(1_000)))
        assert ledger._projector.catch_up(is_enough=lambda: True) == projector.BATCH
        assert ledger.status()["views_position"] == projector.BATCH
        assert len(ledger.orders()) == 1_000
        assert ledger.views.check().differences == ()


@pytest.mark.slow
def test_several_readers_of_views_far_behind_wait_for_one(
    durable_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "WORTH_BUILDING_ANEW", 100)
    with (
        Ledger.open(durable_store_url, update_views=False) as ledger,
        Ledger.open(durable_store_url) as other,
        ThreadPoolExecutor(4) as pool,
    ):
        ledger.record_many(parsed(*lives(500)))
        found = list(pool.map(lambda one: len(one.orders()), [ledger, other, ledger, other]))
        assert found == [500] * 4
        assert ledger.views.rebuild().is_equal


@pytest.mark.slow
def test_nothing_is_left_in_the_database(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*story()))
        for names in ((), ("positions",), ("order_names",)):
            assert ledger.views.rebuild(names).is_equal
    statement = "SELECT relname FROM pg_class WHERE relnamespace = current_schema::regnamespace"
    if durable_store_url.startswith("sqlite"):
        statement = "SELECT name FROM sqlite_master"
    connection = connected(durable_store_url)
    assert [name for (name,) in connection.execute(statement).fetchall() if "rebuilt" in name] == []
    connection.close()
