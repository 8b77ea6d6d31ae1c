"""Commands that steer sending: `halt`, `resume` and `halts`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from orderledger.cli import columns, options
from orderledger.cli.output import print_json
from orderledger.cli.tables import print_note, print_rows

Command = Callable[..., Any]


def scope(command: Command) -> Command:
    """Add the options that say what a halt is about, and why."""
    adding = (
        click.argument("account"),
        click.option("--instrument", metavar="NAME", help="Only this instrument."),
        click.option("--strategy", metavar="NAME", help="Only this strategy."),
        click.option("--reason", metavar="CODE", default="operator", show_default=True, help="Why, as a code."),
        click.option("--text", metavar="SENTENCE", help="Why, in a sentence."),
        click.option("--actor", metavar="WHO", help="Who decides it."),
        options.as_json,
        options.db,
    )
    for add in reversed(adding):
        command = add(command)
    return command


@click.command()
@scope
@click.option("--cancel", "cancels_orders", is_flag=True, help="Also have the gateway cancel the open orders of the scope.")
@options.example(
    "orderledger halt nobitex:main --reason review --actor anna",
    "orderledger halt '*' --cancel --text 'the feed is wrong'",
)
def halt(db: str, as_json: bool, **told: Any) -> None:
    """Halt trading in ACCOUNT, or in every account for '*'.

    The halt is an event: from now on the gateway of every process on this store denies new orders of the scope, also after a
    restart, until `orderledger resume` with the same scope. Orders that are open stay open, unless --cancel is given.
    """
    from orderledger import Halt

    _record(db, as_json, Halt(at=_now(), **told), "halted")


@click.command()
@scope
@options.example("orderledger resume nobitex:main --actor anna --text 'reviewed'")
def resume(db: str, as_json: bool, **told: Any) -> None:
    """Resume trading: end all halts of exactly this scope.

    A wider or a narrower halt goes on: `orderledger halts --active` lists what still holds.
    """
    from orderledger import ResumeTrading

    _record(db, as_json, ResumeTrading(at=_now(), **told), "resumed")


@click.command()
@click.option("--active", "active_only", is_flag=True, help="Only halts that still hold.")
@options.account
@options.instrument
@options.strategy
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger halts --active")
def halts(db: str, as_json: bool, **asked: Any) -> None:
    """List halts of trading."""
    with options.open_ledger(db) as ledger:
        print_rows(ledger.halts(**asked), columns.HALTS, as_json=as_json, title="halts")


def _record(db: str, as_json: bool, message: Any, done: str) -> None:
    from orderledger.domain.accounts import EVERY_ACCOUNT

    with options.open_ledger(db) as ledger:
        outcome = ledger.record(message)
        still = ledger.halts(active_only=True)
    covers = [row for row in still if row["account"] in (EVERY_ACCOUNT, message.account) or message.account == EVERY_ACCOUNT]
    if as_json:
        print_json([{"outcome": outcome.outcome, "position": outcome.position, "active_halts": covers}])
    else:
        hold = "1 halt holds" if len(covers) == 1 else f"{len(covers)} halts hold"
        print_note(f"{done} {message.account}: {hold} there now")


def _now() -> datetime:
    from orderledger.infrastructure.clock import SystemClock

    return SystemClock().now().astimezone(UTC)


COMMANDS = (halt, resume, halts)
