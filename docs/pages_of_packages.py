"""packages.md, from the public names of the packages beside the core."""

# ruff: noqa: E501  (a cell of a Markdown table is one line)

import inspect
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import meanings
from markdown import table
from pages_of_code import functions

LEAVES = ("gateway", "venues", "audit", "analytics", "serve", "simulation", "testing")

INTRODUCTION = """# Packages

Public names are imported from `orderledger` ([python.md](python.md)), from `orderledger.rows` ([its classes](python.md#types)), and from the packages
of this page. Importing one of these imports none of its modules; each name is imported at its first use. A package of your own that extends the ledger, such
as a venue adapter, may also import [`orderledger.extend`](#orderledgerextend). All other modules are private: they change without notice.
"""

EXTEND = """## orderledger.extend

What leaves of the package and adapters of yours import of the core, besides the names above. These names may change with a minor version.
"""

MODULES = """Some of these names are modules, whose own names may be used too:
"""


def packages() -> str:
    parts = [INTRODUCTION]
    for leaf in LEAVES:
        package = import_module(f"orderledger.{leaf}")
        names = [name for names in package.HOMES.values() for name in names]
        parts += [
            f"## orderledger.{leaf}\n",
            inspect.cleandoc(package.__doc__ or "") + "\n",
            table(("name", "meaning"), [row for name in names for row in _rows(package, name)]),
            *(part for home in package.HOMES for part in _functions(package, home)),
        ]
    modules = table(("module", "contents"), _modules_of_extend())
    return "\n".join([*parts, EXTEND, table(("module", "names"), _extend()), MODULES, modules])


def _rows(package: ModuleType, name: str) -> Iterator[tuple[str, str]]:
    """The row of a name; of a module, also the rows of its own names."""
    yield f"`{name}`", _meaning(package, name)
    value: Any = getattr(package, name)
    if isinstance(value, ModuleType):
        for inner in getattr(value, "__all__", None) or _functions_of(value):
            if inspect.getdoc(getattr(value, inner)):
                yield f"`{name}.{inner}`", _meaning(value, inner)


def _functions_of(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and name[0] != "_"
    ]


def _meaning(package: ModuleType, name: str) -> str:
    """The first paragraph of its docstring, or its meaning where it has none."""
    value: Any = getattr(package, name)
    if name in meanings.PUBLIC_NAMES:
        return meanings.PUBLIC_NAMES[name]
    text = inspect.cleandoc(value.__doc__ or "")
    if not text or text.startswith(f"{name}("):
        raise KeyError(f"{package.__name__}.{name} has no docstring, and no meaning")
    return " ".join(text.partition("\n\n")[0].split())


def _functions(package: ModuleType, home: str) -> Iterator[str]:
    names = [name for name in package.HOMES[home] if inspect.isfunction(getattr(package, name))]
    yield from functions(import_module(home), names)


EXTEND_MODULES = ("events", "messages", "runtime", "store", "values", "views")


def _modules_of_extend() -> Iterator[tuple[str, str]]:
    for name in EXTEND_MODULES:
        module = import_module(f"orderledger.extend.{name}")
        for one in module.__all__:
            if isinstance(getattr(module, one), ModuleType):
                yield f"`{name}.{one}`", _meaning(module, one)


def _extend() -> Iterator[tuple[str, str]]:
    for name in EXTEND_MODULES:
        module = import_module(f"orderledger.extend.{name}")
        yield f"`orderledger.extend.{name}`", ", ".join(f"`{one}`" for one in module.__all__)
