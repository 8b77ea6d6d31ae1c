"""The page in a real browser: how soon it opens with 100,000 orders, and the frames it misses while
2,000 events arrive a second.

Opening is measured in the page, from the start of the navigation to the first row. Its floor is a
fetch of the list that the page shows, in the same browser. Frames are counted by the page's own
animation frames; those of an idle page are the floor. Needs chromium, as `make test-page` does.
"""

import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Bench, Figure
from playwright.sync_api import Browser, Page
from workload import documents, to_message

from orderledger import Ledger
from tests.serve.page.browser import context_of, launched
from tests.serve.page.service import Service

ORDERS, RATE, SECONDS, BATCH = 100_000, 2_000, 20, 100
OPENED_MS_MAX, FRAME_MS_MAX = 500, 50
CHUNK = 5_000

FIRST_ROW = """
const isThere = () => document.querySelector("#orders .grid-body a");
const look = () => isThere() ? (window.firstRow = performance.now()) : requestAnimationFrame(look);
requestAnimationFrame(look);
"""
FETCH = """async () => {
  const began = performance.now();
  await (await fetch("/api/orders?order=newest&limit=200&count=true")).json();
  return performance.now() - began;
}"""
FRAMES = """(seconds) => new Promise((resolve) => {
  const [frames, tasks] = [[], []];
  const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)));
  observer.observe({ type: "longtask" });
  const began = performance.now();
  let before = began;
  const step = (now) => {
    frames.push(now - before);
    before = now;
    if (now - began < seconds * 1000) return requestAnimationFrame(step);
    observer.disconnect();
    resolve({ frames, tasks });
  };
  requestAnimationFrame(step);
})"""  # noqa: E501 (a script)


def main() -> None:
    bench = Bench(__doc__)
    orders = ORDERS // 10 if bench.is_quick else ORDERS
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/orders.db"
        _fill(url, orders)
        command = Path(sys.executable).with_name("orderledger")
        with Service(command, url, Path(folder)) as service, launched(Path(folder)) as browser:
            _opening(bench, service, browser, orders)
            _frames(bench, service, browser, url, orders)
        _writing_alone(bench, url, orders)
    bench.close()


def _fill(url: str, orders: int) -> None:
    with Ledger.open(url) as ledger:
        messages = (to_message(document) for document in documents(orders))
        while chunk := list(itertools.islice(messages, CHUNK)):
            ledger.record_many(chunk)


@contextmanager
def _opened(service: Service, browser: Browser) -> Iterator[Page]:
    """A page in a context of its own: nothing is cached."""
    with context_of(browser) as context:
        page = context.new_page()
        page.add_init_script(FIRST_ROW)
        page.goto(f"{service.url}/#/orders")
        page.locator("#orders .grid-body a").first.wait_for(timeout=60_000)
        yield page


def _opening(bench: Bench, service: Service, browser: Browser, orders: int) -> None:
    opened, fetched = [], []
    for _ in range(3 if bench.is_quick else 9):
        with _opened(service, browser) as page:
            opened.append(float(page.evaluate("window.firstRow")))
            fetched.append(float(page.evaluate(FETCH)))
    ours, floor = statistics.median(opened), statistics.median(fetched)
    target, note = f"<= {OPENED_MS_MAX} ms", f"{min(opened):.0f} to {max(opened):.0f} ms"
    bench.add(
        Figure(
            f"page opens with {orders:,} orders",
            "sqlite",
            ours,
            "ms",
            floor,
            "fetch of the list",
            ours / floor,
            target,
            note,
        )
    )


def _frames(bench: Bench, service: Service, browser: Browser, url: str, orders: int) -> None:
    seconds = 5 if bench.is_quick else SECONDS
    with _opened(service, browser) as page:
        idle = page.evaluate(FRAMES, seconds)
        with _writing(url, seconds + 2) as writing:
            time.sleep(1)
            busy = page.evaluate(FRAMES, seconds)
            told = _told(writing)
        state = page.locator(".connection").inner_text()
    rate = (
        f"{told['events'] / (seconds + 2):,.0f} events/s, slowest commit {told['slowest_ms']:.0f} "
        "ms"
    )
    rate += f", {orders:,} orders, {state.strip()}"
    long = [frame for frame in busy["frames"] if frame > FRAME_MS_MAX]
    idle_long = [frame for frame in idle["frames"] if frame > FRAME_MS_MAX]
    note = f"of {len(busy['frames'])}; longest {max(busy['frames']):.0f} ms; {rate}"
    bench.add(
        Figure(
            f"frames over {FRAME_MS_MAX} ms",
            "sqlite",
            len(long),
            "frames",
            len(idle_long),
            "idle page",
            None,
            "0",
            note,
        )
    )
    tasks = f"longest {max(busy['tasks'], default=0):.0f} ms"
    bench.add(
        Figure(
            "tasks of the page over 50 ms",
            "sqlite",
            len(busy["tasks"]),
            "tasks",
            len(idle["tasks"]),
            "idle page",
            None,
            "0",
            tasks,
        )
    )


def _writing_alone(bench: Bench, url: str, orders: int) -> None:
    """What the writer reaches on the same store without a browser: alone, and beside the
    service."""
    seconds = 5 if bench.is_quick else SECONDS // 2
    command = Path(sys.executable).with_name("orderledger")
    for case in ("alone", "beside the service"):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            service = (
                stack.enter_context(Service(command, url, folder)) if case != "alone" else None
            )
            if service is not None:
                urlopen(f"{service.url}/api/orders?limit=1").read()  # its views are up to date
            told = _told(stack.enter_context(_writing(url, seconds)))
        note = f"slowest commit {told['slowest_ms']:.0f} ms, {told['cpu_seconds']:.1f} CPU s"
        name = f"events/s of the writer {case}, {orders:,} orders"
        bench.add(
            Figure(name, "sqlite", told["events"] / seconds, "1/s", target=f"{RATE:,}", note=note)
        )


def _told(writing: "subprocess.Popen[str]") -> dict[str, float]:
    return dict(json.loads(writing.communicate()[0]))


@contextmanager
def _writing(url: str, seconds: int) -> Iterator["subprocess.Popen[str]"]:
    """A process that records at the rate, and prints how many events it recorded, and the slowest
    of its commits."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--write", url, str(seconds)], stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()


def _write(url: str, seconds: float) -> None:
    found = documents(int(RATE * seconds), seed=11)
    names = ("client_order_id", "venue_order_id", "fill_id")
    start, run = datetime.now(UTC), f"L{time.time_ns()}"
    for index, one in enumerate(
        found
    ):  # after all that is recorded: a late fill folds the later ones of its position again
        one["at"] = (start + timedelta(seconds=index / RATE)).isoformat()
        one.update({name: f"{run}-{one[name]}" for name in names if name in one})
    messages = iter(map(to_message, found))
    slowest = 0.0
    with Ledger.open(url, update_views=False) as ledger:
        began, count = time.monotonic(), 0
        while (left := began + seconds - time.monotonic()) > 0:
            before = time.monotonic()
            ledger.record_many(list(itertools.islice(messages, BATCH)))
            slowest = max(slowest, time.monotonic() - before)
            count += BATCH
            time.sleep(max(0.0, min(left, began + count / RATE - time.monotonic())))
    print(
        json.dumps(
            {"events": count, "slowest_ms": 1000 * slowest, "cpu_seconds": time.process_time()}
        )
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        _write(sys.argv[2], float(sys.argv[3]))
    else:
        main()
