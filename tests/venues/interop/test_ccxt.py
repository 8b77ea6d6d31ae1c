"""ccxt's unified rows become messages, by the translation of the adapter for ccxt."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import InvalidMessage, Ledger
from orderledger.venues import from_ccxt
from tests.venues.interop.listening import ACCOUNT, outcomes, plain

SAMPLES = Path(__file__).parent / "samples" / "ccxt"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.json")))
def test_every_sample_is_read_and_recorded_once(name: str) -> None:
    messages = from_ccxt(sample(name), account=ACCOUNT, exchange="binance")
    assert messages
    with Ledger.open("memory://") as ledger:
        assert set(outcomes(ledger, messages)) == {"recorded"}
        assert set(outcomes(ledger, messages)) == {"duplicate"}


def test_trades_are_fills() -> None:
    with Ledger.open("memory://") as ledger:
        outcomes(ledger, from_ccxt(sample("my_trades"), account=ACCOUNT))
        trades = ledger.trades()
        (position,) = ledger.positions()
    assert [(trade["quantity"], trade["fee"], trade["fee_currency"]) for trade in trades] == [
        (Decimal("0.004"), Decimal("0.0003"), "BNB"),
        (Decimal("0.001"), Decimal("-0.009"), "USDT"),
    ]
    assert position["position_quantity"] == Decimal("0.005")


def test_another_name_of_an_instrument() -> None:
    told = from_ccxt(sample("my_trades"), account=ACCOUNT, instruments={"BTC/USDT": "BTC-USD"})
    assert {message["instrument"] for message in plain(told)} == {"BTC-USD"}


@pytest.mark.parametrize(
    ("obj", "field"),
    [
        (object(), "obj"),
        ({"symbol": "BTC/USDT"}, "obj"),
        (["text"], "obj"),
        ({**sample("my_trades")[0], "amount": "much"}, "amount"),
    ],
)
def test_an_error_names_the_field(obj: Any, field: str) -> None:
    with pytest.raises(InvalidMessage) as raised:
        from_ccxt(obj, account=ACCOUNT)
    assert raised.value.field == field
