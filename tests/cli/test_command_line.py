"""How the commands end when they cannot do what was asked: one sentence, and the exit status that
says whose fault it is."""

import json
import os
import re
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from orderledger import Ledger, parse_document
from orderledger.cli import main
from orderledger.cli.output import readable
from orderledger.domain.values import Status
from orderledger.infrastructure.views.queries import Queries
from orderledger.infrastructure.views.questions import parameters_of
from tests.command_line import run
from tests.core.contract.streams import report, request


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["order", "C-9"], 1, "C-9"),
        (["order", os.fsdecode(b"\xff")], 2, "not UTF-8"),
        (
            ["--account", "sim:main", "orders"],
            2,
            "--account goes after the command: orderledger orders --account ...",
        ),
        (
            ["orders", "--as-of", "someday"],
            2,
            "'someday' is not an RFC 3339 time with an offset, such as 2026-",
        ),
        (["orders", "--as-of", "²"], 2, "'²' is not an RFC 3339 time"),
        (["orders", "--db", "no/such/folder/ledger.db"], 3, "is not a file in an existing folder"),
        (["record", "--db", "no/such/folder/ledger.db"], 3, "is not a file in an existing folder"),
    ],
)
def test_a_command_that_cannot_says_why(
    tmp_path: Path, arguments: list[str], status: int, sentence: str
) -> None:
    with Ledger.open(str(tmp_path / "ledger.db")):
        ended = run(*arguments, folder=tmp_path, environment={"ORDERLEDGER_DB": "ledger.db"})
    assert (ended.status, ended.out) == (status, "")
    assert sentence in ended.err


def test_a_ledger_that_is_there_and_empty_is_asked(tmp_path: Path) -> None:
    status, said = recorded(tmp_path, [])
    assert (status, said) == (0, ["0 recorded, 0 duplicate, 0 refused, 0 invalid"])
    assert run("orders", folder=tmp_path) == (0, "no orders\n", "")


NO_STORES = (
    *(
        "",
        "sqlite:",
        "sqlite://",
        "sqlite:///",
        "sqlite:orders.db",
        "sqlite://orders.db",
        "SQLITE:///orders.db",
    ),
    *(
        "sqlite:///orders.db?mode=ro",
        "file:orders.db",
        "file:x?mode=memory",
        ":memory:",
        "memory:",
        "postgresql:",
    ),
    *("mysql://me:secret@host/db", "http://host"),
)


@pytest.mark.parametrize("url", NO_STORES)
def test_what_names_no_store_is_wrong_usage_and_makes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in ("orders", "record"):
        ended = run(command, "--db", url)
        assert (ended.status, ended.out) == (2, "")
        shown = {"mysql://me:secret@host/db": "mysql://...", "http://host": "http://..."}.get(
            url, url
        )
        assert ended.err == (
            f"orderledger: db: {shown!r} is not a path, sqlite:///path, postgresql://... or "
            "memory://\n"
        )
    assert list(tmp_path.iterdir()) == []


def recorded(
    folder: Path, documents: list[dict[str, object]], *arguments: str
) -> tuple[int, list[str]]:
    """The exit status of `record`, and what it said on stderr, without the time it took."""
    (folder / "messages.ndjson").write_text(
        "".join(json.dumps(document) + "\n" for document in documents)
    )
    ended = run("record", "messages.ndjson", *arguments, folder=folder)
    return ended.status, [
        line.partition(" in ")[0] for line in ended.err.splitlines() if "a new ledger" not in line
    ]


def test_what_is_refused_or_invalid_is_told_and_what_is_not_told_is_counted(tmp_path: Path) -> None:
    documents = [
        request("C-1"),
        {"type": "moon"},
        *[report("submit", f"N-{number}", 1) for number in range(12)],
    ]
    status, said = recorded(tmp_path, documents)
    assert status == 1
    assert said[0].startswith("line 2: type: ")
    assert said[1].startswith("line 3: refused: unknown_order: ") and said[9].startswith(
        "line 11: refused: "
    )
    assert said[10:] == [
        "3 more were refused or invalid: --ack prints the outcome of every line",
        "1 recorded, 0 duplicate, 12 refused, 1 invalid",
    ]
    status, said = recorded(tmp_path, documents[:4], "--rejects", "rejects.ndjson")
    assert [line.partition(": unknown")[0] for line in said[:-1]] == [
        "line 3: refused",
        "line 4: refused",
    ]
    assert json.loads((tmp_path / "rejects.ndjson").read_text())["line"] == 2


@pytest.mark.parametrize("source", ["messages.ndjson", "-"])
@pytest.mark.parametrize(
    ("place", "what"), [("./messages.ndjson", "FILE itself"), ("linked", "the ledger")]
)
def test_a_file_for_rejects_that_holds_what_is_recorded_is_not_emptied(
    tmp_path: Path, source: str, place: str, what: str
) -> None:
    recorded(tmp_path, [request("C-1")])
    (tmp_path / "linked").hardlink_to(tmp_path / "orderledger.db")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    ended = run(
        "record", source, "--rejects", place, folder=tmp_path, stdin=tmp_path / "messages.ndjson"
    )
    assert ended.status == 2 and ended.err.endswith(
        f"Invalid value for --rejects: '{place}' is {what}\n"
    )
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_of_rejects_is_kept_until_the_ledger_is_there(tmp_path: Path) -> None:
    (tmp_path / "rejects.ndjson").write_text("those of the last run\n")
    (tmp_path / "orderledger.db").mkdir()
    status, _ = recorded(tmp_path, [request("C-1")], "--rejects", "rejects.ndjson")
    assert (status, (tmp_path / "rejects.ndjson").read_text()) == (3, "those of the last run\n")


def test_a_file_for_rejects_is_not_what_the_ledger_is_made_of(tmp_path: Path) -> None:
    status, said = recorded(
        tmp_path, [request("C-1"), {"type": "moon"}], "--rejects", "./orderledger.db"
    )
    assert (status, said[-1]) == (
        2,
        "Error: Invalid value for --rejects: './orderledger.db' is the ledger",
    )
    assert not (tmp_path / "orderledger.db").exists()


def test_with_acknowledgements_the_rest_is_the_summary(tmp_path: Path) -> None:
    documents = [request("C-1"), {"type": "moon"}, report("submit", "C-9", 1)]
    assert recorded(tmp_path, documents, "--ack") == (
        1,
        ["1 recorded, 0 duplicate, 1 refused, 1 invalid"],
    )


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("0.00000000004512", "0.00000000004512"),
        ("1234567890123456789.12345678901", "1234567890123456789.123456789"),
        (
            "1234567890123456789012345678.1234567890123456789012345678",
            "1234567890123456789012345678.123456789",
        ),
        ("0.3333333333333333", "0.3333333333"),
        ("100.50", "100.5"),
    ],
)
def test_a_table_shows_long_numbers_short_and_small_ones_at_all(number: str, shown: str) -> None:
    assert readable(Decimal(number)) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"role": "entry", "trade_id": "T-1", "group": None}, "role=entry trade_id=T-1"),
        (
            {"note": "a b, c=d", "empty": "", "quoted": 'say "no"'},
            r'note="a b, c=d" empty="" quoted="say \"no\""',
        ),
        ({"": "0.1", "USD": "1.28"}, '""=0.1 USD=1.28'),
        ({"deep": {"list": ["a", "b c"], "yes": True}}, 'deep={list=[a, "b c"] yes=yes}'),
        (["V-1", "V 2", "V,3"], 'V-1, "V 2", "V,3"'),
        ("a b, c=d", "a b, c=d"),
        ({"größe-注文": "é\x1b[2J"}, 'größe-注文="é [2J"'),
    ],
)
def test_values_inside_a_value_cannot_be_mistaken_for_each_other(value: object, shown: str) -> None:
    assert readable(value) == shown


def test_the_statuses_that_may_be_asked_for_are_those_that_there_are() -> None:
    """They are written out again, since the command's help is to come without what it takes to load
    the domain."""
    (status,) = (one for one in parameters_of(Queries.orders) if one.name == "status")
    assert set(status.words) == set(Status)


def test_a_status_that_there_is_not_is_wrong_usage(tmp_path: Path) -> None:
    ended = run("orders", "--status", "filed", folder=tmp_path)
    assert ended.status == 2 and "filed" in ended.err


@pytest.mark.parametrize("name", main.commands)
def test_the_help_of_a_command_has_an_example_and_how_it_ends(name: str) -> None:
    told = run(name, "--help").out
    usage, _, rest = told.partition("\n")
    assert usage.startswith("Usage:")
    assert re.search(rf"^ +(?:.*\| )?orderledger {name}\b", rest, re.MULTILINE)
    has_store = name not in ("verify-proof", "keygen", "help", "completion", "config", "fake")
    assert "Exit status" in rest and "2" in rest and ("3" in rest or not has_store)


@pytest.mark.slow
def test_the_first_session_of_the_help_can_be_typed_as_it_stands(
    tmp_path: Path, orderledger_command: Path
) -> None:
    told = run("--help").out
    (session,) = re.findall(
        r"A first session:\n.*\n((?: {4,}.*\n)+)", told
    )  # after the demo, which has tests of its own
    environment = {"PATH": f"{orderledger_command.parent}:/usr/bin:/bin"}
    typed = subprocess.run(
        ["sh", "-e", "-c", session], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert typed.returncode == 0, typed.stderr
    assert "1 order\n" in typed.stdout and "order requested" in typed.stdout


@pytest.mark.parametrize("command", ["order", "history"])
def test_an_id_that_begins_with_a_dash_is_asked_for_as_the_help_says(
    tmp_path: Path, command: str
) -> None:
    db = str(tmp_path / "orders.db")
    with Ledger.open(db, update_views=False) as ledger:
        ledger.record(parse_document(request("-7")))
    assert "`--`" in run(command, "--help").out
    found = run(command, "--db", db, "--json", "--", "-7")
    assert (found.status, json.loads(found.out.splitlines()[0])["stream"]) == (0, "sim:main/-7")


def test_what_was_taken_back_before_is_not_told_as_taken_back_again(tmp_path: Path) -> None:
    def reverted(*arguments: str) -> tuple[int, list[str], str]:
        ended = run("revert", "missing_fill:F-1", *arguments, folder=tmp_path)
        return (
            ended.status,
            [json.loads(line)["type"] for line in ended.out.splitlines()],
            ended.err,
        )

    def events() -> int:
        with Ledger.open(tmp_path / "orderledger.db") as ledger:
            return len(list(ledger.events()))

    repair = {
        "actor": "reconciliation",
        "causation_id": "missing_fill:F-1",
        "source": "reconciliation",
    }
    fill = {
        "type": "fill",
        "account": "sim:main",
        "venue_order_id": "V-1",
        "fill_id": "F-1",
        "instrument": "BTC-USD",
    }
    with Ledger.open(tmp_path / "orderledger.db") as ledger:
        ledger.record(
            parse_document({**fill, **repair, "side": "buy", "quantity": "1", "price": "2"})
        )
    before = events()
    assert reverted("--dry-run") == (0, ["fill_busted"], "") and events() == before
    assert reverted() == (0, ["fill_busted"], "")
    after = events()
    sentence = "orderledger: nothing to append for 'missing_fill:F-1': it was undone before\n"
    assert reverted() == reverted("--dry-run") == (0, [], sentence)
    assert events() == after > before
