"""`AsyncLedger`: what it adds to the methods of `Ledger`, which the other tests ask of both."""

import ast
import asyncio
import inspect
import threading
from pathlib import Path

import pytest

import orderledger.async_ledger
from orderledger import AsyncLedger, Fill, InvalidSetting, Ledger, Request
from orderledger.async_ledger import METHODS, NAMESPACES, OWN_THREAD, public_methods

URL = "memory://"
ORDER = Request(
    account="sim:main",
    client_order_id="C-1",
    instrument="BTC-USD",
    side="buy",
    quantity="1",
    order_type="limit",
    limit_price="64000",
)


def test_a_ledger_is_opened_when_it_is_entered_or_awaited() -> None:
    async def use() -> list[str]:
        unopened = AsyncLedger.open(URL)
        with pytest.raises(RuntimeError, match="is not open: use `async with"):
            await unopened.orders()
        async with unopened as ledger:
            await ledger.record(ORDER)
            found = [row["status"] for row in await ledger.orders()]
        other = await AsyncLedger.open(URL)
        found += [row["status"] for row in await other.orders()]
        await other.close()
        await other.close()
        return found

    assert asyncio.run(use()) == ["pending_new"]


def test_a_ledger_that_was_open_stays_open() -> None:
    async def use(ledger: Ledger) -> None:
        async with AsyncLedger(ledger) as around:
            await around.record(ORDER)

    with Ledger.open(URL) as ledger:
        asyncio.run(use(ledger))
        assert ledger.order("C-1")["status"] == "pending_new"


def test_a_ledger_that_is_opened_in_vain_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    close = Ledger.close

    def noted(self: Ledger) -> None:
        closed.append("closed")
        close(self)

    async def use() -> None:
        opening = asyncio.create_task(_entered(AsyncLedger.open(tmp_path / "orders.db")))
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    monkeypatch.setattr(Ledger, "close", noted)
    asyncio.run(use())
    assert closed == ["closed"]


async def _entered(ledger: AsyncLedger) -> AsyncLedger:
    async with ledger:
        return ledger


def test_queued_messages_are_recorded_in_their_order() -> None:
    async def use() -> list[str]:
        async with AsyncLedger.open(URL) as ledger:
            first = await ledger.record_soon(ORDER)
            second = await ledger.record_soon(
                Fill(
                    account="sim:main",
                    client_order_id="C-1",
                    fill_id="F-1",
                    quantity="1",
                    price="64000",
                )
            )
            return [(await one).outcome for one in (first, second)]

    assert asyncio.run(use()) == ["recorded", "recorded"]


def test_events_are_followed_without_a_thread() -> None:
    async def use() -> list[str]:
        async with AsyncLedger.open(URL, threads=1) as ledger:
            found: list[str] = []

            async def follow() -> None:
                async for row in ledger.events(follow=True, account="sim:main", limit=2):
                    found.append(row["name"])

            following = asyncio.create_task(follow())
            await ledger.record(ORDER)
            await ledger.orders()  # the one thread is free
            await ledger.record(ORDER.model_copy(update={"client_order_id": "C-2"}))
            await asyncio.wait_for(following, 10)
            return found

    assert asyncio.run(use()) == ["order_requested.v1"] * 2


def test_queries_run_in_so_many_threads_at_once() -> None:
    async def use() -> int:
        async with AsyncLedger.open(URL, threads=2) as ledger:
            names: set[int] = set()
            both = threading.Barrier(2)

            def note(_: Ledger) -> None:
                both.wait(10)
                names.add(threading.get_ident())

            await asyncio.gather(*(ledger.run(note) for _ in range(6)))
            return len(names)

    assert asyncio.run(use()) == 2
    with pytest.raises(InvalidSetting, match="threads: must be at least 1"):
        AsyncLedger.open(URL, threads=0)


def test_a_name_that_a_ledger_has_not_brings_the_one_that_was_meant() -> None:
    async def use() -> None:
        async with AsyncLedger.open(URL) as ledger:
            with pytest.raises(AttributeError, match="Did you mean 'open_orders'"):
                getattr(ledger, "open_order")  # noqa: B009
            with pytest.raises(AttributeError, match="no coroutine 'in_one_state'"):
                getattr(ledger.views, "in_one_state")  # noqa: B009

    asyncio.run(use())


@pytest.mark.leaf
def test_every_public_method_of_a_ledger_and_its_namespaces_is_there_with_its_type() -> None:
    stub = Path(inspect.getfile(orderledger.async_ledger)).with_suffix(".pyi").read_text()
    declared = {
        node.name: {
            one.name for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        for node in ast.parse(stub).body
        if isinstance(node, ast.ClassDef)
    }
    assert {*METHODS, *NAMESPACES} <= declared["AsyncLedger"]
    with Ledger.open(URL) as ledger:
        for name in NAMESPACES:
            kind = type(getattr(ledger, name))
            assert declared[f"Async{kind.__name__}"] == {*public_methods(kind)}, name
            assert not OWN_THREAD & declared[f"Async{kind.__name__}"]
        spaces = {
            name
            for name, member in inspect.getmembers_static(Ledger)
            if name[:1] != "_"
            and not inspect.isfunction(member)
            and not isinstance(member, classmethod)
        }
    assert spaces == {*NAMESPACES, "internals"}
