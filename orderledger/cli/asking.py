"""Questions to the views."""

from datetime import datetime
from typing import Any

import click

from orderledger.cli import columns, options
from orderledger.cli.columns import Row
from orderledger.cli.output import people as console_for_people
from orderledger.cli.output import print_json, print_record, print_rows, readable

STATUSES = (
    "pending_new", "new", "partially_filled", "filled", "canceled", "rejected", "denied", "expired", "suspended", "stopped",
    "done_for_day",
)  # fmt: skip
METHOD = click.option(
    "--method", type=click.Choice(["average", "fifo", "lifo"]), default="average", show_default=True, help="Lots closed first."
)


@click.command()
@click.option("--open", "open_only", is_flag=True, help="Only those that have not ended.")
@click.option("--status", type=click.Choice(STATUSES), metavar="STATUS", help=f"With this status only: {', '.join(STATUSES)}.")
@click.option(
    "--certainty", type=click.Choice(["confirmed", "unresolved"]), help="`unresolved`: what became of them is not known."
)
@options.side
@click.option("--origin", type=click.Choice(["own", "external"]), help="Requested here, or known from the venue alone.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N: those of which was heard last.")
@options.account
@options.instrument
@options.strategy
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger orders --open --account hyperliquid:main", "orderledger orders --certainty unresolved --json")
def orders(db: str, as_json: bool, open_only: bool, **asked: Any) -> None:
    """Orders, oldest request first."""
    with options.ask_ledger(db) as ledger:
        print_rows(ledger.orders(open_only=open_only, **asked), columns.ORDERS, as_json=as_json, title="orders")


@click.command()
@click.argument("name", metavar="ID")
@options.account
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger order C-1 --effective-at 2026-11-20T09:00:00Z")
def order(name: str, db: str, as_json: bool, **asked: Any) -> None:
    """One order, by any ID it has borne: ours, a replacement's, a request's, the venue's, an alias. One that begins with a dash
    goes behind `--`.

    Exit status: 0 done, 1 no such order, or several accounts have one, 2 wrong usage, 3 the store cannot be used.
    """
    with options.ask_ledger(db) as ledger:
        row = ledger.order(name, **asked)
    if as_json:
        print_json([row])
    else:
        print_record(row)


@click.command()
@click.argument("name", metavar="ID")
@options.account
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger history C-1 --account sim:main")
def history(name: str, db: str, as_json: bool, **asked: Any) -> None:
    """The story of one order: its events, as they were recorded. An ID that begins with a dash goes behind `--`.

    Exit status: 0 done, 1 no such order, or several accounts have one, 2 wrong usage, 3 the store cannot be used.
    """
    with options.ask_ledger(db) as ledger:
        rows = ledger.history(name, **asked)
    if as_json:
        print_json(rows)
    else:
        _print_story(rows)


def _print_story(rows: list[Row]) -> None:
    told = [
        {
            "version": row["version"],
            "at": row["at"],
            "event": row["name"].partition(".")[0].replace("_", " "),
            "what": " ".join(f"{name}={readable(value)}" for name, value in row["payload"].items() if name != "at"),
            "text": row.get("text"),
            "source": row["source"],
            "recorded_at": row["recorded_at"],
            "position": row["position"],
        }
        for row in rows
    ]
    print_rows(told, columns.STORY, as_json=False, title="events")


@click.command()
@click.option("--all", "with_busted", is_flag=True, help="Also fills that were busted or corrected.")
@click.option("--since", type=options.Time(), metavar="T", help="That happened at T or later.")
@click.option("--until", type=options.Time(), metavar="T", help="That happened before T.")
@options.side
@options.account
@options.instrument
@options.strategy
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger trades --instrument BTC-USD --since 2026-11-20T00:00:00Z --until 2026-11-21T00:00:00Z")
def trades(db: str, as_json: bool, with_busted: bool, **asked: Any) -> None:
    """The trade history: the fills that stand, in the order they happened."""
    with options.ask_ledger(db) as ledger:
        print_rows(ledger.trades(with_busted=with_busted, **asked), columns.TRADES, as_json=as_json, title="trades")


@click.command()
@METHOD
@options.account
@options.instrument
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger positions --method fifo --account hyperliquid:main")
def positions(db: str, as_json: bool, **asked: Any) -> None:
    """Positions with their P&L, and what open and unresolved orders may add to them."""
    with options.ask_ledger(db) as ledger:
        print_rows(ledger.positions(**asked), columns.PNL, as_json=as_json, title="positions")


@click.command()
@METHOD
@click.option("--by", default="account,instrument", show_default=True, help="Any of account, instrument, strategy, day.")
@options.account
@options.instrument
@options.strategy
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger pnl --by strategy,day")
def pnl(db: str, as_json: bool, by: str, **asked: Any) -> None:
    """Realized and unrealized P&L, fees and funding, each in its own currency."""
    with options.ask_ledger(db) as ledger:
        try:
            rows = ledger.pnl(by=by, **asked)
        except ValueError as fault:
            raise click.BadParameter(str(fault), param_hint="--by") from None
    print_rows(rows, columns.PNL, as_json=as_json, title="rows")


@click.command()
@click.option("--open", "open_only", is_flag=True, help="Only what was not cleared.")
@options.account
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger anomalies --open")
def anomalies(db: str, as_json: bool, **asked: Any) -> None:
    """What was odd: every anomaly that was detected, and when it was cleared."""
    with options.ask_ledger(db) as ledger:
        print_rows(ledger.anomalies(**asked), columns.ANOMALIES, as_json=as_json, title="anomalies")


@click.command()
@options.account
@options.strategy
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger proposals --strategy condor")
def proposals(db: str, as_json: bool, **asked: Any) -> None:
    """Proposals, what was decided about them, and the orders that carry them out."""
    with options.ask_ledger(db) as ledger:
        print_rows(ledger.proposals(**asked), columns.PROPOSALS, as_json=as_json, title="proposals")


@click.command()
@options.account
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger instruments --account hyperliquid:main")
def instruments(db: str, as_json: bool, **asked: Any) -> None:
    """Instruments as they were defined, with their marks."""
    with options.ask_ledger(db) as ledger:
        print_rows(ledger.instruments(**asked), columns.INSTRUMENTS, as_json=as_json, title="instruments")


@click.command("account-events")
@click.option("--kind", type=click.Choice(["funding", "adjust", "gap"]), help="Of this kind only.")
@options.account
@options.instrument
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger account-events --kind gap")
def account_events(db: str, as_json: bool, **asked: Any) -> None:
    """Funding, adjusted positions, and gaps in the venues' streams."""
    with options.ask_ledger(db) as ledger:
        print_rows(ledger.account_events(**asked), columns.ACCOUNT_EVENTS, as_json=as_json, title="account events")


@click.command()
@options.account
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger certificates --account hyperliquid:main --json | tail -1")
def certificates(db: str, as_json: bool, **asked: Any) -> None:
    """What agreed with the venues each time they were compared, and what did not."""
    with options.ask_ledger(db) as ledger:
        print_rows(ledger.certificates(**asked), columns.CERTIFICATES, as_json=as_json, title="certificates")


@click.command()
@options.account
@options.as_json
@options.db
@options.example("orderledger recover --account hyperliquid:main")
def recover(db: str, as_json: bool, account: str | None) -> None:
    """What a restart finds: open, in-flight and unresolved orders, outstanding cancels and replaces, and what finding them cost.

    With --json the last line is the summary.
    """
    from orderledger.projections.recovery import finding

    with options.ask_ledger(db) as ledger:
        found = ledger.recover(account=account)
    rows = [{"finding": finding(row), **row} for row in found.open]
    cost = {"events_read": found.events_read, "seconds": f"{found.seconds:.4f}"}
    counts = {name: len(getattr(found, name)) for name in ("open", "in_flight", "unresolved", "pending")}
    if as_json:
        print_json([*rows, {"summary": {**counts, **cost}}])
    else:
        title = "orders that are not known to have ended"
        print_rows(rows, columns.RECOVERED, as_json=False, title=title)
        told = (
            f"{counts['in_flight']} in flight, {counts['unresolved']} unresolved, {counts['pending']} with a request outstanding"
        )
        console_for_people().print(f"{told}; read {found.events_read} events in {found.seconds:.3f} s", style="dim", markup=False)


@click.command()
@options.account
@options.as_json
@options.db
@options.example("orderledger events --account sim:main --json > log.ndjson")
def events(db: str, as_json: bool, account: str | None) -> None:
    """The whole log, event by event."""
    from orderledger.cli.output import json_line

    with options.ask_ledger(db) as ledger:
        for row in ledger.events(account=account):
            if as_json:
                click.echo(json_line(row))
            else:
                at: datetime = row["at"]
                what = " ".join(f"{name}={readable(value)}" for name, value in row["payload"].items() if name != "at")
                click.echo(f"{row['position']:>8}  {readable(at)}  {row['stream']}  {row['version']}  {row['name']}  {what}")


COMMANDS = (
    orders, order, history, trades, positions, pnl, recover, anomalies, proposals, instruments, account_events,
    certificates, events,
)  # fmt: skip
