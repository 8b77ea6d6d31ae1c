"""Several ledgers that write to one store lose and double nothing."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from orderledger import Ledger, StoreError, parse_document
from tests.core.contract.streams import fill, parsed, report, request
from tests.typed import column


def test_two_ledgers_that_write_one_order_lose_and_double_nothing(
    two: tuple[Ledger, Ledger],
) -> None:
    one, other = two
    one.record(parse_document(request("C-1", quantity="1000")))
    outcomes = []
    for number in range(30):
        for ledger in (one, other):
            fresh = fill("C-1", f"F-{number}-{id(ledger)}", number)
            shared = fill("C-1", f"F-{number}", number)
            outcomes += [
                ledger.record(parse_document(message)).outcome for message in (fresh, shared)
            ]
    assert (outcomes.count("recorded"), outcomes.count("duplicate")) == (90, 30)
    assert one.orders() == other.orders() and one.order("C-1")["cum_quantity"] == 90
    assert one.views.check().differences == ()


def test_two_ledgers_at_once_lose_and_double_nothing(two: tuple[Ledger, Ledger]) -> None:
    messages = [
        request("C-1", quantity="1000"),
        *(fill("C-1", f"F-{number}", number) for number in range(120)),
    ]

    def record(ledger: Ledger) -> list[str]:
        return [ledger.record(parse_document(message)).outcome for message in messages]

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(record, two))
    assert [sorted(pair) for pair in zip(*results, strict=True)] == [
        ["duplicate", "recorded"]
    ] * len(messages)
    assert two[0].order("C-1")["cum_quantity"] == 120
    assert two[1].views.check().differences == ()


def test_a_command_is_decided_on_what_another_ledger_has_written(
    two: tuple[Ledger, Ledger],
) -> None:
    one, other = two
    assert one.record(parse_document(report("submit", "C-1", 1))).reason == "unknown_order"
    other.record(parse_document(request("C-1")))
    assert one.record(parse_document(report("submit", "C-1", 1))).outcome == "recorded"
    assert other.record(parse_document(report("submit", "C-1", 2))).reason == "already_submitted"
    one.record(parse_document(report("canceled", "C-1", 3)))
    assert other.record(parse_document(report("request_cancel", "C-1", 4))).reason == "order_ended"


def replace_to(name: str, client_order_id: str, second: float) -> Any:
    fields = {"quantity": "8", "replacement_client_order_id": name}
    return parse_document(report("request_replace", client_order_id, second, **fields))


def test_a_replacement_takes_no_id_of_an_order_that_another_ledger_has_requested(
    two: tuple[Ledger, Ledger],
) -> None:
    one, other = two
    one.record_many(
        [
            parse_document(request("C-1")),
            parse_document(request("C-2")),
            parse_document(report("canceled", "C-1", 1)),
        ]
    )
    assert (
        one.record(replace_to("C-3", "C-1", 2)).reason == "order_ended"
    )  # and one remembers that nobody has C-3
    other.record(parse_document(request("C-3")))
    assert one.record(replace_to("C-3", "C-2", 3)).reason == "duplicate_client_order_id"
    assert other.record(replace_to("C-4", "C-3", 4)).outcome == "recorded"
    assert one.record(parse_document(request("C-4"))).reason == "duplicate_client_order_id"


def test_of_a_replacement_and_a_request_of_one_id_at_once_one_is_refused(
    two: tuple[Ledger, Ledger],
) -> None:
    one, other = two
    for number in range(25):
        one.record(parse_document(request(f"C-{number}")))
        messages = (
            replace_to(f"R-{number}", f"C-{number}", 1),
            parse_document(request(f"R-{number}")),
        )
        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(lambda ledger, message: ledger.record(message), two, messages))
        assert sorted((told.outcome, told.reason) for told in outcomes) == [
            ("recorded", None),
            ("refused", "duplicate_client_order_id"),
        ]
    assert other.views.check().differences == ()


@pytest.mark.parametrize("level", ["repeatable%20read", "serializable"])
def test_who_waited_for_another_ledger_sees_what_it_has_written_whatever_isolation_is_usual(
    postgres_schema_url: str, level: str
) -> None:
    options = f"%20-c%20default_transaction_isolation%3D{level.replace('%20', '%5C%20')}"
    waiting = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = "
        "'orderledger_events'::regclass"
    )
    with ExitStack() as opened:
        one, other = (
            opened.enter_context(Ledger.open(postgres_schema_url + options, update_views=False))
            for _ in range(2)
        )
        one.record(parse_document(request("C-1")))
        pool = opened.enter_context(ThreadPoolExecutor(2))
        with psycopg.connect(postgres_schema_url) as holding:
            holding.execute("LOCK TABLE orderledger_events IN EXCLUSIVE MODE")
            told = []
            for ledger, message in (
                (one, replace_to("R-1", "C-1", 1)),
                (other, parse_document(request("R-1"))),
            ):
                told.append(pool.submit(ledger.record, message))
                while holding.execute(waiting).fetchone() != (len(told),):
                    time.sleep(0.01)
        assert [(future.result(20).outcome, future.result().reason) for future in told] == [
            ("recorded", None),
            ("refused", "duplicate_client_order_id"),
        ]


@pytest.mark.parametrize("is_request_first", [True, False])
def test_a_mapping_that_two_ledgers_learn_in_turn_attributes_once(
    two: tuple[Ledger, Ledger], is_request_first: bool
) -> None:
    one, other = two
    if is_request_first:
        one.record(parse_document(request("C-1")))
        other.record(parse_document(report("submit", "C-1", 0.5)))
    one.record(parse_document(fill(None, "F-1", 1, venue_order_id="V-1")))
    other.record(parse_document(fill(None, "F-2", 2, venue_order_id="V-1")))
    if not is_request_first:
        other.record(parse_document(request("C-1")))
    one.record(parse_document(report("acknowledged", "C-1", 3, venue_order_id="V-1")))
    other.record(parse_document(fill(None, "F-3", 4, venue_order_id="V-1")))
    assert (
        one.record(parse_document(fill(None, "F-1", 1, venue_order_id="V-1"))).outcome
        == "duplicate"
    )
    for ledger in two:
        (order,) = ledger.orders()
        assert (order["client_order_id"], order["origin"], order["cum_quantity"]) == (
            "C-1",
            "own",
            3,
        )
        assert [row["fill_id"] for row in ledger.trades()] == ["F-1", "F-2", "F-3"]
        assert sum(column(ledger.pnl(), "position_quantity")) == 3
    assert sum(event["name"] == "order_attributed.v1" for event in one.events()) == 1
    assert one.views.check().differences == ()


def test_a_mapping_that_two_ledgers_learn_at_once_attributes_once(
    two: tuple[Ledger, Ledger],
) -> None:
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
            ledger.record(
                parse_document(
                    report("acknowledged", f"C-{number}", 2, venue_order_id=f"V-{number}")
                )
            )

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(reports, one), pool.submit(mappings, other)]:
            done.result()
    for ledger in two:
        assert {
            (row["client_order_id"], row["origin"], str(row["cum_quantity"]))
            for row in ledger.orders()
        } == {(f"C-{n}", "own", "1") for n in range(count)}
        assert len(ledger.trades()) == count
    assert one.views.check().differences == ()
    assert (
        one.record(parse_document(fill(None, "F-1", 1, venue_order_id="V-0"))).outcome
        == "duplicate"
    )


@pytest.mark.slow
def test_a_new_sqlite_file_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    """Whoever comes while another is turning the new file into a write-ahead log waits, and does
    not fail."""
    ready = threading.Barrier(8)

    def open_and_close(url: str) -> None:
        ready.wait()
        Ledger.open(url, update_views=False).close()

    with ThreadPoolExecutor(8) as pool:
        for attempt in range(40):
            for done in [
                pool.submit(open_and_close, f"sqlite:///{tmp_path}/{attempt}.db") for _ in range(8)
            ]:
                done.result()


@pytest.mark.slow
def test_four_ledgers_that_learn_names_at_once_lose_nothing(durable_store_url: str) -> None:
    """Fills under the venue's id, an alias and our id, while the acknowledgement says that all of
    them are one order."""
    count, ready = 80, threading.Barrier(4)

    def told(number: int) -> list[dict[str, Any]]:
        names: dict[str, Any] = {
            "venue_order_id": f"V-{number}",
            "aliases": {"index": f"A-{number}"},
        }
        return [
            fill(None, "F-1", 1, venue_order_id=f"V-{number}"),
            report("acknowledged", f"C-{number}", 2, venue_order_id=f"V-{number}"),
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
        assert {(row["origin"], str(row["cum_quantity"])) for row in ledgers[1].orders()} == {
            ("own", "3")
        }
        assert len(ledgers[2].orders()) == count and ledgers[3].views.check().differences == ()
