"""The same suite over memory, SQLite and PostgreSQL: the stores behave alike."""

from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from orderledger import AmbiguousOrder, Ledger, UnknownOrder, parse_document, parse_line
from orderledger.infrastructure.clock import SteppingClock
from tests.core.contract.streams import (
    ACCOUNTS,
    IDS,
    MADE_AT,
    every_view,
    fill,
    lives,
    moment,
    opened,
    parsed,
    report,
    request,
    story,
    strange,
)
from tests.typed import values

# Alike


def test_orders_are_foreseen_as_they_are_once_it_is_recorded(ledger: Ledger) -> None:
    messages = parsed(*story())
    ledger.record_many(messages[: len(messages) // 2])
    later = messages[len(messages) // 2 :]
    before = every_view(ledger)
    foreseen = {row["stream"]: row for row in ledger.recording.preview(later, view="orders")}
    fills = ledger.recording.preview(later, view="trades")
    assert every_view(ledger) == before
    ledger.record_many(later)
    there = {row["stream"]: row for row in ledger.orders()}
    assert foreseen and foreseen == {stream: there[stream] for stream in foreseen}
    names = ("stream", "fill_id", "quantity", "price", "at")
    recorded = [values(row, names) for row in ledger.trades() if row["stream"] in foreseen]
    assert recorded and [values(row, names) for row in fills] == recorded


def test_queries_in_one_state_see_nothing_that_is_recorded_meanwhile(
    durable_store_url: str,
) -> None:
    first, second = parsed(request("C-1"), request("C-2"))
    with opened(durable_store_url, update_views=False) as ledger:
        ledger.record(first)
        with ledger.views.in_one_state():
            orders = ledger.orders()
            meanwhile = Thread(target=ledger.record, args=(second,))
            meanwhile.start()
            meanwhile.join()
            with ledger.views.in_one_state():
                assert ledger.orders() == orders
            assert ledger.orders() == orders
        assert len(orders) == 1 and len(ledger.orders()) == 2


@pytest.mark.slow
def test_the_three_stores_give_the_same_answers_byte_for_byte(
    tmp_path: Path, postgres_schema_url: str
) -> None:
    messages = parsed(*story())
    outcomes, views = [], []
    for url in ("memory://", f"sqlite:///{tmp_path}/ledger.db", postgres_schema_url):
        with opened(url, update_views=False) as ledger:
            outcomes.append([ledger.record(message) for message in messages])
            views.append(every_view(ledger))
            assert ledger.views.check().differences == ()
    assert {outcome.outcome for outcome in outcomes[0]} == {"recorded"}
    for other, seen in zip(outcomes[1:], views[1:], strict=True):
        assert other == outcomes[0]
        for name, view in seen.items():
            assert view == views[0][name], name


def test_a_batch_gives_what_single_messages_give(store_url: str) -> None:
    messages = parsed(*story())
    with Ledger.open("memory://", clock=SteppingClock(MADE_AT, timedelta(0))) as ledger:
        singly = [ledger.record(message) for message in messages]
        expected = (list(ledger.events()), ledger.orders(), ledger.trades(), ledger.pnl())
    with Ledger.open(store_url, clock=SteppingClock(MADE_AT, timedelta(0))) as ledger:
        assert ledger.record_many(messages) == singly
        assert (list(ledger.events()), ledger.orders(), ledger.trades(), ledger.pnl()) == expected


def test_recording_everything_again_changes_nothing(ledger: Ledger) -> None:
    messages = parsed(*story())
    ledger.record_many(messages)
    before = every_view(ledger)
    assert [outcome.outcome for outcome in ledger.record_many(messages)] == ["duplicate"] * len(
        messages
    )
    assert every_view(ledger) == before


def test_a_reopened_store_gives_the_same_answers(durable_store_url: str) -> None:
    messages = parsed(*story())
    with opened(durable_store_url) as ledger:
        ledger.record_many(messages)
        before = every_view(ledger)
    with opened(durable_store_url) as ledger:
        assert every_view(ledger) == before
        assert {outcome.outcome for outcome in ledger.record_many(messages)} == {"duplicate"}
        assert ledger.views.check().differences == ()


@pytest.mark.parametrize("recorded", [1, 2, 3])
def test_an_order_goes_on_after_a_restart_where_it_was(
    durable_store_url: str, recorded: int
) -> None:
    messages = parsed(*lives(1))
    with opened(durable_store_url) as ledger:
        ledger.record_many(messages[:recorded])
        ledger.views.catch_up()
    with opened(durable_store_url) as ledger:
        assert [ledger.record(message).outcome for message in messages[recorded:]] == [
            "recorded"
        ] * (4 - recorded)
        order = ledger.order("C-0")
        assert [str(order[name]) for name in ("status", "quantity", "cum_quantity", "version")] == [
            "filled",
            "10",
            "10",
            "4",
        ]
        assert [(trade["fill_id"], trade["client_order_id"]) for trade in ledger.trades()] == [
            ("F-0-1", "C-0"),
            ("F-0-2", "C-0"),
        ]
        assert ledger.views.check().differences == ()


def test_an_instrument_that_is_defined_after_a_restart_restates_its_position(
    durable_store_url: str,
) -> None:
    sold = request("C-2", 3, side="sell"), fill("C-2", "F-2", 4, side="sell", price="110.5")
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(request("C-1"), fill("C-1", "F-1"), *sold))
        assert [row["realized_pnl"] for row in ledger.positions()] == [10]
    with opened(durable_store_url) as ledger:
        named = {"account": "sim:main", "instrument": "BTC-USD"}
        ledger.record_many(
            parsed({"type": "instrument", "at": moment(5), **named, "multiplier": "3"})
        )
        assert [row["realized_pnl"] for row in ledger.positions()] == [30]
        assert ledger.views.check().differences == ()


def test_a_fill_that_names_the_venues_order_names_it_for_the_fills_before(ledger: Ledger) -> None:
    unnamed, named = fill("C-1", "F-1", 1), fill("C-1", "F-2", 2, venue_order_id="V-1")
    for message in parsed(request("C-1"), unnamed, named):
        ledger.record(message)
    assert [(trade["fill_id"], trade["venue_order_id"]) for trade in ledger.trades()] == [
        ("F-1", "V-1"),
        ("F-2", "V-1"),
    ]
    assert ledger.views.check().differences == ()


def test_a_rebuild_finds_what_was_there(ledger: Ledger) -> None:
    ledger.record_many(parsed(*story()))
    before = every_view(ledger)
    rebuilt = ledger.views.rebuild()
    assert rebuilt.is_equal and rebuilt.events == sum(1 for _ in ledger.events())
    assert every_view(ledger) == before


# Ids


@pytest.mark.parametrize("account", ACCOUNTS)
def test_strange_ids_stay_what_they_are(ledger: Ledger, account: str) -> None:
    ledger.record_many(parsed(*strange(account, IDS)))
    names = {row["client_order_id"] for row in ledger.orders(account=account)} - {
        None,
        "C-1",
        "C-2",
        "C-3",
    }
    assert names == set(IDS)
    for name in IDS:
        order = ledger.order(name, account=account)
        assert (order["account"], order["venue_order_id"], order["aliases"], order["tags"]) == (
            account,
            name,
            {name: name},
            {name: name},
        )
        assert (order["instrument"], order["cum_quantity"], order["fees"]) == (name, 1, {name: "1"})
        assert [event["account"] for event in ledger.history(name, account=account)] == [
            account
        ] * 4
    assert [
        row["instrument"] for row in ledger.pnl(account=account) if row["instrument"] in IDS
    ] == sorted(IDS)


def test_evidence_is_kept_as_it_came(ledger: Ledger) -> None:
    evidence = parse_document(fill("C-1", "F-1")).model_dump()["evidence"]
    assert evidence is None
    line = '{"type":"fill","account":"a","client_order_id":"C-1","at":"2026-03-02T09:30:00Z",'
    line += '"fill_id":"F-1","quantity":1,"price":2,'
    line += (
        '"evidence":{"b":1.10,"a":[1e-7,12345678901234567890123,"\\u0000 é 🧾",null,true],"":{}}}'
    )
    ledger.record(parse_line(line))
    (event, *_) = ledger.history("C-1")
    shown = event["evidence"]
    assert list(shown) == ["b", "a", ""] and str(shown["b"]) == "1.10"
    assert [str(item) for item in shown["a"]] == [
        "1E-7",
        "12345678901234567890123",
        "\x00 é 🧾",
        "None",
        "True",
    ]


def test_an_id_of_two_accounts_has_to_be_told_apart(ledger: Ledger) -> None:
    ledger.record_many(parsed(request("C-1"), request("C-1", account="a/b")))
    assert ledger.order("C-1", account="a/b")["account"] == "a/b"
    with pytest.raises(AmbiguousOrder):
        ledger.order("C-1")
    with pytest.raises(UnknownOrder):
        ledger.order("C-1", account="a")


def test_a_venue_may_know_an_order_by_our_own_id_for_it(ledger: Ledger) -> None:
    known = report("acknowledged", "C-1", 1, venue_order_id="C-1", aliases={"k": "C-1"})
    for message in parsed(request("C-1"), known, fill(None, "F-1", 2, venue_order_id="C-1")):
        assert ledger.record(message).anomalies == ()
    assert ledger.record(parse_document(fill(None, "F-2", 3, aliases={"k": "C-1"}))).anomalies == ()
    assert [(order["client_order_id"], order["cum_quantity"]) for order in ledger.orders()] == [
        ("C-1", 2)
    ]


def test_recovery_finds_what_is_open_in_flight_and_unresolved(durable_store_url: str) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(
            parsed(
                *lives(5),
                request("open", 10),
                report("acknowledged", "open", 11),
                report("request_cancel", "open", 12),
                request("flying", 13),
                report("submit", "flying", 14),
                request("lost", 15),
                report("unresolved", "lost", 16, reason="timeout"),
            )
        )
    with opened(durable_store_url) as ledger:
        found = ledger.recover()
        names = [
            [row["client_order_id"] for row in rows]
            for rows in (found.open, found.in_flight, found.unresolved, found.pending)
        ]
        assert names == [["open", "flying", "lost"], ["flying"], ["lost"], ["open"]]
        assert found.open[0]["pending_since"] == datetime.fromisoformat(moment(12))


def test_an_alias_is_found_as_it_was_given_and_by_no_other_case_or_part(
    durable_store_url: str,
) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(
            parsed(request("C-1", aliases={"k": "AbC"}), request("C-2", aliases={"k": "abc"}))
        )
        ledger.record_many(
            parsed(request("C-3", aliases={"k": "x=9"}), request("C-4", aliases={"k": "!5%_"}))
        )
        assert [
            ledger.order(name)["client_order_id"] for name in ("AbC", "abc", "x=9", "!5%_")
        ] == ["C-1", "C-2", "C-3", "C-4"]
        for name in ("ABC", "9", "5%_", "!%"):
            with pytest.raises(UnknownOrder):
                ledger.order(name)


def test_tags_with_floats_are_the_same_in_the_log_and_in_the_views(durable_store_url: str) -> None:
    tags = {"score": 0.1, "all": [1.5, {"x": 2.0}]}
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1", tags=tags)))
        assert ledger.views.check().differences == ()
        assert ledger.views.rebuild().is_equal
