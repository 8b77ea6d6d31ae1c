"""Copies of the package with one fault each. A campaign that does not find them proves nothing."""

import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.crash.campaign import scratch
from tests.mutants.__main__ import PACKAGE, REPOSITORY, Fault, place_of


@dataclass(frozen=True, slots=True)
class PlantedFault(Fault):
    """`work`: the name of the work that has to show it. The others: which calls have to fail."""

    work: str = ""
    kinds: str = ""
    word: str = ""
    calls: tuple[int, ...] = (1, 1)
    errors: tuple[str, ...] = ()
    lasts: bool = False


def planted_faults(path: Path) -> list[PlantedFault]:
    rows = tomllib.loads(path.read_text())["fault"]
    return [PlantedFault(tests=(), **row) for row in rows]


@contextmanager
def package_with(fault: PlantedFault) -> Iterator[Path]:
    """A folder with the package, and the fault in it."""
    with scratch() as folder:
        shutil.copytree(
            REPOSITORY / PACKAGE,
            folder / PACKAGE,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        place = place_of(fault, folder)
        place.write_text(place.read_text().replace(fault.text, fault.planted))
        yield folder
