"""Runs the tasks of a rebuild on Spark. Spark distributes tasks and repeats those of a lost
worker; it shuffles nothing.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from orderledger.analytics.archive.rebuilding import RESULTS, Folded, Run, run_encoded
from orderledger.extend.runtime import needed

TASK = "task string, number int"
RESULT = "number int, result string"
RETRIES = 8
"""Times that Spark repeats a failed task. Each lost worker costs one."""


@contextmanager
def in_spark(master: str | None = None) -> Iterator[Run]:
    """Run tasks on the cluster of this URL, with the running session if there is one."""
    sql = needed("pyspark.sql", "spark")
    active = sql.SparkSession.getActiveSession()
    session = active or _new_session(sql, master)
    try:
        yield lambda tasks, progress: _run(session, tasks, progress)
    finally:
        if active is None:
            session.stop()


def _new_session(sql: Any, master: str | None) -> Any:
    os.environ.setdefault(
        "PYSPARK_PYTHON", sys.executable
    )  # Spark reads it here for its workers, and not as a setting
    builder = sql.SparkSession.builder.appName("orderledger archive-rebuild")
    if master is not None:
        builder = builder.master(master)
    settings = {
        "spark.task.maxFailures": str(RETRIES),
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "1",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _run(session: Any, tasks: Sequence[object], progress: Callable[[int], object]) -> list[Folded]:
    if not tasks:
        return []
    encoded = [(msgspec.json.encode(task).decode(), number) for number, task in enumerate(tasks)]
    given = session.createDataFrame(encoded, TASK).repartitionByRange(len(encoded), "number")
    rows = given.mapInArrow(run_batches, RESULT).collect()
    progress(len(encoded))
    return [RESULTS.decode(row["result"]) for row in sorted(rows, key=lambda row: row["number"])]


def run_batches(batches: Iterator[Any]) -> Iterator[Any]:
    """Run the tasks of a partition on a worker."""
    import pyarrow as pa

    for batch in batches:
        for task, number in zip(
            batch.column("task").to_pylist(), batch.column("number").to_pylist(), strict=True
        ):
            result = run_encoded(task).decode()
            yield pa.RecordBatch.from_arrays(
                [pa.array([number], pa.int32()), pa.array([result])], ["number", "result"]
            )
