"""Commands that answer an auditor."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from orderledger.cli import columns, options
from orderledger.cli.asking import METHOD
from orderledger.cli.output import print_json, readable, styled
from orderledger.cli.tables import folded, print_note, print_record, print_rows, room
from orderledger.infrastructure.printable import printable

if TYPE_CHECKING:
    from orderledger.audit.rows import Explanation, RestatedRow, StepRow

INDENT = 4
FOUND = (
    "amendment",
    "late_report",
    "clock_ahead",
    "clock_backward",
    "gap",
    "unexplained_cancel",
    "intervention",
)
VIEWS = ("orders", "trades", "positions", "pnl", "anomalies", "instruments", "account_events")


@click.command()
@click.argument("order_id", metavar="ID")
@options.account
@options.at_another_time
@options.as_json
@options.db
@options.example(
    "orderledger explain C-1",
    "orderledger explain C-1 --account sim:main --as-of 2026-11-20T09:00:00Z --json",
)
def explain(order_id: str, db: str, as_json: bool, **asked: Any) -> None:
    """Explain an order in sentences.

    Tells each event of the order: what happened, when it happened and when it was recorded, who
    caused it and why, what it changed, and what is odd about it. Then what is not known, and what
    the order is now. With --json each event is a line, and the last line is the summary.

    ID is any id of the order. Put an ID that begins with a dash after `--`.

    Exit status: 0 done, 1 no such order, or several accounts have one, 2 wrong usage, 3 the store
    cannot be used.
    """
    with options.open_ledger(db) as ledger:
        found = options.ask(ledger.explain, order_id, **asked)
    if as_json:
        rest = {name: value for name, value in found.items() if name != "steps"}
        print_json([*found["steps"], {"summary": rest}])
    else:
        print_lines(_explained(found))


def _explained(found: "Explanation") -> Iterator[tuple[int, str, str]]:
    """The lines of an explanation: indentation, text and style."""
    from orderledger.domain.wording import order_name

    title = (
        order_name(found["stream"])
        if found["client_order_id"] is None
        else f"order {found['client_order_id']}"
    )
    yield 0, f"{title[0].upper()}{title[1:]}, account {found['account']} (all times in UTC)", "bold"
    for number, step in enumerate(found["steps"], start=1):
        yield 0, "", ""
        yield 0, f"{number}. {readable(step['at'])}  {step['sentence']}", ""
        if step["text"]:
            yield INDENT, f"Text of the message: {step['text']}", ""
        for note in step["notes"]:
            yield (
                INDENT,
                note,
                "yellow" if note.startswith(("Late", "Out of order", "The sender's clock")) else "",
            )
        yield INDENT, _envelope(step), "dim"
    yield 0, "", ""
    for sentence in found["unknown"]:
        yield 0, f"Not known: {sentence}", "yellow"
    yield 0, f"Now: {found['summary']}", "bold"


def _envelope(step: "StepRow") -> str:
    """Where the event is in the log, who caused it and why."""
    from orderledger.domain.wording import SOURCES

    who = SOURCES.get(step["source"], step["source"])
    when = "then" if step["recorded_at"] == step["at"] else f"at {readable(step['recorded_at'])}"
    parts = [
        f"Log position {step['position']}, event {step['version']} of its stream",
        f"recorded {when}",
    ]
    parts.append(f"from {who}, {step['actor']}" if step["actor"] else f"from {who}")
    for name, title in (
        ("on_behalf_of", "on behalf of"),
        ("causation_id", "caused by"),
        ("correlation_id", "correlation"),
    ):
        if step[name]:  # type: ignore[literal-required]
            parts.append(f"{title} {step[name]}")  # type: ignore[literal-required]
    if step["has_evidence"]:
        parts.append("with the venue's payload")
    return "; ".join(parts)


def print_lines(lines: Iterator[tuple[int, str, str]]) -> None:
    """Print lines, each with its indentation and style, wrapped in a window."""
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
@click.option("--position-side", help="Of several positions of the instrument: long, short or net.")
@click.option("--position-id", help="Of several positions of one side: the venue's id.")
@METHOD
@click.option(
    "--evidence", "has_evidence", is_flag=True, help="With --json: also the payload of the venue."
)
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

    `pnl` and `position` need --account and --instrument; `order` needs an ID. Each part is what one
    event adds to a figure: a fill, a fee, a funding, an adjustment. The amounts of a figure's parts
    add up to it exactly, and their net amounts to the net P&L. With --json each part is a line, and
    the last line has the figures.

    Exit status: 0 done, 1 no such order, or nothing is recorded of the instrument, 2 wrong usage, 3
    the store cannot be used.
    """
    with options.open_ledger(db) as ledger:
        found = options.ask(ledger.why, subject, order_id=order_id, **asked)
    rest = {name: value for name, value in found.items() if name != "parts"}
    if not found["figures"]:
        click.echo(
            f"orderledger: nothing is recorded of {found['instrument']} in {found['account']}",
            err=True,
        )
        click.get_current_context().exit(1)
    if as_json:
        print_json([*found["parts"], {"summary": rest}])
    else:
        print_rows(found["parts"], columns.PARTS, as_json=False, title="parts")
        print_record(found["figures"])


@click.command()
@click.argument("view", type=click.Choice(VIEWS))
@click.option(
    "--from",
    "from_as_of",
    type=options.Time(),
    metavar="T1",
    required=True,
    help="What was known at T1.",
)
@click.option(
    "--to",
    "as_of",
    type=options.Time(),
    metavar="T2",
    help="What was known at T2. Default: what is known now.",
)
@click.option(
    "--effective-at",
    type=options.Time(),
    metavar="T",
    help="The moment that both speak of. Default: T1.",
)
@METHOD
@options.account
@options.instrument
@options.as_json
@options.db
@options.example(
    "orderledger restate pnl --from 2026-11-20T17:00:00Z",
    "orderledger restate orders --from 2026-11-20T17:00:00Z --to 2026-11-21T09:00:00Z "
    "--effective-at 2026-11-20T16:00:00Z --json",
)
def restate(view: str, db: str, as_json: bool, **asked: Any) -> None:
    """Compare what was said at one time with what is said at another.

    Both speak of the same moment. Lists the rows of the view that differ, with the old and the new
    values, and the events recorded in between that made the difference.
    """
    with options.open_ledger(db) as ledger:
        rows = options.ask(ledger.restate, view, **asked)
    if as_json:
        print_json(rows)
    else:
        print_lines(line for row in rows for line in _restated(row))
        print_note(
            f"{len(rows)} {view} {'differs' if len(rows) == 1 else 'differ'}"
            if rows
            else "nothing differs"
        )


def _restated(row: "RestatedRow") -> Iterator[tuple[int, str, str]]:
    names = (row["account"], row["client_order_id"], row["fill_id"], row["instrument"])
    yield 0, f"{row['change']}: {' '.join(name for name in names if name)}", "bold"
    for name in dict.fromkeys((*row["before"], *row["after"])):
        old, new = (
            readable(values.get(name)) or "nothing" for values in (row["before"], row["after"])
        )
        if old != new:
            yield INDENT, f"{name.replace('_', ' ')}: {old}, then {new}", ""
    for event in row["events"]:
        when = f"happened {readable(event['at'])}, recorded {readable(event['recorded_at'])}"
        yield (
            INDENT,
            f"because of log position {event['position']} ({when}): {event['sentence']}",
            "dim",
        )


@click.command()
@click.option(
    "--finding",
    type=click.Choice(FOUND),
    metavar="FINDING",
    help=f"Only this finding: {', '.join(FOUND)}.",
)
@click.option(
    "--late",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Delay of a late report.",
)
@click.option("--actor", help="All events of this actor.")
@click.option("--reason", help="All events with this reason.")
@click.option(
    "--source",
    metavar="SOURCE",
    help="All events of this source: strategy, operator, venue_push, ...",
)
@click.option("--correlation", metavar="ID", help="All events with this correlation id.")
@options.period("Happened")
@click.option(
    "--report",
    type=click.Choice(["rts24"]),
    help="Print order records with the fields of MiFID II RTS 24 instead.",
)
@options.account
@options.as_json
@options.db
@options.example(
    "orderledger audit --finding late_report --late 5",
    "orderledger audit --actor anna --since 2026-11-20T00:00:00Z --json",
    "orderledger audit --report rts24 --account sim:main --json",
)
def audit(
    db: str, as_json: bool, report: str | None, late: float, finding: str | None, **asked: Any
) -> None:
    """Answer questions of compliance.

    Lists the events with findings: amendments, late reports, clocks that disagree, feed gaps,
    cancels without an explanation, and interventions by hand. With --actor, --reason, --source or
    --correlation it lists all events with that value.

    --report rts24 prints one record per event at the venue, with the fields of MiFID II RTS 24 by
    their numbers. The last line, `summary`, names the fields that the log does not know, each with
    the reason, and those that it knows in its own terms.
    """
    if report is not None:
        _print_records(db, as_json=as_json, finding=finding, **asked)
        return
    with options.open_ledger(db) as ledger:
        rows = options.ask(
            lambda **given: list(ledger.audit(**given)),
            finding=finding,
            late=timedelta(seconds=late),
            **asked,
        )
    print_rows(rows, columns.AUDITED, as_json=as_json, title="events")


def _print_records(db: str, *, as_json: bool, **asked: Any) -> None:
    from orderledger.audit.rts24 import CAVEATS, FIELDS, MISSING

    named = {
        name: asked.pop(name) for name in ("finding", "actor", "reason", "source", "correlation")
    }
    if given := [name for name, value in named.items() if value is not None]:
        raise click.UsageError(f"--report takes no --{given[0]}")
    names = {field.number: field.name for field in FIELDS}
    with options.open_ledger(db) as ledger:
        rows = options.ask(lambda **given: list(ledger.order_records(**given)), **asked)
    if as_json:
        print_json(
            [
                *rows,
                {
                    "summary": {
                        "records": len(rows),
                        "fields": names,
                        "missing": MISSING,
                        "caveats": CAVEATS,
                    }
                },
            ]
        )
        return
    print_rows(rows, columns.RECORDS, as_json=False, title="records")
    for number, name in names.items():
        why = MISSING.get(number, CAVEATS.get(number, "")).removeprefix(f"{name}: ")
        print_lines(
            iter(
                [
                    (
                        0,
                        f"Field {number}, {name}{': ' if why else ''}{why}",
                        "yellow" if number in MISSING else "",
                    )
                ]
            )
        )


COMMANDS = (explain, why, restate, audit)
