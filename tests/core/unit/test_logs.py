"""What the package logs, and where."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from orderledger.infrastructure.logs import EventLogger, LogForm, set_up_log
from orderledger.infrastructure.secrecy import learn

LOGGER = EventLogger("orderledger.test")
SECRET = "a-secret-of-the-log"


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """What the log of a command has written."""
    root, ours = logging.getLogger(), logging.getLogger("orderledger")
    before = root.handlers[:], root.level, ours.level
    yield lambda: capsys.readouterr().err
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def test_the_library_writes_nothing_by_itself() -> None:
    program = (
        "from orderledger.infrastructure.logs import EventLogger;"
        "EventLogger('orderledger.gateway').error('failed', account='sim:main')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_json_line_has_time_level_logger_event_and_fields(stderr: Callable[[], str]) -> None:
    set_up_log("json")
    LOGGER.warning("refused", account="sim:main", counts={"fills": 2}, why=ValueError("no"))
    line = json.loads(stderr())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "orderledger.test",
        "event": "refused",
        "account": "sim:main",
        "counts": {"fills": 2},
        "why": "no",
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_masked_in_fields_and_tracebacks(
    form: LogForm, stderr: Callable[[], str]
) -> None:
    learn(SECRET)
    set_up_log(form)
    try:
        raise ValueError(f"with {SECRET}")
    except ValueError:
        LOGGER.exception("failed", why=f"the key {SECRET}", all=[SECRET])
    text = stderr()
    assert "Traceback" in text and "***" in text
    assert SECRET not in text


def test_a_lone_surrogate_is_written_escaped(stderr: Callable[[], str]) -> None:
    set_up_log("text")
    LOGGER.info("refused", why="cut \ud800")
    assert "why=cut \\ud800" in stderr()


def test_debug_lines_are_left_out(stderr: Callable[[], str]) -> None:
    set_up_log("text")
    LOGGER.debug("no_answer", attempt=1)
    assert stderr() == ""
