"""An end that was concluded from the venue's silence does not hide an order of ours from a
recovery."""

import pytest

from orderledger import Ledger, parse_document
from tests.core.contract.streams import report, request


@pytest.mark.parametrize("is_known_by_venue", [True, False], ids=["attributed", "adopted"])
def test_a_recovery_finds_an_order_of_ours_that_was_concluded_to_have_ended(
    store_url: str, is_known_by_venue: bool
) -> None:
    names = {"client_order_id": None, "venue_order_id": "V-1"} if is_known_by_venue else {}
    story = [
        {**report("acknowledged", "C-1", 1), **names},
        {**report("canceled", "C-1", 9, reason="concluded_absent"), **names},
        request("C-1"),
        {**report("acknowledged", "C-1", 2), "venue_order_id": "V-1"},
    ]
    with Ledger.open(store_url, update_views=False) as ledger:
        ledger.record_many(map(parse_document, story))
        assert [order["client_order_id"] for order in ledger.recover().open] == ["C-1"]
        assert [order["client_order_id"] for order in ledger.open_orders()] == ["C-1"]
        assert ledger.views.check().differences == ()
