"""What the simulated venue says of our orders: acknowledgements, fills, rejects, cancels, replaces
and expiries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger.simulation.local import CALM, FeeSchedule, LocalVenue, VenueAnswer

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def quiet_venue(**terms: Any) -> LocalVenue:
    """Nothing goes wrong and nobody else trades."""
    return LocalVenue(7, **{"start": START, "faults": CALM, "flow_interval_seconds": None, **terms})


def buy(
    venue: LocalVenue,
    client_order_id: str,
    quantity: str = "0.5",
    price: str = "64000",
    **terms: Any,
) -> VenueAnswer:
    return venue.submit(
        client_order_id=client_order_id,
        instrument="BTC-USD",
        side="buy",
        quantity=quantity,
        limit_price=price,
        **terms,
    )


def said(answer: VenueAnswer) -> dict[str, Any]:
    assert answer.message is not None, "the answer was lost"
    return answer.message


def numbers(fill: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fill.items() if name != "source"}


def test_an_accepted_order_is_acknowledged_in_the_answer_and_by_a_push_with_the_same_words() -> (
    None
):
    venue = quiet_venue()
    answer = buy(venue, "C-1")
    assert answer.outcome == "accepted" and answer.reason is None
    assert numbers(said(answer)) == {
        "type": "acknowledged",
        "account": "sim:main",
        "client_order_id": "C-1",
        "venue_order_id": "V1001",
        "at": said(answer)["at"],
        "reported": {
            "status": "new",
            "quantity": "0.5",
            "cum_quantity": "0",
            "leaves_quantity": "0.5",
        },
    }
    assert venue.advance(venue.now + timedelta(seconds=1)) == [answer.message]


def test_a_call_takes_a_round_trip_of_virtual_time() -> None:
    venue = quiet_venue()
    buy(venue, "C-1")
    assert timedelta(seconds=0.01) <= venue.now - START <= timedelta(seconds=0.31)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"instrument": "DOGE-USD"}, "unknown_instrument"),
        ({"quantity": "0.0005"}, "incorrect_quantity"),
        ({"quantity": "0"}, "incorrect_quantity"),
        ({"limit_price": "64000.1"}, "incorrect_price"),
        ({"limit_price": None}, "incorrect_price"),
        ({"order_type": "stop"}, "unsupported_order_type"),
        ({"time_in_force": "gtd", "expire_at": START}, "incorrect_expire_at"),
    ],
)
def test_terms_the_venue_cannot_work_are_rejected_with_a_reason(
    terms: dict[str, Any], reason: str
) -> None:
    venue = quiet_venue()
    order = {
        "client_order_id": "C-1",
        "instrument": "BTC-USD",
        "side": "buy",
        "quantity": "1",
        "limit_price": "64000",
    }
    answer = venue.submit(**{**order, **terms})
    assert (answer.outcome, answer.reason) == ("rejected", reason)
    assert venue.order_status("C-1")["status"] == "rejected" and venue.open_orders() == []


def test_a_client_order_id_used_twice_is_rejected_and_the_first_order_goes_on() -> None:
    venue = quiet_venue()
    buy(venue, "C-1")
    assert buy(venue, "C-1").reason == "duplicate_order"
    assert venue.order_status("C-1")["status"] == "new"


def test_our_orders_fill_in_parts_and_the_parts_sum_to_what_is_reported() -> None:
    venue = LocalVenue(3, start=START, faults=CALM)
    buy(venue, "C-1", quantity="0.5", price="64001")
    pushed = venue.advance(START + timedelta(minutes=5))
    fills = [message for message in pushed if message["type"] == "fill"]
    assert len(fills) > 3 and fills[-1]["reported"]["status"] == "filled"
    total = Decimal(0)
    for fill in fills:
        total += Decimal(fill["quantity"])
        assert Decimal(fill["reported"]["cum_quantity"]) == total
        assert Decimal(fill["price"]) <= 64001
    assert total == Decimal("0.5") == venue.positions()["BTC-USD"]
    assert len({fill["fill_id"] for fill in fills}) == len(fills)


def test_every_message_of_the_venue_has_a_time_of_its_own() -> None:
    venue = LocalVenue(3, start=START, faults=CALM)
    buy(venue, "C-1", quantity="2", price="64010")
    times = [message["at"] for message in venue.order_history("C-1")]
    assert len(times) > 5 and times == sorted(set(times))


def test_a_fill_may_overtake_the_acknowledgement_of_its_order() -> None:
    overtaken = 0
    for seed in range(20):
        venue = LocalVenue(seed, start=START, faults=CALM)
        buy(venue, "C-1", quantity="0.5", price="64010")
        overtaken += venue.advance(venue.now + timedelta(seconds=1))[0]["type"] == "fill"
    assert 0 < overtaken < 20


def test_a_taker_pays_and_a_maker_is_paid_each_in_its_currency() -> None:
    fees = FeeSchedule(
        taker=Decimal("0.0004"),
        maker=Decimal("-0.0001"),
        decimals=8,
        taker_currency="VEN",
        taker_currency_price=Decimal(4),
    )
    taker = LocalVenue(1, start=START, faults=CALM, fees=fees)
    buy(taker, "C-1", quantity="0.001", price="64010")
    [taken] = taker.fills_since(START)
    assert (taken["liquidity"], taken["fee_currency"]) == ("taker", "VEN")
    assert Decimal(taken["fee"]) == (
        Decimal(taken["price"]) * Decimal("0.001") * Decimal("0.0001")
    ).quantize(Decimal("1e-8"))
    maker = LocalVenue(1, start=START, faults=CALM, fees=fees)
    buy(maker, "C-1", quantity="0.001", price="63999", post_only=True)
    maker.advance(START + timedelta(minutes=5))
    [made] = maker.fills_since(START)
    assert (made["liquidity"], made["fee_currency"], made["fee"]) == ("maker", "USD", "-0.0063999")


def test_an_ioc_order_is_filled_as_far_as_possible_and_then_canceled_by_the_venue() -> None:
    venue = LocalVenue(1, start=START, faults=CALM)
    buy(venue, "C-1", quantity="50", price="64002", time_in_force="ioc")
    history = venue.order_history("C-1")
    assert [message["type"] for message in history[:2]] == ["acknowledged", "fill"]
    assert (history[-1]["type"], history[-1]["reason"]) == ("canceled", "immediate_or_cancel")
    assert history[-1]["reported"]["leaves_quantity"] == "0"


def test_our_own_orders_do_not_trade_with_each_other() -> None:
    venue = quiet_venue()
    buy(venue, "C-1")
    venue.submit(
        client_order_id="C-2",
        instrument="BTC-USD",
        side="sell",
        quantity="0.5",
        limit_price="64000",
    )
    assert venue.order_history("C-1")[-1]["reason"] == "self_trade"
    assert [order["client_order_id"] for order in venue.open_orders()] == ["C-2"]


def test_a_cancel_ends_the_order_and_a_second_one_comes_too_late() -> None:
    venue = quiet_venue()
    buy(venue, "C-1")
    assert said(venue.cancel("C-1"))["type"] == "canceled"
    refused = venue.cancel("C-1", request_id="R-2")
    assert refused.outcome == "rejected"
    assert (said(refused)["type"], said(refused)["request_id"], refused.reason) == (
        "cancel_rejected",
        "R-2",
        "too_late_to_cancel",
    )
    assert venue.cancel("C-9").reason == "unknown_order"


def test_a_replace_states_the_new_terms_and_bears_a_new_venue_order_id_when_priority_is_lost() -> (
    None
):
    venue = quiet_venue()
    buy(venue, "C-1")
    smaller, dearer = (
        said(venue.replace("C-1", quantity="0.4")),
        said(venue.replace("C-1", limit_price="64001")),
    )
    assert (
        smaller["type"],
        smaller["quantity"],
        smaller["limit_price"],
        smaller["venue_order_id"],
    ) == (
        "replaced",
        "0.4",
        "64000",
        "V1001",
    )
    assert (dearer["quantity"], dearer["limit_price"], dearer["venue_order_id"]) == (
        "0.4",
        "64001",
        "V1002",
    )
    refused = said(venue.replace("C-1", limit_price="64000.1", request_id="R-3"))
    assert (refused["type"], refused["reason"], refused["request_id"]) == (
        "replace_rejected",
        "incorrect_price",
        "R-3",
    )
    assert venue.order_status("C-1")["reported"]["quantity"] == "0.4"


def test_a_replace_that_matches_is_reported_before_its_fills() -> None:
    venue = LocalVenue(1, start=START, faults=CALM)
    buy(venue, "C-1", quantity="0.1", price="63000")
    answer = said(venue.replace("C-1", limit_price="64010"))
    assert (
        answer["type"],
        answer["reported"]["status"],
        answer["reported"]["leaves_quantity"],
    ) == ("replaced", "new", "0.1")
    history = venue.order_history("C-1")
    assert [message["type"] for message in history[:3]] == ["acknowledged", "replaced", "fill"]
    assert {message["venue_order_id"] for message in history[1:]} == {"V1002"}
    assert history[-1]["reported"] == {
        "status": "filled",
        "quantity": "0.1",
        "cum_quantity": "0.1",
        "leaves_quantity": "0",
    }


def test_day_and_gtd_orders_expire_when_their_time_is_over() -> None:
    venue = quiet_venue()
    buy(venue, "day", time_in_force="day")
    buy(venue, "gtd", time_in_force="gtd", expire_at=START + timedelta(hours=1))
    expired = [m for m in venue.advance(START + timedelta(days=1)) if m["type"] == "expired"]
    assert [(message["client_order_id"], message["at"][:19]) for message in expired] == [
        ("gtd", "2026-03-02T10:30:00"),
        ("day", "2026-03-03T00:00:00"),
    ]


def test_instruments_are_defined_and_marked_in_the_ledgers_messages() -> None:
    venue = quiet_venue()
    assert [message["instrument"] for message in venue.definitions()] == ["BTC-USD", "ETH-USD"]
    assert [(mark["instrument"], mark["price"]) for mark in venue.marks()] == [
        ("BTC-USD", "64000"),
        ("ETH-USD", "3200"),
    ]
