"""NautilusTrader's order events become messages, and a ledger that listens to them knows the
orders."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import InvalidMessage, Ledger
from orderledger.venues import from_nautilus
from tests.venues.interop.listening import ACCOUNT, outcomes, plain
from tests.venues.interop.nautilus_shapes import (
    AT,
    OrderAccepted,
    PositionOpened,
    event,
    filled,
    initialized,
)

TIME = "2026-05-04T10:00:00Z"
INSTRUMENT = "BTCUSDT-PERP.BINANCE"


def told(obj: Any) -> list[dict[str, Any]]:
    return plain(from_nautilus(obj, account=ACCOUNT))


def test_a_whole_order_with_a_change_is_recorded_once_however_often_it_is_told() -> None:
    later = {"ts_event": AT + 10**9}
    events: list[Any] = [
        initialized(),
        event("OrderSubmitted"),
        OrderAccepted(),
        event("OrderPendingUpdate", venue_order_id="V-1"),
        event(
            "OrderUpdated",
            venue_order_id="V-1",
            quantity="0.300",
            price="64001.00",
            trigger_price=None,
        ),
        filled(),
        filled(trade_id="E-2", last_qty="0.100", **later),
    ]
    with Ledger.open("memory://") as ledger:
        first = [
            outcome
            for each in events
            for outcome in outcomes(ledger, from_nautilus(each, account=ACCOUNT))
        ]
        again = [
            outcome
            for each in events
            for outcome in outcomes(ledger, from_nautilus(each, account=ACCOUNT))
        ]
        row = ledger.order("O-1")
    assert set(first) == {"recorded"}
    assert set(again) == {"duplicate"}
    assert (
        row["status"],
        row["pending"],
        row["quantity"],
        row["limit_price"],
        row["cum_quantity"],
    ) == (
        "filled",
        None,
        Decimal("0.3"),
        Decimal("64001"),
        Decimal("0.3"),
    )
    assert (row["strategy"], row["venue_order_id"], row["fees"], row["anomalies"]) == (
        "S-001",
        "V-1",
        {"USDT": "5.120008"},
        [],
    )


def test_a_cancel_is_pending_until_it_is_refused_or_done() -> None:
    with Ledger.open("memory://") as ledger:
        for each in (
            initialized(),
            event("OrderSubmitted"),
            OrderAccepted(),
            event("OrderPendingCancel"),
        ):
            outcomes(ledger, from_nautilus(each, account=ACCOUNT))
        assert ledger.order("O-1")["pending"] == "cancel"
        outcomes(
            ledger,
            from_nautilus(event("OrderCancelRejected", reason="TOO_LATE: filled"), account=ACCOUNT),
        )
        assert ledger.order("O-1")["pending"] is None
        outcomes(ledger, from_nautilus(event("OrderCanceled"), account=ACCOUNT))
        assert ledger.order("O-1")["status"] == "canceled"


def test_a_change_is_pending_until_it_is_refused() -> None:
    with Ledger.open("memory://") as ledger:
        for each in (
            initialized(),
            event("OrderSubmitted"),
            OrderAccepted(),
            event("OrderPendingUpdate"),
        ):
            outcomes(ledger, from_nautilus(each, account=ACCOUNT))
        assert ledger.order("O-1")["pending"] == "replace"
        outcomes(ledger, from_nautilus(event("OrderModifyRejected", reason="no"), account=ACCOUNT))
        assert ledger.order("O-1")["pending"] is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"order_type": "MARKET", "options": {}}, {"order_type": "market"}),
        (
            {"order_type": "STOP_MARKET", "options": {"trigger_price": "5.0", "expire_time_ns": 0}},
            {"order_type": "stop", "stop_price": "5.0"},
        ),
        (
            {"order_type": "STOP_LIMIT", "options": {"price": "5.1", "trigger_price": "5.0"}},
            {"order_type": "stop_limit", "limit_price": "5.1", "stop_price": "5.0"},
        ),
        (
            {
                "order_type": "TRAILING_STOP_MARKET",
                "options": {"trigger_price": None, "trailing_offset": "0.1"},
            },
            {"order_type": "trailing_stop"},
        ),
        (
            {"order_type": "MARKET_IF_TOUCHED", "options": {"trigger_price": "5.0"}},
            {"order_type": "other", "stop_price": "5.0"},
        ),
        (
            {
                "time_in_force": "GTD",
                "post_only": True,
                "options": {"price": "5.1", "expire_time_ns": AT},
            },
            {
                "order_type": "limit",
                "limit_price": "5.1",
                "time_in_force": "gtd",
                "expire_at": TIME,
                "post_only": True,
            },
        ),
        (
            {
                "options": {"price": "5.1"},
                "parent_order_id": "O-0",
                "order_list_id": "OL-1",
                "reduce_only": True,
            },
            {
                "order_type": "limit",
                "limit_price": "5.1",
                "reduce_only": True,
                "links": {"parent": "O-0", "group": "OL-1"},
            },
        ),
    ],
)
def test_a_request_is_recorded_with_its_terms(
    fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    common = {
        "type": "request",
        "client_order_id": "O-1",
        "instrument": INSTRUMENT,
        "side": "sell",
        "quantity": "0.500",
    }
    assert told(initialized(**fields)) == [
        common | {"strategy": "S-001", "time_in_force": "gtc", "at": TIME} | expected
    ]


def test_an_order_that_nautilus_found_is_external() -> None:
    with Ledger.open("memory://") as ledger:
        outcomes(ledger, from_nautilus(initialized(strategy_id="EXTERNAL"), account=ACCOUNT))
        outcomes(
            ledger,
            from_nautilus(filled(strategy_id="EXTERNAL", reconciliation=True), account=ACCOUNT),
        )
        (row,) = ledger.orders()
        (trade,) = ledger.trades()
    assert (row["origin"], row["quantity"], row["status"], trade["source"]) == (
        "external",
        Decimal("0.5"),
        "partially_filled",
        "reconciliation",
    )


@pytest.mark.parametrize(
    ("given", "kind", "reason"),
    [
        (
            event("OrderDenied", reason="NOTIONAL_EXCEEDS_MAX_PER_ORDER: 5"),
            "deny",
            "NOTIONAL_EXCEEDS_MAX_PER_ORDER",
        ),
        (
            event("OrderRejected", reason="Order would immediately match", due_post_only=True),
            "rejected",
            "post_only",
        ),
        (event("OrderRejected", reason="Margin is insufficient."), "rejected", "rejected"),
        (event("OrderExpired"), "expired", None),
        (event("OrderTriggered"), "triggered", None),
        (event("OrderModifyRejected", reason="x"), "replace_rejected", "rejected"),
    ],
)
def test_other_events(given: dict[str, Any], kind: str, reason: str | None) -> None:
    (message,) = told(given)
    assert (message["type"], message.get("reason"), message["at"]) == (kind, reason, TIME)


def test_a_rebate_is_a_negative_fee() -> None:
    (message,) = told(filled(commission="-0.50 USDT", liquidity_side="NO_LIQUIDITY_SIDE"))
    assert (message["fee"], message["fee_currency"], message.get("liquidity")) == (
        "-0.50",
        "USDT",
        None,
    )


def test_an_order_for_an_amount_of_quote_currency_has_no_quantity() -> None:
    asked = initialized(order_type="MARKET", options={}, quantity="1000", quote_quantity=True)
    (message,) = told(asked)
    assert (message["quote_quantity"], message.get("quantity")) == ("1000", None)
    (update,) = told(event("OrderUpdated", quantity="900", price=None, is_quote_quantity=True))
    assert (update["quote_quantity"], update.get("quantity")) == ("900", None)
    (found,) = told({**asked, "strategy_id": "EXTERNAL"})
    assert "quote_quantity" not in found["reported"] and "quantity" not in found["reported"]


def test_what_nautilus_keeps_to_itself_gives_no_message() -> None:
    assert told(event("OrderEmulated")) == []
    assert told(event("OrderReleased")) == []
    assert told(PositionOpened()) == []


@pytest.mark.parametrize(
    ("obj", "field"),
    [
        (object(), "obj"),
        ({"type": "BuyOrderCreatedEvent"}, "obj"),
        (filled(trade_id=None), "trade_id"),
        (filled(last_qty="many"), "last_qty"),
        (event("OrderCanceled", client_order_id=None), "client_order_id"),
    ],
)
def test_an_error_names_the_attribute(obj: Any, field: str) -> None:
    with pytest.raises(InvalidMessage) as raised:
        from_nautilus(obj, account=ACCOUNT)
    assert raised.value.field == field


def test_evidence_is_the_event() -> None:
    (message,) = from_nautilus(filled(), account=ACCOUNT)
    assert message.evidence == filled()


def test_a_fill_names_its_position_where_nautilus_keeps_several() -> None:
    netted = f"{filled()['instrument_id']}-{filled()['strategy_id']}"
    (in_one,), (in_its_own,) = (told(filled(position_id=one)) for one in (netted, "P-7"))
    assert ("position_id" in in_one, in_its_own["position_id"]) == (False, "P-7")
