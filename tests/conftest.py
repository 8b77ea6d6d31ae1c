"""Fixtures for every test: stores to work on, the shared data, the installed command.

One PostgreSQL server serves the whole run and starts with the first test that asks for it. Each
test has a schema in it.
"""

import gc
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from orderledger.infrastructure import secrecy
from tests.shared_postgres import shared_postgres

if TYPE_CHECKING:
    from tests.ledger_schemas import Schemas

# A failed assertion of the rules shows its values.
pytest.register_assert_rewrite("orderledger.testing")

# A busy machine is no failure: no example has to be done in a given time.
settings.register_profile(
    "without_deadlines", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("without_deadlines")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> Iterator[None]:
    """A secret that one test registers is not masked in another."""
    before = dict(secrecy._learnt)
    yield
    secrecy._learnt.clear()
    secrecy._learnt.update(before)


def pytest_configure(config: pytest.Config) -> None:
    """Where Python is told to keep no bytecode, it is kept with pytest's own cache, for us and for
    the many processes that tests start: half of the time that such a process takes is compiling
    what the one before has compiled."""
    # What a shell starts in the background ignores it, and so would all that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "cache") and os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(config.cache.mkdir("bytecode"))
        sys.dont_write_bytecode = False
    gc.disable()


LONGEST = (
    "tests/docs/test_docs.py",
    "tests/venues/collecting/test_collect_command.py",
    "tests/examples/",
    "tests/gateway/test_processes.py",
    "tests/real/",
    "tests/core/contract/test_processes.py",
    "tests/venues/collecting/",
    "tests/cli/test_output.py",
    "tests/analytics/archive/",
    "tests/analytics/relay/",
    "tests/docs/",
    "tests/serve/http/",
    "tests/worlds/",
    "tests/gateway/",
    "tests/core/properties/",
)
"""The files that take longest, first, lest one process still works on such a file when the others
have ended."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next(
            (number for number, name in enumerate(LONGEST) if item.nodeid.startswith(name)),
            len(LONGEST),
        )

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What is there before the first test stays to the end: looking through it for garbage takes a
    tenth of the run, and a quarter of the collection of tests."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """A database for this process, in the server of this run. Tests that write want
    `postgres_schema_url`; tests that crash the server, one of their own."""
    folder = tmp_path_factory.getbasetemp()
    with shared_postgres(folder if worker_id == "master" else folder.parent) as url:
        yield url
        _schemas(url).close()


@pytest.fixture
def postgres_schema_url(postgres_url: str) -> Iterator[str]:
    """A URL whose unqualified names live in a new schema, which is dropped after the test."""
    with _schemas(postgres_url).new() as url:
        yield url


@pytest.fixture
def postgres_ledger_url(postgres_url: str) -> Iterator[str]:
    """A schema that has the tables of a ledger already, and no events: see `ledger_schemas`."""
    with _schemas(postgres_url).ledger() as url:
        yield url


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A ledger without events in each kind of store in turn. The one in PostgreSQL has its tables
    already."""
    return _store(request, "postgres_ledger_url")


@pytest.fixture(params=["sqlite", "postgres"])
def durable_store_url(request: pytest.FixtureRequest) -> str:
    """As `store_url`, in each kind of store that outlives its process."""
    return _store(request, "postgres_ledger_url")


@pytest.fixture(params=["sqlite", "postgres"])
def new_store_url(request: pytest.FixtureRequest) -> str:
    """Each kind of store that outlives its process in turn, without anything in it."""
    return _store(request, "postgres_schema_url")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of streams, cases and checks that stands beside the repository. Mark its tests
    with `shared`."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip(
            "../shared is missing: the streams and cases this test reads are kept beside the "
            f"repository, at {folder}"
        )
    return folder


@pytest.fixture(scope="session")
def orderledger_command() -> Path:
    """The `orderledger` executable that belongs to the Python running the tests."""
    folder = Path(
        sys.executable
    ).parent  # not resolved: the link's folder is the virtual environment
    command = shutil.which("orderledger", path=str(folder))
    if command is None:
        pytest.fail(f"No `orderledger` in {folder}: install the project there (make setup)")
    return Path(command)


def _store(request: pytest.FixtureRequest, postgres: str) -> str:
    match request.param:
        case "memory":
            return "memory://"
        case "sqlite":
            folder: Path = request.getfixturevalue("tmp_path")
            return f"sqlite:///{folder}/ledger.db"
        case "postgres":
            url: str = request.getfixturevalue(postgres)
            return url
    raise AssertionError(f"no such store: {request.param}")


@lru_cache(maxsize=1)
def _schemas(url: str) -> "Schemas":
    from tests.ledger_schemas import Schemas  # 145 ms, spared to runs without PostgreSQL

    return Schemas(url)
