"""The commands about orders in doubt: `recover` and `doubts`."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import click

from orderledger.cli import columns, options
from orderledger.cli.deriving import listing, question
from orderledger.cli.formats import print_json_as
from orderledger.cli.tables import print_note, print_rows
from orderledger.infrastructure.printable import printable
from orderledger.ledger import Ledger
from orderledger.projections.recovery import RESOLVE, finding

DOUBTS = {
    "order": "unknown whether it arrived",
    "cancel": "unknown whether it was canceled",
    "replace": "unknown whether it was changed",
    "absence": "the venue had shown it, and no longer knows it",
}


def _show_doubts(found: Sequence[Any], form: str) -> None:
    rows = _as_typed(found)
    listing(columns.DOUBTS, "doubts", Ledger.doubts)(rows, form)
    if form == "table":
        _print_commands(command for row in rows for command in row["commands"])


doubts = question(
    Ledger.doubts,
    _show_doubts,
    "orderledger doubts --account hyperliquid:main",
    exits="Each command below the table settles a doubt: the operator decides. They name the store "
    "as it was given here, without its password.",
)


def _show_recovery(found: Any, form: str) -> None:
    doubts = {doubt["stream"]: doubt for doubt in _as_typed(found.doubts)}
    rows = [
        {
            "finding": finding(row),
            "doubt": doubts.get(row["stream"]),
            "pending_age_seconds": found.pending_ages.get(row["stream"]),
            **row,
        }
        for row in found.open
    ]
    cost = {"events_read": found.events_read, "seconds": f"{found.seconds:.4f}"}
    counts = {
        name: len(getattr(found, name)) for name in ("open", "in_flight", "unresolved", "pending")
    }
    if form != "table":
        print_json_as(form, [*rows, {"summary": {**counts, **cost}}])
        return
    print_rows(rows, columns.RECOVERED, as_json=False, title="open orders")
    _print_doubts(list(doubts.values()))
    counted = (
        f"{counts['in_flight']} in flight, {counts['unresolved']} unresolved, "
        f"{counts['pending']} with a pending request"
    )
    print_note(f"{counted}; read {found.events_read} events in {found.seconds:.3f} s")


def _print_doubts(doubts: Sequence[Any]) -> None:
    """Print each doubt with its age, and the commands that settle it."""
    for doubt in doubts:
        name = f"{doubt['client_order_id'] or doubt['venue_order_id']} of {doubt['account']}"
        age = timedelta(seconds=int(doubt["age_seconds"]))
        click.echo(printable(f"{name}: {DOUBTS[doubt['about']]} for {age} ({doubt['reason']})"))
        _print_commands(doubt["commands"])


def _print_commands(commands: Iterable[str]) -> None:
    for command in commands:
        click.echo(f"    {printable(command)}")


def _as_typed(doubts: Iterable[Any]) -> list[Any]:
    """The doubts with commands that use the store of this command line."""
    store = options.given_store()
    return [
        {**row, "commands": [one.replace(RESOLVE, RESOLVE + store, 1) for one in row["commands"]]}
        for row in doubts
    ]


recover = question(
    Ledger.recover,
    _show_recovery,
    "orderledger recover --account hyperliquid:main",
    exits="With --json the last line is the summary.",
    is_listing=False,
)
