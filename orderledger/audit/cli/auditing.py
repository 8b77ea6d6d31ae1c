"""Commands that answer an auditor."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from orderledger.audit.queries import Audit
from orderledger.cli import columns
from orderledger.cli.asking import OF_ORDER
from orderledger.cli.deriving import listing, question
from orderledger.cli.formats import print_json_as
from orderledger.cli.output import print_json, readable, styled
from orderledger.cli.tables import folded, print_note, print_record, print_rows, room
from orderledger.extend.runtime import printable

if TYPE_CHECKING:
    from orderledger.audit.rows import Explanation, RestatedRow, StepRow

INDENT = 4
RECORDS = """With --json the last line, `summary`, names the fields that the log does not know, each
with the reason, and those that it knows in its own terms."""


def _show_explanation(found: Any, form: str) -> None:
    if form == "table":
        print_lines(_explained(found))
    else:
        rest = {name: value for name, value in found.items() if name != "steps"}
        print_json([*found["steps"], {"summary": rest}])


explain = question(
    Audit.explain,
    _show_explanation,
    "orderledger explain C-1",
    "orderledger explain C-1 --account sim:main --as-of 2026-11-20T09:00:00Z --json",
    exits="With --json each event is a line, and the last line is the summary.\n\n" + OF_ORDER,
    is_listing=False,
)


def _explained(found: "Explanation") -> Iterator[tuple[int, str, str]]:
    """The lines of an explanation: indentation, text and style."""
    from orderledger.extend.events import order_name

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
    from orderledger.audit.wording import SOURCES

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


def _show_parts(found: Any, form: str) -> None:
    if not found["figures"]:
        click.echo(
            f"orderledger: nothing is recorded of {found['instrument']} in {found['account']}",
            err=True,
        )
        click.get_current_context().exit(1)
    if form == "table":
        print_rows(found["parts"], columns.PARTS, as_json=False, title="parts")
        print_record(found["figures"])
    else:
        rest = {name: value for name, value in found.items() if name != "parts"}
        print_json([*found["parts"], {"summary": rest}])


why = question(
    Audit.why,
    _show_parts,
    "orderledger why pnl --account sim:main --instrument BTC-USD --method fifo",
    "orderledger why position --account sim:main --instrument BTC-USD --as-of yesterday",
    "orderledger why order C-1 --json",
    arguments=("id",),
    exits="With --json each part is a line, and the last line has the figures.\n\n"
    "Exit status: 0 done, 1 no such order, or nothing is recorded of the instrument, "
    "2 wrong usage, 3 the store cannot be used.",
    is_listing=False,
)


def _show_restated(rows: "list[RestatedRow]", form: str) -> None:
    if form != "table":
        listing(columns.RESTATED, "rows", Audit.restate)(rows, form)
        return
    print_lines(line for row in rows for line in _restated(row))
    view = click.get_current_context().params["view"]
    print_note(
        f"{len(rows)} {view} {'differs' if len(rows) == 1 else 'differ'}"
        if rows
        else "nothing differs"
    )


restate = question(
    Audit.restate,
    _show_restated,
    "orderledger restate pnl --from 2026-11-20T17:00:00Z",
    "orderledger restate orders --from 2026-11-20T17:00:00Z --to 2026-11-21T09:00:00Z "
    "--effective-at 2026-11-20T16:00:00Z --json",
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


def _show_records(found: list[Any], form: str) -> None:
    from orderledger.audit.rts24 import CAVEATS, FIELDS, MISSING

    names = {field.number: field.name for field in FIELDS}
    known = {"fields": names, "missing": MISSING, "caveats": CAVEATS}
    if form in ("json", "ndjson"):
        print_json_as(form, [*found, {"summary": {"records": len(found), **known}}])
        return
    listing(columns.RECORDS, "records", Audit.order_records)(found, form)
    for number, name in names.items() if form == "table" else ():
        why = MISSING.get(number, CAVEATS.get(number, "")).removeprefix(f"{name}: ")
        line = f"Field {number}, {name}{': ' if why else ''}{why}"
        print_lines(iter([(0, line, "yellow" if number in MISSING else "")]))


order_records = question(
    Audit.order_records,
    _show_records,
    "orderledger order-records --account sim:main --json",
    exits=RECORDS,
)
audit = question(
    Audit.findings,
    listing(columns.AUDITED, "events", Audit.findings),
    "orderledger audit --finding late_report --late 5",
    "orderledger audit --actor anna --since 2026-11-20 --json",
    "orderledger audit --report rts24 --account sim:main --json",
    add=[
        click.option(
            "--report",
            type=click.Choice(["rts24"]),
            help="Print the order records of `orderledger order-records` instead.",
        )
    ],
    name="audit",
)
_ask = audit.callback


def _audit_or_records(report: str | None, late: timedelta, **given: Any) -> None:
    if report is None:
        audited: Any = _ask
        audited(late=late, **given)
        return
    for name in ("finding", "actor", "reason", "source", "correlation"):
        if given.pop(name) is not None:
            raise click.UsageError(f"--report takes no --{name}")
    records: Any = order_records.callback
    records(**given)


audit.callback = _audit_or_records
