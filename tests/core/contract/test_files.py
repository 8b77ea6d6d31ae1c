"""The files of a SQLite ledger: for their owner alone, and files whatever their names."""

import os
import stat
import threading
from pathlib import Path

import pytest

from orderledger import Ledger
from tests.core.contract.streams import lives, opened, parsed


@pytest.fixture
def usual_mask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in sorted(folder.rglob("*"))}


@pytest.mark.slow
@pytest.mark.usefixtures("usual_mask")
def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    found: dict[str, str] = {}
    with Ledger.open(str(tmp_path / "orders.db")) as ledger:
        ledger.record_many(parsed(*lives(3)))
        found |= modes(tmp_path)
        looking = threading.Event()

        def look() -> None:
            while not looking.wait(0.001):
                found.update(modes_of_what_is_there(tmp_path))

        watching = threading.Thread(target=look)
        watching.start()
        ledger.views.rebuild(jobs=2)
        looking.set()
        watching.join()
    assert {
        "orders.db",
        "orders.db-wal",
        "orders.db-shm",
        "orders.db-rebuilding",
        "orders.db-rebuilt",
    } <= set(found)
    assert {name: mode for name, mode in found.items() if mode != "0o600"} == {
        "orders.db-rebuilt": "0o700"
    }


def modes_of_what_is_there(folder: Path) -> dict[str, str]:
    try:
        return modes(folder)
    except FileNotFoundError:  # it was removed meanwhile
        return {}


@pytest.mark.usefixtures("usual_mask")
def test_a_mode_that_somebody_gave_is_kept(tmp_path: Path) -> None:
    Ledger.open(str(tmp_path / "orders.db")).close()
    (tmp_path / "orders.db").chmod(0o640)
    with Ledger.open(str(tmp_path / "orders.db")) as ledger:
        ledger.record_many(parsed(*lives(1)))
        assert set(modes(tmp_path).values()) == {"0o640"}


@pytest.mark.parametrize(
    "name", ["mode=memory/orders.db", "orders?mode=memory", ":memory:.db", "a:memory:b"]
)
def test_words_in_a_path_make_no_store_in_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    with opened(str(path)) as ledger:
        ledger.record_many(parsed(*lives(1)))
    with opened(str(path)) as ledger:
        assert ledger.views.rebuild().is_equal and len(ledger.orders()) == 1
        assert list(ledger.views.stream("orders")) == ledger.orders()
    assert path.is_file()
