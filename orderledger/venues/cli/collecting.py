"""Commands about venues: `collect`, `reconcile`, `revert`, `translate`."""

import sys
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from orderledger.cli import columns, options
from orderledger.cli.output import json_line, say
from orderledger.cli.tables import print_rows

if TYPE_CHECKING:
    from orderledger.venues.collecting.reconciling import AccountReport
    from orderledger.venues.collecting.signals import Signals

CONFIG = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False),
    envvar="ORDERLEDGER_CONFIG",
    default="orderledger.toml",
    show_default=True,
    help="TOML file with the venues and accounts.",
)


@click.command()
@click.argument("config", type=click.Path(exists=True, dir_okay=False))
@options.log
@options.example("orderledger collect orderledger.toml")
def collect(config: str, log: str | None) -> None:
    """Listen to venues and record their reports.

    Listens, records and reconciles until stopped (SIGTERM, SIGINT). CONFIG is a TOML file:

    \b
      db = "orders.db"
      [[venues]]
      venue = "hyperliquid"
      accounts = [{ account = "hyperliquid:main", address = "0x..." }]

    \b
    Records every interruption of a feed as a gap. The gap ends after the missed reports were
    queried. `orderledger status` shows the collector at work.
    Exit status: 0 stopped, 2 a setting is wrong, 3 the store failed.
    """
    from orderledger.venues.collecting.signals import Signals

    with Signals() as signals:
        _collect(config, log, signals)


def _collect(config: str, log: str | None, signals: "Signals") -> None:
    from pathlib import Path

    from orderledger.venues.collecting.records import records_of
    from orderledger.venues.collecting.running import run
    from orderledger.venues.collecting.settings import CollectSettings

    settings = CollectSettings.read(Path(config))
    options.set_up_log(log or settings.log)
    with (
        options.make_ledger(
            settings.db, update_views="process", say_new=options.log_new_ledger
        ) as ledger,
        records_of(settings.db, ledger, settings.adapters) as records,
    ):
        run(settings, ledger, records, signals)


@click.command()
@CONFIG
@click.option("--account", help="Only this account.")
@click.option(
    "--dry-run", is_flag=True, help="Show the messages that would be appended, and append nothing."
)
@click.option(
    "--adjust-positions",
    is_flag=True,
    help="If the log does not explain a position or a balance, adjust it to the venue's.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="NDJSON: a line for each break, then one with the account's certificate. With --dry-run "
    "it also has the lists of all stages.",
)
@options.log
@options.example("orderledger reconcile --config orderledger.toml --dry-run")
def reconcile(
    config: str,
    account: str | None,
    dry_run: bool,
    adjust_positions: bool,
    as_json: bool,
    log: str | None,
) -> None:
    """Compare accounts with their venues.

    Compares orders, fills, positions and balances by currency. Appends what the ledger missed, and
    certifies what agrees.

    A difference is a break. If the venue's report settles a break, messages with source
    `reconciliation` and the break as their cause are appended. The other breaks stay open and are
    shown. A second run appends nothing.

    \b
    Exit status: 0 all agrees now, 1 breaks are open or a venue could not be queried,
    2 a setting is wrong, 3 the store failed.
    """
    import asyncio
    from pathlib import Path

    from orderledger.venues.collecting.reconciling import (
        check_account,
        is_agreed,
        reconcile,
    )
    from orderledger.venues.collecting.settings import CollectSettings

    settings = CollectSettings.read(Path(config))
    check_account(settings, account)
    options.set_up_log(log or settings.log)
    opened = (
        options.open_ledger(settings.db)
        if dry_run
        else options.make_ledger(settings.db, say_new=options.log_new_ledger)
    )
    with opened as ledger:
        asked = reconcile(
            settings, ledger, account=account, is_dry_run=dry_run, adjust_positions=adjust_positions
        )
        reports = asyncio.run(asked)
    for report in reports:
        _print_reconciled(report, as_json=as_json, is_dry_run=dry_run)
    if not all(map(is_agreed, reports)):
        sys.exit(1)


def _print_reconciled(report: "AccountReport", *, as_json: bool, is_dry_run: bool) -> None:
    from orderledger.venues.collecting.reconciling import in_words

    breaks: Any = report["breaks"]
    if as_json:
        for row in breaks:
            click.echo(json_line(row))
        click.echo(json_line({name: value for name, value in report.items() if name != "breaks"}))
        return
    rows = [
        {**row, "repairs": ", ".join(repair["type"] for repair in row["repairs"])} for row in breaks
    ]
    if rows:
        print_rows(rows, columns.BREAKS, as_json=False, title="breaks")
    sentence = in_words(report, is_dry_run=is_dry_run)
    if report.get("fault"):
        say([sentence])
    else:
        click.echo(sentence)


@click.command()
@click.argument("break_id", metavar="BREAK")
@click.option("--account", help="Only this account.")
@click.option(
    "--dry-run", is_flag=True, help="Show the messages that would be appended, and append nothing."
)
@options.db
def revert(break_id: str, account: str | None, dry_run: bool, db: str) -> None:
    """Undo the repairs of a BREAK.

    Appends messages that undo them: a fill is busted, an end reinstated, terms and positions
    restored. BREAK is the id of the break, from `reconcile --json` or the causation id of its
    events. If a break was found several times, its last repairs are undone. If several accounts
    have the break, give --account.

    Prints the appended messages. If the break was undone before, there are none, and stderr says
    so.

    \b
      orderledger revert missing_fill:SPY:900101:900101-4 --dry-run

    Exit status: 0 undone, 1 no event has the break as its cause, 2 wrong usage, 3 the store cannot
    be used.
    """
    from orderledger.extend.messages import document
    from orderledger.extend.values import SystemClock
    from orderledger.venues.reconciliation.reverting import repairs_of, reverting

    with options.open_ledger(db) as ledger:
        repairs = repairs_of(ledger, break_id, account)
        if not repairs:
            say([f"orderledger: no event has {break_id!r} as its cause"])
            sys.exit(1)
        accounts = sorted({repair["account"] for repair in repairs})
        if len(accounts) > 1:
            raise click.UsageError(
                f"{break_id!r} is a break of {', '.join(accounts)}: give --account"
            )
        messages = reverting(ledger, repairs, SystemClock().now())
        outcomes = ledger.recording.preview(messages) if dry_run else ledger.record_many(messages)
    appended = [
        message
        for message, outcome in zip(messages, outcomes, strict=True)
        if outcome.outcome == "recorded"
    ]
    for message in appended:
        click.echo(json_line(document(message)))
    if not appended:
        why = (
            "it was undone before"
            if messages
            else "its repairs are evidence only, which changes nothing"
        )
        say([f"orderledger: nothing to append for {break_id!r}: {why}"])


def _venues() -> tuple[str, ...]:
    from orderledger.venues.base.registry import installed

    return installed()


@click.command()
@click.argument("venue", type=options.Word(_venues))
@click.argument("file", default="-", type=options.Input())
@click.option("--account", required=True, help="The account's name in the ledger.")
@click.option(
    "--number",
    default="",
    help="Number or address of the account at the venue, if payloads name several.",
)
@click.option(
    "--db", help="Ledger that shows which orders are ours, and their state. Default: none."
)
def translate(venue: str, file: BinaryIO, account: str, number: str, db: str | None) -> None:
    """Turn payloads of a VENUE into messages.

    Reads recorded payloads, JSON documents one after the other, and prints messages for
    `orderledger record`.

    FILE holds frames of its websocket and answers to its queries, in the order they came. Each is
    read together with those before it. If one cannot be read, stderr reports its line number; the
    others are translated.

    Exit status: 0 done, 1 some could not be read, 2 wrong usage, 3 the store cannot be used.

    \b
      orderledger translate hyperliquid frames.ndjson --account hyperliquid:main \\
        | orderledger record -
    """
    from contextlib import ExitStack

    from orderledger.venues.base.registry import adapter
    from orderledger.venues.collecting.records import records_of
    from orderledger.venues.collecting.translating import translated

    faults, records, venues_adapter = 0, None, adapter(venue)
    with ExitStack() as opened:
        if db is not None:
            records = opened.enter_context(
                records_of(db, opened.enter_context(options.open_ledger(db)), [venues_adapter])
            )
        for payload in translated(
            venues_adapter.recording(account, number, records), options.lines_of(file)
        ):
            for line in payload.lines:
                click.echo(line)
            faults += len(payload.faults)
            say([f"line {payload.line_number}: {fault}" for fault in payload.faults])
    if faults:
        sys.exit(1)
