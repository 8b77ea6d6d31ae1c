"""Two orders may have asked for something under one request id: they stay two."""

from orderledger import Ledger
from tests.core.contract.streams import fill, parsed, report, request


def test_an_order_made_elsewhere_stays_one_of_its_own(ledger: Ledger) -> None:
    ledger.record_many(parsed(fill(None, "F-1", 1, venue_order_id="V-1"), request("C-1", 2)))
    asked = {"type": "request_cancel", "account": "sim:main", "request_id": "1"}
    outcomes = ledger.record_many(
        parsed({**asked, "venue_order_id": "V-1"}, {**asked, "client_order_id": "C-1"})
    )
    assert [told.outcome for told in outcomes] == ["recorded", "recorded"]
    assert {order["client_order_id"]: order["cum_quantity"] for order in ledger.orders()} == {
        None: 1,
        "C-1": 0,
    }


def test_a_report_that_came_under_the_id_of_a_request_is_the_orders(ledger: Ledger) -> None:
    ledger.record_many(parsed(fill("Q-1", "F-1", 3), request("C-1", 1)))
    ledger.record_many(parsed(report("request_cancel", "C-1", 2, request_id="Q-1")))
    assert [(order["client_order_id"], order["cum_quantity"]) for order in ledger.orders()] == [
        ("C-1", 1)
    ]
