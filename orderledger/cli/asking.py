"""Commands that query the views."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any

import click

from orderledger.cli import columns, options
from orderledger.cli.columns import Columns, Row
from orderledger.cli.output import print_json
from orderledger.cli.tables import print_note, print_record, print_rows
from orderledger.infrastructure.printable import printable

STATUSES = (
    "pending_new", "new", "partially_filled", "filled", "canceled", "rejected", "denied", "expired",
    "suspended", "stopped",
    "done_for_day",
)  # fmt: skip
SOURCES = ("strategy", "operator", "venue_push", "venue_poll", "reconciliation", "import")
DOUBTS = {
    "order": "unknown whether it arrived",
    "cancel": "unknown whether it was canceled",
    "replace": "unknown whether it was changed",
    "absence": "the venue had shown it, and no longer knows it",
}
METHOD = click.option(
    "--method",
    type=click.Choice(["average", "fifo", "lifo"]),
    default="average",
    show_default=True,
    help="Lots that a fill closes first.",
)


def _print_stream(
    db: str,
    view: str,
    shown: Columns,
    *,
    as_json: bool,
    title: str,
    keeps: Callable[[Row], bool] | None = None,
    **asked: Any,
) -> None:
    """Print rows of a view as the database returns them, until the reader closes the output."""
    with (
        options.open_ledger(db) as ledger,
        closing(options.ask(ledger.stream, view, **asked)) as rows,
    ):
        print_rows(
            rows if keeps is None else filter(keeps, rows), shown, as_json=as_json, title=title
        )


@click.command()
@click.option("--open", "open_only", is_flag=True, help="Only open orders.")
@click.option(
    "--status",
    type=click.Choice(STATUSES),
    metavar="STATUS",
    help=f"Only this status: {', '.join(STATUSES)}.",
)
@click.option(
    "--certainty",
    type=click.Choice(["confirmed", "unresolved"]),
    help="`unresolved`: orders with an unknown outcome.",
)
@options.side
@click.option(
    "--origin",
    type=click.Choice(["own", "external"]),
    help="Requested here, or known from the venue only.",
)
@options.period("Requested (an order that was not requested here: last updated)")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="At most N orders, those updated last."
)
@options.account
@options.instrument
@options.strategy
@options.at_another_time
@options.as_json
@options.db
@options.example(
    "orderledger orders --open --account hyperliquid:main",
    "orderledger orders --certainty unresolved --json",
)
def orders(db: str, as_json: bool, limit: int | None, **asked: Any) -> None:
    """List orders, oldest request first."""
    if limit is None:
        _print_stream(db, "orders", columns.ORDERS, as_json=as_json, title="orders", **asked)
        return
    with options.open_ledger(db) as ledger:
        print_rows(
            options.ask(ledger.orders, limit=limit, **asked),
            columns.ORDERS,
            as_json=as_json,
            title="orders",
        )


@click.command()
@click.argument("order_id", metavar="ID")
@options.account
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger order C-1 --effective-at 2026-11-20T09:00:00Z")
def order(order_id: str, db: str, as_json: bool, **asked: Any) -> None:
    """Show one order, by any of its ids.

    ID is our id, a replacement's, a request's, the venue's, or an alias. Put an ID that begins with
    a dash after `--`.

    Exit status: 0 done, 1 no such order, or several accounts have one, 2 wrong usage, 3 the store
    cannot be used.
    """
    with options.open_ledger(db) as ledger:
        row = ledger.order(order_id, **asked)
    if as_json:
        print_json([row])
    else:
        print_record(row)


@click.command()
@click.argument("order_id", metavar="ID")
@options.account
@options.of_events
@options.at_another_time
@options.as_json
@options.db
@options.example(
    "orderledger history C-1 --account sim:main",
    "orderledger history C-1 --name fill_recorded --source venue_poll",
)
def history(order_id: str, db: str, as_json: bool, **asked: Any) -> None:
    """List the events of one order, as recorded.

    ID is any id of the order. Put an ID that begins with a dash after `--`.

    Exit status: 0 done, 1 no such order, or several accounts have one, 2 wrong usage, 3 the store
    cannot be used.
    """
    with options.open_ledger(db) as ledger:
        rows = options.ask(ledger.history, order_id, **asked)
    print_rows(rows, columns.STORY, as_json=as_json, title="events")


@click.command()
@click.option("--all", "include_busted", is_flag=True, help="Also busted and corrected fills.")
@options.period("Happened")
@options.side
@click.option(
    "--source",
    type=click.Choice(SOURCES),
    metavar="SOURCE",
    help=f"Only this source: {', '.join(SOURCES)}.",
)
@options.account
@options.instrument
@options.strategy
@options.at_another_time
@options.as_json
@options.db
@options.example(
    "orderledger trades --instrument BTC-USD --since 2026-11-20T00:00:00Z --until "
    "2026-11-21T00:00:00Z"
)
def trades(db: str, as_json: bool, **asked: Any) -> None:
    """List trades: fills, in the order they happened."""
    _print_stream(db, "trades", columns.TRADES, as_json=as_json, title="trades", **asked)


@click.command()
@METHOD
@options.account
@options.instrument
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger positions --method fifo --account hyperliquid:main")
def positions(db: str, as_json: bool, **asked: Any) -> None:
    """List positions with P&L and exposure.

    The exposure is the quantity that open and unresolved orders may still fill.
    """
    with options.open_ledger(db) as ledger:
        print_rows(ledger.positions(**asked), columns.PNL, as_json=as_json, title="positions")


@click.command()
@METHOD
@click.option(
    "--by",
    default="account,instrument",
    show_default=True,
    help="Group by any of account, instrument, strategy, day.",
)
@click.option(
    "--timezone",
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="Time zone of the days, e.g. Europe/Berlin.",
)
@options.period("P&L of the period from fills, fees and funding")
@options.account
@options.instrument
@options.strategy
@options.at_another_time
@options.as_json
@options.db
@options.example(
    "orderledger pnl --by strategy,day --timezone Europe/Berlin",
    "orderledger pnl --since 2026-11-20T00:00:00Z --until 2026-11-21T00:00:00Z",
)
def pnl(db: str, as_json: bool, by: str, **asked: Any) -> None:
    """Show P&L, fees and funding, by currency.

    With --since or --until: the P&L of that period. Its unrealized P&L is the change between the
    marks at both ends.
    """
    with options.open_ledger(db) as ledger:
        rows = options.ask(ledger.pnl, by=by, **asked)
    print_rows(rows, columns.PNL, as_json=as_json, title="rows")


@click.command()
@click.option("--open", "open_only", is_flag=True, help="Only anomalies that are not cleared.")
@click.option("--code", metavar="CODE", help="Only this code, e.g. overfill.")
@options.period("Detected")
@options.account
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger anomalies --open")
def anomalies(db: str, as_json: bool, open_only: bool, **asked: Any) -> None:
    """List anomalies, including cleared ones."""
    keeps = (lambda row: row["cleared_at"] is None) if open_only else None
    _print_stream(
        db, "anomalies", columns.ANOMALIES, as_json=as_json, title="anomalies", keeps=keeps, **asked
    )


@click.command()
@click.option(
    "--state", type=click.Choice(["proposed", "approved", "declined"]), help="Only this state."
)
@click.option(
    "--decided-by", metavar="ACTOR", help="Only proposals approved or declined by this actor."
)
@options.period("Made")
@options.account
@options.strategy
@options.at_another_time
@options.as_json
@options.db
@options.example(
    "orderledger proposals --strategy condor", "orderledger proposals --state proposed"
)
def proposals(db: str, as_json: bool, **asked: Any) -> None:
    """List proposals, their decisions and orders."""
    with options.open_ledger(db) as ledger:
        print_rows(
            options.ask(ledger.proposals, **asked),
            columns.PROPOSALS,
            as_json=as_json,
            title="proposals",
        )


@click.command()
@options.account
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger instruments --account hyperliquid:main")
def instruments(db: str, as_json: bool, **asked: Any) -> None:
    """List instrument definitions and marks."""
    with options.open_ledger(db) as ledger:
        print_rows(
            ledger.instruments(**asked), columns.INSTRUMENTS, as_json=as_json, title="instruments"
        )


@click.command()
@options.period("Price of")
@options.account
@options.instrument
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger marks --instrument BTC-USD --since 2026-11-20T00:00:00Z")
def marks(db: str, as_json: bool, **asked: Any) -> None:
    """List the marks of instruments: prices that value open positions."""
    _print_stream(db, "marks", columns.MARKS, as_json=as_json, title="marks", **asked)


@click.command("account-events")
@click.option("--kind", type=click.Choice(["funding", "adjust", "gap"]), help="Only this kind.")
@options.period("Happened")
@options.account
@options.instrument
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger account-events --kind gap")
def account_events(db: str, as_json: bool, **asked: Any) -> None:
    """List funding, adjustments and feed gaps."""
    _print_stream(
        db,
        "account_events",
        columns.ACCOUNT_EVENTS,
        as_json=as_json,
        title="account events",
        **asked,
    )


@click.command()
@options.period("Made")
@options.account
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger certificates --account hyperliquid:main --json | tail -1")
def certificates(db: str, as_json: bool, **asked: Any) -> None:
    """List certificates of reconciliations."""
    _print_stream(
        db, "certificates", columns.CERTIFICATES, as_json=as_json, title="certificates", **asked
    )


@click.command()
@options.account
@options.as_json
@options.db
@options.example("orderledger recover --account hyperliquid:main")
def recover(db: str, as_json: bool, account: str | None) -> None:
    """List the orders in doubt after a restart.

    Lists open, in-flight and unresolved orders, and pending cancels and replaces, with the cost of
    finding them. Each doubt has its age and the commands that settle it. With --json the last line
    is the summary.
    """
    from orderledger.projections.recovery import finding

    with options.open_ledger(db) as ledger:
        found = ledger.recover(account=account)
    doubts = {doubt["stream"]: doubt for doubt in found.doubts}
    rows = [
        {"finding": finding(row), "doubt": doubts.get(row["stream"]), **row} for row in found.open
    ]
    cost = {"events_read": found.events_read, "seconds": f"{found.seconds:.4f}"}
    counts = {
        name: len(getattr(found, name)) for name in ("open", "in_flight", "unresolved", "pending")
    }
    if as_json:
        print_json([*rows, {"summary": {**counts, **cost}}])
    else:
        title = "open orders"
        print_rows(rows, columns.RECOVERED, as_json=False, title=title)
        print_doubts(found.doubts)
        counted = (
            f"{counts['in_flight']} in flight, {counts['unresolved']} unresolved, "
            f"{counts['pending']} with a pending request"
        )
        print_note(f"{counted}; read {found.events_read} events in {found.seconds:.3f} s")


def print_doubts(doubts: Sequence[Any]) -> None:
    """Print each doubt with its age, and the commands that settle it."""
    for doubt in doubts:
        name = f"{doubt['client_order_id'] or doubt['venue_order_id']} of {doubt['account']}"
        age = timedelta(seconds=int(doubt["age_seconds"]))
        click.echo(printable(f"{name}: {DOUBTS[doubt['about']]} for {age} ({doubt['reason']})"))
        for command in doubt["commands"]:
            click.echo(f"    {printable(command)}")


@click.command()
@click.option(
    "--after",
    type=click.IntRange(min=0),
    default=0,
    metavar="POSITION",
    help="Only events after this log position.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N events.")
@options.account
@options.of_events
@options.as_json
@options.db
@options.example(
    "orderledger events --account sim:main --json > log.ndjson",
    "orderledger events --actor anna --name proposal_approved",
)
def events(db: str, as_json: bool, **asked: Any) -> None:
    """List the events of the log."""
    with options.open_ledger(db) as ledger:
        print_rows(
            options.ask(ledger.events, **asked), columns.EVENTS, as_json=as_json, title="events"
        )


COMMANDS = (
    orders, order, history, trades, positions, pnl, recover, anomalies, proposals, instruments,
    marks, account_events,
    certificates, events,
)  # fmt: skip
