"""The command `relay`."""

import click

from orderledger.cli import options


@click.command()
@click.argument("target", metavar="TARGET")
@click.option(
    "--after", type=click.IntRange(min=0), metavar="POSITION", help="Begin after this log position."
)
@click.option("--once", is_flag=True, help="End when all events up to now are published.")
@options.log
@options.db
@options.example(
    "orderledger relay nats://127.0.0.1:4222/orderledger",
    "orderledger relay kafka://broker1:9092,broker2:9092/orders",
)
def relay(target: str, db: str, after: int | None, once: bool, log: str | None) -> None:
    """Publish every event to NATS JetStream or Kafka.

    TARGET is nats://[USER:PASSWORD@]HOST:PORT/SUBJECT or kafka://HOST:PORT,.../TOPIC. A message is
    an event as `tail --json` prints it. Each is published at least once, in order per stream. Its
    log position identifies it: the header Nats-Msg-Id, or `position`. The ledger keeps the last
    position: if you run the command again, it continues from there.

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
            report=options.logging_as(log),
        )
        asyncio.run(running.run(after=after, is_once=once))
        click.echo(
            f"{running.published:,} events published, up to log position {running.position:,}"
        )
