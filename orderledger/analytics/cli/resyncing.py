"""The command `resync`."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from orderledger.cli import options, times
from orderledger.cli.output import print_json, progress


@click.command()
@click.argument("place", metavar="COPY")
@click.option("--dry-run", is_flag=True, help="Show what is lost, and record nothing.")
@times.timezone
@options.as_json
@options.db
@options.example(
    "orderledger resync backup --db postgresql://... --dry-run",
    "orderledger resync s3://bucket/ledger --db postgresql://...",
    "kcat -C -b broker1:9092 -t orders -e -q | orderledger resync - --db postgresql://...",
)
def resync(place: str, dry_run: bool, as_json: bool, db: str) -> None:
    """Record the lost events of a log that went back again, from a copy of it.

    After a failover to a standby that lagged, or after the restore of a backup, the log lacks what
    was recorded last. COPY is an archive (a folder or a URL). Or it is a file with the events that
    a relay published, as lines of JSON, like those of `tail --json`; - is standard input. Each
    event of the copy that the log lacks is recorded as a new event, with the fact, time, sender and
    evidence of the other. A fact that came in again meanwhile is a duplicate. Begin with --dry-run.
    At the end it shows the accounts whose venues have to be queried, and for which time.

    Exit status: 0 done, 1 a damaged copy or a refused command, 2 another ledger's copy or wrong
    usage, 3 the store cannot be used.
    """
    from orderledger.analytics.archive.resyncing import Resync

    counts: Counter[str] = Counter()
    with (
        options.open_ledger(db) as ledger,
        progress("comparing", None) as show,
        _parts_of(place, ledger.internals.store, show) as parts,
    ):
        run = Resync(ledger, parts, is_dry_run=dry_run)
        for event, outcome in run:
            if outcome is None:
                continue
            counts[outcome.outcome] += 1
            row = {"position": event.position, "at": event.at, "stream": event.stream}
            row |= {"event": type(event.event).stored_name}
            row |= {
                "outcome": outcome.outcome,
                "text": outcome.text,
                "recorded_at_position": outcome.position,
            }
            if as_json:
                print_json([row])
            elif outcome.outcome != "duplicate":
                why = f": {outcome.text}" if outcome.text else ""
                words = (event.position, row["event"], event.stream, outcome.outcome)
                click.echo("  ".join(map(str, words)) + why)
    if as_json:
        print_json([{"summary": {"is_dry_run": dry_run, **counts, **_lost(run)}}])
    else:
        _print_lost(run)
        verb = "would be recorded" if dry_run else "recorded"
        click.echo(
            f"{counts['recorded']} lost events {verb} again, {counts['duplicate']} are there "
            f"already, {counts['refused']} refused"
        )
    if counts["refused"]:
        sys.exit(1)


@contextmanager
def _parts_of(place: str, store: Any, show: Any) -> Iterator[Any]:
    """The parts of a verified archive, or of a file of events."""
    from orderledger.analytics.archive.place import Place
    from orderledger.analytics.archive.resyncing import parts_of_archive, parts_of_lines
    from orderledger.analytics.archive.verifying import verified

    if place == "-" or Path(place).is_file():
        with options.Input().convert(place, None, None) as file:
            yield parts_of_lines(store, place, options.lines_of(file), show)
        return
    there = Place(place)
    with progress("verifying", None) as shown:
        manifest = verified(there, shown)
    yield parts_of_archive(store, there, manifest, show)


def _lost(run: Any) -> dict[str, Any]:
    """The time for which events were lost, the end of the copy, and the lost events of each
    account."""
    names = ("kept_to", "lost_from", "lost_to", "copied_to", "copied_at")
    return {**{name: getattr(run, name) for name in names}, "accounts": dict(run.accounts)}


def _print_lost(run: Any) -> None:
    lost_from, lost_to, copied_at = (
        "an unknown time" if moment is None else times.shown(moment)
        for moment in (run.lost_from, run.lost_to, run.copied_at)
    )
    click.echo(
        "lost: nothing that the copy has"
        if run.kept_to is None
        else f"lost: the events after log position {run.kept_to}, from {lost_from} to {lost_to}"
    )
    click.echo(
        f"The copy ends at log position {run.copied_to}, recorded at {copied_at}. If the log lost "
        "later events, query the venues: `orderledger reconcile --account ACCOUNT`, for each of:"
    )
    for account, lost in sorted(run.accounts.items()):
        click.echo(f"  {account}: {lost} lost events in the copy")
