"""The public names of a package, each imported at its first use: importing the package imports none
of its modules."""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import _bootstrap as bootstrap
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def lazy(
    package: str, homes: Mapping[str, Sequence[str]], *, rest: str | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions `__getattr__` and `__dir__` of a package, from its names by the module that
    declares them. A name may be that module's own: then it is the module. `rest`: a module of
    which every name in its `__all__` is public too."""
    home_of = {name: module for module, names in homes.items() for name in names}

    @cache
    def add_rest() -> None:
        if rest is not None:
            home_of.update(dict.fromkeys(import_module(rest).__all__, rest))

    def is_public(name: str) -> bool:
        if name not in home_of:
            add_rest()
        return name in home_of

    def imported(name: str) -> Any:
        if name == "__all__":
            add_rest()
            return list(home_of)
        if name not in home_of and (name[:1] == "_" or find_spec(f"{package}.{name}")):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")  # a module of it
        if not is_public(name):
            raise _missing(package, name, is_import=sys._getframe(1).f_globals is vars(bootstrap))
        home = import_module(home_of[name])
        value = home if home.__name__.endswith(f".{name}") else getattr(home, name)
        setattr(sys.modules[package], name, value)
        return value

    def listed() -> list[str]:
        """The public names, for tab completion."""
        add_rest()
        return sorted(
            [*home_of, *(name for name in vars(sys.modules[package]) if name[:2] == "__")]
        )

    return imported, listed


def _missing(package: str, name: str, *, is_import: bool) -> Exception:
    """The error for a name that is not public, with where it is now, or which one was meant.

    Of `from package import name` Python shows its own text instead of that of an AttributeError,
    but not instead of that of an ImportError.
    """
    hint: str = import_module("orderledger.renamed").hint_for_name(package, name)
    if is_import and hint:
        return ImportError(f"cannot import name {name!r} from {package!r}.{hint}", name=package)
    return AttributeError(f"module {package!r} has no attribute {name!r}{hint and '.'}{hint}")
