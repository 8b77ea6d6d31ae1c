"""Maintenance of a store and other commands: rebuild, check, schema, demo."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from orderledger.cli import options
from orderledger.cli.output import json_line, print_json, progress, say
from orderledger.cli.serving import of_service

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Number of processes."
)
@options.as_json
@options.db
@options.example("orderledger rebuild positions --jobs 4")
def rebuild(names: tuple[str, ...], jobs: int, as_json: bool, db: str) -> None:
    """Rebuild views from the log.

    Builds new tables beside the live ones, then replaces them. Without NAME: all views.
    """
    with options.open_ledger(db) as ledger, progress("rebuilding", None) as show:
        built = ledger.rebuild(names, jobs=jobs, progress=lambda done, total: show(done))
    result = {
        "views": list(built.names),
        "events": built.events,
        "seconds": f"{built.seconds:.3f}",
        "events_per_second": round(built.events_per_second),
        "is_equal": built.is_equal,
    }
    if as_json:
        click.echo(json_line(result))
    else:
        verdict = (
            "equal to the live views"
            if built.is_equal
            else "DIFFERENT from the live views; the new rows are in place"
        )
        speed = (
            f"{built.events:,} events in {built.seconds:.2f} s ({built.events_per_second:,.0f} "
            "events/s)"
        )
        click.echo(f"{', '.join(built.names)}: {speed}, {verdict}")


@click.command()
@options.as_json
@options.db
@options.example("orderledger check --json")
def check(as_json: bool, db: str) -> None:
    """Compare the log with streams and views.

    Exit status: 0 all agrees, 1 there is a difference, 2 wrong usage, 3 the store cannot be used.
    """
    with options.open_ledger(db) as ledger, progress("checking", None) as show:
        checked = ledger.check(progress=lambda done, total: show(done))
    differences = [
        {"where": difference.where, "what": difference.what} for difference in checked.differences
    ]
    if as_json:
        counts = {"events": checked.events, "streams": checked.streams, "rows": checked.rows}
        print_json([*differences, {"summary": {**counts, "differences": len(differences)}}])
    else:
        for difference in differences:
            click.echo(f"{difference['where']}: {difference['what']}")
        verdict = (
            f"{len(differences)} differences" if differences else "log, streams and views agree"
        )
        click.echo(
            f"{checked.events:,} events, {checked.streams:,} streams, {checked.rows:,} rows: "
            f"{verdict}"
        )
    if differences:
        sys.exit(1)


@click.command()
@click.argument("kind", required=False)
@options.example("orderledger schema fill")
def schema(kind: str | None) -> None:
    """Print the JSON Schema of messages."""
    import json

    from pydantic import TypeAdapter

    from orderledger.infrastructure.messages.registry import BY_WORD, MESSAGES, AnyMessage

    if kind is not None and kind not in BY_WORD:
        raise click.BadParameter(
            f"{kind!r} is not a message type. The types are: {', '.join(MESSAGES)}",
            param_hint="KIND",
        )
    found = BY_WORD[kind].model_json_schema() if kind else TypeAdapter(AnyMessage).json_schema()
    click.echo(json.dumps(found, indent=2))


@click.command()
@click.option(
    "--seed", type=int, default=71, show_default=True, help="The same seed gives the same run."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False),
    help="Folder for the ledger. Default: a temporary folder, removed at the end.",
)
@click.option(
    "--serve",
    "is_served",
    is_flag=True,
    help="Show the page instead, while a simulated venue trades. Ends with Ctrl-C.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8350,
    show_default=True,
    help="With --serve: port, 0 for a free one.",
)
@options.example("orderledger demo --folder demo", "orderledger demo --serve")
def demo(seed: int, folder: str | None, is_served: bool, port: int) -> None:
    """Show the ledger at work, in a minute.

    Records orders on an embedded store, kills the process, recovers, and shows P&L. With --serve, a
    process trades at a simulated venue in real time, and the page shows its ledger.
    """
    import tempfile
    from pathlib import Path

    run = _demo_of(port) if is_served else _demo()
    if folder is not None:
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            run(Path(folder), seed)
        except (FileExistsError, NotADirectoryError, FileNotFoundError, PermissionError) as fault:
            raise click.BadParameter(str(fault), param_hint="--folder") from None
        say([f"the ledger remains there: orderledger orders --db {folder}/orders.db"])
        return
    with tempfile.TemporaryDirectory(prefix="orderledger-demo-") as temporary:
        run(Path(temporary), seed)


def _demo() -> "Callable[[Path, int], None]":
    from orderledger.cli.output import people
    from orderledger.demo.story import run

    return lambda folder, seed: run(folder, seed, people())


def _demo_of(port: int) -> "Callable[[Path, int], None]":
    """The demo that goes on, with the page."""
    serve_demo = of_service("orderledger.demo.serving").serve_demo
    return lambda folder, seed: serve_demo(
        folder, seed, port, lambda url: say([f"the page is at {url}, until Ctrl-C"])
    )


COMMANDS = (rebuild, check, schema, demo)
