"""A collector from end to end: a made-up Hyperliquid in one process, `orderledger collect` on a SQLite file in another.

The flow: ten accounts, each on its websocket, frames of 1 to 20 rows, read by the collector as fast as it can. An update is a row of
`orderUpdates` or `userFills`; it counts when its commit is durable (`synchronous=FULL`). The floor is a process that takes
the same frames, parses them and drops them.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from collector_process import CollectorProcess, Cpu
from measuring import Bench, Figure, percentile
from venue_process import VenueProcess

HERE = Path(__file__).parent
STREAMED = 10
UPDATES = 60_000
WATCHED = 500
CUTS = 20
QUIET_SECONDS = 4.0
REST_SECONDS = 130.0
SCALED_MINUTE = 2.0


def main() -> None:
    bench = Bench(__doc__)
    if bench.wants("flow"):
        _flow(bench)
    if bench.wants("watched"):
        _watched(bench)
    if bench.wants("cut"):
        _cuts(bench)
    bench.close()


@contextmanager
def running(accounts: int, settings: str = "", **options: Any) -> Iterator[tuple[VenueProcess, CollectorProcess]]:
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="orderledger-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        venue = VenueProcess(**options)
        stack.callback(venue.close)
        collector = CollectorProcess(folder, venue.told, accounts, settings=settings)
        stack.callback(collector.close)
        yield venue, collector


# (a)


def _flow(bench: Bench) -> None:
    updates = UPDATES // (4 if bench.is_quick else 1)
    floors = {how: _floor(updates, how) for how in ("drop", "parse")}
    with running(STREAMED) as (venue, collector):
        collector.until("account up", lambda: collector.is_ready(STREAMED))
        loaded = venue.ask("load", accounts=list(range(STREAMED)), updates=updates, seed=1)
        before, count = collector.cpu(), collector.events()
        sampled = _recorded_while_sending(venue, collector)
        spent = collector.cpu().since(before)
        memory, accounts = collector.memory_mb(), collector.accounts()
        assert collector.stop() == 0
        events = collector.events() - count
    told = loaded["updates"]
    rates = {how: told / floor["seconds"] for how, floor in floors.items()}
    rate = _steady(sampled, count, events) * told / events
    messages = sum(row["messages"] for row in accounts.values())
    bench.add(Figure("the fake alone: frames taken and dropped", "", rates["drop"], "updates/s"))
    note = f"{told:,} updates in {loaded['frames']:,} frames, {loaded['bytes'] / told:.0f} bytes each; {messages:,} messages, {events:,} events"
    bench.add(
        Figure("flow: recorded", "sqlite", rate, "updates/s", rates["parse"], "parsed and dropped", rate / rates["parse"], ">= 10,000/s", note)
    )
    _tell_cpu(bench, spent, {how: floor["cpu"] for how, floor in floors.items()}, told)
    bench.add(Figure("flow: slowest, heard to recorded", "sqlite", max(row["recording_seconds_max"] for row in accounts.values()), "s"))
    bench.add(Figure("flow: memory", "sqlite", memory, "MB"))


def _floor(updates: int, how: str) -> dict[str, Any]:
    """Seconds and CPU seconds of a process that only listens."""
    with ExitStack() as stack:
        venue = VenueProcess()
        stack.callback(venue.close)
        loaded = venue.ask("load", accounts=list(range(STREAMED)), updates=updates, seed=1)
        arguments = [venue.told["websocket_url"], str(STREAMED), str(loaded["frames"]), how]
        listener = subprocess.Popen(
            [sys.executable, str(HERE / "listener_process.py"), *arguments], stdout=subprocess.PIPE, text=True
        )
        stack.callback(listener.wait)
        stack.callback(listener.kill)
        assert listener.stdout is not None
        assert listener.stdout.readline().strip() == "ready"
        venue.ask("send")
        found: dict[str, Any] = json.loads(listener.stdout.readline())
        return found


def _recorded_while_sending(venue: VenueProcess, collector: CollectorProcess) -> list[tuple[float, int]]:
    """The length of the log again and again, until nothing waits and nothing is added."""
    sampled: list[tuple[float, int]] = []
    with ExitStack() as stack:
        from concurrent.futures import ThreadPoolExecutor

        pool = stack.enter_context(ThreadPoolExecutor(1))
        sending = pool.submit(venue.ask, "send")
        quiet_since, spent = time.perf_counter(), 0.0
        while not sending.done() or time.perf_counter() - quiet_since < QUIET_SECONDS:
            now, events, cpu = time.perf_counter(), collector.events(), collector.cpu().loop
            if not sampled or sampled[-1][1] != events or cpu - spent > 0.05:
                quiet_since, spent = now, cpu
                sampled.append((now, events))
            time.sleep(0.05)
        sending.result()
    return sampled


def _steady(sampled: list[tuple[float, int]], before: int, events: int) -> float:
    """Events a second between the first tenth and the last: the last ones wait for cancels that may be half of a modify."""
    first = next(sample for sample in sampled if sample[1] >= before + events * 0.1)
    last = next(sample for sample in sampled if sample[1] >= before + events * 0.9)
    return (last[1] - first[1]) / (last[0] - first[0])


def _tell_cpu(bench: Bench, spent: Cpu, floors: dict[str, float], told: int) -> None:
    parts = {
        "flow: CPU, whole": spent.whole,
        "flow: CPU, websocket and JSON": floors["parse"],
        "flow: CPU, translation": spent.loop - floors["parse"],
        "flow: CPU, recording": spent.recording,
        "flow: CPU, views": spent.views,
    }
    for name, seconds in parts.items():
        bench.add(Figure(name, "sqlite", seconds / told * 1e6, "ms/1,000"))


# (b)


def _watched(bench: Bench) -> None:
    pass


# (c)


def _cuts(bench: Bench) -> None:
    pass


if __name__ == "__main__":
    main()
