"""Commands for those who watch: `health`, `metrics`, `watch` and `alerts`."""

import sys
from typing import Any

import click

from orderledger.cli import options
from orderledger.cli.output import json_line

SECONDS = "ACCOUNT=SECONDS"


@click.command()
@click.option(
    "--views-behind",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    help="Events that the views may be behind the log.",
)
@click.option("--feed", "feeds", multiple=True, metavar=SECONDS, help="A collector must have listened to ACCOUNT so recently.")
@click.option("--message", "messages", multiple=True, metavar=SECONDS, help="The last message about ACCOUNT must be so recent.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@options.db
@options.example("orderledger health --feed hyperliquid:main=30", "orderledger health --views-behind 1000 --json")
def health(db: str, as_json: bool, views_behind: int, feeds: tuple[str, ...], messages: tuple[str, ...]) -> None:
    """Check that the ledger is ready.

    Checks that the store can be read, that the views follow the log, and that feeds are heard. For the health checks of Docker,
    systemd and Kubernetes. A process that records updates the views; without one, they stay behind.

    Exit status: 0 ready, 1 not ready, also if there is no ledger or the store cannot be used, 2 wrong usage.
    """
    from orderledger.infrastructure.errors import StoreError
    from orderledger.service.health import ReadinessLimits, ready, unreachable

    limits = ReadinessLimits(views_behind=views_behind, feeds=_ages("--feed", feeds), messages=_ages("--message", messages))
    try:
        with options.open_ledger(db) as ledger:
            found = ready(ledger, limits)
    except StoreError as error:
        found = unreachable(error)
    if as_json:
        click.echo(json_line(found.shown()))
    else:
        click.echo("\n".join(one.text for one in found.reasons) or "ready")
    sys.exit(0 if found.is_ready else 1)


def _ages(option: str, given: tuple[str, ...]) -> dict[str, float]:
    ages: dict[str, float] = {}
    for text in given:
        account, _, seconds = text.rpartition("=")
        try:
            ages[account] = float(seconds)
        except ValueError:
            ages[account] = 0.0
        if not account or not 0 < ages[account] <= 86_400 * 366:
            raise click.BadParameter(f"{text!r} is not ACCOUNT=SECONDS, such as sim:main=30", param_hint=option)
    return ages


@click.command()
@options.db
@options.example("orderledger metrics > /var/lib/node_exporter/orderledger.prom.new")
def metrics(db: str) -> None:
    """Print metrics of the store, as Prometheus reads them.

    For the textfile collector of node_exporter, and for a look. `orderledger serve` answers the same under `/metrics`, with what
    it has recorded itself. Needs the extra `serve`.
    """
    from orderledger.service.metrics import metrics_text

    with options.open_ledger(db) as ledger:
        text = metrics_text(ledger, of_process=False)
    sys.stdout.write(text.decode())


COMMANDS: tuple[Any, ...] = (health, metrics)
