"""Orders of one group: one cancels the other, one triggers the other, brackets."""

from itertools import permutations
from typing import Any

import pytest

from orderledger import Ledger
from tests.core.domain.telling import told
from tests.scenarios import ACCOUNT, Document, at, message, readable, request


def linked(name: str, kind: str, parent: str | None = None, **fields: Any) -> Document:
    links = {"group": "G-1", "kind": kind, **({"parent": parent} if parent else {})}
    return request(client_order_id=name, links=links, at=at(1), **fields)


def filled(name: str, quantity: str, second: int) -> Document:
    return message(
        "fill",
        client_order_id=name,
        fill_id=f"F-{name}-{second}",
        quantity=quantity,
        price="100",
        at=at(second),
    )


def codes(ledger: Ledger, **asked: Any) -> dict[str, list[str]]:
    """The anomalies of each order in the views, which agree with the list of anomalies."""
    rows = {
        str(row["client_order_id"]): row["anomalies"]
        for row in map(readable, ledger.orders(**asked))
    }
    listed: dict[str, set[str]] = {}
    for row in ledger.anomalies(open_only=True, **asked):
        listed.setdefault(str(row["client_order_id"]), set()).add(row["code"])
    for name, found in rows.items():
        assert found[:1] == sorted(listed.get(name, ()))[:1]
        assert readable(ledger.order(name, account=ACCOUNT, **asked))["anomalies"] == found
    return rows


OCO = (linked("TP", "oco"), linked("SL", "oco"))
BOTH = (filled("TP", "1", 10), filled("SL", "1", 11))


@pytest.mark.parametrize("documents", list(permutations((*OCO, *BOTH), 4))[::5])
def test_both_orders_of_an_oco_with_a_fill_are_anomalies_in_any_order_of_arrival(
    ledger: Ledger, documents: tuple[Document, ...]
) -> None:
    told(ledger, *documents)
    rows = {row["client_order_id"]: row["anomalies"] for row in ledger.orders()}
    assert all("oco_both_filled" in rows[name] for name in ("TP", "SL"))


def test_a_bust_ends_the_anomaly_of_both(ledger: Ledger) -> None:
    told(ledger, *OCO, *BOTH)
    assert codes(ledger) == {"TP": ["oco_both_filled"], "SL": ["oco_both_filled"]}
    told(ledger, message("fill_busted", client_order_id="SL", fill_id="F-SL-11", at=at(12)))
    assert codes(ledger) == {"TP": [], "SL": []}


def test_one_filled_and_one_canceled_is_nothing_odd(ledger: Ledger) -> None:
    told(ledger, *OCO, BOTH[0], message("canceled", client_order_id="SL", at=at(11)))
    assert codes(ledger) == {"TP": [], "SL": []}


def test_as_of_another_time_only_what_had_happened_counts(ledger: Ledger) -> None:
    told(ledger, *OCO, *BOTH)
    assert codes(ledger, effective_at=at(10)) == {"TP": [], "SL": []}
    position = max(row["position"] for row in ledger.events())
    assert codes(ledger, as_of=position)["TP"] == ["oco_both_filled"]


def test_groups_of_other_accounts_and_without_a_kind_are_apart(ledger: Ledger) -> None:
    plain = request(client_order_id="X", links={"group": "G-1"}, at=at(1))
    other = {**linked("SL", "oco"), "account": "sim:other"}
    theirs = {**filled("SL", "1", 11), "account": "sim:other"}
    told(ledger, OCO[0], BOTH[0], plain, filled("X", "1", 12), other, theirs)
    assert {row["client_order_id"]: row["anomalies"] for row in ledger.orders()} == {
        "TP": [],
        "X": [],
        "SL": [],
    }


def bracket(*children: str) -> list[Document]:
    return [linked("IN", "bracket"), *(linked(one, "bracket", "IN") for one in children)]


def test_children_that_fill_after_their_parent_and_no_more_are_as_they_should(
    ledger: Ledger,
) -> None:
    told(ledger, *bracket("TP", "SL"), filled("IN", "3", 10))
    told(ledger, filled("TP", "1", 11), filled("SL", "2", 12))
    assert codes(ledger) == {"IN": [], "TP": [], "SL": []}


def test_children_that_fill_more_than_their_parent_are_anomalies(ledger: Ledger) -> None:
    told(ledger, *bracket("TP", "SL"), filled("IN", "3", 10))
    told(ledger, filled("TP", "2", 11), filled("SL", "2", 12))
    exceeding = ["children_exceed_parent"]
    assert codes(ledger) == {"IN": [], "TP": exceeding, "SL": exceeding}
    told(ledger, filled("IN", "1", 13))
    assert codes(ledger) == {"IN": [], "TP": [], "SL": []}


def test_a_child_that_fills_before_its_parent_is_an_anomaly(ledger: Ledger) -> None:
    told(ledger, linked("A", "oto"), linked("B", "oto", "A"), filled("B", "1", 10))
    assert codes(ledger)["B"] == ["child_filled_first", "children_exceed_parent"]
    told(ledger, filled("A", "1", 11))
    assert codes(ledger)["B"] == ["child_filled_first"]
    told(ledger, filled("A", "1", 9))
    assert codes(ledger)["B"] == []


def test_a_child_of_an_unknown_parent_filled_first_until_the_parent_is_known(
    ledger: Ledger,
) -> None:
    told(ledger, linked("B", "oto", "A"), filled("B", "1", 10))
    assert codes(ledger)["B"] == ["child_filled_first"]
    told(ledger, linked("A", "oto"), filled("A", "1", 9))
    assert codes(ledger)["B"] == []


def test_a_parent_without_a_group_is_not_compared(ledger: Ledger) -> None:
    told(ledger, request(client_order_id="A"), linked("B", "oto", "A"), filled("B", "1", 10))
    assert codes(ledger)["B"] == []


def test_the_orders_of_a_group_are_shown_together(ledger: Ledger) -> None:
    told(ledger, *bracket("TP"), filled("IN", "3", 10))
    row = readable(ledger.order("TP", account=ACCOUNT))
    assert row["links"] == {"group": "G-1", "kind": "bracket", "parent": "IN"}
    assert row["group_orders"] == [
        {
            "client_order_id": "IN",
            "cum_quantity": "3",
            "parent": None,
            "quantity": "10",
            "side": "buy",
            "status": "partially_filled",
        }
    ]
    (one,) = [one for one in ledger.recover().open if one["client_order_id"] == "TP"]
    assert readable(one)["group_orders"] == row["group_orders"]
