"""The documentation is true: its commands and programs run, its links lead somewhere, nothing in
the code is missing in it."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import psycopg
import pytest

from orderledger import Ledger, parse_document
from orderledger.analytics import errors as archive_errors
from orderledger.audit import errors as audit_errors
from orderledger.cli import main
from orderledger.domain.decision import Reason
from orderledger.domain.recorded import KINDS
from orderledger.domain.values import Anomaly
from orderledger.infrastructure import errors as core_errors
from orderledger.infrastructure.messages.registry import MESSAGES
from orderledger.infrastructure.settings import Settings
from orderledger.projections import rows
from orderledger.projections.tables import TABLES
from orderledger.venues import errors as venue_errors
from orderledger.venues.collecting.settings import CollectSettings
from orderledger.venues.reconciliation.breaks import Kind
from tests.command_line import run
from tests.docs.reading import (
    REPOSITORY,
    blocks,
    commands,
    is_shown,
    programs,
    run_command,
    run_python,
)
from tests.public_names import WITH_NAMES, names_of, private_imports

DOCS = REPOSITORY / "docs"
ROOT_PAGES = [REPOSITORY / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
PAGES = sorted([*DOCS.rglob("*.md"), *(REPOSITORY / "examples").rglob("*.md"), *ROOT_PAGES])
STORIES = [
    DOCS / "tutorial.md",
    DOCS / "explanation/how-figures-are-made.md",
    *sorted({*(DOCS / "how-to").glob("*.md")} - {DOCS / "how-to/send-your-first-order.md"}),
]
"""The first order needs a venue that runs beside it: see `test_first_order.py`."""
EXAMPLES = sorted((REPOSITORY / "examples").rglob("*.py"))
NOTEBOOKS = sorted(DOCS.rglob("*.ipynb"))
ELSEWHERE = {"docs/explanation/performance.md"}
"""Written beside the benchmarks, which may come later than the links to it."""

FIELDS = sorted(
    {
        field.serialization_alias or name
        for model in MESSAGES.values()
        for name, field in model.model_fields.items()
    }
)
OPTIONS = sorted(
    {
        option
        for command in main.commands.values()
        for given in command.params
        for option in given.opts
        if "-" in option
    }
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
UNWANTED = re.compile(
    r"/work/|/tmp/|/home/|/root/|\bagent\b|\bassistant\b|(?<![.])\b(?:AI|LLM)\b|\bprompt\b|\bhelper\b|~~~",
    re.IGNORECASE,
)


def name_of(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


@pytest.mark.slow
def test_the_generated_pages_are_what_the_code_gives_today() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"run `python docs/generate.py`:\n{done.stdout}{done.stderr}"


def test_the_published_schema_is_the_one_the_command_prints() -> None:
    assert json.loads(run("schema").out) == json.loads(
        (DOCS / "reference/message-schema.json").read_text()
    )


def test_the_page_of_messages_names_the_fields_of_the_schema() -> None:
    text = (DOCS / "reference/messages.md").read_text()
    sections = dict(re.findall(r"^### (\w+)$(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    for kind, model in MESSAGES.items():
        named = set(re.findall(r"^\| `(\w+)` \|", sections[kind], re.MULTILINE))
        assert named <= set(model.model_json_schema()["properties"]), kind


@pytest.mark.parametrize(
    ("page", "headings"),
    [
        ("messages.md", list(MESSAGES)),
        ("events.md", list(KINDS)),
        ("views.md", [table.name for table in TABLES]),
        ("commands.md", list(main.commands)),
        (
            "python.md",
            [
                name
                for name in dir(Ledger)
                if not name.startswith("_") and callable(getattr(Ledger, name))
            ],
        ),
    ],
)
def test_nothing_is_without_its_section(page: str, headings: list[str]) -> None:
    found = set(re.findall(r"^##+ (\S+)$", (DOCS / "reference" / page).read_text(), re.MULTILINE))
    assert set(headings) - found == set()


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (
            "errors.md",
            [
                *map(str, Reason),
                *map(str, Anomaly),
                *map(str, Kind),
                *core_errors.__all__,
                *venue_errors.__all__,
                *audit_errors.__all__,
                *archive_errors.__all__,
            ],
        ),
        ("settings.md", [f"ORDERLEDGER_{setting.name.upper()}" for setting in fields(Settings)]),
        ("settings.md", [f"ORDERLEDGER_{name.upper()}" for name in CollectSettings.model_fields]),
        ("views.md", sorted({column for table in TABLES for column in table.names})),
        ("messages.md", FIELDS),
        ("python.md", [*names_of("orderledger"), *rows.__all__]),
        ("packages.md", [name for package in WITH_NAMES[1:] for name in names_of(package)]),
        ("commands.md", OPTIONS),
    ],
)
def test_nothing_is_undocumented(page: str, words: list[str]) -> None:
    text = (DOCS / "reference" / page).read_text()
    assert [
        word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)
    ] == []


@pytest.mark.parametrize("page", [*PAGES, *EXAMPLES, *NOTEBOOKS], ids=name_of)
def test_a_program_imports_public_names_only(page: Path) -> None:
    assert [name for program in programs(page) for name in private_imports(program)] == []


def test_a_private_import_in_a_page_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nfrom orderledger.venues.base.venue import Up\n```\n")
    (found,) = programs(page)
    assert private_imports(found) == ["orderledger.venues.base.venue.Up"]


@pytest.mark.slow
def test_the_readme_survives_its_own_kill(tmp_path: Path) -> None:
    shown = blocks(REPOSITORY / "README.md")
    bot, restart = [block.text for block in shown if block.language == "python"]
    assert run_python(bot, tmp_path).returncode == -signal.SIGKILL
    done = run_python(restart, tmp_path)
    assert done.stderr == ""
    assert is_shown(next(block.text for block in shown if block.language == "text"), done.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("page", STORIES, ids=name_of)
def test_a_story_can_be_followed_word_by_word(page: Path, tmp_path: Path) -> None:
    printed = ""
    for language, text in blocks(page):
        if language == "console":
            for command, shown in commands(text):
                said = run_command(command, tmp_path)
                assert is_shown(shown, said), f"{command}\nprints:\n{said}"
        elif language == "python":
            done = run_python(text, tmp_path)
            assert (done.returncode, done.stderr) == (0, "")
            printed = done.stdout
        elif language == "text" and printed:
            assert is_shown(text, printed), printed
            printed = ""
    assert printed == "", "a program whose output the page does not show"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SQLite", "PostgreSQL"])
def test_every_query_runs(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "orders.db"
    url = str(path) if name == "SQLite" else request.getfixturevalue("postgres_schema_url")
    with Ledger.open(url) as ledger:
        ledger.record_many(parse_document(message) for message in DAY)
        ledger.views.catch_up()
    queries = [
        text for language, text in blocks(DOCS / "how-to/query-the-tables.md") if language == "sql"
    ]
    wanted = [query for query in queries if query.startswith((f"-- {name}\n", "-- both\n"))]
    assert len(wanted) > 5
    for query in wanted:
        if name == "SQLite":
            found = sqlite3.connect(path).execute(query).fetchall()
        else:
            with psycopg.connect(url) as connection:
                found = connection.execute(query.encode()).fetchall()
        assert found, query


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        if name_of(target) in ELSEWHERE and not target.exists():
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_speaks_to_a_stranger(page: Path) -> None:
    assert [
        line for line in page.read_text(encoding="utf-8").splitlines() if UNWANTED.search(line)
    ] == []


def test_every_page_can_be_found_from_the_readme() -> None:
    found, left = set[Path](), [REPOSITORY / "README.md"]
    while left:
        page = left.pop()
        found.add(page)
        left += [path for path in linked_from(page) if path.suffix == ".md" and path not in found]
    assert [name_of(page) for page in PAGES if page not in found] == []


def linked_from(page: Path) -> list[Path]:
    """The files of the repository that a page links to."""
    links = LINK.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    inside = [link.partition("#")[0] for link in links if "://" not in link]
    return [(page.parent / path).resolve() for path in inside if path]


def test_the_readme_is_short() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    shown = blocks(REPOSITORY / "README.md")
    lines = [
        line for block in shown if block.language == "python" for line in block.text.split("\n")
    ]
    pictures = re.findall(r"!\[[^\]]*\]\([^)]*\)", text)
    assert len(text.split()) <= 500
    assert len(list(filter(None, lines))) == 15
    assert len(pictures) == 1
    assert len(LINK.findall(text)) - len(pictures) == 6


def test_the_picture_of_the_architecture_shows_the_imports_of_today() -> None:
    done = subprocess.run(
        [sys.executable, "docs/draw_architecture.py", "--check"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (
        f"run `python docs/draw_architecture.py`:\n{done.stdout}{done.stderr}"
    )


def anchors(page: Path) -> set[str]:
    """As the usual sites make them from headings."""
    headings = re.findall(
        r"^#+ (.+)$", CODE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


ORDER = {"account": "sim:main", "client_order_id": "C-1", "at": "2026-11-20T09:00:00Z"}
TERMS = {
    "instrument": "BTC-USD",
    "side": "buy",
    "quantity": "0.5",
    "order_type": "market",
    "links": {"trade_id": "T-1"},
}
DAY = (
    {**ORDER, **TERMS, "type": "request"},
    {**ORDER, "type": "fill", "fill_id": "F-1", "quantity": "0.2", "price": "64000.5"},
    {**ORDER, **TERMS, "client_order_id": "C-2", "type": "request"},
    {**ORDER, "client_order_id": "C-2", "type": "rejected", "reason": "no_margin"},
    {
        **ORDER,
        "client_order_id": "C-2",
        "type": "fill",
        "fill_id": "F-2",
        "quantity": "0.2",
        "price": "64000",
        "at": 1795168800,
    },
)
"""One of each that the queries look for."""
