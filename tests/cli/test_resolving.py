"""An operator decides whether an order in doubt arrived: in Python and on the command line."""

import json
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger import (
    Absent,
    Acknowledged,
    AmbiguousOrder,
    Fill,
    InvalidSetting,
    Ledger,
    Message,
    Request,
    RequestCancel,
    RequestReplace,
    StatusObserved,
    Submit,
    UnknownOrder,
    Unresolved,
)
from orderledger.infrastructure.storage.urls import without_password
from tests.command_line import run

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
ACCOUNT = "tradier:main"


def at(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


class Later:
    """A clock that stands an hour after the orders."""

    def now(self) -> datetime:
        return at(3600)


@pytest.fixture
def ledger(store_url: str) -> Iterator[Ledger]:
    with Ledger.open(store_url, clock=Later()) as opened:
        yield opened


def request(name: str, account: str = ACCOUNT) -> Request:
    terms: dict[str, Any] = {
        "instrument": "AAPL",
        "side": "buy",
        "quantity": "10",
        "order_type": "limit",
        "limit_price": "180",
    }
    return Request(account=account, client_order_id=name, at=at(0), **terms)


def in_doubt(ledger: Ledger, name: str = "C-1", account: str = ACCOUNT) -> None:
    of_order: dict[str, Any] = {"account": account, "client_order_id": name}
    ledger.record_many(
        [
            request(name, account),
            Submit(**of_order, at=at(1)),
            Unresolved(**of_order, at=at(11), reason="timeout"),
        ]
    )


def test_an_order_that_never_arrived_is_denied_by_an_operator(ledger: Ledger) -> None:
    in_doubt(ledger)
    assert (
        ledger.resolve("C-1", never_arrived=True, actor="anna", text="not in the list").outcome
        == "recorded"
    )
    order, last = ledger.order("C-1"), list(ledger.history("C-1"))[-1]
    assert (order["status"], order["reason"], order["is_open"], order["ended_at"]) == (
        "denied",
        "never_arrived",
        False,
        at(3600),
    )
    assert (last["actor"], last["source"], last["text"]) == ("anna", "operator", "not in the list")
    assert last["payload"]["never_arrived"] is True
    assert ledger.recover().doubts == []


def test_an_order_that_works_is_acknowledged_by_an_operator_under_the_venues_id(
    ledger: Ledger,
) -> None:
    in_doubt(ledger)
    assert (
        ledger.resolve("C-1", worked_as="81274", actor="anna", reason="seen").outcome == "recorded"
    )
    order = ledger.order("81274")
    assert (order["client_order_id"], order["status"], order["certainty"]) == (
        "C-1",
        "new",
        "confirmed",
    )
    ledger.record(
        Fill(
            account=ACCOUNT,
            venue_order_id="81274",
            fill_id="F-1",
            quantity="10",
            price="180",
            at=at(20),
        )
    )
    assert ledger.order("C-1")["status"] == "filled"


def test_what_the_venue_had_filled_under_its_own_id_comes_to_the_order_that_worked_as_it(
    ledger: Ledger,
) -> None:
    in_doubt(ledger)
    filled: dict[str, Any] = {
        "instrument": "AAPL",
        "side": "buy",
        "fill_id": "F-1",
        "quantity": "10",
        "price": "180",
    }
    ledger.record(Fill(account=ACCOUNT, venue_order_id="81274", at=at(5), **filled))
    assert ledger.resolve("C-1", worked_as="81274").outcome == "recorded"
    assert (ledger.order("C-1")["status"], ledger.order("C-1")["cum_quantity"]) == (
        "filled",
        Decimal(10),
    )


def test_a_later_sign_of_life_opens_what_was_decided_to_have_never_arrived(ledger: Ledger) -> None:
    in_doubt(ledger)
    ledger.resolve("C-1", never_arrived=True)
    ledger.record(Acknowledged(account=ACCOUNT, client_order_id="C-1", at=at(4000)))
    order = ledger.order("C-1")
    assert (order["status"], order["is_open"], order["anomalies"]) == (
        "new",
        True,
        ["status_conflict"],
    )


OF_C1: dict[str, Any] = {"account": ACCOUNT, "client_order_id": "C-1"}
SENT, SHOWN = Submit(**OF_C1, at=at(1)), Acknowledged(**OF_C1, at=at(2))
CHANGED = [
    RequestReplace(**OF_C1, at=at(3), quantity="5"),
    Unresolved(**OF_C1, at=at(4), reason="timeout"),
]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "C-1 was never sent: pending_new"),
        ([SENT, SHOWN], "the venue has shown C-1: new, 0 of 10 filled"),
        ([SENT, SHOWN, *CHANGED], "replace outstanding"),
        (
            [SENT, Fill(**OF_C1, fill_id="F", quantity="10", price="180", at=at(2))],
            "C-1 has ended: filled, 10 of 10 filled",
        ),
    ],
)
def test_only_the_arrival_of_an_order_in_doubt_is_decided(
    ledger: Ledger, messages: list[Any], said: str
) -> None:
    ledger.record_many([request("C-1"), *messages])
    before = ledger.order("C-1")["version"]
    for decision in ({"never_arrived": True}, {"worked_as": "V-1"}):
        outcome = ledger.resolve("C-1", **decision)
        assert (outcome.outcome, outcome.reason) == ("refused", "not_in_doubt")
        assert said in str(outcome.text)
    assert ledger.order("C-1")["version"] == before


VANISHED = [SENT, SHOWN, Absent(**OF_C1, at=at(60))]


@pytest.mark.parametrize("worked_as", ["V-1", "V-2"])
def test_an_order_that_the_venue_no_longer_knows_is_found_again_by_an_operator(
    durable_store_url: str, worked_as: str
) -> None:
    shown = SHOWN.model_copy(update={"venue_order_id": "V-1"})
    with Ledger.open(durable_store_url, clock=Later()) as ledger:
        ledger.record_many([request("C-1"), SENT, shown, VANISHED[-1]])
        assert ledger.order("C-1")["certainty"] == "unresolved"
        refused = ledger.resolve("C-1", never_arrived=True)
        assert (refused.outcome, refused.reason) == ("refused", "not_in_doubt")
        assert "so it arrived" in str(refused.text) and "worked_as" in str(refused.text)
        (doubt,) = ledger.recover().doubts
        (command,) = doubt["commands"]
        assert (doubt["about"], doubt["reason"]) == ("absence", "absent")
        assert command == "orderledger resolve C-1 --account tradier:main --worked-as ID"
        assert (
            _with_store(command, durable_store_url) in run("recover", "--db", durable_store_url).out
        )
        arguments = shlex.split(command.replace(" ID", f" {worked_as}"))[2:]
        ended = run("resolve", "--db", durable_store_url, "--actor", "anna", *arguments)
        assert (ended.status, ended.out) == (0, f"recorded of C-1: it works as {worked_as}\n")
        row = ledger.order("C-1")
        assert (row["certainty"], row["status"], row["absent_at"]) == ("confirmed", "new", None)
        assert row["venue_order_id"] == worked_as
        assert ledger.doubts() == []


WAITS = StatusObserved(**OF_C1, at=at(30), status="pending_new")


@pytest.mark.parametrize("facts", [[SENT, SHOWN], VANISHED, [SENT, WAITS]])
def test_an_operator_records_the_end_that_the_venue_shows(
    durable_store_url: str, tmp_path: Path, facts: list[Message]
) -> None:
    """A report is never refused, so there is a way out for every order."""
    with Ledger.open(durable_store_url, clock=Later()) as ledger:
        ledger.record_many([request("C-1"), *facts])
        refused = ledger.resolve("C-1", worked_as="V-1") if facts[-1] is SHOWN else None
        assert refused is None or "the report `canceled`" in str(refused.text)
        assert ledger.exposure() != []
        end = {"type": "canceled", "account": "tradier:main", "client_order_id": "C-1"}
        said = {"source": "operator", "actor": "anna", "text": "seen in the web terminal"}
        (tmp_path / "end.ndjson").write_text(json.dumps(end | said))
        done = run("record", "--db", durable_store_url, str(tmp_path / "end.ndjson"))
        assert done.status == 0
        row = ledger.order("C-1")
        assert (row["status"], row["anomalies"], ledger.doubts()) == ("canceled", [], [])
        assert ledger.open_orders() == []
        assert ledger.history("C-1")[-1]["actor"] == "anna"


def test_an_absence_after_the_present_of_our_clock_is_cleared_too(ledger: Ledger) -> None:
    ledger.record_many([request("C-1"), SENT, SHOWN, Absent(**OF_C1, at=at(4000))])
    assert ledger.resolve("C-1", worked_as="V-1").outcome == "recorded"
    assert ledger.order("C-1")["certainty"] == "confirmed"


def test_a_cancel_of_an_order_that_the_venue_no_longer_knows_stays_outstanding(
    ledger: Ledger,
) -> None:
    ledger.record_many([request("C-1"), *VANISHED, RequestCancel(**OF_C1, at=at(70))])
    (doubt,) = ledger.recover().doubts
    assert (doubt["about"], len(doubt["commands"])) == ("cancel", 1)
    assert ledger.resolve("C-1", worked_as="V-1").outcome == "recorded"
    row = ledger.order("C-1")
    assert (row["certainty"], row["pending"]) == ("confirmed", "cancel")


def test_one_of_two_decisions_is_made_about_one_known_order(ledger: Ledger) -> None:
    in_doubt(ledger)
    in_doubt(ledger, account="tradier:other")
    with pytest.raises(InvalidSetting, match="one of the two"):
        ledger.resolve("C-1")
    with pytest.raises(InvalidSetting, match="one of the two"):
        ledger.resolve("C-1", never_arrived=True, worked_as="V-1")
    with pytest.raises(AmbiguousOrder):
        ledger.resolve("C-1", never_arrived=True)
    with pytest.raises(UnknownOrder):
        ledger.resolve("C-9", never_arrived=True)
    assert ledger.resolve("C-1", account="tradier:other", never_arrived=True).outcome == "recorded"
    assert [row["account"] for row in ledger.open_orders()] == [ACCOUNT]


def test_an_order_does_not_work_under_the_id_of_another_order_of_ours(ledger: Ledger) -> None:
    in_doubt(ledger)
    ledger.record_many(
        [
            request("C-2"),
            Acknowledged(account=ACCOUNT, client_order_id="C-2", venue_order_id="V-2", at=at(2)),
        ]
    )
    outcome = ledger.resolve("C-1", worked_as="V-2")
    assert (outcome.outcome, outcome.reason, outcome.text) == (
        "refused",
        "venue_order_id_reused",
        "V-2 is an id of order C-2",
    )


def test_recovery_shows_each_doubt_with_its_age_and_what_to_do(ledger: Ledger) -> None:
    in_doubt(ledger)
    of_2, of_3 = (dict[str, Any](account=ACCOUNT, client_order_id=name) for name in ("C-2", "C-3"))
    ledger.record_many(
        [
            request("C-2"),
            Submit(**of_2, at=at(3000)),
            request("C-3"),
            Submit(**of_3, at=at(1)),
            Acknowledged(**of_3, at=at(2)),
            RequestReplace(**of_3, at=at(100), quantity="5"),
            Unresolved(**of_3, at=at(110), reason="http_502"),
            Unresolved(**of_3, at=at(120), reason="http_502"),
            Absent(account=ACCOUNT, client_order_id="C-1", at=at(60)),
            request("C-4"),
        ]
    )
    doubts = ledger.recover().doubts
    told = [
        (row["client_order_id"], row["about"], row["reason"], row["age_seconds"]) for row in doubts
    ]
    assert told == [
        ("C-1", "order", "timeout", Decimal(3589)),
        ("C-3", "replace", "http_502", Decimal(3490)),
        ("C-2", "order", "no_answer", Decimal(600)),
    ]
    assert doubts[0]["absent_at"] == at(60)
    assert [len(row["commands"]) for row in doubts] == [2, 0, 2]
    assert (
        doubts[0]["commands"][0] == "orderledger resolve C-1 --account tradier:main --never-arrived"
    )
    assert ledger.doubts(account="other") == []


@pytest.mark.parametrize("name", ["C-1", "it's $HOME; `x`", "-n", "--account", "* ?"])
def test_the_commands_that_are_shown_settle_the_doubt(durable_store_url: str, name: str) -> None:
    with Ledger.open(durable_store_url) as ledger:
        in_doubt(ledger, name, "-odd account")
        shown = run("recover", "--db", durable_store_url)
        (doubt,) = ledger.recover().doubts
        assert _with_store(doubt["commands"][0], durable_store_url) in shown.out
        assert "unknown whether it arrived for " in shown.out
        command, verb, *arguments = shlex.split(doubt["commands"][1].replace(" ID", " V-7"))
        assert (command, verb) == ("orderledger", "resolve")
        ended = run("resolve", "--db", durable_store_url, "--actor", "anna", *arguments)
        assert (ended.status, ended.out) == (0, f"recorded of {name}: it works as V-7\n"), ended
        assert ledger.order(name, account="-odd account")["venue_order_id"] == "V-7"
        again = run("resolve", "--db", durable_store_url, "--json", *arguments)
        assert again.status == 1
        assert '"reason":"not_in_doubt"' in again.out
        assert "the venue has shown" in again.out


def _with_store(command: str, url: str) -> str:
    """The command as it is printed after a query with this `--db`."""
    store = shlex.quote(without_password(url))
    return command.replace("orderledger resolve", f"orderledger resolve --db {store}")


def test_the_command_says_what_it_lacks(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url):
        assert run("resolve", "C-1", "--db", durable_store_url).status == 2
        assert (
            run(
                "resolve", "C-1", "--never-arrived", "--worked-as", "V", "--db", durable_store_url
            ).status
            == 2
        )
        unknown = run("resolve", "C-1", "--never-arrived", "--db", durable_store_url)
        assert (unknown.status, "no order 'C-1' is recorded" in unknown.err) == (1, True)
