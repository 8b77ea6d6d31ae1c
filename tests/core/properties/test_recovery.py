"""A recovery that does not wait for the views finds the orders that they will show as open."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderledger import Ledger
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.views.projector import BATCH_FAR_BEHIND
from orderledger.infrastructure.views.recovering import open_orders_in_log
from orderledger.projections.orders import ORDERS
from tests.core.contract.streams import fill as filled
from tests.core.contract.streams import parsed, request, story
from tests.core.properties.checks import RECORDED_AT
from tests.core.properties.profiles import quick
from tests.core.properties.stories import Message, Story, stories
from tests.core.properties.test_interleavings import REQUEST, fill, ours
from tests.seeds import long

OWN = {"client_order_id": "C-1"}
FILLED = fill(2, "F-1", "10", **OWN)
REOPENED: dict[str, list[Message]] = {
    "by a bust": [REQUEST, FILLED, ours(3, "fill_busted", fill_id="F-1")],
    "by a correction": [
        REQUEST,
        FILLED,
        {**fill(3, "F-2", "2"), "type": "fill_corrected", "corrects": "F-1", **OWN},
    ],
    "by an earlier fill of the same id": [REQUEST, FILLED, fill(1, "F-1", "4", **OWN)],
    "by a replace to a larger quantity": [REQUEST, FILLED, ours(3, "replaced", quantity="20")],
    "by a restatement": [REQUEST, FILLED, ours(3, "restated", quantity="20")],
    "not by a fill told twice": [
        REQUEST,
        fill(1, "F-1", "5", **OWN),
        {**fill(1, "F-1", "5", **OWN), "liquidity": "maker"},
    ],
    "by an acknowledgement of what was rejected as a duplicate": [
        REQUEST,
        ours(1, "rejected", reason="duplicate_order"),
        ours(2, "acknowledged"),
    ],
    "by an acknowledgement of what was denied": [
        REQUEST,
        ours(1, "deny", reason="limit"),
        ours(2, "acknowledged"),
    ],
    "by a reinstatement after a cancel that is reported late": [
        REQUEST,
        ours(4, "reinstated"),
        ours(3, "canceled"),
    ],
    "by a resumption of the next day": [REQUEST, ours(1, "done_for_day"), ours(2, "resumed")],
}


@contextmanager
def recording(messages: list[Message], caught_up_after: int) -> Iterator[Ledger]:
    """A ledger with these messages, whose views have taken only the first of them."""
    given = parsed(*({**message, "account": "sim:main"} for message in messages))
    with Ledger.open("memory://", clock=SteppingClock(RECORDED_AT), update_views=False) as ledger:
        ledger.record_many(given[:caught_up_after])
        if caught_up_after:
            ledger.views.catch_up()
        ledger.record_many(given[caught_up_after:])
        yield ledger


def assert_finds_what_is_open(ledger: Ledger) -> None:
    found, _ = open_orders_in_log(ledger._store)
    assert repr([ORDERS.shown(row) for row in found]) == repr(ledger.open_orders())


@pytest.mark.slow
@pytest.mark.parametrize("examples", [40, *long([120])])
def test_a_recovery_without_views_finds_every_open_order(examples: int) -> None:
    settings(quick, max_examples=examples)(
        given(story=stories(), share=st.floats(0, 1))(recovered)
    )()


def recovered(story: Story, share: float) -> None:
    for caught_up_after in (0, int(share * len(story.messages))):
        with recording(list(story.messages), caught_up_after) as ledger:
            assert_finds_what_is_open(ledger)


@pytest.mark.parametrize("how", REOPENED)
@pytest.mark.parametrize("caught_up_after", [0, 1, 2])
def test_an_ended_order_that_is_open_again_is_found(how: str, caught_up_after: int) -> None:
    with recording(REOPENED[how], caught_up_after) as ledger:
        assert_finds_what_is_open(ledger)
        assert len(ledger.open_orders()) == 1


OCO, BRACKET = {"group": "G", "kind": "oco"}, {"group": "H", "kind": "bracket"}
LEGS = [
    {"instrument": "P", "side": "buy", "ratio": 1},
    {"instrument": "R", "side": "sell", "ratio": 1},
]
UNUSUAL = [
    *(request(name, 1, quantity="2", links=OCO) for name in ("A", "B")),
    filled("A", "F-1", 2, quantity="2"),
    filled("B", "F-2", 3, quantity="1"),
    request("Q", 1, quantity=None, quote_quantity="500"),
    filled("Q", "F-3", 4, quantity="3"),
    request("K", 1, quantity="3", legs=LEGS),
    filled("K", "F-4", 5, quantity="3", leg=0, instrument="P"),
    request("IN", 1, links=BRACKET),
    request("OUT", 1, links={**BRACKET, "parent": "IN"}),
    filled("OUT", "F-5", 6, quantity="1"),
    request("ORPHAN", 1, links={**BRACKET, "parent": "NOPE"}),
    filled("ORPHAN", "F-6", 7, quantity="1"),
    request("APART", 1, links={**BRACKET, "parent": "Q"}),
    filled("APART", "F-7", 8, quantity="1"),
]


@pytest.mark.parametrize("caught_up_after", [0, 1, 3, 7, len(UNUSUAL)])
def test_groups_combinations_and_quote_quantities_are_recovered_as_the_views_show_them(
    caught_up_after: int,
) -> None:
    with recording(UNUSUAL, caught_up_after) as ledger:
        assert_finds_what_is_open(ledger)
        found, _ = open_orders_in_log(ledger._store)
        assert {row["client_order_id"]: row["anomalies"] for row in found} == {
            "B": ["oco_both_filled"],
            "Q": [],
            "K": [],
            "IN": [],
            "OUT": ["child_filled_first", "children_exceed_parent"],
            "ORPHAN": ["child_filled_first"],
            "APART": [],
        }


def test_every_kind_of_store_is_recovered_without_its_views(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*story()))
        assert_finds_what_is_open(ledger)


@pytest.mark.slow
def test_a_restart_far_behind_the_log_answers_before_the_views_are_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/orders.db"
    documents = [request(f"C-{number}", number) for number in range(BATCH_FAR_BEHIND // 2 + 100)]
    ends = [
        {"type": "canceled", "account": "sim:main", "client_order_id": f"C-{number}"}
        for number in range(len(documents) - 3)
    ]
    with Ledger.open(url, update_views=False, synchronous="OFF") as ledger:
        ledger.record_many(parsed(*documents, *ends))
    with Ledger.open(url) as ledger:
        recovered = ledger.recover()
        assert [row["client_order_id"] for row in recovered.open] == [
            "C-10097",
            "C-10098",
            "C-10099",
        ]
        assert recovered.events_read == len(documents) + len(ends) + 3
        assert recovered.open == ledger.open_orders()
