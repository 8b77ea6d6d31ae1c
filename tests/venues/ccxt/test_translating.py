"""Unified orders and trades of ccxt, to messages: each status, and each trap that the unified rows
hold."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger, Request
from orderledger.domain.values import Source
from orderledger.venues.ccxt.context import CcxtContext
from orderledger.venues.ccxt.translate import translated
from orderledger.venues.ccxt.vocabulary import CLIENT_ID
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.ccxt.rows import T, funding, order, position, trade
from tests.venues.ccxt.telling import ACCOUNT, only, told


def ended(status: str, **other: Any) -> dict[str, Any]:
    return order(**{"status": status, "filled": "0", "remaining": "1.2", "average": None, **other})


@pytest.mark.parametrize(
    ("row", "type_", "status", "reason"),
    [
        (order(), "acknowledged", "partially_filled", None),
        (order(filled="0", average=None), "acknowledged", "new", None),
        (order(filled=None, remaining=None, average=None), "acknowledged", "new", None),
        (order(status=None, filled=None), "acknowledged", "new", None),
        (order(status="closed", filled="1.2", remaining="0"), "status_observed", "filled", None),
        (order(status="closed"), "canceled", "canceled", "closed_partial"),
        (
            order(status="closed", info={"orderStatus": "PartiallyFilledCanceled"}),
            "canceled",
            "canceled",
            "PartiallyFilledCanceled",
        ),
        (ended("closed"), "canceled", "canceled", "closed_partial"),
        (ended("canceled"), "canceled", "canceled", None),
        (ended("canceled", info={"status": "CANCELLED"}), "canceled", "canceled", None),
        (ended("canceled", info={"status": "EXPIRED"}), "expired", "expired", "EXPIRED"),
        (ended("canceled", info={"status": "FAILED"}), "rejected", "rejected", "FAILED"),
        (order(status="canceled", info={"status": "FAILED"}), "canceled", "canceled", "FAILED"),
        (
            ended("canceled", info={"status": "mmp_canceled"}),
            "canceled",
            "canceled",
            "mmp_canceled",
        ),
        (ended("expired"), "expired", "expired", None),
        (ended("rejected"), "rejected", "rejected", None),
        (order(status="rejected"), "canceled", "canceled", "rejected"),
    ],
)
def test_each_status_gives_its_message(
    row: dict[str, Any], type_: str, status: str, reason: str | None
) -> None:
    message = only(order=row)
    assert (message.type, message.reported.status, message.reason) == (type_, status, reason)


@pytest.mark.parametrize(
    "word",
    ["scheduledCancel", "PENDING", "CANCEL_QUEUED", "poc", "canceled-invalid-balance", "new"],
)
def test_a_word_that_ccxt_does_not_map_keeps_the_order_open(word: str) -> None:
    message = only(order=order(status=word))
    assert (message.type, message.status, message.reported.status) == (
        "status_observed",
        word,
        None,
    )
    with Ledger.open("memory://") as ledger:
        ledger.record(message)
        (row,) = ledger.orders()
        assert row["is_open"]
        assert ("unknown_status" in row["anomalies"]) == (word != "new")


def test_canceling_is_a_cancel_that_is_pending() -> None:
    message = only(order=order(status="canceling"))
    assert (message.type, message.status, message.pending) == ("status_observed", None, "cancel")


def test_an_answer_to_create_order_that_holds_ids_alone_is_no_acknowledgement() -> None:
    empty = dict.fromkeys(order())
    message = only(
        order={
            **empty,
            "id": "5002",
            "clientOrderId": "led-1",
            "trades": [],
            "fees": [],
            "info": {"ordId": "5002"},
        }
    )
    assert (message.type, message.status, message.venue_order_id) == (
        "status_observed",
        "pending_new",
        "5002",
    )


def test_a_quantity_filled_that_ccxt_has_made_up_is_not_claimed() -> None:
    """Without a quantity filled, ccxt takes a closed order for filled, and leaves the average price
    empty."""
    made_up = only(
        order=order(status="closed", filled="1.2", remaining="0", average=None, cost="3000.6")
    )
    assert (made_up.reported.cum_quantity, made_up.reported.quantity) == (None, Decimal("1.2"))
    assert "assumes" in made_up.text
    reported = only(order=order(status="closed", filled="1.2", remaining="0", average="2500"))
    assert (reported.reported.cum_quantity, reported.text) == (Decimal("1.2"), None)


def test_a_conditional_order_that_has_started_its_child_was_triggered() -> None:
    row = order(status="closed", filled="1.2", remaining="0", info={"algoStatus": "TRIGGERED"})
    assert only("binanceusdm", order=row).type == "triggered"
    assert only("okx", order={**row, "info": {"state": "effective"}}).type == "triggered"


def test_terms_are_claimed_as_they_are() -> None:
    claims = only(
        order=order(timeInForce="PO", triggerPrice="2400", stopPrice="2400", reduceOnly=True)
    ).reported
    assert (claims.limit_price, claims.stop_price, claims.order_type) == (
        Decimal("2500.5"),
        Decimal(2400),
        "stop_limit",
    )
    assert (claims.post_only, claims.reduce_only, claims.time_in_force) == (True, True, None)


def test_a_market_order_has_neither_the_price_nor_the_time_in_force_that_ccxt_supposes() -> None:
    claims = only(
        order=order(type="market", price="2500.1", timeInForce="IOC", triggerPrice="0.0")
    ).reported
    assert (claims.order_type, claims.limit_price, claims.stop_price, claims.time_in_force) == (
        "market",
        None,
        None,
        None,
    )


def test_a_time_of_creation_is_not_the_time_of_an_end() -> None:
    assert only(order=ended("canceled", lastUpdateTimestamp=None)).at is None
    assert only(order=order(lastUpdateTimestamp=None)).at.timestamp() == T / 1000


@pytest.mark.parametrize(
    ("exchange", "client_id"),
    [
        ("kraken", "0"),
        ("gate", "api"),
        ("gate", "web"),
        ("binance", "x-TKT5PX2F123"),
        ("binance", "web_1"),
        ("woo", "0"),
    ],
)
def test_a_client_id_that_nobody_chose_names_no_order(exchange: str, client_id: str) -> None:
    info = {"cl_ord_id": client_id}
    message = only(exchange, order=order(clientOrderId=client_id, info=info))
    assert (message.client_order_id, message.aliases) == (None, {})


@pytest.mark.parametrize(("exchange", "field"), [("deribit", "label"), ("kraken", "cl_ord_id")])
def test_a_client_id_stands_where_the_exchange_has_it(exchange: str, field: str) -> None:
    message = only(exchange, order=order(clientOrderId="12345", info={field: "led-7"}))
    assert message.aliases == {CLIENT_ID: "led-7"}
    assert only(exchange, order=order(clientOrderId="12345")).aliases == {}


def test_only_ids_that_the_ledger_knows_are_trusted() -> None:
    with Ledger.open("memory://") as ledger:
        terms: dict[str, Any] = {
            "instrument": "ETH/USDT",
            "side": "buy",
            "quantity": "1.2",
            "order_type": "market",
        }
        ledger.record(
            Request(account=ACCOUNT, client_order_id="C-1", aliases={CLIENT_ID: "abc"}, **terms)
        )
        ledger.record(Request(account=ACCOUNT, client_order_id="led-2", **terms))
        records = BookRecords(ledger)
        for number, name in enumerate(("abc", "led-2", "led-3")):
            ledger.record_many(
                told(records=records, order=order(id=str(number), clientOrderId=name))
            )
        rows = {
            row["client_order_id"]: (row["venue_order_id"], row["origin"])
            for row in ledger.orders()
        }
        assert rows == {"C-1": ("0", "own"), "led-2": ("1", "own"), None: ("2", "external")}


def test_an_order_of_ours_with_other_terms_was_replaced() -> None:
    with Ledger.open("memory://") as ledger:
        terms: dict[str, Any] = {
            "instrument": "ETH/USDT",
            "side": "buy",
            "quantity": "1.2",
            "order_type": "limit",
        }
        ledger.record(
            Request(account=ACCOUNT, client_order_id="led-1", limit_price="2500.5", at=T, **terms)
        )
        context = CcxtContext(account=ACCOUNT, records=BookRecords(ledger))

        def record(row: dict[str, Any]) -> list[str]:
            messages = translated({"order": row}, context).messages
            ledger.record_many(messages)
            return [message.type for message in messages]

        assert record(order()) == ["acknowledged"]
        changed = order(price="2510", amount="1.5", lastUpdateTimestamp=T + 9000)
        assert record(changed) == ["replaced", "acknowledged"]
        assert record(changed) == ["acknowledged"]
        (row,) = ledger.orders()
        assert (row["limit_price"], row["quantity"], row["pending"]) == (
            Decimal(2510),
            Decimal("1.5"),
            None,
        )


def test_fills_come_before_the_status_that_follows_from_them() -> None:
    assert [message.type for message in told(order=order(), trades=[trade()])] == [
        "fill",
        "acknowledged",
    ]


def test_a_fill_has_its_fee_and_liquidity() -> None:
    fill = only(trade=trade())
    assert (fill.fill_id, fill.quantity, fill.price, fill.side, fill.venue_order_id) == (
        "9001", Decimal("0.5"), Decimal("2500.1"), "buy", "101",
    )  # fmt: skip
    assert (fill.fee, fill.fee_currency, fill.liquidity, fill.at.timestamp()) == (
        Decimal("0.12"),
        "USDT",
        "maker",
        T / 1000 + 4,
    )


@pytest.mark.parametrize(
    ("fee", "fees", "expected"),
    [
        (
            {"cost": "0.018475", "currency": "USD"},
            [{"cost": 0.018475, "currency": "USD"}],
            ("0.018475", "USD"),
        ),
        ({"cost": None, "currency": None}, [], (None, None)),
        ({"cost": "-0.009", "currency": "USDT"}, None, ("-0.009", "USDT")),
        (
            None,
            [{"cost": "0.1", "currency": "BNB"}, {"cost": "0.2", "currency": "BNB"}],
            ("0.3", "BNB"),
        ),
        ({"cost": 1e-05, "currency": None}, [], ("0.00001", None)),
    ],
)
def test_fees_come_as_text_as_floats_in_lists_and_as_rebates(
    fee: Any, fees: Any, expected: tuple[Any, Any]
) -> None:
    fill = only(trade=trade(fee=fee, fees=fees))
    assert (None if fill.fee is None else format(fill.fee, "f"), fill.fee_currency) == expected


def test_fees_in_two_currencies_are_a_list() -> None:
    fill = only(
        trade=trade(fees=[{"cost": "0", "currency": "USDT"}, {"cost": "0.1", "currency": "BNB"}])
    )
    assert (fill.fee, fill.fee_currency, fill.text) == (Decimal("0.1"), "BNB", None)
    fill = only(
        trade=trade(fees=[{"cost": "1", "currency": "USDT"}, {"cost": "0.1", "currency": "BNB"}])
    )
    assert [(fee.amount, fee.currency) for fee in fill.fees] == [
        (Decimal(1), "USDT"),
        (Decimal("0.1"), "BNB"),
    ]
    assert (fill.fee, fill.fee_currency, fill.text) == (None, None, None)
    fill = only(trade=trade(fees=[{"cost": "1", "currency": "USDT"}, {"cost": "2"}]))
    assert (fill.fee, fill.fee_currency, fill.text) == (Decimal(1), "USDT", "further fees: 2 ?")


def test_floats_are_read_from_their_shortest_text() -> None:
    fill = only(trade=trade(amount=0.1, price=1e-05))
    assert (fill.quantity, fill.price) == (Decimal("0.1"), Decimal("0.00001"))


def test_the_amount_of_a_contract_is_the_number_of_contracts() -> None:
    assert only(trade=trade(symbol="BTC/USD:BTC", amount="7")).quantity == 7


def test_trades_without_an_id_are_told_apart_by_their_numbers_and_their_place() -> None:
    same = trade(id=None)
    first, second, other = told(trades=[same, same, trade(id=None, amount="0.6")])
    assert [fill.fill_id for fill in (first, second, other) if fill.type == "fill"] == [
        f"101:{T + 4000}:2500.1:0.5:1", f"101:{T + 4000}:2500.1:0.5:2",
        f"101:{T + 4000}:2500.1:0.6:1",
    ]  # fmt: skip
    assert [fill.model_dump() for fill in told(trades=[same, same])] == [
        first.model_dump(),
        second.model_dump(),
    ]


def test_a_trade_without_an_order_is_an_order_of_its_own() -> None:
    with Ledger.open("memory://") as ledger:
        ledger.record_many(told("binance", trades=[trade(order=None)]))
        (row,) = ledger.orders()
        assert (row["venue_order_id"], row["status"], row["origin"]) == (
            "none:ETH/USDT:9001",
            "filled",
            "external",
        )


def test_ids_that_are_unique_within_a_symbol_get_the_symbol() -> None:
    assert only("binance", trade=trade()).fill_id == "ETH/USDT:9001"
    assert only("hyperliquid", trade=trade()).fill_id == f"{T + 4000}:ETH/USDT:9001:buy"


def test_trades_within_an_order_are_fills_unless_they_are_hollow_or_have_no_id() -> None:
    hollow = {"id": "T-1", "price": None, "amount": None, "orderId": "101"}
    listed = {
        "id": "9002",
        "price": "2500",
        "amount": "0.2",
        "timestamp": T,
        "order": None,
        "side": None,
    }
    messages = told(order=order(trades=[hollow, listed, trade(id=None)]))
    assert [(one.type, getattr(one, "fill_id", None)) for one in messages] == [
        ("fill", "9002"),
        ("acknowledged", None),
    ]
    assert told(trades=[hollow]) == []


def test_a_pushed_amount_that_ccxt_has_filled_in_is_not_claimed() -> None:
    context = CcxtContext(account=ACCOUNT, exchange="kraken", source=Source.VENUE_PUSH)
    (message,) = translated({"order": order()}, context).messages
    claims = message.model_dump()["reported"]
    assert (claims["quantity"], claims["cum_quantity"], claims["status"]) == (
        None,
        None,
        "partially_filled",
    )


def test_positions_are_signed_contracts_and_currencies_have_no_price() -> None:
    held = only(position=position())
    assert (held.instrument, held.quantity, held.average_price) == (
        "ETH/USDT:USDT",
        -15,
        Decimal("2500.1"),
    )
    dollars = only(
        balance={"info": {}, "free": {"USDT": "1"}, "USDT": {"free": "1", "total": "7.5"}}
    )
    assert (dollars.instrument, dollars.quantity, dollars.average_price) == (
        "USDT",
        Decimal("7.5"),
        None,
    )


def test_a_funding_is_negative_if_paid() -> None:
    paid = only(funding=funding())
    assert (paid.instrument, paid.amount, paid.currency) == (
        "ETH/USDT:USDT",
        Decimal("-0.12"),
        "USDT",
    )


def test_a_document_that_holds_nothing_known_is_a_fault() -> None:
    documents: list[Any] = [{"exchange": "kraken"}, [], 7, {"orders": "none"}]
    for document in documents:
        translation = translated(document, CcxtContext(account=ACCOUNT))
        assert not translation.messages
        assert translation.faults or document == []


def test_an_unreadable_row_costs_no_other() -> None:
    translation = translated(
        {"orders": [order(), order(id=None), order(status=7.5)]}, CcxtContext(account=ACCOUNT)
    )
    assert [message.type for message in translation.messages] == ["acknowledged"]
    assert [fault.fault for fault in translation.faults] == [
        "id is missing",
        "status is not a text",
    ]
