"""Commands whose output cannot be written, or is not read to its end, or that are interrupted: a
sentence, and nothing lost."""

import signal
import subprocess
import time
from functools import cache
from pathlib import Path

import psutil
import pytest

from orderledger import Ledger
from tests.command_line import run, run_in_window
from tests.core.contract.streams import lives, parsed, request
from tests.seeds import long

LIVES = 4_000


def started(
    command: Path, folder: Path, arguments: str, **streams: object
) -> tuple[int, list[str]]:
    """The exit status, and what was said on stderr."""
    full = [str(command), *arguments.split()]
    done = subprocess.run(
        full, cwd=folder, stderr=subprocess.PIPE, text=True, timeout=120, **streams
    )  # type: ignore[call-overload]
    return done.returncode, done.stderr.splitlines()


@cache
def messages(count: int) -> str:
    lines = [
        message.model_dump_json(exclude_none=True, by_alias=True)
        for message in parsed(*lives(count))
    ]
    return "\n".join([*lines, "{}"]) + "\n"


def write_messages(folder: Path, count: int) -> None:
    (folder / "messages.ndjson").write_text(messages(count))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a ledger of a few lives, and a file of more messages, the last of which is none."""
    with Ledger.open(str(tmp_path / "orderledger.db"), update_views=False) as ledger:
        ledger.record_many(parsed(*lives(20)))
    write_messages(tmp_path, 1_000)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        "orders",
        "orders --json",
        "events",
        "history C-1",
        "check",
        "rebuild",
        "status",
        "schema",
        "--help",
    ],
)
def test_a_full_device_is_one_sentence(folder: Path, arguments: str) -> None:
    ended = run(*arguments.split(), folder=folder, stdout=Path("/dev/full"))
    assert (ended.status, ended.err) == (
        4,
        "orderledger: the output cannot be written: No space left on device\n",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        "orders",
        "schema",
        *long(["orders --json", "events", "history C-1", "check", "rebuild", "status", "--help"]),
    ],
)
def test_a_process_that_prints_to_a_full_device_ends_with_that_sentence(
    folder: Path, orderledger_command: Path, arguments: str
) -> None:
    """Though Python tries once more as it ends."""
    with Path("/dev/full").open("w") as full:
        status, said = started(orderledger_command, folder, arguments, stdout=full)
    assert (status, said) == (
        4,
        ["orderledger: the output cannot be written: No space left on device"],
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        *["orders", "recover", "check", "schema", "--help"],
        *long(["orders --json", "order C-1 --account sim:main", "rebuild", "status", "events"]),
    ],
)
def test_an_output_that_is_closed_is_one_sentence(
    folder: Path, orderledger_command: Path, arguments: str
) -> None:
    said = closed(folder, f"{orderledger_command} {arguments} >&-")
    assert said == (4, "", "orderledger: the output cannot be written: Bad file descriptor\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        "orders --json",
        "rebuild",
        "record /dev/null",
        *long(["orders", "check", "status", "recover"]),
    ],
)
def test_who_wants_to_hear_nothing_is_told_nothing_and_answered(
    folder: Path, orderledger_command: Path, arguments: str
) -> None:
    for streams in ("2>&-", "2>&- <&-"):
        status, answer, _ = closed(folder, f"{orderledger_command} {arguments} {streams}")
        assert (status, answer == "") == (0, arguments.startswith("record"))


@pytest.mark.slow
def test_a_closed_standard_input_is_named_and_a_closed_output_is_missed_by_what_is_to_print(
    folder: Path, orderledger_command: Path
) -> None:
    record = f"{orderledger_command} record"
    status, _, said = closed(folder, f"{record} - <&-")
    assert (status, said.splitlines()[-1]) == (
        2,
        "Error: Invalid value for '[FILE]': standard input is closed",
    )
    status, _, said = closed(folder, f"{record} messages.ndjson >&- <&-")
    assert (status, said.splitlines()[-1].partition(" in ")[0]) == (
        1,
        "3,920 recorded, 80 duplicate, 0 refused, 1 invalid",
    )
    status, _, said = closed(folder, f"{record} messages.ndjson --ack >&- 2>&-")
    assert (status, said) == (4, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize(
    "arguments", ["orders", "orders --json", "order C-\u65e5", "history C-\u65e5", "events"]
)
def test_a_name_is_printed_as_it_is_whatever_the_terminal_is_set_to(
    tmp_path: Path, arguments: str, encoding: str
) -> None:
    with Ledger.open(tmp_path / "orderledger.db", update_views=False) as ledger:
        ledger.record_many(parsed(request("C-\u65e5")))
    ended = run(*arguments.split(), folder=tmp_path, encoding=encoding)
    assert (ended.status, ended.err, "C-\u65e5" in ended.out) == (0, "", True)


@pytest.mark.parametrize("arguments", ["order C-1", "history C-1", "events"])
def test_what_somebody_else_said_gives_the_terminal_no_orders(
    tmp_path: Path, arguments: str
) -> None:
    wipe = "\x1b[2J\x9b2Jfilled\r\nC-2"
    with Ledger.open(tmp_path / "orderledger.db", update_views=False) as ledger:
        ledger.record_many(parsed(request("C-1", tags={wipe: wipe}, text=wipe)))
    asked = [*arguments.split(), "--db", str(tmp_path / "orderledger.db")]
    printed = run_in_window(100, *asked, environment={"NO_COLOR": "1"})
    assert [
        character for character in printed if not character.isprintable() and character != "\n"
    ] == []
    assert "filled" in printed


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", ["record", "translate hyperliquid --account sim:main", *long(["record --ack"])]
)
def test_an_input_that_cannot_be_read_is_no_fault_of_the_output(
    folder: Path, orderledger_command: Path, arguments: str
) -> None:
    for place, why in (
        ("/proc/self/mem", "Input/output error"),
        ("- 0>/dev/null", "Bad file descriptor"),
    ):
        status, _, said = closed(folder, f"{orderledger_command} {arguments} {place}")
        assert (status, said.splitlines()[-1]) == (2, f"orderledger: FILE: cannot be read: {why}")


def closed(folder: Path, line: str) -> tuple[int, str, str]:
    """What a line of the shell comes to."""
    done = subprocess.run(
        ["sh", "-c", line], cwd=folder, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_what_was_recorded_stays_recorded_when_it_cannot_be_told(
    folder: Path, orderledger_command: Path
) -> None:
    with Path("/dev/full").open("w") as full:
        status, said = started(
            orderledger_command, folder, "record --ack messages.ndjson", stdout=full
        )
    assert status == 4
    assert said[-2:] == [
        "stopped after line 1,000",
        "orderledger: the output cannot be written: No space left on device",
    ]
    ended = run("record", "messages.ndjson", folder=folder)
    assert ended.status == 1
    assert ended.err.splitlines()[-1].startswith(
        "3,000 recorded, 1,000 duplicate, 0 refused, 1 invalid in "
    )


@pytest.mark.slow
def test_rejects_that_cannot_be_written_are_no_success(folder: Path) -> None:
    ended = run("record", "messages.ndjson", "--rejects", "/dev/full", folder=folder)
    assert (ended.status, ended.err.splitlines()[-1]) == (
        4,
        "orderledger: /dev/full cannot be written: No space left on device",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    ["orders", "events --json", "record --ack messages.ndjson", *long(["orders --json", "events"])],
)
def test_a_reader_that_leaves_is_left_in_peace(
    tmp_path: Path, orderledger_command: Path, arguments: str
) -> None:
    with Ledger.open(str(tmp_path / "orderledger.db"), update_views=False) as ledger:
        ledger.record_many(parsed(*lives(500)))
    write_messages(tmp_path, 1_000)
    command = [str(orderledger_command), *arguments.split()]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 141
    assert "Traceback" not in said and (said == "") != arguments.startswith("record")


@pytest.mark.slow
def test_an_interrupted_recording_says_how_far_it_came(
    tmp_path: Path, orderledger_command: Path
) -> None:
    write_messages(tmp_path, LIVES)
    command = [str(orderledger_command), "record", "messages.ndjson", "--ack"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        answers = 1 + process.stdout.read().count("\n")
        *_, stopped, interrupted = process.stderr.read().splitlines()
    lines = int(stopped.removeprefix("stopped after line ").replace(",", ""))
    assert (process.returncode, interrupted) == (130, "orderledger: interrupted")
    assert answers <= lines < 4 * LIVES
    with Ledger.open(str(tmp_path / "orderledger.db"), update_views=False) as ledger:
        assert {
            outcome.outcome for outcome in ledger.record_many(parsed(*lives(LIVES))[:lines])
        } == {"duplicate"}
        assert ledger.views.check().differences == ()


@pytest.mark.slow
def test_an_interrupted_reading_of_standard_input_has_recorded_what_it_answered(
    tmp_path: Path, orderledger_command: Path
) -> None:
    command = [str(orderledger_command), "record", "-", "--ack"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=pipe, stdout=pipe, stderr=pipe, text=True, bufsize=1
    ) as process:
        assert (
            process.stdin is not None and process.stdout is not None and process.stderr is not None
        )
        process.stdin.write(parsed(request("C-1"))[0].model_dump_json(exclude_none=True) + "\n")
        process.stdout.readline()
        while psutil.Process(process.pid).status() != psutil.STATUS_SLEEPING:
            time.sleep(0.002)  # Python does not see a signal that comes just before it waits
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().splitlines()
    assert process.returncode == 130
    assert said[1].startswith("1 recorded, 0 duplicate")
    assert said[2:] == ["stopped after line 1", "orderledger: interrupted"]
