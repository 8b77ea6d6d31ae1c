"""The table of commands: it names every command as it is, and imports none before it runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from orderledger.cli import main
from orderledger.cli.table import GROUPS, TABLE
from tests.command_line import run

PACKAGE = """
import click

@click.command()
def weather():
    \"\"\"Say what the weather is.\"\"\"
    click.echo("dry")

no_command = 1
"""


@pytest.mark.parametrize("name", TABLE)
def test_the_table_has_the_name_and_the_first_line_of_the_command(name: str) -> None:
    command = main.commands[name]
    assert command.name == name
    assert " ".join((command.help or "").partition("\n\n")[0].split()) == TABLE[name].line


def test_no_command_is_in_two_groups() -> None:
    assert sum(map(len, GROUPS.values())) == len(TABLE)


def test_the_help_shows_each_group_and_whole_sentences() -> None:
    shown = " ".join(run("--help").out.split())
    for group, entries in GROUPS.items():
        assert f"{group}:" in shown
        assert all(f"{name} {entry.line}" in shown for name, entry in entries.items())


def test_the_help_imports_no_command() -> None:
    program = (
        "import sys\nfrom orderledger.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted(name for name in sys.modules if '.cli.' in name), file=sys.stderr)"
    )
    asked = [sys.executable, "-c", program]
    ended = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert ended.stderr == "['orderledger.cli.main', 'orderledger.cli.table']\n"


def test_a_misspelt_command_is_answered_with_the_similar_one() -> None:
    ended = run("ordrs")
    assert ended.status == 2 and "Did you mean" in ended.err and "'orders'" in ended.err


def test_a_misspelt_word_is_answered_with_the_similar_one() -> None:
    ended = run("translate", "hyperliqud", "--account", "sim:main")
    assert ended.status == 2 and "Did you mean 'hyperliquid'?" in ended.err


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of somebody else that brings a command."""
    (tmp_path / "weather_of_others.py").write_text(PACKAGE)
    about = tmp_path / "weather_of_others-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: weather-of-others\nVersion: 1\n")
    (about / "entry_points.txt").write_text(
        "[orderledger.commands]\nweather = weather_of_others:weather\n"
        "no-command = weather_of_others:no_command\nbroken = no_such_module:weather\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed")
def test_a_package_brings_a_command() -> None:
    assert run("weather").out == "dry\n"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("no-command", "is not a command of click"),
        ("broken", "no_such_module:weather cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_a_command_of_others_that_cannot_be_used_is_wrong_usage(name: str, sentence: str) -> None:
    ended = run(name)
    assert ended.status == 2 and sentence in ended.err
