"""Every status word, and words that are none."""

from typing import Any

import pytest

from orderledger.venues.hyperliquid.recording import from_recorded
from orderledger.venues.hyperliquid.vocabulary import STATUSES, Meaning, meaning_of
from tests.venues.hyperliquid.payloads import (
    ACCOUNT,
    T,
    fill,
    heard,
    listed,
    only_order_after,
    open_orders,
    order_updates,
    reported,
    said,
    user_fills,
)

BY_VENUE = [word for word, meaning in STATUSES.items() if meaning is Meaning.CANCELED_BY_VENUE]
REJECTED = [word for word, meaning in STATUSES.items() if meaning is Meaning.REJECTED]


def told(status: str, **fields: Any) -> list[dict[str, Any]]:
    return [
        said(message)
        for message in from_recorded(order_updates(reported(status, T + 9000, **fields)), ACCOUNT)
    ]


def types_of(status: str, **fields: Any) -> list[tuple[str, str | None]]:
    return [(message["type"], message.get("reason")) for message in told(status, **fields)]


def test_all_words_of_the_documentation_are_known() -> None:
    assert (len(STATUSES), len(BY_VENUE), len(REJECTED)) == (35, 11, 18)


@pytest.mark.parametrize("word", ["open", "accepted"])
def test_open_is_an_acknowledgement(word: str) -> None:
    (message,) = told(word)
    assert (message["type"], message["reported"]["status"]) == ("acknowledged", "new")


def test_open_and_partly_filled_says_how_much() -> None:
    (message,) = told("open", sz="0.7")
    claims = message["reported"]
    assert (claims["status"], claims["quantity"], claims["cum_quantity"],
    claims["leaves_quantity"]) == (
        "partially_filled", "1.2", "0.5", "0.7",
    )  # fmt: skip


def test_open_and_partly_filled_since_it_was_made_does_not_say_by_when_so_much_was_filled() -> None:
    """The time may be that of the order and the size that of now: a claim so dated would contradict
    the fills."""
    frames = [order_updates(reported("open", T, sz="0.7")), user_fills(fill())]
    (message, _) = heard(frames).messages
    assert said(message)["reported"] == {
        "status": "partially_filled",
        "quantity": "1.2",
        "limit_price": "2500.5",
    }
    assert only_order_after(heard(frames).messages)["anomalies"] == ["unknown_order"]


@pytest.mark.parametrize("word", ["canceled", *BY_VENUE, "somethingNewCanceled"])
@pytest.mark.parametrize("size", ["1.2", "0.7"])
def test_a_cancel_ends_the_order_for_the_reason_that_the_venue_gives(word: str, size: str) -> None:
    assert types_of(word, sz=size) == [("canceled", word)]
    assert types_of(word, sz=size, cloid=...) == [("canceled", word)]


@pytest.mark.parametrize("word", [*REJECTED, "somethingNewRejected"])
def test_a_refusal_is_a_reject_unless_something_was_filled(word: str) -> None:
    assert types_of(word) == [("rejected", word)]
    assert types_of(word, sz="0.7") == [("canceled", word)]


def test_an_immediate_order_that_matched_nothing_expired() -> None:
    assert types_of("iocCancelRejected") == [("expired", "iocCancelRejected")]
    assert types_of("iocCancelRejected", sz="0.7") == [("canceled", "iocCancelRejected")]


def test_filled_is_a_status_and_never_a_fill() -> None:
    (message,) = told("filled", sz="0.0")
    assert (message["type"], message["status"], message["reported"]["cum_quantity"]) == (
        "status_observed",
        "filled",
        "1.2",
    )


def test_filled_with_all_of_it_left_claims_no_quantity_filled() -> None:
    (message,) = told("filled", sz="1.2")
    assert (message["type"], message["status"]) == ("status_observed", "filled")
    assert "cum_quantity" not in message["reported"]


def test_filled_with_something_left_ends_as_its_fills_say() -> None:
    assert types_of("filled", sz="0.7") == [("canceled", "filled")]
    row = only_order_after(
        heard([order_updates(reported("filled", T + 9000, sz="0.7")), user_fills(fill())]).messages
    )
    assert (row["status"], row["cum_quantity"] == row["reported_cum_quantity"],
    row["anomalies"]) == (
        "canceled", True, ["unknown_order"],
    )  # fmt: skip


def test_triggered_is_a_trigger() -> None:
    assert [(message["type"], message["reported"]["status"]) for message in told("triggered")] == [
        ("triggered", "new")
    ]


@pytest.mark.parametrize(
    "word", ["frobnicated", "CANCELED", "Open", "cancelled", "canceledNot", "scheduledCancelling"]
)
def test_a_word_that_nobody_knows_is_passed_on_and_the_order_stays_open(word: str) -> None:
    (message,) = told(word)
    assert (message["type"], message["status"]) == ("status_observed", word)
    frames = [order_updates(reported("open")), order_updates(reported(word, T + 9000))]
    row = only_order_after(heard(frames).messages)
    assert (row["is_open"], row["status"], row["anomalies"]) == (
        True,
        "new",
        ["unknown_order", "unknown_status"],
    )


def test_no_word_and_a_word_that_is_no_text_are_faults() -> None:
    for word in (None, "", 7, ["open"], {"open": 1}, True):
        frame = order_updates(reported(word), reported("open"))
        found = heard([frame])
        assert ([message.type for message in found.messages], len(found.faults)) == (
            ["acknowledged"],
            1,
        )


def test_every_word_that_ends_with_a_known_suffix_has_a_meaning() -> None:
    assert meaning_of("xCanceled") is Meaning.CANCELED_BY_VENUE
    assert meaning_of("xRejected") is Meaning.REJECTED
    assert meaning_of("iocCancelRejected") is Meaning.UNMATCHED
    assert meaning_of("x") is Meaning.UNKNOWN


def test_a_list_without_original_size_says_nothing_of_quantities() -> None:
    (message,) = from_recorded(open_orders(listed(origSz=..., sz="0.7")), ACCOUNT)
    assert said(message)["reported"] == {
        "status": "new",
        "limit_price": "2500.5",
        "order_type": "limit",
        "time_in_force": "gtc",
        "post_only": False,
        "reduce_only": False,
    }
