"""Other versions of the package, in processes of their own: the last one with an older schema, from
the history of the repository, and one that is newer than this."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from orderledger.infrastructure.storage.schema_version import SCHEMA_VERSION

REPOSITORY = Path(__file__).resolve().parents[2]

NEWER = """
from orderledger.infrastructure.storage import schema_version as newer
newer.SCHEMA_VERSION += 1
newer.NEW_EVENTS[newer.SCHEMA_VERSION] = ("moon_seen.v1", "fill_recorded.v1.tax")
"""
"""Before anything else of the package is imported."""


def older_package(folder: Path) -> Path:
    """A folder with the package as it was before this schema, for PYTHONPATH. Skips the test in a
    clone without this history."""
    began = _git("log", "--format=%H", f"-SSCHEMA_VERSION = {SCHEMA_VERSION}", "--", "orderledger")
    if not began:
        pytest.skip(f"the history of this clone does not show where schema {SCHEMA_VERSION} began")
    packed = _git("archive", f"{began.decode().split()[-1]}^", "orderledger")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=REPOSITORY, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""


def python(program: str, *arguments: str, package: Path = REPOSITORY) -> "subprocess.Popen[str]":
    """A process with the package of this folder."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=package,  # -c imports from here first
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def newer_command(*arguments: str) -> tuple[int, str]:
    """The status of a command of the newer version, and what it prints."""
    program = f"{NEWER}\nfrom orderledger.cli import main\nmain(prog_name='orderledger')"
    process = python(program, *arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err
