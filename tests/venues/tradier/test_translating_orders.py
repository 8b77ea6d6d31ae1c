"""Rows of Tradier's orders, message by message: shapes, status words, terms, numbers."""

import json
from decimal import Decimal
from typing import Any

import pytest

from orderledger.venues.base.translation import Translation
from orderledger.venues.tradier.vocabulary import STATUSES
from tests.venues.tradier.payloads import (
    ACCOUNT,
    a_book,
    event,
    filled_row,
    orders,
    read_alone,
    row,
)

NOTHING: list[Any] = [
    {"orders": "null"},
    {"orders": None},
    {"orders": {"order": None}},
    {"orders": {"order": "null"}},
    {"orders": {"order": []}},
    {"event": "heartbeat", "status": "active", "timestamp": "2026-05-04T13:31:00.000000000Z"},
    {"order": {"id": 900101, "status": "ok", "partner_id": "00000000-0000-0000-0000-0000000000aa"}},
    {"order": {"status": "ok", "commission": Decimal("0.35"), "result": True}},
    {"errors": {"error": ["Account is not enabled for trading.", "DayTradingBuyingPowerExceeded"]}},
    {"errors": {"error": "Sell order cannot be placed unless you are closing a long position"}},
    {
        "fault": {
            "faultstring": "Invalid Access Token",
            "detail": {"errorcode": "invalid_access_token"},
        }
    },
    {"stream": {"sessionid": "abc", "url": "https://stream.tradier.com/v1/accounts/events"}},
    {"positions": "null"},
]


@pytest.mark.parametrize(
    "document", NOTHING, ids=lambda document: json.dumps(document, default=str)[:60]
)
def test_what_names_no_order_of_ours_says_nothing_and_is_no_fault(document: Any) -> None:
    with a_book() as book:
        translation = book.translate(document)
        assert (list(translation.messages), list(translation.faults)) == ([], [])


def test_an_open_order_is_acknowledged_with_its_terms_written_plainly() -> None:
    text = (
        json.dumps(orders(row(quantity="Q", price="P")))
        .replace('"Q"', "10.0")
        .replace('"P"', "500.10")
    )
    document = json.loads(text, parse_float=Decimal)
    (message,) = read_alone(document)
    assert json.loads(message.model_dump_json(exclude_none=True, exclude={"evidence"})) == {
        "type": "acknowledged",
        "account": ACCOUNT,
        "venue_order_id": "900101",
        "aliases": {},
        "at": "2026-05-04T13:30:00.200000Z",
        "source": "venue_poll",
        "instrument": "SPY",
        "side": "buy",
        "reported": {
            "status": "new",
            "quantity": "10",
            "cum_quantity": "0",
            "leaves_quantity": "10",
            "limit_price": "500.1",
            "order_type": "limit",
            "time_in_force": "day",
        },
    }
    assert message.evidence == document["orders"]["order"]


def test_one_order_and_a_list_and_an_order_asked_for_say_the_same() -> None:
    one = read_alone({"orders": {"order": row()}})
    assert read_alone({"orders": {"order": [row()]}}) == one
    assert read_alone({"orders": [row()]}) == one
    assert read_alone({"order": row()}) == one
    assert read_alone(row()) == one


STATUS_AFTER = {
    "pending": "pending_new",
    "submitted": "pending_new",
    "held": "pending_new",
    "open": "new",
    "accepted_for_bidding": "new",
    "partially_filled": "new",
    "filled": "new",
    "canceled": "canceled",
    "expired": "expired",
    "rejected": "rejected",
    "error": "rejected",
    "calculated": "pending_new",
}


@pytest.mark.parametrize("source", ["row", "event"])
@pytest.mark.parametrize(("word", "status"), STATUS_AFTER.items())
def test_every_status_word_does_to_an_order_what_it_says(
    word: str, status: str, source: str
) -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(row(status=word)) if source == "row" else event(status=word))
        order = book.order()
        assert order["client_order_id"] == "C-42"
        assert order["status"] == status
        assert book.fills() == []


def test_no_status_word_of_the_venue_is_untested() -> None:
    assert STATUS_AFTER.keys() == STATUSES.keys()


def test_filled_without_its_fills_is_not_believed_but_shown() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(row(status="filled")))
        assert book.order()["is_open"] is True
        assert book.order()["anomalies"] == ["status_conflict"]


def test_a_status_that_nobody_knows_is_told_as_it_is_and_the_order_stays_open() -> None:
    with a_book() as book:
        book.request()
        book.tell(
            orders(row()), orders(row(status="pondered", transaction_date="2026-05-04T13:30:01Z"))
        )
        (message,) = book.read(orders(row(status="pondered")))
        assert (message.type, message.status) == ("status_observed", "pondered")
        assert (book.order()["status"], book.order()["is_open"]) == ("new", True)
        assert book.order()["anomalies"] == ["unknown_status"]


def test_settlement_moves_no_order_back_and_none_to_its_end() -> None:
    with a_book() as book:
        book.request()
        book.tell(
            orders(filled_row(4, "500.2")),
            orders(filled_row(4, "500.2", at=3) | {"status": "calculated"}),
        )
        assert (book.order()["status"], book.order()["anomalies"]) == ("partially_filled", [])
        book.tell(orders(filled_row(10, "500.2", at=4) | {"status": "calculated"}))
        assert (book.order()["status"], book.order()["anomalies"]) == ("filled", [])


def test_a_held_order_says_so_as_the_reason() -> None:
    (message,) = read_alone(orders(row(status="held")))
    assert (message.type, message.reason) == ("status_observed", "held")


def test_why_an_order_was_rejected_is_kept() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(row(status="rejected", reason_description="Insufficient buying power")))
        assert (book.order()["status"], book.order()["reason"]) == (
            "rejected",
            "Insufficient buying power",
        )


@pytest.mark.parametrize("word", ["canceled", "expired", "rejected", "error"])
def test_an_end_without_a_reason_has_the_venues_word_for_one(word: str) -> None:
    (message,) = read_alone(orders(row(status=word)))
    assert message.reason == word


def test_an_event_that_an_order_was_rejected_leaves_the_reason_to_its_row() -> None:
    with a_book() as book:
        book.request()
        said = book.translate(event(status="rejected"))
        assert ([message.reason for message in said.messages], list(said.questions)) == (
            [None],
            ["900101"],
        )
        book.tell(
            event(status="rejected"),
            orders(row(status="rejected", reason_description="Insufficient buying power")),
        )
        assert book.order()["reason"] == "Insufficient buying power"


def test_what_remains_of_an_order_that_was_canceled_is_not_claimed() -> None:
    with a_book() as book:
        book.request()
        book.tell(
            orders(filled_row(4, "500.2")),
            orders(filled_row(4, "500.2", at=5) | {"status": "canceled"}),
        )
        order = book.order()
        assert (order["status"], str(order["cum_quantity"]), order["anomalies"]) == (
            "canceled",
            "4",
            [],
        )


@pytest.mark.parametrize(
    ("word", "side"),
    [
        ("buy", "buy"),
        ("buy_to_cover", "buy"),
        ("buy_to_open", "buy"),
        ("buy_to_close", "buy"),
        ("sell", "sell"),
        ("sell_short", "sell"),
        ("sell_to_open", "sell"),
        ("sell_to_close", "sell"),
    ],
)
def test_each_side_is_a_side(word: str, side: str) -> None:
    (message,) = read_alone(orders(row(side=word)))
    assert message.side == side


@pytest.mark.parametrize(
    ("duration", "time_in_force"),
    [("day", "day"), ("pre", "day"), ("post", "day"), ("gtc", "gtc"), ("eternity", None)],
)
def test_each_duration_is_a_time_in_force(duration: str, time_in_force: str | None) -> None:
    (message,) = read_alone(orders(row(duration=duration)))
    assert message.reported.time_in_force == time_in_force
    assert message.evidence["duration"] == duration


@pytest.mark.parametrize(
    ("word", "order_type"),
    [
        ("market", "market"),
        ("limit", "limit"),
        ("stop", "stop"),
        ("stop_limit", "stop_limit"),
        ("debit", "other"),
        ("credit", "other"),
        ("even", "other"),
        ("iceberg", "other"),
    ],
)
def test_each_type_is_an_order_type(word: str, order_type: str) -> None:
    (message,) = read_alone(orders(row(type=word)))
    assert message.reported.order_type == order_type


def test_a_market_order_has_no_price_and_a_stop_order_has_its_stop() -> None:
    (market,) = read_alone(orders(row(type="market", price="left out", stop_price=0)))
    assert (market.reported.limit_price, market.reported.stop_price) == (None, None)
    (stop,) = read_alone(orders(row(type="stopped", price=None, stop_price="499.5")))
    assert (stop.reported.limit_price, stop.reported.stop_price) == (None, Decimal("499.5"))


def test_an_order_that_nobody_requested_here_has_its_terms_from_the_venue() -> None:
    with a_book() as book:
        book.tell(orders(row(tag="left out")))
        order = book.order()
        assert (order["origin"], order["instrument"], order["side"], str(order["quantity"])) == (
            "external",
            "SPY",
            "buy",
            "10",
        )
        assert (order["order_type"], order["time_in_force"], str(order["limit_price"])) == (
            "limit",
            "day",
            "500.25",
        )
        assert order["anomalies"] == ["unknown_order"]


def test_an_option_is_the_option_and_not_its_underlying() -> None:
    option = row(
        **{"class": "option", "option_symbol": "SPY260619C00500000", "side": "buy_to_open"}
    )
    (message,) = read_alone(orders(option))
    assert (message.instrument, message.side) == ("SPY260619C00500000", "buy")


def test_a_changed_price_is_a_replace_and_answers_ours() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(row()))
        book.record("request_replace", client_order_id="C-42", limit_price="501")
        assert book.order()["pending"] == "replace"
        changed = orders(row(price="501.0", transaction_date="2026-05-04T13:30:05Z"))
        book.tell(changed)
        assert (
            str(book.order()["limit_price"]),
            book.order()["pending"],
            book.order()["anomalies"],
        ) == ("501", None, [])
        assert [message.type for message in book.read(changed)] == ["acknowledged"]


@pytest.mark.parametrize(
    ("word", "filled"), [("filled", "10.0"), ("canceled", "0.0"), ("expired", "0.0")]
)
def test_a_price_that_was_changed_just_before_the_end_is_the_orders(word: str, filled: str) -> None:
    with a_book() as book:
        book.request(at="2026-05-04T13:29:59Z")
        book.tell(orders(row()))
        numbers = {
            "exec_quantity": filled,
            "avg_fill_price": "501.0" if word == "filled" else "0.0",
        }
        ended = orders(
            row(status=word, price="501.0", transaction_date="2026-05-04T13:30:05Z", **numbers)
        )
        book.tell(ended)
        order = book.order()
        assert (order["status"], str(order["limit_price"]), order["anomalies"]) == (word, "501", [])
        assert set(book.tell(ended)) == {"duplicate"}


def test_the_price_of_a_refused_order_is_no_change() -> None:
    with a_book() as book:
        book.request(at="2026-05-04T13:29:59Z")
        book.tell(
            orders(row(status="pending")),
            orders(row(status="rejected", price="501.0", transaction_date="2026-05-04T13:30:05Z")),
        )
        assert (book.order()["status"], str(book.order()["limit_price"])) == ("rejected", "500.25")


def test_rows_repeated_and_reordered_end_in_the_same_order() -> None:
    rows = [row(), filled_row(4, "500.2", at=2), filled_row(10, "500.22", at=9)]
    with a_book() as book:
        book.request()
        book.tell(orders(rows[2], rows[1], rows[0]), orders(*rows), orders(*rows))
        assert (
            book.order()["status"],
            str(book.order()["cum_quantity"]),
            book.order()["anomalies"],
        ) == ("filled", "10", [])
        assert book.positions() == {"SPY": "10"}


def test_floats_that_somebody_else_has_parsed_are_the_numbers_that_were_written() -> None:
    floats = json.loads(
        '{"quantity": 10.0, "price": 500.25, "exec_quantity": 0.1, "avg_fill_price": 500.2}'
    )
    fill, acknowledge = read_alone(orders(row(**floats)))
    assert (str(fill.quantity), str(fill.price)) == ("0.1", "500.2")
    assert str(acknowledge.reported.quantity) == "10"


def test_the_answer_to_a_trial_of_an_order_is_no_order() -> None:
    tried = {
        **row(status="ok", id="left out"),
        "commission": 0,
        "cost": 5002,
        "result": True,
        "margin_change": 5002,
    }
    with a_book() as book:
        assert book.translate({"order": tried}) == Translation()
        assert (
            book.translate({"order": row(status="ok")}).messages[0].status == "ok"
        )  # a row, with a word that is none
