"""The command `import`: its list of kinds, and what it says of rows that it cannot read."""

from pathlib import Path

from orderledger.venues.importers.csv_mapping import ready
from orderledger.venues.importers.kinds import KINDS
from tests.command_line import run


def test_the_list_names_every_kind_and_every_mapping_and_needs_nothing_else() -> None:
    ended = run("import", "--list")
    assert (ended.status, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert {*KINDS} <= {*lines}
    assert all(any(line.startswith(f"  {name}: ") for line in lines) for name in ready())


def test_ten_faults_are_shown_and_the_file_of_rejects_has_all(tmp_path: Path) -> None:
    log, rejects = tmp_path / "session.log", tmp_path / "rejects.ndjson"
    log.write_text("8=FIX.4.4|9=5|35=8|10=000|\n" * 12)
    command = ("import", "fix", log, "--account", "fix:main", "--db", tmp_path / "a.db")
    shown = run(*command).err
    assert shown.count("line ") >= 10
    assert "2 more rows could not be read: --rejects FILE lists them all" in shown
    assert "more rows" not in run(*command, "--rejects", rejects).err
    assert len(rejects.read_text().splitlines()) == 12
