"""A process whose disk fails in the middle of a commit: prints what it was answered, and what a
crash just then would leave.

    python -m tests.core.contract.failing_commit FOLDER [beside]

`beside`: another connection has the file open all the time.
"""

import json
import os
import shutil
import sqlite3
import sys
from pathlib import Path

from orderledger import Ledger, StoreError
from tests.core.contract.streams import parsed, request

COUNT = "SELECT count(*) FROM orderledger_events"


def main(folder: Path, *, is_beside: bool) -> None:
    path = folder / "orders.db"
    with Ledger.open(str(path), update_views=False) as ledger:
        other = sqlite3.connect(path) if is_beside else None
        if other is not None:
            other.execute(COUNT).fetchall()
        told: list[str | int] = [answer(ledger, name) for name in ("C-1", "C-2")]
        Path(os.environ["FAILING_SYNC"]).touch()
        told.append(answer(ledger, "C-3"))
        told.append(after_a_crash(folder))
        told.append(answer(ledger, "C-3"))
        Path(os.environ["FAILING_SYNC"]).unlink(missing_ok=True)
        told += [answer(ledger, name) for name in ("C-3", "C-4")]
        told.append(after_a_crash(folder))
        told.append(len(ledger.views.check().differences))
    print(json.dumps(told))


def answer(ledger: Ledger, name: str) -> str:
    try:
        return ledger.record(parsed(request(name))[0]).outcome
    except StoreError as error:
        return type(error).__name__


def after_a_crash(folder: Path) -> int:
    """The events that are there when the files, as they stand now, are opened by somebody else."""
    image = folder / "image"
    image.mkdir(exist_ok=True)
    for file in folder.glob("orders.db*"):
        if not file.name.endswith("-shm"):
            shutil.copy(file, image)
    connection = sqlite3.connect(image / "orders.db")
    (count,) = connection.execute(COUNT).fetchone()
    connection.close()
    shutil.rmtree(image)
    return int(count)


if __name__ == "__main__":
    main(Path(sys.argv[1]), is_beside="beside" in sys.argv)
