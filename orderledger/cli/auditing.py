"""Commands that answer an auditor."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from orderledger.cli import columns, options
from orderledger.cli.asking import METHOD
from orderledger.cli.output import print_json, readable, styled
from orderledger.cli.tables import folded, print_record, print_rows, room
from orderledger.infrastructure.printable import printable

if TYPE_CHECKING:
    from orderledger.projections.audit_rows import Explanation, StepRow

INDENT = 4


@click.command()
@click.argument("order_id", metavar="ID")
@options.account
@options.at_another_time
@options.as_json
@options.db
@options.example("orderledger explain C-1", "orderledger explain C-1 --account sim:main --as-of 2026-11-20T09:00:00Z --json")
def explain(order_id: str, db: str, as_json: bool, **asked: Any) -> None:
    """Explain an order in sentences.

    Tells each event of the order: what happened, when it happened and when it was recorded, who caused it and why, what it
    changed, and what is odd about it. Then what is not known, and what the order is now. With --json each event is a line, and
    the last line is the summary.

    ID is any id of the order. Put an ID that begins with a dash after `--`.

    Exit status: 0 done, 1 no such order, or several accounts have one, 2 wrong usage, 3 the store cannot be used.
    """
    with options.open_ledger(db) as ledger:
        found = options.ask(ledger.explain, order_id, **asked)
    if as_json:
        rest = {name: value for name, value in found.items() if name != "steps"}
        print_json([*found["steps"], {"summary": rest}])
    else:
        _print_lines(_explained(found))


def _explained(found: "Explanation") -> Iterator[tuple[int, str, str]]:
    """The lines of an explanation: indentation, text and style."""
    from orderledger.projections.wording import order_name

    title = order_name(found["stream"]) if found["client_order_id"] is None else f"order {found['client_order_id']}"
    yield 0, f"{title[0].upper()}{title[1:]}, account {found['account']} (all times in UTC)", "bold"
    for number, step in enumerate(found["steps"], start=1):
        yield 0, "", ""
        yield 0, f"{number}. {readable(step['at'])}  {step['sentence']}", ""
        if step["text"]:
            yield INDENT, f"Text of the message: {step['text']}", ""
        for note in step["notes"]:
            yield INDENT, note, "yellow" if note.startswith(("Late", "Out of order", "The sender's clock")) else ""
        yield INDENT, _envelope(step), "dim"
    yield 0, "", ""
    for sentence in found["unknown"]:
        yield 0, f"Not known: {sentence}", "yellow"
    yield 0, f"Now: {found['summary']}", "bold"


def _envelope(step: "StepRow") -> str:
    """Where the event is in the log, who caused it and why."""
    from orderledger.projections.wording import SOURCES

    who = SOURCES.get(step["source"], step["source"])
    when = "then" if step["recorded_at"] == step["at"] else f"at {readable(step['recorded_at'])}"
    parts = [f"Log position {step['position']}, event {step['version']} of its stream", f"recorded {when}"]
    parts.append(f"from {who}, {step['actor']}" if step["actor"] else f"from {who}")
    for name, title in (("causation_id", "caused by"), ("correlation_id", "correlation")):
        if step[name]:  # type: ignore[literal-required]
            parts.append(f"{title} {step[name]}")  # type: ignore[literal-required]
    if step["has_evidence"]:
        parts.append("with the venue's payload")
    return "; ".join(parts)


def _print_lines(lines: Iterator[tuple[int, str, str]]) -> None:
    width = room()
    for indent, text, style in lines:
        shown = printable(text)
        for line in folded(shown, width - indent) if width else [shown]:
            click.echo(styled(f"{' ' * indent}{line}", style).rstrip())


@click.command()
@click.argument("subject", type=click.Choice(["pnl", "position", "order"]))
@click.argument("order_id", metavar="[ID]", required=False)
@options.account
@options.instrument
@METHOD
@click.option("--evidence", "has_evidence", is_flag=True, help="With --json: also the payload of the venue.")
@options.at_another_time
@options.as_json
@options.db
@options.example(
    "orderledger why pnl --account sim:main --instrument BTC-USD --method fifo",
    "orderledger why position --account sim:main --instrument BTC-USD --as-of 2026-11-20T09:00:00Z",
    "orderledger why order C-1 --json",
)
def why(subject: str, order_id: str | None, db: str, as_json: bool, **asked: Any) -> None:
    """Take a figure apart into events.

    `pnl` and `position` need --account and --instrument; `order` needs an ID. Each part is what one event adds to a figure: a
    fill, a fee, a funding, an adjustment. The amounts of a figure's parts add up to it exactly, and their net amounts to the net
    P&L. With --json each part is a line, and the last line has the figures.

    Exit status: 0 done, 1 no such order, or nothing is recorded of the instrument, 2 wrong usage, 3 the store cannot be used.
    """
    with options.open_ledger(db) as ledger:
        found = options.ask(ledger.why, *filter(None, (subject, order_id)), **asked)
    rest = {name: value for name, value in found.items() if name != "parts"}
    if not found["figures"]:
        click.echo(f"orderledger: nothing is recorded of {found['instrument']} in {found['account']}", err=True)
        click.get_current_context().exit(1)
    if as_json:
        print_json([*found["parts"], {"summary": rest}])
    else:
        print_rows(found["parts"], columns.PARTS, as_json=False, title="parts")
        print_record(found["figures"])


COMMANDS = (explain, why)
