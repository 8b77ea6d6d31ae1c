"""Hummingbot's events become messages, and a ledger that listens to them knows the orders."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import InvalidMessage, Ledger
from orderledger.venues import from_hummingbot
from tests.venues.interop import hummingbot_shapes as shapes
from tests.venues.interop.hummingbot_shapes import OrderState, OrderType, TokenAmount, TradeType
from tests.venues.interop.listening import ACCOUNT, outcomes, plain

AT = 1_777_888_800.25
NO_FEE = shapes.AddedToCostTradeFee()
FEE = shapes.AddedToCostTradeFee(flat_fees=[TokenAmount("USDT", Decimal("1.28"))])
CREATED = shapes.BuyOrderCreatedEvent(
    AT, OrderType.LIMIT, "BTC-USDT", Decimal("0.3"), Decimal("64000.1"), "HB-1", AT - 0.1, "X-1"
)


def filled(
    trade_id: str = "T-1", amount: str = "0.1", fee: shapes.AddedToCostTradeFee = FEE
) -> shapes.OrderFilledEvent:
    price = Decimal("64000.1")
    return shapes.OrderFilledEvent(
        AT + 1,
        "HB-1",
        "BTC-USDT",
        TradeType.BUY,
        OrderType.LIMIT,
        price,
        Decimal(amount),
        fee,
        trade_id,
        "X-1",
    )


def trade(trade_id: str, amount: str) -> shapes.TradeUpdate:
    quantity = Decimal(amount)
    return shapes.TradeUpdate(
        trade_id,
        "HB-1",
        "X-1",
        "BTC-USDT",
        AT + 1,
        Decimal("64000.1"),
        quantity,
        quantity * Decimal("64000.1"),
        FEE,
    )


def told(obj: Any) -> list[dict[str, Any]]:
    return plain(from_hummingbot(obj, account=ACCOUNT))


def test_a_created_event_is_the_request_and_its_acknowledgement() -> None:
    assert plain(from_hummingbot(CREATED, account=ACCOUNT, strategy="pmm")) == [
        {
            "type": "request",
            "client_order_id": "HB-1",
            "instrument": "BTC-USDT",
            "side": "buy",
            "quantity": "0.3",
            "order_type": "limit",
            "limit_price": "64000.1",
            "strategy": "pmm",
            "at": "2026-05-04T10:00:00.150000Z",
        },
        {
            "type": "acknowledged",
            "client_order_id": "HB-1",
            "venue_order_id": "X-1",
            "instrument": "BTC-USDT",
            "side": "buy",
            "at": "2026-05-04T10:00:00.250000Z",
        },
    ]


def test_a_whole_order_is_recorded_once_however_often_it_is_told() -> None:
    done = shapes.BuyOrderCompletedEvent(
        AT + 3, "HB-1", "BTC", "USDT", Decimal("0.3"), Decimal("19200.03"), OrderType.LIMIT, "X-1"
    )
    events = [CREATED, filled(), filled("T-2", "0.2"), done]
    with Ledger.open("memory://") as ledger:
        first = [
            outcome
            for event in events
            for outcome in outcomes(ledger, from_hummingbot(event, account=ACCOUNT))
        ]
        again = [
            outcome
            for event in events
            for outcome in outcomes(ledger, from_hummingbot(event, account=ACCOUNT))
        ]
        row = ledger.order("HB-1")
    assert set(first) == {"recorded"}
    assert set(again) == {"duplicate"}
    assert (row["status"], row["cum_quantity"], row["fees"], row["anomalies"]) == (
        "filled",
        Decimal("0.3"),
        {"USDT": "2.56"},
        [],
    )


def test_the_order_of_the_tracker_and_the_events_are_the_same_fills() -> None:
    tracked = shapes.InFlightOrder(OrderState.PARTIALLY_FILLED, trade("T-1", "0.1"))
    with Ledger.open("memory://") as ledger:
        outcomes(
            ledger,
            from_hummingbot(CREATED, account=ACCOUNT) + from_hummingbot(filled(), account=ACCOUNT),
        )
        messages = from_hummingbot(tracked, account=ACCOUNT)
        assert [message["type"] for message in plain(messages)] == [
            "request",
            "submit",
            "fill",
            "status_observed",
        ]
        outcomes(ledger, messages)
        (only,) = ledger.trades()
        row = ledger.order("HB-1")
    assert (only["fill_id"], row["cum_quantity"], row["status"], row["anomalies"]) == (
        "T-1",
        Decimal("0.1"),
        "partially_filled",
        [],
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (OrderState.PENDING_CREATE, ("pending_new", None, "confirmed")),
        (OrderState.OPEN, ("new", None, "confirmed")),
        (OrderState.PENDING_CANCEL, ("pending_new", "cancel", "confirmed")),
        (OrderState.CANCELED, ("canceled", None, "confirmed")),
        (OrderState.FAILED, ("pending_new", None, "unresolved")),
    ],
)
def test_a_state_of_the_tracker(state: OrderState, expected: tuple[str, str | None, str]) -> None:
    with Ledger.open("memory://") as ledger:
        outcomes(ledger, from_hummingbot(shapes.InFlightOrder(state), account=ACCOUNT))
        row = ledger.order("HB-1")
    assert (row["status"], row["pending"], row["certainty"]) == expected


@pytest.mark.parametrize(
    ("error_type", "message", "expected", "reason"),
    [
        (
            "OSError",
            "Error executing request POST /order. HTTP status is 400. Error: bad price",
            "rejected",
            "http_400",
        ),
        (
            "OSError",
            "Error executing request POST /order. HTTP status is 503. Error:",
            "unresolved",
            "http_503",
        ),
        (
            "OSError",
            "Error executing request POST /order. HTTP status is 429. Error:",
            "unresolved",
            "http_429",
        ),
        ("OSError", "broken pipe", "unresolved", "OSError"),
        ("TimeoutError", "", "unresolved", "TimeoutError"),
        ("ServerDisconnectedError", "", "unresolved", "ServerDisconnectedError"),
        ("ClientConnectorError", "Cannot connect to host", "deny", "ClientConnectorError"),
        (
            "ValueError",
            "Order amount 0 is lower. The order will not be created.",
            "deny",
            "ValueError",
        ),
        ("ValueError", "Error submitting order: insufficient margin", "rejected", "ValueError"),
        (None, None, "unresolved", "failed"),
    ],
)
def test_only_a_refusal_by_the_venue_is_a_reject(
    error_type: str | None, message: str | None, expected: str, reason: str
) -> None:
    event = shapes.MarketOrderFailureEvent(AT, "HB-1", OrderType.LIMIT, message, error_type)
    update = shapes.OrderUpdate(
        "BTC-USDT",
        AT,
        OrderState.FAILED,
        "HB-1",
        None,
        {"error_message": message, "error_type": error_type},
    )
    for obj in (event, update):
        (only,) = told(obj)
        assert (only["type"], only["reason"]) == (expected, reason)


def test_an_order_that_was_recorded_when_it_was_placed_is_not_lost_with_its_answer() -> None:
    placed = shapes.InFlightOrder(OrderState.PENDING_CREATE, exchange_order_id=None)
    failure = shapes.MarketOrderFailureEvent(AT, "HB-1", OrderType.LIMIT, "", "TimeoutError")
    with Ledger.open("memory://") as ledger:
        for obj in (placed, failure):
            assert set(outcomes(ledger, from_hummingbot(obj, account=ACCOUNT))) == {"recorded"}
        (row,) = ledger.open_orders()
        assert (row["client_order_id"], row["certainty"]) == ("HB-1", "unresolved")
        assert outcomes(ledger, from_hummingbot(CREATED, account=ACCOUNT)) == [
            "duplicate",
            "recorded",
        ]
        assert ledger.order("HB-1")["certainty"] == "confirmed"


@pytest.mark.parametrize(
    ("fee", "expected"),
    [
        (FEE, {"fee": "1.28", "fee_currency": "USDT"}),
        (
            shapes.AddedToCostTradeFee(percent=Decimal("0.0002")),
            {"fee": "1.280002", "fee_currency": "USDT"},
        ),
        (
            shapes.AddedToCostTradeFee(percent=Decimal("-0.0001")),
            {"fee": "-0.640001", "fee_currency": "USDT"},
        ),
        (
            shapes.AddedToCostTradeFee(percent=Decimal("0.0001"), percent_token="BNB"),
            {"text": "the fee is a percentage in another currency: see evidence"},
        ),
        (
            shapes.AddedToCostTradeFee(
                flat_fees=[TokenAmount("BNB", Decimal(1)), TokenAmount("USDT", Decimal(2))]
            ),
            {"text": "the fee is in several currencies: BNB, USDT; see evidence"},
        ),
        (NO_FEE, {}),
    ],
)
def test_the_fee_of_a_fill(fee: shapes.AddedToCostTradeFee, expected: dict[str, str]) -> None:
    (message,) = told(filled(fee=fee))
    assert {
        name: message[name] for name in ("fee", "fee_currency", "text") if name in message
    } == expected


def test_other_events() -> None:
    pair = "BTC-USDT"
    assert told(shapes.OrderCancelledEvent(AT, "HB-1", "X-1"))[0]["type"] == "canceled"
    assert told(shapes.OrderExpiredEvent(AT, "HB-1"))[0]["type"] == "expired"
    funding = shapes.FundingPaymentCompletedEvent(
        AT, "perpetual", pair, Decimal("-0.5"), Decimal("0.0001")
    )
    assert {
        name: told(funding)[0][name] for name in ("type", "amount", "currency", "instrument")
    } == {
        "type": "funding",
        "amount": "-0.5",
        "currency": "USDT",
        "instrument": pair,
    }
    position = shapes.PositionUpdateEvent(
        AT,
        pair,
        shapes.PositionSide.SHORT,
        Decimal(0),
        Decimal("64000"),
        Decimal("0.3"),
        Decimal(1),
    )
    assert (told(position)[0]["type"], told(position)[0]["quantity"]) == ("balance", "-0.3")
    assert told(shapes.BalanceUpdateEvent(AT, "BTC")) == []
    market = shapes.SellOrderCreatedEvent(
        AT, OrderType.MARKET, pair, Decimal(1), Decimal("NaN"), "HB-2", AT
    )
    assert "limit_price" not in told(market)[0] and told(market)[0]["side"] == "sell"
    maker = shapes.SellOrderCreatedEvent(
        AT, OrderType.LIMIT_MAKER, pair, Decimal(1), Decimal(5), "HB-3", AT
    )
    assert told(maker)[0]["post_only"] is True
    assert told(shapes.OrderUpdate(pair, AT, OrderState.PENDING_CREATE, "HB-1")) == []
    assert (
        told(shapes.OrderUpdate(pair, AT, OrderState.OPEN, "HB-1", "X-1"))[0]["type"]
        == "acknowledged"
    )


def test_a_price_with_more_digits_than_a_message_holds_is_rounded() -> None:
    (message,) = told(filled()._replace(price=Decimal(1) / Decimal(3000)))
    assert message["price"] == "0.0003333333333333333333333333"


@pytest.mark.parametrize(
    ("obj", "field", "fault"),
    [
        (object(), "obj", "'object' is not an event or order of Hummingbot"),
        (
            filled(trade_id=""),
            "exchange_trade_id",
            "is missing: without it, two equal fills could not be distinguished",
        ),
        (shapes.OrderCancelledEvent(AT, ""), "order_id", "is missing on OrderCancelledEvent"),
        (filled()._replace(amount=Decimal("NaN")), "amount", "is missing on OrderFilledEvent"),
    ],
)
def test_an_error_names_the_attribute(obj: Any, field: str, fault: str) -> None:
    with pytest.raises(InvalidMessage) as raised:
        from_hummingbot(obj, account=ACCOUNT)
    assert (raised.value.field, raised.value.fault) == (field, fault)


def test_evidence_has_no_addresses_in_memory() -> None:
    first = from_hummingbot(shapes.InFlightOrder(OrderState.OPEN), account=ACCOUNT)
    assert first == from_hummingbot(shapes.InFlightOrder(OrderState.OPEN), account=ACCOUNT)
    assert first[0].evidence["price"] == Decimal("64000.1")


def test_an_order_without_an_answer_of_the_exchange_is_unresolved() -> None:
    created = shapes.BuyOrderCreatedEvent(**{**vars(CREATED), "exchange_order_id": "UNKNOWN"})
    with Ledger.open("memory://") as ledger:
        outcomes(ledger, from_hummingbot(created, account=ACCOUNT))
        row = ledger.order("HB-1")
    assert (row["certainty"], row["venue_order_id"]) == ("unresolved", None)


@pytest.mark.parametrize(("position", "side"), [("OPEN", "long"), ("CLOSE", "short")])
def test_in_hedge_mode_orders_and_fills_name_their_position(position: str, side: str) -> None:
    created = shapes.BuyOrderCreatedEvent(**{**vars(CREATED), "position": position})
    fill = filled()._replace(position=position)
    messages = [
        message
        for reported in (created, fill)
        for message in from_hummingbot(reported, account=ACCOUNT, is_hedged=True)
    ]
    request, _, recorded_fill = plain(messages)
    assert request["position_side"] == recorded_fill["position_side"] == side
    assert "position_side" not in told(fill)[0]
