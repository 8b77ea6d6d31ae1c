"""An account with thousands of orders a second: what its stream remembers and asks does not grow
with them."""

import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from types import FrameType
from typing import Any

from orderledger import Ledger
from orderledger.domain.values import Source
from orderledger.projections.view import Row
from orderledger.venues.base.registry import adapters, installed
from orderledger.venues.collecting.records import records_of
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.message_context import MessageContext
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.recording import HyperliquidRecording
from orderledger.venues.hyperliquid.translate import translate_frame
from tests.typed import fields
from tests.venues.hyperliquid.payloads import CLOID, T, fill, reported, user_fills

ACCOUNT = "hyperliquid:main"
PUSHED = MessageContext(account=ACCOUNT, source=Source.VENUE_PUSH)


class Asked:
    """A ledger that knows nothing, and notes what it is asked."""

    def __init__(self) -> None:
        self.questions: list[list[str]] = []

    def order(self, account: str, name: str) -> Row | None:
        self.questions.append([name])
        return None

    def trades(self, account: str, venue_order_id: str) -> list[Row]:
        return []

    def orders_named(self, account: str, names: Sequence[str], *, alias: str) -> dict[str, Row]:
        self.questions.append(list(names))
        return {}

    def trades_of(self, order: Row) -> list[Row]:
        return []


def cloid(number: int) -> str:
    return f"0x{number:032x}"


def frame(*orders: int, status: str = "open", at: int = 0) -> dict[str, Any]:
    rows = [
        {
            "order": {
                "coin": "BTC", "side": "B", "limitPx": "100", "sz": "1", "oid": 700 + number,
                "timestamp": 1_795_000_000_000,
                "origSz": "1", "cloid": cloid(number),
            },
            "status": status,
            "statusTimestamp": 1_795_000_000_000 + at,
        }
        for number in orders
    ]  # fmt: skip
    return {"channel": "orderUpdates", "data": rows}


def test_the_ledger_is_asked_once_for_the_new_orders_of_a_frame() -> None:
    asked = Asked()
    legs = AccountLegs(ACCOUNT, asked)
    for told in (frame(1, 2, 3), frame(2, 3, 4, at=1), frame(1, 2, 3, 4, at=2)):
        assert translate_frame(told, legs, PUSHED).faults == []
    assert asked.questions == [[cloid(1), cloid(2), cloid(3)], [cloid(4)]]


def test_a_cancel_that_may_be_half_of_a_modify_is_handed_out_to_be_released_once() -> None:
    legs = AccountLegs(ACCOUNT)
    translate_frame(frame(1, 2), legs, PUSHED)
    assert translate_frame(frame(1, status="canceled", at=1), legs, PUSHED).messages == []
    (held,) = legs.newly_held()
    assert legs.newly_held() == []
    assert translate_frame(frame(2, status="canceled", at=2), legs, PUSHED).messages == []
    assert [row.cloid for row in legs.newly_held()] == [cloid(2)]
    assert legs.is_held(held)
    (told,) = payload_rows.release([held], legs, PUSHED).messages
    assert (told.type, told.at) == ("canceled", held.status_at)
    assert not legs.is_held(held)


def calls_for_one_row_beside(held: int) -> int:
    """How many calls it takes to read a row while so many cancels are held back."""
    recording = HyperliquidRecording(ACCOUNT)
    recording.read(frame(*range(held)))
    assert recording.read(frame(*range(held), status="canceled", at=1)).messages == ()
    return calls_of(lambda: recording.read(frame(held, at=2)))


def calls_of(work: Callable[[], object]) -> int:
    calls = 0

    def count(_: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def test_what_is_held_back_costs_a_recorded_payload_nothing_until_it_is_due() -> None:
    assert calls_for_one_row_beside(1_000) == calls_for_one_row_beside(10)


def leg(number: int, status: str, at: int) -> dict[str, Any]:
    row = reported(status, T + at, oid=1_000 + number, timestamp=T + number)
    return {"channel": "orderUpdates", "data": [row]}


def calls_to_go_on_after(modifies: int, folder: Path) -> int:
    """How many calls it takes a new collector to hear of an order that was modified so often, and
    filled a little at first."""
    url = f"sqlite:///{folder / f'{modifies}.db'}"
    with (
        Ledger.open(url, update_views=False) as ledger,
        records_of(url, ledger, adapters(installed())) as records,
    ):
        told = AccountLegs(ACCOUNT)
        ledger.record_many(translate_frame(leg(0, "open", 0), told, PUSHED).messages)
        ledger.record_many(
            translate_frame(user_fills(fill(oid=1_000, sz="0.2")), told, PUSHED).messages
        )
        for number in range(1, modifies):
            ledger.record_many(translate_frame(leg(number, "open", number), told, PUSHED).messages)
        anew = AccountLegs(ACCOUNT, records)
        calls = calls_of(lambda: translate_frame(leg(modifies, "open", modifies), anew, PUSHED))
        order_legs = anew.of_fill(CLOID, "1000")
        assert order_legs is not None and len(order_legs.legs) == modifies + 1
        assert order_legs.filled_before(order_legs.latest) == Decimal("0.2")
    return calls


def test_an_order_that_was_modified_many_times_is_taken_up_again_in_a_time_that_grows_with_its_legs(
    tmp_path: Path,
) -> None:
    """Not with their square: nothing else is heard meanwhile."""
    assert calls_to_go_on_after(120, tmp_path) < 6 * calls_to_go_on_after(30, tmp_path)


def test_cancels_that_are_due_at_once_are_told_in_the_order_in_which_they_came() -> None:
    recording = HyperliquidRecording(ACCOUNT)
    for told in (
        frame(1, 2, 3),
        frame(2, status="canceled", at=9),
        frame(1, status="canceled", at=5),
    ):
        recording.read(told)
    assert recording.read(frame(3, status="canceled", at=2_005)).messages == ()
    later = recording.read(frame(4, at=2_010)).messages
    assert [(message.type, message.venue_order_id) for message in later] == [  # type: ignore[attr-defined]
        ("acknowledged", "704"),
        ("canceled", "702"),
        ("canceled", "701"),
    ]
    assert fields(recording.rest().messages, "venue_order_id") == ["703"]
