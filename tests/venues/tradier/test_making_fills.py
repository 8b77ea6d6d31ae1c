"""Fills derived from cumulative quantities: how many, at what price, under which id, and that none
counts twice."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderledger import Fill, Ledger
from orderledger.domain.exact import ZERO, plain, total
from orderledger.venues.tradier.context import TradierMemory
from tests.venues.tradier.payloads import Book, a_book, event, filled_row, orders, read_alone, row


def test_a_growing_quantity_is_a_fill_of_what_it_has_grown_by() -> None:
    with a_book() as book:
        book.request()
        book.tell(
            orders(row()),
            orders(filled_row(4, "500.2", (4, "500.2"))),
            orders(filled_row(10, "500.22", (6, "500.2333"))),
        )
        assert book.fills() == [
            ("900101:4", "SPY", "buy", "4", "500.2"),
            ("900101:10", "SPY", "buy", "6", "500.2333"),
        ]
        assert (book.order()["status"], book.order()["anomalies"]) == ("filled", [])


def test_the_last_execution_has_the_last_price_and_several_have_what_the_average_leaves() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(filled_row(4, "500.2", (4, "500.2"))))
        book.tell(orders(filled_row(10, "500.23", (1, "500.9"))))
        assert book.fills()[1] == (
            "900101:10",
            "SPY",
            "buy",
            "6",
            "500.25",
        )  # (500.23 * 10 - 500.2 * 4) / 6
        assert book.order()["average_price"] == Decimal("500.23")


def test_a_price_that_does_not_end_is_rounded_half_even_to_28_digits() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(filled_row(4, "500.2")), orders(filled_row(7, "500.21", (1, "1"))))
        assert book.fills()[1] == ("900101:7", "SPY", "buy", "3", "500.2233333333333333333333333")
        assert book.order()["anomalies"] == []


def test_a_tiny_price_has_no_more_than_28_places() -> None:
    with a_book() as book:
        book.request(quantity="9")
        book.tell(orders(filled_row(2, "0.01")), orders(filled_row(9, "0.00333333")))
        (_, _, _, quantity, price) = book.fills()[1]
        assert (quantity, price) == ("7", "0.0014285671428571428571428571")


def test_the_same_numbers_read_again_are_the_same_fill() -> None:
    with a_book() as book:
        book.request()
        first, again = orders(filled_row(4, "500.2")), orders(filled_row(4, "500.2", at=7))
        assert book.tell(first) == ["recorded", "recorded"]
        assert [message.type for message in book.read(again)] == ["acknowledged"]
        assert read_alone(first) == read_alone(first)
        for message in read_alone(again)[:1]:
            assert book.ledger.record(message).outcome == "duplicate"


def test_a_reader_that_has_forgotten_everything_goes_on_from_the_ledgers_own_fills(
    tmp_path: Any,
) -> None:
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
        book = Book(ledger)
        book.request()
        book.tell(orders(filled_row(4, "500.2")))
    with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
        book = Book(ledger)
        book.tell(orders(filled_row(4, "500.2")), orders(filled_row(10, "500.23")))
        assert book.fills() == [
            ("900101:4", "SPY", "buy", "4", "500.2"),
            ("900101:10", "SPY", "buy", "6", "500.25"),
        ]


def test_a_fill_that_was_told_and_not_yet_recorded_is_told_again_and_not_twice() -> None:
    with a_book() as book:
        book.request()
        memory = TradierMemory()
        slow = book.translate(orders(filled_row(4, "500.2")), memory)
        quick = book.translate(orders(filled_row(10, "500.23")), memory)
        fills = [message for message in quick.messages if isinstance(message, Fill)]
        assert [(fill.fill_id, str(fill.quantity)) for fill in fills] == [
            ("900101:4", "4"),
            ("900101:10", "6"),
        ]
        for message in (*quick.messages, *slow.messages):
            book.ledger.record(message)
        assert book.positions() == {"SPY": "10"}
        later = book.translate(orders(filled_row(10, "500.23", at=9)), memory)
        assert [message.type for message in later.messages] == ["status_observed"]


def test_a_correction_that_was_told_and_not_yet_recorded_counts_once() -> None:
    with a_book() as book:
        book.request()
        memory = TradierMemory()
        wrong = book.translate(orders(filled_row(10, "500.2")), memory).messages
        right = book.translate(orders(filled_row(10, "500.3")), memory).messages
        assert [message.type for message in right] == ["fill", "fill_corrected", "status_observed"]
        for message in (*wrong, *right):
            book.ledger.record(message)
        again = book.translate(orders(filled_row(10, "500.3", at=5)), memory).messages
        assert [message.type for message in again] == ["status_observed"]
        assert book.fills() == [("900101:10@500.3", "SPY", "buy", "10", "500.3")]


def test_a_fill_is_held_until_it_has_a_price() -> None:
    with a_book() as book:
        book.request()
        bare = orders(filled_row(10, 0) | {"exec_quantity": 0})
        assert list(book.translate(bare).questions) == ["900101"]
        book.tell(bare)
        assert (book.fills(), book.order()["anomalies"]) == ([], ["status_conflict"])
        unpriced = orders(filled_row(10, "0.0"))
        assert list(book.translate(unpriced).questions) == ["900101"]
        book.tell(unpriced)
        assert book.fills() == []
        assert book.order()["anomalies"] == ["quantity_mismatch", "status_conflict"]
        book.tell(orders(filled_row(10, "500.2")))
        assert book.fills() == [("900101:10", "SPY", "buy", "10", "500.2")]
        assert (book.order()["status"], book.order()["anomalies"]) == ("filled", [])


@pytest.mark.parametrize("status", ["canceled", "expired"])
@pytest.mark.parametrize("lacking", [{"avg_fill_price": 0}, {"symbol": ""}, {"side": ""}])
def test_what_was_left_beside_an_unreportable_fill_is_not_held_against_the_end_that_reports_it(
    lacking: dict[str, Any], status: str
) -> None:
    with a_book() as book:
        book.request()
        book.tell(orders({**filled_row(4, "500.2"), **lacking}))
        assert (book.fills(), book.order()["anomalies"]) == ([], ["quantity_mismatch"])
        book.tell(orders({**filled_row(4, "500.2", at=3), "status": status}))
        assert (
            book.order()["status"],
            book.order()["cum_quantity"],
            book.order()["anomalies"],
        ) == (status, 4, [])


def test_a_quantity_that_falls_takes_no_fill_back_and_is_shown() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(filled_row(10, "500.2")), orders(filled_row(4, "500.2", at=5)))
        assert book.fills() == [("900101:10", "SPY", "buy", "10", "500.2")]
        assert book.order()["anomalies"] == ["quantity_mismatch"]
        assert str(book.order()["reported_cum_quantity"]) == "4"


def test_an_operator_who_busts_a_fill_is_not_overruled_by_the_next_poll() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(filled_row(10, "500.2")))
        book.record("fill_busted", venue_order_id="900101", fill_id="900101:10")
        book.tell(orders(filled_row(10, "500.2", at=5)))
        assert book.fills() == []
        assert "quantity_mismatch" in book.order()["anomalies"]


def test_fills_that_came_from_elsewhere_count_as_what_was_filled_before() -> None:
    with a_book() as book:
        elsewhere = {
            "venue_order_id": "900101",
            "fill_id": "statement-7",
            "instrument": "SPY",
            "side": "buy",
        }
        book.request()
        book.tell(orders(row()))
        book.record("fill", **elsewhere, quantity="4", price="500.2", at="2026-05-04T13:30:01Z")
        book.tell(orders(filled_row(10, "500.23")))
        assert book.fills() == [
            ("statement-7", "SPY", "buy", "4", "500.2"),
            ("900101:10", "SPY", "buy", "6", "500.25"),
        ]


def test_numbers_that_do_not_belong_together_make_no_fill() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(filled_row(4, "500.2")), orders(filled_row(10, "1.5")))
        assert book.fills() == [("900101:4", "SPY", "buy", "4", "500.2")]
        assert "quantity_mismatch" in book.order()["anomalies"]


def test_a_fill_without_a_price_by_rounded_averages_is_booked_at_the_last_price_and_marked() -> (
    None
):
    """The average of a thousand at 10.005 is told as 10.01, and that of one more, at 5, as
    10.00."""
    with a_book() as book:
        book.request(quantity="2000")
        told = {
            "exec_quantity": 1000,
            "avg_fill_price": "10.01",
            "quantity": 2000,
            "remaining_quantity": 1000,
        }
        more = {**told, "exec_quantity": 1001, "avg_fill_price": "10.00", "remaining_quantity": 999}
        last = {"last_fill_price": 5, "last_fill_quantity": "0.5"}
        book.tell(
            orders(row(**told, status="partially_filled")),
            orders(row(**more, **last, status="partially_filled")),
        )
        book.tell(orders(row(**more, **last, status="partially_filled")))
        assert book.fills()[1] == ("900101:1001", "SPY", "buy", "1", "5")
        assert (book.order()["cum_quantity"], book.positions(), book.order()["anomalies"]) == (
            1001,
            {"SPY": "1001"},
            [],
        )
        marked = [event for event in book.ledger.events() if event["name"] == "fill_recorded.v1"][
            -1
        ]
        assert (marked["payload"]["reason"], marked["evidence"]["last_fill_price"]) == (
            "price_not_derived",
            5,
        )
        beside = "no price above 0 follows from the average prices, so the fill is booked at 5"
        assert marked["text"] == f"derived from cumulative quantities: 1000, then 1001; {beside}"


@pytest.mark.parametrize(("last", "price"), [(0, "10"), ("5.5", "5.5")])
def test_without_a_last_price_such_a_fill_is_booked_at_the_average(last: Any, price: str) -> None:
    with a_book() as book:
        told = {
            "exec_quantity": 1000,
            "avg_fill_price": "10.01",
            "quantity": 2000,
            "remaining_quantity": 1000,
        }
        more = {
            **told,
            "exec_quantity": 1001,
            "avg_fill_price": "10.00",
            "remaining_quantity": 999,
            "last_fill_price": last,
        }
        book.tell(orders(row(**told)), orders(row(**more)))
        assert book.fills()[1] == ("900101:1001", "SPY", "buy", "1", price)


def test_numbers_that_no_rounding_explains_make_a_fill_at_the_last_price() -> None:
    with a_book() as book:
        book.tell(orders(filled_row(4, "500.2")), orders(filled_row(10, "1.5", (1, "500.3"))))
        assert book.fills()[1] == ("900101:10", "SPY", "buy", "6", "500.3")
        book.tell(orders(filled_row(10, "500.32", (1, "500.3"), at=9)))
        assert book.fills()[1] == ("900101:10@500.32", "SPY", "buy", "6", "500.4")
        assert book.positions() == {"SPY": "10"}


def test_an_average_that_comes_after_its_quantity_corrects_the_fill() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(filled_row(4, "500.2")))
        book.tell(orders(filled_row(10, "500.2", at=9)))  # the average of the first four still
        assert book.fills()[1] == ("900101:10", "SPY", "buy", "6", "500.2")
        better = orders(filled_row(10, "500.23", at=9))
        book.tell(better, better)
        assert book.fills() == [
            ("900101:4", "SPY", "buy", "4", "500.2"),
            ("900101:10@500.23", "SPY", "buy", "6", "500.25"),
        ]
        assert (book.order()["average_price"], book.order()["anomalies"]) == (Decimal("500.23"), [])


def test_an_average_of_before_corrects_nothing() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(filled_row(10, "500.2", at=9)), orders(filled_row(10, "500.23", at=9)))
        book.tell(orders(filled_row(10, "500.9", at=8)), orders(filled_row(10, "500.2", at=9)))
        assert book.fills() == [("900101:10@500.23", "SPY", "buy", "10", "500.23")]


def test_a_correction_is_corrected_by_what_comes_later() -> None:
    with a_book() as book:
        book.request()
        book.tell(
            *(
                orders(filled_row(10, price, at=at))
                for price, at in (("500.2", 3), ("500.3", 3), ("500.2", 4), ("500.4", 5))
            )
        )
        assert [(fill_id, price) for fill_id, _, _, _, price in book.fills()] == [
            ("900101:10@500.3@500.2@500.4", "500.4")
        ]
        assert book.positions() == {"SPY": "10"}


def test_the_price_of_the_last_execution_is_better_evidence_than_an_average() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(filled_row(4, "500.2", (4, "500.2"))))
        stale_average = orders(filled_row(10, "500.2", (6, "500.25"), at=9))
        book.tell(stale_average, stale_average)
        assert book.fills()[1] == ("900101:10", "SPY", "buy", "6", "500.25")


def test_a_rounded_average_corrects_nothing() -> None:
    with a_book() as book:
        book.request()
        book.tell(
            orders(filled_row(3, "500.2333", (3, "500.2333"))),
            orders(filled_row(10, "500.3", (7, "500.33"), at=4)),
        )
        assert [fill_id for fill_id, *_ in book.fills()] == ["900101:3", "900101:10"]


def test_an_event_of_the_stream_is_never_a_fill_but_a_question() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(row()))
        translation = book.translate(
            event(status="filled", exec_quantity=10, avg_fill_price="500.22", last_fill_quantity=6)
        )
        assert [message.type for message in translation.messages] == ["status_observed"]
        assert list(translation.questions) == ["900101"]
        (message,) = translation.messages
        assert (message.source, message.instrument, message.side) == ("venue_push", None, None)


def test_an_event_that_is_no_news_asks_nothing() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(row()))
        assert list(book.translate(event(status="open")).questions) == []


def test_events_out_of_order_do_not_move_an_order_back() -> None:
    with a_book() as book:
        book.request()
        memory = TradierMemory()
        for said in (
            event(
                status="filled",
                exec_quantity=10,
                avg_fill_price="500.22",
                transaction_date="2026-05-04T13:30:09Z",
            ),
            event(status="open", transaction_date="2026-05-04T13:30:09Z"),
            event(status="pending", transaction_date="2026-05-04T13:30:00.100Z"),
        ):
            for message in book.translate(said, memory).messages:
                book.ledger.record(message)
        book.tell(orders(filled_row(10, "500.22", at=9)))
        assert (book.order()["status"], book.order()["anomalies"]) == ("filled", [])


EXECUTIONS = st.lists(
    st.tuples(
        st.integers(1, 40), st.decimals("0.01", "999", places=4), st.booleans(), st.booleans()
    ),
    min_size=1,
    max_size=8,
)


def test_numbers_that_come_late_take_nothing_back() -> None:
    with a_book() as book:
        book.request()
        memory = TradierMemory()
        late: dict[str, Any] = {
            "status": "partially_filled",
            "exec_quantity": 4,
            "avg_fill_price": "499",
            "transaction_date": "2026-05-04T13:30:09Z",
        }
        for said in (
            orders(filled_row(10, "500.22", at=9)),
            event(**late),
            orders(row(**late, remaining_quantity=6)),
        ):
            for message in book.translate(said, memory).messages:
                book.ledger.record(message)
        assert (book.order()["status"], book.order()["anomalies"]) == ("filled", [])


@pytest.mark.slow
@settings(max_examples=60)
@given(executions=EXECUTIONS)
def test_whatever_is_polled_of_an_order_the_position_and_its_cost_are_right(
    executions: list[tuple[int, Decimal, bool, bool]],
) -> None:
    """Executions are polled or not, the poll is read once or twice; the average is told to eight
    places."""
    with a_book() as book:
        asked = sum(quantity for quantity, *_ in executions)
        book.request(quantity=str(asked), order_type="market", limit_price=None)
        filled, notional = ZERO, ZERO
        for at, (quantity, price, is_polled, is_read_twice) in enumerate(executions, 1):
            filled, notional = filled + quantity, notional + quantity * price
            average = plain((notional / filled).quantize(Decimal("1e-8")))
            said = row(
                type="market",
                price=None,
                quantity=asked,
                exec_quantity=plain(filled),
                avg_fill_price=average,
                last_fill_quantity=quantity,
                last_fill_price=plain(price),
                remaining_quantity=plain(asked - filled),
                transaction_date=f"2026-05-04T13:30:{at:02}.000Z",
            )
            said["status"] = "filled" if filled == asked else "partially_filled"
            for _ in range((1 + is_read_twice) if is_polled or at == len(executions) else 0):
                book.tell(orders(said))
        (held,) = book.ledger.positions()
        assert held["position_quantity"] == asked
        assert abs(held["average_open_price"] * asked - notional) <= Decimal("1e-8") * asked * len(  # type: ignore[operator]
            executions
        )
        assert (book.order()["status"], book.order()["anomalies"]) == ("filled", [])
        assert total(fill["quantity"] for fill in book.ledger.trades()) == asked
