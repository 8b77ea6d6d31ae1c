"""The command `equity`."""

from typing import Any

import click

from orderledger.cli import columns, options
from orderledger.cli.asking import METHOD
from orderledger.cli.tables import print_rows

FEWEST_POINTS = 5
POINTS = 2_000
"""As in `projections`, whose modules every start would have to import: a test holds them equal."""


@click.command()
@METHOD
@click.option(
    "--points",
    type=click.IntRange(min=FEWEST_POINTS),
    default=POINTS,
    show_default=True,
    metavar="N",
    help="At most N rows of each currency, with the extremes of what is left out.",
)
@click.option("--all", "has_all", is_flag=True, help="Every fill, funding and adjustment.")
@options.period("Happened")
@options.account
@options.instrument
@options.strategy
@options.at_another_time
@options.as_json
@options.db
@options.example(
    "orderledger equity --account hyperliquid:main --method fifo", "orderledger equity --all --json"
)
def equity(db: str, as_json: bool, points: int, has_all: bool, **asked: Any) -> None:
    """Show the equity curve and its drawdown, by fill.

    A row for each fill, funding, adjustment and mark that changed P&L, by settlement currency, with
    the equity after it: net and unrealized P&L since the ledger began. The last row is what `pnl`
    adds up to. `moments` above 1 says that a row stands for more: then those with the lowest and
    the highest equity, the largest drawdown, and the last one are shown.
    """
    with options.open_ledger(db) as ledger:
        rows = options.ask(ledger.equity, points=None if has_all else points, **asked)
    print_rows(rows, columns.EQUITY, as_json=as_json, title="points")


COMMANDS = (equity,)
