"""The sample payloads that stand beside the repository, one after the other into one ledger."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.venues.tradier.payloads import Book, a_book

pytestmark = pytest.mark.shared

SILENT = [
    "fault",
    "orders_none",
    "place_error_list",
    "place_error_single",
    "place_ok",
    "stream_heartbeat",
]
TOLD = ["orders_list_with_multileg", "orders_single_object", "stream_order_event"]


def sample(shared: Path, name: str) -> Any:
    text = (shared / "venues" / "samples" / "tradier" / f"{name}.json").read_text()
    return json.loads(text, parse_float=Decimal)


def told(book: Book, document: Any) -> list[tuple[str, str]]:
    translation = book.translate(document)
    assert list(translation.faults) == []
    for message in translation.messages:
        assert book.ledger.record(message).outcome == "recorded"
    return [
        (message.type, message.venue_order_id)
        for message in translation.messages
        if hasattr(message, "venue_order_id")
    ]


def test_every_sample_is_told_here(shared: Path) -> None:
    assert sorted(
        path.stem for path in (shared / "venues" / "samples" / "tradier").iterdir()
    ) == sorted(SILENT + TOLD)


@pytest.mark.parametrize("name", SILENT)
def test_samples_that_name_no_order_say_nothing(shared: Path, name: str) -> None:
    with a_book() as book:
        assert told(book, sample(shared, name)) == []


def test_the_samples_of_orders_are_two_trades_a_refusal_and_a_question(shared: Path) -> None:
    with a_book() as book:
        book.request(tag="prop-42-ENTRY-1777901400")
        book.request(
            "C-43",
            "prop-43-ENTRY-1777903200",
            instrument="SPY-PUT-SPREAD",
            side="sell",
            quantity="1",
            order_type="other",
        )
        assert told(book, sample(shared, "orders_list_with_multileg")) == [
            ("restated", "900110"),
            ("fill", "900110"),
            ("fill", "900110"),
            ("status_observed", "900110"),
            ("rejected", "900120"),
        ]
        assert told(book, sample(shared, "orders_single_object")) == [
            ("fill", "900101"),
            ("acknowledged", "900101"),
        ]
        assert told(book, sample(shared, "stream_order_event")) == [("status_observed", "900101")]
        assert book.order("900101")["anomalies"] == [
            "quantity_mismatch",
            "status_conflict",
        ]  # until it is asked about
        assert [
            (row["client_order_id"], row["status"]) for row in book.ledger.orders(origin="own")
        ] == [
            ("C-42", "partially_filled"),
            ("C-43", "filled"),
        ]
        assert (book.order("900120")["status"], book.order("900120")["reason"]) == (
            "rejected",
            "Insufficient buying power",
        )
        assert book.positions() == {
            "SPY": "4",
            "SPY260619P00475000": "1",
            "SPY260619P00480000": "-1",
        }


def test_the_samples_told_again_change_nothing(shared: Path) -> None:
    with a_book() as book:
        for name in TOLD:
            told(book, sample(shared, name))
        for name in TOLD:
            assert set(book.tell(sample(shared, name))) == {"duplicate"}
