"""What is recorded about an account, and what would be, alike on every store."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from orderledger import InvalidMessage, Ledger, parse_document
from orderledger.infrastructure.clock import SteppingClock
from tests.core.contract.sql import run_sql
from tests.core.contract.streams import MADE_AT, fill, moment, parsed, report, request

ACCOUNT = "sim:main"

OF_ACCOUNT: list[dict[str, Any]] = [
    {"type": "instrument", "instrument": "BTC-USD"},
    {"type": "mark", "instrument": "BTC-USD", "price": "1"},
    {"type": "funding", "instrument": "BTC-USD", "amount": "1", "currency": "USD"},
    {"type": "adjust", "instrument": "BTC-USD", "quantity": "1", "price": "1"},
    {"type": "balance", "instrument": "BTC-USD", "quantity": "1"},
    {"type": "gap", "from": moment(1)},
]


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    with Ledger.open(store_url, clock=SteppingClock(MADE_AT), update_views=False) as ledger:
        yield ledger


def seen(second: float) -> datetime:
    return datetime.fromisoformat(moment(second))


def gap(begin: int, end: int | None, **fields: Any) -> Any:
    times = {"from": moment(begin), **({} if end is None else {"to": moment(end)})}
    return parse_document({"type": "gap", "account": ACCOUNT, **times, **fields})


def test_a_gap_that_is_covered_is_the_same_gap_with_its_end(ledger: Ledger) -> None:
    ledger.record_many([gap(1, None, reason="connection_lost"), gap(5, None), gap(1, 3), gap(7, 8)])
    shown = [(row["from_at"], row["to_at"], row["reason"]) for row in ledger.log.account_events()]
    assert sorted(shown, key=lambda row: row[0]) == [  # type: ignore[arg-type, return-value]
        (seen(1), seen(3), "connection_lost"),
        (seen(5), None, None),
        (seen(7), seen(8), None),
    ]
    assert ledger.views.check().differences == ()


@pytest.mark.parametrize("fields", OF_ACCOUNT, ids=lambda fields: fields["type"])
def test_the_reason_of_an_account_message_is_kept(ledger: Ledger, fields: dict[str, Any]) -> None:
    ledger.record(
        parse_document({**fields, "account": ACCOUNT, "at": moment(2), "reason": "because"})
    )
    (event,) = ledger.events()
    assert event["payload"]["reason"] == "because"
    assert [row["reason"] for row in ledger.log.account_events()] in (["because"], [])


@pytest.mark.parametrize("fields", OF_ACCOUNT, ids=lambda fields: fields["type"])
def test_an_account_message_is_the_same_again_when_its_message_id_is(
    ledger: Ledger, fields: dict[str, Any]
) -> None:
    told = [
        {**fields, "account": ACCOUNT, "at": moment(second), "message_id": name}
        for second, name in ((2, "M-1"), (3, "M-1"))
    ]
    other = {**told[1], "message_id": "M-2"}
    assert [ledger.record(message).outcome for message in parsed(*told, other)] == [
        "recorded",
        "duplicate",
        "recorded",
    ]
    assert len(list(ledger.events())) == 2


@pytest.mark.parametrize("fields", OF_ACCOUNT, ids=lambda fields: fields["type"])
def test_a_reused_id_of_an_account_message_is_refused_to_us_and_flagged_of_the_venue(
    ledger: Ledger, fields: dict[str, Any]
) -> None:
    told = {**fields, "account": ACCOUNT, "at": moment(2), "message_id": "M-1"}
    other = {**told, "reason": "another"}
    first, second, third = (ledger.record(message) for message in parsed(told, other, other))
    assert first.outcome == "recorded"
    if fields["type"] == "adjust":
        assert (second.outcome, second.reason, third.reason) == (
            "refused",
            "message_id_reused",
            "message_id_reused",
        )
    else:
        assert (second.outcome, second.anomalies, third.outcome) == (
            "recorded",
            ("message_id_reused",),
            "duplicate",
        )


ONE_FACT: dict[str, list[dict[str, Any]]] = {
    "funding": [{"amount": "5", "currency": "USD"}, {"amount": "7", "currency": "USD"}],
    "split": [{"ratio": [2, 1]}, {"ratio": [3, 1]}],
    "transfer": [
        {"kind": "deposit", "amount": "5", "currency": "USD"},
        {"kind": "deposit", "amount": "7", "currency": "USD"},
    ],
}
"""Two reports with one message id: the earlier counts."""


@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
@pytest.mark.parametrize("type_", ONE_FACT)
def test_of_two_reports_with_one_message_id_the_earlier_counts(
    ledger: Ledger, type_: str, late: bool
) -> None:
    of = {"account": ACCOUNT} | ({} if type_ == "transfer" else {"instrument": "P"})
    told = [
        {"type": type_, **of, **fields, "at": moment(20 + second), "message_id": "M-1"}
        for second, fields in enumerate(ONE_FACT[type_])
    ]
    known = {"account": ACCOUNT, "instrument": "P"}
    opened = parsed(
        {"type": "instrument", **known, "settlement": "USD", "at": moment(1)},
        {"type": "adjust", "account": ACCOUNT, "currency": "USD", "amount": "100", "reason": "x"}
        | {"at": moment(2)},
        {"type": "adjust", **known, "quantity": "1", "price": "100", "reason": "x"}
        | {"at": moment(3)},
    )
    ledger.record_many(opened)
    ledger.views.catch_up()
    for message in parsed(*(reversed(told) if late else told)):
        ledger.record(message)
        ledger.views.catch_up()
    (position,), (balance,) = ledger.positions(), ledger.balances()
    assert position["position_quantity"] == (2 if type_ == "split" else 1)
    assert balance["total"] == (100 if type_ == "split" else 105)
    states = [row["state"] for row in ledger.log.account_events(kind=type_)]
    assert states == ["active" if type_ == "transfer" else None, "reused"]
    code = "transfer_id_reused" if type_ == "transfer" else "message_id_reused"
    (found,) = ledger.anomalies(open_only=True)
    assert (found["code"], found["cleared_at"]) == (code, None)
    assert ledger.views.check().differences == ()


def test_fundings_with_different_message_ids_are_two(ledger: Ledger) -> None:
    paid = {"type": "funding", "account": ACCOUNT, "instrument": "P", "amount": "5"}
    paid |= {"currency": "USD", "at": moment(2)}
    ledger.record_many(parsed(*({**paid, "message_id": name} for name in ("M-1", "M-2"))))
    (position,) = ledger.positions()
    assert position["funding"] == {"USD": 10}
    assert ledger.anomalies(open_only=True) == []


@pytest.mark.parametrize("fields", OF_ACCOUNT, ids=lambda fields: fields["type"])
def test_account_messages_without_a_time_are_told_apart_by_their_message_ids(
    ledger: Ledger, fields: dict[str, Any]
) -> None:
    told = parsed(*({**fields, "account": ACCOUNT, "message_id": name} for name in ("M-1", "M-2")))
    assert [outcome.outcome for outcome in ledger.record_many([*told, *told])] == [
        "recorded"
    ] * 2 + ["duplicate"] * 2


@pytest.mark.parametrize("order", [(1, 2), (2, 1)], ids=["in time", "late"])
def test_of_what_is_told_of_an_instrument_the_latest_holds_whenever_it_came(
    ledger: Ledger, order: tuple[int, int]
) -> None:
    named = {"account": ACCOUNT, "instrument": "BTC-USD"}
    for second in order:
        told = {**named, "at": moment(second)}
        ledger.record_many(
            parsed(
                {
                    "type": "instrument",
                    **told,
                    "multiplier": str(10 * second),
                    "currency": f"USD{second}",
                },
                {"type": "mark", **told, "price": str(100 * second)},
                {"type": "balance", **told, "quantity": str(second)},
            )
        )
    (row,) = ledger.instruments()
    assert (row["multiplier"], row["currency"], row["mark_price"], row["reported_quantity"]) == (
        20,
        "USD2",
        200,
        2,
    )
    assert {row[name] for name in ("defined_at", "marked_at", "reported_at")} == {seen(2)}


def test_a_certificate_shows_what_agreed_and_what_is_open(ledger: Ledger) -> None:
    counts = {"orders": 2, "fills": 7, "positions": 1}
    covered = {"covered_from": moment(1), "covered_to": moment(9)}
    left = [{"id": "position_differs:BTC-USD", "since": moment(4)}]
    message = parse_document(
        {
            "type": "certify",
            "account": ACCOUNT,
            "at": moment(9),
            **covered,
            **counts,
            "open_breaks": left,
        }
    )
    assert [ledger.record(message).outcome for _ in range(2)] == ["recorded", "duplicate"]
    (row,) = ledger.reconciliations.certificates(account=ACCOUNT)
    assert row == {
        "position": 1,
        "account": ACCOUNT,
        "at": seen(9),
        "covered_from": seen(1),
        "covered_to": seen(9),
        **counts,
        "open_breaks": [{"id": "position_differs:BTC-USD", "since": seen(4).isoformat()}],
        "balances": None,
        "not_reported": None,
    }
    assert ledger.views.check().differences == ()


def test_a_preview_answers_as_recording_would_and_records_nothing(ledger: Ledger) -> None:
    known = parsed(request("C-1"), report("acknowledged", "C-1", 2), fill("C-1", "F-1", 3))
    ledger.record_many(known)
    before = list(ledger.events())
    asked = [
        *known,
        *parsed(
            fill("C-1", "F-2", 4),
            fill("C-1", "F-2", 4),
            report("canceled", "C-1", 5),
            request("C-2"),
        ),
    ]
    previewed = [
        (outcome.outcome, outcome.anomalies) for outcome in ledger.recording.preview(asked)
    ]
    assert list(ledger.events()) == before
    assert [word for word, _ in previewed] == ["duplicate"] * 3 + [
        "recorded",
        "duplicate",
        "recorded",
        "recorded",
    ]
    assert [
        (outcome.outcome, outcome.anomalies) for outcome in ledger.record_many(asked)
    ] == previewed


def test_views_of_another_shape_are_made_anew_from_the_log(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, clock=SteppingClock(MADE_AT)) as ledger:
        ledger.record_many(
            parsed(request("C-1"), report("acknowledged", "C-1", 2), fill("C-1", "F-1", 3))
        )
        before = (ledger.orders(), ledger.trades(), ledger.positions())
    outdated = (
        "ALTER TABLE orders DROP COLUMN absent_at",
        "DROP TABLE certificates",
        "DROP TABLE collectors",
    )
    run_sql(durable_store_url, *outdated, "UPDATE view_positions SET fold_version = 1")
    with Ledger.open(durable_store_url, clock=SteppingClock(MADE_AT)) as ledger:
        assert (ledger.orders(), ledger.trades(), ledger.positions()) == before
        assert ledger.views.check().differences == ()
        ledger.internals.publish("here", {"accounts": {"sim:main": {"messages": 3}}})
        status = ledger.status()
        assert status.pop("log")["went_back"] == []
        assert status == {
            "position": 3,
            "views_position": 3,
            "views_behind": 0,
            "tiles_position": 0,
            "tiles_behind": 3,
            "checkpoint_position": 0,
            "collectors": {"here": {"accounts": {"sim:main": {"messages": 3}}}},
            "gateways": {},
            "watchers": {},
            "copies": {},
        }


def test_an_open_ledger_tells_how_long_things_took(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, clock=SteppingClock(MADE_AT), update_views=False) as ledger:
        for message in parsed(
            request("C-1"), report("acknowledged", "C-1", 2), fill("C-1", "F-1", 3)
        ):
            ledger.record(message)
        ledger.orders()
        latencies = ledger.metrics.durations()
    assert {stage: measured["count"] for stage, measured in latencies.items()} == {
        "queue": 3,
        "commit": 3,
        "views": 3,
    }
    assert all(
        0 < measured["latency_us_p50"] <= measured["latency_us_max"]
        for measured in latencies.values()
    )


def test_an_instrument_may_be_named_like_a_proposal(ledger: Ledger) -> None:
    mark = {
        "type": "mark",
        "account": ACCOUNT,
        "at": moment(1),
        "instrument": "BTC#proposal/1",
        "price": "5",
    }
    assert [ledger.record(parse_document(mark)).outcome for _ in range(2)] == [
        "recorded",
        "duplicate",
    ]


# Definitions, term by term


def test_a_definition_leaves_the_terms_that_it_does_not_give(ledger: Ledger) -> None:
    record(ledger, definition(1, multiplier="0.1", currency="USD"), definition(2, tick="0.5"))
    assert terms(ledger) == (Decimal("0.1"), False, "USD", Decimal("0.5"), None)


def test_of_each_term_the_latest_definition_holds_in_whatever_order_they_arrive() -> None:
    told = (
        definition(1, multiplier="0.1", currency="USD", inverse=True),
        definition(2, multiplier="0.2", tick="0.5", inverse=False),
        definition(3, currency="BTC"),
    )
    found = set()
    for shuffled in permutations(told):
        with Ledger.open("memory://", update_views=False) as ledger:
            record(ledger, *shuffled)
            found.add(terms(ledger))
    assert found == {(Decimal("0.2"), False, "BTC", Decimal("0.5"), None)}


def test_of_two_definitions_of_one_time_the_later_in_the_log_holds(ledger: Ledger) -> None:
    record(ledger, definition(1, currency="USD"), definition(1, currency="USDT"))
    assert terms(ledger)[2] == "USDT"


# Facts about money


@pytest.mark.parametrize("kind", ["funding", "adjust"])
def test_equal_sums_under_two_message_ids_are_two_facts(ledger: Ledger, kind: str) -> None:
    sums = {
        "funding": {"amount": "1", "currency": "USD"},
        "adjust": {"quantity": "1", "price": "100"},
    }
    told = [
        {**document(kind, 1, **sums[kind]), "message_id": name} for name in ("M-1", "M-2", "M-1")
    ]
    assert [ledger.record(parse_document(one)).outcome for one in told] == [
        "recorded",
        "recorded",
        "duplicate",
    ]


def test_a_mark_of_one_time_is_one_fact_whatever_its_message_id(ledger: Ledger) -> None:
    told = [{**document("mark", 1, price="100"), "message_id": name} for name in ("M-1", "M-2")]
    assert [ledger.record(parse_document(one)).outcome for one in told] == ["recorded", "duplicate"]


def test_an_equal_fact_without_a_time_is_a_duplicate_that_says_why(ledger: Ledger) -> None:
    told = {name: value for name, value in document("mark", 1, price="100").items() if name != "at"}
    outcomes = [ledger.record(parse_document(told)) for _ in range(2)]
    assert [(outcome.outcome, outcome.reason) for outcome in outcomes] == [
        ("recorded", None),
        ("duplicate", "no_time_given"),
    ]


def test_a_gap_that_ends_before_it_begins_is_invalid(ledger: Ledger) -> None:
    with pytest.raises(InvalidMessage) as fault:
        ledger.record(gap(begin=2, end=1))
    assert (fault.value.field, ledger.log.account_events()) == ("to", [])


def document(kind: str, second: int, **fields: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "account": ACCOUNT,
        "instrument": "BTC-USD",
        "at": moment(second),
        **fields,
    }


def definition(second: int, **terms: Any) -> dict[str, Any]:
    return document("instrument", second, **terms)


def record(ledger: Ledger, *documents: dict[str, Any]) -> None:
    assert {outcome.outcome for outcome in ledger.record_many(map(parse_document, documents))} == {
        "recorded"
    }


def terms(ledger: Ledger) -> tuple[Any, ...]:
    (row,) = ledger.instruments()
    return tuple(row[name] for name in ("multiplier", "inverse", "currency", "tick", "lot"))
