"""The names that the package offers, to whoever looks for them."""

import subprocess
import sys
from importlib import import_module

import pytest

import orderledger


@pytest.mark.slow
def test_the_public_names_are_listed_before_any_of_them_was_asked_for() -> None:
    ask = (
        "import orderledger; print(*(name for name in dir(orderledger) if not "
        "name.startswith('__')))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=True
    ).stdout.split()
    assert printed == sorted(orderledger.__all__)


def test_a_ledger_is_had_without_the_gateway() -> None:
    ask = (
        "import sys; from orderledger import Ledger; print(*(name for name in sys.modules if "
        "'gateway' in name))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", ask], capture_output=True, text=True, check=True
        ).stdout
        == "\n"
    )


def test_every_name_that_is_listed_is_there() -> None:
    assert [name for name in dir(orderledger) if not hasattr(orderledger, name)] == []


def test_every_public_name_is_declared_by_its_module() -> None:
    declared = {home: sorted(import_module(home).__all__) for home in orderledger.HOMES}
    assert declared == {home: sorted(names) for home, names in orderledger.HOMES.items()}
