"""Commands that steer sending: `halt`, `resume`, `resolve` and `breakers`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from orderledger.cli import columns, options
from orderledger.cli.deriving import listing, question
from orderledger.cli.output import print_json
from orderledger.cli.tables import print_note
from orderledger.extend.runtime import printable
from orderledger.gateway import published

Command = Callable[..., Any]

PLACEHOLDER = "ID"
"""Stands for the venue's id in the commands that `recover` and `doubts` print."""


def scope(command: Command) -> Command:
    """Add the options that say what a halt is about, and why."""
    adding = (
        click.argument("account"),
        click.option("--instrument", metavar="NAME", help="Only this instrument."),
        click.option("--strategy", metavar="NAME", help="Only this strategy."),
        click.option(
            "--reason",
            metavar="CODE",
            default="operator",
            show_default=True,
            help="Why, as a code.",
        ),
        click.option("--text", metavar="SENTENCE", help="Why, in a sentence."),
        click.option("--actor", metavar="WHO", help="Who decides it."),
        click.option(
            "--confirm",
            is_flag=True,
            help="The account or the instrument is right, though the ledger does not know it.",
        ),
        options.as_json,
        options.db,
    )
    for add in reversed(adding):
        command = add(command)
    return command


@click.command()
@scope
@click.option(
    "--cancel",
    "cancels_orders",
    is_flag=True,
    help="Also have the gateway cancel the open orders of the scope.",
)
@click.option(
    "--mode",
    type=click.Choice(["stop", "reduce"]),
    default="stop",
    show_default=True,
    help="stop denies every order; reduce lets orders pass that only reduce a position.",
)
@options.example(
    "orderledger halt nobitex:main --reason review --actor anna",
    "orderledger halt '*' --cancel --text 'the feed is wrong'",
)
def halt(db: str, as_json: bool, confirm: bool, **fields: Any) -> None:
    """Halt trading in ACCOUNT, or in every account for '*'.

    The halt is an event. From now on the gateway of every process on this store denies new orders
    of the scope, also after a restart. `orderledger resume` with the same scope ends the halt.
    Orders that are open stay open, unless --cancel is given. With --mode reduce, orders that only
    reduce a position pass, and --cancel leaves those that are open. An account or an instrument
    that the ledger does not know needs --confirm.

    Exit status: 0 done, 1 the ledger does not know the scope, 2 wrong usage, 3 the store cannot be
    used.
    """
    from orderledger import Halt

    _record(db, as_json, Halt(at=_now(), **fields), "halted", is_confirmed=confirm)


@click.command()
@scope
@options.example("orderledger resume nobitex:main --actor anna --text 'reviewed'")
def resume(db: str, as_json: bool, confirm: bool, **fields: Any) -> None:
    """Resume trading: end all halts of exactly this scope.

    A wider or a narrower halt remains: `orderledger halts --active` lists the active halts. An
    account or an instrument that the ledger does not know needs --confirm.

    Exit status: 0 done, 1 the ledger does not know the scope, 2 wrong usage, 3 the store cannot be
    used.
    """
    from orderledger import ResumeTrading

    _record(db, as_json, ResumeTrading(at=_now(), **fields), "resumed", is_confirmed=confirm)


@click.command()
@click.argument("order_id", metavar="ORDER")
@options.account
@click.option(
    "--never-arrived", is_flag=True, help="The venue never received it: the order ends as denied."
)
@click.option(
    "--worked-as",
    metavar="ID",
    help="The venue works it under this id: the order counts as acknowledged.",
)
@click.option(
    "--canceled", is_flag=True, help="It has ended at the venue: the order ends as canceled."
)
@click.option("--actor", metavar="WHO", help="Who decides it.")
@click.option("--reason", metavar="CODE", help="Why, as a code.")
@click.option("--text", metavar="SENTENCE", help="Why, in a sentence.")
@options.as_json
@options.db
@options.example(
    "orderledger resolve C-1 --account tradier:main --never-arrived --actor anna",
    "orderledger resolve C-1 --worked-as 81274 --actor anna --text 'seen in the web terminal'",
)
def resolve(db: str, as_json: bool, order_id: str, **fields: Any) -> None:
    """Decide whether a new order arrived at the venue, where nothing else shows it.

    `orderledger recover` lists the orders in doubt. The decision is recorded with the source
    `operator`. It is refused if the order has ended, if the venue has it, or if it was never sent.
    An order that the venue had shown, and no longer knows, takes --worked-as or --canceled: it
    arrived. The gateway queries the venue about cancels and replaces.

    Exit status: 0 recorded, 1 refused, or no such order, or several, 2 wrong usage, 3 the store
    cannot be used.
    """
    if fields["worked_as"] == PLACEHOLDER:
        raise click.UsageError(f"write the venue's id of the order in place of {PLACEHOLDER}")
    given = (fields["never_arrived"], fields["worked_as"] is not None, fields["canceled"])
    if given.count(True) != 1:
        raise click.UsageError("give one of --never-arrived, --worked-as ID and --canceled")
    with options.open_ledger(db) as ledger:
        outcome = ledger.resolve(order_id, **fields)
    if as_json:
        print_json(
            [
                {
                    "outcome": outcome.outcome,
                    "position": outcome.position,
                    "reason": outcome.reason,
                    "text": outcome.text,
                }
            ]
        )
    elif outcome.outcome == "recorded":
        decided = (
            "it never arrived, and is denied"
            if fields["never_arrived"]
            else "it has ended at the venue, and is canceled"
            if fields["canceled"]
            else f"it works as {fields['worked_as']}"
        )
        click.echo(printable(f"recorded of {order_id}: {decided}"))
    else:
        print_note(printable(f"{outcome.outcome}, {outcome.reason}: {outcome.text}"))
    if outcome.outcome != "recorded":
        click.get_current_context().exit(1)


def _record(db: str, as_json: bool, message: Any, done: str, *, is_confirmed: bool) -> None:
    from orderledger.extend.events import accounts
    from orderledger.extend.views import check_scope

    with options.open_ledger(db) as ledger:
        if not is_confirmed:
            check_scope(ledger, ledger.internals.store, message)
        outcome = ledger.record(message)
        still = ledger.halts(active_only=True)
    covers = [
        row
        for row in still
        if row["account"] in (accounts.EVERY_ACCOUNT, message.account)
        or message.account == accounts.EVERY_ACCOUNT
    ]
    if as_json:
        print_json(
            [{"outcome": outcome.outcome, "position": outcome.position, "active_halts": covers}]
        )
    else:
        hold = "1 halt holds" if len(covers) == 1 else f"{len(covers)} halts hold"
        print_note(f"{done} {message.account}: {hold} there now")


def _now() -> datetime:
    from orderledger.extend.values import SystemClock

    return SystemClock().now().astimezone(UTC)


breakers = question(
    published.breakers,
    listing(columns.BREAKERS, "breakers", published.breakers),
    "orderledger breakers --account nobitex:main",
)
