"""`AsyncLedger`: a ledger for asyncio. Every public method of `Ledger` and of its namespaces is a
coroutine.

Recording waits for its commit without a thread. Queries run in a bounded pool of threads.
`async_ledger.pyi` has the signatures; `docs/generate.py` writes it from those of `Ledger`.
"""

import asyncio
import contextlib
import contextvars
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar

from orderledger.infrastructure.errors import InvalidSetting
from orderledger.infrastructure.messages.outcome import Outcome
from orderledger.infrastructure.threads import contained, to_thread
from orderledger.infrastructure.views.histories import event_filter
from orderledger.ledger import Ledger
from orderledger.renamed import hint_for_method

__all__ = ["AsyncLedger"]

THREADS = 4
ROWS_AT_ONCE = 1_000
NAMESPACES = (
    "views",
    "log",
    "reconciliations",
    "metrics",
    "recording",
    "audit",
    "proof",
    "tables",
)
"""The attributes of `Ledger` that are namespaces. `internals` is for this package alone."""

OWN_THREAD = frozenset({"in_one_state"})
"""Methods that change this thread's queries: use `run` instead."""

Result = TypeVar("Result")


class _Threads:
    """The pool of threads in which queries run."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="orderledger-query")

    async def run(self, call: Callable[[], Result]) -> Result:
        within = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, within.run, lambda: contained(call))

    def close(self) -> None:
        self._pool.shutdown(wait=True)


class AsyncNamespace:
    """The methods of a namespace, such as `ledger.audit`, as coroutines."""

    def __init__(self, of: Any, threads: _Threads) -> None:
        self._of = of
        self._threads = threads

    def __getattr__(self, name: str) -> Any:
        if name[:1] == "_" or name in OWN_THREAD:
            raise AttributeError(f"{type(self._of).__name__!r} has no coroutine {name!r}")
        method = getattr(self._of, name)
        if not callable(method):
            raise AttributeError(f"{type(self._of).__name__!r} has no coroutine {name!r}")
        found = awaited(method, self._threads)
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._of) if name[:1] != "_" and name not in OWN_THREAD]


class AsyncLedger:
    """A ledger whose methods are coroutines: `async with AsyncLedger.open(url) as ledger`.

    `AsyncLedger(ledger)` wraps a ledger that is open already: closing it then closes only its
    threads. `threads`: how many queries run at once; others wait. Generators of `Ledger` are
    asynchronous iterators here. A query that is canceled ends in its thread.
    """

    def __init__(self, ledger: Ledger, *, threads: int = THREADS) -> None:
        self._begin(lambda: ledger, threads)
        self._ledger: Ledger | None = ledger
        self._is_ours = False

    def _begin(self, make: Callable[[], Ledger], threads: int) -> None:
        if threads < 1:
            raise InvalidSetting("threads", f"must be at least 1, not {threads}")
        self._make = make
        self._threads = _Threads(threads)
        self._is_closed = False

    @classmethod
    def open(cls, url: Any = None, *, threads: int = THREADS, **settings: Any) -> Self:
        """Open a store when it is entered or awaited. Takes the arguments of `Ledger.open`."""
        made = cls.__new__(cls)
        made._begin(functools.partial(Ledger.open, url, **settings), threads)
        made._ledger, made._is_ours = None, True
        return made

    @property
    def sync(self) -> Ledger:
        """The `Ledger` that does the work. Its methods block the event loop. Raises RuntimeError
        before it is entered."""
        if self._ledger is None:
            raise RuntimeError(
                "the ledger is not open: use `async with AsyncLedger.open(...) as ledger`"
            )
        return self._ledger

    async def run(self, function: Callable[[Ledger], Result], /) -> Result:
        """Call a function with the ledger in one of the threads, e.g. for several queries in one
        state: see `ledger.views.in_one_state`."""
        return await self._threads.run(functools.partial(function, self.sync))

    async def record_soon(self, message: Any) -> "asyncio.Future[Outcome]":
        """Queue one message. Returns a future that is done when the message is durable."""
        queued = await self.run(lambda ledger: ledger.record_soon(message))
        return asyncio.wrap_future(queued)

    async def record(self, message: Any) -> Outcome:
        """Record one message, and return when it is durable. Concurrent calls share a commit."""
        return await self.sync.arecord(message)

    def events(self, *, follow: bool = False, **asked: Any) -> AsyncIterator[Any]:
        """The events of the log, as `Ledger.events`. With `follow` it waits for new events without
        a thread."""
        if follow:
            return self._followed(**asked)
        return _iterated(lambda: self.sync.events(**asked), self._threads)

    async def _followed(
        self,
        *,
        account: str | None = None,
        after: int = 0,
        limit: int | None = None,
        **asked: Any,
    ) -> AsyncIterator[Any]:
        is_asked_for, count = event_filter(**asked), 0
        async with contextlib.aclosing(self.sync.log.aevents(account=account, after=after)) as rows:
            async for row in rows:
                if is_asked_for(row):
                    yield row
                    count += 1
                    if count == limit:
                        return

    async def close(self) -> None:
        """Commit what is queued, release the store if `open` opened it, and end the threads."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._is_ours and self._ledger is not None:
            await to_thread(self._ledger.close)
        await to_thread(self._threads.close)

    aclose = close

    def __getattr__(self, name: str) -> Any:
        """A method of `Ledger` as a coroutine, or a namespace of such methods."""
        if name[:1] == "_":
            raise AttributeError(f"'AsyncLedger' object has no attribute {name!r}")
        if name in NAMESPACES:
            found: Any = AsyncNamespace(getattr(self.sync, name), self._threads)
        elif name in METHODS:
            found = awaited(getattr(self.sync, name), self._threads)
        else:
            hint = hint_for_method(Ledger, name)
            raise AttributeError(f"'AsyncLedger' object has no attribute {name!r}.{hint}")
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *METHODS, *NAMESPACES})

    def __await__(self) -> Generator[Any, None, Self]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        if self._ledger is None:
            self._ledger = await self._opened()
        return self

    async def _opened(self) -> Ledger:
        """Open the ledger in a thread. If the task is canceled meanwhile, close it again."""
        opening = asyncio.ensure_future(to_thread(self._make))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await to_thread((await opening).close)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def public_methods(of: type) -> tuple[str, ...]:
    """The names of the public methods of `Ledger` or of a namespace that are coroutines here."""
    return tuple(
        name
        for name, member in inspect.getmembers_static(of)
        if name[:1] != "_" and inspect.isfunction(member) and name not in OWN_THREAD
    )


METHODS = frozenset(public_methods(Ledger))


def awaited(method: Callable[..., Any], threads: _Threads) -> Callable[..., Any]:
    """A method as a coroutine function; a generator as an asynchronous iterator."""
    plain = inspect.unwrap(method)  # checks of arguments wrap it
    if inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
        return method
    if gives_rows(method):

        @functools.wraps(method)
        def iterate(*arguments: Any, **named: Any) -> AsyncIterator[Any]:
            return _iterated(lambda: method(*arguments, **named), threads)

        return iterate

    @functools.wraps(method)
    def call(*arguments: Any, **named: Any) -> Coroutine[Any, Any, Any]:
        return threads.run(functools.partial(method, *arguments, **named))

    return call


def gives_rows(method: Callable[..., Any]) -> bool:
    """Whether the declared result is an iterator that is read step by step."""
    declared = str(getattr(method, "__annotations__", {}).get("return", ""))
    return inspect.isgeneratorfunction(inspect.unwrap(method)) or any(
        declared.partition("[")[0].endswith(kind) for kind in ("Generator", "Iterator")
    )


async def _iterated(make: Callable[[], Iterator[Any]], threads: _Threads) -> AsyncIterator[Any]:
    """The items of an iterator that is read in the threads, `ROWS_AT_ONCE` at a time."""
    items = await threads.run(make)
    try:
        while rows := await threads.run(lambda: list(islice(items, ROWS_AT_ONCE))):
            for row in rows:
                yield row
    finally:
        if (close := getattr(items, "close", None)) is not None:
            await threads.run(close)
