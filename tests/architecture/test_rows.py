"""A row has the type of its row class inside the code: a misspelt column is a type error."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import orderledger
from orderledger.projections.tables import BY_NAME
from orderledger.projections.view import AnyTable, columns_of

PACKAGE = Path(orderledger.__file__).parent
ROW_MODULES = ("orderledger.projections.view", "orderledger.extend.views")
ROW_NAMES = frozenset({"row", "rows", "entry", "entries", "trade", "trades", "order", "orders"})

MOST = {
    ".": 2,
    "analytics": 1,
    "demo": 30,
    "infrastructure": 2,
    "projections": 1,
    "serve": 47,
    "simulation": 8,
    "venues": 355,
}
"""How many rows of a folder are not checked yet. A number may only fall."""


def unchecked(path: Path) -> Iterator[str]:
    """The places where a file takes or returns rows of no class: it uses `Row`, or calls something
    a row that is `Any`."""
    tree = ast.parse(path.read_text())
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in ROW_MODULES
        for alias in node.names
        if alias.name == "Row"
    }
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in names:
                yield f"{path}:{node.lineno}"
            case ast.arg(arg=name) if name in ROW_NAMES and _is_any(node.annotation):
                yield f"{path}:{node.lineno}"
            case ast.AnnAssign(target=ast.Name(id=name)) if name in ROW_NAMES:
                if _is_any(node.annotation):
                    yield f"{path}:{node.lineno}"


def _is_any(annotation: ast.expr | None) -> bool:
    return annotation is not None and ast.unparse(annotation) in (
        "Any",
        "list[Any]",
        "Sequence[Any]",
        "Iterable[Any]",
        "Iterator[Any]",
        "RowList[Any]",
    )


def folder_of(path: Path) -> str:
    return next(iter(path.relative_to(PACKAGE).parts[:-1]), ".")


def test_unchecked_rows_become_fewer() -> None:
    found = Counter(
        folder_of(path) for path in sorted(PACKAGE.rglob("*.py")) for _ in unchecked(path)
    )
    assert {folder: count for folder, count in found.items() if count > MOST.get(folder, 0)} == {}


@pytest.mark.parametrize("table", BY_NAME.values(), ids=lambda table: str(table.name))
def test_the_columns_of_a_table_are_those_of_its_row_class(table: AnyTable) -> None:
    assert table.columns == columns_of(table.row)
