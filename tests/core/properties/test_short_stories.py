"""Short stories that the properties have brought to light: every field of every view is the
auditor's."""

import pytest

from orderledger import Ledger
from tests.core.properties.checks import check_views
from tests.core.properties.stories import Message, Story
from tests.core.properties.test_interleavings import REQUEST, fill, ours, told

OWN = {"client_order_id": "C-1"}
INVERSE = {
    "type": "instrument",
    "instrument": "BTC-USD",
    "inverse": True,
    "currency": "BTC",
    "at": REQUEST["at"],
}

STORIES: dict[str, list[Message]] = {
    "a report that claims no numbers leaves the last claim standing": [
        REQUEST,
        ours(1, "acknowledged", reported={"cum_quantity": "3"}),
        ours(2, "triggered", reported={"status": "new"}),
    ],
    "a claim of another number leaves the claimed fills as they were": [
        REQUEST,
        ours(1, "acknowledged", reported={"cum_quantity": "3"}),
        ours(2, "triggered", reported={"quantity": "10"}),
    ],
    "an order rejected as a duplicate shows that as its reason": [
        REQUEST,
        ours(1, "rejected", reason="duplicate_order"),
    ],
    "an order rejected twice was rejected when it was first said to be": [
        REQUEST,
        ours(1, "rejected", reason="duplicate_order"),
        ours(2, "rejected", reason="margin"),
    ],
    "an anonymous answer answers the oldest request, which has a name": [
        REQUEST,
        ours(1, "request_cancel", request_id="Q-1"),
        ours(2, "request_cancel"),
        ours(3, "cancel_rejected"),
    ],
    "a cancel refused for an unknown order answers the request and leaves the order unresolved": [
        REQUEST,
        ours(1, "submit"),
        ours(2, "unresolved", reason="timeout"),
        ours(3, "request_cancel", request_id="Q-1"),
        ours(4, "cancel_rejected", request_id="Q-1", reason="unknown_order"),
    ],
    "reports under the id of a cancel request that is recorded later are the order's": [
        REQUEST,
        fill(1, "F-1", "5", **OWN),
        told(4, "fill_busted", fill_id="F-1", client_order_id="Q-1"),
        fill(5, "F-2", "4", client_order_id="Q-1"),
        ours(3, "request_cancel", request_id="Q-1"),
    ],
    "an answer told twice does not answer another request": [
        REQUEST,
        ours(1, "request_cancel", request_id="Q-1"),
        ours(2, "request_cancel", request_id="Q-2"),
        ours(3, "cancel_rejected", request_id="Q-1"),
        ours(4, "cancel_rejected", request_id="Q-1", source="venue_poll"),
    ],
    "a repeated fill that names the order is not lost": [
        fill(1, "F-1", venue_order_id="V-1"),
        fill(1, "F-1", venue_order_id="V-1", client_order_id="C-1"),
        REQUEST,
    ],
    "a repeated bust that names the order is not lost": [
        told(1, "fill_busted", fill_id="F-1", venue_order_id="V-1"),
        told(1, "fill_busted", fill_id="F-1", venue_order_id="V-1", client_order_id="C-1"),
        REQUEST,
        fill(2, "F-2", venue_order_id="V-1"),
    ],
    "closing an inverse position at the price it was opened at realizes nothing": [
        INVERSE,
        fill(1, "F-1", "2", price="99.5", **OWN),
        fill(2, "F-2", "7.5", price="99.5", **OWN),
        fill(3, "F-3", "9.5", price="99.5", side="sell", client_order_id="C-2"),
    ],
}


@pytest.mark.parametrize("name", STORIES)
def test_every_field_of_every_view_is_the_auditors(ledger: Ledger, name: str) -> None:
    check_views(ledger, Story(tuple(STORIES[name]), is_plain=False))
