"""What has gone wrong elsewhere, one scenario a line, on the ledger itself. The numbers are those
of the list of behaviours.

Behaviours of queries at a venue are in tests/venues and its folder reconciliation: the halves of 3
(an outage is not "not found"), 10 (the gap is filled by asking) and 16 (each adapter states its
fill identity), 17 (a second reconciliation appends nothing) and 18 (repairs are appended, shown and
can be reverted).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orderledger import Ledger, Outcome
from orderledger.infrastructure.clock import SteppingClock
from orderledger.infrastructure.messages.parsing import parse_document
from orderledger.projections.view import Row
from tests.scenarios import ACCOUNT, Document, at, fill, message, readable, request

SENT = (request(at=at(1)), message("submit", at=at(2)))
WORKING = (*SENT, message("acknowledged", venue_order_id="V-1", at=at(3)))
MANUAL: Document = {
    "client_order_id": None,
    "venue_order_id": "V-77",
    "instrument": "BTC-USD",
    "side": "buy",
}


def opened(url: str) -> Ledger:
    return Ledger.open(url, clock=SteppingClock(at(1000)), update_views=False)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with opened("memory://") as ledger:
        yield ledger


def told(ledger: Ledger, *documents: Document) -> list[Outcome]:
    return ledger.record_many([parse_document(document) for document in documents])


def recorded(ledger: Ledger, *documents: Document) -> None:
    outcomes = told(ledger, *documents)
    assert {outcome.outcome for outcome in outcomes} == {"recorded"}, outcomes


def order(ledger: Ledger, *names: str, of: str = "C-1") -> tuple[object, ...]:
    row = readable(ledger.order(of, account=ACCOUNT))
    return tuple(row[name] for name in names)


def held(ledger: Ledger) -> str:
    rows = ledger.pnl(instrument="BTC-USD")
    return str(readable(rows[0])["position_quantity"]) if rows else "0"


def everything(ledger: Ledger) -> list[list[Row]]:
    views = [
        ledger.orders(),
        ledger.trades(include_busted=True),
        ledger.anomalies(),
        ledger.proposals(),
        list(ledger.events()),
    ]
    return views + [ledger.pnl(method=method) for method in ("average", "fifo", "lifo")]  # type: ignore[return-value]


def test_a_submit_that_timed_out_is_unresolved_and_still_counted_as_exposure(
    ledger: Ledger,
) -> None:
    """1"""
    recorded(ledger, *SENT, message("unresolved", reason="timeout"))
    assert order(ledger, "status", "certainty", "leaves_quantity", "is_open") == (
        "pending_new",
        "unresolved",
        "10",
        True,
    )
    (position,) = (readable(row) for row in ledger.positions())
    assert (
        position["open_buy_quantity"],
        position["open_sell_quantity"],
        position["unresolved_orders"],
    ) == ("10", "0", 1)
    assert [row["client_order_id"] for row in ledger.recover().unresolved] == ["C-1"]


def test_a_retry_after_a_timeout_is_the_same_order_and_is_not_sent_before_the_venue_was_asked(
    ledger: Ledger,
) -> None:
    """2"""
    recorded(ledger, *SENT, message("unresolved", reason="timeout"))
    again, sent_again = told(ledger, request(at=at(9)), message("submit", at=at(9)))
    assert (again.outcome, sent_again.outcome, sent_again.reason) == (
        "duplicate",
        "refused",
        "already_submitted",
    )
    recorded(ledger, message("absent", at=at(10)), message("submit", at=at(11)))
    assert len(ledger.orders()) == 1


def test_an_outage_is_a_gap_and_ends_no_order(ledger: Ledger) -> None:
    """3: what the ledger makes of it; the fills of the time are told afterwards, and count."""
    recorded(ledger, *WORKING)
    gap = {"from": at(10), "to": at(20), "reason": "connection_dropped"}
    recorded(ledger, message("gap", client_order_id=None, **gap))
    assert order(ledger, "status", "certainty", "is_open") == ("new", "confirmed", True)
    recorded(
        ledger,
        *(fill(f"F-{number}", "1", at=at(10 + number), source="venue_poll") for number in range(6)),
    )
    assert order(ledger, "cum_quantity", "anomalies") == ("6", [])


def test_a_pending_cancel_stays_outstanding_until_there_is_evidence(ledger: Ledger) -> None:
    """4"""
    recorded(ledger, *WORKING, message("request_cancel", request_id="R-1", at=at(5)))
    recorded(ledger, message("unresolved", reason="timeout", at=at(6)), message("absent", at=at(7)))
    assert order(ledger, "status", "pending", "certainty", "is_open") == (
        "new",
        "cancel",
        "unresolved",
        True,
    )
    recorded(ledger, message("canceled", at=at(8)))
    assert order(ledger, "status", "pending", "certainty", "is_open") == (
        "canceled",
        None,
        "confirmed",
        False,
    )


def test_the_age_of_a_pending_cancel_is_seen_among_the_open_orders(ledger: Ledger) -> None:
    """5"""
    recorded(
        ledger,
        *WORKING,
        message("request_cancel", at=at(5)),
        message("status_observed", status="new", pending="cancel", at=at(9)),
    )
    assert [
        (row["client_order_id"], row["pending"], row["pending_since"])
        for row in ledger.open_orders()
    ] == [("C-1", "cancel", at(5))]
    assert [row["client_order_id"] for row in ledger.recover().pending] == ["C-1"]


def test_fifteen_canceled_orders_that_had_all_filled_are_filled(ledger: Ledger) -> None:
    """6"""
    names = [f"C-{number:02}" for number in range(15)]
    for name in names:
        recorded(
            ledger,
            request(client_order_id=name),
            message("canceled", client_order_id=name, at=at(5)),
        )
        recorded(ledger, fill("F-1", "10", client_order_id=name, at=at(4)))
    assert [order(ledger, "status", "cum_quantity", of=name) for name in names] == [
        ("filled", "10")
    ] * 15
    assert held(ledger) == "150"


def test_a_refused_cancel_says_what_is_known_and_what_is_not(ledger: Ledger) -> None:
    """7"""
    recorded(ledger, *WORKING, fill("F-1", "10", at=at(5)))
    (outcome,) = told(ledger, message("request_cancel"))
    assert outcome == Outcome(
        "refused",
        None,
        "order_ended",
        (),
        "the order has ended: filled, 10 of 10 filled, confirmed",
    )
    (unknown,) = told(ledger, message("request_cancel", client_order_id="C-9"))
    assert unknown == Outcome(
        "refused",
        None,
        "unknown_order",
        (),
        "no such order is recorded; it may still exist at the venue",
    )


def test_fills_told_again_after_a_restart_are_not_booked_twice(tmp_path: Path) -> None:
    """8"""
    url = f"sqlite:///{tmp_path}/ledger.db"
    fills = [fill(f"F-{number}", "1", at=at(number)) for number in range(4)]
    with opened(url) as ledger:
        recorded(ledger, *WORKING, *fills)
    with opened(url) as ledger:
        assert [outcome.outcome for outcome in told(ledger, *fills)] == ["duplicate"] * 4
        assert (held(ledger), order(ledger, "cum_quantity")) == ("4", ("4",))


def test_a_stream_that_is_replayed_makes_one_fill_of_one_fill(ledger: Ledger) -> None:
    """9"""
    recorded(ledger, *WORKING)
    outcomes = told(ledger, *[fill("F-1", "4", at=at(5))] * 3)
    assert [outcome.outcome for outcome in outcomes] == ["recorded", "duplicate", "duplicate"]
    assert [row["fill_id"] for row in ledger.trades()] == ["F-1"]


def test_a_gap_is_recorded_once_and_shown_in_the_log(ledger: Ledger) -> None:
    """10, first half"""
    gap = message("gap", client_order_id=None, **{"from": at(10), "to": at(20)})
    assert [outcome.outcome for outcome in told(ledger, gap, gap)] == ["recorded", "duplicate"]
    assert [event["name"] for event in ledger.events()] == ["gap_recorded.v1"]


def test_a_fill_that_came_before_the_id_mapping_is_counted_and_then_attributed(
    ledger: Ledger,
) -> None:
    """11"""
    recorded(ledger, *SENT, fill("F-1", "4", **{**MANUAL, "venue_order_id": "V-1"}, at=at(3)))
    assert (held(ledger), order(ledger, "cum_quantity")) == ("4", ("0",))
    recorded(ledger, message("acknowledged", venue_order_id="V-1", at=at(2.5)))
    assert order(ledger, "status", "cum_quantity", "anomalies") == ("partially_filled", "4", [])
    assert (held(ledger), len(ledger.orders()), len(ledger.trades())) == ("4", 1, 1)


def test_filled_is_not_overwritten_by_a_late_submit(ledger: Ledger) -> None:
    """12"""
    recorded(ledger, request(at=at(1)), fill("F-1", "10", at=at(5)))
    (submitted,) = told(ledger, message("submit", at=at(2)))
    assert submitted.outcome == "refused"
    recorded(
        ledger,
        message("acknowledged", at=at(3)),
        message("status_observed", status="pending_new", at=at(6)),
    )
    assert order(ledger, "status", "cum_quantity") == ("filled", "10")


def test_all_legs_of_a_cancel_and_replace_race_stand_under_one_client_order_id(
    ledger: Ledger,
) -> None:
    """13"""
    asked = message("request_replace", quantity="8", replacement_client_order_id="C-1b", at=at(4))
    recorded(ledger, *WORKING, asked, message("request_cancel", request_id="R-1", at=at(5)))
    recorded(
        ledger,
        fill("F-1", "2", venue_order_id="V-1", at=at(6)),
        message("replaced", client_order_id="C-1b", quantity="8", venue_order_id="V-2", at=at(7)),
        fill("F-2", "3", client_order_id="C-1b", venue_order_id="V-2", at=at(8)),
        message("cancel_rejected", client_order_id="R-1", at=at(9)),
    )
    assert order(ledger, "quantity", "cum_quantity", "pending", "venue_order_ids") == (
        "8",
        "5",
        None,
        ["V-1", "V-2"],
    )
    assert {row["client_order_id"] for row in (*ledger.orders(), *ledger.trades())} == {"C-1"}
    assert ledger.order("C-1b") == ledger.order("R-1") == ledger.order("V-1") == ledger.order("C-1")


def test_two_live_orders_after_a_modify_are_detected_and_shown(ledger: Ledger) -> None:
    """14"""
    recorded(ledger, *WORKING)
    (outcome,) = told(
        ledger, message("status_observed", status="new", venue_order_id="V-2", at=at(5))
    )
    assert outcome.anomalies == ("client_order_id_reused",)
    assert order(ledger, "venue_order_ids", "anomalies") == (
        ["V-1", "V-2"],
        ["client_order_id_reused"],
    )
    assert [row["code"] for row in ledger.anomalies()] == ["client_order_id_reused"]


def test_an_overfill_is_recorded_and_flagged(ledger: Ledger) -> None:
    """15"""
    recorded(ledger, *WORKING)
    (outcome,) = told(ledger, fill("F-1", "12", at=at(5)))
    assert (outcome.outcome, outcome.anomalies, held(ledger)) == ("recorded", ("overfill",), "12")
    assert order(ledger, "status", "cum_quantity", "leaves_quantity", "anomalies") == (
        "filled",
        "12",
        "0",
        ["overfill"],
    )


def test_a_fill_id_that_the_venue_repeats_over_its_orders_counts_in_each(ledger: Ledger) -> None:
    """16: what the ledger makes of it"""
    recorded(
        ledger,
        *WORKING,
        request(client_order_id="C-2"),
        fill("1", "4"),
        fill("1", "3", client_order_id="C-2"),
    )
    assert (held(ledger), len(ledger.trades()), ledger.anomalies()) == ("7", 2, [])


def test_a_manual_trade_is_an_order_like_any_other(ledger: Ledger) -> None:
    """19"""
    outcomes = told(
        ledger, fill("F-1", "4", **MANUAL, at=at(5)), message("canceled", **MANUAL, at=at(6))
    )
    assert [(outcome.outcome, outcome.anomalies) for outcome in outcomes] == [
        ("recorded", ("unknown_order",)),
        ("recorded", ()),
    ]
    (row,) = (readable(row) for row in ledger.orders(origin="external"))
    names = (
        "client_order_id",
        "venue_order_id",
        "instrument",
        "side",
        "status",
        "cum_quantity",
        "strategy",
    )
    assert tuple(row[name] for name in names) == (
        None,
        "V-77",
        "BTC-USD",
        "buy",
        "canceled",
        "4",
        None,
    )
    assert (held(ledger), [trade["fill_id"] for trade in ledger.trades()]) == ("4", ["F-1"])


@pytest.mark.parametrize("reason", ["liquidation", "self_trade"])
def test_an_end_made_by_the_venue_says_why(ledger: Ledger, reason: str) -> None:
    """20"""
    recorded(ledger, *WORKING, message("canceled", reason=reason, at=at(5)))
    assert order(ledger, "status", "reason") == ("canceled", reason)
    recorded(
        ledger,
        message("acknowledged", **MANUAL, reason=reason),
        fill("F-1", "1", **MANUAL, reason=reason),
    )
    assert [
        event["payload"]["reason"]
        for event in ledger.history("V-77")
        if "reason" in event["payload"]
    ] == [reason, reason]


def test_two_bots_on_one_account_are_told_apart_and_the_rest_is_shown_as_unattributed(
    ledger: Ledger,
) -> None:
    """21"""
    recorded(ledger, request(strategy="grid"), request(client_order_id="C-2", strategy="trend"))
    recorded(
        ledger,
        fill("F-1", "1"),
        fill("F-2", "2", client_order_id="C-2"),
        fill("F-3", "4", **MANUAL),
    )
    by_strategy = {
        row["strategy"]: readable(row)["bought_quantity"] for row in ledger.pnl(by=("strategy",))
    }
    assert by_strategy == {"grid": "1", "trend": "2", None: "4"}
    assert [row["client_order_id"] for row in ledger.orders(strategy="trend")] == ["C-2"]
    assert held(ledger) == "7"


@pytest.mark.parametrize("name", ["0081274", "aBc", "ABC", "c/1#2%3", "é ü", "x" * 200])
def test_an_external_id_is_kept_byte_for_byte(ledger: Ledger, name: str) -> None:
    """22"""
    recorded(
        ledger,
        request(client_order_id=name),
        message("acknowledged", client_order_id=name, venue_order_id=f"V{name}"[:200]),
    )
    row = ledger.order(name)
    assert (row["client_order_id"], row["venue_order_id"], row["status"]) == (
        name,
        f"V{name}"[:200],
        "new",
    )


def test_facts_and_judgements_stand_in_events_of_their_own(ledger: Ledger) -> None:
    """22"""
    recorded(ledger, *WORKING, fill("F-1", "12", at=at(5), evidence={"tradeId": 7}))
    fact, judgement = ledger.history("C-1")[-2:]
    assert (fact["name"], fact["payload"]["quantity"], fact["evidence"]) == (
        "fill_recorded.v1",
        "12",
        {"tradeId": 7},
    )
    assert (judgement["name"], judgement["payload"]["code"]) == ("anomaly_detected.v1", "overfill")


def test_fees_in_another_coin_partial_exits_and_funding_are_kept_in_their_own_currencies(
    ledger: Ledger,
) -> None:
    """23"""
    exit_order = {"client_order_id": "C-2"}
    recorded(
        ledger,
        message("instrument", client_order_id=None, instrument="BTC-USD", currency="USD"),
        message("mark", client_order_id=None, instrument="BNB-USD", price="600"),
        request(),
        fill("F-1", "2", "100", fee="0.01", fee_currency="BNB", at=at(5)),
        request(side="sell", quantity="1", limit_price="110", **exit_order),
        fill("F-2", "1", "110", fee="0.2", fee_currency="USD", at=at(6), **exit_order),
        message(
            "funding",
            client_order_id=None,
            instrument="BTC-USD",
            amount="-0.3",
            currency="USD",
            at=at(7),
        ),
    )
    (row,) = ledger.pnl()
    assert (readable(row["fees"]), readable(row["funding"])) == (
        {"BNB": "0.01", "USD": "0.2"},
        {"USD": "-0.3"},
    )
    assert (readable(row)["realized_pnl"], readable(row)["net_pnl"]) == ("10", "3.5")
    assert [readable(trade)["fee"] for trade in ledger.trades()] == ["0.01", "0.2"]


def test_a_replay_gives_the_same_views_to_the_byte(tmp_path: Path) -> None:
    """24"""
    url = f"sqlite:///{tmp_path}/ledger.db"
    with opened(url) as ledger:
        recorded(
            ledger,
            *WORKING,
            fill("F-1", "4", "99.9", fee="0.1", fee_currency="USD", at=at(5)),
            fill("F-2", "7", at=at(6)),
        )
        recorded(
            ledger,
            fill("F-3", "1", **MANUAL, at=at(4)),
            message("fill_busted", fill_id="F-2", at=at(8)),
        )
        before = repr(everything(ledger))
    with opened(url) as ledger:
        assert repr(everything(ledger)) == before
        rebuilt = ledger.views.rebuild()
        assert repr(everything(ledger)) == before, rebuilt


def test_one_question_tells_the_story_of_an_order(ledger: Ledger) -> None:
    """25"""
    recorded(
        ledger,
        *WORKING,
        fill("F-1", "4", at=at(5)),
        message("request_cancel", actor="desk", at=at(6)),
    )
    recorded(ledger, message("canceled", at=at(7), text="by request"), fill("F-2", "1", at=at(8)))
    assert [(event["name"], event["at"], event["source"]) for event in ledger.history("C-1")][
        :-1
    ] == [
        ("order_requested.v1", at(1), "strategy"),
        ("order_submitted.v1", at(2), "strategy"),
        ("order_acknowledged.v1", at(3), "venue_push"),
        ("fill_recorded.v1", at(5), "venue_push"),
        ("cancel_requested.v1", at(6), "strategy"),
        ("order_canceled.v1", at(7), "venue_push"),
        ("fill_recorded.v1", at(8), "venue_push"),
    ]
    assert ledger.history("C-1")[-1]["payload"]["code"] == "fill_after_end"
    assert [event["version"] for event in ledger.history("C-1")] == list(range(1, 9))
