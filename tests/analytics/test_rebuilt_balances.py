"""A rebuild from an archive has the tables that balances follow from, of random accounts."""

import json
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from pyarrow import parquet

from orderledger import Ledger, parse_document
from tests.command_line import run
from tests.core.properties.accounts import account_story

ACCOUNTS = 5


def rows_of(folder: Path, view: str) -> list[str]:
    manifest = json.loads((folder / "manifest.json").read_text())
    parts = [parquet.read_table(folder / file["path"]) for file in manifest["views"][view]]
    return sorted(map(str, pa.concat_tables(parts).to_pylist()))


@pytest.mark.slow
def test_a_rebuild_by_processes_has_the_cash_of_the_ledger(tmp_path: Path) -> None:
    url, archive, rebuilt = f"sqlite:///{tmp_path}/a.db", tmp_path / "archive", tmp_path / "rebuilt"
    with Ledger.open(url) as ledger:
        for seed in range(ACCOUNTS):
            for message in account_story(Random(seed)):
                ledger.record(parse_document({**message, "account": f"sim:{seed}"}))
    assert run("archive", archive, "--db", url).status == 0
    asked = ("archive-rebuild", archive, "--engine", "processes", "--to", rebuilt)
    assert run(*asked).status == 0
    for view in ("cash", "positions", "account_events", "instruments"):
        assert rows_of(archive, view), view
        assert rows_of(rebuilt, view) == rows_of(archive, view), view
