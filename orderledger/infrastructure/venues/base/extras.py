"""Packages that only some users need: an extra of this package installs them."""

from importlib import import_module
from typing import Any

from orderledger.infrastructure.errors import InvalidSetting


def of_extra(module: str, extra: str) -> Any:
    """Import a module of an extra. Raises InvalidSetting, naming the extra, if it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        fault = f"sending orders needs {module.partition('.')[0]}: pip install 'orderledger[{extra}]' ({error})"
        raise InvalidSetting("venue", fault) from None
