"""A collector from end to end: a made-up Hyperliquid in one process, `orderledger collect` on a
SQLite file in another.

The flow: ten accounts, each on its websocket, frames of 1 to 20 rows, read by the collector as fast
as it can. An update is a row of `orderUpdates` or `userFills`; it counts when its commit is durable
(`synchronous=FULL`). The floor is a process that takes the same frames, parses them and drops them.
CPU seconds are listed by thread: the event loop's, the views', and the rest.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from collector_process import COLLECT, CollectorProcess, Cpu
from measuring import Bench, Figure
from venue_process import VenueProcess

from orderledger.venues.hyperliquid.limits import HyperliquidLimits, round_weight

HERE = Path(__file__).parent
STREAMED = 10
UPDATES = 100_000
WATCHED = 500
CUTS = 20
QUIET_SECONDS = 4.0
REST_SECONDS = 130.0
SCALED_MINUTE = 1.5
ROUNDS = 3
BETWEEN_CUTS = 2.5
ROUND_WEIGHT = round_weight(1)
RECONCILING_WEIGHT = 62
OUR_WEIGHT = HyperliquidLimits().weight


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
def running(
    accounts: int, *, command: Sequence[str] = COLLECT, **options: Any
) -> Iterator[tuple[VenueProcess, CollectorProcess]]:
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="orderledger-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        venue = VenueProcess(**options)
        stack.callback(venue.close)
        collector = CollectorProcess(folder, venue.told, accounts, command=command)
        stack.callback(collector.close)
        yield venue, collector


# One flow


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
    slowest = max(row["recording_seconds_max"] for row in accounts.values())
    said = (
        f"{told:,} updates in {loaded['frames']:,} frames of "
        f"{loaded['bytes'] / loaded['frames']:,.0f} bytes"
    )
    note = (
        f"{said}; {sum(row['messages'] for row in accounts.values()):,} messages, {events:,} events"
    )
    parsed = rates["parse"]
    bench.add(Figure("the fake alone: frames taken and dropped", "", rates["drop"], "updates/s"))
    bench.add(
        Figure(
            "flow: recorded",
            "sqlite",
            rate,
            "updates/s",
            parsed,
            "parsed, dropped",
            rate / parsed,
            ">= 10,000/s",
            note,
        )
    )
    _tell_cpu(bench, spent, floors["parse"]["cpu"], told)
    bench.add(Figure("flow: slowest, heard to recorded", "sqlite", slowest, "s"))
    bench.add(Figure("flow: memory", "sqlite", memory, "MB"))


def _floor(updates: int, how: str) -> dict[str, Any]:
    """Seconds and CPU seconds of a process that only listens."""
    with ExitStack() as stack:
        venue = VenueProcess()
        stack.callback(venue.close)
        loaded = venue.ask("load", accounts=list(range(STREAMED)), updates=updates, seed=1)
        arguments = [venue.told["websocket_url"], str(STREAMED), str(loaded["frames"]), how]
        listener = subprocess.Popen(
            [sys.executable, str(HERE / "listener_process.py"), *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        stack.callback(listener.wait)
        stack.callback(listener.kill)
        assert listener.stdout is not None
        assert listener.stdout.readline().strip() == "ready"
        venue.ask("send")
        found: dict[str, Any] = json.loads(listener.stdout.readline())
        return found


def _recorded_while_sending(
    venue: VenueProcess, collector: CollectorProcess
) -> list[tuple[float, int]]:
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
    """Events a second between the first tenth and the last: the last ones wait for cancels that may
    be half of a modify."""
    first = next(sample for sample in sampled if sample[1] >= before + events * 0.1)
    last = next(sample for sample in sampled if sample[1] >= before + events * 0.9)
    return (last[1] - first[1]) / (last[0] - first[0])


def _tell_cpu(bench: Bench, spent: Cpu, listening: float, told: int) -> None:
    parts = {
        "flow: CPU, whole": spent.whole,
        "flow: CPU, websocket and JSON": listening,
        "flow: CPU, translation": spent.loop - listening,
        "flow: CPU, recording": spent.recording,
        "flow: CPU, views": spent.views,
    }
    for name, seconds in parts.items():
        bench.add(Figure(name, "sqlite", seconds / told * 1e6, "ms/1,000"))


# Many accounts


def _watched(bench: Bench) -> None:
    _at_rest(bench, REST_SECONDS / (10 if bench.is_quick else 1))
    _rounds(bench, WATCHED // (10 if bench.is_quick else 1))


def _at_rest(bench: Bench, seconds: float) -> None:
    """The real limits, over two of their minutes."""
    with running(WATCHED) as (venue, collector):
        collector.until(
            "accounts up",
            lambda: sum(row["is_up"] for row in collector.accounts().values()) >= STREAMED,
        )
        before, began = collector.cpu(), time.perf_counter()
        time.sleep(seconds)
        spent, took = collector.cpu().since(before), time.perf_counter() - began
        state, memory = venue.ask("state"), collector.memory_mb()
        assert collector.stop() == 0
    refused = sum(state["violations"].values())
    note = (
        f"{state['most_weight']} of 1,200 weight and {state['connections']} of 30 connections at "
        f"the most; {refused} refused"
    )
    bench.add(
        Figure(
            "watched, 500: CPU at rest",
            "sqlite",
            spent.whole / took * 100,
            "% of a core",
            target="no violation",
            note=note,
        )
    )
    bench.add(Figure("watched, 500: memory", "sqlite", memory, "MB"))
    delay = (WATCHED - STREAMED) * ROUND_WEIGHT / OUR_WEIGHT * 60
    bench.add(Figure("watched, 500: computed delay of a poll", "", delay, "s"))


def _rounds(bench: Bench, watched: int) -> None:
    """A minute of `SCALED_MINUTE` seconds at both ends: whole rounds, and how long each account
    waited for the next look."""
    polled = watched - STREAMED
    computed = polled * ROUND_WEIGHT / OUR_WEIGHT * SCALED_MINUTE
    first_seconds = watched * RECONCILING_WEIGHT / OUR_WEIGHT * SCALED_MINUTE + computed
    command = (sys.executable, str(HERE / "scaled_collector.py"), str(SCALED_MINUTE))
    with running(watched, command=command, minute=SCALED_MINUTE) as (venue, collector):
        collector.until(
            "accounts reconciled", lambda: collector.is_ready(watched), first_seconds * 3 + 60
        )
        since = time.time()
        time.sleep(computed * ROUNDS)
        looks, state = venue.ask("looks", since=since)["looks"], venue.ask("state")
        assert collector.stop() == 0
    waits = [after - before for moments in looks.values() for before, after in pairwise(moments)]
    share = [wait / computed for wait in waits]
    refused = sum(state["violations"].values())
    note = (
        f"{len(waits)} waits of {polled} accounts, a minute of {SCALED_MINUTE:g} s; most "
        f"{max(share):.2f}; {refused} refused"
    )
    bench.add(
        Figure(
            "watched, 500: delay, to the computed one",
            "sqlite",
            statistics.median(share),
            "x",
            target="<= 1.1",
            note=note,
        )
    )


# Cuts


def _cuts(bench: Bench) -> None:
    """Every line is cut, and an order is placed at once: how long until it is in the log, by way of
    the new line."""
    with running(1) as (venue, collector):
        collector.until("account up", lambda: collector.is_ready(1))
        took = [_cut(venue, collector) for _ in range(5 if bench.is_quick else CUTS)]
        state = venue.ask("state")
        assert collector.stop() == 0
    note = (
        f"most {max(took):.2f} s of {len(took)}; {state['connections']} connections, "
        f"{sum(state['violations'].values())} refused"
    )
    bench.add(
        Figure(
            "cut: until the next update is recorded",
            "sqlite",
            statistics.median(took),
            "s",
            target="< 2 s",
            note=note,
        )
    )


def _cut(venue: VenueProcess, collector: CollectorProcess) -> float:
    time.sleep(BETWEEN_CUTS)
    cut = venue.ask("cut", account=0)
    placed = "SELECT count(*) FROM order_names WHERE kind = 'venue' AND name = ?"
    collector.until("order", lambda: collector.ask(placed, (str(cut["order"]),))[0][0], 30)
    return time.time() - cut["at"]


if __name__ == "__main__":
    main()
