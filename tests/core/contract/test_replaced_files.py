"""A file that is deleted, moved or replaced while a ledger has it open takes no more messages:
nobody would find them."""

import os
import sqlite3
import subprocess
import threading
from pathlib import Path

import pytest

from orderledger import Ledger, OutcomeUnknown, StoreUnreachable
from tests.core.contract.streams import parsed, request

FIRST, SECOND = parsed(request("C-1"), request("C-2"))


def replaced(path: Path) -> None:
    with Ledger.open(str(path.with_name("other.db")), update_views=False) as other:
        other.record(FIRST)
    os.replace(path.with_name("other.db"), path)


@pytest.mark.parametrize(
    "change", [os.unlink, lambda path: path.rename(path.with_name("moved.db")), replaced]
)
@pytest.mark.parametrize("follow", [True, False])
def test_nothing_is_acknowledged_once_the_file_is_not_in_its_place(
    tmp_path: Path, change: object, follow: bool
) -> None:
    path = tmp_path / "orders.db"
    with Ledger.open(str(path), update_views=follow) as ledger:
        assert ledger.record(FIRST).outcome == "recorded"
        change(path)  # type: ignore[operator]
        for message in (FIRST, SECOND):  # the first would be a duplicate
            with pytest.raises(
                StoreUnreachable, match=r"orders\.db is no longer the file that was opened"
            ):
                ledger.record(message)
        with pytest.raises(StoreUnreachable, match=r"orders\.db is no longer"):
            ledger.record_soon(SECOND).result()
        with pytest.raises(StoreUnreachable, match=r"orders\.db is no longer"):
            ledger.orders()


def test_a_file_that_comes_back_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    with Ledger.open(str(path)) as ledger:
        ledger.record(FIRST)
        path.rename(tmp_path / "moved.db")
        with pytest.raises(StoreUnreachable):
            ledger.record(SECOND)
        (tmp_path / "moved.db").rename(path)
        assert [ledger.record(message).outcome for message in (FIRST, SECOND)] == [
            "duplicate",
            "recorded",
        ]
        assert ledger.views.check().differences == ()


def test_a_commit_whose_file_is_deleted_meanwhile_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    with Ledger.open(str(path), update_views=False) as ledger:
        ledger.record(FIRST)
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        waiting = ledger.record_soon(SECOND)

        def give_way() -> None:
            path.unlink()
            other.rollback()

        threading.Timer(0.5, give_way).start()  # by then the commit is waiting for the file
        for _ in range(2):
            with pytest.raises(
                OutcomeUnknown, match=r"orders\.db is no longer the file that was opened"
            ):
                waiting.result()
            waiting = ledger.record_soon(SECOND)
        other.close()


def test_a_process_may_change_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with Ledger.open("orders.db") as ledger:
        os.chdir("elsewhere")
        assert ledger.record(FIRST).outcome == "recorded"
        assert ledger.record_soon(SECOND).result().outcome == "recorded"
    assert os.listdir() == []


def test_the_command_stops_when_its_file_is_deleted(
    tmp_path: Path, orderledger_command: Path
) -> None:
    command: list[str | Path] = [orderledger_command, "record", "-", "--ack", "--db", "orders.db"]
    lines = [message.model_dump_json(exclude_none=True) + "\n" for message in (FIRST, SECOND)]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert (
            process.stdin is not None and process.stdout is not None and process.stderr is not None
        )
        process.stdin.write(lines[0])
        assert "recorded" in process.stdout.readline()
        for path in tmp_path.glob("orders.db*"):
            path.unlink()
        process.stdin.write(lines[1])
        process.stdin.close()
        assert process.stdout.read() == ""
        said = process.stderr.read()
    assert process.returncode == 3
    assert "orders.db is no longer the file that was opened" in said and "Traceback" not in said
