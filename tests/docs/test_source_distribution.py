"""The source distribution has all that the documentation speaks of, and its tests run in it."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.docs.reading import REPOSITORY

FOLDERS = ("orderledger", "tests", "docs", "examples", "benchmarks", ".ci", "deploy")
FILES = {
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "mkdocs.yml",
    "pyproject.toml",
    "requirements.lock",
}


def built(source: Path, target: str, folder: Path) -> Path:
    """What hatchling makes of a folder, without a package index."""
    command = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        target,
        "--directory",
        str(folder),
    ]
    subprocess.run(command, cwd=source, check=True, capture_output=True, text=True)
    (made,) = folder.iterdir()
    return made


def files_of(folder: Path, *names: str) -> set[str]:
    found = (
        path
        for name in names
        for path in (folder / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )
    return {str(path.relative_to(folder)) for path in found}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(built(REPOSITORY, "sdist", tmp_path_factory.mktemp("sdist"))) as archive:
        archive.extractall(folder)
    (root,) = folder.iterdir()
    return root


@pytest.mark.slow
def test_it_has_every_file_of_the_repository(unpacked: Path) -> None:
    assert files_of(REPOSITORY, *FOLDERS) - files_of(unpacked, *FOLDERS) == set()
    assert FILES - {path.name for path in unpacked.iterdir()} == set()


@pytest.mark.slow
def test_the_wheel_that_is_made_of_it_has_the_whole_package(unpacked: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(built(unpacked, "wheel", tmp_path)) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == files_of(REPOSITORY, "orderledger")


@pytest.mark.slow
def test_the_tests_that_read_files_of_its_root_pass_in_it(unpacked: Path) -> None:
    chosen = [
        "tests/docs/test_docs.py",
        "tests/core/test_golden.py",
        "tests/venues/test_venues_are_known.py",
        "tests/core/unit/test_settings.py",
    ]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "not followed and not query_runs and not type_errors",
    ]
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    done = subprocess.run(
        [*command, *chosen], cwd=unpacked, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
