"""Commands that copy a ledger to Parquet and back: archive, restore, archive-rebuild."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from orderledger.cli import options
from orderledger.cli.output import json_line, print_json, progress
from orderledger.cli.times import Time, timezone

if TYPE_CHECKING:
    from orderledger.analytics.archive.rebuilding import Run

WATCH_SECONDS = 300
WATCH_EVENTS = 50_000


@click.command()
@click.argument("place", metavar="DIR")
@click.option(
    "--verify",
    "is_verified",
    is_flag=True,
    help="Compare the files with the manifest, and write nothing.",
)
@click.option(
    "--watch", is_flag=True, help="Go on: archive what is new from time to time, until Ctrl-C."
)
@click.option(
    "--every",
    type=click.IntRange(min=1),
    default=WATCH_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="With --watch.",
)
@click.option(
    "--no-views",
    is_flag=True,
    help="Archive the log alone. The views are written whole in each run.",
)
@click.option(
    "--buckets",
    type=click.IntRange(min=1),
    metavar="N",
    help="Buckets of a new archive. Default: 64.",
)
@options.log
@options.as_json
@options.db
@options.example(
    "orderledger archive backup",
    "orderledger archive s3://bucket/ledger --watch",
    "orderledger archive backup --verify",
)
def archive(
    place: str,
    is_verified: bool,
    watch: bool,
    every: int,
    no_views: bool,
    buckets: int | None,
    log: str | None,
    as_json: bool,
    db: str,
) -> None:
    """Copy the log and the views to Parquet files.

    DIR is a folder or a URL (s3://...). Only new events are copied. A killed run leaves the archive
    as it was; the next one continues. Any program that reads Parquet can read the files;
    manifest.json names them.

    Exit status: 0 done, 1 a file is missing, truncated, altered or foreign, 2 wrong usage, 3 the
    store cannot be used.
    """
    from orderledger.analytics.archive.place import Place

    report = options.logging_as(log)
    if is_verified:
        _verify(Place(place), as_json=as_json)
        return
    with options.open_ledger(db) as ledger:
        there = Place(place)
        while True:
            done = _archive(ledger, there, buckets=buckets, has_views=not no_views)
            result = {"events": done.events, "position": done.position, "files": done.files}
            sentence = (
                f"{done.events:,} new events, up to log position {done.position:,}, {done.files} "
                "files"
            )
            if watch:
                behind = _published(ledger, there, done)
                result |= behind
                sentence += (
                    f"; {behind['events_behind']:,} events and {behind['seconds_behind']} s behind "
                    "the log"
                )
            click.echo(json_line(result) if as_json else sentence)
            if watch and log is not None:
                report(sentence)
            if not watch:
                return
            _wait_for_events(ledger, done.position, every)


def _archive(ledger: Any, place: Any, **settings: Any) -> Any:
    from orderledger.analytics.archive.writing import archive as run

    with progress("archiving", ledger.internals.store.recorder.last_position()) as show:
        store, catch_up = ledger.internals.store, ledger.views.catch_up
        return run(store, place, catch_up=catch_up, progress=show, **settings)


def _published(ledger: Any, place: Any, done: Any) -> dict[str, Any]:
    """How far the archive is behind the log. From now on `status` shows it, unless the role may
    only read."""
    from orderledger import StoreError

    with suppress(StoreError):
        status = {"position": done.position, "files": done.files}
        ledger.internals.publish(f"archive {place.public}", status)
    behind: dict[str, Any] = ledger.internals.lag(done.position)
    return behind


def _wait_for_events(ledger: Any, position: int, every: int) -> None:
    """Wait until many events are new, or some have waited for long enough."""
    ledger.internals.following.wait(position)
    deadline = time.monotonic() + every
    while (
        ledger.internals.following.wait(
            position + WATCH_EVENTS, max(0, deadline - time.monotonic())
        )
        < position + WATCH_EVENTS
    ):
        if time.monotonic() >= deadline:
            return


def _verify(place: Any, *, as_json: bool) -> None:
    from orderledger.analytics.archive.verifying import verify

    with progress("verifying", None) as show:
        manifest, faults = verify(place, show)
    if as_json:
        summary = {
            "files": len(manifest.files),
            "position": manifest.position,
            "faults": len(faults),
        }
        print_json(
            [
                *({"file": fault.file, "fault": fault.fault} for fault in faults),
                {"summary": summary},
            ]
        )
    else:
        for fault in faults:
            click.echo(f"{fault.file}: {fault.fault}")
        verdict = f"{len(faults)} faults" if faults else "all as the manifest says"
        position = manifest.position or manifest.views_position or 0
        click.echo(f"{len(manifest.files)} files, up to log position {position:,}: {verdict}")
    if faults:
        sys.exit(1)


@click.command()
@click.argument("place", metavar="DIR")
@click.option(
    "--up-to",
    type=click.IntRange(min=0),
    metavar="POSITION",
    help="Leave out the events after this log position.",
)
@click.option(
    "--at",
    "moment",
    type=Time(),
    metavar="T",
    help="Leave out the events after the last one that was recorded by T.",
)
@timezone
@options.as_json
@options.db
@options.example(
    "orderledger restore backup --db restored.db",
    "orderledger restore backup --at 2026-11-20T09:00:00Z --db restored.db",
    "orderledger restore s3://bucket/ledger --db postgresql://...",
)
def restore(place: str, up_to: int | None, moment: datetime | None, as_json: bool, db: str) -> None:
    """Make a ledger out of an archive.

    The new ledger has the same events at the same log positions, byte for byte. Then its views are
    built. The store must be new or empty. A restore that is killed leaves it empty. Without --up-to
    or --at it has the whole log.

    Exit status: 0 done, 1 a file is missing, truncated, altered or foreign, 2 the ledger is not
    empty, or wrong usage, 3 the store cannot be used.
    """
    from orderledger.analytics.archive.place import Place
    from orderledger.analytics.archive.restoring import position_at
    from orderledger.analytics.archive.restoring import restore as run
    from orderledger.analytics.archive.verifying import verified

    if up_to is not None and moment is not None:
        raise click.UsageError("--up-to and --at name the end of the log twice: give one of them")
    there = Place(place)
    with progress("verifying", None) as show:
        manifest = verified(there, show)
    if moment is not None:
        up_to = position_at(there, manifest, moment)
    with options.make_ledger(db) as ledger:
        with progress("restoring", manifest.rows) as show:
            count = run(there, manifest, ledger.internals.store, up_to=up_to, progress=show)
        with progress("building the views", manifest.rows) as show:
            ledger.views.catch_up(show)
        position = ledger.internals.store.recorder.last_position()
    sentence = f"{count:,} events, up to log position {position:,}"
    click.echo(json_line({"events": count, "position": position}) if as_json else sentence)


@click.command("archive-rebuild")
@click.argument("place", metavar="DIR")
@click.option(
    "--to", "to", required=True, metavar="DIR2", help="Folder or URL of the result, new or empty."
)
@click.option(
    "--engine",
    type=click.Choice(["processes", "spark"]),
    default="processes",
    show_default=True,
    help="Program that runs the tasks.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    default=1,
    show_default=True,
    help="Number of processes.",
)
@click.option(
    "--master",
    metavar="URL",
    help="With --engine spark: the cluster. Default: local[JOBS], or that of spark-submit.",
)
@options.as_json
@options.example(
    "orderledger archive-rebuild backup --to rebuilt --jobs 4",
    "orderledger archive-rebuild s3://bucket/ledger --to s3://bucket/views --engine spark "
    "--master spark://host:7077",
)
def archive_rebuild(
    place: str, to: str, engine: str, jobs: int, master: str | None, as_json: bool
) -> None:
    """Build the views of an archive, on one machine or many.

    Folds the archived events as the ledger itself does, and writes the rows of the views as Parquet
    files to DIR2. The ledger is not needed. Both places must be readable from every machine that
    runs tasks.

    Exit status: 0 done, 1 a file is missing, truncated, altered or foreign, 2 wrong usage or DIR2
    is not empty.
    """
    from orderledger.analytics.archive.manifest import needed_manifest
    from orderledger.analytics.archive.place import Place
    from orderledger.analytics.archive.rebuilding import rebuild

    there = Place(place)
    began = time.perf_counter()
    with there.reached():
        total = needed_manifest(there).rows
    with _engine(engine, jobs, master) as run, progress("rebuilding", total) as show:
        built = rebuild(there, Place(to), run, progress=show)
    seconds = time.perf_counter() - began
    if as_json:
        result = {
            "events": built.events,
            "position": built.position,
            "seconds": f"{seconds:.3f}",
            "rows": built.rows,
        }
        click.echo(json_line(result))
    else:
        speed = (
            f"{built.events:,} events in {seconds:.2f} s ({built.events / seconds:,.0f} events/s)"
        )
        click.echo(f"{speed}: {sum(built.rows.values()):,} rows")


@contextmanager
def _engine(engine: str, jobs: int, master: str | None) -> "Iterator[Run]":
    if engine == "processes":
        if master is not None:
            raise click.UsageError("--master goes with --engine spark")
        from orderledger.analytics.archive.processes import in_processes

        with in_processes(jobs) as run:
            yield run
        return
    from orderledger.analytics.archive.spark import in_spark

    with in_spark(master or f"local[{jobs}]") as run:
        yield run
