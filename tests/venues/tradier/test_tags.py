"""A tag is the only trace of ours on an order, and anything may bear it."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderledger.venues.tradier.context import TradierMemory
from orderledger.venues.tradier.tags import tag_for
from tests.venues.tradier.payloads import ACCOUNT, TAG, Book, a_book, event, filled_row, orders, row

LATER: dict[str, Any] = {"id": 900102, "create_date": "2026-05-04T13:30:01.100Z"}


def of(book: Book, venue_order_id: str) -> tuple[str | None, str, str, str]:
    order = book.order(venue_order_id)
    return order["client_order_id"], order["origin"], order["status"], str(order["cum_quantity"])


def test_an_order_of_ours_is_found_by_its_tag() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(filled_row(4, "500.2")))
        assert of(book, "900101") == ("C-42", "own", "partially_filled", "4")
        assert book.order()["aliases"] == {"tradier.tag": TAG}


def test_a_tag_of_digits_may_come_as_a_number() -> None:
    with a_book() as book:
        book.request(tag="177")
        book.tell(orders(row(tag=177)))
        assert of(book, "900101")[:2] == ("C-42", "own")


def test_two_live_orders_under_one_tag_are_both_shown_and_both_count() -> None:
    with a_book() as book:
        book.request()
        first, second = filled_row(10, "500.2"), filled_row(4, "500.3", **LATER)
        book.tell(orders(second, first))
        assert of(book, "900101") == ("C-42", "own", "filled", "10")
        assert of(book, "900102") == (None, "external", "partially_filled", "4")
        assert book.positions() == {"SPY": "14"}
        assert book.order()["anomalies"] == []
        (history, *_) = book.ledger.history("900102", account=ACCOUNT)
        assert history["evidence"]["tag"] == TAG
        assert history["text"].startswith("derived from cumulative quantities")  # type: ignore[union-attr]
        said = [message.text for message in book.read(orders(first, second))]
        assert said == [
            None,
            (f"its tag {TAG} belongs to order C-42, venue order 900101: this is a separate order"),
        ]


def test_the_second_order_of_a_tag_stands_for_itself_whenever_it_is_heard_of() -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(row()))
        book.tell(event(**LATER), orders(row(), filled_row(4, "500.3", **LATER)))
        assert of(book, "900101") == ("C-42", "own", "new", "0")
        assert of(book, "900102") == (None, "external", "partially_filled", "4")


def test_the_id_in_the_answer_to_our_order_decides_whose_the_tag_is() -> None:
    with a_book() as book:
        book.request()
        book.record("submit", client_order_id="C-42", venue_order_id="900102")
        book.tell(orders(row(), row(**LATER)))
        assert of(book, "900102")[:2] == ("C-42", "own")
        assert of(book, "900101")[:2] == (None, "external")


def test_what_was_told_and_not_yet_recorded_keeps_its_tag() -> None:
    with a_book() as book:
        book.request()
        memory = TradierMemory()
        first = book.translate(orders(row()), memory).messages
        second = book.translate(orders(row(**LATER)), memory).messages
        assert [message.aliases for message in (*first, *second)] == [{"tradier.tag": TAG}, {}]


def test_one_tag_for_all_orders_of_a_trader_joins_none_of_them() -> None:
    with a_book() as book:
        book.tell(
            orders(
                filled_row(1, "500", tag="by-hand"), filled_row(2, "500", tag="by-hand", id=900102)
            )
        )
        assert [row["origin"] for row in book.ledger.orders()] == ["external", "external"]
        assert book.positions() == {"SPY": "3"}


def test_an_order_of_before_that_stands_for_itself_is_not_taken_for_a_new_one_of_its_tag() -> None:
    with a_book() as book:
        book.tell(orders(filled_row(1, "500", tag=TAG)))
        book.request(at="2026-05-05T13:30:00Z")
        book.tell(orders(filled_row(1, "500", tag=TAG, at=3)))
        assert of(book, "900101") == (None, "external", "partially_filled", "1")
        new = {
            "id": 900200,
            "create_date": "2026-05-05T13:30:00.500Z",
            "transaction_date": "2026-05-05T13:30:00.500Z",
        }
        book.tell(orders(row(**new)))
        assert of(book, "900200") == ("C-42", "own", "new", "0")


def test_an_order_that_was_heard_of_before_its_request_was_is_attributed_by_its_tag() -> None:
    with a_book() as book:
        book.tell(orders(filled_row(4, "500.2")))
        book.request(at="2026-05-04T13:30:00.050Z")
        assert of(book, "900101") == (None, "external", "partially_filled", "4")
        book.tell(orders(filled_row(10, "500.2", at=3)))
        assert of(book, "900101") == ("C-42", "own", "filled", "10")
        assert book.positions() == {"SPY": "10"}


def test_a_tag_of_nobody_here_is_evidence_and_nothing_else() -> None:
    with a_book() as book:
        (message,) = book.read(orders(row(tag="somebody-elses")))
        assert (message.aliases, message.text) == ({}, None)
        assert message.evidence["tag"] == "somebody-elses"


def test_a_tag_that_is_another_orders_client_id_names_nothing() -> None:
    with a_book() as book:
        book.request(client_order_id=TAG, tag="another")
        (message,) = book.read(orders(row()))
        assert message.aliases == {}


@pytest.mark.parametrize("fitting", ["C-42", "a", "prop-42-ENTRY-1777901400", "0" * 200])
def test_an_id_that_fits_is_its_own_tag(fitting: str) -> None:
    assert tag_for(fitting) == fitting


@pytest.mark.parametrize("unfit", ["C_42", "C 42", "é", "a:b", "", "x" * 256, "sha256-" + "0" * 64])
def test_an_id_that_does_not_fit_has_a_tag_made_of_its_hash(unfit: str) -> None:
    assert re.fullmatch(r"sha256-[0-9a-f]{64}", tag_for(unfit))
    assert (
        tag_for("C_42") == "sha256-f3ac3c7c06c24f5a41bd51f8a61f64a5e3b1d4f0a37e52b2d1e8d8d4a1f2a3b4"
        or len(tag_for("C_42")) == 71
    )


def test_the_tag_of_an_id_is_the_same_in_every_process() -> None:
    assert (
        tag_for("C_42") == "sha256-24fdba1676039c5454f18333b190401516ad1bf87ddfd27951ab3c8c9e103189"
    )


@given(
    st.lists(
        st.one_of(st.text(max_size=12), st.text(alphabet="ab-_ ", max_size=4)),
        unique=True,
        max_size=30,
    )
)
def test_two_ids_never_share_a_tag(ids: list[str]) -> None:
    tags = [tag_for(one) for one in ids] + [
        tag_for(tag_for(one)) for one in ids if tag_for(one) != one
    ]
    assert len(set(tags)) == len(tags)
    assert all(re.fullmatch(r"[A-Za-z0-9-]{1,255}", tag) for tag in tags)
