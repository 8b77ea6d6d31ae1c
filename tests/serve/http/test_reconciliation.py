"""Whether orders agree with the reports of their venue: decided on the server, over all orders of
the account."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from orderledger import Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from orderledger.projections.agreement import AGREEMENTS, agreement_counts, agreement_of
from tests.core.contract.streams import lives, moment, parsed, request
from tests.core.properties.checks import RECORDED_AT
from tests.core.properties.profiles import quick
from tests.core.properties.stories import Story, stories
from tests.serve.http.harness import asked

MANY = 2_100
OLDEST = "odd"


def told(kind: str, order: str, second: float, **fields: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "account": "sim:main",
        "client_order_id": order,
        "at": moment(second),
        **fields,
    }


def acknowledged(order: str, second: float, **more: Any) -> list[dict[str, Any]]:
    return [
        request(order, second),
        told("acknowledged", order, second, venue_order_id=f"V-{order}", **more),
    ]


def certified(second: float, account: str = "sim:main", **more: Any) -> dict[str, Any]:
    covered = {
        "covered_from": moment(0),
        "covered_to": moment(second),
        "orders": 1,
        "fills": 0,
        "positions": 0,
    }
    return {"type": "certify", "account": account, "at": moment(second), **covered, **more}


def claims(order: str, second: float, cum_quantity: str) -> dict[str, Any]:
    return told(
        "status_observed",
        order,
        second,
        status="partially_filled",
        reported={"cum_quantity": cum_quantity},
    )


ODD = [*acknowledged(OLDEST, 0), claims(OLDEST, 0.5, "3"), request("silent", 0.6)]


@pytest.fixture
def few(durable_store_url: str) -> Iterator[Ledger]:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*ODD))
        yield ledger


@pytest.fixture
def many(durable_store_url: str) -> Iterator[Ledger]:
    """More orders than a page has. The oldest of them differs, the one after it was never
    answered."""
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*ODD, *lives(MANY)))
        yield ledger


def of(ledger: Ledger, path: str) -> dict[str, Any]:
    (answer,) = asked(ledger, path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_difference_among_the_oldest_of_many_orders_is_found(many: Ledger) -> None:
    (row,) = of(many, "/api/reconciliation?account=sim:main")["rows"]
    counts = {
        name: row[name]
        for name in ("orders", "differing_orders", "unmatched_orders", "agreeing_orders")
    }
    assert counts == {
        "orders": MANY + 2,
        "differing_orders": 1,
        "unmatched_orders": 1,
        "agreeing_orders": MANY,
    }
    answer = of(many, "/api/reconciliation/orders?agreement=differs&count=true")
    assert (answer["count"], answer["after"], answer["position"]) == (1, None, many.log.position())
    (order,) = answer["rows"]
    shown = (
        "client_order_id",
        "differences",
        "cum_quantity",
        "reported_cum_quantity",
        "reported_status",
        "matched_by",
    )
    assert [order[name] for name in shown] == [
        OLDEST,
        ["quantity_mismatch"],
        "0",
        "3",
        "partially_filled",
        "client_order_id",
    ]
    (silent,) = of(many, "/api/reconciliation/orders?agreement=unmatched")["rows"]
    assert (silent["client_order_id"], silent["reported_at"], silent["matched_by"]) == (
        "silent",
        None,
        None,
    )


def test_pages_cover_every_order_once(many: Ledger) -> None:
    for order in ("newest", "asc", "desc"):
        path, found = f"/api/reconciliation/orders?limit=1000&order={order}&columns=stream", []
        page = of(many, path)
        while True:
            found += [row["stream"] for row in page["rows"]]
            if page["after"] is None:
                break
            page = of(many, f"{path}&after={page['after']}")
        assert len(found) == len(set(found)) == MANY + 2


def test_without_a_certificate_nobody_has_looked(few: Ledger) -> None:
    (row,) = of(few, "/api/reconciliation")["rows"]
    assert (row["reconciled_at"], row["open_breaks"], row["certificate_position"]) == (
        None,
        None,
        None,
    )
    breaks = [{"id": "missing_order:X-1", "since": moment(8)}]
    few.record_many(
        parsed(
            certified(9_000), certified(9_001, open_breaks=breaks), certified(9_000, "sim:empty")
        )
    )
    empty, row = of(few, "/api/reconciliation")["rows"]
    assert (row["reconciled_at"], row["certified_orders"]) == (moment(9_001)[:19] + ".000000Z", 1)
    assert [one["id"] for one in row["open_breaks"]] == ["missing_order:X-1"]
    assert (empty["account"], empty["orders"], empty["open_breaks"]) == ("sim:empty", 0, [])
    assert of(few, "/api/reconciliation?account=sim:none")["rows"] == []


def test_an_order_whose_outcome_is_unknown_differs(few: Ledger) -> None:
    few.record_many(
        parsed(
            request("D-1", 1),
            told("submit", "D-1", 1),
            told("unresolved", "D-1", 2, reason="timeout"),
        )
    )
    assert of(few, "/api/reconciliation")["rows"][0]["differing_orders"] == 2
    found = of(few, "/api/reconciliation/orders?agreement=differs")["rows"]
    assert {row["client_order_id"]: row["differences"] for row in found} == {
        OLDEST: ["quantity_mismatch"],
        "D-1": ["unresolved"],
    }


def test_an_order_that_came_to_agree_differed_before(few: Ledger) -> None:
    position = few.log.position()
    filled = told("fill", OLDEST, 0.4, fill_id="F-odd", quantity="3", price="100")
    few.record_many(parsed(filled, claims(OLDEST, 9_000, "3")))
    assert of(few, "/api/reconciliation")["rows"][0]["differing_orders"] == 0
    assert of(few, f"/api/reconciliation?as_of={position}")["rows"][0]["differing_orders"] == 1
    (then,) = of(few, f"/api/reconciliation/orders?as_of={position}&agreement=differs")["rows"]
    assert (then["client_order_id"], then["reported_cum_quantity"], then["cum_quantity"]) == (
        OLDEST,
        "3",
        "0",
    )
    assert then["reported_position"] <= position


@pytest.mark.parametrize(
    ("matched", "messages"),
    [
        (("client_order_id", "C-1"), acknowledged("C-1", 1)),
        (
            ("venue_order_id", "V-1"),
            [{**told("acknowledged", "C-1", 1), "client_order_id": None, "venue_order_id": "V-1"}],
        ),
        (
            ("other_id", "R-2"),
            [
                *acknowledged("C-1", 1),
                told("request_replace", "C-1", 2, quantity="12", replacement_client_order_id="R-2"),
                told("replaced", "R-2", 3, quantity="12", replacement_client_order_id="R-2"),
            ],
        ),
    ],
)
def test_a_row_says_by_which_id_the_report_found_the_order(
    matched: tuple[str, str], messages: list[dict[str, Any]]
) -> None:
    with Ledger.open("memory://", update_views=False) as ledger:
        given = [
            {name: value for name, value in message.items() if value is not None}
            for message in messages
        ]
        assert {str(one.outcome) for one in ledger.record_many(parsed(*given))} == {"recorded"}
        (row,) = of(ledger, "/api/reconciliation/orders")["rows"]
        assert (row["matched_by"], row["matched_id"]) == matched


@pytest.mark.slow
def test_the_database_counts_as_the_rule_says(tmp_path: Any) -> None:
    """Of any story, now and as of another time."""
    met: set[str] = set()

    @quick
    @given(stories())
    def run(story: Story) -> None:
        compare([{**message, "account": "sim:main"} for message in story.messages])

    def compare(messages: list[dict[str, Any]]) -> None:
        with Ledger.open(
            "memory://", clock=SteppingClock(RECORDED_AT), update_views=False
        ) as ledger:
            ledger.record_many(map(parse_document, messages))
            orders = ledger.orders()
            moments: tuple[dict[str, Any], ...] = ({}, {"as_of": ledger.log.position()})
            for asked_for in moments:
                counts = {
                    row["account"]: {
                        "differs": row["differing_orders"],
                        "unmatched": row["unmatched_orders"],
                        "agrees": row["agreeing_orders"],
                    }
                    for row in ledger.reconciliations.by_account(**asked_for)
                }
                assert counts == agreement_counts(orders)
                for agreement in AGREEMENTS:
                    page = ledger.reconciliations.orders(
                        agreement=agreement, limit=5_000, with_count=True, **asked_for
                    )
                    expected = {row["stream"] for row in orders if agreement_of(row) == agreement}
                    assert {row["stream"] for row in page.rows} == expected
                    assert page.count == len(expected)
                    met.update([agreement] if expected else [])

    run()
    compare([request("C-1")])  # no story needs to have an order without any report
    assert met == set(AGREEMENTS)


def test_a_wrong_question_is_refused(few: Ledger) -> None:
    for query in (
        "agreement=maybe",
        "after=x",
        "limit=0",
        "order=first",
        "as_of=yesterday",
        "columns=price",
    ):
        (answer,) = asked(few, f"/api/reconciliation/orders?{query}")
        assert (answer.status_code, answer.json()["field"]) == (400, query.partition("=")[0])
    with pytest.raises(ValueError, match="agreement: 'maybe' is not one of"):
        few.reconciliations.orders(agreement="maybe")
