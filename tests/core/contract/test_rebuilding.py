"""Views built anew, by one process or by several, are the views that were there."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import pytest

from orderledger import Ledger, StoreError, StoreVersion, parse_document
from orderledger.infrastructure.views import projector, rebuild
from tests.core.contract.sql import connected, run_sql
from tests.core.contract.streams import IDS, fill, lives, parsed, report, request, story


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 3])
def test_rebuilt_views_are_the_views_that_were_there(durable_store_url: str, jobs: int) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*story()))
        before = (
            ledger.orders(),
            ledger.trades(include_busted=True),
            ledger.pnl(),
            ledger.anomalies(),
        )
        assert ledger.views.rebuild(jobs=jobs).is_equal
        assert (
            ledger.orders(),
            ledger.trades(include_busted=True),
            ledger.pnl(),
            ledger.anomalies(),
        ) == before


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_row_that_was_tampered_with_is_found_and_put_right(tmp_path: Path, jobs: int) -> None:
    import sqlite3

    with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
        ledger.record_many(parsed(*story()))
        expected = ledger.trades()
        with sqlite3.connect(tmp_path / "orders.db") as tampered:
            tampered.execute("UPDATE trades SET quantity = '1000'")
        assert ledger.views.check().differences
        assert not ledger.views.rebuild(("trades",), jobs=jobs).is_equal
        assert ledger.trades() == expected
        assert not ledger.views.check().differences


def test_after_a_rebuild_nothing_goes_on_from_what_was_wrong(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1"), fill("C-1", "F-1", 1)))
        ledger.views.catch_up()
    run_sql(durable_store_url, "UPDATE positions SET bought_quantity = '1000'")
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(fill("C-1", "F-2", 2)))
        assert [row["bought_quantity"] for row in ledger.positions()] == [1001]
        assert not ledger.views.rebuild().is_equal
        ledger.record_many(parsed(fill("C-1", "F-3", 3)))
        assert [row["bought_quantity"] for row in ledger.positions()] == [3]


@pytest.mark.parametrize("theirs", ["orders.db-rebuilt/notes.txt", "orders.db-rebuilt"])
def test_what_no_rebuild_has_made_is_named_and_never_removed(tmp_path: Path, theirs: str) -> None:
    (tmp_path / theirs).parent.mkdir(exist_ok=True)
    (tmp_path / theirs).write_text("mine")
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
        ledger.record_many(parsed(*story()))
        with pytest.raises(
            StoreError,
            match=f"^{tmp_path}/orders.db-rebuilt is in the way of a rebuild with several "
            "processes",
        ):
            ledger.views.rebuild(jobs=2)
        assert ledger.views.rebuild().is_equal
    assert (tmp_path / theirs).read_text() == "mine"


def test_a_view_that_is_not_there_is_named(tmp_path: Path) -> None:
    with (
        Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger,
        pytest.raises(ValueError, match="'moon' is not a view: orders, trades"),
    ):
        ledger.views.rebuild(("moon",))


@pytest.mark.slow
def test_many_rows_at_once_hold_what_a_few_hold(durable_store_url: str) -> None:
    said = "back\\slash, \\N, \\t, 'quote', \"quotes\", größe"
    odd = f"tab\t, line\n, return\r, {said}"
    ids = [f"{name}{number}" for name in IDS if len(name) < 100 for number in range(20)]
    requests = [
        request(name, number, tags={"note": odd, "\\t": [odd]}, strategy="a\\b")
        for number, name in enumerate(ids)
    ]
    fills = [fill(name, f"F\\{number}", number + 1) for number, name in enumerate(ids)]
    ends = [
        {"type": "canceled", "account": "sim:main", "client_order_id": name, "reason": said}
        for name in ids
    ]
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*requests, *fills, *ends))
        rows = ledger.orders()
        assert {row["client_order_id"] for row in rows} == set(ids)
        assert {(row["reason"], row["tags"]["note"], row["tags"]["\\t"][0]) for row in rows} == {
            (said, odd, odd)
        }
        assert {row["fill_id"] for row in ledger.trades()} == {
            f"F\\{number}" for number in range(len(ids))
        }
        assert ledger.views.check().differences == ()
        ledger.record_many(
            parsed(*({**fill(name, f"G{number}", number + 2)} for number, name in enumerate(ids)))
        )
        assert {row["cum_quantity"] for row in ledger.orders()} == {2}
        assert ledger.views.check().differences == () and ledger.views.rebuild().is_equal


def test_what_is_recorded_just_before_the_switch_is_in_the_new_rows(
    durable_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = rebuild._switch_names
    with (
        Ledger.open(durable_store_url, update_views=False) as ledger,
        Ledger.open(durable_store_url, update_views=False) as other,
    ):
        ledger.record_many(parsed(*lives(2)))
        run_sql(
            durable_store_url,
            "INSERT INTO order_names VALUES ('sim:main', 'venue', 'nobody', 'sim:main/C-0')",
        )

        def record_and_switch(*arguments: Any) -> bool:
            other.record_many(parsed(*lives(3)[8:]))
            ledger.views.catch_up()
            run_sql(durable_store_url, "UPDATE orders SET status = 'new'")
            return switch(*arguments)

        monkeypatch.setattr(rebuild, "_switch_names", record_and_switch)
        assert not ledger.views.rebuild().is_equal
        assert ledger.views.check().differences == ()
        assert ledger.order("V-2")["status"] == "filled"


@pytest.mark.slow
def test_views_are_rebuilt_while_another_writer_records(tmp_path: Path) -> None:
    path = str(tmp_path / "orders.db")
    is_over = threading.Event()

    def record(other: Ledger) -> None:
        for number in count():
            if is_over.is_set():
                return
            other.record(parse_document(request(f"N-{number}")))

    with (
        Ledger.open(path, update_views=False) as ledger,
        Ledger.open(path, update_views=False, synchronous="OFF") as other,
    ):
        ledger.record_many(parsed(*story()))
        recording = threading.Thread(target=record, args=(other,))
        recording.start()
        try:
            assert all(ledger.views.rebuild().is_equal for _ in range(5))
        finally:
            is_over.set()
            recording.join()
        assert ledger.views.check().differences == ()


@pytest.mark.slow
def test_a_late_fill_takes_its_place_among_thousands(durable_store_url: str) -> None:
    """Two of each second, so that a place in the log decides between them; every other one
    sells."""
    fills = [
        fill(
            "C-1",
            f"F{number}",
            10 + number // 2,
            side=("buy", "sell")[number % 3 == 0],
            price=str(100 + number % 7),
        )
        for number in range(2_500)
    ]
    late = fill("C-1", "late", 5, quantity="3", price="90")
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1", quantity="10000"), *fills))
        before = {
            method: ledger.pnl(method=method)[0]["realized_pnl"]
            for method in ("average", "fifo", "lifo")
        }
        ledger.record_many(parsed(late))
        assert ledger.views.check().differences == ()
        (position,) = ledger.pnl(method="fifo")
        assert (position["fills"], position["realized_pnl"] == before["fifo"]) == (2_501, False)


def test_trades_show_the_same_of_their_order_however_often_they_are_looked_at(
    tmp_path: Path,
) -> None:
    """The venue's id in force changes with a second acknowledgement, and changes back when that
    turns out to be an older one."""
    messages = parsed(
        request("C-1", 0),
        report("acknowledged", "C-1", 10, venue_order_id="V1"),
        fill("C-1", "F1", 11),
        report("acknowledged", "C-1", 20, venue_order_id="V2"),
        fill("C-1", "F2", 21),
        report("acknowledged", "C-1", 5, venue_order_id="V2"),
    )
    with (
        Ledger.open("memory://", update_views=False) as often,
        Ledger.open(str(tmp_path / "once.db"), update_views=False) as once,
    ):
        for message in messages:
            often.record(message)
            often.views.catch_up()
        once.record_many(messages)
        for ledger in (often, once):
            assert [(row["fill_id"], row["venue_order_id"]) for row in ledger.trades()] == [
                ("F1", "V1"),
                ("F2", "V1"),
            ]
            assert ledger.views.check().differences == ()


@pytest.mark.slow
def test_views_that_many_rebuild_at_once_are_rebuilt_one_after_the_other(
    durable_store_url: str,
) -> None:
    with (
        Ledger.open(durable_store_url, update_views=False) as ledger,
        Ledger.open(durable_store_url, update_views=False) as other,
    ):
        ledger.record_many(
            parsed(
                *story(),
                *(fill(f"N-{number % 50}", f"F{number}", number) for number in range(2_000)),
            )
        )
        ledger.views.catch_up()
        with ThreadPoolExecutor(4) as pool:
            rebuilt = list(
                pool.map(lambda one: one.views.rebuild(), [ledger, other, ledger, other])
            )
        assert all(one.is_equal for one in rebuilt)
        assert ledger.views.check().differences == ()


@pytest.mark.slow
def test_views_of_an_older_fold_are_rebuilt_once_however_many_open_the_store(
    durable_store_url: str,
) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(
            parsed(
                *story(),
                *(fill(f"N-{number % 50}", f"F{number}", number) for number in range(2_000)),
            )
        )
        before = ledger.orders()
    run_sql(durable_store_url, "UPDATE view_positions SET fold_version = 1")

    def opened(_: int) -> list[dict[str, object]]:
        with Ledger.open(durable_store_url, update_views=False) as one:
            return one.orders()  # type: ignore[return-value]

    with ThreadPoolExecutor(4) as pool:
        assert all(found == before for found in pool.map(opened, range(4)))
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        assert ledger.views.check().differences == ()


def test_what_was_cleared_stays_cleared_as_it_was_wherever_the_views_go_on(
    durable_store_url: str,
) -> None:
    """Whoever takes over the views follows an order from the middle of its life: another process,
    or this one later."""
    told = [
        request("C-1"),
        report("acknowledged", "C-1", 1, reported={"cum_quantity": "1"}),
        fill("C-1", "F-1", 1),
    ]
    told += [
        report("acknowledged", "C-1", 2, reported={"cum_quantity": "2"}),
        fill("C-1", "F-2", 2),
    ]
    for message in parsed(*told):
        with Ledger.open(durable_store_url, update_views=False) as ledger:
            ledger.record(message)
            ledger.views.catch_up()
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        first, second = ledger.anomalies()
        assert first["cleared_at"] < second["detected_at"] < second["cleared_at"]  # type: ignore[operator]
        assert ledger.views.check().differences == ()


@pytest.mark.parametrize("is_rebuilt", [False, True])
def test_after_much_at_once_postgres_knows_how_few_of_the_orders_are_open(
    postgres_schema_url: str, monkeypatch: pytest.MonkeyPatch, is_rebuilt: bool
) -> None:
    monkeypatch.setattr(projector, "BATCH_FAR_BEHIND", 100 if not is_rebuilt else 20_000)
    with Ledger.open(postgres_schema_url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(60)))
        ledger.views.catch_up()
        if is_rebuilt:
            run_sql(postgres_schema_url, "DELETE FROM trades")
            assert not ledger.views.rebuild().is_equal
    with connected(postgres_schema_url) as connection:
        known = connection.execute(
            "SELECT attname FROM pg_stats WHERE schemaname = current_schema AND tablename = "
            "'orders'"
        )
        assert {"is_open", "stream"} <= {name for (name,) in known}


def test_after_much_at_once_nobody_waits_for_whoever_vacuums_the_views(
    postgres_schema_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "BATCH_FAR_BEHIND", 100)
    with (
        Ledger.open(postgres_schema_url, update_views=False, lock_timeout=1) as ledger,
        connected(postgres_schema_url) as vacuum,
    ):
        ledger.record_many(parsed(*lives(60)))
        vacuum.execute("LOCK TABLE orders IN SHARE UPDATE EXCLUSIVE MODE")
        assert len(ledger.orders()) == 60


def test_what_one_ledger_has_rebuilt_another_goes_on_from(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1", quantity="9"), fill("C-1", "F-1", 1)))
        ledger.views.catch_up()
    run_sql(durable_store_url, "UPDATE positions SET bought_quantity = '1000'")
    with (
        Ledger.open(durable_store_url, update_views=False) as ledger,
        Ledger.open(durable_store_url, update_views=False) as other,
    ):
        ledger.record_many(parsed(fill("C-1", "F-2", 2)))
        assert ledger.positions()[0]["bought_quantity"] == 1001
        assert not other.views.rebuild().is_equal
        ledger.record_many(parsed(fill("C-1", "F-3", 3)))
        assert ledger.positions()[0]["bought_quantity"] == 3
        assert ledger.views.check().differences == ()


def test_views_that_another_process_has_begun_anew_are_not_taken_for_whole(
    durable_store_url: str,
) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*story()))
        before = (ledger.orders(), ledger.trades(), ledger.pnl())
        run_sql(durable_store_url, "DELETE FROM view_positions")
        Ledger.open(durable_store_url, update_views=False).close()
        assert ledger.status()["views_position"] == 0
        assert (ledger.orders(), ledger.trades(), ledger.pnl()) == before


def test_a_ledger_that_is_open_leaves_the_views_of_a_newer_version_alone(
    durable_store_url: str,
) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1"), fill("C-1", "F-1", 1)))
        ledger.views.catch_up()
        run_sql(durable_store_url, "UPDATE view_positions SET fold_version = 999")
        assert ledger.record_many(parsed(fill("C-1", "F-2", 2)))[0].outcome == "recorded"
        for ask in (ledger.views.catch_up, ledger.trades, ledger.views.rebuild):
            with pytest.raises(StoreVersion, match="a newer version made the views"):
                ask()
    with connected(durable_store_url) as connection:
        assert connection.execute("SELECT COUNT(*) FROM trades").fetchone() == (1,)


def test_a_ledger_that_cannot_open_for_its_views_lets_go_of_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/orders.db"
    Ledger.open(url).close()
    run_sql(url, "UPDATE view_positions SET fold_version = 999")
    with pytest.raises(StoreVersion, match="a newer version made the views") as caught:
        Ledger.open(url)
    assert (
        caught.value.__traceback__ is not None
    )  # which holds what was opened, unless that was closed
    assert [
        file.path for file in psutil.Process().open_files() if file.path.startswith(str(tmp_path))
    ] == []
