"""What a row of an order says, in every status the venue has, and in those it has not."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.infrastructure.messages.registry import (
    Acknowledged,
    Canceled,
    Message,
    Rejected,
    Report,
    StatusObserved,
)
from orderledger.venues.lighter.vocabulary import STATUSES
from tests.venues.lighter.rows import ACCOUNT, moment, only, order, read, shown

NOTHING, SOME = "0.0000", "0.2000"

SAID: list[tuple[str, str, str, str | None, str]] = [
    # status, filled, message, reason, status of the order in the ledger
    ("in-progress", NOTHING, "status_observed", None, "pending_new"),
    ("in-progress", SOME, "status_observed", None, "new"),
    ("pending", NOTHING, "status_observed", None, "pending_new"),
    ("pending", SOME, "status_observed", None, "new"),
    ("open", NOTHING, "acknowledged", None, "new"),
    ("open", SOME, "acknowledged", None, "new"),
    ("filled", SOME, "status_observed", None, "new"),
    ("canceled", NOTHING, "canceled", None, "canceled"),
    ("canceled", SOME, "canceled", None, "canceled"),
    ("canceled-reduce-only", NOTHING, "canceled", "canceled-reduce-only", "canceled"),
    ("canceled-reduce-only", SOME, "canceled", "canceled-reduce-only", "canceled"),
    ("canceled-self-trade", NOTHING, "canceled", "canceled-self-trade", "canceled"),
    ("canceled-self-trade", SOME, "canceled", "canceled-self-trade", "canceled"),
    ("canceled-oco", NOTHING, "canceled", "canceled-oco", "canceled"),
    ("canceled-oco", SOME, "canceled", "canceled-oco", "canceled"),
    ("canceled-child", NOTHING, "canceled", "canceled-child", "canceled"),
    ("canceled-child", SOME, "canceled", "canceled-child", "canceled"),
    ("canceled-liquidation", NOTHING, "canceled", "canceled-liquidation", "canceled"),
    ("canceled-liquidation", SOME, "canceled", "canceled-liquidation", "canceled"),
    ("canceled-post-only", NOTHING, "rejected", "canceled-post-only", "rejected"),
    ("canceled-post-only", SOME, "canceled", "canceled-post-only", "canceled"),
    (
        "canceled-position-not-allowed",
        NOTHING,
        "rejected",
        "canceled-position-not-allowed",
        "rejected",
    ),
    (
        "canceled-position-not-allowed",
        SOME,
        "canceled",
        "canceled-position-not-allowed",
        "canceled",
    ),
    ("canceled-margin-not-allowed", NOTHING, "rejected", "canceled-margin-not-allowed", "rejected"),
    ("canceled-margin-not-allowed", SOME, "canceled", "canceled-margin-not-allowed", "canceled"),
    ("canceled-invalid-balance", NOTHING, "rejected", "canceled-invalid-balance", "rejected"),
    ("canceled-invalid-balance", SOME, "canceled", "canceled-invalid-balance", "canceled"),
    ("canceled-too-much-slippage", NOTHING, "expired", "canceled-too-much-slippage", "expired"),
    ("canceled-too-much-slippage", SOME, "expired", "canceled-too-much-slippage", "expired"),
    (
        "canceled-not-enough-liquidity",
        NOTHING,
        "expired",
        "canceled-not-enough-liquidity",
        "expired",
    ),
    ("canceled-not-enough-liquidity", SOME, "expired", "canceled-not-enough-liquidity", "expired"),
    ("canceled-expired", NOTHING, "expired", None, "expired"),
    ("canceled-expired", SOME, "expired", None, "expired"),
    ("canceled-by-moonlight", NOTHING, "status_observed", None, "pending_new"),
    ("frozen", SOME, "status_observed", None, "pending_new"),
]


def test_no_status_is_left_out() -> None:
    assert {status for status, *_ in SAID} - {"canceled-by-moonlight", "frozen"} == STATUSES.keys()


@pytest.mark.parametrize(("status", "filled", "kind", "reason", "_"), SAID)
def test_every_status_is_one_message(
    status: str, filled: str, kind: str, reason: str | None, _: str
) -> None:
    message = only({"orders": [order(status=status, filled_base_amount=filled)]})
    assert (shown(message)["type"], message.reason) == (kind, reason)


@pytest.mark.parametrize(("status", "filled", "_", "reason", "ledger_status"), SAID)
def test_every_status_leaves_the_order_where_it_belongs(
    status: str, filled: str, _: str, reason: str | None, ledger_status: str
) -> None:
    """The fills come by a stream of their own: no status makes one."""
    with Ledger.open("memory://") as ledger:
        ledger.record(only({"orders": [order(status=status, filled_base_amount=filled)]}))
        seen = ledger.order("281480000000101")
    assert (seen["status"], seen["cum_quantity"], seen["reported_cum_quantity"]) == (
        ledger_status,
        0,
        Decimal(filled),
    )
    is_unknown = status in ("canceled-by-moonlight", "frozen")
    assert ("unknown_status" in seen["anomalies"]) == is_unknown


def test_a_status_that_nobody_knows_is_told_word_by_word_and_harms_no_other_order() -> None:
    rows = [
        order(order_id="1", status="open"),
        order(order_id="2", status="melted"),
        order(order_id="3", status="canceled"),
    ]
    told = read({"orders": {"0": rows}})
    assert [(type(message), message.venue_order_id) for message in reports(told.messages)] == [
        (Acknowledged, "1"),
        (StatusObserved, "2"),
        (Canceled, "3"),
    ]
    assert shown(told.messages[1])["status"] == "melted"


def test_the_whole_of_a_message_is_this() -> None:
    row = order(
        status="open",
        filled_base_amount="0.2000",
        filled_quote_amount="500.000000",
        remaining_base_amount="0.3000",
    )
    message = only(
        {
            "type": "update/account_all_orders",
            "channel": "account_all_orders:1234",
            "orders": {"0": [row]},
        }
    )
    assert shown(message) == {
        "type": "acknowledged",
        "account": ACCOUNT,
        "at": "2026-09-21T14:13:20.123456Z",
        "source": "venue_push",
        "venue_order_id": "281480000000101",
        "aliases": {"lighter.client_order_index": "9001"},
        "instrument": "ETH",
        "side": "buy",
        "reported": {
            "status": "partially_filled",
            "quantity": "0.5000",
            "cum_quantity": "0.2000",
            "leaves_quantity": "0.3000",
            "average_price": "2500.00",
            "limit_price": "2500.00",
            "order_type": "limit",
            "time_in_force": "gtd",
            "post_only": False,
            "reduce_only": False,
        },
    }
    assert message.evidence == row


def test_what_was_filled_is_never_taken_from_what_remains() -> None:
    """A canceled order remains at nothing, whatever was filled of it."""
    message = only(
        {
            "orders": [
                order(
                    status="canceled", remaining_base_amount="0.0000", filled_base_amount="0.0000"
                )
            ]
        }
    )
    assert isinstance(message, Canceled) and message.reported is not None
    assert (message.reported.cum_quantity, message.reported.leaves_quantity) == (
        Decimal(0),
        Decimal(0),
    )
    message = only(
        {
            "orders": [
                order(status="canceled", remaining_base_amount="0.0000", filled_base_amount=...)
            ]
        }
    )
    assert (
        isinstance(message, Canceled)
        and message.reported is not None
        and message.reported.cum_quantity is None
    )


def test_an_ended_order_leaves_nothing_whatever_the_row_says_remains() -> None:
    message = only(
        {
            "orders": [
                order(
                    status="canceled", remaining_base_amount="0.3000", filled_base_amount="0.2000"
                )
            ]
        }
    )
    assert (
        isinstance(message, Canceled)
        and message.reported is not None
        and message.reported.leaves_quantity is None
    )


@pytest.mark.parametrize("word", ["canceled-post-only", "canceled-margin-not-allowed"])
def test_a_refusal_that_does_not_say_what_was_filled_is_no_reject(word: str) -> None:
    assert isinstance(only({"orders": [order(status=word, filled_base_amount=...)]}), Canceled)
    assert isinstance(only({"orders": [order(status=word, filled_base_amount="0")]}), Rejected)


@pytest.mark.parametrize(
    ("trigger_status", "kind", "expected"),
    [
        ("mark-price", "stop-loss", Acknowledged),
        ("parent-order", "take-profit-limit", Acknowledged),
        ("parent-order", "limit", Acknowledged),
        ("twap", "twap", Acknowledged),
        (..., "stop-loss-limit", Acknowledged),
        ("ready", "stop-loss", StatusObserved),
        ("na", "limit", StatusObserved),
        (..., "limit", StatusObserved),
        ("moon", "stop-loss", StatusObserved),
    ],
)
def test_an_order_that_waits_for_its_trigger_is_accepted(
    trigger_status: Any, kind: str, expected: type[Message]
) -> None:
    row = order(status="pending", trigger_status=trigger_status, type=kind, trigger_price="2400.00")
    message = only({"orders": [row]})
    assert type(message) is expected
    assert shown(message)["reported"]["stop_price"] == "2400.00"


@pytest.mark.parametrize(
    ("kind", "order_type", "limit_price"),
    [
        ("limit", "limit", "2500.00"),
        ("market", "market", None),
        ("stop-loss", "stop", None),
        ("stop-loss-limit", "stop_limit", "2500.00"),
        ("take-profit", "take_profit", None),
        ("take-profit-limit", "take_profit_limit", "2500.00"),
        ("twap", "other", "2500.00"),
        ("twap-sub", "other", "2500.00"),
        ("liquidation", "other", None),
        ("iceberg", "other", "2500.00"),
    ],
)
def test_the_type_of_an_order_and_whether_its_price_is_a_limit(
    kind: str, order_type: str, limit_price: str | None
) -> None:
    told = shown(only({"orders": [order(type=kind)]}))
    assert (told["reported"]["order_type"], told["reported"].get("limit_price")) == (
        order_type,
        limit_price,
    )
    assert told.get("reason") == ("liquidation" if kind == "liquidation" else None)


@pytest.mark.parametrize(
    ("word", "time_in_force", "post_only"),
    [
        ("good-till-time", "gtd", False),
        ("immediate-or-cancel", "ioc", False),
        ("post-only", "gtd", True),
        ("Unknown", None, None),
        (..., None, None),
    ],
)
def test_the_time_in_force(word: Any, time_in_force: str | None, post_only: bool | None) -> None:
    reported = shown(only({"orders": [order(time_in_force=word)]}))["reported"]
    assert (reported.get("time_in_force"), reported.get("post_only")) == (time_in_force, post_only)


@pytest.mark.parametrize(
    ("is_ask", "side", "expected"),
    [
        (False, "", "buy"),
        (True, "", "sell"),
        (True, "buy", "sell"),
        (..., "sell", "sell"),
        (None, "buy", "buy"),
        (..., "", None),
    ],
)
def test_the_side_is_that_of_is_ask_first(is_ask: Any, side: str, expected: str | None) -> None:
    assert shown(only({"orders": [order(is_ask=is_ask, side=side)]})).get("side") == expected


@pytest.mark.parametrize(
    ("fields", "alias"),
    [
        ({"client_order_id": "9001", "client_order_index": 9001}, "9001"),
        (
            {"client_order_id": "281474976710655", "client_order_index": 281474976710656},
            "281474976710655",
        ),
        ({"client_order_id": "", "client_order_index": 9001}, "9001"),
        ({"client_order_id": ..., "client_order_index": 9001}, "9001"),
        ({"client_order_id": {"an": "object"}, "client_order_index": 9001}, "9001"),
        ({"client_order_id": "0", "client_order_index": 0}, None),
        ({"client_order_id": "", "client_order_index": 0}, None),
        ({"client_order_id": "0", "client_order_index": ...}, None),
        ({"client_order_id": None, "client_order_index": None}, None),
        ({"client_order_id": ..., "client_order_index": ...}, None),
    ],
)
def test_the_client_order_index_is_an_alias_and_zero_is_none(
    fields: dict[str, Any], alias: str | None
) -> None:
    message = only({"orders": [order(**fields)]})
    assert isinstance(message, Report)
    assert message.aliases == ({} if alias is None else {"lighter.client_order_index": alias})


def test_the_text_of_an_id_is_preferred_to_its_number() -> None:
    message = only({"orders": [order(order_id="281480000000101", order_index=281480000000100)]})
    assert isinstance(message, Report) and message.venue_order_id == "281480000000101"
    message = only({"orders": [order(order_id=..., order_index=281480000000100)]})
    assert isinstance(message, Report) and message.venue_order_id == "281480000000100"


@pytest.mark.parametrize(
    ("fields", "microseconds"),
    [
        ({}, 1790000000123456),
        ({"transaction_time": 0}, 1790000000000000),
        ({"transaction_time": ...}, 1790000000000000),
        ({"transaction_time": "soon"}, 1790000000000000),
        ({"updated_at": 1790000004321}, 1790000004321000),
        ({"updated_at": 1790000001}, 1790000001000000),
        ({"updated_at": 1790000000122}, 1790000000123456),
        ({"updated_at": 1790000000, "timestamp": 1790000009}, 1790000000123456),
        ({"transaction_time": ..., "updated_at": 1790000004321}, 1790000004321000),
        ({"transaction_time": ..., "updated_at": "1790000004321"}, 1790000004321000),
        ({"transaction_time": ..., "updated_at": 1790000004321000}, 1790000004321000),
        ({"transaction_time": ..., "updated_at": 1790000004321000999}, 1790000004321000),
        ({"transaction_time": ..., "updated_at": 0, "timestamp": 1790000009}, 1790000009000000),
        ({"transaction_time": ..., "updated_at": None, "timestamp": ...}, 1790000000000000),
    ],
)
def test_the_time_is_told_by_its_magnitude(fields: dict[str, Any], microseconds: int) -> None:
    assert only({"orders": [order(**fields)]}).at == moment(microseconds)


def test_one_row_in_seconds_and_in_milliseconds_is_one_fact() -> None:
    seconds = order(timestamp=1790000000, created_at=1790000000, updated_at=1790000000)
    milliseconds = order(
        timestamp=1790000000000, created_at=1790000000000, updated_at=1790000000000
    )
    for transaction_time in (1790000000123456, 0):
        rows = [{**row, "transaction_time": transaction_time} for row in (seconds, milliseconds)]
        assert shown(only({"orders": rows[:1]})) == shown(only({"orders": rows[1:]}))


@pytest.mark.parametrize(
    ("base", "quote", "average_price"),
    [
        ("0.2000", "500.000000", "2500.00"),
        ("0.4000", "1000.500000", "2501.25"),
        ("0.3000", "1000.000000", None),
        ("0.0000", "0.000000", None),
        ("0.2000", None, None),
        ("0.2000", "500.000001", None),
    ],
)
def test_an_average_price_is_claimed_where_it_comes_out_even(
    base: str, quote: str | None, average_price: str | None
) -> None:
    row = order(filled_base_amount=base, filled_quote_amount=quote)
    assert shown(only({"orders": [row]}))["reported"].get("average_price") == average_price


def test_an_unknown_market_has_a_stable_name_and_loses_no_order() -> None:
    told = shown(only({"orders": {"7": [order(market_index=7)]}}))
    assert told["instrument"] == "lighter:market:7"
    assert (
        shown(only({"orders": {"7": [order(market_index=...)]}}))["instrument"]
        == "lighter:market:7"
    )
    assert "instrument" not in shown(only({"orders": [order(market_index=255)]}))


def test_an_order_of_another_account_is_none_of_ours() -> None:
    assert read({"orders": [order(owner_account_index=99)]}).messages == ()
    assert read({"orders": [order(owner_account_index=...)]}).messages != ()


def reports(messages: Any) -> list[Report]:
    return [message for message in messages if isinstance(message, Report)]
