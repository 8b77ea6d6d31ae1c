"""`collect`, `reconcile`, `revert`, `status` and `translate` as real processes, against made-up
venues on loopback."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orderledger.cli import main
from orderledger.venues.base.registry import installed
from orderledger.venues.collecting.running import ENDING_SECONDS
from tests.conftest import REPOSITORY
from tests.venues.collecting import stories, stories_of_stopping
from tests.venues.collecting.processes import ACCOUNTS, LIGHTER_TOKEN, TRADIER_TOKEN, Said
from tests.venues.collecting.stories import (
    Collected,
    Killed,
    NeverUp,
    Reconciled,
    Twice,
    ViewsKilled,
)
from tests.venues.collecting.stories_of_stopping import Held, Stopped
from tests.venues.collecting.wrong_settings import OK, WRONG

STORIES: dict[str, Any] = {
    "collected": stories.collected_everywhere,
    "never up": stories.never_up,
    "killed": stories.killed_and_started_again,
    "views killed": stories.views_killed,
    "stopped": stories_of_stopping.stopped_in_the_middle,
    "stopped at once": stories_of_stopping.stopped_at_once,
    "held": stories_of_stopping.stopped_while_the_store_is_held,
    "twice": stories.started_twice,
    "failed": stories.store_that_fails,
    "reconciled": stories.reconciled_by_hand,
}


ALONE = ("collected", "stopped")
"""Stories of much that is recorded or asked for in the seconds that a collector has to end."""


@pytest.fixture(scope="module")
def told(orderledger_command: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of each story. Most are played side by side, since much of each is waiting for its
    processes."""

    async def play(*names: str) -> list[Any]:
        played = [
            STORIES[name](orderledger_command, tmp_path_factory.mktemp(name)) for name in names
        ]
        return await asyncio.gather(*played, return_exceptions=True)

    others = [name for name in STORIES if name not in ALONE]
    return {name: asyncio.run(play(name))[0] for name in ALONE} | dict(
        zip(others, asyncio.run(play(*others)), strict=True)
    )


def of(told: dict[str, Any], story: str) -> Any:
    """What came of one story, or what went wrong in it."""
    if isinstance(told[story], BaseException):
        pytest.fail(f"{story}: {told[story]!r}")
    return told[story]


@pytest.fixture
def collected(told: dict[str, Any]) -> Collected:
    found: Collected = of(told, "collected")
    return found


@pytest.fixture
def reconciled(told: dict[str, Any]) -> Reconciled:
    found: Reconciled = of(told, "reconciled")
    return found


@pytest.mark.slow
def test_one_process_collects_from_three_venues(collected: Collected) -> None:
    filled = {
        (row["account"], row["instrument"], str(row["quantity"].normalize()))
        for row in collected.trades
    }
    assert filled == {
        ("hyperliquid:main", "BTC", "2"),
        ("lighter:main", "ETH", "2"),
        ("tradier:main", "SPY", "2"),
    }
    assert len(collected.trades) == 3


@pytest.mark.slow
def test_its_status_is_shown_while_it_runs_and_after_it_was_stopped(collected: Collected) -> None:
    shown = [
        said.rows[0]["collectors"]["collector"]
        for said in (collected.while_it_ran, collected.afterwards)
    ]
    assert [one["is_running"] for one in shown] == [True, False]
    assert [set(one["accounts"]) for one in shown] == [set(ACCOUNTS), set(ACCOUNTS)]
    assert [account["is_up"] for account in shown[0]["accounts"].values()] == [True, True, True]


@pytest.mark.slow
def test_a_line_that_was_cut_is_a_gap_that_has_ended(collected: Collected) -> None:
    (gap,) = collected.gaps
    assert gap["account"] == "lighter:main" and gap["to_at"] >= gap["from_at"]


@pytest.mark.slow
def test_a_stopped_collector_has_recorded_what_it_heard_and_exits_0(collected: Collected) -> None:
    assert collected.said.status == 0
    assert collected.shown["waiting"] == 0
    for account in collected.shown["accounts"].values():
        assert (
            account["messages"]
            == sum(account[name] for name in ("events_appended", "duplicates", "refused"))
            > 0
        )


@pytest.mark.slow
def test_an_order_that_came_and_went_while_the_collector_was_stopped_is_not_lost(
    told: dict[str, Any],
) -> None:
    """What lies in the adapter is told before it ends, and a cancel that it held back is asked
    about."""
    stopped: Stopped = of(told, "stopped")
    assert stopped.said.status == 0
    assert set(stopped.ended.values()) == {"canceled", "expired"}
    assert stopped.orders == stopped.ended


@pytest.mark.slow
def test_a_collector_that_is_stopped_before_it_has_begun_ends_cleanly(told: dict[str, Any]) -> None:
    said, checked = of(told, "stopped at once")
    assert (said.status, checked.status) == (0, 0)
    assert "Traceback" not in said.err


@pytest.mark.slow
def test_a_collector_that_is_told_again_and_again_to_stop_ends_cleanly(
    told: dict[str, Any],
) -> None:
    said: Said = of(told, "twice").first
    assert (said.status, said.err.count("Traceback")) == (0, 0), said.err


@pytest.mark.slow
def test_a_collector_stopped_while_the_store_is_held_ends_soon_and_names_what_it_has_not_recorded(
    told: dict[str, Any],
) -> None:
    """Whoever collects next asks for it."""
    held: Held = of(told, "held")
    assert held.said.status == 3
    assert held.seconds < ENDING_SECONDS + 20
    (line,) = [
        line
        for line in map(json.loads, held.said.err.splitlines())
        if line["event"] == "not_recorded"
    ]
    assert line["accounts"]["hyperliquid:main"] == line["messages"] >= len(held.placed)
    assert held.orders == held.placed


@pytest.mark.slow
def test_a_second_collector_of_an_account_is_refused_while_the_first_one_runs(
    told: dict[str, Any],
) -> None:
    twice: Twice = of(told, "twice")
    assert (twice.second.status, twice.first.status) == (2, 0)
    (sentence,) = [
        line for line in twice.second.err.splitlines() if line.startswith("orderledger: ")
    ]
    assert sentence == (
        "orderledger: collector: 'collector' is already running, with this name or with some "
        "of these accounts"
    )


@pytest.mark.slow
def test_views_whose_process_is_killed_are_made_on_and_the_log_says_so(
    told: dict[str, Any],
) -> None:
    killed: ViewsKilled = of(told, "views killed")
    assert killed.said.status == 0
    assert killed.cum_quantity == "2"
    assert any(
        "views_not_kept" in line and "ended with status -9" in line
        for line in killed.said.err.splitlines()
    )


@pytest.mark.slow
def test_every_line_of_a_json_log_is_json(collected: Collected) -> None:
    lines = [json.loads(line) for line in collected.said.err.splitlines()]
    assert {"new_ledger", "up", "down"} <= {line["event"] for line in lines}
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    assert collected.said.out == ""


@pytest.mark.slow
def test_no_secret_is_in_the_store_nor_in_anything_that_was_said(collected: Collected) -> None:
    """Though a venue has repeated one in its answer."""
    assert b"SPY" in collected.stored
    assert "invalid auth token" in collected.shown["accounts"]["lighter:main"]["fault"]
    said = "".join(
        one.out + one.err for one in (collected.said, collected.while_it_ran, collected.afterwards)
    )
    for token in (LIGHTER_TOKEN, LIGHTER_TOKEN.rpartition(":")[2], TRADIER_TOKEN):
        assert token.encode() not in collected.stored
        assert token not in said


@pytest.mark.slow
def test_why_an_account_does_not_come_up_is_shown_until_it_does(told: dict[str, Any]) -> None:
    never_up: NeverUp = of(told, "never up")
    assert [shown["is_up"] for shown in never_up.shown.values()] == [False, False, False]
    hyperliquid, lighter, tradier = (never_up.shown[account]["fault"] for account in ACCOUNTS)
    assert hyperliquid.startswith("no connection to 127.0.0.1: ConnectionRefusedError")
    assert "invalid auth token" in lighter and LIGHTER_TOKEN not in lighter
    assert "HTTP 401" in tradier
    assert never_up.fault_when_up is None


@pytest.mark.slow
def test_what_fails_at_each_attempt_is_warned_of_once(told: dict[str, Any]) -> None:
    never_up: NeverUp = of(told, "never up")
    lines = [json.loads(line) for line in never_up.said.err.splitlines()]
    warned = [
        (line.get("venue"), line["why"])
        for line in lines
        if line["level"] == "warning" and "why" in line
    ]
    assert {venue for venue, _ in warned} == {"hyperliquid", "lighter", "tradier"}
    assert len(warned) == len(set(warned))


@pytest.mark.slow
def test_a_collector_that_was_killed_has_recorded_nothing_twice(told: dict[str, Any]) -> None:
    """Behaviour 8"""
    killed: Killed = of(told, "killed")
    assert killed.said.status == 0
    assert {row["venue_order_id"]: str(row["quantity"]) for row in killed.trades} == killed.filled
    assert len(killed.trades) == len(killed.filled)
    assert len(killed.events) == len(set(killed.events))


@pytest.mark.slow
def test_the_time_after_a_collector_was_killed_is_a_gap(told: dict[str, Any]) -> None:
    """Behaviour 10"""
    killed: Killed = of(told, "killed")
    (gap,) = killed.gaps
    assert (gap["account"], gap["reason"]) == ("hyperliquid:main", "collector_stopped")
    assert gap["from_at"] < gap["to_at"]


@pytest.mark.slow
def test_a_store_that_fails_ends_the_collector_with_one_sentence(told: dict[str, Any]) -> None:
    said: Said = of(told, "failed")
    assert said.status == 3
    (sentence,) = [line for line in said.err.splitlines() if line.startswith("orderledger: ")]
    assert "no such table" in sentence
    assert "Traceback" not in said.err


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_setting_is_named_in_one_sentence(what: str, tmp_path: Path) -> None:
    """Without a process of its own: nothing is started that could be left behind."""
    settings, fault = (
        text.replace("FOLDER", str(tmp_path)).replace("FILE", str(tmp_path / "o.toml"))
        for text in WRONG[what]
    )
    (tmp_path / "token").write_text("visible")
    (tmp_path / "token").chmod(0o644)
    for name, held in (("empty", b"\n"), ("bytes", b"\xff\xfe")):
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_bytes(held)
    said = refused(tmp_path, settings, EMPTY="", LINES="one\ntwo")
    assert said.startswith("orderledger: ") and fault in said


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("ORDERLEDGER_RECONCILE_SECONDS", "soon", "ORDERLEDGER_RECONCILE_SECONDS: "),
        ("ORDERLEDGER_VENUES", "[", "ORDERLEDGER_VENUES: is not JSON"),
        (
            "ORDERLEDGER_VENUES",
            '[{"venue": "lighter", "account_index": 1}]',
            "ORDERLEDGER_VENUES.1.account: ",
        ),
    ],
)
def test_a_wrong_setting_of_the_environment_is_named_as_the_variable(
    name: str, value: str, fault: str, tmp_path: Path
) -> None:
    said = refused(tmp_path, OK, **{name: value})
    assert said.startswith(f"orderledger: {fault}")


def test_an_account_that_no_venue_has_is_named_before_a_ledger_is_made(tmp_path: Path) -> None:
    (tmp_path / "o.toml").write_text(f'db = "{tmp_path}/orders.db"\n{OK}\n')
    said = CliRunner().invoke(
        main, ["reconcile", "--config", f"{tmp_path}/o.toml", "--account", "moon"]
    )
    sentence = "orderledger: account: 'moon' is not one of hyperliquid:main\n"
    assert (said.exit_code, said.stdout, said.stderr) == (2, "", sentence)
    assert [path.name for path in tmp_path.iterdir()] == ["o.toml"]


def refused(folder: Path, settings: str, **environment: str) -> str:
    """The one sentence that `collect` has for these settings."""
    config, db = folder / "o.toml", folder / "orders.db"
    config.write_text(f"{settings}\n")
    said = CliRunner().invoke(
        main, ["collect", str(config)], env={"ORDERLEDGER_DB": str(db), **environment}
    )
    assert (said.exit_code, said.stdout, db.exists()) == (2, "", False)
    (sentence,) = said.stderr.splitlines()
    return sentence


@pytest.mark.slow
def test_a_dry_run_makes_no_ledger(reconciled: Reconciled) -> None:
    said = reconciled.without_ledger
    assert said is not None and "orderledger: there is no ledger at " in said.err
    assert (said.status, said.out, reconciled.made_by_dry_run) == (3, "", [])


@pytest.mark.slow
def test_a_dry_run_shows_the_breaks(reconciled: Reconciled) -> None:
    dry, real = reconciled.said[:2]
    assert dry.status == 0
    *breaks, certificate = dry.rows
    assert {row["kind"] for row in breaks} == {"missing_fill", "missing_order"}
    assert {row["break"] for row in breaks} == {row["break"] for row in real.rows[:-1]}
    assert (certificate["account"], certificate["is_recorded"]) == ("hyperliquid:main", False)


@pytest.mark.slow
def test_every_field_of_status_and_reconcile_is_in_the_reference(
    collected: Collected, reconciled: Reconciled
) -> None:
    commands = (REPOSITORY / "docs/reference/commands.md").read_text(encoding="utf-8")
    (status,) = collected.while_it_ran.rows
    (collector,) = status["collectors"].values()
    rows = [
        status,
        collector,
        *collector["accounts"].values(),
        *collector["latencies"].values(),
        *reconciled.said[1].rows,
    ]
    assert {name for row in rows for name in row if f"| `{name}` |" not in commands} == set()


@pytest.mark.slow
def test_a_second_reconciliation_appends_nothing(reconciled: Reconciled) -> None:
    """Behaviour 17"""
    _, first, second, _ = reconciled.said
    assert (first.status, second.status) == (0, 0)
    assert reconciled.events[1] == reconciled.events[0] > 0
    assert [row["appended"] for row in second.rows] == [0]


@pytest.mark.slow
def test_a_repair_is_taken_back(reconciled: Reconciled) -> None:
    """Behaviour 18"""
    reverted = reconciled.said[3]
    assert (reverted.status, [row["type"] for row in reverted.rows]) == (0, ["fill_busted"])
    assert reconciled.events[2] > reconciled.events[1]
    assert reconciled.trades == []


def test_a_break_of_several_accounts_is_taken_back_of_one_that_is_named(tmp_path: Path) -> None:
    db, name = str(tmp_path / "orders.db"), "position_differs:BTC"
    told = {
        "type": "adjust",
        "instrument": "BTC",
        "quantity": "1",
        "price": "100",
        "actor": "reconciliation",
        "causation_id": name,
    }
    lines = "".join(
        json.dumps({**told, "account": account}) + "\n" for account in ("sim:one", "sim:two")
    )
    runner = CliRunner()
    assert runner.invoke(main, ["record", "-", "--db", db], input=lines).exit_code == 0
    said = runner.invoke(main, ["revert", name, "--db", db])
    assert said.exit_code == 2 and "is a break of sim:one, sim:two: give --account" in said.stderr
    said = runner.invoke(main, ["revert", name, "--account", "sim:one", "--db", db])
    assert [json.loads(line)["account"] for line in said.stdout.splitlines()] == ["sim:one"]


@pytest.mark.shared
@pytest.mark.parametrize("venue", installed())
def test_recorded_payloads_become_messages_that_a_ledger_records(
    venue: str, shared: Path, tmp_path: Path
) -> None:
    told, recorded = stories.samples_translated(venue, tmp_path, shared / "venues/samples")
    assert (told.status, recorded.status) == (0, 0)
    assert len(recorded.rows) == len(told.rows) > 3
    assert {row["outcome"] for row in recorded.rows} <= {"recorded", "duplicate"}
