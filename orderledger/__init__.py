"""orderledger: an event-sourced ledger of every request, acknowledgement, fill and cancel of an
order.

Importing the package imports none of its modules: each public name is imported at its first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orderledger import interop as interop
    from orderledger.domain.limits import *  # noqa: F403
    from orderledger.domain.values import *  # noqa: F403
    from orderledger.gateway.gateway import *  # noqa: F403
    from orderledger.infrastructure.errors import *  # noqa: F403
    from orderledger.infrastructure.messages.base import *  # noqa: F403
    from orderledger.infrastructure.messages.kinds import *  # noqa: F403
    from orderledger.infrastructure.messages.outcome import *  # noqa: F403
    from orderledger.infrastructure.messages.parsing import *  # noqa: F403
    from orderledger.ledger import *  # noqa: F403
    from orderledger.projections.rows import *  # noqa: F403
    from orderledger.venues.base.order_entry import *  # noqa: F403

__version__ = "0.1.0"

HOMES = (
    "orderledger.domain.values",
    "orderledger.infrastructure.errors",
    "orderledger.ledger",
    "orderledger.projections.rows",
    "orderledger.infrastructure.messages.base",
    "orderledger.infrastructure.messages.kinds",
    "orderledger.infrastructure.messages.outcome",
    "orderledger.infrastructure.messages.parsing",
    "orderledger.domain.limits",
    "orderledger.venues.base.order_entry",
    "orderledger.gateway.gateway",
)
"""The modules of the public names, which their `__all__` lists. They are imported in this order
until the name is found: those that import least stand first, so that `Ledger` needs no gateway,
which takes as long again."""

MODULES = ("interop",)
"""Public modules, under their own names."""


def __getattr__(name: str) -> Any:
    if name.startswith("_") and name != "__all__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "__all__":
        return [*(public for home in HOMES for public in import_module(home).__all__), *MODULES]
    if name in MODULES:
        return import_module(f"{__name__}.{name}")
    for home in HOMES:
        module = import_module(home)
        if name in module.__all__:
            globals()[name] = getattr(module, name)
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names, for tab completion."""
    return sorted([*__getattr__("__all__"), *(name for name in globals() if name.startswith("__"))])
