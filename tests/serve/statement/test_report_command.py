"""`orderledger report`: its options, its files, and the same bytes on any day."""

import os
import stat
import subprocess
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from orderledger import Ledger, parse_document
from orderledger.serve.statement.formats import FORMATS
from tests import command_line
from tests.serve.statement.books import DAY, SMALL, fill, ledger_of
from tests.serve.statement.figures import check_statement

ASKED = ("report", "--day", DAY, "--timezone", "Europe/Berlin")
NO_OFFSET = datetime(2026, 10, 25)  # noqa: DTZ001  (that is its fault)
GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture
def book(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/book.db"
    with ledger_of(SMALL, url):
        return url


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_and_the_output_have_the_bytes_of_the_golden_file(
    book: str, form: str, tmp_path: Path
) -> None:
    out = tmp_path / f"statement.{form}"
    assert command_line.run(*ASKED, "--db", book, "--out", out) == (0, "", "")
    golden = (GOLDEN / f"small.{form}").read_bytes()
    assert (
        out.read_bytes()
        == command_line.run(*ASKED, "--db", book, "--format", form).out.encode()
        == golden
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "form", ["html", "md"]
)  # msgspec, which writes the times of the others, takes no frozen datetime
def test_on_any_day_it_has_the_same_bytes(book: str, form: str) -> None:
    """In UTC: a frozen datetime forgets which of two equal hours it is in."""
    made = set()
    for day in ("2026-10-25", "2026-11-01", "2031-03-01"):
        with freeze_time(day, tick=True, ignore=["eventsourcing"]):
            made.add(command_line.run("report", "--day", DAY, "--db", book, "--format", form))
    assert made == {command_line.run("report", "--day", DAY, "--db", book, "--format", form)}


def test_the_log_position_makes_the_same_statement_again_after_the_log_has_grown(book: str) -> None:
    golden = (GOLDEN / "small.md").read_text()
    with Ledger.open(book, update_views=False) as ledger:
        position = ledger.status()["position"]
        ledger.record(parse_document(fill("C-1", "F-late", "11:00:00", "0.1", "1")))
    assert command_line.run(*ASKED, "--db", book).out != golden
    assert command_line.run(*ASKED, "--db", book, "--position", str(position)).out == golden
    assert command_line.run(*ASKED, "--db", book, "--as-of", "2026-10-27T09:00:00Z").out == golden


def test_without_a_form_the_name_of_the_file_gives_it(book: str, tmp_path: Path) -> None:
    assert command_line.run(*ASKED, "--db", book, "--out", tmp_path / "a.JSON").status == 0
    assert (tmp_path / "a.JSON").read_bytes() == (GOLDEN / "small.json").read_bytes()
    refused = command_line.run(*ASKED, "--db", book, "--out", tmp_path / "a.txt")
    assert (
        refused.status == 2
        and "'a.txt' does not end in .html, .md, .csv, .json: give --format" in refused.err
    )
    assert (
        command_line.run(*ASKED, "--db", book, "--out", tmp_path / "a.txt", "--format", "md").status
        == 0
    )


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ((), "of which period? Give --day, or --since and --until"),
        (("--from", DAY), "of which period? Give --until"),
        (("--day", DAY, "--to", DAY), "give --day, or --since and --until, not both"),
        (
            ("--from", "2026-10-26", "--to", "2026-10-25"),
            "--until: 2026-10-25 is before the beginning, 2026-10-26",
        ),
        (
            ("--from", "2026-10-26", "--to", "2026-10-25T23:00:00Z"),
            "Invalid value for --until: 2026-10-25 23:00:00+00:00 is before",
        ),
        (
            ("--from", "2026-10-25T09:00:00Z", "--to", "2026-10-25T10:00:00+01:00"),
            "the period is empty",
        ),
        (("--day", "2026-02-30"), "'--day': '2026-02-30' is not a day, such as 2026-11-20"),
        (("--day", "20261025"), "'--day': '20261025' is not a day"),
        (
            ("--from", "2026-10-25T09:00:00", "--to", DAY),
            "'--from': '2026-10-25T09:00:00' is not an RFC 3339 time",
        ),
        (("--day", "9999-12-31"), "is beyond the years 1 to 9999"),
        (("--day", "0001-01-01"), "is beyond the years 1 to 9999"),
        (
            ("--day", DAY, "--timezone", "Mars/Olympus"),
            "'--timezone': 'Mars/Olympus' is not a time zone",
        ),
        (("--day", DAY, "--timezone", "../../etc/passwd"), "for '--timezone': "),
        (("--day", DAY, "--timezone", "Europe"), "'--timezone': 'Europe' is not a time zone"),
        (("--day", DAY, "--timezone", ""), "for '--timezone': "),
        (
            ("--day", DAY, "--as-of", "2026-10-27T09:00:00Z", "--position", "3"),
            "give --as-of or --position, not both",
        ),
        (("--day", DAY, "--position", "-1"), "'--position'"),
        (
            ("--day", DAY, "--out", "missing/a.md"),
            "for --out: missing/a.md cannot be written: No such file",
        ),
    ],
)
def test_wrong_usage_names_the_option_and_the_fault(
    book: str, options: tuple[str, ...], fault: str, tmp_path: Path
) -> None:
    refused = command_line.run("report", "--db", book, *options, folder=tmp_path)
    assert refused.status == 2 and refused.out == ""
    assert fault in " ".join(refused.err.split()), refused.err


def test_an_account_of_which_nothing_is_known_is_named(book: str) -> None:
    ended = command_line.run(*ASKED, "--db", book, "--account", "sim:mian")
    assert (ended.status, ended.err) == (
        0,
        "orderledger: nothing is known of the account 'sim:mian' in this period, or before it\n",
    )
    assert command_line.run(*ASKED, "--db", book, "--account", "sim:main").err == ""


def test_a_ledger_that_is_not_there_is_not_created(tmp_path: Path) -> None:
    refused = command_line.run(*ASKED, "--db", "none.db", "--out", "a.md", folder=tmp_path)
    assert refused.status == 3 and list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_whole_or_stays_as_it_was(
    book: str, tmp_path: Path, orderledger_command: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "a.html").write_text("yesterday")
    (folder / "link.html").symlink_to("a.html")
    # four blocks are not enough for the page
    limited = f'ulimit -f 4; exec "$0" {" ".join(ASKED)} --db "$1" --out "$2"'
    failed = subprocess.run(
        ["bash", "-c", limited, orderledger_command, book, folder / "a.html"],
        capture_output=True,
        check=False,
    )
    assert failed.returncode != 0
    assert (folder / "a.html").read_text() == "yesterday"
    for left in folder.glob(".a.html.*"):
        left.unlink()  # SIGXFSZ kills at once
    assert command_line.run(*ASKED, "--db", book, "--out", folder / "link.html").status == 0
    assert (folder / "link.html").is_symlink()
    assert (folder / "a.html").read_bytes() == (GOLDEN / "small.html").read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["a.html", "link.html"]


def test_a_full_device_and_a_reader_that_leaves_have_their_own_status(
    book: str, orderledger_command: Path
) -> None:
    full = command_line.run(*ASKED, "--db", book, "--format", "md", "--out", "/dev/full")
    assert full.status == 4 and "/dev/full cannot be written" in full.err
    line = f'"$0" {" ".join(ASKED)} --db "$1" --format csv | head -c 1; echo ${{PIPESTATUS[0]}}'
    done = subprocess.run(
        ["bash", "-c", line, orderledger_command, book], capture_output=True, text=True, check=True
    )
    assert (
        done.stdout in ("s141\n", "s0\n") and "Traceback" not in done.stderr
    )  # 0: it was done before the reader left


@pytest.mark.parametrize(
    ("asked", "error", "fault"),
    [
        (
            (date(2026, 10, 26), date(2026, 10, 25), {}),
            ValueError,
            "until: 2026-10-25 is before the beginning",
        ),
        (("2026-10-25", date(2026, 10, 25), {}), TypeError, "since takes a date"),
        (
            (NO_OFFSET, date(2026, 10, 25), {}),
            ValueError,
            "since: 2026-10-25T00:00:00 has no offset",
        ),
        (
            (date(2026, 10, 25), date(2026, 10, 25), {"timezone": None}),
            TypeError,
            "timezone takes text",
        ),
        (
            (date(2026, 10, 25), date(2026, 10, 25), {"method": "hifo"}),
            ValueError,
            "method: 'hifo' is not one of average, fifo, lifo",
        ),
        ((date(2026, 10, 25), date(2026, 10, 25), {"account": 1}), TypeError, "account takes text"),
        ((date(2026, 10, 25), date(2026, 10, 25), {"as_of": NO_OFFSET}), ValueError, "as_of: "),
    ],
)
def test_in_python_too_an_error_names_the_argument(
    asked: Any, error: type[Exception], fault: str
) -> None:
    since, until, others = asked
    with ledger_of(SMALL) as ledger, pytest.raises(error, match=fault):
        ledger.statement(since, until, **others)


def test_a_pipe_stays_a_pipe(book: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.md"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert command_line.run(*ASKED, "--db", book, "--out", pipe).status == 0
        assert os.read(reader, 1 << 16) == (GOLDEN / "small.md").read_bytes()
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_in_every_store_figures_are_those_of_the_queries(durable_store_url: str) -> None:
    with ledger_of(SMALL, durable_store_url) as ledger:
        statement = check_statement(
            ledger,
            date(2026, 10, 20),
            date(2026, 10, 25),
            timezone="Asia/Kolkata",
            account="sim:main",
        )
        assert FORMATS["json"](statement).count('"account": "sim:other"') == 0
