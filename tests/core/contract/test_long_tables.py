"""Long tables: the first rows are printed before the others are read, and nothing is read for a
reader who has left."""

import io
import re
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orderledger.cli.columns import Columns
from orderledger.cli.tables import PAGE, print_rows, width_of
from tests.core.contract.streams import lives, opened, parsed
from tests.seeds import long

SHOWN = Columns(("name",), ("quantity", "note"))


class Reader(io.StringIO):
    """A stdout that is a terminal, or whose reader leaves after so many writings."""

    def __init__(self, *, leaves_after: int | None = None, is_terminal: bool = False) -> None:
        super().__init__()
        self._writings_left = leaves_after
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, text: str) -> int:
        if self._writings_left == 0:
            raise BrokenPipeError
        if self._writings_left is not None:
            self._writings_left -= 1
        return super().write(text)


def rows(count: int, taken: list[int], **fields: Any) -> Iterator[dict[str, Any]]:
    for number in range(count):
        taken.append(number)
        yield {"name": f"row-{number}", "quantity": Decimal(number), "note": None, **fields}


def printed(
    monkeypatch: pytest.MonkeyPatch,
    given: Iterator[dict[str, Any]],
    reader: Reader,
    *,
    as_json: bool = False,
) -> list[str]:
    monkeypatch.setattr("sys.stdout", reader)
    monkeypatch.setenv("COLUMNS", "80")
    print_rows(given, SHOWN, as_json=as_json, title="rows")
    return reader.getvalue().splitlines()


@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_more_is_read_once_the_reader_has_left(
    monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    taken: list[int] = []
    with pytest.raises(BrokenPipeError):
        printed(monkeypatch, rows(50 * PAGE, taken), Reader(leaves_after=1), as_json=as_json)
    assert len(taken) <= 2 * PAGE


def test_a_long_table_has_one_header_and_all_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    head, _, *lines, count = printed(monkeypatch, rows(2 * PAGE + 1, []), Reader())
    assert (head.split(), count) == (["name", "quantity"], f"{2 * PAGE + 1} rows")
    assert [line.split() for line in lines] == [
        [f"row-{number}", str(number)] for number in range(2 * PAGE + 1)
    ]


def test_a_page_with_values_in_another_column_has_a_header_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def given() -> Iterator[dict[str, Any]]:
        yield from rows(PAGE, [])
        yield from rows(PAGE, [], note="n")
        yield from rows(PAGE, [])

    lines = printed(monkeypatch, given(), Reader())
    heads = [(number, line.split()) for number, line in enumerate(lines) if line.startswith("name")]
    assert heads == [(0, ["name", "quantity"]), (PAGE + 2, ["name", "quantity", "note"])]
    assert len(lines) == 3 * PAGE + 2 * 2 + 1


def test_what_is_wider_than_on_the_first_page_is_printed_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wide = Decimal("123456789012345.678901234567")

    def given() -> Iterator[dict[str, Any]]:
        yield from rows(PAGE, [])
        yield {"name": "long name " * 30, "quantity": wide, "note": None}

    for is_terminal in (False, True):
        lines = printed(monkeypatch, given(), Reader(is_terminal=is_terminal))
        assert any("123456789012345.6789012346" in line.split() for line in lines), (
            "cut to ten places, and not folded"
        )
        assert sum("name" in line for line in lines) >= 2
    assert max(map(width_of, (re.sub(r"\x1b\[\d+m", "", line) for line in lines))) <= 80, (
        "text is folded in a window"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("long")
    with opened(str(made / "orderledger.db"), update_views=False) as ledger:
        ledger.record_many(parsed(*lives(2_000)))
        ledger.views.catch_up()
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    ["trades", "events", "orders --json", *long(["orders", "trades --json", "events --json"])],
)
def test_a_table_of_thousands_of_rows_is_left_after_two(
    folder: Path, orderledger_command: Path, arguments: str
) -> None:
    line = f"{orderledger_command} {arguments} | head -2; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=True
    )
    *shown, status = done.stdout.splitlines()
    assert (len(shown), status, done.stderr) == (2, "141", "")
