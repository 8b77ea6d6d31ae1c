"""Totals that are null: what an undefined or contradictory instrument hides."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from tests.account_auditor import AccountAuditor

OPTION = {"type": "instrument", "instrument": "OPT", "kind": "option", "currency": "USD"}
SPOT = {"type": "instrument", "instrument": "BTCUSDT", "kind": "spot", "base": "BTC"}
BUY = {"type": "fill", "instrument": "BTCUSDT", "side": "buy", "quantity": "1", "price": "100"}
NOPE = {"instrument": "NOPE", "side": "buy", "quantity": "100", "price": "50"}


def cash(currency: str, amount: str) -> dict[str, Any]:
    return {"type": "adjust", "currency": currency, "amount": amount}


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.open("memory://") as opened:
        yield opened


def record(ledger: Ledger, *messages: dict[str, Any]) -> AccountAuditor:
    """Record messages, each a day after the one before. Returns the oracle, which knows them."""
    auditor = AccountAuditor("x:a")
    for number, message in enumerate(messages, 1):
        at = f"2026-03-{number:02d}T00:00:00Z"
        of = {"account": "x:a", "at": at}
        if message["type"] == "fill":
            of |= {"venue_order_id": f"V-{number}", "fill_id": f"F-{number}"}
        ledger.record(parse_document({**of, **message}))
        assert auditor.offer({**of, **message}, datetime.fromisoformat(at)) == "recorded"
    return auditor


def assert_agrees(ledger: Ledger, auditor: AccountAuditor) -> None:
    """The oracle gives the same totals, and the same reasons without names."""
    names = ("currency", "total", "equity", "difference")
    shown = [[row[name] for name in names] for row in ledger.balances()]  # type: ignore[literal-required]
    assert shown == [[row[name] for name in names] for row in auditor.balances()]
    reasons = [(row["equity_reason"] or "").partition(":")[0] for row in ledger.balances()]
    told = [(row["equity_reason"] or "").partition(":")[0] for row in auditor.balances()]
    assert reasons == told


def figures(ledger: Ledger) -> dict[str, tuple[Decimal | None, Decimal | None, str | None]]:
    """Total, equity and reason by currency."""
    return {
        row["currency"]: (row["total"], row["equity"], row["equity_reason"])
        for row in ledger.balances()
    }


UNKNOWN = (None, None, "currency_unknown:NOPE")


@pytest.mark.parametrize(
    ("messages", "currencies"),
    [
        (
            [
                OPTION,
                {"type": "fill", "instrument": "OPT", "side": "buy", "quantity": "1", "price": "5"},
                {
                    "type": "settle",
                    "instrument": "OPT",
                    "kind": "exercise",
                    "price": "0",
                    "into": {
                        **NOPE,
                        "fees": [{"currency": "EUR", "amount": "1", "kind": "commission"}],
                    },
                },
            ],
            {"USD", "EUR"},
        ),
        (
            [{"type": "funding", "instrument": "NOPE", "amount": "5", "currency": "USDT"}],
            {"USD", "USDT"},
        ),
        (
            [
                {"type": "adjust", "instrument": "NOPE", "quantity": "3", "price": "5"},
                {"type": "mark", "instrument": "NOPE", "price": "6"},
            ],
            {"USD"},
        ),
    ],
    ids=["delivery", "funding", "adjust"],
)
def test_whatever_an_undefined_instrument_has_makes_totals_null(
    ledger: Ledger, messages: list[dict[str, Any]], currencies: set[str]
) -> None:
    auditor = record(ledger, cash("USD", "10000"), *messages)
    assert_agrees(ledger, auditor)
    assert figures(ledger) == dict.fromkeys(currencies, UNKNOWN)
    for row in ledger.equity(in_currency="USD")[-1:]:
        assert (row["equity"], row["reason"]) == (None, "currency_unknown:NOPE")


def test_an_undefined_instrument_with_a_busted_fill_makes_nothing_null(ledger: Ledger) -> None:
    bust = {"type": "fill_busted", "instrument": "NOPE", "fill_id": "F-2", "venue_order_id": "V-2"}
    assert_agrees(ledger, record(ledger, cash("USD", "10000"), {"type": "fill", **NOPE}, bust))
    assert figures(ledger) == {"USD": (Decimal(10000), Decimal(10000), None)}
    assert [row["reason"] for row in ledger.equity(in_currency="USD")][-1] is None


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ([], "kind_conflict"),
        ([BUY], "position_side_unknown"),
        ([{**BUY, "position_side": "short", "side": "sell"}], "kind_conflict"),
    ],
)
def test_no_second_reason_turns_the_total_of_a_contradictory_instrument_into_a_number(
    ledger: Ledger, more: list[dict[str, Any]], reason: str
) -> None:
    first = {**BUY, "position_side": "short"}
    auditor = record(ledger, {**SPOT, "quote": "USDT"}, cash("USDT", "1000"), first, *more)
    assert figures(ledger) == dict.fromkeys(("BTC", "USDT"), (None, None, reason))
    assert_agrees(ledger, auditor)
    for row in ledger.pnl(by=["asset"], in_currency="USDT"):
        assert (row["position_quantity"], row["net_pnl"]) == (None, None)
    assert ledger.equity(in_currency="USDT")[-1]["reason"] == reason


@pytest.mark.leaf
@pytest.mark.parametrize("side", [{"position_side": "long"}, {}], ids=["named", "not named"])
def test_a_side_that_was_closed_too_far_is_settled_in_every_figure(
    ledger: Ledger, side: dict[str, str]
) -> None:
    hedged = {"type": "instrument", "instrument": "HED", "kind": "margined", "settlement": "USDT"}
    sold = {"type": "fill", "instrument": "HED", "side": "sell", "position_side": "long"}
    settled = {"type": "settle", "instrument": "HED", "kind": "expiry", "price": "90", **side}
    auditor = record(
        ledger,
        {**hedged, "position_mode": "hedge"},
        cash("USDT", "0"),
        {**sold, "quantity": "1", "price": "100"},
        {"type": "balance", "currency": "USDT", "amount": "0"},
        settled,
    )
    assert_agrees(ledger, auditor)
    (balance,) = ledger.balances()
    assert (balance["total"], balance["difference"]) == (Decimal(10), Decimal(0))
    (asset,) = ledger.pnl(by=["asset"], in_currency="USD", parities=["USDT=USD"])
    assert asset["net_pnl"] == Decimal(10)
    why = ledger.audit.why("position", account="x:a", instrument="HED", position_side="long")
    amounts = [one["amount"] for one in why["parts"] if one["figure"] == "position_quantity"]
    assert amounts == [Decimal(-1), Decimal(1)]


STOCK = {"type": "instrument", "instrument": "STK", "kind": "security", "currency": "USD"}
PERP = {"type": "instrument", "instrument": "PERP", "kind": "margined", "settlement": "USDT"}
RENAME = {"type": "rename", "instrument": "STK", "to": "PERP"}


def test_a_rename_never_puts_instruments_of_another_kind_together(ledger: Ledger) -> None:
    buy = {"type": "fill", "side": "buy", "price": "5"}
    first = {**buy, "instrument": "STK", "quantity": "1"}
    second = {**buy, "instrument": "PERP", "quantity": "2"}
    auditor = record(ledger, cash("USD", "0"), STOCK, PERP, first, second, RENAME)
    assert_agrees(ledger, auditor)
    assert figures(ledger) == dict.fromkeys(("USD", "USDT"), (None, None, "kind_conflict"))
    (row,) = ledger.positions()
    shown = row["average_open_price"], row["realized_pnl"], row["net_pnl"], row["reason"]
    assert shown == (None, None, None, "kind_conflict")
    found = [one for one in ledger.anomalies() if one["code"] == "kind_conflict"]
    assert len(found) == 2
    assert ledger.equity(in_currency="USD")[-1]["reason"] == "kind_conflict"
    assert ledger.views.check().differences == ()


def test_a_definition_that_agrees_heals_a_rename(ledger: Ledger) -> None:
    buy = {"type": "fill", "instrument": "STK", "side": "buy", "price": "5", "quantity": "1"}
    other = {**PERP, "kind": "security", "settlement": None, "currency": "EUR"}
    auditor = record(ledger, cash("USD", "10"), STOCK, other, buy, RENAME)
    assert_agrees(ledger, auditor)
    assert figures(ledger)["USD"] == (None, None, "kind_conflict")
    healed = {**other, "currency": "USD", "account": "x:a", "at": "2026-03-06T00:00:00Z"}
    ledger.record(parse_document(healed))
    assert figures(ledger) == {"USD": (Decimal(5), None, "no_mark:PERP")}
    assert ledger.views.check().differences == ()
