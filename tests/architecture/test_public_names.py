"""The names that the package and its leaves offer, to whoever looks for them."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import orderledger
from tests.public_names import LEAVES, WITH_NAMES, names_of, private_imports

every_package = pytest.mark.parametrize("package", WITH_NAMES)


def printed(program: str) -> list[str]:
    """The words that a program prints, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.slow
def test_the_public_names_are_listed_before_any_of_them_was_asked_for() -> None:
    ask = "print(*(name for name in dir(orderledger) if not name.startswith('__')))"
    assert printed(f"import orderledger; {ask}") == sorted(names_of("orderledger"))


def test_a_ledger_is_had_without_the_gateway() -> None:
    ask = "print(*(name for name in sys.modules if 'gateway' in name))"
    assert printed(f"import sys; from orderledger import Ledger; {ask}") == []


def test_importing_a_leaf_imports_none_of_its_modules() -> None:
    packages = [f"orderledger.{leaf}" for leaf in LEAVES]
    ask = "print(*(name for name in sys.modules if name.startswith('orderledger')))"
    loaded = printed(f"import sys, {', '.join(packages)}; {ask}")
    assert sorted(loaded) == sorted(["orderledger", "orderledger.lazy", *packages])


def test_the_package_has_fewer_than_a_hundred_public_names() -> None:
    assert len(names_of("orderledger")) < 100


@every_package
def test_every_name_that_is_listed_is_there(package: str) -> None:
    module = import_module(package)
    assert [name for name in names_of(package) if not hasattr(module, name)] == []
    assert set(names_of(package)) <= set(dir(module))
    assert {name for names in module.HOMES.values() for name in names} <= set(module.__all__)


@every_package
def test_a_name_that_is_not_there_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'Nothing'"):
        getattr(import_module(package), "Nothing")  # noqa: B009  (mypy knows that it is not there)


def test_every_public_name_is_declared_by_its_module() -> None:
    declared = {home: sorted(import_module(home).__all__) for home in orderledger.HOMES}
    assert declared == {home: sorted(names) for home, names in orderledger.HOMES.items()}


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_checker_sees_the_names_of_a_leaf_where_they_are_imported_from(leaf: str) -> None:
    module = import_module(f"orderledger.{leaf}")
    (checked,) = [
        node
        for node in ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    seen = {}
    for node in checked.body:
        assert isinstance(node, ast.ImportFrom)
        assert [one.name for one in node.names] == [one.asname for one in node.names]
        seen.update({one.name: node.module for one in node.names})
    assert seen == {
        name: home.removesuffix(f".{name}")
        for home, names in module.HOMES.items()
        for name in names
    }


@pytest.mark.parametrize(
    "program",
    [
        "from orderledger.infrastructure.clock import SystemClock",
        "from orderledger.venues.base.venue import Messages",
        "from orderledger.venues import base",
        "from orderledger import ledger",
        "import orderledger.infrastructure.errors",
    ],
)
def test_a_private_import_is_found(program: str) -> None:
    assert len(private_imports(program)) == 1


def test_public_imports_are_not_private() -> None:
    program = """
import orderledger
import orderledger.venues
from orderledger import Ledger, venues
from orderledger.extend.values import SystemClock
from orderledger.rows import OrderRow
from orderledger.venues import OrderEntry, fields
"""
    assert private_imports(program) == []
