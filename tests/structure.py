"""Counts the rooms of the package and the imports between them: `python -m tests.structure`.

A room is a package directly in `orderledger`. An arrow is an ordered pair of rooms of which one
imports the other, lazy and type-only imports included; the core counts as one room. A floor is one
step of the longest path of arrows down to the core.
"""

import ast
from collections import Counter
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import grimp

import orderledger

PACKAGE = Path(orderledger.__file__).parent
CORE = "core"
BELOW = ("domain", "projections", "infrastructure", "extend", "rows", "lazy", "renamed")
ABOVE = ("__init__", "async_ledger", "cli", "ledger")
"""The parts of the core that hand on or start what leaves offer."""

Arrow = tuple[str, str]


@cache
def imports() -> Counter[Arrow]:
    """How many modules import others, by the two parts of the package that they are in."""
    graph = grimp.build_graph("orderledger", cache_dir=None)
    return Counter(
        (_part(module), _part(other))
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
    )


def rooms() -> list[str]:
    """The packages directly in `orderledger`."""
    return sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def arrows() -> list[Arrow]:
    """The arrows between the core and the leaves, and between leaves."""
    found = {(_side(one), _side(other)) for one, other in imports()}
    return sorted((one, other) for one, other in found if one != other)


def leaves_known_below() -> list[Arrow]:
    """Imports of a leaf by a part of the core below the face."""
    return sorted(arrow for arrow in imports() if arrow[0] in BELOW and _side(arrow[1]) != CORE)


def extension() -> dict[str, list[str]]:
    """The names that each module of `orderledger.extend` hands to leaves."""
    modules = sorted(path.stem for path in PACKAGE.glob("extend/[a-z]*.py"))
    return {name: import_module(f"orderledger.extend.{name}").__all__ for name in modules}


def names_used_by_leaves() -> set[str]:
    """The names that modules of leaves import from `orderledger.extend`, as `module.name`."""
    return {
        f"{node.module.removeprefix('orderledger.extend.')}.{alias.name}"
        for tree in _leaf_modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module
        and node.module.startswith("orderledger.extend.")
        for alias in node.names
    }


def shares_of_modules() -> dict[str, tuple[int, int]]:
    """Of each module that `orderledger.extend` hands on as one name: how many of its names leaves
    use, and how many it has."""
    used = Counter(
        (node.value.id, node.attr)
        for tree in _leaf_modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    )
    return {
        name: (sum((name, one) in used for one in offered), len(offered))
        for module, names in extension().items()
        for name in names
        if isinstance(
            value := getattr(import_module(f"orderledger.extend.{module}"), name), ModuleType
        )
        for offered in [_names_in(value)]
    }


@cache
def _leaf_modules() -> list[ast.Module]:
    return [
        ast.parse(path.read_text())
        for path in PACKAGE.glob("*/**/*.py")
        if path.relative_to(PACKAGE).parts[0] not in (*BELOW, *ABOVE)
    ]


def _names_in(module: ModuleType) -> list[str]:
    """The names that a module declares, without private ones and type variables."""
    declared = getattr(module, "__all__", None) or [
        name
        for node in ast.parse(Path(str(module.__file__)).read_text()).body
        for name in _declared(node)
    ]
    return [
        name
        for name in declared
        if name[0] != "_" and not isinstance(getattr(module, name), TypeVar)
    ]


def _declared(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
    return [target.id for target in targets if isinstance(target, ast.Name)]


def floors() -> int:
    """The number of rooms on the longest path of arrows that begins at a leaf."""
    return max(map(floor, {one for one, _ in arrows()}))


@cache
def floor(side: str) -> int:
    """The floor of a leaf: one step of arrows above the highest that it imports."""
    below = [] if side == CORE else [other for one, other in arrows() if one == side]
    return 1 + max(map(floor, below), default=0)


def circles() -> list[list[str]]:
    """Modules that import each other, directly or through others, lazy and type-only imports
    included: a list for each circle, the shortest first.

    The face is exempt: `orderledger` and the namespaces of `Ledger` hand on what leaves declare.
    """
    graph = grimp.build_graph("orderledger", cache_dir=None)
    for face in ("orderledger", "orderledger.ledger"):
        for module in graph.find_modules_directly_imported_by(face):
            if face == "orderledger" or _side(_part(module)) != CORE:
                graph.remove_import(importer=face, imported=module)
    below = {
        module: graph.find_downstream_modules(module) & graph.find_upstream_modules(module)
        for module in graph.modules
    }
    found = {frozenset({module, *others}) for module, others in below.items() if others}
    return sorted((sorted(circle) for circle in found), key=lambda circle: (len(circle), circle))


def _part(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def _side(part: str) -> str:
    return CORE if part in (*BELOW, *ABOVE) else part


def main() -> None:
    print(f"{len(rooms())} rooms: {', '.join(rooms())}")
    print(f"{floors()} floors")
    names = extension()
    print(f"{len(names)} modules of extend, {sum(map(len, names.values()))} names")
    shares = shares_of_modules()
    used = sum(used for used, _ in shares.values())
    print(f"{len(shares)} of these names are modules, of which leaves use {used} names")
    print(f"{len(arrows())} arrows: {', '.join(' -> '.join(arrow) for arrow in arrows())}")
    print(f"{len(circles())} circles")
    for circle in circles():
        print(f"  {len(circle)} modules: {', '.join(circle)}")


if __name__ == "__main__":
    main()
