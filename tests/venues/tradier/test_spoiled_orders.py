"""Rows of orders that cannot be read, or not in full: they cost nothing else, and are told."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger.infrastructure.numbers_and_times import parse_time
from tests.venues.tradier.payloads import (
    BUY_PUT,
    SELL_PUT,
    a_book,
    filled_row,
    leg,
    orders,
    read_alone,
    row,
    spread,
)

BROKEN: tuple[Any, ...] = ("left out", None, "null", "", {}, [], 5, True, "x", -1, Decimal("1e40"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "field",
    sorted({*row(), "leg", "option_symbol", "reason_description", "stop_price", "num_legs"}),
)
def test_a_broken_field_costs_the_other_rows_nothing(field: str) -> None:
    good = filled_row(4, "500.2", id=900102, tag="left out")
    for broken in BROKEN:
        with a_book() as book:
            book.request()
            spoiled = filled_row(10, "500.2", (10, "500.2")) | {field: broken}
            rows = [{name: value for name, value in spoiled.items() if value != "left out"}, good]
            translation = book.translate(orders(*rows))
            assert [
                (message.type, message.venue_order_id)
                for message in translation.messages
                if getattr(message, "evidence", None) == good
            ] == [("fill", "900102"), ("acknowledged", "900102")], broken
            for message in translation.messages:
                assert book.ledger.record(message).outcome in ("recorded", "duplicate"), broken


def test_a_field_that_cannot_be_read_is_told_and_the_rest_of_its_row_counts() -> None:
    with a_book() as book:
        translation = book.translate(orders(filled_row(4, "500.2", price="a lot")))
        assert [fault.fault for fault in translation.faults] == ["price is not a decimal number"]
        assert [message.type for message in translation.messages] == ["fill", "acknowledged"]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"id": None}, "id is missing or not valid"),
        ({"id": "9x"}, "id is not an id"),
        ({"status": None}, "status is missing or not valid"),
        ({"status": 7}, "status is not a text"),
        (
            {"transaction_date": None, "create_date": None},
            "transaction_date is missing or not valid",
        ),
        ({"transaction_date": "noon"}, "transaction_date is not an RFC 3339 time with an offset"),
        ({"exec_quantity": "many"}, "exec_quantity is not a decimal number"),
        ({"exec_quantity": -4}, "exec_quantity is negative"),
        ({"status": "x" * 201}, "status String should have at most 200 characters"),
    ],
)
def test_a_row_without_a_needed_field_is_unreadable(changes: dict[str, Any], fault: str) -> None:
    with a_book() as book:
        translation = book.translate(orders(row(**changes), row(id=900102)))
        assert [found.fault for found in translation.faults] == [fault]
        assert [message.venue_order_id for message in translation.messages] == ["900102"]


def test_a_filled_row_that_does_not_say_what_was_traded_is_held_and_told() -> None:
    with a_book() as book:
        book.request()
        translation = book.translate(orders(filled_row(10, "500.2", symbol=None)))
        assert [fault.fault for fault in translation.faults] == [
            "symbol is missing on filled order 900101"
        ]
        assert [message.type for message in translation.messages] == ["status_observed"]
        assert list(translation.questions) == ["900101"]


def test_an_end_at_an_unreadable_time_is_not_dated_at_the_order_s_beginning() -> None:
    ended = {**filled_row(4, "500.2", at=9), "status": "canceled"}
    with a_book() as book:
        book.tell(orders(row()))
        translation = book.translate(orders({**ended, "transaction_date": {}}))
        assert (len(translation.faults), list(translation.messages)) == (1, [])
        book.tell(orders({**ended, "transaction_date": {}}), orders(ended))
        assert (book.order()["status"], book.order()["ended_at"]) == (
            "canceled",
            parse_time(ended["transaction_date"]),
        )
        assert [trade["at"] for trade in book.ledger.trades()] == [
            parse_time(ended["transaction_date"])
        ]
        assert book.order()["anomalies"] == ["unknown_order"]


@pytest.mark.parametrize("name", [{}, 5, None, "", "left out"])
def test_a_fill_of_an_option_that_cannot_be_told_by_its_name_is_never_one_of_its_underlying(
    name: Any,
) -> None:
    with a_book() as book:
        option = filled_row(10, "5.2", symbol="SPY", option_symbol=SELL_PUT) | {"class": "option"}
        unnamed = {
            key: value
            for key, value in {**option, "option_symbol": name}.items()
            if value != "left out"
        }
        translation = book.translate(orders(unnamed))
        assert translation.faults[-1].fault == "symbol is missing on filled order 900101"
        assert [(message.type, message.instrument) for message in translation.messages] == [
            ("status_observed", None)
        ]
        book.tell(orders(unnamed), orders(option))
        assert book.order()["instrument"] == SELL_PUT
        assert book.positions() == {SELL_PUT: "10"}


@pytest.mark.parametrize(
    "document",
    [None, 5, "text", [], {}, {"orders": 5}, {"orders": "soon"}, {"orders": {}}, {"positions": 1}],
)
def test_what_is_no_payload_says_nothing_and_is_told_as_such(document: Any) -> None:
    with a_book() as book:
        translation = book.translate(document)
        assert list(translation.messages) == []
        assert len(translation.faults) == (0 if document == [] else 1)


def test_payloads_within_lists_of_lists_are_told_as_unreadable() -> None:
    with a_book() as book:
        assert [fault.fault for fault in book.translate([[orders(row())]]).faults] == [
            "is not a JSON object"
        ]


def test_an_endless_reason_costs_the_rejection_nothing() -> None:
    (rejected,) = read_alone(orders(row(status="rejected", reason_description="no " * 5000)))
    assert (rejected.type, len(rejected.reason), len(rejected.text)) == ("rejected", 200, 10_000)


def test_legs_that_cannot_be_read_cost_the_other_legs_nothing() -> None:
    with a_book() as book:
        translation = book.translate(
            orders(spread("filled", leg(900111, None, "buy", 1, "2.6"), 7))
        )
        assert [message.type for message in translation.messages] == ["fill", "status_observed"]
        assert [fault.fault for fault in translation.faults] == ["leg: is not a row"]


@pytest.mark.parametrize("name", ["price", "stop_price", "avg_fill_price", "last_fill_price"])
def test_a_price_below_0_is_told_as_such_and_left_out(name: str) -> None:
    with a_book() as book:
        told = book.translate(orders({**filled_row(4, "500.2", (4, "500.2")), name: "-0.5"}))
        assert [fault.fault for fault in told.faults] == [f"{name} is negative"]
        assert told.messages


def test_the_net_price_of_several_legs_may_be_below_0() -> None:
    with a_book() as book:
        legs = (
            leg(900111, SELL_PUT, "sell_to_open", 1, "2.6"),
            leg(900112, BUY_PUT, "buy_to_open", 1, "1.5"),
        )
        told = book.translate(orders(spread("filled", *legs, avg_fill_price="-1.1", price="-1.05")))
        assert list(told.faults) == []


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z", "1999-12-31T23:59:59Z"]
)
def test_a_time_before_the_venue_is_no_time(time: str) -> None:
    with a_book() as book:
        told = book.translate(orders(row(transaction_date=time), row(id=900102, create_date=time)))
        assert [fault.fault for fault in told.faults] == [
            f"transaction_date is {time[:19]}+00:00, which is before the year 2000"
        ]
        assert [message.venue_order_id for message in told.messages] == ["900102"]
