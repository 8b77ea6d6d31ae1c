"""An error out of a commit means that its outcome is unknown: it is read back, and answered from
what is there."""

import json
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from orderledger import Ledger, Message, OutcomeUnknown, StoreError, StoreUnreachable
from orderledger.domain.recorded import Recorded
from orderledger.infrastructure.storage.store import Conflict, Store
from tests.core.contract.sql import run_sql
from tests.core.contract.streams import parsed, request

REPOSITORY = Path(__file__).resolve().parents[3]
COMPILER = shutil.which("cc") or shutil.which("gcc")


@pytest.fixture(scope="module")
def failing_sync(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library under which syncing fails on demand."""
    if COMPILER is None or sys.platform != "linux":
        pytest.skip("needs Linux and a C compiler, to make fsync fail")
    library = tmp_path_factory.mktemp("shim") / "failing_sync.so"
    source = REPOSITORY / "tests/core/contract/failing_sync.c"
    subprocess.run([COMPILER, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def told(library: Path, folder: Path, *arguments: str, **environment: str) -> list[object]:
    fault = {"LD_PRELOAD": str(library), "FAILING_SYNC": str(folder / "failing"), **environment}
    command = [sys.executable, "-m", "tests.core.contract.failing_commit", str(folder), *arguments]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, **fault},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answers: list[object] = json.loads(done.stdout)
    return answers


@pytest.mark.slow
def test_a_commit_whose_sync_fails_is_unknown_until_the_disk_is_whole_again(
    failing_sync: Path, tmp_path: Path
) -> None:
    unknown = "OutcomeUnknown"
    # the third event is in the files, though no sync has succeeded: a crash would bring it to light
    assert told(failing_sync, tmp_path) == [
        "recorded",
        "recorded",
        unknown,
        3,
        unknown,
        "duplicate",
        "recorded",
        4,
        0,
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [(), ("beside",)], ids=["alone", "while others have the file"]
)
def test_a_commit_whose_sync_fails_once_does_not_come_to_light_later(
    failing_sync: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    answers = told(failing_sync, tmp_path, *arguments, FAILING_ONCE="1")
    assert answers == [
        "recorded",
        "recorded",
        "StoreUnreachable",
        2,
        "recorded",
        "duplicate",
        "recorded",
        4,
        0,
    ]


@pytest.mark.slow
def test_a_disk_that_takes_no_more_writes_is_told_of_in_our_words(
    failing_sync: Path, tmp_path: Path
) -> None:
    """The connection with which the store is asked what has become of the commit cannot be made
    either."""
    unknown = "OutcomeUnknown"
    answers = told(failing_sync, tmp_path, FAILING_WRITES=str(tmp_path / "orders.db"))
    assert answers == ["recorded", "recorded", unknown, 2, unknown, "recorded", "recorded", 4, 0]


class CuttingLine:
    """Between a client and a PostgreSQL server. On demand it cuts a connection at the next thing
    the client says."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cut: str | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                threading.Thread(target=self._upwards, args=(client, server), daemon=True).start()
                threading.Thread(target=self._downwards, args=(client, server), daemon=True).start()

    def _upwards(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while said := client.recv(65_536):
                cut, self.cut = self.cut, None
                if cut != "before":
                    server.sendall(said)
                if cut is not None:
                    client.shutdown(socket.SHUT_RDWR)
                    return
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _downwards(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while answer := server.recv(65_536):
                client.sendall(answer)


@pytest.fixture
def line(postgres_schema_url: str) -> Iterator[CuttingLine]:
    asked = parse_qs(urlsplit(postgres_schema_url).query)
    line = CuttingLine(f"{asked['host'][0]}/.s.PGSQL.{asked['port'][0]}")
    yield line
    line.close()


def by_line(line: CuttingLine, url: str) -> str:
    asked = parse_qs(urlsplit(url).query)
    return url.replace(asked["host"][0], "127.0.0.1").replace(
        f"port={asked['port'][0]}", f"port={line.port}"
    )


@pytest.mark.skipif(
    sys.platform != "linux", reason="other systems name these options otherwise, or lack them"
)
def test_a_line_that_carries_nothing_is_given_up(
    line: CuttingLine, postgres_schema_url: str
) -> None:
    """By the system: of it, the other side of a line that only loses what is sent is not told."""
    url = by_line(line, postgres_schema_url)
    usual = {"TCP_USER_TIMEOUT": 30_000, "TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4}
    assert options_of(url, *usual) == usual
    assert options_of(f"{url}&tcp_user_timeout=7000&keepalives_idle=3", *usual) == {
        **usual,
        "TCP_USER_TIMEOUT": 7_000,
        "TCP_KEEPIDLE": 3,
    }


def options_of(url: str, *names: str) -> dict[str, int]:
    """Of the sockets on which a ledger speaks to this server."""
    with Ledger.open(url, update_views=False) as ledger:
        datastore: Any = ledger._store.application.factory.datastore  # type: ignore[attr-defined]
        with (
            datastore.get_connection() as connection,
            socket.socket(fileno=os.dup(connection.fileno())) as spoken_on,
        ):
            return {
                name: spoken_on.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
                for name in names
            }


@pytest.mark.slow
def test_a_commit_whose_answer_is_cut_off_is_answered_from_what_is_there(
    line: CuttingLine, postgres_schema_url: str
) -> None:
    url = by_line(line, postgres_schema_url)
    chance = random.Random(5)
    known: dict[str, str] = {}
    with Ledger.open(url, update_views=False) as ledger:
        for number in range(40):
            line.cut = chance.choice((None, "before", "after"))
            name = f"C-{number}"
            try:
                known[name] = ledger.record(parsed(request(name))[0]).outcome
            except StoreError as error:
                known[name] = type(error).__name__
            line.cut = None
    assert {"recorded", OutcomeUnknown.__name__} == set(known.values())
    with Ledger.open(postgres_schema_url, update_views=False) as ledger:
        there = {order["client_order_id"] for order in ledger.orders()}
        assert [
            name for name, answer in known.items() if answer == "recorded" and name not in there
        ] == []
        for name in known:
            ledger.record(parsed(request(name))[0])
        assert (len(ledger.orders()), ledger.views.check().differences) == (40, ())


@pytest.mark.slow
def test_where_all_connections_are_cut_one_message_is_told_so(postgres_schema_url: str) -> None:
    cut = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = "
        "'cut'"
    )
    messages = parsed(*(request(f"C-{number}") for number in range(6)))
    with Ledger.open(f"{postgres_schema_url}&application_name=cut", update_views=False) as ledger:
        with ExitStack() as opened:
            for _ in messages:
                opened.enter_context(ledger._store.database.reading())
        run_sql(postgres_schema_url, cut)
        with pytest.raises(StoreUnreachable, match="terminating connection"):
            ledger.record(messages[0])
        assert [ledger.record(message).outcome for message in messages] == ["recorded"] * 6


def test_where_the_first_thousand_is_recorded_nobody_is_told_that_nothing_was(
    tmp_path: Path,
) -> None:
    path = tmp_path / "orders.db"
    messages = parsed(*(request(f"C-{number}") for number in range(1_500)))
    with (
        Ledger.open(str(path), update_views=False, lock_timeout=0) as ledger,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):

        def then_held() -> Iterator[Message]:
            yield from messages[:1_000]
            other.execute("BEGIN IMMEDIATE")
            yield from messages[1_000:]

        with pytest.raises(OutcomeUnknown, match="the first 1000 messages are recorded: .* locked"):
            ledger.record_many(then_held())
        with pytest.raises(StoreUnreachable, match="locked"):
            ledger.record_many(messages[1_000:])
        other.execute("ROLLBACK")
        told = [outcome.outcome for outcome in ledger.record_many(messages)]
        assert told == ["duplicate"] * 1_000 + ["recorded"] * 500


def test_where_the_first_half_of_a_crowded_group_is_recorded_nobody_is_told_that_nothing_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After many conflicts a group is committed in halves, and the store may be lost in between."""
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
        append = Store.append

        def crowded(
            store: Store, events: Sequence[Recorded], *names: Any, **more: Any
        ) -> Sequence[int]:
            if len(events) > 1:
                raise Conflict
            if events[0].stream.endswith("C-2"):
                raise StoreUnreachable("another process has locked the store: nothing was written")
            return append(store, events, *names, **more)

        monkeypatch.setattr(Store, "append", crowded)
        with pytest.raises(OutcomeUnknown, match="of 2 messages sent together, 1 are recorded"):
            ledger.record_many(parsed(request("C-1"), request("C-2")))
        monkeypatch.undo()
        assert [
            told.outcome for told in ledger.record_many(parsed(request("C-1"), request("C-2")))
        ] == ["duplicate", "recorded"]
