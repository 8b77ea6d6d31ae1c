"""Exposure in every store: the same by the API, the command line, and as of another time."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.rows import ExposureRow
from tests.command_line import run
from tests.core.contract.streams import START, fill, of_account, opened, parsed, report, request


def day() -> list[dict[str, Any]]:
    """2 bought at 100 with a fee of 1, marked at 110; an order to buy 3 with a replace to 5 on the
    way; an order to sell 4 at 120 and a market order to buy 1, both without an answer. Another
    instrument has an order alone."""
    return [
        of_account("instrument", 0, instrument="BTC-USD", currency="USD"),
        of_account("mark", 0, instrument="BTC-USD", price="110"),
        request("HELD", 0, quantity="2"),
        fill("HELD", "F-1", 1, quantity="2", price="100", fee="1", fee_currency="USD"),
        request("REPLACED", 2, quantity="3", limit_price="105"),
        report("acknowledged", "REPLACED", 3, venue_order_id="V-1"),
        report("request_replace", "REPLACED", 4, quantity="5", request_id="R-1"),
        request("LOST", 5, side="sell", quantity="4", limit_price="120"),
        report("submit", "LOST", 6),
        report("unresolved", "LOST", 7, reason="timeout"),
        request("MARKET", 5, quantity="1", order_type="market", limit_price=None),
        report("submit", "MARKET", 6),
        report("unresolved", "MARKET", 7, reason="timeout"),
        request("ENDED", 8, quantity="100"),
        report("rejected", "ENDED", 9, reason="funds"),
        request("ALONE", 9, instrument="ETH-USD", quantity="7"),
        fill(None, "X-1", 10, instrument="SOL-USD", venue_order_id="V-9"),
    ]


def order(
    name: str | None, side: str, leaves: str | None, price: str | None, **more: Any
) -> dict[str, Any]:
    words = {
        "venue_order_id": None,
        "status": "pending_new",
        "pending": None,
        "certainty": "confirmed",
        **more,
    }
    limit_price = None if price is None else Decimal(price)
    quantity = None if leaves is None else Decimal(leaves)
    return {
        "client_order_id": name,
        "side": side,
        "leaves_quantity_most": quantity,
        "limit_price": limit_price,
        **words,
    }


BITCOIN: ExposureRow = {
    "account": "sim:main",
    "instrument": "BTC-USD",
    "position_side": "net",
    "position_id": "",
    "position_quantity": Decimal(2),
    "position_quantity_least": Decimal(-2),
    "position_quantity_most": Decimal(8),
    "open_buy_quantity": Decimal(6),
    "open_sell_quantity": Decimal(4),
    "unresolved_buy_quantity": Decimal(1),
    "unresolved_sell_quantity": Decimal(4),
    "mark_price": Decimal(110),
    "notional": Decimal(220),
    "notional_least": Decimal(220),
    "notional_most": Decimal(880),
    "total_pnl": Decimal(19),
    "total_pnl_least": Decimal(19),
    "total_pnl_most": Decimal(59),
    "currency": "USD",
    "reason": None,
    "orders": [
        order("REPLACED", "buy", "5", "105", venue_order_id="V-1", status="new", pending="replace"),  # type: ignore[list-item]
        order("LOST", "sell", "4", "120", certainty="unresolved"),  # type: ignore[list-item]
        order("MARKET", "buy", "1", None, certainty="unresolved"),  # type: ignore[list-item]
    ],
}


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    ledger.record_many(parsed(*day()))
    return ledger


def test_it_is_an_interval_with_the_orders_that_make_it_up(ledger: Ledger) -> None:
    assert ledger.exposure(instrument="BTC-USD") == [BITCOIN]
    assert [
        (row["instrument"], row["position_quantity_most"])
        for row in ledger.exposure(account="sim:main")
    ] == [
        ("BTC-USD", Decimal(8)),
        ("ETH-USD", Decimal(7)),
        ("SOL-USD", None),  # the quantity of an external order is unknown
    ]
    assert ledger.exposure(account="sim:other") == []


def test_an_answer_makes_it_certain(ledger: Ledger) -> None:
    sold = fill("LOST", "F-2", 20, side="sell", quantity="4", price="120")
    canceled = [report("rejected", name, 21, reason="no") for name in ("MARKET", "ALONE")]
    ledger.record_many(parsed(sold, *canceled, report("canceled", "REPLACED", 22)))
    (row,) = ledger.exposure(instrument="BTC-USD")
    assert [
        row["position_quantity_least"],
        row["position_quantity"],
        row["position_quantity_most"],
    ] == [Decimal(-2)] * 3
    assert [row["total_pnl_least"], row["total_pnl"], row["total_pnl_most"]] == [Decimal(59)] * 3
    assert row["orders"] == []
    assert ledger.exposure(instrument="ETH-USD") == []


def test_it_can_be_asked_as_of_another_time(ledger: Ledger) -> None:
    last = ledger.status()["position"]
    before = ledger.exposure()
    ledger.record_many(
        parsed(
            report("rejected", "LOST", 20, reason="no"),
            report("replace_rejected", "REPLACED", 20, request_id="R-1"),
        )
    )
    assert ledger.exposure() != before
    assert ledger.exposure(as_of=last) == before
    assert ledger.exposure(effective_at=START + timedelta(seconds=12)) == before
    early = ledger.exposure(effective_at=START + timedelta(seconds=3, milliseconds=500))
    assert [(row["instrument"], row["position_quantity_most"]) for row in early] == [
        ("BTC-USD", Decimal(5))
    ]


def test_it_survives_a_rebuild(ledger: Ledger) -> None:
    before = ledger.exposure()
    assert ledger.views.check().differences == ()
    assert ledger.views.rebuild().is_equal
    assert ledger.exposure() == before


def test_a_cancel_on_the_way_does_not_hide_a_replace_on_the_way(ledger: Ledger) -> None:
    ledger.record_many(parsed(report("request_cancel", "REPLACED", 20, request_id="Q-1")))
    (row,) = ledger.exposure(instrument="BTC-USD")
    assert row["orders"][0]["pending"] == "cancel"
    assert row["position_quantity_most"] == Decimal(8)


def test_the_command_prints_the_same(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/orders.db"
    with opened(url) as ledger:
        ledger.record_many(parsed(*day()))
    printed = [json.loads(line) for line in run("exposure", "--db", url, "--json").out.splitlines()]
    assert [row["instrument"] for row in printed] == ["BTC-USD", "ETH-USD", "SOL-USD"]
    assert {name: printed[0][name] for name in ("position_quantity_least", "total_pnl_most")} == {
        "position_quantity_least": "-2",
        "total_pnl_most": "59",
    }
    assert [one["client_order_id"] for one in printed[0]["orders"]] == [
        "REPLACED",
        "LOST",
        "MARKET",
    ]
    shown = run("exposure", "--db", url, "--instrument", "BTC-USD").out
    assert (
        "position quantity least" in shown
        and "new, replace pending" in shown
        and "3 open orders" in shown
    )
    assert run("exposure", "--db", url, "--account", "sim:other").out == "no positions\n"
