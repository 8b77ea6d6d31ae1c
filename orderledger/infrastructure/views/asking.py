"""Questions asked of a ledger."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from inspect import isgeneratorfunction
from typing import Any

from orderledger.infrastructure.views.queries import Queries
from orderledger.infrastructure.views.reading import Namespace


def bound_to(question: Callable[..., Any], ledger: Queries) -> Callable[..., Any]:
    """A question as a function of its own arguments.

    It is a method of the ledger, a method of a namespace, or a function that takes the ledger. A
    generator becomes a list: its arguments are checked when the first row is read.
    """
    bound = _bound(question, ledger)
    if isgeneratorfunction(question):
        return lambda *names, **asked: list(bound(*names, **asked))
    return bound


def _bound(question: Callable[..., Any], ledger: Queries) -> Callable[..., Any]:
    owner = getattr(import_module(question.__module__), question.__qualname__.split(".")[0])
    if isinstance(owner, type) and issubclass(owner, Namespace):
        return partial(question, owner(ledger))
    is_method = getattr(type(ledger), question.__name__, None) is question
    method: Callable[..., Any] = getattr(ledger, question.__name__, question)
    return method if is_method else partial(question, ledger)
