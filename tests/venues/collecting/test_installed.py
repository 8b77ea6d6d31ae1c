"""Adapters that other packages install: registered by entry points, as pip leaves them in a folder
of sys.path."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orderledger.ledger import Ledger
from orderledger.venues.base.registry import installed
from tests.docs.reading import REPOSITORY
from tests.venues.collecting.test_fake_command import collected

ROW = {
    "id": 1,
    "client_id": "C-1",
    "symbol": "ETH",
    "side": "BUY",
    "quantity": "2",
    "price": "2500",
    "state": "WORKING",
    "filled": "0.5",
    "updated": "2026-11-20T09:00:01Z",
    "fills": [{"quantity": "0.5", "price": "2499.5", "at": "2026-11-20T09:00:00Z"}],
}
STARTED = """
import sys
from orderledger.cli.main import main
try:
    main(sys.argv[1:])
finally:
    known = [name for name in sys.modules if name.startswith("orderledger.venues.")]
    ours = {"base", "cli", "collecting", "errors", "reconciliation"}
    print(sorted({name.split(".")[2] for name in known} - ours), file=sys.stderr)
"""


def install(folder: Path, name: str, *lines: str) -> str:
    """What pip leaves of a package besides its modules. As PYTHONPATH."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[orderledger.venues]\n" + "\n".join(lines) + "\n")
    return os.pathsep.join([str(folder), str(REPOSITORY), os.environ.get("PYTHONPATH", "")])


CORNER = "corner = tests.venues.corner.adapter:ADAPTER"


def run(*arguments: str, path: str = "", text: str = "") -> "subprocess.CompletedProcess[str]":
    """A command in a process of its own, which says at the end whose adapters it has imported."""
    environment = {**os.environ, **({"PYTHONPATH": path} if path else {})}
    command = [sys.executable, "-c", STARTED, *arguments]
    return subprocess.run(
        command,
        input=text,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_an_installed_adapter_translates(tmp_path: Path) -> None:
    path = install(tmp_path, "corner-venue", CORNER)
    told = run(
        "translate",
        "corner",
        "--account",
        "corner:main",
        path=path,
        text=json.dumps({"orders": [ROW]}),
    )
    assert told.returncode == 0, told.stderr
    messages = [json.loads(line) for line in told.stdout.splitlines()]
    assert [message["type"] for message in messages] == ["instrument", "fill", "acknowledged"]
    assert (messages[0]["currency"], messages[1]["fill_id"]) == ("USD", "1:0.5")


@pytest.mark.slow
def test_an_installed_adapter_is_simulated_and_collected_from(
    orderledger_command: Path, tmp_path: Path
) -> None:
    path = install(tmp_path / "site", "corner-venue", CORNER)
    assert asyncio.run(collected("corner", orderledger_command, tmp_path, PYTHONPATH=path)) == (
        0,
        0,
    )
    with Ledger.open(str(tmp_path / "fake.db"), update_views=False) as ledger:
        assert {row["currency"] for row in ledger.pnl()} == {"USD"}


@pytest.mark.slow
def test_its_settings_are_checked_by_itself(tmp_path: Path) -> None:
    path = install(tmp_path / "site", "corner-venue", CORNER)
    settings = tmp_path / "orderledger.toml"
    settings.write_text('[[venues]]\nvenue = "corner"\naccount = "corner:main"\n')
    told = run("collect", str(settings), path=path)
    assert told.returncode == 2
    assert f"{settings}:1: venues.1.token: is missing" in told.stderr


def test_what_is_not_installed_is_not_known(tmp_path: Path) -> None:
    told = run("translate", "corner", "--account", "corner:main")
    assert told.returncode == 2
    assert f"'corner' is not one of {', '.join(map(repr, installed()))}" in told.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ("broken = no_such_module.adapter:ADAPTER",),
            "no_such_module.adapter:ADAPTER cannot be loaded: ModuleNotFoundError",
        ),
        (("broken = tests.venues.corner.adapter:ADAPTER",), "is not an Adapter named 'broken'"),
        (("broken = tests.venues.corner.translate:STATES",), "is not an Adapter named 'broken'"),
    ],
)
def test_an_adapter_that_cannot_be_used_is_named_and_harms_no_other(
    tmp_path: Path, lines: tuple[str, ...], said: str
) -> None:
    path = install(tmp_path, "broken", *lines)
    told = run("translate", "broken", "--account", "broken:main", path=path)
    assert (told.returncode, told.stdout) == (2, "")
    assert said in told.stderr
    assert (
        run(
            "translate",
            "tradier",
            "--account",
            "tradier:main",
            path=path,
            text='{"orders": "null"}',
        ).returncode
        == 0
    )


@pytest.mark.slow
def test_two_packages_that_register_one_name_are_both_named(tmp_path: Path) -> None:
    path = install(tmp_path, "other", "tradier = tests.venues.corner.adapter:ADAPTER")
    told = run("translate", "tradier", "--account", "tradier:main", path=path)
    assert told.returncode == 2
    assert "tests.venues.corner.adapter:ADAPTER" in told.stderr
    assert "orderledger.venues.tradier.adapter:ADAPTER" in told.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "imported"),
    [
        (("--help",), "[]"),
        (("translate", "--help"), "[]"),
        (("status", "--db", "none.db"), "[]"),
        (("translate", "tradier", "--account", "tradier:main"), "['tradier']"),
    ],
)
def test_a_command_imports_only_the_adapters_that_it_needs(
    arguments: tuple[str, ...], imported: str
) -> None:
    told = run(*arguments, text='{"orders": "null"}')
    assert told.stderr.splitlines()[-1] == imported
