"""Reads the fenced blocks of a page, and runs them as a reader would."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.command_line import run

REPOSITORY = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANYTHING = "…"
SHELL = re.compile(r"[$;|&<>`*]")


class Block(NamedTuple):
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(*found.groups()) for found in FENCE.finditer(page.read_text(encoding="utf-8"))]


def programs(page: Path) -> list[str]:
    """The Python programs of a page, of a notebook, or of a file of Python itself. A block that
    imports nothing is a signature."""
    if page.suffix == ".py":
        return [page.read_text(encoding="utf-8")]
    if page.suffix == ".ipynb":
        cells = json.loads(page.read_text(encoding="utf-8"))["cells"]
        lines = [line for cell in cells if cell["cell_type"] == "code" for line in cell["source"]]
        return ["\n".join(line.rstrip() for line in lines if line[0] not in "%!")]
    shown = [block.text for block in blocks(page) if block.language == "python"]
    return [text for text in shown if re.search(r"^\s*(from|import) ", text, re.MULTILINE)]


def commands(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, here-documents included, and what the page shows of their
    output."""
    told: list[tuple[str, str]] = []
    end: str | None = None
    for line in text.splitlines(keepends=True):
        if end is not None:
            told[-1] = (told[-1][0] + line, "")
            end = None if line.strip() == end else end
        elif line.startswith("$ "):
            told.append((line[2:], ""))
            opened = re.search(r"<<'(\w+)'", line)
            end = opened.group(1) if opened else None
        else:
            told[-1] = (told[-1][0], told[-1][1] + line)
    return told


def run_command(command: str, folder: Path) -> str:
    """What the command prints: stdout, then stderr. A line for the shell alone has a shell."""
    if command.startswith("orderledger ") and not SHELL.search(command):
        _, *arguments = shlex.split(command)
        ended = run(*arguments, folder=folder)
        return ended.out + ended.err
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def run_python(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A Python block, as a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", text],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def is_shown(shown: str, printed: str) -> bool:
    """Whether the output is what the page shows: spacing aside, `…` for anything, a line of it for
    any lines."""
    lines = [" ".join(line.split()) for line in shown.splitlines() if line.strip()]
    pattern = "".join(
        r"(?:.*\n)*?"
        if line == ANYTHING
        else ".*".join(map(re.escape, line.split(ANYTHING))) + r"\n"
        for line in lines
    )
    text = "".join(" ".join(line.split()) + "\n" for line in printed.splitlines() if line.strip())
    return re.fullmatch(pattern, text) is not None


def _environment() -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("ORDERLEDGER_")
    }
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
