"""An event of the log whose bytes were spoiled: `check` names it, and whatever else has to read it
says which one it is."""

import json
import time
from pathlib import Path

import pytest

from orderledger import Ledger, StoreError, UnreadableEvent
from orderledger.infrastructure.views.follower import Follow
from tests.command_line import run
from tests.core.contract.sql import run_sql, run_unguarded
from tests.core.contract.streams import fill, lives, parsed, request, story

SPOILED = {
    "no JSON": (None, b'{"recorded_at":', "truncated"),
    "nothing": (None, b"", "truncated"),
    "no text": (
        None,
        b'{"recorded_at":"2026-03-02T09:30:00Z","source":"\xff\xfe","payload":{}}',
        "utf-8",
    ),
    "no payload": (
        None,
        b'{"recorded_at":"2026-03-02T09:30:00Z","source":"import"}',
        "missing required field `payload`",
    ),
    "another type": (
        None,
        b'{"recorded_at":"2026-03-02T09:30:00Z","source":"import","payload":{"fill_id":"F","quantity":[],"price":"1"}}',
        "payload.quantity",
    ),
    "a field that nobody knows": (
        None,
        b'{"recorded_at":"2026-03-02T09:30:00Z","source":"import","payload":{"fill_id":"F","quantity":"1","price":"1","tax":"2"}}',
        "unknown field `tax` - at `$.payload`",
    ),
    "a field that nobody knows around it": (
        None,
        b'{"recorded_at":"2026-03-02T09:30:00Z","source":"import","seal":"x","payload":{"fill_id":"F","quantity":"1","price":"1"}}',
        "unknown field `seal`",
    ),
    "a field that nobody knows in it": (
        None,
        b'{"recorded_at":"2026-03-02T09:30:00Z","source":"x","payload":{"fill_id":"F","quantity":"1","price":"1","reported":{"a":1}}}',
        "unknown field `a` - at `$.payload.reported`",
    ),
    "an unknown name": (
        "fill_recorded.v9",
        b"{}",
        "'fill_recorded.v9', which this version does not know",
    ),
}
WHICH = "event 7 of the log, version 3 of 'sim:main/C-1', cannot be read: "
"""The first fill of the second of these lives."""


def spoil(url: str, position: int, name: str | None, state: bytes) -> None:
    statement = (
        "UPDATE orderledger_events SET topic = coalesce(?, topic), state = ? WHERE notification_id "
        "= ?"
    )
    run_unguarded(url, statement, (name, state, position))


def spoiled(url: str, spoiling: str = "no JSON", *, is_folded: bool = False) -> str:
    """A store with a damaged event. Returns what is said of it."""
    with Ledger.open(url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(3)))
        if is_folded:
            ledger.views.catch_up()
    name, state, fault = SPOILED[spoiling]
    spoil(url, 7, name, state)
    return fault


@pytest.mark.slow
@pytest.mark.parametrize("spoiling", SPOILED)
def test_whoever_has_to_read_it_says_which_event_it_is(
    durable_store_url: str, spoiling: str
) -> None:
    fault = spoiled(durable_store_url, spoiling)
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        for ask in (
            ledger.orders,
            ledger.recover,
            lambda: ledger.views.rebuild(jobs=2 if spoiling == "no JSON" else 1),
            lambda: list(ledger.events()),
            lambda: ledger.history("C-1", account="sim:main"),
            lambda: ledger.record(parsed(fill("C-1", "F-9", 9))[0]),
        ):
            with pytest.raises(UnreadableEvent) as said:
                ask()
            assert str(said.value).startswith(WHICH) and fault in str(said.value)
        assert len(ledger.history("C-0", account="sim:main")) == 4


@pytest.mark.parametrize(
    "is_folded", [True, False], ids=["in the views already", "before the views have it"]
)
def test_the_check_names_each_of_them_and_goes_on(durable_store_url: str, is_folded: bool) -> None:
    fault = spoiled(durable_store_url, is_folded=is_folded)
    spoil(durable_store_url, 11, "moon.v1", b"{}")
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        checked = ledger.views.check()
    found = [(difference.where, difference.what) for difference in checked.differences]
    assert checked.events == 12
    assert (
        found[0][0] == "sim:main/C-1"
        and found[0][1].startswith("event 7, version 3, cannot be read: ")
        and fault in found[0][1]
    )
    unknown = (
        "event 11, version 3, cannot be read: its name is 'moon.v1', which this version does not "
        "know"
    )
    assert found[1] == ("sim:main/C-2", unknown)
    assert (("trades sim:main/C-1/F-1-1", "in the view, not in the log") in found) == is_folded
    assert (len(found) == 2) != is_folded


def test_the_check_finds_a_hole_in_a_stream(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        ledger.record_many(parsed(*lives(3)))
    spoil(durable_store_url, 7, None, b"")
    run_unguarded(durable_store_url, "DELETE FROM orderledger_events WHERE notification_id = 7")
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        found = [
            (difference.where, difference.what) for difference in ledger.views.check().differences
        ]
    assert found == [("sim:main/C-1", "version 3 expected, 4 found")]


@pytest.mark.slow
def test_any_event_may_be_damaged(tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path / "whole.db"), update_views=False) as ledger:
        ledger.record_many(parsed(*story()))
        ledger.views.catch_up()
        events = list(ledger.events())
    one_of_each = {event["name"]: event for event in events}
    assert len(one_of_each) > 30
    for event in one_of_each.values():
        (tmp_path / "orders.db").write_bytes((tmp_path / "whole.db").read_bytes())
        spoil(f"sqlite:///{tmp_path}/orders.db", event["position"], None, b"\x00")
        with Ledger.open(str(tmp_path / "orders.db"), update_views=False) as ledger:
            first = ledger.views.check().differences[0]
        assert (first.where, first.what.partition(", ")[0]) == (
            event["stream"],
            f"event {event['position']}",
        )


@pytest.mark.slow
def test_views_that_cannot_be_rebuilt_stay_as_they_were(durable_store_url: str) -> None:
    spoiled(durable_store_url, is_folded=True)
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        before = (ledger.orders(), ledger.trades(), ledger.pnl())
        for jobs in (1, 2):
            with pytest.raises(UnreadableEvent):
                ledger.views.rebuild(jobs=jobs)
        assert (ledger.orders(), ledger.trades(), ledger.pnl()) == before


@pytest.mark.parametrize("follow", [True, "process"])
def test_where_views_of_an_older_version_cannot_be_rebuilt_recording_and_the_check_go_on(
    durable_store_url: str, follow: Follow
) -> None:
    spoiled(durable_store_url, is_folded=True)
    run_sql(durable_store_url, "UPDATE view_positions SET fold_version = 1")
    with Ledger.open(durable_store_url, update_views=follow) as ledger:
        assert [outcome.outcome for outcome in ledger.record_many(parsed(request("N-1")))] == [
            "recorded"
        ]
        assert (
            ledger.views.check()
            .differences[0]
            .what.startswith("event 7, version 3, cannot be read: ")
        )
        for ask in (ledger.orders, ledger.views.rebuild, ledger.views.raise_for_fault):
            with pytest.raises(UnreadableEvent, match="event 7 of the log"):
                ask()


def test_the_others_of_a_group_are_recorded(durable_store_url: str) -> None:
    spoiled(durable_store_url)
    with Ledger.open(durable_store_url, update_views=False) as ledger:
        waiting = [
            ledger.record_soon(message)
            for message in parsed(*(request(f"N-{number}") for number in range(50)))
        ]
        damaged = ledger.record_soon(parsed(fill("C-1", "F-9", 9))[0])
        waiting += [
            ledger.record_soon(message)
            for message in parsed(*(request(f"M-{number}") for number in range(50)))
        ]
        with pytest.raises(UnreadableEvent, match="event 7 of the log"):
            damaged.result()
        assert {answer.result().outcome for answer in waiting} == {"recorded"}


@pytest.mark.slow
@pytest.mark.parametrize("follow", [True, "process"])
def test_who_follows_the_views_says_it_and_goes_on_looking(tmp_path: Path, follow: bool) -> None:
    url = f"sqlite:///{tmp_path}/orders.db"
    spoiled(url)
    with Ledger.open(url, update_views=follow) as ledger:
        deadline = time.monotonic() + 60
        said = ""
        while time.monotonic() < deadline and WHICH not in said:
            try:
                ledger.views.raise_for_fault()
            except StoreError as error:
                said = str(error)
            time.sleep(0.05)
        assert said.startswith(WHICH)
        with pytest.raises(UnreadableEvent):
            ledger.orders()


@pytest.mark.parametrize(
    "arguments",
    [
        ["orders"],
        ["history", "C-1"],
        ["events"],
        ["recover"],
        ["rebuild"],
        ["rebuild", "--jobs", "2"],
        ["pnl", "--by", "day"],
    ],
)
def test_a_command_that_has_to_read_it_ends_with_one_sentence(
    tmp_path: Path, arguments: list[str]
) -> None:
    fault = spoiled(f"sqlite:///{tmp_path}/orders.db")
    ended = run(*arguments, "--db", "orders.db", folder=tmp_path)
    assert (ended.status, ended.err.count("\n")) == (3, 1)
    assert ended.err.startswith(f"orderledger: {WHICH}") and fault in ended.err


@pytest.mark.parametrize(
    "is_folded", [True, False], ids=["in the views already", "before the views have it"]
)
def test_the_command_record_names_what_it_cannot_record_and_records_the_rest(
    tmp_path: Path, is_folded: bool
) -> None:
    url = f"sqlite:///{tmp_path}/orders.db"
    fault = spoiled(url, is_folded=is_folded)
    by_venue = {**fill("C-1", "F-8", 8), "client_order_id": None, "venue_order_id": "V-1"}
    documents = [request(f"N-{number}") for number in range(12)]
    documents[3:3], documents[9:9] = [fill("C-1", "F-9", 9)], [{"type": "moon"}, by_venue]
    (tmp_path / "messages.ndjson").write_text(
        "".join(json.dumps(document) + "\n" for document in documents)
    )
    ended = run("record", "messages.ndjson", "--ack", "--db", "orders.db", folder=tmp_path)
    answers = [json.loads(line) for line in ended.out.splitlines()]
    assert [(answer["line"], answer["outcome"]) for answer in answers] == [
        (line, "invalid" if line == 10 else "recorded")
        for line in range(1, 16)
        if line not in (4, 11)
    ]
    first, second, summary, *rest = ended.err.splitlines()
    assert first.startswith(f"line 4: not recorded: {WHICH}") and fault in first
    assert second.startswith(f"line 11: not recorded: {WHICH}")
    assert summary.startswith("12 recorded, 0 duplicate, 0 refused, 1 invalid, 2 not recorded in ")
    assert (ended.status, [line.startswith(f"orderledger: {WHICH}") for line in rest]) == (
        3,
        [] if is_folded else [True],
    )
    with Ledger.open(url, update_views=False) as ledger:
        assert len(ledger.history("N-11", account="sim:main")) == 1


@pytest.mark.slow
def test_a_long_file_is_recorded_to_its_end_though_the_views_end_before_it(tmp_path: Path) -> None:
    url, count = f"sqlite:///{tmp_path}/orders.db", 21_000
    spoiled(url)
    (tmp_path / "messages.ndjson").write_text(
        "".join(json.dumps(request(f"N-{number}")) + "\n" for number in range(count))
    )
    ended = run("record", "messages.ndjson", "--db", "orders.db", folder=tmp_path)
    summary, said = ended.err.splitlines()
    assert (
        ended.status,
        summary.partition(",000 recorded,")[0],
        said.startswith(f"orderledger: {WHICH}"),
    ) == (3, "21", True)


def test_the_command_check_lists_what_it_finds(tmp_path: Path) -> None:
    fault = spoiled(f"sqlite:///{tmp_path}/orders.db")
    ended = run("check", "--json", "--db", "orders.db", folder=tmp_path)
    first, summary = map(json.loads, ended.out.splitlines())
    assert (ended.status, ended.err, summary["summary"]["differences"]) == (1, "", 1)
    assert first["where"] == "sim:main/C-1" and fault in first["what"]
