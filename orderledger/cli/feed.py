"""Commands that hand on the log: `tail` and `relay`."""

from typing import Any

import click

from orderledger.cli import columns, options
from orderledger.cli.columns import Row, value_of
from orderledger.cli.output import json_line, readable, say, styled
from orderledger.cli.tables import print_rows

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
@options.account
@options.of_events
@options.as_json
@options.db
@options.example(
    "orderledger tail --follow", "orderledger tail --follow --after 0 --json | my-program"
)
def tail(db: str, as_json: bool, follow: bool, after: int | None, lines: int, **asked: Any) -> None:
    """Print the end of the log, and follow it.

    Events that other processes record appear within a tenth of a second. A program that keeps the
    position of the last event that it handled goes on with `--after POSITION`: it misses none and
    gets none twice.
    """
    with options.open_ledger(db) as ledger:
        if after is None:
            after = max(0, ledger.store.recorder.last_position() - lines)
        rows = options.ask(ledger.events, after=after, follow=follow, **asked)
        if not follow:
            print_rows(rows, columns.EVENTS, as_json=as_json, title="events")
            return
        for row in rows:
            click.echo(json_line(row) if as_json else _line(row))


def _line(row: Row) -> str:
    at, stream, event, what = (readable(value_of(row, name)) for name in columns.EVENTS.first)
    return f"{at}  {stream}  {styled(event, 'bold')}  {what}".rstrip()


@click.command()
@click.argument("target", metavar="TARGET")
@click.option(
    "--after", type=click.IntRange(min=0), metavar="POSITION", help="Begin after this log position."
)
@click.option("--once", is_flag=True, help="End when all events up to now are published.")
@options.db
@options.example(
    "orderledger relay nats://127.0.0.1:4222/orderledger",
    "orderledger relay kafka://broker1:9092,broker2:9092/orders",
)
def relay(target: str, db: str, after: int | None, once: bool) -> None:
    """Publish every event to NATS JetStream or Kafka.

    TARGET is nats://[USER:PASSWORD@]HOST:PORT/SUBJECT or kafka://HOST:PORT,.../TOPIC. A message is
    an event as `tail --json` prints it. Each is published at least once, in order per stream. Its
    log position identifies it: the header Nats-Msg-Id, or `position`. The ledger keeps the last
    position: run the command again, and it goes on.

    Exit status: 0 done, 1 the broker does not take an event, 2 wrong usage, 3 the store cannot be
    used.
    """
    import asyncio

    from orderledger.analytics.relay.relaying import Relay
    from orderledger.analytics.relay.sinks import sink_of
    from orderledger.analytics.relay.target import target_of

    parsed = target_of(target)
    with options.open_ledger(db) as ledger:
        running = Relay(
            ledger,
            sink_of(parsed),
            parsed.public,
            report=lambda sentence: say([f"orderledger: {sentence}"]),
        )
        asyncio.run(running.run(after=after, is_once=once))
        click.echo(
            f"{running.published:,} events published, up to log position {running.position:,}"
        )


COMMANDS = (tail, relay)
