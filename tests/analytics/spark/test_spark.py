"""A rebuild on Spark equals the views of the ledger: on one machine, and on a cluster of which one
worker is killed.

Run by `make test-spark`, in an environment that has Spark.
"""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orderledger import Ledger
from orderledger.analytics import fold_bucket
from orderledger.analytics.archive.manifest import needed_manifest
from orderledger.analytics.archive.place import Place
from orderledger.analytics.archive.verifying import verify
from orderledger.analytics.archive.writing import archive
from orderledger.projections.orders import ORDERS
from orderledger.projections.tables import TABLES
from tests.core.contract.streams import lives, opened, parsed, story

pytestmark = pytest.mark.spark

PATIENCE = 300.0
LIVES = 3_000
"""Enough that a worker can be killed in the middle of its tasks."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("archive")
    with opened(str(folder / "ledger.db")) as ledger:
        ledger.record_many(parsed(*story(), *lives(LIVES, "other:x"), *lives(LIVES, "third:x")))
        place = Place(str(folder / "archive"))
        archive(ledger.internals.store, place, catch_up=ledger.views.catch_up)
        assert isinstance(ledger, Ledger)
        yield place


def rebuilt(place: Place, to: Path, *options: str) -> subprocess.Popen[str]:
    command = [
        str(Path(sys.executable).with_name("orderledger")),
        "archive-rebuild",
        place.root,
        "--to",
        str(to),
    ]
    return subprocess.Popen(
        [*command, "--engine", "spark", "--json", *options], stdout=subprocess.PIPE, text=True
    )


def assert_equal(place: Place, to: Path) -> None:
    """All rows of all views are equal, and no file is left over."""
    ours, theirs = Place(str(to)), needed_manifest(place).views
    made = needed_manifest(ours).views
    for table in TABLES:
        keys = [(name, "ascending") for name in table.key]
        rows, wanted = (
            pa.concat_tables([pq.read_table(there.path_of(file.path)) for file in files]).sort_by(
                keys
            )
            if files
            else None
            for there, files in ((ours, made[table.name]), (place, theirs[table.name]))
        )
        assert wanted is not None
        assert rows == wanted if rows is not None else len(wanted) == 0
    assert verify(ours)[1] == []


def test_spark_on_one_machine_gives_the_views_of_the_ledger(place: Place, tmp_path: Path) -> None:
    with rebuilt(place, tmp_path / "to", "--jobs", "2") as process:
        assert process.wait(PATIENCE) == 0
    assert_equal(place, tmp_path / "to")


def test_a_job_of_ones_own_folds_buckets_in_map_in_arrow(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyspark.sql import SparkSession

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    session = (
        SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    )
    try:
        events = session.read.parquet(f"{place.root}/events").drop("evidence", "recorded_at")

        def orders(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            found = list(batches)
            if found:
                yield from (
                    fold_bucket(pa.Table.from_batches(found))["orders"]
                    .select(["stream", "cum_quantity"])
                    .to_batches()
                )

        folded = (
            events.repartition(4, "bucket")
            .mapInArrow(orders, "stream string, cum_quantity string")
            .collect()
        )
    finally:
        session.stop()
    wanted = pq.read_table(
        place.path_of(needed_manifest(place).views[ORDERS.name][0].path)
    ).to_pylist()
    assert sorted((row["stream"], row["cum_quantity"]) for row in folded) == sorted(
        (row["stream"], row["cum_quantity"]) for row in wanted
    )


def test_a_cluster_that_loses_a_worker_gives_the_views_of_the_ledger(
    place: Place, tmp_path: Path
) -> None:
    with cluster(tmp_path, workers=2) as (url, workers):
        to = tmp_path / "to"
        with rebuilt(place, to, "--master", url) as process:
            killed = threading.Event()
            threading.Thread(
                target=_kill_in_the_middle, args=(workers[0], to, killed), daemon=True
            ).start()
            assert process.wait(PATIENCE) == 0
        assert killed.is_set(), "the rebuild was done before the worker was killed"
    assert_equal(place, to)


def _kill_in_the_middle(worker: subprocess.Popen[bytes], to: Path, killed: threading.Event) -> None:
    """Kill a worker with its executors when the first orders are written, and not all."""
    while not list(to.glob("views/orders/*.parquet")):
        time.sleep(0.002)
    for process in [
        *psutil.Process(worker.pid).children(recursive=True),
        psutil.Process(worker.pid),
    ]:
        process.kill()
    if not (to / "manifest.json").exists() and len(list(to.glob("views/orders/*.parquet"))) < 16:
        killed.set()


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A standalone cluster of Spark: a master and workers with one core each, as processes."""
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    home = Path(spec.origin).parent
    port = _free_port()
    url = f"spark://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
    }
    master = [
        "org.apache.spark.deploy.master.Master",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--webui-port",
        "0",
    ]
    with ExitStack() as stack:

        def start(number: int, arguments: list[str]) -> subprocess.Popen[bytes]:
            log = stack.enter_context((folder / f"spark-{number}.log").open("wb"))
            process = subprocess.Popen(
                [str(home / "bin" / "spark-class"), *arguments],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            stack.callback(_end, process)
            return process

        start(0, master)
        _until_open(port)
        worker = [
            "org.apache.spark.deploy.worker.Worker",
            "--host",
            "127.0.0.1",
            "--cores",
            "1",
            "--memory",
            "1g",
            "--webui-port",
            "0",
        ]
        started = [
            start(number, [*worker, "--work-dir", str(folder / f"work-{number}"), url])
            for number in range(1, workers + 1)
        ]
        for number in range(1, workers + 1):
            _until_said(folder / f"spark-{number}.log", "Successfully registered")
        yield url, started


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        for one in [
            *psutil.Process(process.pid).children(recursive=True),
            psutil.Process(process.pid),
        ]:
            one.kill()
    process.wait()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _until_open(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nobody listens at port {port}")


def _until_said(log: Path, words: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while words not in log.read_text(errors="replace"):
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
        time.sleep(0.1)
