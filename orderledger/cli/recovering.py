"""The commands about orders in doubt: `recover` and `doubts`."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import click

from orderledger.cli import columns
from orderledger.cli.deriving import listing, question
from orderledger.cli.formats import print_json_as
from orderledger.cli.tables import print_note, print_rows
from orderledger.infrastructure.printable import printable
from orderledger.ledger import Ledger

DOUBTS = {
    "order": "unknown whether it arrived",
    "cancel": "unknown whether it was canceled",
    "replace": "unknown whether it was changed",
    "absence": "the venue had shown it, and no longer knows it",
}


doubts = question(
    Ledger.doubts,
    listing(columns.DOUBTS, "doubts", Ledger.doubts),
    "orderledger doubts --account hyperliquid:main",
)


def _show_recovery(found: Any, form: str) -> None:
    from orderledger.projections.recovery import finding

    doubts = {doubt["stream"]: doubt for doubt in found.doubts}
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
    _print_doubts(found.doubts)
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
        for command in doubt["commands"]:
            click.echo(f"    {printable(command)}")


recover = question(
    Ledger.recover,
    _show_recovery,
    "orderledger recover --account hyperliquid:main",
    exits="With --json the last line is the summary.",
    is_listing=False,
)
