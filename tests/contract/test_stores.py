"""The same suite over memory, SQLite and PostgreSQL: the stores behave alike."""

import asyncio
import gc
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from orderledger import (
    AmbiguousOrder,
    Ledger,
    StoreError,
    StoreUnreachable,
    StoreVersion,
    UnknownOrder,
    parse_document,
    parse_line,
)
from orderledger.infrastructure.clock import SteppingClock
from orderledger.projections.tables import TABLES
from tests.contract.sql import connected, run_sql
from tests.contract.streams import ACCOUNTS, IDS, MADE_AT, START, every_view, fill, lives, moment, parsed, report, request, story


def opened(url: str, **settings: Any) -> Ledger:
    return Ledger.open(url, clock=SteppingClock(MADE_AT), **settings)


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    with opened(store_url) as ledger:
        yield ledger


# Alike


def test_orders_are_foreseen_as_they_are_once_it_is_recorded(ledger: Ledger) -> None:
    messages = parsed(*story())
    ledger.record_many(messages[: len(messages) // 2])
    later = messages[len(messages) // 2 :]
    before = every_view(ledger)
    foreseen = {row["stream"]: row for row in ledger.foresee(later)}
    assert every_view(ledger) == before
    ledger.record_many(later)
    there = {row["stream"]: row for row in ledger.orders()}
    assert foreseen and foreseen == {stream: there[stream] for stream in foreseen}


def test_the_three_stores_give_the_same_answers_byte_for_byte(tmp_path: Path, postgres_schema_url: str) -> None:
    messages = parsed(*story())
    outcomes, views = [], []
    for url in ("memory://", f"sqlite:///{tmp_path}/ledger.db", postgres_schema_url):
        with opened(url, follow=False) as ledger:
            outcomes.append([ledger.record(message) for message in messages])
            views.append(every_view(ledger))
            assert ledger.check().differences == ()
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
    assert [outcome.outcome for outcome in ledger.record_many(messages)] == ["duplicate"] * len(messages)
    assert every_view(ledger) == before


def test_a_reopened_store_gives_the_same_answers(durable_store_url: str) -> None:
    messages = parsed(*story())
    with opened(durable_store_url) as ledger:
        ledger.record_many(messages)
        before = every_view(ledger)
    with opened(durable_store_url) as ledger:
        assert every_view(ledger) == before
        assert {outcome.outcome for outcome in ledger.record_many(messages)} == {"duplicate"}
        assert ledger.check().differences == ()


def test_a_rebuild_finds_what_was_there(ledger: Ledger) -> None:
    ledger.record_many(parsed(*story()))
    before = every_view(ledger)
    rebuilt = ledger.rebuild()
    assert rebuilt.is_equal and rebuilt.events == sum(1 for _ in ledger.events())
    assert every_view(ledger) == before


# Ids


@pytest.mark.parametrize("account", ACCOUNTS)
def test_strange_ids_stay_what_they_are(ledger: Ledger, account: str) -> None:
    ledger.record_many(parsed(*(message for message in story() if message["account"] == account)))
    names = {row["client_order_id"] for row in ledger.orders(account=account)} - {None, "C-1", "C-2", "C-3"}
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
        assert [event["account"] for event in ledger.history(name, account=account)] == [account] * 4
    assert [row["instrument"] for row in ledger.pnl(account=account) if row["instrument"] in IDS] == sorted(IDS)


def test_evidence_is_kept_as_it_came(ledger: Ledger) -> None:
    evidence = parse_document(fill("C-1", "F-1")).model_dump()["evidence"]
    assert evidence is None
    line = (
        '{"type":"fill","account":"a","client_order_id":"C-1","at":"2026-03-02T09:30:00Z","fill_id":"F-1","quantity":1,"price":2,'
    )
    line += '"evidence":{"b":1.10,"a":[1e-7,12345678901234567890123,"\\u0000 é 🧾",null,true],"":{}}}'
    ledger.record(parse_line(line))
    (event, *_) = ledger.history("C-1")
    shown = event["evidence"]
    assert list(shown) == ["b", "a", ""] and str(shown["b"]) == "1.10"
    assert [str(item) for item in shown["a"]] == ["1E-7", "12345678901234567890123", "\x00 é 🧾", "None", "True"]


def test_an_id_of_two_accounts_has_to_be_told_apart(ledger: Ledger) -> None:
    ledger.record_many(parsed(request("C-1"), request("C-1", account="a/b")))
    assert ledger.order("C-1", account="a/b")["account"] == "a/b"
    with pytest.raises(AmbiguousOrder):
        ledger.order("C-1")
    with pytest.raises(UnknownOrder):
        ledger.order("C-1", account="a")


# Other times


def test_as_of_shows_what_was_known_then(ledger: Ledger) -> None:
    messages = parsed(*story())
    views = []
    for message in messages[:80]:
        ledger.record(message)
        views.append(
            (last_recorded_at(ledger), ledger.orders(), ledger.trades(with_busted=True), ledger.pnl(), ledger.anomalies())
        )
    for known_at, orders, trades, pnl, anomalies in views[::7]:
        assert ledger.orders(as_of=known_at) == orders
        assert ledger.trades(with_busted=True, as_of=known_at) == trades
        assert ledger.pnl(as_of=known_at) == pnl
        assert [row | {"cleared_at": None} for row in ledger.anomalies(as_of=known_at)] == [
            row | {"cleared_at": None} for row in anomalies
        ]


NAMES = ("client_order_id", "venue_order_id", "replacement_client_order_id", "request_id")


def test_as_of_an_order_is_found_by_the_names_that_were_known_then(ledger: Ledger) -> None:
    """One that is unknown at first and turns out to be ours among them, and names of several kinds and accounts."""
    unknown: dict[str, Any] = {"venue_order_id": "V-U", "aliases": {"index": "81"}, "instrument": "BTC-USD", "side": "buy"}
    told = [fill(None, "F-U", 1, **unknown), fill("X-U", "F-X", 1, venue_order_id="V-X"), request("U-1", 2)]
    told += [report("request_cancel", "U-1", 3, request_id="R-U"), report("acknowledge", "U-1", 4, venue_order_id="V-U")]
    told += [report("replace", "X-U", 5, quantity="9", venue_order_id="V-U", replacement_client_order_id="U-2")]
    told += [report("submit", "U-1", 6, aliases={"other": "V-X"}), fill(None, "F-O", 7, account="o", venue_order_id="81")]
    documents = [*told, *story()]
    aliases = {value for document in documents for value in document.get("aliases", {}).values()}
    names = aliases | {document[field] for document in documents for field in NAMES if document.get(field)}

    def found(**moment: datetime) -> dict[str, object]:
        return {name: answer(ledger, name, **moment) for name in sorted(names)}

    known = []
    for message in parsed(*documents[:40]):
        ledger.record(message)
        known.append((last_recorded_at(ledger), found()))
    for known_at, answers in [*known[:9], *known[9::10]]:
        assert found(as_of=known_at) == answers
    assert found(effective_at=MADE_AT + timedelta(days=1)) == found()


def answer(ledger: Ledger, name: str, **moment: Any) -> object:
    try:
        return ledger.order(name, **moment)
    except (UnknownOrder, AmbiguousOrder) as error:
        return str(error)


def last_recorded_at(ledger: Ledger) -> datetime:
    moments: list[datetime] = [event["recorded_at"] for event in ledger.events()]
    return moments[-1]


def test_a_new_name_may_come_with_the_report_that_shows_whose_it_is(ledger: Ledger) -> None:
    ledger.record_many(parsed(request("C-1")))
    replaced = {"quantity": "9", "venue_order_id": "V-1", "replacement_client_order_id": "C-1"}
    assert ledger.record(parse_document(report("replace", "X", 1, **replaced))).outcome == "recorded"
    assert ledger.record(parse_document(fill(None, "F-1", venue_order_id="V-1"))).anomalies == ()
    assert [(row["client_order_id"], row["quantity"], row["cum_quantity"]) for row in ledger.orders()] == [("C-1", 9, 1)]


def test_one_commit_may_name_an_unknown_order_and_show_whose_it_is(ledger: Ledger) -> None:
    told = [fill(None, "F-1", venue_order_id="V-1", aliases={"index": "7"}), request("C-1", 0)]
    ledger.record_many(parsed(*told, report("acknowledge", "C-1", 2, venue_order_id="V-1")))
    assert len({event["recorded_at"] for event in ledger.events()}) == 1
    assert [(row["client_order_id"], row["aliases"], row["cum_quantity"]) for row in ledger.orders()] == [
        ("C-1", {"index": "7"}, 1)
    ]


def test_one_commit_may_request_an_order_and_show_whose_it_is_as_well(ledger: Ledger) -> None:
    replaced = {"quantity": "9", "venue_order_id": "V-1", "replacement_client_order_id": "C-1"}
    ledger.record_many(parsed(request("C-1"), report("replace", "X", 1, **replaced)))
    assert len({event["recorded_at"] for event in ledger.events()}) == 1
    assert [(row["client_order_id"], row["quantity"]) for row in ledger.orders()] == [("C-1", 9)]


def test_effective_at_shows_what_had_happened_by_then(ledger: Ledger) -> None:
    ledger.record_many(
        parsed(request("C-1", 0), report("cancel", "C-1", 5), fill("C-1", "F-2", 6, quantity="3"), fill("C-1", "F-1", 2))
    )
    seen = []
    for second in (1, 3, 5, 6):
        at = START + timedelta(seconds=second)
        order = ledger.order("C-1", effective_at=at)
        position = sum(row["position_quantity"] for row in ledger.pnl(effective_at=at))
        seen.append((order["status"], order["cum_quantity"], len(ledger.trades(effective_at=at)), position))
        assert len(ledger.history("C-1", effective_at=at)) >= 1
    assert seen == [("pending_new", 0, 0, 0), ("partially_filled", 1, 1, 1), ("canceled", 1, 1, 1), ("canceled", 4, 2, 4)]
    assert ledger.orders(effective_at=START - timedelta(seconds=1)) == []


def test_the_present_is_the_same_from_the_log_and_from_the_views(ledger: Ledger) -> None:
    ledger.record_many(parsed(*story()))
    later = MADE_AT + timedelta(days=1)
    for view in ("orders", "trades", "positions", "pnl", "anomalies", "proposals"):
        ask = getattr(ledger, view)
        assert ask(as_of=later) == ask() == ask(effective_at=later) == ask(as_of=later, effective_at=later), view


# Immutable


@pytest.mark.parametrize("statement", ["UPDATE orderledger_events SET topic = 'x'", "DELETE FROM orderledger_events"])
def test_the_database_refuses_to_change_events(durable_store_url: str, statement: str) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*lives(2)))
        before = every_view(ledger)
        with pytest.raises((sqlite3.DatabaseError, psycopg.Error), match="events are immutable"):
            run_sql(durable_store_url, statement)
        assert every_view(ledger) == before


def test_postgresql_refuses_to_empty_the_log(postgres_schema_url: str) -> None:
    with opened(postgres_schema_url) as ledger:
        ledger.record_many(parsed(*lives(2)))
        with pytest.raises(psycopg.Error, match="events are immutable"):
            run_sql(postgres_schema_url, "TRUNCATE orderledger_events")


def test_sqlite_refuses_to_replace_events(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with opened(url) as ledger:
        ledger.record_many(parsed(*lives(1)))
        before = every_view(ledger)
        copy = "SELECT originator_id, originator_version, 'x', state, notification_id FROM orderledger_events"
        with pytest.raises(sqlite3.DatabaseError):
            run_sql(url, "PRAGMA recursive_triggers=ON", f"INSERT OR REPLACE INTO orderledger_events {copy}")
        assert every_view(ledger) == before


def test_a_store_of_a_newer_version_is_refused(durable_store_url: str) -> None:
    opened(durable_store_url).close()
    run_sql(durable_store_url, "UPDATE ledger_schema SET version = 999")
    with pytest.raises(StoreVersion, match="newer version"):
        opened(durable_store_url)


@pytest.mark.parametrize("name", ["orders", "collectors", "view_positions", "orderledger_events"])
def test_a_database_of_another_program_is_refused_and_left_alone(durable_store_url: str, name: str) -> None:
    run_sql(durable_store_url, f"CREATE TABLE {name} (what TEXT)", f"INSERT INTO {name} VALUES ('precious')")
    with pytest.raises(StoreUnreachable, match=f"no ledger.*{name}"):
        opened(durable_store_url)
    connection = connected(durable_store_url)
    assert connection.execute(f"SELECT * FROM {name}").fetchall() == [("precious",)]
    connection.close()


# The views can be thrown away


def test_views_that_were_emptied_are_folded_again(durable_store_url: str) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*story()))
        before = every_view(ledger)
    run_sql(durable_store_url, *(f"DELETE FROM {table.name}" for table in TABLES), "UPDATE view_positions SET position = 0")
    with opened(durable_store_url) as ledger:
        assert every_view(ledger) == before


@pytest.mark.parametrize("is_position_kept", [True, False])
@pytest.mark.parametrize("verb", ["DELETE FROM", "DROP TABLE"])
def test_views_that_are_gone_are_folded_again(durable_store_url: str, verb: str, is_position_kept: bool) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*story()))
        before = every_view(ledger)
    tables = [table.name for table in TABLES] + ([] if is_position_kept else ["view_positions"])
    run_sql(durable_store_url, *(f"{verb} {table}" for table in tables))
    with opened(durable_store_url) as ledger:
        if is_position_kept and verb == "DELETE FROM":
            assert not ledger.rebuild().is_equal  # nothing tells an empty table from an empty log: `rebuild` mends it
        assert every_view(ledger) == before
        assert ledger.check().differences == ()


def test_a_changed_view_is_found_and_mended(durable_store_url: str) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(parsed(*lives(3)))
        before = every_view(ledger)
        run_sql(durable_store_url, "UPDATE orders SET status = 'new' WHERE client_order_id = 'C-1'", "DELETE FROM trades")
        differences = [difference.where for difference in ledger.check().differences]
        assert "orders sim:main/C-1 status" in differences and sum("trades" in where for where in differences) == 6
        assert not ledger.rebuild().is_equal
        assert every_view(ledger) == before
        assert ledger.check().differences == ()


# Several writers


@pytest.fixture
def two(durable_store_url: str) -> Iterator[tuple[Ledger, Ledger]]:
    """Two ledgers on one store, as in two processes."""
    with opened(durable_store_url) as one, opened(durable_store_url) as other:
        yield one, other


def test_two_ledgers_that_write_one_order_lose_and_double_nothing(two: tuple[Ledger, Ledger]) -> None:
    one, other = two
    one.record(parse_document(request("C-1", quantity="1000")))
    outcomes = []
    for number in range(30):
        for ledger in (one, other):
            fresh = fill("C-1", f"F-{number}-{id(ledger)}", number)
            shared = fill("C-1", f"F-{number}", number)
            outcomes += [ledger.record(parse_document(message)).outcome for message in (fresh, shared)]
    assert (outcomes.count("recorded"), outcomes.count("duplicate")) == (90, 30)
    assert one.orders() == other.orders() and one.order("C-1")["cum_quantity"] == 90
    assert one.check().differences == ()


def test_two_ledgers_at_once_lose_and_double_nothing(two: tuple[Ledger, Ledger]) -> None:
    messages = [request("C-1", quantity="1000"), *(fill("C-1", f"F-{number}", number) for number in range(120))]

    def record(ledger: Ledger) -> list[str]:
        return [ledger.record(parse_document(message)).outcome for message in messages]

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(record, two))
    assert [sorted(pair) for pair in zip(*results, strict=True)] == [["duplicate", "recorded"]] * len(messages)
    assert two[0].order("C-1")["cum_quantity"] == 120
    assert two[1].check().differences == ()


def test_a_command_is_decided_on_what_another_ledger_has_written(two: tuple[Ledger, Ledger]) -> None:
    one, other = two
    assert one.record(parse_document(report("submit", "C-1", 1))).reason == "unknown_order"
    other.record(parse_document(request("C-1")))
    assert one.record(parse_document(report("submit", "C-1", 1))).outcome == "recorded"
    assert other.record(parse_document(report("submit", "C-1", 2))).reason == "already_submitted"
    one.record(parse_document(report("cancel", "C-1", 3)))
    assert other.record(parse_document(report("request_cancel", "C-1", 4))).reason == "order_ended"


def replace_to(name: str, client_order_id: str, second: float) -> Any:
    fields = {"quantity": "8", "replacement_client_order_id": name}
    return parse_document(report("request_replace", client_order_id, second, **fields))


def test_a_replacement_takes_no_id_of_an_order_that_another_ledger_has_requested(two: tuple[Ledger, Ledger]) -> None:
    one, other = two
    one.record_many([parse_document(request("C-1")), parse_document(request("C-2")), parse_document(report("cancel", "C-1", 1))])
    assert one.record(replace_to("C-3", "C-1", 2)).reason == "order_ended"  # and one remembers that nobody has C-3
    other.record(parse_document(request("C-3")))
    assert one.record(replace_to("C-3", "C-2", 3)).reason == "duplicate_client_order_id"
    assert other.record(replace_to("C-4", "C-3", 4)).outcome == "recorded"
    assert one.record(parse_document(request("C-4"))).reason == "duplicate_client_order_id"


def test_of_a_replacement_and_a_request_of_one_id_at_once_one_is_refused(two: tuple[Ledger, Ledger]) -> None:
    one, other = two
    for number in range(25):
        one.record(parse_document(request(f"C-{number}")))
        messages = (replace_to(f"R-{number}", f"C-{number}", 1), parse_document(request(f"R-{number}")))
        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(lambda ledger, message: ledger.record(message), two, messages))
        assert sorted((told.outcome, told.reason) for told in outcomes) == [
            ("recorded", None),
            ("refused", "duplicate_client_order_id"),
        ]
    assert other.check().differences == ()


@pytest.mark.parametrize("is_request_first", [True, False])
def test_a_mapping_that_two_ledgers_learn_in_turn_attributes_once(two: tuple[Ledger, Ledger], is_request_first: bool) -> None:
    one, other = two
    if is_request_first:
        one.record(parse_document(request("C-1")))
        other.record(parse_document(report("submit", "C-1", 0.5)))
    one.record(parse_document(fill(None, "F-1", 1, venue_order_id="V-1")))
    other.record(parse_document(fill(None, "F-2", 2, venue_order_id="V-1")))
    if not is_request_first:
        other.record(parse_document(request("C-1")))
    one.record(parse_document(report("acknowledge", "C-1", 3, venue_order_id="V-1")))
    other.record(parse_document(fill(None, "F-3", 4, venue_order_id="V-1")))
    assert one.record(parse_document(fill(None, "F-1", 1, venue_order_id="V-1"))).outcome == "duplicate"
    for ledger in two:
        (order,) = ledger.orders()
        assert (order["client_order_id"], order["origin"], order["cum_quantity"]) == ("C-1", "own", 3)
        assert [row["fill_id"] for row in ledger.trades()] == ["F-1", "F-2", "F-3"]
        assert sum(row["position_quantity"] for row in ledger.pnl()) == 3
    assert sum(event["name"] == "order_attributed.v1" for event in one.events()) == 1
    assert one.check().differences == ()


def test_a_mapping_that_two_ledgers_learn_at_once_attributes_once(two: tuple[Ledger, Ledger]) -> None:
    """One records what the venue's id alone names while the other learns whose id that is."""
    count = 40
    one, other = two
    other.record_many(parsed(*(request(f"C-{n}") for n in range(count))))
    ready = threading.Barrier(2)

    def reports(ledger: Ledger) -> None:
        for number in range(count):
            ready.wait()
            ledger.record(parse_document(fill(None, "F-1", 1, venue_order_id=f"V-{number}")))

    def mappings(ledger: Ledger) -> None:
        for number in range(count):
            ready.wait()
            ledger.record(parse_document(report("acknowledge", f"C-{number}", 2, venue_order_id=f"V-{number}")))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(reports, one), pool.submit(mappings, other)]:
            done.result()
    for ledger in two:
        assert {(row["client_order_id"], row["origin"], str(row["cum_quantity"])) for row in ledger.orders()} == {
            (f"C-{n}", "own", "1") for n in range(count)
        }
        assert len(ledger.trades()) == count
    assert one.check().differences == ()
    assert one.record(parse_document(fill(None, "F-1", 1, venue_order_id="V-0"))).outcome == "duplicate"


def test_a_new_sqlite_file_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    """Whoever comes while another is turning the new file into a write-ahead log waits, and does not fail."""
    ready = threading.Barrier(8)

    def open_and_close(url: str) -> None:
        ready.wait()
        Ledger.open(url, follow=False).close()

    with ThreadPoolExecutor(8) as pool:
        for attempt in range(40):
            for done in [pool.submit(open_and_close, f"sqlite:///{tmp_path}/{attempt}.db") for _ in range(8)]:
                done.result()


def test_four_ledgers_that_learn_names_at_once_lose_nothing(durable_store_url: str) -> None:
    """Fills under the venue's id, an alias and our id, while the acknowledgement says that all of them are one order."""
    count, ready = 80, threading.Barrier(4)

    def told(number: int) -> list[dict[str, Any]]:
        names: dict[str, Any] = {"venue_order_id": f"V-{number}", "aliases": {"index": f"A-{number}"}}
        return [
            fill(None, "F-1", 1, venue_order_id=f"V-{number}"),
            report("acknowledge", f"C-{number}", 2, venue_order_id=f"V-{number}"),
            fill(None, "F-2", 3, **names),
            fill(f"C-{number}", "F-3", 4, **names),
        ]

    def record(index: int, ledger: Ledger) -> list[str]:
        outcomes: list[str] = []
        for number in range(count):
            ready.wait(60)
            try:
                outcomes.append(ledger.record(parse_document(told(number)[index])).outcome)
            except StoreError as error:
                outcomes.append(str(error))
        return outcomes

    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(4))
        ledgers = [stack.enter_context(Ledger.open(durable_store_url)) for _ in range(4)]
        ledgers[0].record_many(parsed(*(request(f"C-{number}") for number in range(count))))
        recording = [pool.submit(record, index, ledger) for index, ledger in enumerate(ledgers)]
        assert {outcome for done in recording for outcome in done.result()} == {"recorded"}
        assert {(row["origin"], str(row["cum_quantity"])) for row in ledgers[1].orders()} == {("own", "3")}
        assert len(ledgers[2].orders()) == count and ledgers[3].check().differences == ()


# Many at once


def test_sixteen_threads_share_commits(ledger: Ledger) -> None:
    def record(thread: int) -> list[str]:
        futures = [ledger.record_soon(message) for message in parsed(*lives(15, f"sim:{thread}"))]
        return [future.result(60).outcome for future in futures]

    with ThreadPoolExecutor(16) as pool:
        outcomes = [outcome for told in pool.map(record, range(16)) for outcome in told]
    assert outcomes == ["recorded"] * 16 * 60
    assert {(row["status"], str(row["cum_quantity"])) for row in ledger.orders()} == {("filled", "10")}
    assert len(ledger.orders()) == 240 and len(ledger.trades()) == 480
    assert ledger.check().differences == ()


def test_threads_that_wait_for_each_of_their_records_share_commits(durable_store_url: str) -> None:
    with opened(durable_store_url) as shared, ThreadPoolExecutor(16) as pool:
        together = threading.Barrier(16)

        def record(thread: int) -> list[str]:
            messages = parsed(*lives(5, f"sim:{thread}"))
            together.wait(60)
            return [shared.record(message).outcome for message in messages]

        outcomes = [outcome for told in pool.map(record, range(16)) for outcome in told]
        assert outcomes == ["recorded"] * 16 * 20
        assert shared.latencies()["commit"]["count"] < 0.45 * len(outcomes)


def test_sixteen_threads_on_one_order_count_each_fill_once(ledger: Ledger) -> None:
    ledger.record(parse_document(request("C-1", quantity="1000")))

    def record(_: int) -> list[str]:
        return [ledger.record(parse_document(fill("C-1", f"F-{n}", n))).outcome for n in range(25)]

    with ThreadPoolExecutor(16) as pool:
        outcomes = [outcome for told in pool.map(record, range(16)) for outcome in told]
    assert outcomes.count("recorded") == 25 and outcomes.count("duplicate") == 15 * 25
    assert ledger.order("C-1")["cum_quantity"] == 25


def test_sixty_four_tasks_share_commits(ledger: Ledger) -> None:
    async def record(task: int) -> list[str]:
        return [(await ledger.arecord(message)).outcome for message in parsed(*lives(4, f"sim:{task}"))]

    async def all_tasks() -> list[list[str]]:
        return await asyncio.gather(*(record(task) for task in range(64)))

    outcomes = [outcome for told in asyncio.run(all_tasks()) for outcome in told]
    assert outcomes == ["recorded"] * 64 * 16
    assert len(ledger.orders()) == 256 and len(ledger.trades()) == 512
    assert ledger.check().differences == ()


def test_what_is_queued_is_committed_before_the_ledger_closes(durable_store_url: str) -> None:
    ledger = opened(durable_store_url)
    futures = [ledger.record_soon(message) for message in parsed(*lives(200))]
    ledger.close()
    assert {future.result(0).outcome for future in futures} == {"recorded"}
    with opened(durable_store_url) as again:
        assert len(again.trades()) == 400


def test_what_is_offered_to_a_closed_ledger_is_answered(store_url: str) -> None:
    with opened(store_url) as ledger:
        assert ledger.record_soon(parse_document(request("C-1"))).result(10).outcome == "recorded"
    with pytest.raises(StoreUnreachable, match="the ledger is closed"):
        ledger.record_soon(parse_document(request("C-2"))).result(10)
    with pytest.raises(StoreUnreachable, match="the ledger is closed"):
        asyncio.run(asyncio.wait_for(ledger.arecord(parse_document(request("C-3"))), 10))
    with pytest.raises(StoreUnreachable, match="the ledger is closed"):
        ledger.preview([parse_document(request("C-4"))])


def test_an_event_loop_that_ended_before_its_commit_does_not_stop_the_others(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"

    async def give_up(ledger: Ledger) -> None:
        task = asyncio.ensure_future(ledger.arecord(parse_document(request("C-1"))))
        await asyncio.sleep(0.1)
        task.cancel()

    with opened(f"sqlite:///{path}") as ledger:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        asyncio.run(give_up(ledger))
        other.execute("ROLLBACK")
        other.close()
        assert ledger.record_soon(parse_document(request("C-2"))).result(10).outcome == "recorded"
        assert [row["client_order_id"] for row in ledger.orders()] == ["C-1", "C-2"]


@pytest.mark.parametrize("question", ["orders", "trades", "pnl", "events", "recover", "check", "rebuild"])
def test_a_closed_ledger_says_so(store_url: str, question: str) -> None:
    ledger = opened(store_url)
    ledger.record_many(parsed(*lives(1)))
    ledger.record_soon(parse_document(request("C-8"))).result(10)
    ledger.close()
    with pytest.raises(StoreError, match="the ledger is closed"):
        list(getattr(ledger, question)())
    with pytest.raises(StoreError, match="the ledger is closed"):
        ledger.record(parse_document(request("C-9")))
    with pytest.raises(StoreError, match="the ledger is closed"):
        ledger.record_soon(parse_document(request("C-9"))).result(60)


def test_one_bad_neighbour_does_not_spoil_a_commit(ledger: Ledger) -> None:
    """A refused command, a duplicate and new facts in one batch each get their own answer."""
    batch = [
        request("C-1"),
        request("C-1", quantity="2"),
        request("C-1", 5),
        report("submit", "C-9", 1),
        fill("C-1", "F-1"),
        fill("C-1", "F-1"),
        fill("C-1", "F-1", quantity="2"),
    ]
    outcomes = [(outcome.outcome, outcome.reason, outcome.anomalies) for outcome in ledger.record_many(parsed(*batch))]
    assert outcomes == [
        ("recorded", None, ()),
        ("refused", "duplicate_client_order_id", ()),
        ("duplicate", None, ()),
        ("refused", "unknown_order", ()),
        ("recorded", None, ()),
        ("duplicate", None, ()),
        ("recorded", None, ("fill_id_reused",)),
    ]


def test_recovery_finds_what_is_open_in_flight_and_unresolved(durable_store_url: str) -> None:
    with opened(durable_store_url) as ledger:
        ledger.record_many(
            parsed(
                *lives(5),
                request("open", 10),
                report("acknowledge", "open", 11),
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
            [row["client_order_id"] for row in rows] for rows in (found.open, found.in_flight, found.unresolved, found.pending)
        ]
        assert names == [["open", "flying", "lost"], ["flying"], ["lost"], ["open"]]
        assert found.open[0]["pending_since"] == datetime.fromisoformat(moment(12))


def test_an_alias_is_found_as_it_was_given_and_by_no_other_case_or_part(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, follow=False) as ledger:
        ledger.record_many(parsed(request("C-1", aliases={"k": "AbC"}), request("C-2", aliases={"k": "abc"})))
        ledger.record_many(parsed(request("C-3", aliases={"k": "x=9"})))
        assert [ledger.order(name)["client_order_id"] for name in ("AbC", "abc", "x=9")] == ["C-1", "C-2", "C-3"]
        for name in ("ABC", "9"):
            with pytest.raises(UnknownOrder):
                ledger.order(name)


def test_tags_with_floats_are_the_same_in_the_log_and_in_the_views(durable_store_url: str) -> None:
    tags = {"score": 0.1, "all": [1.5, {"x": 2.0}]}
    with Ledger.open(durable_store_url, follow=False) as ledger:
        ledger.record_many(parsed(request("C-1", tags=tags)))
        assert ledger.check().differences == ()
        assert ledger.rebuild().is_equal


def test_event_loops_that_are_over_are_not_kept(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path / "orders.db"), follow=False) as ledger:
        loops = []
        for message in parsed(*(request(f"C-{number}") for number in range(3))):
            with asyncio.Runner() as runner:
                loops.append(weakref.ref(runner.get_loop()))
                assert runner.run(ledger.arecord(message)).outcome == "recorded"
        gc.collect()
        assert [loop() for loop in loops[:-1]] == [None, None]
