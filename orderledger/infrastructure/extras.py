"""Packages that only some uses need, installed as extras of this package."""

from importlib import import_module
from typing import Any

from orderledger.infrastructure.errors import InvalidSetting


def needed(module: str, extra: str | None = None) -> Any:
    """The module. Raises InvalidSetting if it is not installed: it names the extra, or the package
    if no extra has it."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        install = package if extra is None else f"'orderledger[{extra}]'"
        raise InvalidSetting(
            extra or package, f"{package} is not installed: pip install {install} ({error})"
        ) from error
