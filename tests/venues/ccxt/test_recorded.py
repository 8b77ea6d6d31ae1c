"""`orderledger translate ccxt`: unified rows in a file, without the library."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import InstrumentKind, Ledger, parse_document
from orderledger.venues.base.definitions import Terms
from orderledger.venues.ccxt.markets import (
    SIGNIFICANT_DIGITS,
    TICK_SIZE,
    terms_of_market,
)
from tests.venues.ccxt.rows import market, order, trade

WITHOUT_CCXT = (
    "import sys; sys.modules['ccxt'] = None; from orderledger.cli.main import main; main()"
)


def translate(path: Path, documents: list[str]) -> list[dict[str, Any]]:
    """The messages that the command prints in a process in which ccxt cannot be imported."""
    (path / "rows.ndjson").write_text("\n".join(documents))
    command = [
        sys.executable,
        "-c",
        WITHOUT_CCXT,
        "translate",
        "ccxt",
        str(path / "rows.ndjson"),
        "--account",
        "binance:main",
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_rows_are_translated_where_ccxt_is_not_installed(tmp_path: Path) -> None:
    documents = [
        json.dumps({"exchange": "binance", "order": order()}),
        json.dumps({"exchange": "binance", "trade": trade()}),
        json.dumps({"exchange": "binance", "trade": trade(id="9002")}).replace(
            '"0.5"', "0.10000000000000000000000001"
        ),
    ]
    messages = translate(tmp_path, documents)
    assert [message["type"] for message in messages] == [
        "acknowledged",
        "instrument",
        "fill",
        "fill",
    ]
    assert messages[3]["quantity"] == "0.10000000000000000000000001"
    with Ledger.open("memory://") as ledger:
        ledger.record_many([parse_document(message) for message in messages])
        (row,) = ledger.pnl()
        assert (row["currency"], row["fees"]) == ("USDT", {"USDT": Decimal("0.24")})


@pytest.mark.slow
def test_a_market_in_the_file_defines_its_instrument(tmp_path: Path) -> None:
    symbol = "BTC/USD:BTC"
    bought = trade(symbol=symbol, amount="10", price="50000", fees=[])
    sold = trade(
        symbol=symbol,
        amount="10",
        price="40000",
        fees=[],
        id="9002",
        side="sell",
        timestamp=1_790_000_009_000,
    )
    messages = translate(
        tmp_path,
        [
            json.dumps({"market": market()}),
            json.dumps({"exchange": "bybit", "trades": [bought, sold]}),
        ],
    )
    assert {name: messages[0][name] for name in ("multiplier", "inverse", "currency", "tick",
    "lot")} == {
        "multiplier": "100", "inverse": True, "currency": "BTC", "tick": "0.1", "lot": "1",
    }  # fmt: skip
    with Ledger.open("memory://") as ledger:
        ledger.record_many([parse_document(message) for message in messages])
        (row,) = ledger.pnl()
        assert (row["realized_pnl"], row["currency"]) == (Decimal("-0.005"), "BTC")


@pytest.mark.slow
def test_a_contract_without_its_market_has_no_currency(tmp_path: Path) -> None:
    messages = translate(
        tmp_path, [json.dumps({"exchange": "bybit", "trade": trade(symbol="BTC/USD:BTC")})]
    )
    assert [message["type"] for message in messages] == ["fill"]


@pytest.mark.parametrize(
    ("changed", "mode", "expected"),
    [
        ({}, TICK_SIZE, ("BTC", "100", True, "0.1", "1")),
        ({"precision": {"price": "2", "amount": "0"}}, 2, ("BTC", "100", True, "0.01", "1")),
        (
            {"precision": {"price": "5", "amount": "8"}},
            SIGNIFICANT_DIGITS,
            ("BTC", "100", True, None, None),
        ),
        (
            {"contract": False, "quote": "USD", "contractSize": None},
            TICK_SIZE,
            ("USD", "1", True, "0.1", "1"),
        ),
    ],
)
def test_terms_of_a_market_by_each_precision_mode(
    changed: dict[str, Any], mode: int, expected: tuple[Any, ...]
) -> None:
    terms = terms_of_market(market(**changed), mode)
    assert terms is not None
    shown = (terms.currency, terms.multiplier, terms.inverse, terms.tick, terms.lot)
    assert tuple(str(value) if isinstance(value, Decimal) else value for value in shown) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, Terms.margined("BTC", multiplier=Decimal(100), inverse=True)),
        (
            {"contract": False, "base": "BTC", "quote": "USD", "inverse": None},
            Terms.spot("BTC", "USD", multiplier=Decimal(1), inverse=False),
        ),
        (
            {"option": True, "contractSize": "1"},
            Terms.paid(InstrumentKind.OPTION, "BTC", multiplier=Decimal(1), inverse=False),
        ),
    ],
)
def test_terms_of_a_market_name_what_its_fills_move(
    changed: dict[str, Any], expected: Terms
) -> None:
    """The premium of a coin-settled option is an amount of the coin."""
    assert terms_of_market(market(precision=None, **changed)) == expected


@pytest.mark.parametrize(
    "changed", [{"settle": None}, {"contractSize": None}, {"contractSize": "a lot"}]
)
def test_a_market_without_its_currency_or_size_defines_nothing(changed: dict[str, Any]) -> None:
    assert terms_of_market(market(**changed)) is None
    assert isinstance(terms_of_market(market()), Terms)
