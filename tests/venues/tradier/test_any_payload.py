"""Whatever a payload holds: nothing is raised, what is sound in it counts, and what is said can be
recorded."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderledger.venues.tradier.vocabulary import (
    DURATIONS,
    ORDER_TYPES,
    SIDES,
    STATUSES,
)
from tests.venues.tradier.payloads import (
    BUY_PUT,
    SELL_PUT,
    a_book,
    event,
    filled_row,
    leg,
    orders,
    row,
    spread,
)

NUMBERS = st.one_of(
    st.integers(-5, 20),
    st.decimals(-10, 1000, places=2),
    st.floats(),
    st.decimals(allow_nan=True),
    st.integers(10**27, 10**40),
)
WORDS = st.sampled_from(
    [
        *STATUSES,
        *SIDES,
        *ORDER_TYPES,
        *DURATIONS,
        "equity",
        "multileg",
        "otoco",
        "null",
        "\x00",
        "\ud800",
    ]
)
TIMES = st.sampled_from(
    [
        "2026-05-04T13:30:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "noon",
        1777901400000,
    ]
)
PLAIN = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS, TIMES, st.text(max_size=8))
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
)
DOCUMENTS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("orders", "order", "positions", "event"), ANYTHING)
)
FIELDS = sorted(
    {*row(), *event(), "leg", "option_symbol", "parent_id", "reason_description", "num_legs"}
)
CHANGES = st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=5)
BASES = st.sampled_from(
    [
        row(),
        filled_row(4, "500.2"),
        filled_row(10, "500.2", (6, "500.3")),
        spread(
            "filled",
            leg(900111, SELL_PUT, "sell_to_open", 1, "2.6"),
            leg(900112, BUY_PUT, "buy_to_open", 1, "1.5"),
        ),
    ]
)
GOOD = filled_row(4, "500.2", id=900190, tag="left out")


@pytest.mark.slow
@settings(max_examples=60)
@given(base=BASES, changes=CHANGES, leg_changes=CHANGES)
def test_a_row_of_anything_costs_the_row_beside_it_nothing(
    base: dict[str, Any], changes: Any, leg_changes: Any
) -> None:
    spoiled = {**base, **changes}
    if (
        isinstance(spoiled.get("leg"), list)
        and spoiled["leg"]
        and isinstance(spoiled["leg"][0], dict)
    ):
        spoiled["leg"] = [{**spoiled["leg"][0], **leg_changes}, *spoiled["leg"][1:]]
    with a_book() as book:
        book.request()
        translation = book.translate(orders(spoiled, GOOD))
        for message in translation.messages:
            assert book.ledger.record(message).outcome in ("recorded", "duplicate")
        assert ("900190:4", "SPY", "buy", "4", "500.2") in book.fills()
        for fill in book.ledger.trades():
            assert fill["quantity"] > 0 and fill["price"] > 0
        told_again = [
            book.ledger.record(message).outcome
            for message in book.translate(orders(spoiled, GOOD)).messages
        ]
        assert set(told_again) <= {"duplicate"}


@pytest.mark.slow
@settings(max_examples=60)
@given(changes=CHANGES)
def test_an_event_of_anything_is_told_or_is_a_fault(changes: Any) -> None:
    with a_book() as book:
        book.request()
        book.tell(orders(filled_row(4, "500.2")))
        translation = book.translate({**event(), **changes, "event": "order"})
        assert translation.messages or translation.faults or translation.questions
        for message in translation.messages:
            assert message.type != "fill"
            assert book.ledger.record(message).outcome in ("recorded", "duplicate")
        assert [fill_id for fill_id, *_ in book.fills()] == ["900101:4"]


@settings(max_examples=60)
@given(
    document=st.one_of(
        ANYTHING,
        st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("orders", "order", "positions", "event"), ANYTHING)
        ),
    )
)
def test_a_document_of_anything_is_read(document: Any) -> None:
    with a_book() as book:
        for message in book.translate(document).messages:
            book.ledger.record(message)
        assert book.read(document) == book.read(document)


def test_a_document_with_numbers_of_any_length_is_read() -> None:
    with a_book() as book:
        text = json.dumps(orders(row(quantity="Q"))).replace('"Q"', "1" * 4000)
        translation = book.translate(json.loads(text, parse_float=Decimal))
        assert [fault.fault for fault in translation.faults] == [
            "quantity has more than 28 digits before or after the point"
        ]


def test_an_id_of_any_length_costs_its_own_row() -> None:
    with a_book() as book:
        for name in ("7" * 5000, int("7" * 400)):
            translation = book.translate(orders(row(id=name), GOOD))
            assert [fault.fault for fault in translation.faults] == ["id is not an id"]
            assert [message.venue_order_id for message in translation.messages] == [
                "900190",
                "900190",
            ]


@pytest.mark.parametrize("tag", ["\x00", "a\nb"])
def test_a_tag_that_cannot_be_printed_is_told_and_the_rest_of_its_row_counts(tag: str) -> None:
    with a_book() as book:
        translation = book.translate(orders(row(tag=tag)))
        assert [fault.fault for fault in translation.faults] == [
            "tag has characters that cannot be printed"
        ]
        assert [(message.type, message.aliases) for message in translation.messages] == [
            ("acknowledge", {})
        ]
        assert book.ledger.record(translation.messages[0]).outcome == "recorded"
