"""The adapter remembers a limited number of orders. It translates reports of a forgotten order like
those of an unknown one."""

from collections.abc import Iterable
from typing import Any

import pytest

from orderledger import Ledger
from orderledger.venues.hyperliquid import payload_rows
from orderledger.venues.hyperliquid.legs_memory import LegsMemory
from orderledger.venues.hyperliquid.message_context import Translated
from orderledger.venues.hyperliquid.order_legs import AccountLegs
from orderledger.venues.hyperliquid.translate import translate_frame
from orderledger.venues.reconciliation.book import BookRecords
from tests.venues.hyperliquid.payloads import (
    ACCOUNT,
    POLLED,
    PUSHED,
    Json,
    T,
    fill,
    heard,
    order_updates,
    reported,
    user_fills,
)

OPEN = order_updates(reported("open"))
PARTLY_FILLED = user_fills(fill())
FIRST_HALF = order_updates(reported("canceled", T + 50_000, sz="0.7"))
NEWER: dict[str, Any] = {
    "oid": 155,
    "limitPx": "2510.0",
    "origSz": "0.7",
    "sz": "0.7",
    "timestamp": T + 50_000,
}
SECOND_HALF = order_updates(reported("open", T + 50_000, **NEWER))
LATE_FILL = user_fills(fill(tid=413, sz="0.2", time=T + 49_000))
LAST_FILL = user_fills(fill(oid=155, tid=414, sz="0.7", time=T + 60_000))
FILLED = order_updates(reported("filled", T + 60_000, **NEWER | {"sz": "0.0"}))


def other(number: int, status: str, **terms: Any) -> Json:
    return order_updates(
        reported(status, T + 1, oid=1000 + number, cloid=f"0x{number:032x}", **terms)
    )


def coming_and_going(count: int, first: int = 0) -> Iterable[Json]:
    for number in range(first, first + count):
        yield from (other(number, "open"), other(number, "filled", sz="0.0"))


def types(translated: Translated) -> list[str]:
    return [message.type for message in translated.messages]


def small() -> LegsMemory:
    return LegsMemory(most_recent=4, most_open=3, most_loose=2)


def test_of_an_account_whose_orders_come_and_go_the_last_are_remembered() -> None:
    memory = small()
    legs = AccountLegs(ACCOUNT, memory=memory)
    for frame in coming_and_going(50):
        translate_frame(frame, legs, PUSHED)
        assert len(memory) <= 4
    assert [
        memory.cloid_of(ACCOUNT, str(1000 + number)) is not None for number in (45, 46, 49)
    ] == [False, True, True]


def test_open_orders_are_remembered_for_longer_and_have_their_limit_too() -> None:
    memory = small()
    legs = AccountLegs(ACCOUNT, memory=memory)
    heard([OPEN, *coming_and_going(50)], legs)
    assert memory.cloid_of(ACCOUNT, "101") is not None
    for number in range(100, 150):
        translate_frame(other(number, "open"), legs, PUSHED)
        assert len(memory) <= 7
    assert memory.cloid_of(ACCOUNT, "101") is None


def test_all_accounts_share_the_room() -> None:
    memory = small()
    for number in range(50):
        translate_frame(
            other(number, "open"), AccountLegs(f"hyperliquid:{number}", memory=memory), PUSHED
        )
    assert len(memory) == 7


def test_fills_of_orders_without_a_cloid_are_not_kept_for_ever() -> None:
    memory = small()
    legs = AccountLegs(ACCOUNT, memory=memory)
    for number in range(5):
        translate_frame(user_fills(fill(oid=number + 1, tid=number, cloid=...)), legs, PUSHED)
    assert [bool(memory.take_loose(ACCOUNT, str(number + 1))) for number in range(5)] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_a_cancel_that_is_held_is_told_however_many_others_were_heard_of_meanwhile() -> None:
    memory = small()
    legs = AccountLegs(ACCOUNT, memory=memory)
    held: list[Any] = []
    for number in range(20):
        told = [
            translate_frame(frame, legs, PUSHED)
            for frame in (other(number, "open"), other(number, "canceled"))
        ]
        assert [types(one) for one in told] == [["acknowledged"], []]
        held += legs.newly_held()
    assert [types(payload_rows.release([row], legs, PUSHED)) for row in held] == [["canceled"]] * 20
    heard(coming_and_going(50, 100), legs)
    assert len(memory) <= 7


@pytest.mark.parametrize("forgotten_after", range(8))
def test_an_order_that_was_forgotten_is_modified_and_ends_as_one_that_was_not(
    forgotten_after: int,
) -> None:
    story = [OPEN, PARTLY_FILLED, FIRST_HALF, SECOND_HALF, LATE_FILL, LAST_FILL, FILLED]
    memory = small()
    with Ledger.open("memory://") as ledger, Ledger.open("memory://") as remembering:
        legs, others = (
            AccountLegs(ACCOUNT, BookRecords(ledger), memory),
            AccountLegs("hyperliquid:other", memory=memory),
        )
        all_legs = AccountLegs(ACCOUNT, BookRecords(remembering))
        for number, frame in enumerate(story):
            if number == forgotten_after:
                heard(coming_and_going(10), others)
                heard((other(number, "open") for number in range(100, 110)), others)
            ledger.record_many(translate_frame(frame, legs, PUSHED).messages)
            remembering.record_many(translate_frame(frame, all_legs, PUSHED).messages)
        (order,), (expected,) = ledger.orders(), remembering.orders()
        for name in (
            "status",
            "quantity",
            "cum_quantity",
            "limit_price",
            "venue_order_ids",
            "anomalies",
            "ended_at",
        ):
            assert order[name] == expected[name], name
        assert (order["status"], order["venue_order_ids"]) == ("filled", ["101", "155"])


def test_the_id_of_an_order_that_is_over_and_forgotten_names_no_new_one() -> None:
    memory = small()
    with Ledger.open("memory://") as ledger:
        legs = AccountLegs(ACCOUNT, BookRecords(ledger), memory)
        ledger.record_many(
            heard([OPEN, order_updates(reported("canceled", T + 10))], legs).messages
        )
        heard(coming_and_going(10), AccountLegs("hyperliquid:other", memory=memory))
        assert memory.cloid_of(ACCOUNT, "101") is None
        again = payload_rows.statuses(SECOND_HALF["data"], legs, POLLED)
        assert (types(again), again.messages[0].aliases) == (["acknowledged"], {})  # type: ignore[attr-defined]


def test_an_order_that_is_heard_of_again_is_remembered_for_longer() -> None:
    memory = LegsMemory(most_recent=2, most_open=1, most_loose=1)
    for name in ("0", "1", "0", "2", "3"):
        memory.legs_of(ACCOUNT, name)
    assert memory.get(ACCOUNT, "0") is not None
    assert memory.get(ACCOUNT, "1") is None
