"""Packages that only some uses need, installed as extras of this package."""

from importlib import import_module
from typing import Any

from orderledger.infrastructure.errors import InvalidSetting


def needed(module: str, extra: str) -> Any:
    """The module. Raises InvalidSetting, which names the extra, if it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InvalidSetting(extra, f"{package} is not installed: pip install 'orderledger[{extra}]' ({error})") from error
