"""The public names of a package, each imported at its first use: importing the package imports none
of its modules."""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
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
        if name not in home_of and name[:1] != "_":
            add_rest()
        return name in home_of

    def imported(name: str) -> Any:
        if name == "__all__":
            add_rest()
            return list(home_of)
        if not is_public(name):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
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
