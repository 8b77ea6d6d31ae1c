"""Rule 10 on short stories: any order of the same messages ends in the same order state. Each was
once found to differ."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import count, permutations
from typing import Any

import pytest

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from tests.core.properties.stories import START, Message, moment

ACCOUNTS = count(1)
ARRIVAL = ("version", "stream", "account")
"""Columns that may tell how often and in which order the messages came."""


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    with Ledger.open(
        "memory://", clock=SteppingClock(START + timedelta(days=1)), update_views=False
    ) as opened:
        yield opened


def told(second: int, kind: str, **fields: Any) -> Message:
    return {"type": kind, "at": moment(second), **fields}


def ours(second: int, kind: str, **fields: Any) -> Message:
    return told(second, kind, client_order_id="C-1", **fields)


def fill(second: int, fill_id: str, quantity: str = "1", **fields: Any) -> Message:
    numbers = {"quantity": quantity, "price": "100", "instrument": "BTC-USD", "side": "buy"}
    return told(second, "fill", fill_id=fill_id, **{**numbers, **fields})


REQUEST = ours(
    0,
    "request",
    instrument="BTC-USD",
    side="buy",
    quantity="10",
    order_type="limit",
    limit_price="100",
)
OUR_FILL = fill(1, "F-1", client_order_id="C-1")
CORRECTED = {"type": "fill_corrected", "corrects": "F-1", "client_order_id": "C-1"}

STORIES: dict[str, tuple[list[Message], list[Message]]] = {
    "a named and an anonymous answer to two cancel requests": (
        [
            REQUEST,
            ours(1, "request_cancel", request_id="Q-1"),
            ours(2, "request_cancel", request_id="Q-2"),
        ],
        [ours(3, "cancel_rejected", request_id="Q-1"), ours(4, "cancel_rejected")],
    ),
    "an alias that was given twice": (
        [REQUEST],
        [
            ours(1, "acknowledged", aliases={"index": "7"}),
            ours(2, "triggered", aliases={"index": "8"}),
        ],
    ),
    "an order that ended twice, once without a reason": (
        [REQUEST],
        [ours(1, "canceled"), ours(2, "canceled", reason="liquidation")],
    ),
    "a fill id used for a correction and for a fill": (
        [REQUEST],
        [
            OUR_FILL,
            fill(2, "F-2", "3", client_order_id="C-1"),
            {**fill(3, "F-2", "2"), **CORRECTED},
        ],
    ),
    "a fill id used with other numbers, by the earlier report": (
        [REQUEST],
        [fill(2, "F-1", "3", client_order_id="C-1", source="venue_poll"), OUR_FILL],
    ),
    "a fill told again with its liquidity": (
        [REQUEST],
        [OUR_FILL, {**OUR_FILL, "liquidity": "maker"}],
    ),
    "a fill without the venue's id, and the acknowledgement that brings it": (
        [REQUEST],
        [OUR_FILL, ours(2, "acknowledged", venue_order_id="V-1")],
    ),
    "an unknown order that is named later": (
        [],
        [
            fill(1, "F-1", venue_order_id="V-1"),
            fill(2, "F-2", venue_order_id="V-1", client_order_id="X-1"),
        ],
    ),
    "two unknown names that turn out to be one order": (
        [],
        [
            fill(1, "F-1", venue_order_id="V-1"),
            fill(2, "F-2", aliases={"index": "7"}),
            fill(3, "F-3", venue_order_id="V-1", aliases={"index": "7"}),
        ],
    ),
    "two unknown names that turn out to be our order": (
        [REQUEST],
        [
            fill(1, "F-1", venue_order_id="V-1"),
            fill(2, "F-2", aliases={"index": "7"}),
            fill(3, "F-3", venue_order_id="V-1", aliases={"index": "7"}),
            ours(4, "acknowledged", venue_order_id="V-1"),
        ],
    ),
    "reports under a replacement's id before the replace is told": (
        [REQUEST],
        [
            ours(1, "acknowledged", venue_order_id="V-1"),
            fill(4, "F-1", client_order_id="C-1b"),
            told(5, "triggered", client_order_id="C-1b", venue_order_id="V-1"),
            ours(
                3,
                "replaced",
                quantity="9",
                replacement_client_order_id="C-1b",
                venue_order_id="V-1",
            ),
        ],
    ),
    "reports under an unknown client id whose venue id is ours": (
        [REQUEST],
        [
            ours(1, "acknowledged", venue_order_id="V-1"),
            fill(4, "F-1", client_order_id="X-1"),
            fill(5, "F-2", client_order_id="X-1", venue_order_id="V-1"),
        ],
    ),
    "a report that shows three names to be one order's, of which one has a fill of its own": (
        [REQUEST],
        [
            ours(1, "acknowledged", venue_order_id="V-1"),
            fill(2, "F-1", client_order_id="X-1"),
            fill(3, "F-2", aliases={"index": "7"}),
            fill(4, "F-3", client_order_id="X-1", venue_order_id="V-1", aliases={"index": "7"}),
        ],
    ),
    "an external fill with an earlier time later, and a report of another side and instrument "
    "between": (
        [],
        [
            fill(5, "F-1", venue_order_id="V-1"),
            fill(3, "F-1", venue_order_id="V-1"),
            told(4, "acknowledged", venue_order_id="V-1", side="sell", instrument="ETH-USD"),
        ],
    ),
    "an external fill with three times, the earliest last, and a report of another side between": (
        [],
        [
            fill(7, "F-1", venue_order_id="V-1"),
            fill(5, "F-1", venue_order_id="V-1"),
            fill(3, "F-1", venue_order_id="V-1"),
            told(4, "acknowledged", venue_order_id="V-1", side="sell"),
        ],
    ),
    "an external fill of two sides, one of them with an earlier time later": (
        [],
        [
            fill(5, "F-1", venue_order_id="V-1"),
            fill(3, "F-1", venue_order_id="V-1"),
            fill(4, "F-1", venue_order_id="V-1", side="sell"),
        ],
    ),
    "an external fill of the same side that brings its fee later, and a report of another side "
    "between": (
        [],
        [
            fill(2, "F-1", venue_order_id="V-1"),
            fill(5, "F-1", venue_order_id="V-1", fee="1"),
            told(4, "status_observed", venue_order_id="V-1", status="new", side="sell"),
        ],
    ),
    "two versions of an external fill, one with an earlier time later, and another fill of "
    "another side": (
        [],
        [
            fill(7, "F-1", "3", venue_order_id="V-1"),
            fill(3, "F-1", "3", venue_order_id="V-1"),
            fill(2, "F-1", venue_order_id="V-1"),
            fill(4, "F-2", venue_order_id="V-1", side="sell"),
        ],
    ),
    "fills of ours that name their position, one with an earlier time later": (
        [REQUEST],
        [
            fill(5, "F-1", client_order_id="C-1", position_side="long", position_id="P-1"),
            fill(3, "F-1", client_order_id="C-1", position_side="long", position_id="P-1"),
            ours(4, "acknowledged", position_side="short", position_id="P-2"),
        ],
    ),
    "claims of one time": (
        [REQUEST],
        [
            ours(1, "acknowledged", reported={"cum_quantity": "0"}),
            ours(1, "triggered", reported={"cum_quantity": "0", "quantity": "10"}),
        ],
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_any_order_of_the_same_reports_ends_in_the_same_state(ledger: Ledger, name: str) -> None:
    commands, reports = STORIES[name]
    assert_same_end(ledger, [[*commands, *shuffled] for shuffled in permutations(reports)])


@pytest.mark.parametrize(
    "name", [name for name, (commands, _) in STORIES.items() if len(commands) == 1]
)
def test_the_request_may_come_at_any_time(ledger: Ledger, name: str) -> None:
    commands, reports = STORIES[name]
    assert_same_end(ledger, [list(shuffled) for shuffled in permutations([*commands, *reports])])


def assert_same_end(ledger: Ledger, told: list[list[Message]]) -> None:
    first = end_of(ledger, told[0])
    for shuffled in told[1:]:
        found = end_of(ledger, shuffled)
        order = [f"{message['type']} of {message['at'][17:19]}" for message in shuffled]
        assert {view: len(rows) for view, rows in found.items()} == {
            view: len(rows) for view, rows in first.items()
        }, order
        for view, rows in found.items():
            for row, expected in zip(rows, first[view], strict=True):
                differing = {
                    name: (expected[name], value)
                    for name, value in row.items()
                    if expected[name] != value
                }
                assert differing == {}, f"{view} after {order}"


def end_of(ledger: Ledger, messages: list[Message]) -> dict[str, list[dict[str, Any]]]:
    account = f"sim:{next(ACCOUNTS)}"
    for message in messages:
        outcome = ledger.record(parse_document({**message, "account": account}))
        assert outcome.outcome in ("recorded", "duplicate"), message
    orders = [without(row, *ARRIVAL) for row in ledger.orders(account=account)]
    trades = [
        without(row, *ARRIVAL, "recorded_at", "position", "rank")
        for row in ledger.trades(account=account)
    ]
    pnl = [without(row, *ARRIVAL) for row in ledger.pnl(account=account)]
    return {"orders": sorted(orders, key=repr), "trades": trades, "pnl": pnl}


def without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
