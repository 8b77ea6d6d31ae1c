"""Commands that fold or record the same log otherwise, in memory."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from orderledger.audit.cli.auditing import INDENT, print_lines
from orderledger.audit.queries import Audit
from orderledger.cli import columns, options
from orderledger.cli.deriving import listing, question
from orderledger.cli.output import print_json, progress, readable, say
from orderledger.cli.tables import print_note

if TYPE_CHECKING:
    from orderledger.audit.rows import Independence, WhatIfRow


def _show_assumed(rows: "list[WhatIfRow]", form: str) -> None:
    if form != "table":
        listing(columns.WHAT_IF, "rows", Audit.what_if)(rows, form)
        return
    print_lines(line for row in rows for line in _assumed(row))
    print_note(
        f"{len(rows)} row{'' if len(rows) == 1 else 's'} would differ"
        if rows
        else "nothing would differ"
    )


what_if = question(
    Audit.what_if,
    _show_assumed,
    "orderledger what-if --method fifo",
    "orderledger what-if --fee-rate 0.0005 --json",
    "orderledger what-if --filled C-7 --account sim:main",
    exits="Exit status: 0 done, 1 no such order, or several accounts have one, 2 wrong usage, "
    "3 the store cannot be used.",
)


def _assumed(row: "WhatIfRow") -> Iterator[tuple[int, str, str]]:
    names = (row["account"], row["client_order_id"], row["instrument"])
    yield 0, f"{row['view']}, {row['change']}: {' '.join(name for name in names if name)}", "bold"
    for name in dict.fromkeys((*row["is_now"], *row["would_be"])):
        is_now, would_be = (
            readable(values.get(name)) or "nothing" for values in (row["is_now"], row["would_be"])
        )
        if is_now != would_be:
            change = row["difference"].get(name)
            by = "" if change is None else f" ({'+' if change > 0 else ''}{readable(change)})"
            yield INDENT, f"{name.replace('_', ' ')}: is {is_now}, would be {would_be}{by}", ""


@click.command("prove-order-independence")
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Orders to try per account.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="The same seed tries the same orders."
)
@options.account
@options.as_json
@options.db
@options.example(
    "orderledger prove-order-independence --rounds 100",
    "orderledger prove-order-independence --account sim:main > counterexample.ndjson",
)
def prove_order_independence(db: str, as_json: bool, rounds: int, **asked: Any) -> None:
    """Show that the order of reports does not matter.

    Records the messages of the log again in memory, with the venue's reports shuffled and repeated
    within the rules. Compares orders, trades and P&L with those of the log. If they differ, stdout
    gets the fewest messages that end differently, in that order, as NDJSON that `record` takes, and
    stderr the differences. Memory and time grow with the log.

    Exit status: 0 the same in every order, 1 a counterexample was found, 2 wrong usage, 3 the store
    cannot be used.
    """
    with options.open_ledger(db) as ledger, progress("shuffling", 1_000) as show:
        shuffled = partial(
            ledger.audit.prove_order_independence,
            progress=lambda done, total: show(1_000 * done // total),
        )
        proof = options.ask(shuffled, rounds=rounds, **asked)
    if not proof["holds"]:
        _print_counterexample(proof)
        click.get_current_context().exit(1)
    if as_json:
        print_json([proof])
    else:
        accounts = f"{proof['accounts']} account{'' if proof['accounts'] == 1 else 's'}"
        tried = f"{proof['messages']} messages of {accounts} in {rounds} orders each"
        kept = f"{proof['kept_in_order']} messages kept their order, as the rules demand"
        click.echo(f"the same orders, trades and P&L: {tried}; {kept}")


def _print_counterexample(proof: "Independence") -> None:
    print_json(proof["counterexample"])
    in_log = [proof["log_order"].index(document) + 1 for document in proof["counterexample"]]
    say(
        [
            (
                f"another order ends differently; {len(in_log)} messages show it, by their places "
                f"in the log: {in_log}"
            )
        ]
    )
    say(proof["differences"])
