"""What the ledger knows already: one fact in two units stays one fact, new terms are seen, names
stay."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from orderledger import Ledger, RequestReplace
from orderledger.infrastructure.messages.registry import Message
from orderledger.venues.lighter.context import LighterContext
from orderledger.venues.lighter.markets import Markets
from orderledger.venues.lighter.settling import settled
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.lighter.rows import (
    ACCOUNT,
    INDEX,
    MARKETS,
    moment,
    order,
    read,
    request,
    shown,
    trade,
)

EXACT = 1790000004123456


def record(ledger: Ledger, *documents: Any, markets: Markets = MARKETS) -> list[tuple[str, str]]:
    """What each message of the documents was, and what came of it."""
    told = []
    for document in documents:
        messages = read(
            document, LighterContext(account=ACCOUNT, account_index=INDEX, markets=markets)
        ).messages
        told += recorded(ledger, settled(messages, ACCOUNT, BookRecords(ledger), markets))
    return told


def recorded(ledger: Ledger, messages: Sequence[Message]) -> list[tuple[str, str]]:
    return [(shown(message)["type"], ledger.record(message).outcome) for message in messages]


def orders(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"code": 200, "orders": list(rows)}


def in_units(row: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """The same row as it is pushed, and as REST gives it, in ms and in s."""
    yield row
    for unit in (1000, 1_000_000):
        time = row["transaction_time"] // unit
        yield {
            **row,
            "transaction_time": ...,
            "timestamp": time,
            "created_at": time,
            "updated_at": time,
        }


ENDS = ["canceled", "canceled-margin-not-allowed", "canceled-expired", "canceled-oco", "filled"]


@pytest.mark.parametrize("status", [*ENDS, "open", "in-progress"])
def test_one_row_in_three_units_is_one_fact(status: str) -> None:
    with Ledger.open("memory://") as ledger:
        outcomes = []
        for row in in_units(order(status=status, transaction_time=EXACT)):
            outcomes += record(
                ledger, orders({name: value for name, value in row.items() if value is not ...})
            )
        assert [outcome for _, outcome in outcomes] == ["recorded", "duplicate", "duplicate"]


def test_a_coarse_end_does_not_come_before_its_own_fills() -> None:
    """The second in which the order was filled and canceled is all that the row tells."""
    coarse = order(
        status="canceled",
        filled_base_amount="0.2000",
        transaction_time=...,
        updated_at=EXACT // 10**6,
    )
    trades = [trade(transaction_time=EXACT)]
    for documents in (
        [{"trades": trades}, orders(coarse)],
        [{"orders": [coarse], "trades": trades}],
    ):
        with Ledger.open("memory://") as ledger:
            assert record(ledger, *documents) == [("fill", "recorded"), ("canceled", "recorded")]
            seen = ledger.order("9001")
            assert (seen["ended_at"], seen["anomalies"]) == (moment(EXACT), ["unknown_order"])


@pytest.mark.parametrize("unit", [1000, 1_000_000])
def test_an_end_that_bears_the_transaction_that_made_the_order_is_dated_when_it_ended(
    unit: int,
) -> None:
    """The venue ended it by itself: `updated_at` alone says when."""
    ended = {
        "status": "canceled-margin-not-allowed",
        "filled_base_amount": "0.2000",
        "transaction_time": EXACT - 90_000_000,
    }
    for trades in ([], [trade(transaction_time=EXACT)]):
        with Ledger.open("memory://") as ledger:
            record(ledger, orders(order(transaction_time=EXACT - 90_000_000)), {"trades": trades})
            record(ledger, orders(order(**ended, updated_at=EXACT // unit)))
            seen = ledger.order("9001")
            expected = moment(EXACT) if trades else moment(EXACT // unit * unit)
            assert (seen["status"], seen["ended_at"]) == ("canceled", expected)
            assert "fill_after_end" not in seen["anomalies"]


def test_a_moment_of_another_second_is_left_alone() -> None:
    with Ledger.open("memory://") as ledger:
        record(ledger, orders(order(transaction_time=EXACT)))
        later = order(status="canceled", transaction_time=..., updated_at=EXACT // 10**6 + 1)
        (message,) = settled(read(orders(later)).messages, ACCOUNT, BookRecords(ledger), MARKETS)
    assert message.at == moment((EXACT // 10**6 + 1) * 10**6)


REQUEST = request("C-1", 9001, at=moment(EXACT) - timedelta(seconds=10))


def test_new_terms_answer_a_replace_that_is_outstanding() -> None:
    after = order(
        transaction_time=EXACT + 10,
        initial_base_amount="0.7000",
        remaining_base_amount="0.7000",
        price="2499.00",
    )
    with Ledger.open("memory://") as ledger:
        ledger.record(REQUEST)
        assert record(ledger, orders(order())) == [("acknowledged", "recorded")]
        ledger.record(
            RequestReplace(
                account=ACCOUNT,
                client_order_id="C-1",
                quantity=Decimal("0.7"),
                limit_price=Decimal(2499),
            )
        )
        assert record(ledger, orders(after)) == [
            ("acknowledged", "recorded"),
            ("replaced", "recorded"),
        ]
        assert record(ledger, orders(after)) == [("acknowledged", "duplicate")]
        seen = ledger.order("C-1")
    assert (seen["quantity"], seen["limit_price"], seen["pending"], seen["anomalies"]) == (
        Decimal("0.7"),
        Decimal(2499),
        None,
        [],
    )


def test_new_terms_that_nobody_here_asked_for_are_a_restatement() -> None:
    after = order(transaction_time=EXACT + 10, price="2499.00")
    with Ledger.open("memory://") as ledger:
        ledger.record(REQUEST)
        record(ledger, orders(order()))
        assert record(ledger, orders(after)) == [
            ("acknowledged", "recorded"),
            ("restated", "recorded"),
        ]
        assert ledger.order("C-1")["limit_price"] == Decimal(2499)


def test_an_end_brings_the_terms_that_were_missed_before_it() -> None:
    for status, kind in (("canceled", "canceled"), ("canceled-expired", "expired")):
        after = order(transaction_time=EXACT + 10, price="2499.00", status=status)
        with Ledger.open("memory://") as ledger:
            ledger.record(REQUEST)
            record(ledger, orders(order()))
            assert record(ledger, orders(after)) == [(kind, "recorded"), ("restated", "recorded")]
            assert record(ledger, orders(after)) == [(kind, "duplicate")]
            assert ledger.order("C-1")["limit_price"] == Decimal(2499)


def test_terms_that_the_venue_took_otherwise_than_requested_stay_a_mismatch_at_first() -> None:
    with Ledger.open("memory://") as ledger:
        ledger.record(REQUEST)
        assert record(
            ledger, orders(order(initial_base_amount="0.4000", remaining_base_amount="0.4000"))
        ) == [("acknowledged", "recorded")]
        assert ledger.order("C-1")["anomalies"] == ["quantity_mismatch"]


def test_an_old_row_does_not_bring_old_terms_back() -> None:
    before = order(transaction_time=EXACT)
    after = order(transaction_time=EXACT + 10, price="2499.00")
    with Ledger.open("memory://") as ledger:
        ledger.record(REQUEST)
        record(ledger, orders(before), orders(after), orders(before))
        assert ledger.order("C-1")["limit_price"] == Decimal(2499)


def test_an_order_keeps_the_name_its_market_had_at_first() -> None:
    """Else its fills would change their instrument when they are read again."""
    with Ledger.open("memory://") as ledger:
        rows = {"orders": [order()], "trades": [trade()]}
        record(ledger, rows, markets=Markets())
        assert record(ledger, rows, markets=MARKETS) == [
            ("fill", "duplicate"),
            ("acknowledged", "duplicate"),
        ]
        assert [row["instrument"] for row in ledger.trades()] == ["lighter:market:0"]


STOP = {"type": "stop-loss", "trigger_price": "2600.00", "trigger_status": "mark-price"}


@pytest.mark.parametrize("requested", [Decimal(2500), None])
def test_the_worst_price_of_a_stop_is_a_limit_price_only_of_an_order_that_has_one(
    requested: Decimal | None,
) -> None:
    before = order(**STOP, status="pending")
    after = order(**STOP, status="pending", transaction_time=EXACT + 10, price="2499.00")
    stop = REQUEST.model_copy(
        update={"order_type": "stop", "stop_price": Decimal(2600), "limit_price": requested}
    )
    with Ledger.open("memory://") as ledger:
        ledger.record(stop)
        record(ledger, orders(before), orders(after))
        seen = ledger.order("C-1")
    assert (seen["limit_price"], seen["anomalies"]) == (requested and Decimal(2499), [])
