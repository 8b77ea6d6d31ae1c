"""Real processes on one store: they race, they open it together, they are killed, and their
PostgreSQL goes away."""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from orderledger import Ledger, StoreError, parse_document
from tests.auditor import Auditor, differences
from tests.core.contract.streams import MADE_AT, lives, parsed
from tests.local_postgres import PostgresServer, private_postgres
from tests.seeds import long
from tests.typed import column

REPOSITORY = Path(__file__).resolve().parents[3]
LIVES = 60
KILLED_LIVES = 150
VICTIM = "recording, to be killed"
MODES = ("each", "many", "soon")
MODES_OF_TWO = [
    ("each", "soon"),
    *long([(modes,) for modes in (("many", "many"), ("each", "each"), ("many", "soon"))]),
]
Process = subprocess.Popen[str]


@contextmanager
def recorders(url: str, *modes: str, count: int = LIVES) -> Iterator[list[Process]]:
    """Processes that record `lives(count)`, and wait for a line before they begin."""
    command = [sys.executable, "-m", "tests.core.contract.recording", url]
    started = [
        subprocess.Popen(
            [*command, mode, str(count)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for mode in modes
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def say_go(processes: Sequence[Process]) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def wait_until_ready(processes: Sequence[Process]) -> None:
    for process in processes:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        assert line == "ready\n", line + process.stderr.read()


def answers_of(process: Process, count: int) -> list[str]:
    """The next lines that it prints, when it has."""
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def acknowledged(lines: Sequence[str]) -> dict[int, str]:
    """Outcomes by index, of the lines that were written whole."""
    told = [line.split() for line in lines if line.endswith("\n") and line[0].isdigit()]
    return {int(index): outcome for index, outcome in told}


def assert_is_whole(ledger: Ledger, count: int) -> None:
    """Every fact of `lives(count)` is there once."""
    names = [f"C-{number}" for number in range(count)]
    assert {
        row["client_order_id"]: (row["status"], row["cum_quantity"], row["venue_order_ids"])
        for row in ledger.orders()
    } == {name: ("filled", 10, [name.replace("C", "V")]) for name in names}
    fill_ids = [row["fill_id"] for row in ledger.trades()]
    assert sorted(fill_ids) == sorted(
        f"F-{number}-{fill}" for number in range(count) for fill in (1, 2)
    )
    assert sum(column(ledger.pnl(), "position_quantity")) == 10 * count
    assert ledger.views.check().differences == ()


def assert_is_audited(ledger: Ledger, count: int) -> None:
    """Every field of every view after `lives(count)` is the auditor's."""
    auditor = Auditor()
    for message in lives(count):
        assert auditor.offer(message, MADE_AT) == "recorded"
    for expected, found in zip(auditor.orders(), ledger.orders(), strict=True):
        assert differences(expected, found) == []
    for expected, found in zip(auditor.trades(), ledger.trades(), strict=True):  # type: ignore[assignment]
        assert (
            differences(expected, found, [field for field in expected if field != "recorded_at"])
            == []
        )
    assert [
        differences(expected, found)
        for expected, found in zip(auditor.pnl(), ledger.pnl(), strict=True)
    ] == [[]]


@pytest.mark.slow
@pytest.mark.parametrize("modes", MODES_OF_TWO, ids=" and ".join)
def test_two_processes_record_every_message_once_over_both(
    durable_store_url: str, modes: tuple[str, ...]
) -> None:
    with recorders(durable_store_url, *modes) as processes:
        wait_until_ready(processes)
        say_go(processes)
        told = [process.communicate(timeout=120) for process in processes]
    assert [error for _, error in told] == ["", ""]
    outcomes = [acknowledged(output.splitlines(keepends=True)) for output, _ in told]
    for index in range(4 * LIVES):
        assert sorted(outcome[index] for outcome in outcomes) == ["duplicate", "recorded"], index
    with Ledger.open(durable_store_url) as ledger:
        assert_is_whole(ledger, LIVES)
        assert_is_audited(ledger, LIVES)


@pytest.mark.slow
@pytest.mark.parametrize("racing", [3, *long([4, 4, 4])])
def test_processes_may_open_a_new_store_together(new_store_url: str, racing: int) -> None:
    with recorders(new_store_url, *["many"] * racing, count=5) as processes:
        wait_until_ready(processes)
        say_go(processes)
        told = [process.communicate(timeout=120) for process in processes]
    assert [error.splitlines()[-1:] for _, error in told] == [[]] * racing
    assert [output.splitlines()[-1] for output, _ in told] == ["done"] * racing
    with Ledger.open(new_store_url) as ledger:
        assert_is_whole(ledger, 5)


def kill_in_the_middle(url: str, mode: str, seed: int) -> None:
    """Let a process record, kill it at a random moment, reopen: what was acknowledged is there,
    nothing is half-done."""
    chance = random.Random(seed)
    known: set[int] = set()
    messages = lives(KILLED_LIVES)
    for _ in range(3):
        with recorders(named(url), mode, count=KILLED_LIVES) as (process,):
            wait_until_ready([process])
            say_go([process])
            lines = told_before_it_is_killed(process, chance)
        wait_until_disconnected(url)
        told = acknowledged(lines)
        assert all(outcome in ("recorded", "duplicate") for outcome in told.values())
        known |= set(told)
        with Ledger.open(url) as ledger:
            assert ledger.views.check().differences == ()
            again = ledger.record_many(parsed(*(messages[index] for index in sorted(known))))
            assert {outcome.outcome for outcome in again} <= {"duplicate"}
            recovered = ledger.recover()
            assert recovered.events_read == 0  # the views had caught up already
    with Ledger.open(url) as ledger:
        assert {outcome.outcome for outcome in ledger.record_many(parsed(*messages))} <= {
            "recorded",
            "duplicate",
        }
        assert_is_whole(ledger, KILLED_LIVES)


def told_before_it_is_killed(process: Process, chance: random.Random) -> list[str]:
    """Kill it while it opens the store, or after any of its answers. Returns all of them."""
    count = chance.randrange(-KILLED_LIVES, 4 * KILLED_LIVES)
    if count <= 0:
        time.sleep(chance.uniform(0, 0.2))  # nothing is to be seen of an opening
    answers = answers_of(process, count)
    process.kill()
    assert process.stdout is not None
    return answers + process.stdout.readlines()


def named(url: str) -> str:
    """The same store, for a process whose connections can be told from ours."""
    return f"{url}&application_name={quote(VICTIM)}" if url.startswith("postgresql") else url


def wait_until_disconnected(url: str) -> None:
    """Until PostgreSQL has done what it had received of a process that was killed, which may be one
    more commit."""
    while url.startswith("postgresql"):
        with psycopg.connect(url) as connection:
            if (
                connection.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE application_name = %s", (VICTIM,)
                ).fetchone()
                is None
            ):
                return
        time.sleep(0.01)


@pytest.mark.parametrize("mode", ["soon", *long(["each", "many"])])
def test_a_killed_process_loses_nothing_it_has_acknowledged(
    durable_store_url: str, mode: str
) -> None:
    kill_in_the_middle(durable_store_url, mode, seed=MODES.index(mode))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("mode", MODES)
def test_a_killed_process_loses_nothing_at_any_moment(
    durable_store_url: str, mode: str, seed: int
) -> None:
    kill_in_the_middle(durable_store_url, mode, seed=100 * seed + MODES.index(mode))


@pytest.mark.slow
def test_a_process_killed_beside_another_disturbs_nothing(durable_store_url: str) -> None:
    with recorders(durable_store_url, "each", "soon") as (survivor, victim):
        wait_until_ready([survivor, victim])
        say_go([survivor, victim])
        answers_of(victim, 20)
        victim.kill()
        output, error = survivor.communicate(timeout=120)
    assert (error, output.splitlines()[-1]) == ("", "done")
    with Ledger.open(durable_store_url) as ledger:
        assert_is_whole(ledger, LIVES)


# PostgreSQL goes away and comes back


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with private_postgres() as server:
        yield server


def restart_in_the_middle(server: PostgresServer, *, is_crash: bool, seed: int) -> None:
    """Record while the server restarts: an error or an outcome, never a lie."""
    chance = random.Random(seed)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    count = 150
    messages = lives(count)
    told: dict[int, str] = {}
    with Ledger.open(server.url, lock_timeout=5) as ledger:
        is_over = threading.Event()

        def restart() -> None:
            for _ in range(3):
                time.sleep(chance.uniform(0.02, 0.2))
                server.restart(is_crash=is_crash)
            is_over.set()

        restarting = threading.Thread(target=restart)
        restarting.start()
        failures = 0
        while not is_over.is_set():
            for index, message in enumerate(messages):
                try:
                    outcome = ledger.record(parse_document(message)).outcome
                except StoreError:
                    failures += 1
                    time.sleep(0.01)
                    break
                assert outcome in ("recorded", "duplicate")
                assert outcome == "duplicate" or told.get(index) is None, (
                    f"{index} was recorded twice"
                )
                told[index] = outcome
        restarting.join()
        again = [ledger.record(parse_document(message)).outcome for message in messages]
        assert all(outcome == "duplicate" for index, outcome in enumerate(again) if index in told)
        assert set(again) <= {"recorded", "duplicate"}
        assert_is_whole(ledger, count)
    with Ledger.open(server.url) as ledger:
        assert_is_whole(ledger, count)


@pytest.mark.slow
@pytest.mark.parametrize("is_crash", [False, True], ids=["restart", "crash"])
def test_a_ledger_survives_its_postgresql(server: PostgresServer, is_crash: bool) -> None:
    restart_in_the_middle(server, is_crash=is_crash, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("is_crash", [False, True], ids=["restart", "crash"])
def test_a_ledger_survives_its_postgresql_at_any_moment(
    server: PostgresServer, is_crash: bool, seed: int
) -> None:
    restart_in_the_middle(server, is_crash=is_crash, seed=seed)


@pytest.mark.slow
def test_futures_that_a_restart_cuts_off_fail_or_tell_the_truth(server: PostgresServer) -> None:
    """Of messages that were queued when the server went away each future ends, and what it says is
    so."""
    with Ledger.open(server.url, lock_timeout=5) as ledger:
        account = f"sim:{time.monotonic_ns()}"
        messages = parsed(*lives(400, account))
        futures = [ledger.record_soon(message) for message in messages]
        server.restart(is_crash=True)
        ends = [future.exception(timeout=60) for future in futures]
        assert {type(end) for end in ends if not isinstance(end, StoreError)} <= {type(None)}
        again = ledger.record_many(messages)
        for end, outcome in zip(ends, again, strict=True):
            assert outcome.outcome == "duplicate" or (
                end is not None and outcome.outcome == "recorded"
            )
        assert len(ledger.trades(account=account)) == 800
        assert ledger.views.check().differences == ()
