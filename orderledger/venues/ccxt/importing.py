"""ccxt with each of its exchanges imported at its first use.

The packages `ccxt`, `ccxt.async_support` and `ccxt.pro` import every exchange in their `__init__`:
some seconds of CPU and 120 MB. Here these packages are made from the same files without running
them. An import or a constant of an `__init__` takes effect when its name is first used. A name that
is not found in this way runs the whole `__init__`, so that all of ccxt is there. If the program has
imported ccxt before, nothing is changed.
"""

import ast
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

PACKAGES = ("ccxt", "ccxt.async_support", "ccxt.pro")
_LOCK = threading.RLock()


class LazyPackage(ModuleType):
    """A package whose `__init__` takes effect name by name."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        assert spec.origin is not None
        with open(spec.origin, encoding="utf-8") as file:
            text = file.read()
        own = {
            "__spec__": spec,
            "__loader__": spec.loader,
            "__file__": spec.origin,
            "__path__": spec.submodule_search_locations,
            "__package__": spec.name,
            "_homes": dict(_imports(text)),
            "_constants": dict(_constants(text)),
        }
        vars(self).update(own)

    def __setattr__(self, name: str, value: Any) -> None:
        """The import of a module sets it as attribute of its package. A class of the same name,
        which the `__init__` would put there, takes precedence."""
        is_own_module = (
            isinstance(value, ModuleType) and value.__name__ == f"{self.__name__}.{name}"
        )
        if not (is_own_module and name in vars(self)["_homes"]):
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        homes, constants = vars(self)["_homes"], vars(self)["_constants"]
        if name in homes:
            module, original = homes[name]
            value = _attribute(module, original)
        elif name in constants:
            value = ast.literal_eval(constants[name])
        elif name[:2] == "__" and name != "__all__":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        else:
            self._run()
            if name not in vars(self):
                raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
            value = vars(self)[name]
        vars(self)[name] = value
        return value

    def _run(self) -> None:
        """Run the whole `__init__`, once."""
        with _LOCK:
            own = vars(self)
            if own.get("_has_run"):
                return
            own["_has_run"] = True
            own["_homes"], own["_constants"] = {}, {}
            own["__loader__"].exec_module(self)

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *vars(self)["_homes"], *vars(self)["_constants"]})


def _imports(text: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each name that an `__init__` imports from a module, with the module and its name there."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
            for alias in node.names:
                yield alias.asname or alias.name, (node.module, alias.name)


def _constants(text: str) -> Iterator[tuple[str, ast.expr]]:
    """Each name that an `__init__` sets to a constant."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                ast.literal_eval(node.value)
            except ValueError:
                continue
            yield node.targets[0].id, node.value


def _attribute(module: str, name: str) -> Any:
    home = import_module(module)
    if hasattr(home, name):
        return getattr(home, name)
    return import_module(f"{module}.{name}")


def _prepare() -> None:
    if "ccxt" in sys.modules:
        return
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        package = sys.modules[name] = LazyPackage(spec)
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], own, package)


_prepare()
ccxt: Any = import_module("ccxt")
for _name in PACKAGES[1:]:
    import_module(_name)
