"""Commands that measure risk and speed: `exposure` and `latency`."""

from typing import Any

import click

from orderledger.cli import columns, options
from orderledger.cli.output import print_json
from orderledger.cli.tables import print_rows


@click.command()
@options.account
@options.instrument
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger exposure --account hyperliquid:main", "orderledger exposure --json")
def exposure(db: str, as_json: bool, **asked: Any) -> None:
    """Show what positions and P&L may become.

    Shows each position with the least and the most that it becomes if any open orders are filled,
    unresolved ones and outstanding replaces included; and the P&L with what unresolved orders may
    have made of it. An empty limit has no bound. A second table lists the orders; with --json they
    are in `orders`.
    """
    with options.open_ledger(db) as ledger:
        rows = options.ask(ledger.exposure, **asked)
    if as_json:
        print_json(rows)
        return
    print_rows(rows, columns.EXPOSURE, as_json=False, title="positions")
    orders = [
        {"account": row["account"], "instrument": row["instrument"], **order}
        for row in rows
        for order in row["orders"]
    ]
    if orders:
        click.echo()
        print_rows(orders, columns.EXPOSED_ORDERS, as_json=False, title="open orders")


@click.command()
@click.option(
    "--by",
    default="account",
    show_default=True,
    help="Group by any of account, strategy, hour, instrument.",
)
@options.period("Requested (an order that was not requested here: last updated)")
@options.account
@options.instrument
@options.strategy
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger latency --by account,hour --since 2026-11-20T00:00:00Z")
def latency(db: str, as_json: bool, **asked: Any) -> None:
    """Show how long the steps of orders took.

    Microseconds by our clock (`ours`: when events were recorded) and by the venue's (`venue`: the
    times in its reports, less our time of sending). Then, by group: orders, rejected, denied,
    unresolved, and timeouts among the unresolved.
    """
    with options.open_ledger(db) as ledger:
        rows = options.ask(ledger.latency, **asked)
    if as_json:
        print_json(rows)
        return
    steps = [{**row, **step} for row in rows for step in row["steps"]]
    if steps:
        print_rows(steps, columns.LATENCY_STEPS, as_json=False, title="steps")
        click.echo()
    print_rows(rows, columns.LATENCY_COUNTS, as_json=False, title="groups")


COMMANDS = (exposure, latency)
