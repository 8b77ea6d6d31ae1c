"""A repair is taken back from the order that its order has turned out to be, and from no other."""

from typing import Any

from orderledger import Absent, Ledger, Message
from orderledger.venues.reconciliation.breaks import Kind, break_id, repairing
from orderledger.venues.reconciliation.reverting import repairs_of, reverting
from tests.core.contract.streams import START, fill, parsed, report, request

LATER = START.replace(hour=20)


def repair(ledger: Ledger, kind: Kind, subject: str, document: dict[str, Any]) -> None:
    ledger.record_many(repairing(parsed(document), kind, subject))


def revert(ledger: Ledger, kind: Kind, subject: str) -> list[Message]:
    undone = reverting(ledger, repairs_of(ledger, break_id(kind, subject), "sim:main"), LATER)
    assert [told.outcome for told in ledger.record_many(undone)] == ["recorded"]
    return undone


def test_an_adopted_order_that_is_ours_and_has_another_venue_id_by_now(ledger: Ledger) -> None:
    adopted = {
        "type": "acknowledged",
        "account": "sim:main",
        "venue_order_id": "V-1",
        "at": request("C-1", 1)["at"],
    }
    repair(ledger, Kind.MISSING_ORDER, "V-1", adopted)
    replaced = report("replaced", "C-1", 3, venue_order_id="V-2", quantity="9")
    ledger.record_many(
        parsed(request("C-1"), report("acknowledged", "C-1", 2, venue_order_id="V-1"), replaced)
    )
    assert [
        (type(told), vars(told)["client_order_id"])
        for told in revert(ledger, Kind.MISSING_ORDER, "V-1")
    ] == [(Absent, "C-1")]


def test_a_fill_of_an_order_known_by_an_alias_alone_that_is_ours_by_now(ledger: Ledger) -> None:
    ledger.record_many(parsed(request("A-1"), fill("A-1", "F-1", 1)))
    repair(ledger, Kind.MISSING_FILL, "7:F-1", fill(None, "F-1", 1, aliases={"index": "7"}))
    ledger.record_many(parsed(request("C-1", aliases={"index": "7"})))
    revert(ledger, Kind.MISSING_FILL, "7:F-1")
    assert {order["client_order_id"]: order["cum_quantity"] for order in ledger.orders()} == {
        "A-1": 1,
        "C-1": 0,
    }


def test_a_fill_of_an_order_made_elsewhere_under_a_client_order_id_alone(ledger: Ledger) -> None:
    repair(ledger, Kind.MISSING_FILL, "F-1", fill("X-1", "F-1", 1))
    revert(ledger, Kind.MISSING_FILL, "F-1")
    assert [(order["client_order_id"], order["cum_quantity"]) for order in ledger.orders()] == [
        ("X-1", 0)
    ]
