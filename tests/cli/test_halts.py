"""Halts of trading and changes of the sender: recorded, shown, and ended by the same scope
alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orderledger import Halt, InvalidMessage, Ledger, Mark, ResumeTrading, Sender
from orderledger.infrastructure.messages.parsing import parse_document
from tests.command_line import run

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return AT + timedelta(minutes=minutes)


def scopes(ledger: Ledger, **where: Any) -> list[tuple[str, str | None, str | None]]:
    return [
        (row["account"], row["instrument"], row["strategy"])
        for row in ledger.halts(active_only=True, **where)
    ]


def test_a_halt_holds_until_the_same_scope_is_resumed(ledger: Ledger) -> None:
    ledger.record_many(
        [
            Halt(
                account="sim:main",
                at=at(0),
                reason="daily_loss",
                text="-501 of -500",
                actor="limits",
            ),
            Halt(account="sim:main", at=at(1), instrument="BTC-USD", cancels_orders=True),
            Halt(account="*", at=at(2), strategy="grid"),
            ResumeTrading(account="sim:main", at=at(3)),
        ]
    )
    assert scopes(ledger) == [("sim:main", "BTC-USD", None), ("*", None, "grid")]
    ended, *_ = ledger.halts()
    assert (ended["reason"], ended["text"], ended["actor"]) == (
        "daily_loss",
        "-501 of -500",
        "limits",
    )
    assert (ended["halted_at"], ended["resumed_at"], ended["cancels_orders"]) == (
        at(0),
        at(3),
        False,
    )
    assert scopes(ledger, account="*") == [("*", None, "grid")]
    assert ledger.halts(as_of=3, active_only=True)[0]["account"] == "sim:main"


def test_two_halts_of_one_scope_are_two_events_and_the_same_halt_again_is_a_duplicate(
    ledger: Ledger,
) -> None:
    first, second = (Halt(account="sim:main", at=at(minute)) for minute in (0, 1))
    outcomes = [
        one.outcome
        for one in ledger.record_many(
            [first, ResumeTrading(account="sim:main", at=at(0)), second, first]
        )
    ]
    assert outcomes == ["recorded", "recorded", "recorded", "duplicate"]
    assert [row["halted_at"] for row in ledger.halts(active_only=True)] == [at(1)]


@pytest.mark.parametrize("kind", ["halt", "resume_trading"])
def test_a_halt_without_a_time_is_invalid(kind: str) -> None:
    with pytest.raises(InvalidMessage, match="at"):
        parse_document({"type": kind, "account": "sim:main"})


def test_a_change_of_the_sender_is_in_the_history_of_the_account(ledger: Ledger) -> None:
    ledger.record(Sender(account="sim:main", at=at(0), holder="host:1:bot", fence=1))
    ledger.record(
        Sender(
            account="sim:main", at=at(1), holder="host:2:bot", fence=2, is_forced=True, actor="anna"
        )
    )
    told = [
        (row["payload"]["holder"], row["payload"]["fence"], row["actor"])
        for row in ledger.events(name="sender_changed")
    ]
    assert told == [("host:1:bot", 1, None), ("host:2:bot", 2, "anna")]
    assert ledger.views.check().differences == ()


def test_the_commands_halt_and_resume(durable_store_url: str) -> None:
    with Ledger.open(durable_store_url) as ledger:
        ledger.record(Sender(account="sim:main", at=at(0), holder="host:1:bot", fence=1))
        ledger.record(Mark(account="sim:main", at=at(0), instrument="BTC-USD", price="1"))
        command = ["--instrument", "BTC-USD", "--db", durable_store_url]
        halted = run(
            "halt",
            "sim:main",
            "--reason",
            "review",
            "--actor",
            "anna",
            "--cancel",
            "--json",
            *command,
        )
        assert halted.status == 0
        (row,) = ledger.halts()
        assert (row["reason"], row["actor"], row["cancels_orders"]) == ("review", "anna", True)
        narrower = run("resume", "sim:main", "--json", "--db", durable_store_url)
        assert narrower.status == 0 and '"active_halts":[{' in narrower.out.replace(" ", ""), (
            "a narrower halt goes on"
        )
        assert (
            run("resume", "sim:main", *command).out == "resumed sim:main: 0 halts hold there now\n"
        )
        assert ledger.halts(active_only=True) == []
        assert run("halt", "sim:main", *command).out == "halted sim:main: 1 halt holds there now\n"
