"""A settings file as a whole: `config check` and `config show`."""

import asyncio
import json
from pathlib import Path

import pytest

from orderledger import InvalidSetting, connect
from orderledger.serve.cli.serving import _section, serve
from tests.command_line import run

GOOD = """\
db = "orders.db"
reconcile_seconds = 60

[[venues]]
venue = "nobitex"
account = "nobitex:main"
token = { env = "TOKEN_OF_TEST" }

[[venues]]
venue = "hyperliquid"
accounts = [
  { account = "hyperliquid:main", address = "0xADDRESS", private_key = { env = "KEY_OF_TEST" } },
]

[gateway]
unresolved = "allow"

[[gateway.limits]]
account = "nobitex:main"
order_quantity = "2"

[[gateway.breakers]]
rejects_per_minute = 5

[serve]
port = 8351

[alerts]
[[alerts.rules]]
kind = "unresolved"
seconds = 30
""".replace("ADDRESS", "fa" * 20)
OTHER = '[[venues]]\nvenue = "hyperliquid"\naccounts = []\n'
SECRET = "secret-of-the-test"
KEY = "0x" + "5e" * 32


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOKEN_OF_TEST", SECRET)
    monkeypatch.setenv("KEY_OF_TEST", KEY)
    monkeypatch.delenv("ORDERLEDGER_DB", raising=False)
    path = tmp_path / "orderledger.toml"
    path.write_text(GOOD)
    return path


def test_a_good_file_has_no_fault(file: Path) -> None:
    ended = run("config", "check", str(file))
    assert (ended.status, ended.out, ended.err) == (0, f"{file}: no fault\n", "")


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "fault"),
    [
        ('venue = "nobitex"', 'venue = "nobitx"', 4, "venues.1", "Did you mean 'nobitex'"),
        ("reconcile_seconds", "reconcil_seconds", 2, "reconcil_seconds", "'reconcile_seconds'"),
        ("[gateway]", "[gatway]", 15, "gatway", "Did you mean 'gateway'"),
        ("TOKEN_OF_TEST", "NOT_SET", 7, "venues.1.token.env", "NOT_SET is not set"),
        ("KEY_OF_TEST", "NOT_SET", 11, "venues.2.accounts.1.private_key", "NOT_SET is not set"),
        ('unresolved = "allow"', 'unresolved = "alow"', 16, "gateway.unresolved", "'allow'"),
        ('order_quantity = "2"', "order_quantity = -2", 20, "gateway.limits.1.order_quantity", ""),
        ('account = "nobitex:main"\norder', 'account = "nobitex:mai"\norder', 19,
         "gateway.limits.1.account", "'nobitex:mai' is not an account of a venue. Did you mean"),
        ("rejects_per_minute = 5", "", 22, "gateway.breakers.1", "has no condition"),
        ("port = 8351", "port = 99999", 26, "serve.port", "less than or equal"),
        ("seconds = 30", "second = 30", 31, "alerts.rules.1.second", "Did you mean 'seconds'"),
    ],
)  # fmt: skip
def test_a_fault_is_shown_with_its_line_and_key(
    file: Path, old: str, new: str, line: int, key: str, fault: str
) -> None:
    file.write_text(GOOD.replace(old, new, 1))
    ended = run("config", "check", str(file), "--json")
    rows = [json.loads(row) for row in ended.out.splitlines()]
    (row,) = [row for row in rows if row["key"] == key]
    assert (ended.status, row["file"], row["line"]) == (1, str(file), line), row
    assert fault in row["fault"]
    assert f"{file}:{line}: {key}: {row['fault']}" in run("config", "check", str(file)).out


CCXT = """\

[[venues]]
venue = "ccxt"
account = "ccxt:main"
exchange = "binanceusdm"
credentials = { apiKey = { env = "TOKEN_OF_TEST" }, secret = { env = "KEY_OF_TEST" } }
symbols = ["BTC/USDT:USDT"]

[[gateway.dead_mans_switches]]
account = "ccxt:main"
seconds = 60
"""
LINES = GOOD.count("\n")


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "fault"),
    [
        ('"binanceusdm"', '"binanceusdmm"', 5, "venues.3.exchange", "did you mean binanceusdm"),
        ("secret =", "secrt =", 6, "venues.3.credentials.secrt", "Did you mean 'secret'"),
        (', secret = { env = "KEY_OF_TEST" }', "", 6, "venues.3.credentials.secret", "is missing"),
        ("KEY_OF_TEST", "NOT_SET", 6, "venues.3.credentials.secret.env", "NOT_SET is not set"),
        ('main"\nseconds', 'man"\nseconds', 10, "gateway.dead_mans_switches.1.account",
         "'ccxt:man' is not an account of a venue. Did you mean 'ccxt:main'"),
        ("seconds = 60", "seconds = 10", 11, "gateway.dead_mans_switches.1.seconds",
         "10 is not more than lease_seconds, 10"),
    ],
)  # fmt: skip
def test_what_connect_refuses_is_a_fault(
    file: Path, old: str, new: str, line: int, key: str, fault: str
) -> None:
    file.write_text(GOOD + CCXT)
    assert run("config", "check", str(file)).out == f"{file}: no fault\n"
    file.write_text(GOOD + CCXT.replace(old, new, 1))
    ended = run("config", "check", str(file), "--json")
    (row,) = [json.loads(row) for row in ended.out.splitlines()]
    assert (ended.status, row["line"], row["key"]) == (1, LINES + line, key), row
    assert fault in row["fault"]
    with pytest.raises(InvalidSetting) as refused:
        asyncio.run(entered(file))
    assert fault in str(refused.value)


async def entered(file: Path) -> None:
    async with connect(file):
        pass


def test_all_faults_are_shown_at_once(file: Path) -> None:
    file.write_text(
        GOOD.replace("port = 8351", 'port = "x"').replace("rejects_per_minute = 5", "reject = 5")
    )
    assert run("config", "check", str(file)).out.count("\n") == 2


def test_what_is_not_toml_is_a_fault(file: Path) -> None:
    file.write_text("= 3")
    ended = run("config", "check", str(file))
    assert ended.status == 1 and "is not TOML" in ended.out


def test_settings_are_shown_with_their_sources_and_without_secrets(
    file: Path,
) -> None:
    environment = {
        "ORDERLEDGER_GRACE_SECONDS": "7",
        "ORDERLEDGER_DB": "postgresql://me:hunter@db/orders",
    }
    ended = run("config", "show", str(file), "--json", environment=environment)
    rows = {row["key"]: row for row in map(json.loads, ended.out.splitlines())}
    assert ended.status == 0, ended.err
    shown = {key: (row["value"], row["source"]) for key, row in rows.items()}
    assert shown["grace_seconds"] == ("7.0", "the variable ORDERLEDGER_GRACE_SECONDS")
    assert shown["reconcile_seconds"] == ("60.0", f"{file}:2")
    assert shown["overlap_seconds"] == ("600.0", "default")
    assert shown["venues.1.token"] == ("the variable TOKEN_OF_TEST", f"{file}:7")
    assert shown["gateway.limits.1.order_quantity"] == ("2", f"{file}:20")
    assert shown["serve.port"] == ("8351", f"{file}:26")
    assert "hunter" not in ended.out and SECRET not in ended.out


def test_the_other_commands_read_the_same_file(file: Path) -> None:
    assert run("watch", "--config", str(file), "--check").out.startswith("unresolved: unresolved")
    file.write_text(GOOD.replace("seconds = 30", "seconds = -30"))
    ended = run("watch", "--config", str(file), "--check")
    assert ended.status == 2 and f"{file}:31: alerts.rules.1.seconds" in ended.err


def test_options_of_serve_replace_the_table_of_the_file(file: Path) -> None:
    def effective(*options: str) -> dict[str, object]:
        with serve.make_context("serve", ["--config", str(file), *options]):
            return _section(file)

    found = effective()
    assert (found["port"], found["db"], found["alerts"]) == (8351, "orders.db", str(file))
    assert "host" not in found  # the file does not give it
    assert effective("--port", "9", "--db", "other.db").keys() == {"alerts"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[limits]]\norder_quantity = 1\n", ""),
        ("[[limits]]\norder_quantit = 1\n", ":2: limits.1.order_quantit: is not a setting"),
        ('[[rules]]\nkind = "unresolved"\nseconds = 30\n', ""),
        ('[[rules]]\nkind = "unresolved"\nseconds = -1\n', ":3: rules.1.seconds: input should be"),
        ("gateway = 3\n" + OTHER, ":1: gateway: is not a table"),
    ],
)
def test_a_file_of_limits_or_alerts_alone_is_checked_as_that(
    file: Path, text: str, fault: str
) -> None:
    file.write_text(text)
    ended = run("config", "check", str(file))
    assert ended.status == (1 if fault else 0)
    assert f"{file}{fault or ': no fault'}" in ended.out
