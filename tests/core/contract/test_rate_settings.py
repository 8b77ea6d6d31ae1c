"""Settings of rates: declared parities, and how long a mark serves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderledger import InvalidSetting, Ledger, parse_document

ACCOUNT = "sim:main"
DAY = datetime(2026, 11, 17, tzinfo=UTC)


def record(ledger: Ledger, type_: str, hour: int, **fields: Any) -> None:
    at = (DAY + timedelta(hours=hour)).isoformat()
    ledger.record(parse_document({"type": type_, "account": ACCOUNT, "at": at, **fields}))


def story(ledger: Ledger) -> None:
    record(ledger, "instrument", 0, instrument="BTCUSDT", kind="spot", base="BTC", quote="USDT")
    record(ledger, "adjust", 0, currency="USDT", amount="1000", reason="opening_balance")
    record(ledger, "mark", 1, instrument="BTCUSDT", price="100")
    paid = [{"currency": "USDC", "amount": "2", "kind": "commission"}]
    numbers = {"side": "buy", "quantity": "1", "price": "90", "fees": paid}
    record(ledger, "fill", 2, venue_order_id="V", fill_id="F", instrument="BTCUSDT", **numbers)


def answers(ledger: Ledger, hour: int) -> tuple[Any, ...]:
    """Net P&L, its reason, and the equity in USDT."""
    moment = DAY + timedelta(hours=hour)
    (pnl,) = ledger.pnl(effective_at=moment)
    (value,) = ledger.valuation(currency="USDT", effective_at=moment)
    return pnl["net_pnl"], pnl["reason"], value["amount"], value["reason"]


def test_a_declared_parity_converts_fees_and_balances(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, parities=["USDC=USDT"]) as ledger:
        story(ledger)
        assert answers(ledger, 3) == (-2, None, 1008, None)
        (row,) = ledger.positions()
        assert row["net_pnl"] == -2
    with Ledger.open(durable_store_url) as ledger:
        reasons = (None, "no_rate:USDC->USDT")
        assert answers(ledger, 3) == reasons * 2


def test_a_parity_of_the_settings_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ORDERLEDGER_PARITIES", "USDC=USD, USD=USDT")
    monkeypatch.setenv("ORDERLEDGER_MARK_SERVES", "7200")
    with Ledger.open("memory://") as ledger:
        story(ledger)
        assert answers(ledger, 3) == (-2, None, 1008, None)
        assert answers(ledger, 4) == (-2, None, None, "no_rate:BTC->USDT")


def test_a_mark_serves_as_long_as_the_setting_says() -> None:
    with Ledger.open("memory://", parities=["USDC=USDT"], mark_serves=3600 * 48) as ledger:
        story(ledger)
        assert answers(ledger, 49)[2] == 1008
        (value,) = ledger.valuation(
            currency="USDT",
            effective_at=DAY + timedelta(hours=49),
            mark_serves=timedelta(hours=24),
        )
        assert value["reason"] == "no_rate:BTC->USDT"
        assert answers(ledger, 50)[3] == "no_rate:BTC->USDT"


@pytest.mark.parametrize("parities", [["USDT"], ["USDT="], ["A=B=C"]])
def test_a_text_that_is_not_a_parity_is_refused(parities: list[str]) -> None:
    with pytest.raises(InvalidSetting, match="not a pair of currencies"):
        Ledger.open("memory://", parities=parities)


def test_a_span_that_is_not_in_seconds_is_refused() -> None:
    with pytest.raises(InvalidSetting, match="mark_serves"):
        Ledger.open("memory://", mark_serves=-1)
