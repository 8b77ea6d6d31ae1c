"""The views follow the log without being asked: by a process of its own, which may be killed, and
by several at once."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from orderledger import InvalidSetting, Ledger, StoreUnreachable
from orderledger.infrastructure.storage.store import open_store
from orderledger.infrastructure.storage.view_versions import lock_position
from orderledger.infrastructure.views import follower, follower_process, rebuild
from orderledger.infrastructure.views.projector import BATCH, BATCH_FAR_BEHIND, Projector, TableFold
from tests.core.contract.sql import run_sql
from tests.core.contract.streams import lives, parsed
from tests.core.contract.test_processes import assert_is_audited, assert_is_whole
from tests.seeds import long

REPOSITORY = Path(__file__).resolve().parents[3]
PATIENCE = 60.0
LIVES = 60
PARENT = """
import sys, time
from orderledger import Ledger
from tests.core.contract.streams import lives, parsed
try:
    with Ledger.open(sys.argv[1], update_views="process") as ledger:
        ledger.record_many(parsed(*lives(5)))
        print("ready", flush=True)
        time.sleep(600)
except KeyboardInterrupt:
    print("closed", flush=True)
"""


def until(what: str, is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.01)


def following_processes(parent: int) -> list[int]:
    """Processes that keep views, and whose parent this is."""
    found = []
    for child in psutil.Process(parent).children():
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if follower_process.__name__ in " ".join(child.cmdline()):
                found.append(child.pid)
    return found


def new_following_process(parent: int) -> int:
    """The one that there is, once it is there."""
    until("a process that keeps the views", lambda: following_processes(parent))
    return following_processes(parent)[0]


def has_ended(process: int) -> bool:
    return (
        not psutil.pid_exists(process) or psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    )


def until_current(ledger: Ledger) -> None:
    until("views that are current", lambda: ledger.status()["views_behind"] == 0)


def until_at_fault(ledger: Ledger, what: str) -> None:
    def is_told() -> bool:
        try:
            ledger.views.raise_for_fault()
        except StoreUnreachable as error:
            return what in str(error)
        return False

    until(f"told of {what}", is_told)


def until_without_fault(ledger: Ledger) -> None:
    def is_well() -> bool:
        try:
            ledger.views.raise_for_fault()
        except StoreUnreachable:
            return False
        return True

    until("no fault", is_well)


@pytest.mark.slow
def test_a_process_keeps_the_views_current_without_being_asked(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views="process") as ledger:
        process = new_following_process(os.getpid())
        for message in parsed(*lives(LIVES)):
            ledger.record(message)
        until_current(ledger)
        until("told how far behind they were", lambda: ledger.metrics.durations()["views"]["count"])
        assert ledger.recover().events_read == 0, "this process has had to read events"
        assert_is_whole(ledger, LIVES)
        assert_is_audited(ledger, LIVES)
    assert has_ended(process)


@pytest.mark.slow
def test_views_follow_a_commit_of_this_ledger_at_once(
    durable_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "POLL_SECONDS", 10 * PATIENCE)
    with Ledger.open(durable_store_url) as ledger:
        for message in parsed(*lives(2)):
            ledger.record(message)
            until_current(ledger)


def test_the_store_is_the_same_one_after_a_change_of_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with Ledger.open("orders.db", update_views="process") as ledger:
        os.chdir("elsewhere")
        ledger.record_many(parsed(*lives(5)))
        new_following_process(os.getpid())
        until_current(ledger)
        assert list(Path().iterdir()) == []
        os.chdir(tmp_path)


@pytest.mark.slow
def test_a_process_that_is_killed_is_told_of_and_replaced(
    durable_store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_process, "RESTART_SECONDS", 1.0)
    messages = parsed(*lives(LIVES))
    with Ledger.open(durable_store_url, update_views="process") as ledger:
        ledger.record_many(messages[: LIVES * 2])
        killed = new_following_process(os.getpid())
        os.kill(killed, signal.SIGKILL)
        until_at_fault(ledger, "ended with status -9")
        ledger.record_many(messages[LIVES * 2 : LIVES * 3])
        until_current(ledger)
        until_without_fault(ledger)
        assert new_following_process(os.getpid()) != killed
        ledger.record_many(messages[LIVES * 3 :])
        until_current(ledger)
        assert_is_whole(ledger, LIVES)


def test_views_are_followed_where_no_process_can_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))
    with Ledger.open(str(tmp_path / "orders.db"), update_views="process") as ledger:
        ledger.record_many(parsed(*lives(5)))
        until_current(ledger)
        until_at_fault(ledger, "no python")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("durable_store_url", "end"),
    [
        *[
            ("sqlite", signal.SIGKILL),
            ("postgres", signal.SIGKILL),
            ("sqlite", signal.SIGTERM),
            ("sqlite", signal.SIGINT),
        ],
        *long([("postgres", signal.SIGTERM), ("postgres", signal.SIGINT)]),
    ],
    indirect=["durable_store_url"],
)
def test_the_process_ends_with_its_parent(durable_store_url: str, end: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, durable_store_url]
    with subprocess.Popen(
        command,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as parent:
        try:
            assert parent.stdout is not None and parent.stderr is not None
            assert parent.stdout.readline() == "ready\n"
            process = new_following_process(parent.pid)
            if end is signal.SIGINT:
                os.killpg(parent.pid, end)  # the keyboard interrupts all of them
                assert parent.stdout.read() == "closed\n"
            else:
                parent.send_signal(end)
            until("the end of the process", lambda: has_ended(process))
            assert parent.stderr.read() == ""
        finally:
            parent.kill()
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        assert_is_whole(ledger, 5)


@pytest.mark.slow
def test_each_event_counts_once_with_two_followers_and_questions(durable_store_url: str) -> None:
    messages = parsed(*lives(LIVES))
    with (
        Ledger.open(durable_store_url, update_views="process") as ledger,
        Ledger.open(durable_store_url, update_views="process") as other,
    ):
        is_over = threading.Event()

        def ask() -> None:
            while not is_over.is_set():
                asked.append(len(other.trades()))

        asked: list[int] = []
        asking = threading.Thread(target=ask)
        asking.start()
        for message in messages:
            ledger.record(message)
        is_over.set()
        asking.join()
        until_current(ledger)
        assert asked == sorted(asked)
        assert_is_whole(ledger, LIVES)
        assert_is_audited(other, LIVES)


@pytest.mark.slow
def test_a_fold_that_is_overtaken_before_it_is_written_does_not_count(
    durable_store_url: str,
) -> None:
    count = BATCH // 3
    with (
        Ledger.open(durable_store_url, update_views=False) as ledger,
        closing(open_store(durable_store_url)) as store,
        closing(open_store(durable_store_url)) as faster,
    ):
        last = ledger.record_many(parsed(*lives(count)))[-1].position
        projector = Projector(store, rebuild, folds_ahead=True)
        one_batch = threading.Thread(target=lambda: projector.catch_up(is_enough=lambda: True))
        with faster.database.writing() as session:
            fold = TableFold(position=lock_position(session))
            one_batch.start()
            one_batch.join(1)  # it has folded the first batch, and waits to write it
            fold.advance(session, BATCH_FAR_BEHIND)
            session.execute("UPDATE view_positions SET position = ?", (fold.position,))
        one_batch.join()
        assert ledger.status()["views_position"] == last
        assert_is_whole(ledger, count)


@pytest.mark.slow
def test_a_database_that_fails_is_told_of_until_it_is_well(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views="process") as ledger:
        process = new_following_process(os.getpid())
        messages = parsed(*lives(LIVES))
        ledger.record(messages[0])
        until(
            "views that the process has made", lambda: ledger.metrics.durations()["views"]["count"]
        )
        ledger.views.raise_for_fault()
        run_sql(durable_store_url, "ALTER TABLE trades RENAME TO trades_elsewhere")
        ledger.record_many(messages[1:])
        until_at_fault(ledger, "trades")
        run_sql(durable_store_url, "ALTER TABLE trades_elsewhere RENAME TO trades")
        until_current(ledger)
        until_without_fault(ledger)
        assert following_processes(os.getpid()) == [process]
        assert_is_whole(ledger, LIVES)


@pytest.mark.slow
def test_views_that_were_rebuilt_are_not_followed_from_what_they_were(
    durable_store_url: str,
) -> None:
    messages = parsed(*lives(LIVES))
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(messages[: LIVES * 2])
        ledger.views.catch_up()
    run_sql(durable_store_url, "UPDATE positions SET bought_quantity = '1000'")
    with Ledger.open(durable_store_url, update_views="process") as ledger:
        ledger.record_many(messages[LIVES * 2 : LIVES * 3])
        until(
            "views that the process has made", lambda: ledger.metrics.durations()["views"]["count"]
        )
        until_current(ledger)
        assert not ledger.views.rebuild().is_equal
        ledger.record_many(messages[LIVES * 3 :])
        until_current(ledger)
        assert ledger.recover().events_read == 0, "this process has had to read events"
        assert_is_whole(ledger, LIVES)


@pytest.mark.parametrize(("url", "follow"), [("memory://", "process"), ("orders.db", "thread")])
def test_what_cannot_be_followed_so_is_refused_by_name(
    url: str, follow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidSetting) as raised:
        Ledger.open(url, update_views=follow)
    assert raised.value.field == "update_views"
    assert list(tmp_path.iterdir()) == []
