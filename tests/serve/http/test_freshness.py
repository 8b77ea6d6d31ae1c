"""The mark of a store's state: another one after each commit, and one query for many callers."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from orderledger import Ledger
from orderledger.serve.freshness import Freshness
from tests.core.contract.streams import lives, opened, parsed


def test_the_mark_of_a_file_is_there_without_waiting_and_changes_with_each_commit(
    ledger: Ledger,
) -> None:
    with ThreadPoolExecutor(1) as threads:
        freshness = Freshness(ledger, threads)
        first = freshness.mark_now()
        assert first is not None
        assert freshness.mark_now() == first
        ledger.record_many(parsed(*lives(1)))
        assert freshness.mark_now() != first


def test_a_caller_that_comes_during_a_query_gets_the_mark_of_a_later_one() -> None:
    async def run(ledger: Ledger, threads: ThreadPoolExecutor) -> None:
        freshness = Freshness(ledger, threads)
        assert freshness.mark_now() is None, "only a file is marked at once"
        release = asyncio.get_running_loop().create_future()
        blocked = asyncio.Event()
        look = freshness._look
        marks: list[object] = []

        def slow_look() -> object:
            mark = look()
            if not marks:
                marks.append(mark)
                loop.call_soon_threadsafe(blocked.set)
                asyncio.run_coroutine_threadsafe(_wait(release), loop).result(30)
            return mark

        loop = asyncio.get_running_loop()
        freshness._look = slow_look  # type: ignore[method-assign]
        first = asyncio.ensure_future(freshness.mark())
        await blocked.wait()
        ledger.record_many(parsed(*lives(1)))
        later = [asyncio.ensure_future(freshness.mark()) for _ in range(2)]
        await asyncio.sleep(0.05)
        assert not any(one.done() for one in later), "they wait for the first query to end"
        release.set_result(None)
        assert await first == marks[0]
        assert {await one for one in later} == {look()} != {marks[0]}

    with opened("memory://") as ledger, ThreadPoolExecutor(4) as threads:
        asyncio.run(run(ledger, threads))


async def _wait(release: "asyncio.Future[None]") -> None:
    await asyncio.shield(release)
