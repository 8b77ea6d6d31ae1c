"""Hostile settings: `config check` names line and key, and `connect` refuses the same."""

import asyncio
import json
from pathlib import Path

import pytest

from orderledger import LedgerError, connect
from tests.command_line import run

TOKEN, KEY = "token-of-the-test", "0x" + "5e" * 32
ADDRESS = "0x" + "fa" * 20

NOBITEX = """\
db = "orders.db"
[[venues]]
venue = "nobitex"
account = "main"
token = { env = "TOKEN_OF_TEST" }
[gateway]
asks_keys = false
collects = false
"""
CCXT = """\
[[venues]]
venue = "ccxt"
account = "main"
exchange = "binance"
credentials = { apiKey = { env = "TOKEN_OF_TEST" }, secret = { env = "TOKEN_OF_TEST" } }
symbols = ["BTC/USDT"]
[gateway]
"""
HYPERLIQUID = f"""\
[[venues]]
venue = "hyperliquid"
[[venues.accounts]]
account = "main"
address = "{ADDRESS}"
private_key = {{ env = "KEY_OF_TEST" }}
[gateway]
"""
LIGHTER = """\
[[venues]]
venue = "lighter"
account = "main"
account_index = 1
token = { env = "TOKEN_OF_TEST" }
private_key = { env = "KEY_OF_TEST" }
api_key_index = 2
[gateway]
"""
SWITCH = '[[gateway.dead_mans_switches]]\naccount = "main"\nseconds = '
NUMBER = "must be a number, not true or false"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOKEN_OF_TEST", TOKEN)
    monkeypatch.setenv("KEY_OF_TEST", KEY)
    monkeypatch.delenv("ORDERLEDGER_DB", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "orderledger.toml"


@pytest.mark.parametrize("good", [NOBITEX, CCXT, HYPERLIQUID])
def test_a_good_file_passes(file: Path, good: str) -> None:
    file.write_text(good)
    ended = run("config", "check", str(file))
    assert (ended.status, ended.out) == (0, f"{file}: no fault\n")


@pytest.mark.parametrize(
    ("text", "line", "key", "fault"),
    [
        (CCXT.replace('symbols = ["BTC/USDT"]\n', ""), 1, "venues.1.symbols", "is missing"),
        (CCXT.replace('["BTC/USDT"]', "[]"), 6, "venues.1.symbols", "is missing: binance lists"),
        (CCXT.replace('["BTC/USDT"]', '[""]'), 6, "venues.1.symbols.1", "at least 1 character"),
        (CCXT.replace('["BTC/USDT"]', '[" "]'), 6, "venues.1.symbols.1", "should match"),
        (CCXT.replace("[gateway]", "milliseconds_per_request = true\n[gateway]"), 7,
         "venues.1.milliseconds_per_request", NUMBER),
        (CCXT.replace("[gateway]", "milliseconds_per_request = inf\n[gateway]"), 7,
         "venues.1.milliseconds_per_request", "finite"),
        (NOBITEX + "answer_seconds = true\n", 9, "gateway.answer_seconds", NUMBER),
        (NOBITEX + "answer_seconds = -1\n", 9, "gateway.answer_seconds", "greater than 0"),
        (NOBITEX + "answer_seconds = nan\n", 9, "gateway.answer_seconds", ""),
        (NOBITEX + "answer_seconds = []\n", 9, "gateway.answer_seconds", "valid number"),
        ("reconcile_seconds = true\n" + NOBITEX, 1, "reconcile_seconds", NUMBER),
        ("questions_per_run = false\n" + NOBITEX, 1, "questions_per_run", NUMBER),
        (NOBITEX.replace("token", "poll_seconds = true\ntoken"), 5, "venues.1.poll_seconds",
         NUMBER),
        (NOBITEX.replace("token", 'url = "localhost"\ntoken'), 5, "venues.1.url", "begins with"),
        (NOBITEX.replace("orders.db", "nosuch://x"), 1, "db", "'nosuch://...' is not a path"),
        (NOBITEX.replace("orders.db", "sqlite://x"), 1, "db", "is not a path, sqlite:///path"),
        (NOBITEX.replace("orders.db", "postgresql://a:b@c@d/e"), 1, "db", "write / as %2F"),
        (NOBITEX.replace("orders.db", "."), 1, "db", "not a file in an existing folder"),
        (NOBITEX.replace("orders.db", "no/orders.db"), 1, "db", "not a file in an existing folder"),
        (NOBITEX.replace("orders.db", "a\\u0000b"), 1, "db", "null byte|not the name of a file"),
        (NOBITEX + 'time_zone = "Mars/Base"\n', 9, "gateway.time_zone", "is not a time zone"),
        (NOBITEX + 'name = ""\n', 9, "gateway.name", "at least 1 character"),
        (NOBITEX + "[gateway]\n", None, "", "is not TOML"),
        (NOBITEX.replace("[gateway]", "[[gateway]]"), 6, "gateway", "is not a table"),
        (NOBITEX + f"{SWITCH}60\n", 9, "gateway.dead_mans_switches.1", "no dead man's switch"),
        (HYPERLIQUID + f"{SWITCH}60\n{SWITCH}90\n", 12, "gateway.dead_mans_switches.2.account",
         "has a dead man's switch already"),
        (HYPERLIQUID.replace("KEY_OF", "TOKEN_OF"), 6, "venues.1.accounts.1.private_key",
         "does not hold a private key"),
        (HYPERLIQUID.replace("[gateway]", '[[venues]]\nvenue = "nobitex"\naccount = "main"\n'
         'token = { env = "TOKEN_OF_TEST" }\n'), 7, "venues.2", "'main' is already named"),
        (LIGHTER.replace("api_key_index = 2\n", ""), 1, "venues.1", "needs api_key_index"),
        (LIGHTER.replace("account_index = 1", "account_index = true"), 4, "venues.1.account_index",
         NUMBER),
    ],
)  # fmt: skip
def test_a_hostile_setting_is_a_fault_with_its_line_and_key(
    file: Path, text: str, line: int | None, key: str, fault: str
) -> None:
    file.write_text(text)
    ended = run("config", "check", str(file), "--json")
    rows = [json.loads(row) for row in ended.out.splitlines()]
    assert (ended.status, line, key) in {(1, row["line"], row["key"]) for row in rows}, rows
    said = next(row["fault"] for row in rows if row["key"] == key)
    assert any(part in said for part in fault.split("|")), said
    with pytest.raises((LedgerError, ValueError)) as refused:
        asyncio.run(_entered(file))
    assert any(part in str(refused.value) for part in fault.split("|")), refused.value


@pytest.mark.parametrize(
    ("text", "line", "key", "fault"),
    [
        ("[serve]\nport = true\n", 10, "serve.port", "valid integer|must be a number"),
        ("[serve]\ncheckpoint_seconds = inf\n", 10, "serve.checkpoint_seconds", "finite"),
        ("[serve]\ncheckpoint_seconds = true\n", 10, "serve.checkpoint_seconds", NUMBER),
        ('[serve]\ntokens = "nosuch.toml"\n', 10, "serve.tokens", "nosuch.toml is not a file"),
        ('[serve]\nallow_hosts = [""]\n', 10, "serve.allow_hosts.1", "at least 1 character"),
        ('[alerts]\nlook_seconds = true\n[[alerts.rules]]\nkind = "unresolved"\nseconds = 3\n',
         10, "alerts.look_seconds", NUMBER),
        ('[alerts]\n[[alerts.rules]]\nkind = "unresolved"\nseconds = true\n', 12,
         "alerts.rules.1.seconds", NUMBER),
    ],
)  # fmt: skip
def test_a_hostile_setting_of_a_service_is_a_fault(
    file: Path, text: str, line: int, key: str, fault: str
) -> None:
    file.write_text(NOBITEX + text)
    ended = run("config", "check", str(file), "--json")
    (row,) = [json.loads(row) for row in ended.out.splitlines()]
    assert (ended.status, row["line"], row["key"]) == (1, line, key), row
    assert any(part in row["fault"] for part in fault.split("|")), row


def test_connect_names_the_line_of_a_setting_that_the_venue_refuses(file: Path) -> None:
    file.write_text(CCXT.replace('["BTC/USDT"]', "[]"))
    with pytest.raises(LedgerError, match=r"orderledger.toml:6: venues.1.symbols: is missing"):
        asyncio.run(_entered(file))


@pytest.mark.parametrize(
    "text",
    [
        HYPERLIQUID.replace('private_key = { env = "KEY_OF_TEST" }\n', ""),
        NOBITEX + "accounts = []\n",
    ],
)
def test_a_gateway_without_a_key_to_send_is_a_warning(file: Path, text: str) -> None:
    """An order entry of the caller's own may send."""
    file.write_text(text)
    ended = run("config", "check", str(file))
    assert (ended.status, "no account has a key to send orders" in ended.out) == (0, True), ended
    with pytest.raises(LedgerError, match="no account has a key"):
        asyncio.run(_entered(file))


async def _entered(file: Path) -> None:
    async with connect(file):
        pass
