"""The sentence that says what an order is now."""

from decimal import Decimal
from typing import Any

import pytest

from orderledger.audit.summary import summary_sentence, trade_state
from orderledger.domain.values import Status
from tests.scenarios import FILLED, SENT, WORKING, fill, given, message, request, request_replace

CASES: dict[str, tuple[tuple[dict[str, Any], ...], str]] = {
    "requested": ((request(),), "Order recorded, not yet sent"),
    "sent": (SENT, "Order sent, not yet acknowledged"),
    "unresolved": (
        (*SENT, message("unresolved", reason="timeout")),
        "Order sent, not yet acknowledged; outcome unknown",
    ),
    "absent": (
        (*SENT, message("unresolved", reason="timeout"), message("absent")),
        "Order sent, not yet acknowledged; outcome unknown: the venue did not know it when asked",
    ),
    "working": (WORKING, "Order working, nothing filled of 10 BTC-USD"),
    "a part": (
        (*WORKING, fill("F-1", "4", "99.5")),
        "Order working, 4 of 10 BTC-USD bought at 99.5",
    ),
    "filled": (FILLED, "Order filled: 10 BTC-USD bought at 100"),
    "third": (
        (*WORKING, fill("F-1", "1", "100"), fill("F-2", "2", "101")),
        "Order working, 3 of 10 BTC-USD bought at 100.6666666667",
    ),
    "overfill": (
        (*FILLED, fill("F-2", "1")),
        "Order filled: 11 of 10 BTC-USD bought at 100; open anomalies: overfill",
    ),
    "entry": (
        (request(links={"role": "entry", "trade_id": "T-1"}), *WORKING[1:], fill("F-1", "10")),
        "Entry filled: 10 BTC-USD bought at 100",
    ),
    "denied": (
        (request(), message("deny", reason="max_notional")),
        "Order denied by our own checks (max_notional), never sent",
    ),
    "rejected": (
        (*SENT, message("reject", reason="margin")),
        "Order rejected by the venue (margin)",
    ),
    "rejected and filled": (
        (*SENT, message("reject", reason="margin"), fill("F-1", "4")),
        (
            "Order rejected by the venue (margin); yet 4 of 10 BTC-USD bought at 100; "
            "open anomalies: fill_after_end, status_conflict"
        ),
    ),
    "canceled": (
        (*WORKING, fill("F-1", "4"), message("cancel", reason="liquidation")),
        "Order canceled (liquidation), 4 of 10 BTC-USD bought at 100",
    ),
    "expired": ((*WORKING, message("expire")), "Order expired, nothing filled"),
    "replacing": (
        (*WORKING, request_replace(quantity="12")),
        "Order working, nothing filled of 10 BTC-USD; replace requested, not yet answered",
    ),
    "suspended": ((*WORKING, message("suspend")), "Order suspended by the venue, nothing filled"),
    "stopped": (
        (*WORKING, message("stop")),
        "Order stopped (execution guaranteed by the venue), nothing filled",
    ),
    "day": ((*WORKING, message("done_for_day")), "Order done for the day, nothing filled"),
    "elsewhere": (
        (fill("F-1", "2", "7", client_order_id="C-1", instrument="ETH-USD", side="sell"),),
        "Order from elsewhere working, 2 ETH-USD sold at 7",
    ),
}


def row(*messages: dict[str, Any], stream: str = "sim:main/C-1") -> Any:
    shown = given(*messages).row()
    numbers = ("quantity", "cum_quantity", "average_price")
    return {
        **shown,
        **{name: Decimal(shown[name]) for name in numbers if shown[name] is not None},
        "stream": stream,
    }


@pytest.mark.parametrize(("messages", "sentence"), CASES.values(), ids=CASES)
def test_the_sentence_says_what_the_order_is(
    messages: tuple[dict[str, Any], ...], sentence: str
) -> None:
    assert summary_sentence(row(*messages)) == sentence


def test_every_status_has_a_sentence() -> None:
    statuses = {row(*messages)["status"] for messages, _ in CASES.values()}
    assert statuses == set(map(str, Status))


@pytest.mark.parametrize(
    ("exits", "state"),
    [((), "open"), (("4",), "partly closed"), (("4", "6"), "closed")],
    ids=["none", "a part", "all"],
)
def test_the_trade_is_open_until_its_exits_have_filled_as_much_as_its_entries(
    exits: tuple[str, ...], state: str
) -> None:
    links = {"role": "entry", "trade_id": "T-1"}
    entry = row(request(links=links), *WORKING[1:], fill("F-1", "10"))
    sold = [
        row(
            request(side="sell", links={**links, "role": "exit"}),
            *WORKING[1:],
            fill("F-2", quantity, "110"),
            stream=f"sim:main/X-{number}",
        )
        for number, quantity in enumerate(exits)
    ]
    assert summary_sentence(entry, sold) == f"Entry filled: 10 BTC-USD bought at 100; trade {state}"


def test_a_trade_without_a_filled_entry_has_no_state() -> None:
    entry = row(request(links={"role": "entry", "trade_id": "T-1"}), *WORKING[1:])
    assert trade_state([entry]) is None
    assert summary_sentence(entry, [entry]) == "Entry working, nothing filled of 10 BTC-USD"
