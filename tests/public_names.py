"""The public packages, and what a program imports from elsewhere."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import orderledger

PACKAGE = Path(orderledger.__file__).parent
LEAVES = ("analytics", "audit", "gateway", "serve", "simulation", "testing", "venues")
WITH_NAMES = ("orderledger", *(f"orderledger.{leaf}" for leaf in LEAVES))
"""The packages with a list of public names, each imported at its first use."""
PUBLIC = {*WITH_NAMES, "orderledger.rows"}


def names_of(module: str) -> list[str]:
    """The public names of a package, as it declares them."""
    return list(import_module(module).__all__)


def private_imports(program: str) -> list[str]:
    """What a program imports of this package that is not public, as `module.name`."""
    return [name for module, name in _imports(ast.parse(program)) if not _is_public(module, name)]


def _is_public(module: str, name: str) -> bool:
    if module.partition(".")[0] != "orderledger" or module.startswith("orderledger.extend"):
        return True
    if module in WITH_NAMES:
        return name.rpartition(".")[2] in names_of(module) or name in PUBLIC
    return module in PUBLIC


def _imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", f"{node.module}.{one.name}") for one in node.names)
        elif isinstance(node, ast.Import):
            yield from ((one.name, one.name) for one in node.names if one.name not in PUBLIC)
