"""Runs blocking calls in threads for asyncio.

A future of asyncio cannot hold a StopIteration: the task that awaits the call would wait for ever
(CPython issue 112182, open in every 3.11). Here it becomes a RuntimeError, which the task gets.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


async def to_thread(
    call: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs
) -> Result:
    """`asyncio.to_thread`. Raises RuntimeError for a StopIteration of the call."""
    import asyncio  # whoever needs no network does not pay for it

    return await asyncio.to_thread(contained, call, *args, **kwargs)


def contained(
    call: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs
) -> Result:
    """The result of a call that runs in a thread. Raises RuntimeError for its StopIteration."""
    try:
        return call(*args, **kwargs)
    except StopIteration as error:
        raise RuntimeError("the call raised StopIteration") from error
