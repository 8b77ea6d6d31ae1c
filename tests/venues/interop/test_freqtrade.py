"""freqtrade's confirmations and rows become messages; its rows here are those of a run."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from orderledger import Ledger, Message, Submit
from orderledger.venues.interop.context import ObjectContext
from orderledger.venues.interop.freqtrade import intent_messages, is_intent_of, order_messages
from orderledger.venues.interop.listeners.recording import Listening
from orderledger.venues.interop.objects import ForeignObject
from tests.venues.interop.listening import ACCOUNT

AT = datetime(2026, 11, 24, 20, 46, 28, tzinfo=UTC)
PAIR, VENUE_ID = "BTC/USDT:USDT", "dry_run_buy_BTC/USDT:USDT_12830383"
ENTRY: dict[str, Any] = {
    "pair": PAIR, "order_type": "limit", "amount": 0.009999916667361105, "rate": 60000.5,
    "time_in_force": "GTC", "current_time": AT, "entry_tag": "dip", "side": "long",
}  # fmt: skip
TRADE: dict[str, Any] = {
    "id": 1, "is_short": False, "base_currency": "BTC", "fee_open_cost": 0.27000225,
    "fee_open_currency": "USDT", "fee_close_cost": None, "fee_close_currency": None,
}  # fmt: skip


def order(**changed: Any) -> dict[str, Any]:
    row = {
        "order_id": VENUE_ID, "ft_order_side": "buy", "side": "buy", "ft_pair": PAIR,
        "ft_amount": 0.009999916667361105, "ft_price": 60000.5, "order_type": "limit",
        "status": "closed", "price": 60000.5, "average": 60000.5, "amount": 0.009, "filled": 0.009,
        "order_date": AT, "order_filled_date": AT + timedelta(milliseconds=3),
        "order_update_date": AT + timedelta(seconds=1), "ft_cancel_reason": None,
        "ft_fee_base": None, "stop_price": None, "ft_order_tag": "", "is_first_of_its_side": True,
    }  # fmt: skip
    return row | changed


def context(given: dict[str, Any]) -> ObjectContext:
    return ObjectContext.of(ForeignObject(given), ACCOUNT, None, None)


def record_order(ledger: Ledger, given: dict[str, Any], *, with_fill: bool = True) -> list[str]:
    known = [row for row in ledger.orders() if row["venue_order_id"] == given["order_id"]]
    found = known or [row for row in ledger.orders() if is_intent_of(row, given, context(given))]
    row = found[0] if found else None
    messages = order_messages(given, TRADE, context(given), "S", row, with_fill=with_fill)
    return [one.outcome for one in ledger.record_many(messages)]


def test_a_confirmed_entry_becomes_the_order_of_the_database() -> None:
    with Ledger.open("memory://") as ledger:
        ledger.record_many(intent_messages(ENTRY, context(ENTRY), "S"))
        (intent,) = ledger.recover().in_flight
        assert record_order(ledger, order()) == ["recorded"] * 3
        assert record_order(ledger, order()) == ["duplicate"]
        row = ledger.order(VENUE_ID)
    assert row["client_order_id"] == intent["client_order_id"]
    assert (row["status"], row["quantity"], row["fees"]) == (
        "filled",
        Decimal("0.009"),  # the exchange's precision, not the amount that was confirmed
        {"USDT": "0.27000225"},
    )
    assert (row["links"], row["tags"]) == ({"role": "entry"}, {"freqtrade": "dip"})


@pytest.mark.parametrize(("is_short", "side"), [(False, "sell"), (True, "buy")])
def test_a_confirmed_exit_closes_its_trade(is_short: bool, side: str) -> None:
    given = {**ENTRY, "trade": SimpleNamespace(id=7, is_short=is_short), "exit_reason": "roi"}
    request, _ = intent_messages(given, context({"pair": PAIR}), "S")
    made = request.model_dump()
    assert (made["side"], made["links"]["trade_id"], made["links"]["role"]) == (side, "7", "exit")


def test_an_order_that_was_not_announced_is_requested_when_it_is_there() -> None:
    stop = order(order_id="9", ft_order_side="stoploss", side="sell", order_type="stop_market",
                 stop_price=59000.0, status="open", filled=0.0, average=None)  # fmt: skip
    with Ledger.open("memory://") as ledger:
        assert record_order(ledger, stop) == ["recorded"] * 3
        row = ledger.order("freqtrade-9")
    assert (row["status"], row["side"], row["order_type"], row["stop_price"]) == (
        "new",
        "sell",
        "stop",
        Decimal(59000),
    )
    assert row["links"] == {"trade_id": "1", "role": "exit"}


def test_an_open_order_has_no_fill_yet_and_a_canceled_one_keeps_its_part() -> None:
    with Ledger.open("memory://") as ledger:
        record_order(ledger, order(status="open", filled=0.004))
        assert ledger.trades() == []
        assert ledger.order(VENUE_ID)["reported_cum_quantity"] == Decimal("0.004")
        record_order(ledger, order(status="canceled", filled=0.004, ft_cancel_reason="timeout"))
        row = ledger.order(VENUE_ID)
        assert (row["status"], row["cum_quantity"]) == ("canceled", Decimal("0.004"))


def test_a_fee_in_the_coin_is_that_of_its_order_and_others_are_left_out() -> None:
    with Ledger.open("memory://") as ledger:
        record_order(ledger, order(order_id="1", ft_fee_base=0.00001))
        record_order(ledger, order(order_id="2", is_first_of_its_side=False))
        fees = [(trade["fee"], trade["fee_currency"]) for trade in ledger.trades()]
    assert fees == [(Decimal("0.00001"), "BTC"), (None, None)]


def test_with_a_collector_beside_it_no_fill_is_recorded() -> None:
    with Ledger.open("memory://") as ledger:
        record_order(ledger, order(), with_fill=False)
        assert ledger.trades() == []
        assert ledger.order(VENUE_ID)["reported_cum_quantity"] == Decimal("0.009")


def test_a_listener_never_raises_into_the_bot(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> list[Message]:
        raise RuntimeError("changed by the next version")

    with Ledger.open("memory://") as ledger:
        listening = Listening(ledger, ACCOUNT)
        messages = intent_messages(ENTRY, context(ENTRY), "S")
        assert listening.record(lambda: messages) and not listening.record(broken)
        unknown = Submit(account=ACCOUNT, client_order_id="never requested")
        assert not listening.record(lambda: [unknown])
    assert (listening.recorded, listening.refused, listening.failed) == (2, 1, 1)
    assert "changed by the next version" in caplog.text
