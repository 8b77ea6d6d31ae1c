"""Imports of a file into a ledger, and the files that tests import."""

from pathlib import Path
from typing import Any

from orderledger import Ledger
from orderledger.venues.importers.importing import Imported, import_rows
from orderledger.venues.importers.kinds import KINDS
from orderledger.venues.importers.source import Options

ACCOUNT = "import:main"


def imported(ledger: Ledger, kind: str, file: Path, **options: Any) -> Imported:
    """Import a file, and import it again: the second time changes nothing."""
    chosen = Options(account=ACCOUNT, **options)
    first = import_rows(ledger, KINDS[kind].read(file, chosen))
    before = ledger.status()["position"]
    again = import_rows(ledger, KINDS[kind].read(file, chosen))
    assert ledger.status()["position"] == before, "a second import changed the log"
    assert set(again.outcomes) <= {"duplicate", "refused"}
    return first


def written(folder: Path, name: str, text: str) -> Path:
    """A file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
