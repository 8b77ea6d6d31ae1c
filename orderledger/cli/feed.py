"""The command `tail`."""

from typing import Any

import click

from orderledger.cli import columns, options
from orderledger.cli.cells import value_of
from orderledger.cli.columns import Row
from orderledger.cli.deriving import listing, parameters_in
from orderledger.cli.formats import form
from orderledger.cli.output import json_line, readable, styled
from orderledger.cli.times import timezone
from orderledger.infrastructure.views.queries import Queries

LAST_EVENTS = 10


@click.command()
@click.option(
    "--follow", "-f", is_flag=True, help="Wait for new events, and print each at once. Ctrl-C ends."
)
@click.option(
    "--after",
    type=click.IntRange(min=0),
    metavar="POSITION",
    help="All events after this log position.",
)
@click.option(
    "--lines",
    "-n",
    type=click.IntRange(min=0),
    default=LAST_EVENTS,
    show_default=True,
    help="Without --after: the last N.",
)
@form
@timezone
@options.db
@options.example(
    "orderledger tail --follow", "orderledger tail --follow --after 0 --json | my-program"
)
def tail(db: str, form: str, follow: bool, after: int | None, lines: int, **asked: Any) -> None:
    """Print the end of the log, and follow it.

    Events that other processes record appear within a tenth of a second. A program that keeps the
    position of the last event that it handled continues with `--after POSITION`: it misses none and
    gets none twice.
    """
    if follow and form not in ("table", "ndjson"):
        raise click.UsageError("--follow prints as a table or as ndjson")
    with options.open_ledger(db) as ledger:
        if after is None:
            after = max(0, ledger.internals.store.recorder.last_position() - lines)
        rows = options.ask(ledger.events, after=after, follow=follow, **asked)
        if not follow:
            listing(columns.EVENTS, "events", Queries.events)(rows, form)
            return
        for row in rows:
            click.echo(json_line(row) if form == "ndjson" else _line(row))


tail.params[3:3] = parameters_in(Queries.events, left_out=("after", "limit"))


def _line(row: Row) -> str:
    at, stream, event, what = (readable(value_of(row, name)) for name in columns.EVENTS.first)
    return f"{at}  {stream}  {styled(event, 'bold')}  {what}".rstrip()
