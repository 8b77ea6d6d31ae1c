"""Commands for those who watch: `status`, `health`, `metrics`, `watch` and `alerts`."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from orderledger.cli import columns, options
from orderledger.cli.deriving import listing, question
from orderledger.cli.output import json_line, say
from orderledger.cli.tables import print_record, print_rows
from orderledger.serve import overview
from orderledger.serve.alerts import lists

if TYPE_CHECKING:
    from orderledger.serve.alerts.settings import AlertSettings

SECONDS = "ACCOUNT=SECONDS"


@click.command()
@options.as_json
@options.db
@options.example("orderledger status --json")
def status(as_json: bool, db: str) -> None:
    """Show the state of log, views, collectors, the gateways' breakers, the venues' clocks,
    watchers of alerts, and copies of the log."""
    from orderledger.gateway.published import breakers

    with options.open_ledger(db) as ledger:
        found = ledger.status()
        of_gateways: Any = [] if as_json else breakers(ledger)
    if as_json:
        click.echo(json_line(found))
        return
    collectors = found.pop("collectors")
    gateways = found.pop("gateways")
    watchers, copies = found.pop("watchers"), found.pop("copies")
    print_record(found)
    rows = [
        {"collector": name, "account": account, **counters}
        for name, status in collectors.items()
        for account, counters in status.get("accounts", {}).items()
    ]
    if rows:
        print_rows(rows, columns.COLLECTORS, as_json=False, title="accounts")
    for name, status in collectors.items():
        waiting = (
            f"{status.get('waiting', 0)} messages waiting, {status.get('due', 0)} accounts to "
            "reconcile"
        )
        click.echo(
            f"{name}: {'running' if status.get('is_running') else 'stopped'} at "
            f"{status.get('at', '?')}, {waiting}"
        )
        for stage, measured in status.get("latencies", {}).items():
            times = [
                f"{word} {measured[f'latency_us_{word}'] / 1000:.1f} ms"
                for word in ("p50", "p90", "p99", "max")
            ]
            click.echo(f"  {stage}: {', '.join(times)}, of {measured['count']:,}")
    if of_gateways:
        print_rows(of_gateways, columns.BREAKERS, as_json=False, title="breakers")
    for account, status in gateways.items():
        if (clock := status.get("clock")) is not None:
            click.echo(
                f"{account}: the venue's clock is {clock['offset_seconds']} s ahead of ours, "
                f"within {clock['within_seconds']} s, as {status['holder']} measured at "
                f"{status['at']}"
            )
    for account, until in _pauses([gateways, *(one["accounts"] for one in collectors.values())]):
        click.echo(f"{account}: the venue asked for a pause until {until}")
    for name, status in watchers.items():
        click.echo(
            f"watcher {name}: {'running' if status['is_running'] else 'stopped'}, looked at "
            f"{status['at']}"
        )
    for name, status in copies.items():
        click.echo(
            f"{name}: up to log position {status['position']:,}, {status['events_behind']:,} "
            f"events and {status['seconds_behind']} s behind the log"
        )


def _pauses(statuses: Sequence[Mapping[str, Any]]) -> Sequence[tuple[str, str]]:
    """The accounts whose venue asked for a pause, each with its latest end."""
    ends: dict[str, str] = {}
    for account, status in (item for accounts in statuses for item in accounts.items()):
        if (until := status.get("paused_until")) is not None:
            ends[account] = max(until, ends.get(account, until))
    return sorted(ends.items())


@click.command()
@click.option(
    "--views-behind",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    help="Events that the views may be behind the log.",
)
@click.option(
    "--feed",
    "feeds",
    multiple=True,
    metavar=SECONDS,
    help="A collector must have listened to ACCOUNT so recently.",
)
@click.option(
    "--message",
    "messages",
    multiple=True,
    metavar=SECONDS,
    help="The last message about ACCOUNT must be so recent.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@options.db
@options.example(
    "orderledger health --feed hyperliquid:main=30", "orderledger health --views-behind 1000 --json"
)
def health(
    db: str, as_json: bool, views_behind: int, feeds: tuple[str, ...], messages: tuple[str, ...]
) -> None:
    """Check that the ledger is ready.

    Checks that the store can be read and written, that the views follow the log, and that feeds
    deliver. For the health checks of Docker, systemd and Kubernetes. A process that records updates
    the views; without one, they stay behind.

    Exit status: 0 ready, 1 not ready, 2 wrong usage, 3 no ledger, or the store cannot be
    used.
    """
    from orderledger.serve.health import ReadinessLimits, ready

    limits = ReadinessLimits(
        views_behind=views_behind,
        feeds=_ages("--feed", feeds),
        messages=_ages("--message", messages),
    )
    with options.open_ledger(db) as ledger:
        found = ready(ledger, limits)
    if as_json:
        click.echo(json_line(found.shown()))
    else:
        click.echo("\n".join(one.text for one in found.reasons) or "ready")
    is_usable = all(one.check != "store" for one in found.reasons)
    sys.exit(0 if found.is_ready else 1 if is_usable else 3)


def _ages(option: str, given: tuple[str, ...]) -> dict[str, float]:
    ages: dict[str, float] = {}
    for text in given:
        account, _, seconds = text.rpartition("=")
        try:
            ages[account] = float(seconds)
        except ValueError:
            ages[account] = 0.0
        if not account or not 0 < ages[account] <= 86_400 * 366:
            raise click.BadParameter(
                f"{text!r} is not ACCOUNT=SECONDS, such as sim:main=30", param_hint=option
            )
    return ages


@click.command()
@options.db
@options.example("orderledger metrics > /var/lib/node_exporter/orderledger.prom.new")
def metrics(db: str) -> None:
    """Print metrics of the store, as Prometheus reads them.

    For the textfile collector of node_exporter, and for a look. `orderledger serve` answers the
    same under `/metrics`, with counts of its own recording. Needs the extra `serve`.
    """
    from orderledger.serve.metrics import metrics_text

    with options.open_ledger(db) as ledger:
        text = metrics_text(ledger, of_process=False)
    sys.stdout.write(text.decode())


CONFIG = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False),
    envvar="ORDERLEDGER_ALERTS",
    default="alerts.toml",
    show_default=True,
    help="TOML file with rules and targets.",
)


@click.command()
@CONFIG
@click.option("--once", is_flag=True, help="Look once, deliver what is due, and end. For cron.")
@click.option("--check", is_flag=True, help="Only check the settings, and list the rules.")
@options.log
@options.db
@options.example(
    "orderledger watch --config alerts.toml", "orderledger watch --config alerts.toml --check"
)
def watch(db: str, config: str, once: bool, check: bool, log: str | None) -> None:
    """Watch the ledger, and raise alerts.

    Looks at the log, the views and the collectors by the rules of a TOML file, until stopped
    (SIGTERM, SIGINT). An alert is raised once and cleared once. Each is delivered at least once to
    its targets, also after a crash.

    \b
      [[targets]]
      name = "desk"
      webhook = "https://example.org/hooks/orders"
      [[rules]]
      kind = "unresolved"
      seconds = 30

    \b
    Exit status: 0 stopped, or with --once all was delivered, 1 with --once a target failed,
    2 a setting is wrong, 3 the store cannot be used.
    """
    from orderledger.serve.alerts.settings import read_alert_settings
    from orderledger.serve.alerts.watcher import Watcher

    settings = read_alert_settings(config)
    if check:
        for rule in settings.rules:
            click.echo(
                f"{rule.title}: {rule.kind}, {rule.severity}, to "
                f"{', '.join(settings.targets_of(rule)) or 'nobody'}"
            )
        return
    options.set_up_log(log)
    if not once:
        _watch(db, settings)
        return
    with options.open_ledger(db) as ledger:
        watcher = Watcher(ledger, settings)
        found = watcher.look()
        is_delivered = watcher.deliver()
    click.echo(f"{len(found.raised)} raised, {len(found.cleared)} cleared")
    if not is_delivered:
        say(["orderledger: a target failed: `orderledger alerts` shows why"])
        sys.exit(1)


def _watch(db: str, settings: "AlertSettings") -> None:
    import threading

    from orderledger.serve.alerts.watcher import Watcher
    from orderledger.venues.collecting.signals import Signals

    stopping = threading.Event()
    with Signals() as signals, options.open_ledger(db) as ledger, Watcher(ledger, settings):
        signals.lead_to(stopping.set)
        while not stopping.wait(
            1.0
        ):  # a wait without an end would not let the handler run on every platform
            pass


alerts = question(
    lists.alerts,
    listing(columns.ALERTS, "alerts", lists.alerts),
    "orderledger alerts --open",
    "orderledger alerts --rule unresolved --json",
)
accounts = question(
    overview.accounts,
    listing(columns.ACCOUNTS, "accounts", overview.accounts),
    "orderledger accounts --minutes 60",
)
breaks = question(
    overview.breaks,
    listing(columns.OPEN_BREAKS, "breaks", overview.breaks),
    "orderledger breaks --account hyperliquid:main",
)
