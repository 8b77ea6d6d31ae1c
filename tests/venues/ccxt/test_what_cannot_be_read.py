"""Unified rows of ccxt with fields that cannot be read, and with ids and types that are easily
misread."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger, Request
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.translate import translated
from orderledger.venues.ccxt.vocabulary import CLIENT_ID
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.ccxt.rows import T, order, trade
from tests.venues.ccxt.telling import ACCOUNT, only, seen_in, told


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("takerOrMaker", False),
        ("takerOrMaker", 7.5),
        ("timestamp", "yesterday"),
        ("fee", {"cost": "much", "currency": "USDT"}),
        ("fees", [{"cost": "1", "currency": "x" * 300}]),
        ("order", {"id": "101"}),
    ],
)
def test_what_is_not_needed_and_cannot_be_read_never_costs_a_fill(field: str, value: Any) -> None:
    row = trade(
        **{"fees": [], field: value, **({"datetime": None} if field == "timestamp" else {})}
    )
    (fill,) = told("kraken", trade=row)
    assert (fill.type, fill.fill_id, fill.quantity, fill.price) == (
        "fill",
        "9001",
        Decimal("0.5"),
        Decimal("2500.1"),
    )
    assert fill.evidence[field] == value
    assert field in ("order", "fee") or "not read" in fill.text or fill.text is None


def test_a_trade_that_ccxt_could_not_parse_as_it_came_counts_if_what_is_needed_is_there() -> None:
    (fill,) = told("kraken", trade=trade(unreadable="ValueError: no such word"))
    assert (fill.quantity, "ValueError" in fill.text) == (Decimal("0.5"), True)


def test_the_fills_of_an_order_count_whatever_else_cannot_be_read() -> None:
    listed = {"id": "9002", "price": "2500", "amount": "0.2", "timestamp": T, "side": None}
    broken = {"id": "9003", "price": "much", "amount": "0.2", "timestamp": T, "side": None}
    translation = translated(
        {"exchange": "kraken", "order": order(status={}, trades=[broken, listed])},
        CcxtContext(account=ACCOUNT),
    )
    assert [message.model_dump()["fill_id"] for message in translation.messages] == ["9002"]
    assert len(translation.faults) == 2


@pytest.mark.parametrize(
    "field",
    [
        "amount",
        "price",
        "filled",
        "average",
        "type",
        "timeInForce",
        "side",
        "lastUpdateTimestamp",
        "symbol",
    ],
)
def test_an_order_counts_without_what_cannot_be_read(field: str) -> None:
    message = only(order=order(**{field: {"?": 1}}))
    assert (message.type, field in message.text) == ("acknowledged", True)
    assert message.evidence[field] == {"?": 1}


@pytest.mark.parametrize(
    ("word", "expected"),
    [("Day", "day"), ("DAY", "day"), ("gtc", "gtc"), ("GTD", "gtd"), ("IOC", "ioc"), ("XYZ", None)],
)
def test_a_time_in_force_is_kept_however_it_is_written(word: str, expected: str | None) -> None:
    """alpaca's `Day`: ccxt 4.5.90, alpaca.parse_time_in_force."""
    assert only(order=order(timeInForce=word)).reported.time_in_force == expected


@pytest.mark.parametrize(
    ("row", "kind", "stop"),
    [
        (
            order(triggerPrice="2600", takeProfitPrice="2600", info={"origType": "TAKE_PROFIT"}),
            "take_profit_limit",
            "2600",
        ),
        (
            order(triggerPrice="2600", info={"type": "TAKE_PROFIT_MARKET"}, type="market"),
            "take_profit",
            "2600",
        ),
        (
            order(triggerPrice="2600", info={"stopOrderType": "PartialTakeProfit"}),
            "take_profit_limit",
            "2600",
        ),
        (
            order(takeProfitPrice="2600", info={"descr": {"ordertype": "take-profit-limit"}}),
            "take_profit_limit",
            "2600",
        ),
        (
            order(stopLossPrice="2400", info={"descr": {"ordertype": "stop-loss-limit"}}),
            "stop_limit",
            "2400",
        ),
        (
            order(stopLossPrice="2400", type="market", info={"descr": {"ordertype": "stop-loss"}}),
            "stop",
            "2400",
        ),
        (order(triggerPrice="2400", stopLossPrice="2400"), "stop_limit", "2400"),
        (
            order(takeProfitPrice="2600", stopLossPrice="2400", info={"orderType": "Limit"}),
            "limit",
            None,
        ),
        (order(takeProfitPrice="2600", info={"orderType": "Limit"}), "limit", None),
    ],
)
def test_a_take_profit_is_no_stop_and_what_is_attached_is_no_trigger(
    row: dict[str, Any], kind: str, stop: str | None
) -> None:
    claims = only(order=row).reported
    assert (claims.order_type, claims.stop_price) == (kind, None if stop is None else Decimal(stop))


def test_an_id_in_another_case_is_the_same_where_it_is_a_number_written_in_letters() -> None:
    ours = "0f8fad5b-d9cb-469f-a165-70867728950e"
    with Ledger.open("memory://") as ledger:
        terms: dict[str, Any] = {
            "instrument": "ETH/USDT",
            "side": "buy",
            "quantity": "1.2",
            "order_type": "market",
        }
        ledger.record(
            Request(account=ACCOUNT, client_order_id="C-1", aliases={CLIENT_ID: ours}, **terms)
        )
        ledger.record_many(
            told("kraken", BookRecords(ledger), order=order(info={"cl_ord_id": ours.upper()}))
        )
        (row,) = ledger.orders()
        assert (row["client_order_id"], row["venue_order_id"], row["status"]) == (
            "C-1",
            "101",
            "new",
        )
    assert only("binance", order=order(clientOrderId="LED-1")).client_order_id == "LED-1"


def test_a_document_without_its_exchange_has_client_ids_only_if_the_ledger_knows_them() -> None:
    """Kraken's userref is 0 for every order without one: two orders would be one."""
    rows = [order(id="1", clientOrderId="0"), order(id="2", clientOrderId="0")]
    with Ledger.open("memory://") as ledger:
        for row in rows:
            ledger.record_many(translated({"order": row}, CcxtContext(account=ACCOUNT)).messages)
        assert {row["venue_order_id"]: row["client_order_id"] for row in ledger.orders()} == {
            "1": None,
            "2": None,
        }
        terms: dict[str, Any] = {
            "instrument": "ETH/USDT",
            "side": "buy",
            "quantity": "1.2",
            "order_type": "market",
        }
        ledger.record(Request(account=ACCOUNT, client_order_id="led-1", **terms))
        context = CcxtContext(account=ACCOUNT, records=BookRecords(ledger))
        message: Any = seen_in(order(id="3"), context)
        assert message.client_order_id == "led-1"
