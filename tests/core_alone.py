"""Runs the tests of the core on a copy of the package without its leaves:
`python -m tests.core_alone`, with further arguments for pytest.

The core has to work alone, and has to be understood alone. A test in `tests/core` that asks a leaf
too has the marker `leaf`, and is left out.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.structure import BELOW, PACKAGE

REPOSITORY = Path(__file__).resolve().parents[1]
CORE = {*BELOW, "cli"}


def copy_of_the_core(folder: Path) -> None:
    """The package without its leaves, and the tests without theirs."""
    hidden = shutil.ignore_patterns("__pycache__")
    leaves = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - CORE
    shutil.copytree(PACKAGE, folder / "orderledger", ignore=hidden)
    shutil.copytree(REPOSITORY / "tests", folder / "tests", ignore=hidden)
    shutil.copy(REPOSITORY / "pyproject.toml", folder)
    for leaf in leaves:
        shutil.rmtree(folder / "orderledger" / leaf)
        shutil.rmtree(folder / "tests" / leaf, ignore_errors=True)


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_of_the_core(folder)
        command = [sys.executable, "-m", "pytest", "-m", "not leaf and not slow and not long"]
        return subprocess.run(
            [*command, *arguments, "tests/core"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": name},
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
