"""Every exception of the package keeps its type, text and attributes when it is pickled: a process
of a pool hangs or lies otherwise."""

import inspect
import multiprocessing
import pickle
from datetime import UTC, datetime
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, get_type_hints

import pytest

import orderledger
from orderledger import InvalidMessage, parse_line
from orderledger.infrastructure.errors import LedgerError

SAMPLES: dict[Any, Any] = {
    str: "a text",
    int: 7,
    str | None: "a text",
    int | None: 7,
    list[str]: ["one", "two"],
    datetime: datetime(2026, 11, 20, tzinfo=UTC),
    Any: ("anything", 7),
}
"""A value for each type of a constructor's argument."""


def exceptions() -> list[type[BaseException]]:
    found: dict[type[BaseException], None] = {}
    for module in walk_packages(orderledger.__path__, "orderledger."):
        if not module.name.endswith("__main__"):
            try:
                members = vars(import_module(module.name))
            except ImportError:  # of an extra that is not installed
                continue
            for one in members.values():
                is_exception = isinstance(one, type) and issubclass(one, BaseException)
                if is_exception and one.__module__ == module.name:
                    found[one] = None
    return list(found)


def sample(kind: type[BaseException]) -> BaseException:
    constructor: Any = kind.__init__
    if not getattr(constructor, "__module__", "").startswith("orderledger."):
        return kind("a text")
    hints, positional, named = get_type_hints(constructor), [], {}
    for one in list(inspect.signature(constructor).parameters.values())[1:]:
        value = "no_token" if one.name == "kind" else SAMPLES[hints[one.name]]
        if one.kind in (one.KEYWORD_ONLY, one.VAR_KEYWORD):
            named[one.name] = value
        else:
            positional.append(value)
    return kind(*positional, **named)


@pytest.mark.parametrize("kind", exceptions(), ids=lambda kind: kind.__qualname__)
def test_an_exception_survives_pickling(kind: type[BaseException]) -> None:
    error = sample(kind)
    error.add_note("seen in a worker")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (str(copy), copy.args, vars(copy)) == (str(error), error.args, vars(error))


def test_the_exceptions_of_the_package_are_found() -> None:
    assert {InvalidMessage, LedgerError} < set(exceptions())


def test_an_error_of_a_pool_reaches_the_caller() -> None:
    with (
        multiprocessing.get_context("spawn").Pool(1) as pool,
        pytest.raises(InvalidMessage) as caught,
    ):
        pool.apply_async(parse_line, ('{"type":"fill"}',)).get(timeout=60)
    assert (caught.value.field, caught.value.fault) == ("account", "is missing")
