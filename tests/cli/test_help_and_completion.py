"""Help, versions, completion, suggestions and logs of the command line."""

import json
from pathlib import Path

import pytest

from orderledger import Ledger, Mark, Request, __version__
from tests.command_line import run


def test_help_shows_what_the_option_shows() -> None:
    assert run("help").out == run("--help").out
    assert run("help", "orders").out == run("orders", "--help").out
    wrong = run("help", "ordrs")
    assert wrong.status == 2 and "Did you mean 'orders'" in wrong.err


def test_the_version_has_a_short_option() -> None:
    assert run("-V").out == run("--version").out == f"orderledger, version {__version__}\n"


def test_a_misspelt_option_is_answered_with_the_similar_one(tmp_path: Path) -> None:
    ended = run("orders", "--acount", "sim:main", folder=tmp_path)
    assert ended.status == 2 and "--account" in ended.err


def test_a_misspelt_setting_is_answered_with_the_similar_one(tmp_path: Path) -> None:
    config = tmp_path / "orderledger.toml"
    config.write_text('db = "orders.db"\nvenus = []\n')
    ended = run("collect", config)
    assert ended.status == 2 and "is not a setting. Did you mean 'venues'?" in ended.err


def test_a_misspelt_venue_of_the_settings_is_answered_with_the_similar_one(tmp_path: Path) -> None:
    config = tmp_path / "orderledger.toml"
    config.write_text('db = "orders.db"\n[[venues]]\nvenue = "trader"\naccounts = []\n')
    ended = run("collect", config)
    assert ended.status == 2 and "Did you mean 'tradier'?" in ended.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_program(shell: str) -> None:
    ended = run("completion", shell)
    assert ended.status == 0 and "_ORDERLEDGER_COMPLETE" in ended.out


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "orders.db"
    with Ledger.open(path, update_views=False) as ledger:
        for account, name in (("sim:main", "C-1"), ("sim:main", "C-2"), ("sim:other", "D-1")):
            ledger.record(
                Request(
                    account=account,
                    client_order_id=name,
                    instrument="BTC-USD",
                    side="buy",
                    quantity="1",
                    order_type="market",
                )
            )
        ledger.record(Mark(account="sim:main", instrument="ETH-USD", price="1"))
    return path


def completed(db: Path, line: str) -> list[str]:
    """What bash is offered for the last word of a line."""
    environment = {
        "_ORDERLEDGER_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
        "ORDERLEDGER_DB": str(db),
    }
    return [
        one.partition(",")[2] for one in run(environment=environment, folder=db.parent).out.split()
    ]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("orderledger acc", ["account-events", "accounts"]),
        ("orderledger orders --acc", ["--account"]),
        ("orderledger orders --account sim:", ["sim:main", "sim:other"]),
        ("orderledger order C-", ["C-2", "C-1"]),
        ("orderledger order --account sim:other ", ["D-1"]),
        ("orderledger explain D", ["D-1"]),
        ("orderledger marks --instrument ", ["BTC-USD", "ETH-USD"]),
        ("orderledger orders --side ", ["buy", "sell"]),
        ("orderledger translate hyper", ["hyperliquid"]),
    ],
)
def test_the_shell_completes_from_the_ledger(db: Path, line: str, offered: list[str]) -> None:
    assert completed(db, line) == offered


def test_without_a_ledger_nothing_is_offered_and_nothing_is_made(tmp_path: Path) -> None:
    missing = tmp_path / "none.db"
    assert completed(missing, "orderledger order C") == []
    assert not missing.exists()


@pytest.mark.parametrize(
    "command", ["collect", "reconcile", "watch", "serve", "relay", "checkpoint", "archive"]
)
def test_a_command_that_runs_long_logs_as_json_if_asked(command: str) -> None:
    assert "--log [text|json]" in run(command, "--help").out


def test_a_log_as_json_has_an_object_on_each_line(db: Path, tmp_path: Path) -> None:
    rules = tmp_path / "alerts.toml"
    rules.write_text(
        '[[targets]]\nname = "desk"\ncommand = "false"\n'
        '[[rules]]\nkind = "unresolved"\nseconds = 1\n'
    )
    ended = run("watch", "--config", rules, "--once", "--log", "json", "--db", db)
    for line in ended.err.splitlines():
        assert line.startswith("orderledger: ") or isinstance(json.loads(line), dict)


def test_an_unknown_command_is_answered_with_the_similar_ones_alone() -> None:
    wrong = run("help", "odrers")
    assert wrong.status == 2
    assert wrong.err.endswith("'odrers' is not a command. Did you mean 'orders' or 'order'?\n")
