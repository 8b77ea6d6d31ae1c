"""Settings that `config check` warns about, and faults that it found no words for before."""

import json
from pathlib import Path
from typing import Any

import pytest

from orderledger import Instrument, Ledger
from tests.command_line import run

GOOD = """\
db = "{db}"

[[venues]]
venue = "ccxt"
account = "ccxt:main"
exchange = "binance"
credentials = { apiKey = { env = "TOKEN_OF_TEST" }, secret = { env = "KEY_OF_TEST" } }
symbols = ["BTC/USDT"]

[gateway]
accounts = ["ccxt:main"]

[[gateway.limits]]
account = "ccxt:main"
instrument = "BTC/USDT"
price_collar = "0.02"
mark_age_seconds = "10"

[[gateway.breakers]]
daily_loss = "200"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOKEN_OF_TEST", "secret-of-the-test")
    monkeypatch.setenv("KEY_OF_TEST", "secret-of-the-test-two")
    monkeypatch.delenv("ORDERLEDGER_DB", raising=False)
    return tmp_path / "orderledger.toml"


def checked(file: Path, old: str = "", new: str = "") -> tuple[int, list[dict[str, Any]]]:
    text = GOOD.replace("{db}", str(file.with_name("orders.db")))
    assert old in text
    file.write_text(text.replace(old, new, 1) if old else text)
    ended = run("config", "check", str(file), "--json")
    return ended.status, [json.loads(row) for row in ended.out.splitlines()]


def test_a_good_file_has_no_warning(file: Path) -> None:
    assert checked(file) == (0, [])
    assert not file.with_name("orders.db").exists(), "a check creates no ledger"


@pytest.mark.parametrize(
    ("old", "new", "key", "text"),
    [
        ('["BTC/USDT"]', '["BTCUSDT"]', "venues.1.symbols.1", "those have a slash"),
        (
            'instrument = "BTC/USDT"',
            'instrument = "BTCUSDT"',
            "gateway.limits.1.instrument",
            "those have a slash",
        ),
        ('"0.02"', '"2"', "gateway.limits.1.price_collar", "2 is 200 %, and 0.02 is 2 %"),
        (
            "[gateway]",
            "[gateway]\nmark_seconds = 30",
            "gateway.mark_seconds",
            "30 is more than half of the smallest mark_age_seconds, 10: marks are recorded every 5",
        ),
        (
            'exchange = "binance"',
            'exchange = "binance"\nstreams = false\nurl = "http://10.1.2.3:80"',
            "venues.1.url",
            "sends requests and keys to another host in clear",
        ),
    ],
)
def test_a_setting_that_was_probably_not_meant_is_a_warning(
    file: Path, old: str, new: str, key: str, text: str
) -> None:
    status, (row,) = checked(file, old, new)
    assert (status, row["key"], row["is_warning"]) == (0, key, True)
    assert text in row["fault"]
    shown = run("config", "check", str(file)).out
    assert f"{file}:{row['line']}: warning: {key}: " in shown
    assert shown.endswith(f"{file}: no fault, 1 warning\n")


@pytest.mark.parametrize("url", ["http://localhost:1", "http://127.0.0.1:1", "https://a.example"])
def test_an_address_without_websocket_needs_no_second_one_and_this_host_is_no_danger(
    file: Path, url: str
) -> None:
    new = f'exchange = "binance"\nstreams = false\nurl = "{url}"'
    assert checked(file, 'exchange = "binance"', new) == (0, [])


@pytest.mark.parametrize(
    ("old", "new", "key", "text"),
    [
        ("symbols", "pol_seconds = 3\nsymbols", "venues.1.pol_seconds", "mean 'poll_seconds'"),
        (
            'daily_loss = "200"',
            'daily_loss = "200"\nresumes = "auto"',
            "gateway.breakers.1.resumes",
            "auto ends only the halts of feed_age_seconds and open_break",
        ),
        (
            'exchange = "binance"',
            'exchange = "binance"\nurl = "https://a.example"',
            "venues.1",
            "url alone needs streams = false",
        ),
    ],
)
def test_these_faults_are_named(file: Path, old: str, new: str, key: str, text: str) -> None:
    status, rows = checked(file, old, new)
    (row,) = [row for row in rows if row["key"] == key]
    assert (status, row["is_warning"]) == (1, False)
    assert text in row["fault"]


def test_names_of_instruments_are_compared_with_those_of_the_ledger(file: Path) -> None:
    with Ledger.open(str(file.with_name("orders.db"))) as ledger:
        for name in ("BTC/USDT", "ETH/USDT"):
            ledger.record(Instrument(account="ccxt:main", instrument=name, multiplier="1"))
    assert checked(file) == (0, [])
    status, (row,) = checked(file, 'instrument = "BTC/USDT"', 'instrument = "BTCUSDT"')
    assert (status, row["key"]) == (0, "gateway.limits.1.instrument")
    assert row["fault"].startswith("is not an instrument of the ledger. Did you mean 'BTC/USDT'")
    status, (row,) = checked(file, '["BTC/USDT"]', '["XRP/USDT"]')
    assert (row["key"], row["is_warning"]) == ("venues.1.symbols.1", True)
