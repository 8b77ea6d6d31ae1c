"""On a full disk every question is answered as on any other: what the views lack is folded in
memory."""

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from orderledger import Ledger, StoreUnreachable
from orderledger.infrastructure.views import follower
from orderledger.infrastructure.views.follower import Follow
from tests.core.contract.sql import connected, run_sql
from tests.core.contract.streams import fill, lives, opened, parsed, request
from tests.serve.http.processes import Server

ANSWERS: dict[str, Callable[[Ledger], object]] = {
    "orders": lambda ledger: ledger.orders(),
    "stream": lambda ledger: list(ledger.views.stream("trades")),
    "order": lambda ledger: ledger.order("V-1", account="sim:main"),
    "history": lambda ledger: ledger.history("V-1", account="sim:main"),
    "positions": lambda ledger: ledger.positions(),
    "recover": lambda ledger: ledger.recover().open,
    "check": lambda ledger: ledger.views.check().differences,
}
LATE = parsed(*(request(f"N-{number}", number) for number in range(200)), fill("C-1", "F-9", 9))


def answers(ledger: Ledger) -> dict[str, object]:
    return {name: ask(ledger) for name, ask in ANSWERS.items()}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if mount is None or unmount is None or os.geteuid() != 0:
        pytest.skip("needs the right to mount a small file system")
    if subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True
    ).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run([unmount, "-l", folder], check=True)


def fill_up(folder: Path) -> None:
    descriptor = os.open(folder / "filler", os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while os.write(descriptor, b"x" * 4096):
            pass
    os.close(descriptor)


@contextmanager
def no_file_grows(size: int) -> Iterator[None]:
    """Beyond this size, of this process: what a disk that is full says otherwise."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def stock(url: str, copy: str) -> dict[str, object]:
    """The same ledger twice, its views behind the log. Returns what the copy answers."""
    for one in (url, copy):
        with opened(one, update_views=False) as ledger:
            ledger.record_many(parsed(*lives(3)))
            ledger.views.catch_up()
            ledger.record_many(LATE)
    with Ledger.open(copy, update_views=False) as ledger:
        return answers(ledger)


def eventually(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_fine(ledger: Ledger) -> bool:
    """Check that the views are updated in the background."""
    try:
        ledger.views.raise_for_fault()
    except StoreUnreachable:
        return False
    return True


def has_current_views(url: str) -> bool:
    with closing(connected(url)) as connection:
        return not connection.execute(
            "SELECT 1 FROM view_versions WHERE version = 1 AND name = 'orders'"
        ).fetchall()


def test_where_the_disk_is_full_while_a_ledger_is_open(disk: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{disk}/ledger.db"
    expected = stock(url, f"sqlite:///{tmp_path}/copy.db")
    with opened(url, update_views=False) as ledger:
        ledger.status()
        fill_up(disk)
        assert answers(ledger) == expected
        assert ledger.status()["views_behind"] > len(LATE)
        with pytest.raises(StoreUnreachable, match="full"):
            ledger.record_many(parsed(*(request(f"M-{number}") for number in range(500))))
        (disk / "filler").unlink()
        assert ledger.record(parsed(request("M-0"))[0]).outcome == "recorded"
        assert len(ledger.orders()) == 204 and ledger.status()["views_behind"] == 0


@pytest.mark.parametrize("is_outdated", [False, True])
def test_where_the_disk_was_full_before_a_ledger_is_opened(
    disk: Path, tmp_path: Path, is_outdated: bool
) -> None:
    """There is no room for the index of the write-ahead log either."""
    url = f"sqlite:///{disk}/ledger.db"
    expected = stock(url, f"sqlite:///{tmp_path}/copy.db")
    if is_outdated:
        run_sql(url, "UPDATE view_versions SET version = 1", "UPDATE orders SET status = 'new'")
    fill_up(disk)
    with Ledger.open(url, update_views=False) as ledger:
        assert answers(ledger) == expected | (
            {"check": ledger.views.check().differences} if is_outdated else {}
        )


def test_threads_of_a_ledger_opened_on_a_full_disk_take_turns(disk: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{disk}/ledger.db"
    expected = stock(url, f"sqlite:///{tmp_path}/copy.db")
    fill_up(disk)
    with (
        Ledger.open(url, update_views=False, lock_timeout=3) as ledger,
        ThreadPoolExecutor(4) as threads,
    ):
        assert list(threads.map(lambda _: answers(ledger), range(4))) == [expected] * 4


def test_a_ledger_opened_on_a_full_disk_goes_on_when_there_is_room(
    disk: Path, tmp_path: Path
) -> None:
    """It has no lock meanwhile: another process can write before it does."""
    url = f"sqlite:///{disk}/ledger.db"
    stock(url, f"sqlite:///{tmp_path}/copy.db")
    fill_up(disk)
    with Ledger.open(url, lock_timeout=3) as ledger:
        ledger.orders()
        with pytest.raises(
            StoreUnreachable, match=r"ledger\.db cannot be used: database or disk is full"
        ):
            ledger.record(parsed(request("M-0"))[0])
        (disk / "filler").unlink()
        with opened(url, update_views=False, lock_timeout=3) as other:
            assert other.record(parsed(request("M-1"))[0]).outcome == "recorded"
        assert ledger.record(parsed(request("M-2"))[0]).outcome == "recorded"
        eventually(lambda: ledger.status()["views_behind"] == 0 and is_fine(ledger))
        assert len(ledger.orders()) == 205


@pytest.mark.parametrize("update_views", [True, "process"])
def test_outdated_views_are_rebuilt_when_there_is_room(
    disk: Path, tmp_path: Path, update_views: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "REBUILD_SECONDS", 0.2)
    url = f"sqlite:///{disk}/ledger.db"
    expected = stock(url, f"sqlite:///{tmp_path}/copy.db")
    run_sql(url, "UPDATE view_versions SET version = 1", "UPDATE orders SET status = 'new'")
    fill_up(disk)
    with Ledger.open(url, update_views=update_views, lock_timeout=3) as ledger:
        with pytest.raises(StoreUnreachable, match="full"):
            ledger.views.raise_for_fault()
        assert ledger.orders() == expected["orders"]
        (disk / "filler").unlink()
        eventually(lambda: has_current_views(url))
        eventually(lambda: is_fine(ledger))
        assert answers(ledger) == expected


@pytest.mark.slow
def test_a_server_started_on_a_full_disk_answers_and_goes_on_when_there_is_room(
    disk: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{disk}/ledger.db"
    stock(url, f"sqlite:///{tmp_path}/copy.db")
    fill_up(disk)
    with (
        Server(disk / "ledger.db") as server,
        httpx.Client(base_url=server.url, timeout=10) as client,
    ):
        assert [len(client.get("/api/orders?limit=500").json()["rows"]) for _ in range(8)] == [
            203
        ] * 8
        refused = client.post("/api/messages", json=request("M-0"))
        assert refused.status_code == 503 and "database or disk is full" in refused.json()["detail"]
        health = client.get("/health/ready")
        assert health.status_code == 503
        assert "store_writes" in [reason["check"] for reason in health.json()["reasons"]]
        (disk / "filler").unlink()
        with opened(url, update_views=False, lock_timeout=3) as other:
            assert other.record(parsed(request("M-1"))[0]).outcome == "recorded"
        assert client.post("/api/messages", json=request("M-2")).json()["outcome"] == "recorded"
        eventually(lambda: client.get("/health/ready").json()["is_ready"])
        assert server.stop() == 0


@pytest.mark.slow
def test_the_commands_answer(disk: Path, tmp_path: Path, orderledger_command: Path) -> None:
    url = f"sqlite:///{disk}/ledger.db"
    stock(url, f"sqlite:///{tmp_path}/copy.db")
    fill_up(disk)

    def asked(where: str) -> tuple[int, str, str]:
        run = subprocess.run(
            [orderledger_command, "orders", "--json", "--db", where], capture_output=True, text=True
        )
        return run.returncode, run.stdout, run.stderr

    assert asked(url) == asked(f"sqlite:///{tmp_path}/copy.db")


@pytest.mark.slow
def test_where_no_file_may_grow(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    expected = stock(url, f"sqlite:///{tmp_path}/copy.db")
    with opened(url, update_views=False) as ledger:
        ledger.status()
        with no_file_grows(4096):
            found = answers(ledger)
        assert found == expected
